"""What mail a patient wants, where and in which language; and the end of links in mails that went out before."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid
from clinic.mailboxes import is_same_mailbox
from patients.models import Patient
from patients.services.registering import faults_of
from patients.services.standing import (
    MOST_GENERATIONS,
    MailState,
    end_links,
    mail_changed,
    mail_goes_on_from,
    patient_lock,
)

BY_THE_PATIENT = "The patient, behind a link in a mail"


def patient_choose_mail(
    *,
    patient_id: UUID,
    unwanted_mail: Collection[str] | None = None,
    email_opt_out: bool | None = None,
    language: str | None = None,
    confidential_email: str | None = None,
    reason: str = "",
) -> Patient:
    """Change what mail a patient takes; returns the patient. What is None stays as it is.

    `unwanted_mail` are kinds of `Patient.OptionalMail`; all of them: no optional mail. What is planned and no longer
    wanted is suppressed, what was suppressed and is wanted again goes out if its time is still to come. Raises
    `Invalid` for each value that cannot be, all at once, and `Conflict` (`merged`). What else the record says is not
    judged here: nobody is kept from unsubscribing.
    """
    changes = {
        "unwanted_mail": None if unwanted_mail is None else list(unwanted_mail),
        "email_opt_out": email_opt_out,
        "language": language,
        "confidential_email": confidential_email,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    with recorded(reason):
        patient = patient_lock(patient_id=patient_id, rows=Patient.objects.select_related("home_location"))
        before, known = MailState.of(patient), {name: getattr(patient, name) for name in given}
        for name, value in given.items():
            setattr(patient, name, value)
        Invalid.gather(fault for fault in faults_of(patient) if fault.attr in given)
        if all(getattr(patient, name) == value for name, value in known.items()):
            return patient
        mail_goes_on_from(patient, before)
        patient.save()
        mail_changed(patient, before)
    return patient


def patient_mail_bounced(*, patient_id: UUID, address: str, at: datetime) -> bool:
    """Mark the address of a patient as one that takes no mail; returns whether it is still theirs, and was not marked.

    In a transaction of the caller's.
    """
    patient = patient_lock(patient_id=patient_id)
    if patient.email_bounced_at is not None or not is_same_mailbox(patient.mail_address, address):
        return False
    before = MailState.of(patient)
    patient.email_bounced_at = at
    patient.save()
    mail_changed(patient, before)
    return True


def patient_revoke_links(*, patient_id: UUID, reason: str = "") -> Patient:
    """Links in mails that went out to the patient stop working; returns the patient. Later mails carry new ones."""
    with recorded(reason):
        patient = patient_lock(patient_id=patient_id)
        if patient.link_generation >= MOST_GENERATIONS:
            raise Conflict("Their links have been revoked as often as can be.", code="too_often")
        end_links(patient)
        patient.save()
    return patient
