from datetime import date

import pytest

from clinic import clock
from clinic.access.roles import Role
from plans.messages.models import PatientMessage
from plans.scheduling.services import appointment_book
from tests.console import House, url, words
from tests.factories import local, make_patient

DESK = Role.FRONT_DESK
LIST = "/admin/plans/patientmessage/"


@pytest.fixture
def house(db, frozen):
    return House()


def confirmation(house, status="pending"):
    visit = appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=local(house.location, date(2026, 3, 9), "10:00"),
        consultation_for=make_patient(house.location, first_name="Ada", last_name="Aspen"),
    )
    message = PatientMessage.objects.get(appointment=visit, kind="confirmation")
    if status != "pending":
        settled = {"sending_at": clock.now(), "settled_at": clock.now()}
        PatientMessage.objects.filter(pk=message.pk).update(status=status, failure="550 no such user", **settled)
        message.refresh_from_db()
    return message


def test_a_message_that_failed_is_on_the_desks_today_and_can_be_sent_again(house):
    message = confirmation(house, "failed")
    page = words(house.get(DESK, "/admin/"))
    assert "Messages that need a person" in page
    assert url(message, "retry") in page
    assert house.act(DESK, message, "retry").status_code == 303
    message.refresh_from_db()
    assert message.status == "pending"
    assert "Every message left as it should." in words(house.get(DESK, "/admin/"))


def test_a_message_of_unknown_outcome_is_marked_as_handled(house):
    message = confirmation(house, "unknown")
    house.act(DESK, message, "handled", note="Called them")
    message.refresh_from_db()
    assert (message.status, message.status_reason) == ("handled", "Called them")
    assert "Handled by a person" in words(house.get(DESK, url(message)))


def test_the_list_is_filtered_by_what_needs_a_person_and_found_by_patient(house):
    confirmation(house, "failed")
    needs = words(house.get(DESK, f"{LIST}?needs=person"))
    assert "Not sent" in needs
    assert "Reminder, 7 days before" not in needs
    assert "Reminder, 7 days before" in words(house.get(DESK, f"{LIST}?q=aspen"))
    assert "Nothing matches." in words(house.get(DESK, f"{LIST}?q=nobody"))


def test_a_pending_message_is_not_sent_after_all(house):
    message = confirmation(house)
    house.act(DESK, message, "cancel", reason="Told in person")
    message.refresh_from_db()
    assert (message.status, message.status_reason) == ("cancelled", "Told in person")
