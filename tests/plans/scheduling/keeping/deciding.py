"""Shorthand for the tests of keeping a visit."""

from datetime import date
from typing import Any

from clinic.people.models import User
from plans.scheduling.admin.story import story_of
from plans.scheduling.models import Appointment
from plans.scheduling.queries import in_full, visits_to_rebook, why_rebook
from plans.scheduling.services import appointment_keep

MONDAY, THURSDAY = date(2026, 3, 9), date(2026, 3, 12)
WHY = "Travels until then"


def wanted(visit: Appointment) -> str | None:
    """Why it wants another time; the list says the same."""
    found = why_rebook(in_full(Appointment.objects.all()).get(pk=visit.pk))
    assert (visits_to_rebook(Appointment.objects.all()).filter(pk=visit.pk).first() is not None) == bool(found)
    return found


def keep(visit: Appointment, by: User | None, reason: str = WHY) -> Appointment:
    return appointment_keep(appointment_id=visit.pk, by=by, reason=reason)


def told(visit: Appointment) -> dict[str, Any]:
    """What was decided in each line of its story."""
    return {one.what: one.decisions for one in story_of(visit)}
