"""A plan's course as the console shows it: drawn, as rows, with its progress and what stands in its way."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from clinic import words
from clinic.console.badges import Badge, Tone
from clinic.console.reader import Reader
from plans.followups.rules import ASKED_FOR
from plans.scheduling.looks import REBOOK
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title, visits_to_rebook, why_rebook
from plans.treatment.admin.words import MoveGroup, move_groups
from plans.treatment.drawing import Drawing, Mark, draw
from plans.treatment.models import TreatmentPlan
from plans.treatment.progress import Block, Kind, Progress, State, Step
from plans.treatment.queries import CourseRow, course_of, moves_of, progress_of

RECENT = timedelta(days=7)
MOVES_SHOWN = 60
_PAGES = {
    Kind.SESSION: "admin:plans_proceduresession_change",
    Kind.MAINTENANCE: "admin:plans_proceduresession_change",
    Kind.FOLLOW_UP: "admin:plans_followup_change",
    Kind.CHECK_IN: "admin:plans_checkin_change",
}
_DRAWN = {
    State.DUE: "open",
    State.IN_PROGRESS: "open",
    State.DONE: "done",
    State.SCHEDULED: "booked",
    State.OVERDUE: "late",
    State.MISSED: "late",
    State.ABORTED: "stopped",
}
_MARKS = {Kind.SESSION: "session", Kind.MAINTENANCE: "maintenance", Kind.FOLLOW_UP: "visit", Kind.CHECK_IN: "check_in"}
_BLOCKED: dict[str, Badge] = {
    "unsigned": Badge(Tone.SOON, "To sign", "signature"),
    "not_accepted": Badge(Tone.SOON, "Not accepted", "contract"),
    "on_hold": Badge(Tone.SOON, "On hold", "pause_circle"),
    "in_progress": Badge(Tone.SOON, "In progress", "pending"),
    "consent_missing": Badge(Tone.STOP, "Consent missing", "signature"),
    "too_early": Badge(Tone.NEUTRAL, "Too early", "schedule"),
    "not_booked": Badge(Tone.SOON, "Not booked", "event_busy"),
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that stands in the way of the next step, and where it is mended."""

    badge: Badge
    text: str
    mend: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CoursePage:
    """Everything a page says about the course of one plan."""

    drawing: Drawing | None
    progress: Progress
    next: str
    obstacles: Sequence[Obstacle]
    timing: str
    sees_check_ins: bool
    rebook: frozenset[str]
    """The keys of the booked visits that want another time."""
    rebook_badge: Badge = REBOOK


def course_page(who: Reader, plan: Any, back: str) -> CoursePage:
    """The course of a plan of `with_course`; booking leads on to `back`. One query, for what wants rebooking."""
    wanting = {visit.pk: visit for visit in visits_to_rebook(_visits_of(plan)).order_by("starts_at")}
    rows = course_of(plan)
    found = progress_of(plan, rows)
    sees_check_ins = who.may_on("view", plan, "plans.checkin")
    following = next((row for row in rows if row.step is found.next), None)
    return CoursePage(
        drawing=draw(marks_of(who, plan, rows, wanting, sees_check_ins=sees_check_ins), today(who, plan)),
        progress=found,
        next=next_in_words(who, plan, found.next),
        obstacles=[
            *(_obstacle(who, plan, block, following, back) for block in found.blocks),
            # On hold that is said once, of the plan.
            *(_to_rebook(visit) for visit in wanting.values() if plan.status != TreatmentPlan.Status.ON_HOLD),
        ],
        timing=timing_in_words(found),
        sees_check_ins=sees_check_ins,
        rebook=frozenset(str(key) for key in wanting),
    )


def today(who: Reader, plan: TreatmentPlan) -> Any:
    return who.today_at(plan.location.zone)


def marks_of(
    who: Reader, plan: Any, rows: Iterable[CourseRow], wanting: Collection[UUID] = (), *, sees_check_ins: bool
) -> list[Mark]:
    """The steps to draw: what is not cancelled, and of the last session's check-ins those that are worth asking for."""
    rows = list(rows)
    of_use = today(who, plan) - ASKED_FOR
    last = max((row.step.sequence for row in rows if row.step.kind is Kind.CHECK_IN), default=0)

    def is_drawn(step: Step) -> bool:
        if step.state is State.CANCELLED:
            return False
        if step.kind is not Kind.CHECK_IN:
            return True
        return sees_check_ins and step.sequence == last and (step.state is not State.OVERDUE or step.latest >= of_use)

    return [_mark(who, plan, row, is_to_rebook=row.visit_id in wanting) for row in rows if is_drawn(row.step)]


