"""Bulk data: as the services could have made it, and refused where it could not be."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Invalid
from clinic.people.models import Membership, Practitioner
from clinic.places.models import Location
from patients.models import Patient
from plans.load import Size, generate, working_days
from plans.messages import sweep
from plans.messages.models import PatientMessage
from plans.scheduling.availability import frame_of
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.search import slots_for
from plans.scheduling.services import appointment_book, appointment_cancel
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 17, 10, tzinfo=UTC)
"""A Wednesday, 12:10 in New York, four days before the clocks go forward."""


def load(patients: int = 40, appointments: int = 600, messages: int = 1_500) -> Location:
    with clock.moved_to(NOW):
        return generate(Size(patients, appointments, messages), report=lambda what, count, seconds: None)


def sql(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.fixture
def location() -> Location:
    return load()


def test_it_makes_as_much_as_it_was_asked_for(location):
    assert Patient.objects.filter(home_location=location).count() == 40
    assert Appointment.objects.filter(location=location).count() == 600
    assert PatientMessage.objects.filter(location=location).count() == 1_500


@pytest.mark.parametrize("whose", ["practitioner_id", "room_id", "patient_id"])
def test_nobody_has_two_visits_at_once_in_whatever_status(location, whose):
    overlapping = f"""
        SELECT count(*) FROM plans_appointment one JOIN plans_appointment other
        ON one.{whose} = other.{whose} AND one.id < other.id
        AND tstzrange(one.starts_at, one.ends_at) && tstzrange(other.starts_at, other.ends_at)"""
    assert sql(overlapping) == [(0,)]


def test_past_visits_are_over_and_later_ones_are_to_come(location):
    past = set(Appointment.objects.filter(ends_at__lte=NOW).values_list("status", flat=True))
    running = set(Appointment.objects.filter(starts_at__lte=NOW, ends_at__gt=NOW).values_list("status", flat=True))
    later = Counter(Appointment.objects.filter(starts_at__gt=NOW).values_list("status", flat=True))

    assert past == {"fulfilled", "no_show", "cancelled"}
    assert running <= {"arrived", "cancelled"}
    assert set(later) == {"booked", "confirmed", "cancelled"}
    assert later.total() > 100


def test_visits_keep_to_opening_hours_and_grid(location):
    starts = [start.astimezone(location.zone) for start in Appointment.objects.values_list("starts_at", flat=True)]

    assert all(start.isoweekday() <= 5 and 8 <= start.hour < 18 and start.minute in (0, 30) for start in starts)
    assert {start.utcoffset() for start in starts} != {starts[0].utcoffset()}, "on both sides of the clock change"


def test_every_visit_has_its_revisions(location):
    wrong = """
        SELECT count(*) FROM plans_appointment visit WHERE visit.revision <> (
            SELECT count(*) FROM plans_appointmentrevision revision WHERE revision.appointment_id = visit.id)
        OR visit.status = 'cancelled' AND NOT EXISTS (
            SELECT FROM plans_appointmentrevision revision WHERE revision.appointment_id = visit.id
            AND revision.number = visit.revision AND revision.act = 'cancelled')"""
    assert sql(wrong) == [(0,)]
    assert AppointmentRevision.objects.count() > 600


def test_what_is_due_was_sent_and_what_is_not_is_pending(location):
    pending = PatientMessage.objects.filter(status="pending")

    assert pending.exists()
    assert not pending.filter(due_at__lte=NOW).exists()
    assert not pending.exclude(appointment__status__in=["booked", "confirmed"]).exists()
    assert not PatientMessage.objects.filter(status="sent", due_at__gt=NOW).exists()
    assert set(PatientMessage.objects.values_list("status", flat=True)) == {"pending", "sent", "cancelled"}


def test_the_history_knows_every_row_and_why(location):
    reasons = """
        SELECT context.metadata ->> 'reason', count(*) FROM plans_appointmentevent event
        JOIN pghistory_context context ON context.id = event.pgh_context_id GROUP BY 1"""
    assert sql(reasons) == [("generate_load", 600)]


def test_the_sweep_finds_nothing_to_mend(location):
    with clock.moved_to(NOW):
        assert sweep.reconcile() == sweep.Found(0, 0, 0)


def test_generated_visits_can_be_worked_with(location):
    desk = factories.make_user((location, Role.FRONT_DESK))
    with clock.moved_to(NOW):
        slot = slots_for(frame_of(location.pk), None, last=date(2026, 3, 20))[0]
        booked = appointment_book(
            by=desk,
            location=location,
            practitioner=Practitioner.objects.get(pk=slot.practitioner_id),
            starts_at=slot.starts_at,
            consultation_for=factories.make_patient(location),
        )
        other = Appointment.objects.filter(status="booked").exclude(pk=booked.pk).latest("starts_at")
        assert appointment_cancel(appointment_id=other.pk, by=desk, reason="patient").status == "cancelled"


def test_a_second_load_gets_a_location_of_its_own(location):
    assert [location.name, load(10, 50, 0).name] == ["Load test", "Load test 2"]


def test_one_patient_is_never_in_two_places():
    load(patients=1, appointments=200, messages=0)
    assert Appointment.objects.values("starts_at").distinct().count() == 200


def test_nothing_is_a_size_too():
    assert load(0, 0, 0).appointments.count() == 0


@pytest.mark.parametrize(
    ("size", "attr", "words"),
    [
        ((-1, 0, 0), "patients", "cannot be negative"),
        ((10, -5, 0), "appointments", "cannot be negative"),
        ((10, 10, -1), "messages", "cannot be negative"),
        ((1_000_001, 0, 0), "patients", "At most 1,000,000"),
        ((0, 1, 0), "appointments", "give more patients"),
        ((1, 7_801, 0), "appointments", "at most 7,800 appointments"),
        ((10, 10, 41), "messages", "at most 40 messages"),
    ],
)
def test_what_cannot_be_is_refused(size, attr, words):
    with pytest.raises(Invalid, match=words) as refused:
        Size(*size)
    assert refused.value.attr == attr


def test_the_command_says_rates_and_makes_members(capsys):
    manager = factories.make_user()
    call_command("generate_load", patients=20, appointments=100, messages=50, member=[manager.email.upper()])

    said = capsys.readouterr().out
    assert "100 appointments" in said
    assert "a second" in said
    assert "Load test" in said
    assert set(Membership.objects.filter(user=manager).values_list("role", flat=True)) == {"front_desk", "manager"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--patients", "-1"], "cannot be negative"),
        (["--patients", "many"], "invalid int value"),
        (["--appointments", "10", "--messages", "100"], "at most 40 messages"),
        (["--member", "nobody@clinic.example"], "Nobody signs in as nobody@clinic.example"),
    ],
)
def test_the_command_says_what_is_wrong_and_makes_nothing(options, words):
    with pytest.raises(CommandError, match=words):
        call_command("generate_load", *options)
    assert not Location.objects.exists()


def test_outside_local_mode_it_wants_to_be_told_twice(settings):
    settings.LOCAL = False
    with pytest.raises(CommandError, match="local mode only"):
        call_command("generate_load", patients=1, appointments=1, messages=1)
    call_command("generate_load", "--outside-local-mode", patients=1, appointments=1, messages=1)
    assert Appointment.objects.count() == 1


def test_a_quarter_of_the_working_days_is_ahead():
    days = working_days(date(2026, 3, 4), 20)
    assert days == sorted(set(days))
    assert [day for day in days if day >= date(2026, 3, 4)] == [
        *(date(2026, 3, day) for day in (4, 5, 6, 9, 10)),
    ]
