"""Which booked visits want another time: the pure rule and the SQL say the same, and what makes and unmakes one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.access.roles import Role
from clinic.people.models import Membership, Modality, Practitioner, Qualification, User
from clinic.places.models import Room
from plans.followups.models import FollowUp
from plans.scheduling.models import Appointment
from plans.scheduling.queries import in_full, visits_to_rebook, why_rebook
from plans.scheduling.services import appointment_arrive, appointment_book, appointment_reschedule, appointment_undo
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import plan_hold, plan_resume
from tests import factories
from tests.api import Api
from tests.plans.scheduling.conftest import Clinic

MONDAY = date(2026, 3, 9)
FREE_STATES = ("booked", "confirmed", "arrived", "cancelled")


def reason(appointment: Appointment) -> str | None:
    return why_rebook(in_full(Appointment.objects.all()).get(pk=appointment.pk))


def shift(obligation: ProcedureSession | FollowUp, days: int) -> None:
    """Move its window, as a recalculation would."""
    moved = {
        name: getattr(obligation, name) + timedelta(days) for name in ("window_start", "target_date", "window_end")
    }
    type(obligation).objects.filter(pk=obligation.pk).update(**moved)
    obligation.refresh_from_db()


days = st.integers(-4, 4)
visits = st.fixed_dictionaries(
    {
        "day": days,
        "hour": st.sampled_from([0, 1, 2, 3, 12, 23]),
        "minutes": st.sampled_from([30, 60]),
        "needed": st.sampled_from([30, 60, 90]),
        "needed_when_booked": st.sampled_from([None, 30, 60]),
        "window": st.tuples(days, st.integers(0, 3)),
        "booked": st.none() | st.tuples(days, st.integers(0, 3)),
        "is_on_hold": st.booleans(),
        "is_qualified": st.booleans(),
        "until": st.none() | days,
        "is_fit": st.booleans(),
        "off_hours": st.sampled_from(["", "", "opening_hours", "closure", "time_off"]),
        "is_accepted": st.booleans(),
        "practitioner": st.sampled_from(["here", "here", "here", "not bookable", "gone", "elsewhere"]),
        "takes_bookings": st.sampled_from([True, True, False]),
        "status": st.sampled_from(FREE_STATES),
    }
)


@pytest.fixture
def three(clinic: Clinic) -> list[tuple[Appointment, date]]:
    """A session's visit in New York, a follow-up's in Madrid, each with the day on which the clock changes there; and a
    first consultation."""
    session = clinic.book("10:00", session=clinic.sessions[0])
    madrid = factories.make_location(timezone=factories.MADRID)
    practitioner = factories.make_practitioner(madrid)
    plan = factories.make_plan(factories.make_patient(madrid), practitioner, start_date=MONDAY)
    follow_up = plan.follow_ups.earliest("target_date")
    reviewed = appointment_book(
        by=None,
        location=madrid,
        practitioner=practitioner,
        starts_at=factories.local(madrid, follow_up.target_date, "10:00"),
        follow_up=follow_up,
    )
    newcomer = factories.make_practitioner(clinic.location)
    first = clinic.book("10:00", practitioner=newcomer, consultation_for=clinic.another_patient())
    return [(session, date(2026, 3, 8)), (reviewed, date(2026, 3, 29)), (first, date(2026, 6, 10))]


def put(visit: Appointment, around: date, drawn: dict[str, Any]) -> None:
    """Write this state of a visit straight into the tables."""

    def window(pair: tuple[int, int] | None) -> tuple[date, date] | None:
        return (around + timedelta(pair[0]), around + timedelta(pair[0] + pair[1])) if pair else None

    zone = visit.location.zone
    starts_at = datetime.combine(around + timedelta(drawn["day"]), datetime.min.time(), zone).replace(
        hour=drawn["hour"]
    )
    starts_at = starts_at.astimezone(UTC)
    ends_at = starts_at + timedelta(minutes=drawn["minutes"])
    booked = window(drawn["booked"]) or (None, None)
    now = clock.now()
    Appointment.objects.filter(pk=visit.pk).update(
        starts_at=starts_at,
        ends_at=ends_at,
        practitioner_busy=DateTimeTZRange(starts_at, ends_at, "[)"),
        room_busy=DateTimeTZRange(starts_at, ends_at, "[)"),
        window_start_when_booked=booked[0],
        window_end_when_booked=booked[1],
        minutes_when_booked=drawn["needed_when_booked"],
        status=drawn["status"],
        confirmed_at=now if drawn["status"] == "confirmed" else None,
        arrived_at=now if drawn["status"] == "arrived" else None,
        cancelled_at=now if drawn["status"] == "cancelled" else None,
        cancel_reason="other" if drawn["status"] == "cancelled" else "",
        off_hours=drawn["off_hours"],
        off_hours_accepted=drawn["is_accepted"],
    )
    Practitioner.objects.filter(pk=visit.practitioner.pk).update(is_bookable=drawn["practitioner"] != "not bookable")
    User.objects.filter(practitioner=visit.practitioner).update(is_active=drawn["practitioner"] != "gone")
    Membership.objects.filter(user__practitioner=visit.practitioner).update(
        role=Role.ASSISTANT if drawn["practitioner"] == "elsewhere" else Role.PRACTITIONER
    )
    Room.objects.filter(appointments=visit).update(is_bookable=drawn["takes_bookings"])
    obligation = visit.session or visit.follow_up
    if obligation is None:
        return
    assert obligation.plan is not None
    opens, closes = window(drawn["window"]) or (around, around)
    type(obligation).objects.filter(pk=obligation.pk).update(
        window_start=opens, target_date=opens, window_end=closes, duration_minutes=drawn["needed"]
    )
    TreatmentPlan.objects.filter(pk=obligation.plan.pk).update(
        status="on_hold" if drawn["is_on_hold"] else "accepted",
        activated_at=now if drawn["is_on_hold"] else None,
        held_at=now if drawn["is_on_hold"] else None,
    )
    Qualification.objects.filter(practitioner=visit.practitioner).delete()
    if drawn["is_qualified"]:
        until = None if drawn["until"] is None else around + timedelta(drawn["until"])
        Qualification.objects.create(practitioner=visit.practitioner, modality=Modality.PRP, valid_until=until)
    Room.objects.filter(appointments=visit).update(modalities=[Modality.PRP] if drawn["is_fit"] else [])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawings=st.tuples(visits, visits, visits))
def test_the_rule_and_the_sql_say_the_same(
    three: list[tuple[Appointment, date]], drawings: tuple[dict[str, Any], ...]
) -> None:
    for (visit, around), drawn in zip(three, drawings, strict=True):
        put(visit, around, drawn)

    by_rule = {row.pk for row in in_full(Appointment.objects.all()) if why_rebook(row)}
    by_sql = {row.pk: why_rebook(row) for row in visits_to_rebook(Appointment.objects.all())}

    assert by_rule == by_sql.keys()
    assert None not in by_sql.values()


def test_a_window_that_moves_away_from_a_visit_and_back(clinic: Clinic) -> None:
    session = clinic.sessions[1]
    early = clinic.book("10:00", session.window_start, session=session)

    shift(session, 1)
    assert (
        reason(early) == f"Too early now: the window opens on {spelt(session.window_start)}. " + session.window_because
    )
    shift(session, -1)
    assert reason(early) is None


def spelt(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


@pytest.mark.parametrize(("days_after", "is_wanted"), [(0, False), (1, True)])
def test_the_last_day_of_a_window_that_moved_earlier_is_still_good(
    clinic: Clinic, days_after: int, is_wanted: bool
) -> None:
    follow_up = clinic.follow_ups[0]
    while (follow_up.window_end - timedelta(7 - days_after)).isoweekday() > 5:
        shift(follow_up, 1)
    visit = clinic.book("10:00", follow_up.window_end - timedelta(7 - days_after), follow_up=follow_up)

    shift(follow_up, -7)

    assert (reason(visit) == f"Too late now: the window closes on {spelt(follow_up.window_end)}.") is is_wanted


def test_a_visit_booked_late_on_purpose_stays_until_the_window_moves_earlier(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    visit = clinic.book("10:00", session.window_end + timedelta(7), session=session)

    assert reason(visit) is None
    shift(session, 1)
    assert reason(visit) is None
    shift(session, -2)
    assert str(reason(visit)).startswith("Too late now")


def test_a_hold_flags_every_booked_visit_of_the_plan_and_a_resume_does_not_leave_it_so(clinic: Clinic) -> None:
    session, follow_up = clinic.sessions[1], clinic.follow_ups[0]
    factories.perform(clinic.sessions[0], clinic.practitioner)
    session.refresh_from_db()
    follow_up.refresh_from_db()
    booked = [
        clinic.book("10:00", weekday(session.target_date), session=session),
        clinic.book("10:00", weekday(follow_up.target_date), follow_up=follow_up),
    ]
    clinic.book("15:00")

    plan_hold(plan_id=clinic.plan.pk, reason="Travelling")
    assert set(visits_to_rebook(Appointment.objects.all())) == set(booked)
    plan_resume(plan_id=clinic.plan.pk)
    assert not visits_to_rebook(Appointment.objects.all())


def weekday(day: date) -> date:
    return day + timedelta(days=max(0, 8 - day.isoweekday()) if day.isoweekday() > 5 else 0)


def test_somebody_who_has_arrived_is_not_asked_to_come_another_day(clinic: Clinic) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0])
    shift(clinic.sessions[0], 2)
    assert reason(visit)

    appointment_arrive(appointment_id=visit.pk, by=None)

    assert reason(visit) is None
    assert not visits_to_rebook(Appointment.objects.all())


def test_a_visit_that_takes_longer_now_wants_it_and_a_move_gives_it(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    visit = clinic.book("10:00", session=session)
    longer = session.duration_minutes + 30
    ProcedureSession.objects.filter(pk=session.pk).update(duration_minutes=longer)
    assert reason(visit) == f"It takes {longer} minutes now, and {session.duration_minutes} are booked."

    moved = appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=visit.starts_at)

    assert moved.ends_at - moved.starts_at == timedelta(minutes=longer)
    assert reason(moved) is None


def test_a_visit_that_was_booked_shorter_on_purpose_keeps_its_length(clinic: Clinic) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0], duration_minutes=15)

    assert reason(visit) is None
    moved = appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("11:00"))
    assert moved.ends_at - moved.starts_at == timedelta(minutes=15)


def test_who_and_where_matter_on_the_day_of_the_visit(clinic: Clinic) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0])
    held = Qualification.objects.filter(practitioner=clinic.practitioner, modality="prp")

    held.update(valid_until=MONDAY)
    assert reason(visit) is None
    held.update(valid_until=MONDAY - timedelta(days=1))
    assert reason(visit) == f"{clinic.practitioner} is not qualified for PRP on that day."
    held.update(valid_until=None)
    Room.objects.filter(appointments=visit).update(modalities=["exosome"])
    assert reason(visit) == "Room 1 is not fit for PRP."


def test_what_the_plan_said_is_kept_at_each_booking_and_comes_back_with_an_undo(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    known = (session.window_start, session.window_end, session.duration_minutes)

    def kept(appointment: Appointment) -> tuple[Any, ...]:
        appointment.refresh_from_db()
        return (
            appointment.window_start_when_booked,
            appointment.window_end_when_booked,
            appointment.minutes_when_booked,
        )

    visit = clinic.book("10:00", session=session)
    assert kept(visit) == known
    shift(session, 1)
    assert reason(visit)
    later = clinic.at("10:00", date(2026, 3, 11))
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=later)
    assert kept(visit) == (session.window_start, session.window_end, session.duration_minutes)
    assert reason(visit) is None
    appointment_undo(appointment_id=visit.pk, by=clinic.desk)
    assert kept(visit) == known
    assert reason(visit)
    assert kept(clinic.book("15:00")) == (None, None, None)


def test_another_practitioner_at_the_same_time_settles_nothing_about_the_time(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    visit = clinic.book("10:00", date(2026, 3, 12), session=session)
    shift(session, -7)
    assert reason(visit)

    appointment_reschedule(
        appointment_id=visit.pk,
        by=clinic.desk,
        starts_at=visit.starts_at,
        practitioner=clinic.another_practitioner(),
    )

    assert reason(visit)


def test_a_walk_in_keeps_what_it_was_owed_by(clinic: Clinic) -> None:
    clinic.attend(clinic.follow_ups[0])

    follow_up = clinic.follow_ups[0]
    visit = Appointment.objects.get(follow_up=follow_up)
    assert (visit.window_start_when_booked, visit.window_end_when_booked) == (
        follow_up.window_start,
        follow_up.window_end,
    )
    assert (visit.is_early, visit.override_reason) == (True, "Flies home")


@pytest.fixture
def several(clinic: Clinic) -> Callable[[int], None]:
    """Book visits of plans of their own that then go on hold."""

    def book(count: int) -> None:
        for hour in range(count):
            practitioner = factories.make_practitioner(clinic.location)
            plan = factories.make_plan(clinic.another_patient(), practitioner, start_date=MONDAY)
            factories.make_room(clinic.location)
            first, second = plan.sessions.order_by("sequence")[:2]
            factories.perform(first, practitioner)
            second.refresh_from_db()
            clinic.book(f"{10 + hour}:00", weekday(second.target_date), session=second, practitioner=practitioner)
            plan_hold(plan_id=plan.pk, reason="Travelling")

    return book


def test_the_list_of_visits_to_rebook_costs_the_same_at_any_length(
    clinic: Clinic, several: Callable[[int], None]
) -> None:
    desk = Api(clinic.desk)
    several(1)
    with CaptureQueriesContext(connection) as short:
        assert len(desk.get("/appointments/?rebook=true").json()["results"]) == 1
    several(4)
    with CaptureQueriesContext(connection) as long:
        assert len(desk.get("/appointments/?rebook=true").json()["results"]) == 5
    assert len(long) == len(short) <= 4

    with CaptureQueriesContext(connection) as one_query:
        assert len([why_rebook(row) for row in visits_to_rebook(Appointment.objects.all())]) == 5
    assert len(one_query) == 1


def test_only_the_own_locations_visits_are_on_the_list(clinic: Clinic, several: Callable[[int], None]) -> None:
    several(1)
    stranger = Api(factories.make_user((factories.make_location(), Role.FRONT_DESK)))

    assert stranger.get("/appointments/?rebook=true").json()["results"] == []
