"""Locks a patient whose record stands, and tells upper packages when mail no longer reaches one."""

from collections.abc import Callable
from uuid import UUID

from django.db.models import QuerySet

from clinic.errors import Conflict
from clinic.locking import lock
from patients.models import Patient

_when_unreachable: list[Callable[[Patient], object]] = []


def when_unreachable(act: Callable[[Patient], object]) -> None:
    """Register what an upper package does, in the same transaction, when a patient stops taking mail."""
    _when_unreachable.append(act)


def become_unreachable(patient: Patient) -> None:
    """Do what is registered for a patient who takes no mail any more."""
    for act in _when_unreachable:
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
