"""Writes patients, their guardians and consents, and merges two records of one person."""

from patients.services.consents import consent_document_create, consent_give, consent_withdraw
from patients.services.merging import (
    MergePart,
    MergePreview,
    Obstacle,
    merges_with,
    patient_merge,
    patient_merge_preview,
)
from patients.services.registering import FIELDS, LIKELY_DUPLICATE, GuardianInput, patient_create, patient_update
from patients.services.standing import check_standing, patient_lock, when_unreachable

__all__ = [
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
    "patient_create",
    "patient_lock",
    "patient_merge",
    "patient_merge_preview",
    "patient_update",
    "when_unreachable",
]
