"""Locks a patient whose record stands, and tells upper packages when other mail reaches one."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from clinic.errors import Conflict
from clinic.locking import lock
from patients.models import Patient

MOST_GENERATIONS = 2**15 - 1
_when_mail_changes: list[Callable[[Patient], object]] = []


@dataclass(frozen=True, slots=True)
class MailState:
    """Whether and where mail reaches a patient, and which."""

    address: str
    has_opted_out: bool
    has_bounced: bool
    unwanted: frozenset[str]

    @classmethod
    def of(cls, patient: Patient) -> "MailState":
        has_bounced = patient.email_bounced_at is not None
        return cls(patient.mail_address, patient.email_opt_out, has_bounced, frozenset(patient.unwanted_mail))


def mail_goes_on_from(patient: Patient, before: MailState) -> None:
    """Where mail goes to another address than before: that one has not bounced. Where it is a confidential one, the
    links in mails that lie in the other mailbox end."""
    if patient.mail_address != before.address:
        patient.email_bounced_at = None
        if patient.confidential_email and before.address:
            end_links(patient)


def end_links(patient: Patient) -> None:
    """Links in mails that went out to the patient stop working; later mails carry new ones."""
    patient.link_generation = min(patient.link_generation + 1, MOST_GENERATIONS)


def when_mail_changes(act: Callable[[Patient], object]) -> None:
    """Register what an upper package does, in the same transaction, when other mail than before reaches a patient."""
    _when_mail_changes.append(act)


def mail_changed(patient: Patient, *before: MailState) -> None:
    """Do what is registered, where other mail reaches the patient now than in any of the states `before`."""
    if any(MailState.of(patient) != state for state in before):
        for act in _when_mail_changes:
            act(patient)


def patient_lock(*, patient_id: UUID, rows: QuerySet[Patient] | None = None) -> Patient:
    """The patient, of `rows`, locked until the transaction ends: no merge comes between, nothing is left behind.

    Whatever adds a row to a patient calls it first, after the advisory locks where it takes some. Raises `Conflict`
    (`merged`) where the record went into another one.
    """
    patient = lock(Patient.objects.all() if rows is None else rows, patient_id)
    check_standing(patient)
    return patient


def check_standing(patient: Patient) -> None:
    """Raises `Conflict` (`merged`), naming the other record, where this one was merged into it."""
    if patient.is_merged:
        mrn = Patient.objects.values_list("mrn", flat=True).get(merged_from=patient)
        raise Conflict(
            f"Merged into {mrn}: {patient.mrn} is kept only to find the person by.",
            code="merged",
            extra={"merged_into": str(patient.merged_into_id)},
        )
