"""The follow-ups that a plan's protocol asks for: made, moved, revised and closed with the plan, under its lock."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from clinic import clock
from clinic.locking import lock_all
from clinic.people.models import User
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import check_ins_of_use, open_follow_ups
from plans.messages import rules
from plans.messages.services import messages_drop
from plans.protocols.models import ProtocolStep
from plans.scheduling.services import NO_LONGER_OWED
from plans.treatment.comparison import Dates
from plans.treatment.models import TreatmentPlan
from plans.treatment.timeline import Window

Moved = tuple[FollowUp, Dates]
"""A follow-up where it is now, and where it was."""


def follow_ups_create(*, plan: TreatmentPlan, visits: Sequence[tuple[ProtocolStep, Window]]) -> list[FollowUp]:
    """Insert the follow-ups of a plan, one for each visit step with its window."""
    if not visits:
        return []
    first = 1 + plan.follow_ups.count()
    rows = []
    for sequence, (step, window) in enumerate(visits, start=first):
        row = FollowUp(
            patient_id=plan.patient_id,
            location_id=plan.location_id,
            plan=plan,
            step=step,
            sequence=sequence,
            title=step.title,
            duration_minutes=step.visit_minutes,
        )
        row.aim(window)
        rows.append(row)
    return FollowUp.objects.bulk_create(rows)


def follow_ups_move(*, plan: TreatmentPlan, windows: Mapping[UUID, Window]) -> list[Moved]:
    """Put the plan's open follow-ups where `windows` (by step) says, pinned ones included; a pin stands in its window.

    Returns those whose dates changed, with the dates before.
    """
    moved: list[Moved] = []
    changed = []
    for row in lock_all(open_follow_ups(plan).select_related("step")):
        window = windows.get(row.step_id) if row.step_id else None
        before = row.window
        if window is None or not row.aim(window):
            continue
        changed.append(row)
        if row.window != before:
            moved.append((row, before))
    FollowUp.objects.bulk_update(changed, FollowUp.WINDOW)
    return moved


def follow_ups_revise(
    *, plan: TreatmentPlan, visits: Sequence[tuple[ProtocolStep, Window]], by: User | None
) -> list[FollowUp]:
    """Follow the steps of a new protocol version: keep what it asks for too, cancel the rest, add what is new.

    Steps are the same visit where anchor and offset agree. What was attended, or cancelled by a person, is not owed
    again; what an earlier revision dropped is. Booked visits stay with the follow-ups that are kept, and a pin keeps
    its dates. Returns the follow-ups that were cancelled.
    """
    open_now = {row.pk for row in lock_all(open_follow_ups(plan))}
    standing = {
        row.step.place: row
        for row in plan.follow_ups.filter(fell_away=False).select_related("step")
        if row.step is not None
    }
    new, kept = [], []
    for step, window in visits:
        row = standing.pop(step.place, None)
        if row is None:
            new.append((step, window))
        elif row.pk in open_now:
            row.step, row.title, row.duration_minutes = step, step.title, step.visit_minutes
            if row.pinned_on is None:
                row.aim(window)
            kept.append(row)
    FollowUp.objects.bulk_update(kept, ["step", "title", "duration_minutes", *FollowUp.WINDOW])
    closed = [row for row in standing.values() if row.pk in open_now]
    cancel(closed, NO_LONGER_OWED, by, fell_away=True)
    follow_ups_create(plan=plan, visits=new)
    return closed


def follow_ups_close(*, plan: TreatmentPlan, by: User | None, keeps_check_ins: bool = False) -> list[FollowUp]:
    """Cancel what the plan still owes: open follow-ups and unanswered check-ins. Returns the follow-ups.

    The clinical reason stands with the plan; the desk reads only that the visit is not owed any more. With
    `keeps_check_ins` those whose answer is still of use stay: the patient recovers, whatever becomes of the plan.
    """
    closed = lock_all(open_follow_ups(plan))
    cancel(closed, NO_LONGER_OWED, by)
    asked = CheckIn.objects.filter(session__plan=plan, answered_at__isnull=True, cancelled_at__isnull=True)
    if keeps_check_ins:
        asked = asked.exclude(pk__in=check_ins_of_use().values("pk"))
    keys = list(asked.values_list("pk", flat=True))
    asked.filter(pk__in=keys).update(cancelled_at=clock.now(), cancel_reason=NO_LONGER_OWED)
    messages_drop(reason=rules.ANSWERED, check_in__in=keys)
    return closed


def cancel(follow_ups: Sequence[FollowUp], reason: str, by: User | None, *, fell_away: bool = False) -> None:
    """Mark these locked follow-ups as cancelled. One that `fell_away` comes back with a version that asks for it."""
    for follow_up in follow_ups:
        follow_up.cancelled_at, follow_up.cancel_reason, follow_up.cancelled_by = clock.now(), reason, by
        follow_up.fell_away = fell_away
    FollowUp.objects.bulk_update(follow_ups, ["cancelled_at", "cancel_reason", "cancelled_by", "fell_away"])
    messages_drop(reason=rules.NOT_OWED, follow_up__in=follow_ups)
