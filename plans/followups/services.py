"""Writes follow-ups, check-ins and contact attempts."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Invalid, check_allowed
from clinic.locking import lock, lock_all
from clinic.people.models import Practitioner, User
from plans.consultations.models import Consultation
from plans.followups.models import CheckIn, ContactAttempt, FollowUp
from plans.followups.queries import open_follow_ups, state_of
from plans.protocols.models import ProtocolStep
from plans.scheduling.services import NO_LONGER_OWED, appointments_close, walk_in_book
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.timeline import Window


def follow_ups_create(*, plan: TreatmentPlan, visits: Sequence[tuple[ProtocolStep, Window]]) -> list[FollowUp]:
    """Insert the follow-ups of a plan, one for each assessment step with its window."""
    first = 1 + plan.follow_ups.count()
    return FollowUp.objects.bulk_create(
        FollowUp(
            patient_id=plan.patient_id,
            location_id=plan.location_id,
            plan=plan,
            step=step,
            sequence=sequence,
            title=step.title,
            duration_minutes=step.visit_minutes,
            target_date=window.target,
            window_start=window.earliest,
            window_end=window.latest,
        )
        for sequence, (step, window) in enumerate(visits, start=first)
    )


def follow_up_create(
    *,
    consultation: Consultation,
    title: str,
    window_start: date,
    target_date: date,
    window_end: date,
    minutes: int = 30,
) -> FollowUp:
    """Owe a visit that no protocol asks for, such as a review after watching and waiting."""
    if not window_start <= target_date <= window_end:
        raise Invalid("The target date lies between the window's first and last day.", attr="target_date")
    if not 5 <= minutes <= 720:
        raise Invalid("A visit lasts 5 to 720 minutes.", attr="duration_minutes")
    with recorded():
        return FollowUp.objects.create(
            patient_id=consultation.patient_id,
            location_id=consultation.location_id,
            consultation=consultation,
            title=title,
            duration_minutes=minutes,
            target_date=target_date,
            window_start=window_start,
            window_end=window_end,
        )


def follow_ups_move(*, plan: TreatmentPlan, windows: Mapping[UUID, Window]) -> list[FollowUp]:
    """Put the plan's open follow-ups where `windows` (by step) says; return those that moved."""
    moved = []
    for follow_up in lock_all(open_follow_ups(plan)):
        window = windows.get(follow_up.step_id) if follow_up.step_id else None
        if window is None or follow_up.pinned_on is not None:
            continue
        dates = (window.earliest, window.target, window.latest)
        if dates != (follow_up.window_start, follow_up.target_date, follow_up.window_end):
            follow_up.window_start, follow_up.target_date, follow_up.window_end = dates
            moved.append(follow_up)
    FollowUp.objects.bulk_update(moved, ["window_start", "target_date", "window_end"])
    return moved


def follow_ups_revise(
    *, plan: TreatmentPlan, visits: Sequence[tuple[ProtocolStep, Window]], by: User | None
) -> list[FollowUp]:
    """Follow the steps of a new protocol version: keep what it asks for too, cancel the rest, add what is new.

    Steps are the same visit where anchor and offset agree. Returns the follow-ups that were cancelled.
    """
    kept = {
        _visit_key(follow_up.step): follow_up for follow_up in plan.follow_ups.select_related("step") if follow_up.step
    }
    wanted = {_visit_key(step): (step, window) for step, window in visits}
    open_now = {follow_up.pk for follow_up in open_follow_ups(plan)}
    closed = [row for key, row in kept.items() if key not in wanted and row.pk in open_now]
    _cancel(closed, NO_LONGER_OWED, by)
    for key, (step, window) in wanted.items():
        row = kept.get(key)
        if row is not None and row.pk in open_now:
            row.step, row.title = step, step.title
            row.window_start, row.target_date, row.window_end = window.earliest, window.target, window.latest
            row.save()
    follow_ups_create(plan=plan, visits=[visit for key, visit in wanted.items() if key not in kept])
    return closed


def follow_ups_close(*, plan: TreatmentPlan, by: User | None) -> list[FollowUp]:
    """Cancel what the plan still owes: open follow-ups and unanswered check-ins. Returns the follow-ups.

    The clinical reason stands with the plan; the desk reads only that the visit is not owed any more.
    """
    closed = lock_all(open_follow_ups(plan))
    _cancel(closed, NO_LONGER_OWED, by)
    CheckIn.objects.filter(session__plan=plan, answered_at__isnull=True, cancelled_at__isnull=True).update(
        cancelled_at=clock.now(), cancel_reason=NO_LONGER_OWED
    )
    return closed