def next_in_words(who: Reader, plan: TreatmentPlan, step: Step | None) -> str:
    """“Session 2 of 3 · PRP, due until Fri 3 Apr”."""
    return f"{step.title}, {_lowered(_said(who, plan, step))}" if step else "Nothing is owed"


def timing_in_words(found: Progress) -> str:
    """How early or late the sessions were, in the middle."""
    if found.median_days_late is None:
        return "No session yet"
    number = found.median_days_late
    if not number:
        return "On the day"
    shown = f"{abs(number):g} {'day' if abs(number) == 1 else 'days'}"
    return f"{shown} {'late' if number > 0 else 'early'}"


def moved(who: Reader, plan: TreatmentPlan) -> dict[str, list[MoveGroup]]:
    """What moved: since last week, and before that. One query."""
    groups = move_groups(list(moves_of(plan)[:MOVES_SHOWN]))
    since = who.now - RECENT
    return {
        "recent": [group for group in groups if group.at >= since],
        "earlier": [group for group in groups if group.at < since],
    }


def _mark(who: Reader, plan: Any, row: CourseRow, *, is_to_rebook: bool) -> Mark:
    step, zone = row.step, plan.location.zone
    booked_on = step.booked_at.astimezone(zone).date() if step.booked_at else None
    pin = f"Pinned to {words.date_in_full(row.pinned_on)}. {row.pin_conflict}".strip() if row.pinned_on else ""
    because = row.record.window_because if step.done_on is None else ""
    return Mark(
        title=step.title,
        kind=_MARKS[step.kind],
        earliest=step.earliest,
        target=step.target,
        latest=step.latest,
        state="open" if is_to_rebook else _DRAWN.get(step.state, "planned"),
        at=step.done_on or booked_on,
        note=" ".join(part for part in (because, pin) if part),
        word=f"{_said(who, plan, step)}, to rebook" if is_to_rebook else _said(who, plan, step),
        url=reverse(_PAGES[step.kind], args=[step.id]),
    )


def _said(who: Reader, plan: TreatmentPlan, step: Step) -> str:
    """Where it stands, in words."""
    zone, day = plan.location.zone, today(who, plan)
    if step.done_on is not None:
        return f"Done {words.within(words.day(step.done_on, day))}"
    if step.state is State.SCHEDULED and step.booked_at is not None:
        return f"Booked {words.within(who.moment(step.booked_at, zone))}"
    if step.state is State.MISSED and day <= step.latest:
        return "Missed after a no-show"
    if step.state is State.DUE:
        return words.window(step.earliest, max(step.latest, day), day)
    if step.state in (State.OVERDUE, State.MISSED):
        return words.window(step.earliest, step.latest, day)
    if step.state is State.PENDING:
        if plan.status not in TreatmentPlan.MAY_BOOK:
            return "Planned"
        return words.window(step.earliest, step.latest, day) if day < step.earliest else "After the session before it"
    return {State.IN_PROGRESS: "In progress", State.ABORTED: "Aborted", State.CANCELLED: "Cancelled"}.get(
        step.state, "Done"
    )


def _obstacle(who: Reader, plan: Any, block: Block, following: CourseRow | None, back: str) -> Obstacle:
    badge = _BLOCKED[block.code]
    text = f"Not before {words.within(words.day(block.until, today(who, plan)))}" if block.until else block.text
    if block.until and following is not None:
        text = f"{text}: {_lowered(following.record.window_because)}" if following.record.window_because else text
    if block.code == "not_booked" and following is not None and who.may_on("add", plan, "plans.appointment"):
        subject = "follow_up" if following.step.kind is Kind.FOLLOW_UP else "session"
        url = f"{reverse('admin:plans_appointment_add')}?{subject}={following.step.id}&next={back}"
        return Obstacle(badge, text, ("Book", url))
    if block.code == "consent_missing" and who.may_on("view", plan.patient):
        return Obstacle(badge, text, ("Patient", reverse("admin:patients_patient_change", args=[plan.patient_id])))
    return Obstacle(badge, text)


def _visits_of(plan: TreatmentPlan) -> QuerySet[Appointment]:
    return Appointment.objects.filter(Q(session__plan=plan) | Q(follow_up__plan=plan))


def _to_rebook(visit: Appointment) -> Obstacle:
    url = reverse("admin:plans_appointment_change", args=[visit.pk])
    return Obstacle(REBOOK, f"{title(visit)}: {why_rebook(visit)}", ("Visit", url))


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
