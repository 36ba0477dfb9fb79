import re
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


class TestTheList:
    """It opens on what to look at; what is planned months ahead has a tab of its own."""

    def listed(self, house, query=""):
        return re.findall(r"/plans/patientmessage/([0-9a-f-]{36})/change/", words(house.get(DESK, f"{LIST}{query}")))

    def test_it_opens_on_what_to_look_at(self, house):
        failed = confirmation(house, "failed")
        page = words(house.get(DESK, LIST))
        assert "Not sent" in page
        assert "Reminder, 7 days before" not in page
        assert 'To look at <span class="c-count">1</span>' in page
        house.act(DESK, failed, "handled")
        assert "every message left as it should" in words(house.get(DESK, LIST))

    def test_what_came_back_is_to_be_looked_at_until_somebody_spoke_to_them(self, house):
        bounced = confirmation(house, "bounced")
        assert set(self.listed(house)) == {str(bounced.pk)}
        house.act(DESK, bounced, "told")
        assert self.listed(house) == []

    def test_next_begins_with_the_soonest_and_sent_with_the_latest(self, house):
        sent = confirmation(house, "sent")
        due = PatientMessage.objects.filter(status="pending").order_by("due_at")
        soonest_first = [str(key) for key in due.values_list("pk", flat=True)]
        assert list(dict.fromkeys(self.listed(house, "?tab=next"))) == soonest_first
        assert set(self.listed(house, "?tab=sent")) == {str(sent.pk)}
        assert len(set(self.listed(house, "?tab=all"))) == PatientMessage.objects.count()

    def test_a_search_and_a_filter_are_among_all_and_stay_from_tab_to_tab(self, house):
        confirmation(house)
        page = words(house.get(DESK, f"{LIST}?q=aspen"))
        assert "Reminder, 7 days before" in page
        assert 'href="?q=aspen&tab=next"' in page
        assert "Reminder, 7 days before" in words(house.get(DESK, f"{LIST}?kind=reminder"))
        assert "Nothing matches." in words(house.get(DESK, f"{LIST}?q=nobody"))
        assert house.get(DESK, f"{LIST}?tab=nonsense").status_code == 200


def test_a_pending_message_is_not_sent_after_all(house):
    message = confirmation(house)
    house.act(DESK, message, "cancel", reason="Told in person")
    message.refresh_from_db()
    assert message.status == "cancelled"
    assert re.fullmatch(r"Cancelled by Person Number\d+: Told in person", message.status_reason)
