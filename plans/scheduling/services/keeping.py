"""Keeping a visit where it is, though what it is for wants another time by now: a person's decision."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from clinic.audit.history import recorded
from clinic.errors import Conflict, check_allowed, require_reason
from clinic.locking import lock
from clinic.people.models import User
from clinic.text import trimmed
from plans.scheduling.models import Appointment
from plans.scheduling.queries import standing_of, visits_to_rebook
from plans.scheduling.rules import keeping_of, why_not_kept
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.subjects import read
from plans.scheduling.services.writing import AS_BOOKED, IN_FULL, remember, restate, save


@retried
def appointment_keep(*, appointment_id: UUID, by: User | None, reason: str) -> Appointment:
    """A visit that wants rebooking stays as it is, until its window moves again; returns it. Outside working time it
    takes place all the same, until hours, closures or time off change under it again.

    Window and length are remembered as they are now, and the reason is its `kept_because`; why it was booked as it is
    stays beside it. A visit before its earliest date `is_early` from then on. That, and a day too near to another
    session, needs the right to book early (`rules.keeping_of`). The patient is not mailed: nothing changes for them.
    Raises `Invalid` without a reason, `InvalidTransition`, `PermissionDenied`, and `Conflict`: `nothing_to_keep` where
    the visit may stay anyhow, `cannot_be_kept` on hold, or with a practitioner or room that cannot do it.
    """
    require_reason(reason, "Say why the visit stays where it is.")
    reason = trimmed(reason)
    with recorded(reason):
        subject = read(appointment_id).lock_subject()
        appointment = lock(IN_FULL, appointment_id)
        check_allowed("The visit", appointment.status, "keeping its time", Appointment.MAY_RESCHEDULE)
        wanting = visits_to_rebook(Appointment.objects.filter(pk=appointment_id)).first()
        standing = standing_of(wanting) if wanting is not None else None
        if standing is None:
            raise Conflict("The visit is where it should be; there is nothing to decide.", code="nothing_to_keep")
        because = why_not_kept(standing)
        if because is not None:
            raise Conflict(because, code="cannot_be_kept")
        keeping = keeping_of(standing, subject.limits, was_early=appointment.is_early)
        may_be_early = by is not None and by.may("plans.appointment", "book_early", appointment.location_id)
        if keeping.needs_right and not may_be_early:
            raise PermissionDenied(
                "Keeping a visit on a day on which it could not be booked needs a right that you do not have here. "
                "Move it, or ask a practitioner to decide."
            )
        stays_early = keeping.stands_early and appointment.is_kept
        if not stays_early:
            appointment.kept_because = reason
        elif standing.off_hours:
            appointment.kept_because = f"{appointment.kept_because}; {reason}"[:300]
        appointment.is_early = keeping.is_early
        appointment.off_hours_accepted = bool(appointment.off_hours)
        remember(appointment, subject)
        save(appointment, *AS_BOOKED, "off_hours_accepted")
        restate(appointment)
    return appointment
