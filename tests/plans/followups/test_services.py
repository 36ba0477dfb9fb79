"""Follow-ups through their services."""

from datetime import date, timedelta

import pytest

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Invalid, InvalidTransition
from clinic.words import date_in_full
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import with_state
from plans.followups.services import attempt_record, follow_up_attend, follow_up_cancel, follow_up_create
from plans.scheduling.services import appointment_book
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def location():
    return factories.make_location()


@pytest.fixture
def practitioner(location):
    return factories.make_practitioner(location)


@pytest.fixture
def desk(location):
    return factories.make_user((location, Role.FRONT_DESK))


@pytest.fixture
def follow_up(location, practitioner):
    plan = factories.make_plan(factories.make_patient(location), practitioner)
    factories.perform(plan.sessions.get(sequence=1), practitioner)
    return plan.follow_ups.order_by("target_date")[0]


def state_of(follow_up: FollowUp) -> str:
    return with_state(FollowUp.objects.filter(pk=follow_up.pk)).get().state


def test_a_walk_in_closes_the_follow_up_also_before_its_window(follow_up, desk):
    assert state_of(follow_up) == "pending"
    follow_up_attend(follow_up_id=follow_up.pk, by=desk, reason="Moves abroad.")
    assert state_of(follow_up) == "attended"
    assert follow_up.appointments.get().status == "fulfilled"


def test_what_was_attended_is_neither_attended_again_nor_cancelled(follow_up, desk):
    follow_up_attend(follow_up_id=follow_up.pk, by=desk, reason="Moves abroad.")
    with pytest.raises(InvalidTransition) as refused:
        follow_up_attend(follow_up_id=follow_up.pk, by=desk, reason="Moves abroad.")
    assert refused.value.extra["state"] == "attended"
    with pytest.raises(InvalidTransition):
        follow_up_cancel(follow_up_id=follow_up.pk, by=desk, reason="because")
    assert follow_up.appointments.count() == 1


def test_cancelling_needs_a_reason(follow_up, desk):
    with pytest.raises(Invalid) as refused:
        follow_up_cancel(follow_up_id=follow_up.pk, by=desk, reason=" ")
    assert refused.value.attr == "reason"
    assert state_of(follow_up) == "pending"


def test_a_cancelled_follow_up_takes_its_visit_with_it(follow_up, desk, practitioner, location):
    day = follow_up.target_date
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    booked = appointment_book(
        by=desk,
        location=location,
        practitioner=practitioner,
        starts_at=factories.local(location, day, "09:00"),
        follow_up=follow_up,
    )
    follow_up_cancel(follow_up_id=follow_up.pk, by=desk, reason="moved away")
    booked.refresh_from_db()
    assert (state_of(follow_up), booked.status) == ("cancelled", "cancelled")


def test_an_attempt_is_recorded_with_who_and_when(follow_up, desk):
    attempt = attempt_record(follow_up_id=follow_up.pk, by=desk, channel="call", outcome="no_answer")
    assert (attempt.attempted_by, follow_up.attempts.get()) == (desk, attempt)
    assert (attempt.patient, attempt.location) == (follow_up.patient, follow_up.location)


@pytest.mark.parametrize(
    ("wrong", "attr"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"outcome": "maybe"}, "outcome"),
        ({"next_try_on": date(2026, 3, 1)}, "next_try_on"),
        ({"next_try_on": date(2028, 3, 1)}, "next_try_on"),
    ],
    ids=str,
)
def test_an_attempt_that_cannot_be_is_refused_at_its_field(follow_up, desk, frozen, wrong, attr):
    with pytest.raises(Invalid) as refused:
        attempt_record(**{"follow_up_id": follow_up.pk, "by": desk, "channel": "call", "outcome": "reached", **wrong})
    assert refused.value.attr == attr
    (value,) = wrong.values()
    assert (date_in_full(value) if isinstance(value, date) else value) in refused.value.detail
    assert not ContactAttempt.objects.exists()


def test_a_visit_can_be_owed_without_a_plan(location, practitioner):
    patient = factories.make_patient(location)
    consultation = factories.make_consultation(patient, practitioner, candidacy="deferred")
    today = clock.today(location.zone)
    owed = follow_up_create(
        consultation=consultation,
        title="3-month review",
        window_start=today,
        target_date=today + timedelta(3),
        window_end=today + timedelta(9),
    )
    assert state_of(owed) == "due"


@pytest.mark.parametrize(
    ("start", "target", "end", "minutes", "attr", "says"),
    [
        (0, -1, 9, 30, "target_date", "is not between"),
        (0, 10, 9, 30, "target_date", "is not between"),
        (5, 5, 1, 30, "window_end", "before it starts"),
        (-1, 3, 9, 30, "window_start", "before the consultation"),
        (0, 800, 900, 30, "window_end", "too far away"),
        (0, 3, 9, 4, "duration_minutes", "5 to 720 minutes"),
        (0, 3, 9, 721, "duration_minutes", "5 to 720 minutes"),
    ],
)
def test_a_window_that_cannot_be_is_refused_at_its_field(
    location, practitioner, frozen, start, target, end, minutes, attr, says
):
    consultation = factories.make_consultation(factories.make_patient(location), practitioner, candidacy="deferred")
    today = clock.today(location.zone)
    with pytest.raises(Invalid) as refused:
        follow_up_create(
            consultation=consultation,
            title="Review",
            window_start=today + timedelta(start),
            target_date=today + timedelta(target),
            window_end=today + timedelta(end),
            minutes=minutes,
        )
    assert (refused.value.attr, refused.value.others) == (attr, ())
    assert says in refused.value.detail
    assert not FollowUp.objects.exists()


def test_every_fault_of_a_window_is_named_at_once(location, practitioner, frozen):
    consultation = factories.make_consultation(factories.make_patient(location), practitioner, candidacy="deferred")
    today = clock.today(location.zone)
    with pytest.raises(Invalid) as refused:
        follow_up_create(
            consultation=consultation,
            title=" ",
            window_start=today - timedelta(9),
            target_date=today,
            window_end=today - timedelta(10),
            minutes=1,
        )
    found = [refused.value, *refused.value.others]
    assert [fault.attr for fault in found] == ["title", "window_start", "window_end", "duration_minutes"]