def follow_up_cancel(*, follow_up_id: UUID, by: User | None, reason: str) -> FollowUp:
    """Drop one follow-up, and the visit booked for it. Raises `InvalidTransition` where it is attended or cancelled."""
    if not reason.strip():
        raise Invalid("Say why the follow-up is not needed.", code="required", attr="reason")
    with recorded(reason):
        follow_up = _lock(follow_up_id)
        check_allowed("The follow-up", state_of(follow_up), "cancelling", FollowUp.MAY_CANCEL)
        _cancel([follow_up], reason, by)
        appointments_close(sessions=[], follow_ups=[follow_up], reason=reason, by=by)
    return follow_up


def follow_up_attend(*, follow_up_id: UUID, by: User, practitioner: Practitioner | None = None) -> FollowUp:
    """The patient is here now: books and fulfils the visit, or fulfils the one that is booked. May be early."""
    with recorded():
        follow_up = _lock(follow_up_id)
        check_allowed("The follow-up", state_of(follow_up), "attending", FollowUp.MAY_ATTEND)
        if follow_up.plan is not None:
            check_allowed("The plan", follow_up.plan.status, "attending", TreatmentPlan.MAY_BOOK)
        walk_in_book(
            follow_up=follow_up,
            by=by,
            practitioner=practitioner or Practitioner.objects.filter(user=by).first() or _its_practitioner(follow_up),
        )
    return follow_up


def attempt_record(
    *,
    follow_up_id: UUID,
    by: User,
    channel: str,
    outcome: str,
    note: str = "",
    next_try_on: date | None = None,
) -> ContactAttempt:
    """Record one try to reach the patient about this follow-up."""
    with recorded():
        follow_up = _lock(follow_up_id)
        check_allowed("The follow-up", state_of(follow_up), "an attempt to reach the patient", FollowUp.OPEN)
        return ContactAttempt.objects.create(
            follow_up=follow_up,
            channel=channel,
            outcome=outcome,
            note=note,
            next_try_on=next_try_on,
            attempted_at=clock.now(),
            attempted_by=by,
        )


def check_ins_put(*, session: ProcedureSession, visits: Sequence[tuple[ProtocolStep, Window]]) -> list[CheckIn]:
    """Owe these recovery check-ins of a performed session; those that stand already move, unless they are answered."""
    standing = {check_in.step_id: check_in for check_in in session.check_ins.all()}
    rows = []
    for step, window in visits:
        row = standing.get(step.pk) or CheckIn(session=session, step=step, title=step.title)
        if row.answered_at is None and row.cancelled_at is None:
            row.window_start, row.target_date, row.window_end = window.earliest, window.target, window.latest
            rows.append(row)
    CheckIn.objects.bulk_create([row for row in rows if row.step_id not in standing])
    CheckIn.objects.bulk_update(
        [row for row in rows if row.step_id in standing], ["window_start", "target_date", "window_end"]
    )
    return rows


def _lock(follow_up_id: UUID) -> FollowUp:
    plan_id = FollowUp.objects.values_list("plan_id", flat=True).get(pk=follow_up_id)
    if plan_id is not None:
        lock(TreatmentPlan.objects.all(), plan_id)
    return lock(
        FollowUp.objects.select_related("plan__lead_practitioner", "consultation__practitioner", "location"),
        follow_up_id,
    )


def _its_practitioner(follow_up: FollowUp) -> Practitioner:
    if follow_up.plan is not None:
        return follow_up.plan.lead_practitioner
    if follow_up.consultation is None:
        raise ValueError("a follow-up comes from a plan or a consultation")
    return follow_up.consultation.practitioner


def _visit_key(step: ProtocolStep) -> tuple[str, int, int]:
    return step.anchor, step.offset_months, step.offset_days


def _cancel(follow_ups: Sequence[FollowUp], reason: str, by: User | None) -> None:
    for follow_up in follow_ups:
        follow_up.cancelled_at, follow_up.cancel_reason, follow_up.cancelled_by = clock.now(), reason, by
    FollowUp.objects.bulk_update(follow_ups, ["cancelled_at", "cancel_reason", "cancelled_by"])
