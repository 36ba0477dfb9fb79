"""When nothing can be booked: before the window, in the past, outside working time, too near to another session."""

from datetime import date, datetime, timedelta

import pytest

from clinic.errors import Conflict, Invalid, TooEarly
from clinic.places.models import Closure, Location, OpeningHours, TimeOff
from tests.plans.scheduling.conftest import Clinic, refused

MONDAY = date(2026, 3, 9)


def test_before_the_window_it_is_too_early_before_hours_and_conflicts_are_looked_at(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]
    sunday = date(2026, 3, 8)

    refusal = refused(lambda: clinic.book("03:30", sunday, follow_up=follow_up), TooEarly)

    assert refusal.code == "too_early"
    assert refusal.extra == {
        "earliest": follow_up.window_start.isoformat(),
        "rule": follow_up.window_rule,
        "because": follow_up.window_because,
    }
    assert follow_up.window_rule == "target_window"
    assert follow_up.window_because in refusal.detail


def test_the_windows_first_day_is_the_locations(clinic: Clinic) -> None:
    session = clinic.sessions[1]
    OpeningHours.objects.create(
        location=clinic.location,
        weekday=session.window_start.isoweekday(),
        opens_at=datetime.min.time(),
        closes_at=datetime.max.time(),
    )
    last_evening = session.window_start - timedelta(days=1)

    assert refused(lambda: clinic.book("23:30", last_evening, session=session), TooEarly).code == "too_early"
    assert clinic.book("00:00", session.window_start, session=session).is_live


def test_a_session_keeps_away_from_its_booked_neighbours(clinic: Clinic) -> None:
    first, second, third = clinic.sessions[:3]
    clinic.book("10:00", first.window_start + timedelta(days=25), session=first)
    interval = second.step.minimum_interval_days
    soonest = first.window_start + timedelta(days=25 + interval)

    refusal = refused(lambda: clinic.book("10:00", soonest - timedelta(days=1), session=second), TooEarly)

    assert (refusal.extra["earliest"], refusal.extra["rule"]) == (soonest.isoformat(), "minimum_interval")
    assert refusal.extra["because"].startswith(f"At least {interval} days after {first.title} on ")
    clinic.book("10:00", third.window_start, session=third)
    latest = third.window_start - timedelta(days=interval)
    too_late = refused(lambda: clinic.book("10:00", latest + timedelta(days=1), session=second), TooEarly)
    assert too_late.extra["latest"] == latest.isoformat()


def test_the_past_is_refused(clinic: Clinic) -> None:
    refusal = refused(lambda: clinic.book("09:59", date(2026, 3, 2)), Invalid)

    assert refusal.attr == "starts_at"
    assert "past" in refusal.detail


def test_the_lead_time_is_kept(clinic: Clinic) -> None:
    Location.objects.filter(pk=clinic.location.pk).update(lead_minutes=60)

    refusal = refused(lambda: clinic.book("10:45", date(2026, 3, 2)), Invalid)

    assert refusal.attr == "starts_at"
    assert "60 minutes" in refusal.detail
    assert clinic.book("11:00", date(2026, 3, 2)).is_live


@pytest.mark.parametrize(
    ("clock_time", "day", "words"),
    [
        ("07:45", MONDAY, "08:00–18:00"),
        ("17:45", MONDAY, "08:00–18:00"),
        ("10:00", date(2026, 3, 8), "not open on 8 March 2026"),
    ],
)
def test_outside_opening_hours_the_refusal_names_the_hours(
    clinic: Clinic, clock_time: str, day: date, words: str
) -> None:
    refusal = refused(lambda: clinic.book(clock_time, day), Conflict)

    assert (refusal.code, refusal.attr) == ("outside_hours", "starts_at")
    assert refusal.extra == {"what": "opening_hours"}
    assert words in refusal.detail


def test_a_closure_is_named(clinic: Clinic) -> None:
    Closure.objects.create(
        location=clinic.location, starts_at=clinic.at("10:15"), ends_at=clinic.at("12:00"), reason="Staff training"
    )

    refusal = refused(lambda: clinic.book("10:00"), Conflict)

    assert (refusal.code, refusal.extra) == ("outside_hours", {"what": "closure"})
    assert "Staff training" in refusal.detail


def test_time_off_is_refused_without_its_reason(clinic: Clinic) -> None:
    TimeOff.objects.create(
        practitioner=clinic.practitioner, starts_at=clinic.at("10:15"), ends_at=clinic.at("12:00"), reason="Dentist"
    )

    refusal = refused(lambda: clinic.book("10:00"), Conflict)

    assert refusal.extra == {"what": "time_off"}
    assert "Dentist" not in refusal.detail


def test_outside_the_practitioners_own_hours_it_is_refused(clinic: Clinic) -> None:
    OpeningHours.objects.create(
        location=clinic.location,
        practitioner=clinic.practitioner,
        weekday=1,
        opens_at=datetime(2026, 1, 1, 14).time(),
        closes_at=datetime(2026, 1, 1, 16).time(),
    )

    assert refused(lambda: clinic.book("10:00"), Conflict).extra == {"what": "practitioner_hours"}
