"""What a visit is for, and whether its state allows a booking: a session, a follow-up, or a patient's consultation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.errors import Conflict, GateBlocked, InvalidTransition, check_allowed
from clinic.people.models import Modality
from clinic.places.wallclock import local_date
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.scheduling.models import VisitKind
from plans.scheduling.rules import Days, Neighbour, bookable_days, check_not_too_early
from plans.treatment.models import ProcedureSession, TreatmentPlan


@dataclass(frozen=True, slots=True)
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
    live_appointment: UUID | None = None
    is_attended: bool = False

    @classmethod
    def of_session(cls, session: Any, zone: ZoneInfo) -> "Subject":
        """From a row of `queries.sessions_to_book`; neighbours by their local date in `zone`."""
        return cls(
            VisitKind.SESSION,
            session.plan.patient,
            plan=session.plan,
            session=session,
            modalities=frozenset(session.modalities),
            consented=frozenset(session.consented),
            neighbours=_neighbours(session.neighbours, zone),
            live_appointment=session.live_appointment,
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
            is_attended=follow_up.is_attended,
        )

    @classmethod
    def of_consultation(cls, patient: Patient) -> "Subject":
        return cls(VisitKind.CONSULTATION, patient)

    @property
    def obligation(self) -> ProcedureSession | FollowUp | None:
        """What owes the visit; a consultation owes nothing before it."""
        return self.session or self.follow_up

    @property
    def duration(self) -> timedelta | None:
        """How long the obligation says it takes."""
        return timedelta(minutes=self.obligation.duration_minutes) if self.obligation else None

    @property
    def target(self) -> date | None:
        return self.obligation.target_date if self.obligation else None

    @property
    def window(self) -> tuple[date, date] | None:
        """First and last local date of the window, both included."""
        return (self.obligation.window_start, self.obligation.window_end) if self.obligation else None

    @property
    def preferred_practitioner_id(self) -> UUID | None:
        """Who has seen the patient so far: the plan's lead, or who held the consultation."""
        if self.plan is not None:
            return self.plan.lead_practitioner_id
        if self.follow_up is not None and self.follow_up.consultation is not None:
            return self.follow_up.consultation.practitioner_id
        return None

    def days(self) -> Days:
        """Between which local dates it can be booked; without end where nothing stands in the way."""
        if self.session is not None:
            return bookable_days(
                self.session.window_start,
                self.session.sequence,
                self.session.step.minimum_interval_days,
                self.neighbours,
            )
        return (self.follow_up.window_start, None) if self.follow_up is not None else (None, None)

    def check_not_too_early(self, day: date) -> None:
        """Raises `TooEarly` where a visit on this local date is before the window or too near to a neighbour."""
        if self.session is not None:
            check_not_too_early(
                day,
                self.session.window_start,
                self.session.sequence,
                self.session.step.minimum_interval_days,
                self.neighbours,
            )
        elif self.follow_up is not None:
            check_not_too_early(day, self.follow_up.window_start)

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
            self._check_consents()
        if self.follow_up is not None and (self.is_attended or self.follow_up.cancelled_at is not None):
            state = FollowUp.State.ATTENDED if self.is_attended else FollowUp.State.CANCELLED
            raise InvalidTransition("The follow-up", state, "booking", FollowUp.MAY_BOOK)
        if self.live_appointment not in (None, except_for):
            raise Conflict(
                f"This {self.kind.label.lower()} has a booked visit; move that one.",
                code="already_booked",
                extra={"appointment": str(self.live_appointment)},
            )

    def _check_consents(self) -> None:
        missing = sorted(self.modalities - self.consented)
        if missing:
            raise GateBlocked(
                f"A consent is missing for: {labels(missing)}.",
                extra={
                    "gates": [
                        {
                            "gate": "consent",
                            "modality": modality,
                            "detail": f"The patient signs the consent for {Modality(modality).label}.",
                            "overridable": False,
                        }
                        for modality in missing
                    ]
                },
            )


def labels(modalities: Iterable[str]) -> str:
    """“PRP, Microneedling”."""
    return ", ".join(Modality(modality).label for modality in modalities)


def _neighbours(documents: Iterable[dict[str, Any]], zone: ZoneInfo) -> tuple[Neighbour, ...]:
    return tuple(
        Neighbour(
            document["sequence"],
            local_date(datetime.fromisoformat(document["at"]), zone),
            document["minimum_interval_days"],
        )
        for document in documents
    )
