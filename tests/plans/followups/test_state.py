"""The one derived state: the pure rule and the SQL say the same."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.places.wallclock import local_date
from plans.followups.models import FollowUp
from plans.followups.queries import DORMANT_PLANS, with_state
from plans.followups.rules import Facts, state
from plans.scheduling.models import Appointment, VisitKind
from plans.treatment.models import TreatmentPlan
from tests import factories

pytestmark = pytest.mark.django_db

State = FollowUp.State
TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def facts(**changes: Any) -> Facts:
    usual: dict[str, Any] = {
        "is_cancelled": False,
        "is_attended": False,
        "is_booked": False,
        "is_dormant": False,
        "window_start": TODAY,
        "window_end": TODAY,
    }
    return Facts(**{**usual, **changes})


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((1, 5), State.PENDING),
        ((0, 5), State.DUE),
        ((-5, 0), State.DUE),
        ((-5, -1), State.OVERDUE),
        ((-40, -30), State.OVERDUE),
        ((-40, -31), State.MISSED),
    ],
)
def test_the_state_follows_the_window_to_the_day(window, expected):
    start, end = (TODAY + timedelta(days) for days in window)
    assert state(facts(window_start=start, window_end=end), TODAY) == expected


@pytest.mark.parametrize(("days", "expected"), [(14, State.DUE), (15, State.MISSED)])
def test_a_no_show_that_was_not_booked_again_in_14_days_is_missed(days, expected):
    assert state(facts(last_no_show_on=TODAY - timedelta(days)), TODAY) == expected


def test_nothing_is_due_while_the_plan_is_dormant():
    assert state(facts(is_dormant=True, window_end=TODAY - timedelta(90)), TODAY) == State.PENDING


@pytest.fixture
def follow_up():
    location = factories.make_location(timezone="America/New_York")
    practitioner = factories.make_practitioner(location)
    plan = factories.make_plan(factories.make_patient(location), practitioner)
    return plan.follow_ups.order_by("target_date")[0]


def add_appointment(follow_up: FollowUp, status: str, starts_at: datetime) -> None:
    ends_at = starts_at + timedelta(minutes=30)
    stamp: dict[str, Any] = {
        "fulfilled": {"arrived_at": starts_at, "fulfilled_at": starts_at},
        "no_show": {"no_show_at": starts_at},
        "cancelled": {"cancelled_at": starts_at, "cancel_reason": "patient"},
        "booked": {},
    }
    Appointment.objects.create(
        patient=follow_up.patient,
        practitioner=follow_up.plan.lead_practitioner,
        location=follow_up.location,
        room=follow_up.location.rooms.first(),
        kind=VisitKind.FOLLOW_UP,
        follow_up=follow_up,
        starts_at=starts_at,
        ends_at=ends_at,
        practitioner_busy=(starts_at, ends_at),
        room_busy=(starts_at, ends_at),
        status=status,
        **stamp[status],
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(["America/New_York", "Europe/Madrid", "Pacific/Auckland", "Pacific/Honolulu"]),
    hour=st.integers(0, 23),
    window=st.tuples(st.integers(-80, 40), st.integers(0, 40)),
    visits=st.lists(
        st.tuples(st.sampled_from(["fulfilled", "no_show", "cancelled"]), st.integers(-40, -1)), max_size=3
    ).filter(lambda visits: [status for status, _ in visits].count("fulfilled") <= 1),
    is_booked=st.booleans(),
    is_cancelled=st.booleans(),
    plan_status=st.sampled_from(["proposed", "accepted"]),
)
def test_sql_and_rule_agree(follow_up, zone, hour, window, visits, is_booked, is_cancelled, plan_status):
    now = datetime.combine(TODAY, time(hour), UTC)
    follow_up.appointments.all().delete()
    follow_up.location.timezone = zone
    follow_up.location.save()
    plan = TreatmentPlan.objects.filter(pk=follow_up.plan_id)
    plan.update(status=plan_status, accepted_on=None if plan_status == "proposed" else TODAY, proposed_at=NOW)
    start = TODAY + timedelta(window[0])
    follow_up.window_start = follow_up.target_date = start
    follow_up.window_end = start + timedelta(window[1])
    follow_up.cancelled_at = now if is_cancelled else None
    follow_up.cancel_reason = "not needed" if is_cancelled else ""
    follow_up.save()
    for status, days in visits:
        add_appointment(follow_up, status, now + timedelta(days=days))
    if is_booked:
        add_appointment(follow_up, "booked", now + timedelta(days=3))
    tz = ZoneInfo(zone)
    no_shows = [now + timedelta(days=days) for status, days in visits if status == "no_show"]
    expected = state(
        Facts(
            is_cancelled=is_cancelled,
            is_attended=any(status == "fulfilled" for status, _ in visits),
            is_booked=is_booked,
            is_dormant=plan_status in DORMANT_PLANS,
            window_start=follow_up.window_start,
            window_end=follow_up.window_end,
            last_no_show_on=local_date(max(no_shows), tz) if no_shows else None,
        ),
        local_date(now, tz),
    )
    with clock.moved_to(now):
        assert with_state(FollowUp.objects.filter(pk=follow_up.pk)).get().state == expected
