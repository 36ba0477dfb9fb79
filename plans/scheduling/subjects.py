"""What a visit is for, and whether its state allows a booking: a session, a follow-up, or a patient's consultation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.errors import Conflict, InvalidTransition, TooEarly, check_allowed
from clinic.people.models import Modality
from clinic.places.wallclock import local_date
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.scheduling.availability import Frame, Request
from plans.scheduling.models import Appointment, VisitKind
from plans.scheduling.rules import Days, Limits, Neighbour, Opening, limits_of, qualified_days
from plans.treatment.gates import check_consents
from plans.treatment.intervals import Component, Components, Interval, Intervals, Need
from plans.treatment.models import ProcedureSession, TreatmentPlan


@dataclass(frozen=True)
class Subject:
    """What a visit is for, with the facts that decide whether and when it can be booked."""

    kind: VisitKind
    patient: Patient
    plan: TreatmentPlan | None = None
    session: ProcedureSession | None = None
    follow_up: FollowUp | None = None
    modalities: frozenset[str] = frozenset()
    consented: frozenset[str] = frozenset()
    neighbours: tuple[Neighbour, ...] = ()
    """Its patient's other sessions, booked, running or given."""
    live_appointment: UUID | None = None
    live_length: timedelta | None = None
    """How long its live visit is."""
    moves_from: datetime | None = None
    """When the visit that is to move begins; None where nothing moves."""
    live_minutes_known: int | None = None
    """How long it said that it takes when that visit was booked."""
    is_attended: bool = False
    seen_by: UUID | None = None
    """The practitioner whom the patient saw last, where that is known."""

    @classmethod
    def of_session(cls, session: Any) -> "Subject":
        """From a row of `queries.sessions_to_book`."""
        return cls(
            VisitKind.SESSION,
            session.plan.patient,
            plan=session.plan,
            session=session,
            modalities=frozenset(session.modalities),
            consented=frozenset(session.consented),
            neighbours=neighbours_from(session, session.neighbours),
            live_appointment=session.live_appointment,
            live_length=session.live_length,
            live_minutes_known=session.live_minutes_known,
        )

    @classmethod
    def of_follow_up(cls, follow_up: Any) -> "Subject":
        """From a row of `queries.follow_ups_to_book`."""
        return cls(
            VisitKind.FOLLOW_UP,
            follow_up.patient,
            plan=follow_up.plan,
            follow_up=follow_up,
            live_appointment=follow_up.live_appointment,
            live_length=follow_up.live_length,
            live_minutes_known=follow_up.live_minutes_known,
            is_attended=follow_up.is_attended,
        )

    @classmethod
    def of_consultation(cls, patient: Patient, *, seen_by: UUID | None = None) -> "Subject":
        """`seen_by`, which a row of `queries.patients_to_book` knows, makes a difference to the best slots only."""
        return cls(VisitKind.CONSULTATION, patient, seen_by=seen_by)

    @property
    def obligation(self) -> ProcedureSession | FollowUp | None:
        """What owes the visit; a consultation owes nothing before it."""
        return self.session or self.follow_up

    @property
    def duration(self) -> timedelta | None:
        """How long the obligation says it takes."""
        return timedelta(minutes=self.obligation.duration_minutes) if self.obligation else None

    def moving(self, appointment: Appointment) -> "Subject":
        """The same, with this as its live visit."""
        return replace(
            self,
            live_appointment=appointment.pk,
            live_length=appointment.ends_at - appointment.starts_at,
            live_minutes_known=appointment.minutes_when_booked,
            moves_from=appointment.starts_at,
        )

    def length(self, usual: timedelta) -> timedelta:
        """How long its visit takes: what it says itself, otherwise what is `usual` for its kind at the location.

        A live visit that moves keeps its length, unless what it is for takes another one since it was booked.
        """
        needed = self.duration
        if self.live_length is None:
            return needed or usual
        known = self.live_minutes_known
        is_other = needed is not None and known is not None and needed != timedelta(minutes=known)
        return needed if is_other and needed is not None else self.live_length

    def request(
        self, frame: Frame, practitioners: Sequence[UUID], rooms: Sequence[UUID], *, duration: timedelta | None = None
    ) -> Request:
        """Its visit as it looks for a time, with one of `practitioners` in one of `rooms`, the preferred first.

        It takes `duration`, or as long as it needs; the live visit there is leaves its own time for it.
        """
        return Request(
            frame,
            self.kind,
            duration or self.length(frame.visit_length(self.kind).duration),
            practitioners,
            rooms,
            modalities=self.modalities,
            patient_id=self.patient.pk,
            moving=self.live_appointment,
        )

    @property
    def target(self) -> date | None:
        return self.obligation.target_date if self.obligation else None

    @property
    def window(self) -> tuple[date, date] | None:
        """First and last local date of the window, both included."""
        return (self.obligation.window_start, self.obligation.window_end) if self.obligation else None

    @property
    def preferred_practitioner_id(self) -> UUID | None:
        """Who knows the patient: the plan's lead, who held the consultation, or else who saw them last."""
        if self.plan is not None:
            return self.plan.lead_practitioner_id
        if self.follow_up is not None and self.follow_up.consultation is not None:
            return self.follow_up.consultation.practitioner_id
        return self.seen_by

    @cached_property
    def limits(self) -> Limits | None:
        """Between which local dates it can be booked, and why; a consultation can be at any time."""
        if self.obligation is None:
            return None
        opening = Opening(self.obligation.window_start, self.obligation.window_rule, self.obligation.window_because)
        return limits_of(opening, self.session.sequence if self.session is not None else None, self.neighbours)

    def days(self) -> Days:
        """Between which local dates it can be booked; without end where nothing stands in the way."""
        return (self.limits.earliest, self.limits.latest) if self.limits is not None else (None, None)

    @property
    def barred(self) -> list[tuple[date, date]]:
        """Days between these that are too near to what was given, or to a session of another plan: first and last date
        of each stretch."""
        return [(first, last) for first, last, _ in self.limits.barred] if self.limits is not None else []

    def too_early(self, day: date) -> TooEarly | None:
        """Why a visit on this local date is before its window or too near to a neighbour; None where it is not."""
        return self.limits.refusal(day) if self.limits is not None else None

    def too_near(self, day: date) -> TooEarly | None:
        """Why a visit on this local date is too near to a neighbour, its own window aside; None where it is not."""
        if self.session is None:
            return None
        return limits_of(Opening(day, "", ""), self.session.sequence, self.neighbours).refusal(day)

    def check_bookable(self, *, except_for: UUID | None = None) -> None:
        """Refuse a booking that the state of plan, session or follow-up does not allow.

        `except_for` is the appointment that moves or comes back. Raises `Conflict` (`plan_not_bookable`,
        `already_booked`), `InvalidTransition`, or `GateBlocked` where a modality's consent is missing.
        """
        plan = self.plan
        if plan is not None and plan.status not in TreatmentPlan.MAY_BOOK:
            allowed = sorted(status.value for status in TreatmentPlan.MAY_BOOK)
            raise Conflict(
                f"The plan is {plan.get_status_display().lower()}; its visits can be booked when it is "
                f"{' or '.join(allowed)}.",
                code="plan_not_bookable",
                extra={"state": plan.status, "allowed": allowed},
            )
        if self.session is not None:
            check_allowed("The session", self.session.status, "booking", ProcedureSession.MAY_BOOK)
            check_consents(self.modalities - self.consented)
        if self.follow_up is not None and (self.is_attended or self.follow_up.cancelled_at is not None):
            state = FollowUp.State.ATTENDED if self.is_attended else FollowUp.State.CANCELLED
            raise InvalidTransition("The follow-up", state, "booking", FollowUp.MAY_BOOK)
        if self.live_appointment not in (None, except_for):
            raise Conflict(
                f"This {self.kind.label.lower()} has a booked visit; move that one.",
                code="already_booked",
                extra={"appointment": str(self.live_appointment)},
            )


