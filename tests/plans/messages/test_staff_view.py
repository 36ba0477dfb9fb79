"""What colleagues see of messages: what happened, what a mail says, whom to call instead; and what they do not see."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock
from clinic.access.roles import Role
from clinic.access.visibility import visible
from patients.services import patient_choose_mail
from plans.followups.models import ContactAttempt
from plans.messages.models import DeliveryEvent, PatientMessage
from plans.messages.preview import preview
from plans.messages.services import messages_alert
from plans.scheduling.services import appointment_book, appointment_reschedule
from tests import factories
from tests.api import Api
from tests.console import House, said, sign_in, url, words

DESK, MANAGER, ASSISTANT = Role.FRONT_DESK, Role.MANAGER, Role.ASSISTANT
CALLS = "/admin/plans/patientmessage/call-instead/"


@pytest.fixture
def house(db, frozen):
    return House()


def book(house, day=date(2026, 3, 4), at="15:00", **patient):
    fields = {"first_name": "Ada", "last_name": "Aspen", "email": "ada@example.com", **patient}
    return appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=factories.local(house.location, day, at),
        consultation_for=factories.make_patient(house.location, **fields),
    )


def mail_of(visit, status="pending", kind="confirmation", **columns):
    message = visit.messages.filter(kind=kind).earliest("created_at")
    if status != "pending":
        columns = {"sending_at": clock.now(), "settled_at": clock.now(), "to_address": "ada@example.com", **columns}
        PatientMessage.objects.filter(pk=message.pk).update(status=status, attempts=1, **columns)
        message.refresh_from_db()
    return message


class TestOneMessage:
    def test_its_page_tells_what_happened_in_order(self, house, frozen):
        message = mail_of(book(house), "delivered")
        frozen.shift(timedelta(minutes=2))
        DeliveryEvent.objects.create(
            provider="Mailgun", event_id="1", message=message, kind="delivered", happened_at=clock.now()
        )
        page = words(house.get(DESK, url(message)))
        steps = [page.index(step) for step in ("Planned</span>", "Began to leave", "It arrived")]
        assert steps == sorted(steps)
        assert "Today 10:02" in page

    def test_what_the_mail_server_said_stands_where_it_was_said(self, house):
        message = mail_of(book(house), "failed", failure="550 no such user")
        page = words(house.get(DESK, url(message)))
        assert 'Not sent</span><span class="c-note">550 no such user' in page


class TestTheMailItself:
    def test_it_is_shown_as_it_was_told_although_the_visit_moved_since(self, house):
        visit = book(house)
        message = mail_of(visit, "sent")
        appointment_reschedule(
            appointment_id=visit.pk, by=None, starts_at=factories.local(house.location, date(2026, 3, 6), "11:00")
        )
        page = words(house.get(DESK, url(message)))
        assert "The mail that was sent" in page
        assert "Wednesday 4 March 2026, 15:00" in page

    def test_it_stands_alone_in_a_frame_that_may_do_nothing(self, house):
        message = mail_of(book(house))
        page = words(house.get(DESK, url(message)))
        assert re.search(r"<iframe [^>]*\bsandbox=\"\"", page)
        response = house.get(DESK, f"{url(message).removesuffix('change/')}mail/")
        assert "Hello Ada" in words(response)
        assert "sandbox" in response["Content-Security-Policy"]
        assert response["Content-Security-Policy"].startswith("default-src 'none'")
        assert response["X-Frame-Options"] == "SAMEORIGIN"

    def test_nobody_can_act_as_the_patient_by_its_links(self, house):
        message = mail_of(book(house))
        for page in (url(message), f"{url(message).removesuffix('change/')}mail/"):
            tokens = set(re.findall(r"/p/([^/\"<\s]+)/", words(house.get(DESK, page))))
            assert tokens == {"preview"}

    def test_nobody_else_sees_it(self, house):
        path = f"{url(mail_of(book(house))).removesuffix('change/')}mail/"
        elsewhere = factories.make_user((factories.make_location(), Role.FRONT_DESK))
        assert sign_in(elsewhere).get(path).status_code == 404
        assert house.post(DESK, path).status_code == 404


class TestCallInstead:
    def test_who_was_not_reached_is_called_and_leaves_the_list_with_one_click(self, house):
        message = mail_of(book(house), "failed")
        mail_of(book(house, at="16:00", last_name="Birch"), "unknown")
        page = words(house.get(DESK, CALLS))
        assert "Ada Aspen" in page
        assert "+1 212 555 0141" in page
        response = house.act(DESK, message, "told")
        assert said(response) == ["Ada Aspen: told by phone."]
        message.refresh_from_db()
        assert (message.status, message.status_reason) == ("handled", "Told by phone instead of by mail")
        attempt = ContactAttempt.objects.get()
        assert (attempt.outcome, attempt.attempted_by) == ("reached", house.users[DESK])
        house.get(DESK, CALLS)  # says what was done
        page = words(house.get(DESK, CALLS))
        assert "Ada Aspen" not in page
        assert "Ada Birch" in page

    @pytest.mark.parametrize(
        ("day", "is_called"), [(date(2026, 3, 4), True), (date(2026, 3, 20), False)], ids=["soon", "far"]
    )
    def test_who_takes_no_mail_is_called_when_something_is_due(self, house, frozen, day, is_called):
        visit = book(house, day, email="")
        frozen.shift(timedelta(days=1, hours=1))
        house.sign_in_again()
        assert ("Ada Aspen" in words(house.get(DESK, CALLS))) is is_called
        assert {row.status for row in visit.messages.all()} <= {"suppressed", "expired"}

    def test_who_only_wants_no_reminders_is_left_alone(self, house):
        visit = book(house)
        patient_choose_mail(patient_id=visit.patient_id, unwanted_mail=["reminder"])
        assert "Ada Aspen" not in words(house.get(DESK, CALLS))

    def test_a_call_without_an_answer_says_so_and_stays(self, house):
        visit = book(house)
        mail_of(visit, "bounced")
        Api(house.users[DESK]).post(
            f"/call-list/{visit.patient_id}/attempts/", {"channel": "call", "outcome": "no_answer"}
        )
        page = words(house.get(DESK, CALLS))
        assert "No answer, today" in page
        assert "Came back" in page

    def test_the_number_of_queries_does_not_grow(self, house, django_assert_max_num_queries):
        mail_of(book(house, at="09:00"), "failed")
        house.get(DESK, CALLS)
        with CaptureQueriesContext(connection) as before:
            house.get(DESK, CALLS)
        for hour in range(10, 16):
            mail_of(book(house, at=f"{hour}:00", last_name=f"Name{hour}"), "failed")
        with django_assert_max_num_queries(len(before)):
            assert "Ada Name15" in words(house.get(DESK, CALLS))


class TestWhatTheDeskDoesNotSee:
    @pytest.fixture
    def alert(self, house):
        plan = factories.make_plan(factories.make_patient(house.location), house.practitioner)
        session = factories.perform(plan.sessions.get(sequence=1), house.practitioner)
        staff = [house.users[ASSISTANT]]
        check_in = session.check_ins.earliest("target_date")
        return messages_alert(kind="escalation", staff=staff, location=house.location, about=check_in)[0]

    def test_that_there_is_an_alert_about_red_flags(self, house, alert):
        for role, sees in ((DESK, False), (MANAGER, False), (ASSISTANT, True)):
            assert (house.get(role, url(alert)).status_code == 200) is sees
            listed = words(house.get(role, "/admin/plans/patientmessage/?kind=escalation"))
            assert ("Nothing matches." in listed) is not sees
            user = house.users[role]
            assert visible(PatientMessage.objects.filter(pk=alert.pk), user).exists() is sees
            assert (Api(user).get(f"/messages/{alert.pk}/").status_code == 200) is sees
            assert bool(Api(user).get("/messages/?kind=escalation").json()["results"]) is sees

    def test_what_a_check_in_is_called(self, house, alert):
        message = PatientMessage.objects.filter(kind="check_in").first()
        page = words(house.get(DESK, url(message)))
        assert message.check_in.title not in page
        assert message.check_in.session.title not in page


def test_today_says_that_mail_is_stuck(house, frozen):
    book(house)
    assert "Mail is stuck" not in words(house.get(DESK, "/admin/"))
    frozen.shift(timedelta(minutes=8))
    page = words(house.get(DESK, "/admin/"))
    assert "Linden House: the oldest mail was due 7 min ago" in page
    assert "Mail is stuck" not in words(house.get(ASSISTANT, "/admin/"))


def test_who_looks_at_a_mail_makes_nobody_wait(house):
    book(house)
    row = PatientMessage.objects.select_related("patient", "staff", "location").filter(kind="confirmation").get()
    with CaptureQueriesContext(connection) as queries:
        preview(row)
    assert queries.captured_queries
    assert not [query for query in queries.captured_queries if "UPDATE" in query["sql"]]
