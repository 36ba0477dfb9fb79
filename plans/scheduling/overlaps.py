"""Visits that took place at one time with one practitioner or in one room, though nobody decided so (pure).

Booked time cannot overlap: constraints forbid it, but for what somebody booked over another visit with a reason. What
took place is a fact that nothing forbids, such as a follow-up that was attended without a visit; it is marked.
"""

from collections.abc import Iterable
from uuid import UUID

from plans.scheduling.models import Appointment
from plans.scheduling.rules import Period

Status = Appointment.Status


def at_once(visits: Iterable[Appointment]) -> dict[UUID, list[Appointment]]:
    """By the key of each that shares practitioner or room with others of them at one time: these others, in order."""
    found: dict[UUID, list[Appointment]] = {}
    timed = sorted(((period, one) for one in visits if (period := real_period(one))), key=lambda pair: pair[0])
    for index, (period, one) in enumerate(timed):
        for later, other in timed[index + 1 :]:
            if later[0] >= period[1]:
                break
            if are_at_once(one, other):
                found.setdefault(one.pk, []).append(other)
                found.setdefault(other.pk, []).append(one)
    return found


def are_at_once(one: Appointment, other: Appointment) -> bool:
    """Whether two visits overlap and share somebody or something; what was booked so, by a decision, does not count."""
    if Status.FULFILLED not in (one.status, other.status):
        return False
    first, second = real_period(one), real_period(other)
    if first is None or second is None or first[0] >= second[1] or second[0] >= first[1]:
        return False
    shares_practitioner = one.practitioner_id == other.practitioner_id and not (one.overbooked or other.overbooked)
    return shares_practitioner or (one.room_id is not None and one.room_id == other.room_id)


def real_period(visit: Appointment) -> Period | None:
    """When it takes place as far as is known: one that was over sooner ends then; None where it does not."""
    if visit.is_live:
        return visit.starts_at, visit.ends_at
    if visit.status != Status.FULFILLED or visit.fulfilled_at is None or visit.fulfilled_at < visit.starts_at:
        return None
    if visit.fulfilled_at == visit.starts_at:  # written down as it began: how long it took nobody wrote
        return visit.starts_at, visit.ends_at
    return visit.starts_at, min(visit.ends_at, visit.fulfilled_at)
