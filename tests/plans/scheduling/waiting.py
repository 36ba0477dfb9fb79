"""Shorthand for the tests of the waitlist."""

from datetime import date
from typing import Any

from plans.scheduling.models import WaitlistEntry
from plans.scheduling.queries.waitlist import waitlist_in_full
from plans.scheduling.services import (
    waitlist_accept,
    waitlist_add,
    waitlist_offer,
)
from tests.plans.scheduling.conftest import Clinic

TUESDAY, WEDNESDAY, NEXT_MONDAY = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 16)
Status = WaitlistEntry.Status


def add(clinic: Clinic, **fields: Any) -> WaitlistEntry:
    """Somebody new waits for a consultation, unless told what else."""
    if not {"session", "follow_up", "patient"} & fields.keys():
        fields["patient"] = clinic.another_patient()
    return waitlist_add(by=clinic.desk, **fields)


def read(entry: WaitlistEntry) -> Any:
    return waitlist_in_full(WaitlistEntry.objects.all()).get(pk=entry.pk)


def offer(clinic: Clinic, entry: WaitlistEntry, clock: str = "10:00", **fields: Any) -> WaitlistEntry:
    fields = {"starts_at": clinic.at(clock), "practitioner": clinic.practitioner, **fields}
    return waitlist_offer(entry_id=entry.pk, by=clinic.desk, **fields)


def accept(clinic: Clinic, entry: WaitlistEntry, clock: str | None = None, **fields: Any) -> WaitlistEntry:
    if clock is not None:
        fields = {"starts_at": clinic.at(clock), "practitioner": clinic.practitioner, **fields}
    return waitlist_accept(entry_id=entry.pk, by=clinic.desk, **fields)
