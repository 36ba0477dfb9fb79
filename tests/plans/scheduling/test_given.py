"""Booking under rules that became stricter after something was given: judged by the rules of today."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import TooEarly
from clinic.people.models import User
from plans.protocols.models import IntervalRule
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, appointment_cancel, appointment_reschedule, appointment_undo
from plans.treatment.models import ProcedureSession
from plans.treatment.services import session_abort, session_start
from tests import factories
from tests.api import Api, errors
from tests.plans.scheduling.conftest import Clinic, refused

GIVEN_ON = date(2026, 3, 2)
STRICT = 45
FIRST_POSSIBLE = GIVEN_ON + timedelta(days=STRICT)
LAST_BARRED = FIRST_POSSIBLE - timedelta(days=1)
BECAUSE = "At least 45 days between it and {title} on 2 March 2026 (PRP after PRP)."


@pytest.fixture
def second(clinic: Clinic) -> ProcedureSession:
    """The second session; the first was given today."""
    factories.perform(clinic.sessions[0], clinic.practitioner)
    return clinic.sessions[1]


def tighten(days: int = STRICT) -> None:
    """A rule that asks for more than the protocol, put in force after the windows were worked out."""
    IntervalRule.objects.create(
        code="prp-longer", title="PRP after PRP", after_modality="prp", before_modality="prp", minimum_days=days
    )


def because(session: ProcedureSession) -> str:
    return BECAUSE.format(title=session.title)


def test_a_stricter_rule_bars_days_that_the_window_still_holds(clinic: Clinic, second: ProcedureSession) -> None:
    assert second.window_start < LAST_BARRED
    tighten()

    refusal = refused(lambda: clinic.book("10:00", LAST_BARRED, session=second), TooEarly)

    assert refusal.extra == {
        "earliest": FIRST_POSSIBLE.isoformat(),
        "rule": "minimum_interval",
        "because": because(clinic.sessions[0]),
    }
    assert clinic.book("10:00", FIRST_POSSIBLE, session=second).is_live


def test_where_the_window_says_the_same_date_its_own_rule_is_named(clinic: Clinic, second: ProcedureSession) -> None:
    days = (second.window_start - GIVEN_ON).days
    tighten(days)

    refusal = refused(lambda: clinic.book("10:00", second.window_start - timedelta(days=1), session=second), TooEarly)

    assert refusal.extra == {
        "earliest": second.window_start.isoformat(),
        "rule": second.window_rule,
        "because": second.window_because,
    }
    assert second.window_rule == "target_window"


def test_a_move_is_judged_by_the_rule_of_today_and_a_person_may_override_it(
    clinic: Clinic, second: ProcedureSession
) -> None:
    visit = clinic.book("10:00", date(2026, 4, 22), session=second)
    tighten()

    def move(by: User, **fields: Any) -> Appointment:
        starts_at = clinic.at("10:00", LAST_BARRED)
        return appointment_reschedule(appointment_id=visit.pk, by=by, starts_at=starts_at, **fields)

    assert refused(lambda: move(clinic.desk), TooEarly).extra["because"] == because(clinic.sessions[0])
    moved = move(clinic.practitioner.user, override_reason="Flies home")
    assert (moved.is_early, moved.override_reason) == (True, "Flies home")


def cancelled(visit: Appointment, clinic: Clinic) -> None:
    appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")


def moved_later(visit: Appointment, clinic: Clinic) -> None:
    later = clinic.at("10:00", date(2026, 4, 22))
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=later)


@pytest.mark.parametrize("act", [cancelled, moved_later])
def test_an_undo_does_not_bring_a_visit_back_to_a_day_that_is_barred_by_now(
    clinic: Clinic, second: ProcedureSession, act: Callable[[Appointment, Clinic], None]
) -> None:
    visit = clinic.book("10:00", LAST_BARRED, session=second)
    act(visit, clinic)
    before = Appointment.objects.values().get(pk=visit.pk)
    tighten()

    refusal = refused(lambda: appointment_undo(appointment_id=visit.pk, by=clinic.desk), TooEarly)

    assert (refusal.extra["earliest"], refusal.extra["because"]) == (
        FIRST_POSSIBLE.isoformat(),
        because(clinic.sessions[0]),
    )
    assert Appointment.objects.values().get(pk=visit.pk) == before
    IntervalRule.objects.filter(code="prp-longer").update(is_in_force=False)
    assert appointment_undo(appointment_id=visit.pk, by=clinic.desk).starts_at == clinic.at("10:00", LAST_BARRED)


def test_free_times_and_alternatives_keep_the_same_limits(clinic: Clinic, second: ProcedureSession) -> None:
    desk = Api(clinic.desk)
    tighten()
    asked = f"/slots/?session={second.pk}&from={second.window_start}&to=2026-04-24"

    days = {row["starts_at"][:10] for row in desk.get(asked).json()["results"]}

    assert min(days) == FIRST_POSSIBLE.isoformat()
    clinic.book("10:00", FIRST_POSSIBLE, consultation_for=clinic.another_patient())
    sent = {
        "location": str(clinic.location.pk),
        "practitioner": str(clinic.practitioner.pk),
        "session": str(second.pk),
    }
    early = desk.post("/appointments/", {**sent, "starts_at": f"{LAST_BARRED}T10:00:00-04:00"})
    assert errors(early) == {"starts_at": "too_early"}
    taken = desk.post("/appointments/", {**sent, "starts_at": f"{FIRST_POSSIBLE}T10:00:00-04:00"}).json()
    assert taken["extra"]["alternatives"]
    assert min(row["starts_at"] for row in taken["extra"]["alternatives"]) >= FIRST_POSSIBLE.isoformat()


def test_a_stopped_try_of_the_same_session_counts_by_what_was_given_in_it(clinic: Clinic) -> None:
    first = clinic.sessions[0]
    session_start(session_id=first.pk, by=clinic.practitioner.user)
    session_abort(
        session_id=first.pk,
        by=clinic.practitioner.user,
        reason="Faint.",
        components=factories.components_of(first),
    )
    again = clinic.plan.sessions.get(sequence=1, status="planned")
    tighten()

    refusal = refused(lambda: clinic.book("10:00", LAST_BARRED, session=again), TooEarly)

    assert refusal.extra["because"] == BECAUSE.format(title=f"the stopped try of {first.title}")
    assert clinic.book("10:00", FIRST_POSSIBLE, session=again).is_live


def test_what_a_stopped_session_did_not_get_to_bars_nothing(clinic: Clinic) -> None:
    combined = factories.make_plan(
        clinic.patient, clinic.practitioner, protocol="prp-microneedling", start_date=GIVEN_ON
    )
    first = combined.sessions.get(sequence=1)
    session_start(session_id=first.pk, by=clinic.practitioner.user)
    needling = [item for item in factories.components_of(first) if item.modality == "microneedling"]
    session_abort(session_id=first.pk, by=clinic.practitioner.user, reason="Faint.", components=needling)
    IntervalRule.objects.update(is_in_force=False)
    tighten()
    session = clinic.sessions[0]

    assert session.window_start < FIRST_POSSIBLE
    assert clinic.book("10:00", session.window_start, session=session).is_live


def test_a_session_in_which_nothing_was_given_bars_nothing(clinic: Clinic) -> None:
    first = clinic.sessions[0]
    session_start(session_id=first.pk, by=clinic.practitioner.user)
    session_abort(session_id=first.pk, by=clinic.practitioner.user, reason="Faint.")
    again = clinic.plan.sessions.get(sequence=1, status="planned")
    tighten()

    assert clinic.book("10:00", again.window_start, session=again).is_live


def test_what_was_given_costs_no_query_more(clinic: Clinic, second: ProcedureSession) -> None:
    other = factories.make_plan(clinic.another_patient(), clinic.practitioner, start_date=date(2026, 3, 9))
    untreated = other.sessions.get(sequence=1)

    def cost(session: ProcedureSession, clock: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            appointment_book(
                by=clinic.desk,
                location=clinic.location,
                practitioner=clinic.practitioner,
                starts_at=clinic.at(clock, FIRST_POSSIBLE),
                session=session,
            )
        return len(queries)

    tighten()
    assert cost(second, "10:00") == cost(untreated, "12:00")
