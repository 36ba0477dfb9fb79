"""Whether whoever acts on a visit saw it as it is now."""

from uuid import UUID

from clinic import clock
from clinic.errors import Stale
from clinic.words import moment, within
from plans.scheduling.models import Appointment, AppointmentRevision

_Act = AppointmentRevision.Act


def check_seen(appointment: Appointment, revision: int | None) -> None:
    """Refuse an act that was meant for another revision of the visit than the present one; `None` expects none.

    Call it under the visit's lock. Raises `Stale`, which says what became of the visit and by whom.
    """
    if revision is None or revision == appointment.revision:
        return
    last = AppointmentRevision.objects.select_related("acted_by").get(
        appointment=appointment, number=appointment.revision
    )
    by = f" by {last.acted_by}" if last.acted_by else ""
    raise Stale(f"The visit was {_became(appointment, last)} meanwhile{_now_at(appointment)}{by}. Look again.")


def check_present_seen(present: UUID | None, revision: int | None) -> None:
    """Refuse an act on the visit that somebody has, their `present` one, where the caller saw that they have none
    (`revision` 0), or saw one that is gone. Raises `Stale`; a visit's own revision is `check_seen`'s to look at."""
    if revision and present is None:
        raise Stale("The visit that they had is not booked any more. Look again.")
    if revision == 0 and present is not None:
        booked = Appointment.objects.select_related("location", "booked_by").get(pk=present)
        by = f" by {booked.booked_by}" if booked.booked_by else ""
        raise Stale(f"They were booked meanwhile, for {_when(booked)}{by}. Look again.")


def _became(appointment: Appointment, last: AppointmentRevision) -> str:
    if appointment.status == Appointment.Status.CANCELLED:
        return "cancelled"
    return "put back" if last.act == _Act.UNDONE else "moved"


def _now_at(appointment: Appointment) -> str:
    """“ to Tue 24 Nov 10:00” for a visit that has a time."""
    if appointment.status == Appointment.Status.CANCELLED:
        return ""
    return f" to {_when(appointment)}"


def _when(appointment: Appointment) -> str:
    zone = appointment.location.zone
    return within(moment(appointment.starts_at, zone, clock.today(zone)))
