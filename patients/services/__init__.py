"""Writes patients, their guardians and consents, and merges two records of one person."""

from patients.services.consents import consent_document_create, consent_give, consent_withdraw
from patients.services.mail import (
    BY_THE_PATIENT,
    patient_choose_mail,
    patient_mail_bounced,
    patient_revoke_links,
)
from patients.services.merging import (
    MergePart,
    MergePreview,
    Obstacle,
    merges_with,
    patient_merge,
    patient_merge_preview,
)
from patients.services.registering import FIELDS, LIKELY_DUPLICATE, GuardianInput, patient_create, patient_update
from patients.services.standing import check_standing, patient_lock, when_mail_changes

__all__ = [
    "BY_THE_PATIENT",
    "FIELDS",
    "LIKELY_DUPLICATE",
    "GuardianInput",
    "MergePart",
    "MergePreview",
    "Obstacle",
    "check_standing",
    "consent_document_create",
    "consent_give",
    "consent_withdraw",
    "merges_with",
    "patient_choose_mail",
    "patient_create",
    "patient_lock",
    "patient_mail_bounced",
    "patient_merge",
    "patient_merge_preview",
    "patient_revoke_links",
    "patient_update",
    "when_mail_changes",
]
