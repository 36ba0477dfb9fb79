"""Booking: what is written, and in how many queries."""

from plans.scheduling.models import Appointment
from tests.plans.scheduling.conftest import Clinic


def test_a_booked_session_has_a_room_a_revision_and_its_messages(clinic: Clinic) -> None:
    appointment = clinic.book(session=clinic.sessions[0], note="Comes by train")

    appointment.refresh_from_db()
    assert appointment.status == Appointment.Status.BOOKED
    assert appointment.room == clinic.rooms[0]
    assert appointment.revisions.count() == 1
    assert {message.kind for message in appointment.messages.all()} == {"confirmation", "reminder"}


def test_budget(clinic: Clinic, django_assert_max_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from plans.scheduling.services import appointment_reschedule, appointment_cancel, appointment_undo

    session = clinic.sessions[0]
    with CaptureQueriesContext(
        connection,
    ) as q:
        a = clinic.book(session=session)
    print("book", len(q))
    [print("  ", x["sql"][:150].replace("\n", " "), x["time"]) for x in q.captured_queries]
    with CaptureQueriesContext(
        connection,
    ) as q:
        appointment_reschedule(appointment_id=a.pk, by=clinic.desk, starts_at=clinic.at("11:00"))
    print("move", len(q))
    [print("  ", x["sql"][:150].replace("\n", " "), x["time"]) for x in q.captured_queries]
    with CaptureQueriesContext(
        connection,
    ) as q:
        appointment_cancel(appointment_id=a.pk, by=clinic.desk, reason="patient")
    print("cancel", len(q))
    [print("  ", x["sql"][:150].replace("\n", " "), x["time"]) for x in q.captured_queries]
    with CaptureQueriesContext(
        connection,
    ) as q:
        appointment_undo(appointment_id=a.pk, by=clinic.desk)
    print("undo", len(q))
    [print("  ", x["sql"][:150].replace("\n", " "), x["time"]) for x in q.captured_queries]