def able_on(frame: Frame, subject: Subject, day: date) -> list[UUID]:
    """The bookable practitioners of a location who may give all of it on `day`; who knows the patient comes first."""
    able = [key for key, held in frame.practitioners.items() if qualified_days(held, subject.modalities, day, day)]
    return sorted(able, key=lambda key: key != subject.preferred_practitioner_id)


def labels(modalities: Iterable[str]) -> str:
    """“PRP, Microneedling”."""
    return ", ".join(Modality(modality).label for modality in modalities)


def neighbours_from(session: Any, documents: Iterable[dict[str, Any]]) -> tuple[Neighbour, ...]:
    """The neighbours of a row of `sessions_to_book`, from documents of `neighbours_of`; by their own local dates.

    Between two sessions stands the strictest of the rules in force and, within a plan, the later step's own interval.
    What was given under the same plan is one too: the window knew the rules of the day it was worked out, and they may
    be stricter since.
    """
    intervals = Intervals(_interval(document) for document in session.intervals)
    own = _planned(session.gives)
    found = []
    for document in documents:
        is_same_plan = document["plan"] == str(session.plan_id)
        is_to_come = is_same_plan and not document["is_given"]
        other = _planned(document["components"])
        after, before = intervals.between(other, own), intervals.between(own, other)
        if is_same_plan:
            after = _stricter(after, session.step.minimum_interval_days)
            before = _stricter(before, document["minimum_interval_days"])
        if document["is_given"]:
            before = Need()  # nothing can be booked before it any more
        title = document["title"] if is_same_plan else f"{document['title']} of another plan"
        if is_same_plan and document["sequence"] == session.sequence:
            title = f"the stopped try of {title}"
        day = local_date(datetime.fromisoformat(document["at"]), ZoneInfo(document["zone"]))
        found.append(Neighbour(title, day, document["sequence"] if is_to_come else None, after, before))
    return tuple(found)


def _stricter(need: Need, days: int) -> Need:
    return need if need.days >= days else Need(days, "the protocol")


def _planned(documents: Iterable[dict[str, Any]]) -> Components:
    return tuple(
        Component(document["modality"], _decimal(document["needle_length_mm"]), document["source"])
        for document in documents
    )


def _interval(document: dict[str, Any]) -> Interval:
    needles = {name: _decimal(document[name]) for name in ("needle_over_mm", "needle_up_to_mm")}
    return Interval(**{**document, **needles})


def _decimal(value: float | None) -> Decimal | None:
    """A number of hundredths as JSON brought it."""
    return None if value is None else Decimal(str(value))
