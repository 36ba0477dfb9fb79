"""Booking: what it writes, which room it takes, what it costs."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import Conflict
from clinic.people.models import Modality
from clinic.places.models import Room
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind, VisitType
from plans.scheduling.services import appointment_book, appointment_cancel, appointment_reschedule
from tests import factories
from tests.plans.scheduling.conftest import Clinic

MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)


def test_a_booked_session_has_its_length_a_room_a_revision_and_its_messages(clinic: Clinic) -> None:
    session = clinic.sessions[0]

    appointment = clinic.book("10:00", session=session, note="Comes by train")

    appointment.refresh_from_db()
    assert appointment.status == Appointment.Status.BOOKED
    assert (appointment.kind, appointment.session, appointment.patient) == ("session", session, clinic.patient)
    assert appointment.ends_at - appointment.starts_at == timedelta(minutes=session.duration_minutes)
    assert appointment.room == clinic.rooms[0]
    assert (appointment.note, appointment.booked_by) == ("Comes by train", clinic.desk)
    revision = appointment.revisions.get()
    assert (revision.number, revision.act, revision.acted_by) == (1, AppointmentRevision.Act.BOOKED, clinic.desk)
    assert (revision.status_before, revision.status_after) == ("", "booked")
    assert {message.appointment_revision for message in appointment.messages.all()} == {1}
    assert {message.kind for message in appointment.messages.all()} == {"confirmation", "preparation", "reminder"}


def test_a_booked_follow_up_is_scheduled_by_its_appointment_alone(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]
    before = follow_up.version

    appointment = clinic.book("10:00", follow_up.target_date, follow_up=follow_up)

    follow_up.refresh_from_db()
    assert follow_up.version == before
    assert appointment.follow_up == follow_up
    assert appointment.ends_at - appointment.starts_at == timedelta(minutes=follow_up.duration_minutes)


def test_a_visit_later_than_its_window_can_be_booked(clinic: Clinic) -> None:
    session = clinic.sessions[0]

    clinic.book("10:00", session.window_end + timedelta(days=4), session=session)


def test_a_consultation_takes_the_visit_types_length_and_buffers(clinic: Clinic) -> None:
    VisitType.objects.create(
        location=clinic.location,
        kind=VisitKind.CONSULTATION,
        duration_minutes=45,
        practitioner_minutes_before=5,
        practitioner_minutes_after=10,
        room_minutes_after=15,
    )

    appointment = clinic.book("10:00")

    appointment.refresh_from_db()
    assert appointment.ends_at == clinic.at("10:45")
    assert (appointment.practitioner_busy.lower, appointment.practitioner_busy.upper) == (
        clinic.at("09:55"),
        clinic.at("10:55"),
    )
    assert (appointment.room_busy.lower, appointment.room_busy.upper) == (clinic.at("10:00"), clinic.at("11:00"))


def test_without_a_visit_type_a_consultation_takes_half_an_hour(clinic: Clinic) -> None:
    assert clinic.book("10:00").ends_at == clinic.at("10:30")


def test_a_duration_that_was_asked_for_wins(clinic: Clinic) -> None:
    assert clinic.book("10:00", session=clinic.sessions[0], duration_minutes=100).ends_at == clinic.at("11:40")


def test_the_next_free_room_is_taken_and_rooms_that_are_not_fit_are_passed_over(clinic: Clinic) -> None:
    factories.make_room(clinic.location, "Consulting", position=0, modalities=[Modality.EXOSOME])
    clinic.rooms[0].is_bookable = False
    clinic.rooms[0].save()

    appointment = clinic.book("10:00", session=clinic.sessions[0])

    assert appointment.room == clinic.rooms[1]


def test_a_room_that_was_asked_for_is_taken(clinic: Clinic) -> None:
    assert clinic.book("10:00", room=clinic.rooms[1]).room == clinic.rooms[1]


def test_where_no_room_is_fit_for_the_session_the_refusal_says_so(clinic: Clinic) -> None:
    Room.objects.filter(location=clinic.location).update(modalities=[])

    with pytest.raises(Conflict) as refusal:
        clinic.book("10:00", session=clinic.sessions[0])

    assert refusal.value.code == "no_capable_room"


def test_visits_back_to_back_are_no_conflict(clinic: Clinic) -> None:
    clinic.book("10:00")
    clinic.book("10:30")
    clinic.book("09:30")

    assert Appointment.objects.count() == 3


def test_a_cancelled_visit_gives_its_time_back(clinic: Clinic) -> None:
    first = clinic.book("10:00")
    appointment_cancel(appointment_id=first.pk, by=clinic.desk, reason="patient")

    assert clinic.book("10:00").is_live


def test_overbooking_with_right_and_reason_takes_the_practitioners_time_twice(clinic: Clinic) -> None:
    clinic.book("10:00")

    appointment = clinic.book(
        "10:15",
        consultation_for=clinic.another_patient(),
        by=clinic.practitioner.user,
        override_reason="In pain, cannot wait",
    )

    appointment.refresh_from_db()
    assert appointment.overbooked
    assert appointment.override_reason == "In pain, cannot wait"
    assert appointment.room == clinic.rooms[1]


def test_a_reason_where_the_time_is_free_overbooks_nothing(clinic: Clinic) -> None:
    appointment = clinic.book("10:00", by=clinic.practitioner.user, override_reason="To be sure")

    appointment.refresh_from_db()
    assert (appointment.overbooked, appointment.override_reason) == (False, "")


def test_the_time_after_an_overbooked_visit_is_booked_without_a_reason(clinic: Clinic) -> None:
    clinic.book("10:00")
    clinic.book(
        "10:15", consultation_for=clinic.another_patient(), by=clinic.practitioner.user, override_reason="Urgent"
    )

    assert clinic.book("10:45").starts_at == clinic.at("10:45")


def test_a_session_may_be_booked_at_another_location_on_that_locations_calendar(clinic: Clinic) -> None:
    madrid = factories.make_location(timezone=factories.MADRID)
    colleague = factories.make_practitioner(madrid)
    start = factories.local(madrid, MONDAY, "09:00")

    appointment = clinic.book(location=madrid, practitioner=colleague, starts_at=start, session=clinic.sessions[0])

    assert appointment.location == madrid


def test_nobody_is_needed_to_ask_for_a_booking(clinic: Clinic) -> None:
    assert clinic.book("10:00", by=None).booked_by is None


def test_booking_moving_and_cancelling_keep_their_query_budgets(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    with CaptureQueriesContext(connection) as booking:
        appointment = appointment_book(
            by=clinic.desk,
            location=clinic.location,
            practitioner=clinic.practitioner,
            starts_at=clinic.at("10:00"),
            session=session,
        )
    with CaptureQueriesContext(connection) as moving:
        appointment_reschedule(appointment_id=appointment.pk, by=clinic.desk, starts_at=clinic.at("11:00"))
    with CaptureQueriesContext(connection) as cancelling:
        appointment_cancel(appointment_id=appointment.pk, by=clinic.desk, reason="patient")

    factories.make_plan(clinic.patient, clinic.practitioner, protocol="microneedling", start_date=date(2026, 6, 1))
    with CaptureQueriesContext(connection) as booking_beside_another_plan:
        again = clinic.book("10:00", session=session)
    with CaptureQueriesContext(connection) as moving_beside_another_plan:
        appointment_reschedule(appointment_id=again.pk, by=clinic.desk, starts_at=clinic.at("11:00"))

    assert PatientMessage.objects.filter(appointment=appointment).count() > 3
    assert (len(booking_beside_another_plan), len(moving_beside_another_plan)) == (len(booking), len(moving))
    assert len(booking) <= 12
    assert len(moving) <= 15
    assert len(cancelling) <= 10


def test_a_room_beyond_the_first_costs_no_query_more(clinic: Clinic) -> None:
    with CaptureQueriesContext(connection) as two_rooms:
        clinic.book("10:00")
    for number in range(10):
        factories.make_room(clinic.location, f"Spare {number}")
        factories.make_practitioner(clinic.location)
    with CaptureQueriesContext(connection) as many_rooms:
        clinic.book("11:00")

    assert len(many_rooms) == len(two_rooms)
