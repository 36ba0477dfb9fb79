"""One follow-up: owed after a consultation, pinned to a date, or not needed after all."""

from datetime import date
from uuid import UUID

from dateutil.relativedelta import relativedelta

from clinic import clock
from clinic.audit.history import acting_user, recorded
from clinic.errors import Conflict, Invalid, check_allowed, require_reason
from clinic.locking import lock
from clinic.people.models import User
from clinic.places.wallclock import local_date
from clinic.text import says_nothing, trimmed
from clinic.words import date_in_full
from plans.consultations.models import Consultation
from plans.followups.models import FollowUp
from plans.followups.queries import state_of
from plans.followups.services.course import cancel
from plans.scheduling.services import appointments_close
from plans.treatment.comparison import compare
from plans.treatment.gates import check_pin
from plans.treatment.models import CourseMove, TreatmentPlan
from plans.treatment.queries import Calendar, facts_of, owed_follow_up
from plans.treatment.timeline import Bound, Rule, Window, visit_window

FARTHEST = relativedelta(years=2)


def follow_up_create(
    *,
    consultation: Consultation,
    title: str,
    window_start: date,
    target_date: date,
    window_end: date,
    minutes: int = 30,
) -> FollowUp:
    """Owe a visit that no protocol asks for, such as a review after watching and waiting. Raises `Invalid`."""
    consulted_on = local_date(consultation.occurred_at, consultation.location.zone)
    last = max(clock.today(consultation.location.zone), consulted_on) + FARTHEST
    first_day, last_day = date_in_full(window_start), date_in_full(window_end)
    faults = []
    if says_nothing(title):
        faults.append(Invalid("Say what the visit is.", code="required", attr="title"))
    if window_start < consulted_on:
        faults.append(
            Invalid(f"{first_day} is before the consultation of {date_in_full(consulted_on)}.", attr="window_start")
        )
    if window_end < window_start:
        faults.append(Invalid(f"The window ends on {last_day}, before it starts on {first_day}.", attr="window_end"))
    elif not window_start <= target_date <= window_end:
        faults.append(
            Invalid(
                f"{date_in_full(target_date)} is not between the window's first and last day, {first_day} and "
                f"{last_day}.",
                attr="target_date",
            )
        )
    if window_end > last:
        faults.append(
            Invalid(
                f"{last_day} is too far away: a visit is owed by {date_in_full(last)} at the latest.", attr="window_end"
            )
        )
    if not 5 <= minutes <= 720:
        faults.append(Invalid(f"A visit lasts 5 to 720 minutes, not {minutes}.", attr="duration_minutes"))
    Invalid.gather(faults)
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


def follow_up_cancel(*, follow_up_id: UUID, by: User | None, reason: str) -> FollowUp:
    """Drop one follow-up, and the visit booked for it. Raises `InvalidTransition` where it is attended or cancelled."""
    require_reason(reason, "Say why the follow-up is not needed.")
    with recorded(reason):
        follow_up = lock_follow_up(follow_up_id)
        check_allowed("The follow-up", state_of(follow_up), "cancelling", FollowUp.MAY_CANCEL)
        cancel([follow_up], reason, by)
        appointments_close(sessions=[], follow_ups=[follow_up], reason=reason, by=by)
    return follow_up


def follow_up_pin(*, follow_up_id: UUID, by: User | None, pinned_on: date | None, reason: str) -> FollowUp:
    """Aim one follow-up at a date that recalculation keeps, with the tolerances it has; None takes the pin away.

    A move is logged with its plan. Raises `InvalidTransition` where it is closed, `Invalid` for a date before the
    plan's start (or the consultation), past, or over two years ahead, `Conflict` (not_pinned, no_other_date) where
    there is no pin to take away or no protocol to say where it goes then.
    """
    require_reason(reason, "Say why the date is set by hand.")
    with recorded(reason):
        follow_up = lock_follow_up(follow_up_id)
        check_allowed("The follow-up", state_of(follow_up), "pinning it", FollowUp.MAY_PIN)
        if follow_up.plan is not None:
            check_allowed("The plan", follow_up.plan.status, "pinning a date", TreatmentPlan.MAY_PIN)
        if pinned_on is None:
            window = _window_unpinned(follow_up)
            follow_up.pinned_on, follow_up.pin_reason, follow_up.pinned_by = None, "", None
        else:
            check_pin(pinned_on, since(follow_up), clock.today(follow_up.location.zone))
            window = _window_pinned(follow_up, pinned_on)
            follow_up.pinned_on, follow_up.pin_reason, follow_up.pinned_by = pinned_on, trimmed(reason)[:300], by
        before = owed_follow_up(follow_up)
        follow_up.aim(window)
        follow_up.save()
        if follow_up.plan is not None:
            act = CourseMove.Act.PINNED if pinned_on else CourseMove.Act.UNPINNED
            for change in compare([before], [owed_follow_up(follow_up)]):
                CourseMove.of(follow_up.plan, act, change, at=clock.now(), by_id=acting_user()).save()
    return follow_up


def lock_follow_up(follow_up_id: UUID) -> FollowUp:
    """The follow-up with what its rules read, locked after its plan."""
    plan_id = FollowUp.objects.values_list("plan_id", flat=True).get(pk=follow_up_id)
    if plan_id is not None:
        lock(TreatmentPlan.objects.all(), plan_id)
    return lock(
        FollowUp.objects.select_related(
            "plan__lead_practitioner",
            "plan__location",
            "plan__protocol",
            "consultation__practitioner",
            "location",
            "step",
        ),
        follow_up_id,
    )


def since(follow_up: FollowUp) -> date:
    """The first day on which it can be owed: the plan's start, or the consultation."""
    if follow_up.plan is not None:
        return follow_up.plan.start_date
    if follow_up.consultation is None:
        raise ValueError("a follow-up comes from a plan or a consultation")
    return local_date(follow_up.consultation.occurred_at, follow_up.location.zone)


def _window_pinned(follow_up: FollowUp, pinned_on: date) -> Window:
    if follow_up.step is not None:
        before, after = follow_up.step.tolerance_before_days, follow_up.step.tolerance_after_days
    else:
        before = (follow_up.target_date - follow_up.window_start).days
        after = (follow_up.window_end - follow_up.target_date).days
    first = since(follow_up)
    if follow_up.plan is not None:
        opens = Bound(Rule.PLAN_START, first)
    else:
        opens = Bound(Rule.TARGET_WINDOW, first, what="the consultation")
    return visit_window(pinned_on, before, after, Bound(Rule.PIN, pinned_on), opens)


def _window_unpinned(follow_up: FollowUp) -> Window:
    """Where its protocol step puts it."""
    if follow_up.pinned_on is None:
        raise Conflict("Its date is not set by hand; there is nothing to take away.", code="not_pinned")
    if follow_up.step is None or follow_up.plan is None:
        raise Conflict(
            "No protocol says when this visit is due; choose another date instead.",
            code="no_other_date",
            attr="pinned_on",
        )
    calendar = Calendar.of(follow_up.plan.protocol)
    sessions = list(follow_up.plan.sessions.select_related("step"))
    course = calendar.course(follow_up.plan, facts_of(follow_up.plan, sessions))
    for visit in course.visits:
        if visit.step.place == follow_up.step.place:
            return visit.window
    raise Conflict(
        "The plan's protocol does not ask for this visit any more; choose another date instead.",
        code="no_other_date",
        attr="pinned_on",
    )
