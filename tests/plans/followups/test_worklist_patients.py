"""What patients did behind their links, as the desk's worklist and the patient's page say it."""

from datetime import date

import pytest

from clinic.access.roles import Role
from plans.followups.models import ContactAttempt
from plans.followups.services import attempt_record
from plans.portal.services import follow_up_ask_for_call, visit_cancel
from plans.scheduling.services import appointment_cancel
from tests import factories
from tests.console import sign_in, url, words
from tests.plans.followups.desk import DESK, HERE, LIST, row, send, show

DAY = date(2026, 5, 26)
SAID = "Patient cancelled Tue 26 May 10:00 (today 10:00)"


@pytest.fixture
def clinic(clinic, broker):
    clinic.performed()
    return clinic


def cancelled_by_patient(clinic, **subject):
    visit = clinic.book(DAY, **subject)
    return visit_cancel(visit=visit, revision=visit.revision)


class TestCancelling:
    def test_the_row_says_it_until_somebody_tries_to_reach_them(self, clinic, later):
        cancelled_by_patient(clinic)
        page = url(clinic.patient)
        for answer in (words(later.get(HERE)), show(later, row(clinic)), words(later.get(page))):
            assert SAID in answer
        assert SAID in words(later.get("/admin/"))
        assert "by the patient, today 10:00" in words(later.get(page)), "beside the visit"
        send(later, f"{row(clinic)}call/", outcome="no_answer")
        for answer in (words(later.get(HERE)), show(later, row(clinic)), words(later.get("/admin/"))):
            assert "Patient cancelled" not in answer

    def test_a_session_says_it_too(self, clinic, later):
        session = clinic.plan.sessions.get(sequence=2)
        cancelled_by_patient(clinic, session=session)
        assert SAID in words(later.get(f"{LIST}?state=overdue"))
        assert SAID in show(later, f"{DESK}session/{session.pk}/")

    def test_what_the_desk_cancelled_or_booked_since_is_the_desks_own(self, clinic, later, frozen):
        visit = clinic.book(DAY)
        appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="patient", revision=visit.revision)
        assert "Patient cancelled" not in words(later.get(HERE))
        frozen.shift(10)
        cancelled_by_patient(clinic)
        assert SAID in words(later.get(HERE))
        frozen.shift(10)
        again = clinic.book(DAY, "11:00")
        appointment_cancel(appointment_id=again.pk, by=clinic.desk, reason="clinic", revision=again.revision)
        assert "Patient cancelled" not in words(later.get(HERE))


class TestAskingForACall:
    def test_it_comes_first_with_a_badge_until_somebody_calls(self, clinic, later, frozen):
        urgent = factories.make_patient(clinic.location, first_name="Ada", last_name="Aspen")
        factories.make_plan(urgent, clinic.practitioner, start_date=date(2026, 5, 18))
        names = [line.name for line in later.get(HERE).context["lines"]]
        assert names == ["Ada Aspen", "Mock Dogwood"], "whose window closes first"
        follow_up_ask_for_call(follow_up=clinic.follow_up)
        names = [line.name for line in later.get(HERE).context["lines"]]
        assert names == ["Mock Dogwood", "Ada Aspen"]
        for path in (HERE, "/admin/", url(clinic.patient)):
            assert "phone_callback</span>Asked to be called</span>" in words(later.get(path))
        today = words(later.get("/admin/"))
        assert today.index("3-month review") < today.index("Session 2 of 3"), "before what is overdue"
        frozen.shift(60)
        attempt_record(follow_up_id=clinic.follow_up.pk, by=clinic.desk, channel="call", outcome="no_answer")
        assert next(line.name for line in later.get(HERE).context["lines"]) == "Ada Aspen"
        assert "phone_callback" not in words(later.get(HERE))
        assert ContactAttempt.objects.filter(outcome="asked").count() == 1


def test_who_can_only_read_is_offered_no_booking_on_today(clinic, later):
    manager = sign_in(factories.make_user((clinic.location, Role.MANAGER)))
    assert "Book<span" in words(later.get("/admin/"))
    page = words(manager.get("/admin/"))
    assert "3-month review" in page
    assert "Open<span" in page
    assert "Book<span" not in page
