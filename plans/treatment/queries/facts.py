"""Reads what the calendar of a plan is worked out from: the steps it follows, and what happened so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.db.models.functions import Coalesce

from clinic.places.wallclock import local_date
from plans.followups.models import FollowUp
from plans.protocols.models import Protocol, ProtocolStep
from plans.protocols.queries import intervals_in_force, timeline_step
from plans.treatment import timeline
from plans.treatment.intervals import Component, Given, Intervals
from plans.treatment.models import CHARTED, ProcedureSession, SessionComponent, TreatmentPlan
from plans.treatment.timeline import Course, Facts, Step

GivenTo = tuple[dict[UUID, Given], list[Given]]


def given_to(plan: TreatmentPlan) -> GivenTo:
    """What the plan's patient was given, in local dates: by session of this plan, and under other plans.

    A performed session gave all its components, an aborted one those that were charted; a needle length and a source
    are as charted. One query.
    """
    rows = (
        SessionComponent.objects.filter(session__plan__patient=plan.patient_id, session__was_anything_given=True)
        .filter(Q(session__performed_at__isnull=False) | CHARTED)
        .order_by("session_id", "position")
        .values_list(
            "session_id",
            "session__plan_id",
            Coalesce("session__performed_at", "session__aborted_at"),
            "session__plan__location__timezone",
            "modality",
            "microneedling__needle_length_mm",
            "stem_cell__source",
        )
    )
    own: dict[UUID, Given] = {}
    elsewhere: list[Given] = []
    for (session, of_plan, at, zone), group in groupby(rows, key=lambda row: row[:4]):
        components = tuple(Component(modality, needle_mm, source or "") for *_, modality, needle_mm, source in group)
        given = Given(local_date(at, ZoneInfo(zone)), components)
        if of_plan == plan.pk:
            own[session] = given
        else:
            elsewhere.append(given)
    return own, elsewhere


@dataclass(frozen=True, slots=True)
class Calendar:
    """A protocol version as rows and as the calendar takes it, with the intervals in force."""

    rows: dict[int, ProtocolStep]
    steps: list[Step]
    intervals: Intervals

    @classmethod
    def of(cls, protocol: Protocol) -> "Calendar":
        rows = {step.position: step for step in protocol.steps.prefetch_related("components")}
        return cls(rows, [timeline_step(step) for step in rows.values()], intervals_in_force())

    def row(self, step: Step) -> ProtocolStep:
        return self.rows[step.position]

    def course(self, plan: TreatmentPlan, facts: Facts) -> Course:
        """Sessions and visits of the plan where the facts put them."""
        return timeline.course(self.steps, plan.start_date, facts, self.intervals)


def facts_of(
    plan: TreatmentPlan,
    sessions: Sequence[ProcedureSession],
    pinned: Iterable[FollowUp] = (),
    treated: GivenTo | None = None,
) -> Facts:
    """What the plan's sessions say happened, in local dates, and what the patient was given under other plans.

    `treated` is `given_to` of the plan, where it is read already.
    """
    zone = plan.location.zone
    own, elsewhere = given_to(plan) if treated is None else treated
    performed: dict[int, date] = {}
    given: dict[int, list[Given]] = {}
    retry: dict[int, date] = {}
    pins: dict[int, date] = {}
    owed: set[int] = set()
    sessions = [session for session in sessions if not session.fell_away]
    for session in sessions:
        number = session.sequence
        if session.pk in own:
            given.setdefault(number, []).append(own[session.pk])
        if session.performed_at is not None:
            performed[number] = local_date(session.performed_at, zone)
        elif session.aborted_at is not None:
            retry[number] = local_date(session.aborted_at, zone)
        elif session.cancelled_at is None:
            owed.add(number)
            if session.pinned_on is not None:
                pins[number] = session.pinned_on
    known = {session.sequence for session in sessions}
    dropped = known - owed - performed.keys()
    visit_pins = {
        follow_up.step.place: follow_up.pinned_on
        for follow_up in pinned
        if follow_up.step is not None and follow_up.pinned_on is not None
    }
    return Facts(performed, given, retry, pins, visit_pins, frozenset(dropped), plan.resumed_on, elsewhere)
