"""The desk's worklist: a tab for each kind of work, with its number, at a fixed number of queries."""

from datetime import date

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.services import follow_up_pin
from plans.scheduling.services import appointment_book
from plans.treatment.services import plan_hold
from tests import factories
from tests.api import Api
from tests.console import said, sign_in, url, words

LIST = "/admin/plans/followup/"
IN_WINDOW = date(2026, 5, 26)


@pytest.fixture
def later(clinic, frozen):
    """A sign-in of the desk while the first review is due."""
    frozen.move_to("2026-05-20T14:00:00Z")
    return sign_in(clinic.desk)


def counts(browser, query: str = "") -> dict[str, int]:
    return {key: number for key, _, number in browser.get(LIST + query).context["tabs"] if number}


def moved_away(clinic) -> None:
    """A booked review whose window moves past it."""
    clinic.book(IN_WINDOW)
    follow_up_pin(follow_up_id=clinic.follow_up.pk, by=None, pinned_on=date(2026, 8, 3), reason="Away.")


def test_every_tab_has_its_number(clinic, later):
    assert counts(later) == {"due": 1, "pending": 2}
    moved_away(clinic)
    assert counts(later) == {"rebook": 1, "scheduled": 1, "pending": 2}
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    assert counts(later) == {"rebook": 1, "call": 1, "scheduled": 1, "pending": 2}
    assert counts(later, "?q=nobody") == {}
    assert counts(later, "?q=Dogwood&state=rebook") == {"rebook": 1, "call": 1, "scheduled": 1, "pending": 2}


def test_rebook_says_who_what_when_why_and_offers_to_move_it(clinic, later):
    moved_away(clinic)
    page = words(later.get(f"{LIST}?state=rebook"))
    visit = clinic.follow_up.appointments.get()
    for text in (
        "Mock Dogwood",
        "+1 212 555 0141",
        "3-month review",
        "Tue 26 May 10:00",
        "Too early now: the window opens on 20 July 2026. Pinned to 3 August 2026.",
        url(visit, "reschedule"),
    ):
        assert text in page


def test_a_visit_of_a_plan_on_hold_can_be_given_back_from_the_list_but_not_moved(clinic, frozen):
    clinic.performed()
    second = clinic.plan.sessions.get(sequence=2)
    visit = clinic.book(date(2026, 3, 30), session=second)
    plan_hold(plan_id=clinic.plan.pk, reason="Pus and fever.")
    page = words(sign_in(clinic.desk).get(f"{LIST}?state=rebook"))
    assert "The plan is on hold." in page
    assert "Pus and fever" not in page
    assert url(visit, "cancel") in page
    assert url(visit, "reschedule") not in page


def test_the_call_list_says_why_and_a_call_is_written_down_there(clinic, later):
    Patient.objects.filter(pk=clinic.patient.pk).update(email_opt_out=True)
    here = f"{LIST}?state=call"
    page = words(later.get(here))
    assert "Mock Dogwood" in page
    assert "Wants no email. 3-month review: due until Tue 16 Jun" in page
    form = f"/admin/plans/contactattempt/add/?patient={clinic.patient.pk}&next=/admin/plans/followup/%3Fstate%3Dcall"
    assert form in page
    shown = words(later.get(form))
    assert "Log a call" in shown
    assert "Wants no email." in shown
    wrong = later.post(form, {"channel": "call", "outcome": "no_answer", "next_try_on": "2026-05-01"})
    assert wrong.status_code == 200
    assert "within a year from today" in words(wrong)
    assert not ContactAttempt.objects.exists()
    saved = later.post(form, {"channel": "call", "outcome": "no_answer", "next_try_on": "2026-05-21"})
    assert (saved.status_code, saved.headers["Location"]) == (303, here)
    assert said(saved) == ["Mock Dogwood: call logged."]
    attempt = ContactAttempt.objects.get()
    assert (attempt.attempted_by, attempt.location) == (clinic.desk, clinic.location)
    assert "1 try, last: no answer, again tomorrow" in words(later.get(here))
    assert "No answer" in words(later.get(url(attempt)))
    later.post(form, {"channel": "call", "outcome": "reached", "next_try_on": ""})
    assert "Nobody needs a call." in words(later.get(here))


def test_an_attempt_leads_nowhere_but_into_this_console(clinic, later):
    form = f"/admin/plans/contactattempt/add/?patient={clinic.patient.pk}&next=https://elsewhere.example/"
    saved = later.post(form, {"channel": "call", "outcome": "reached"})
    assert saved.headers["Location"] == url(clinic.patient)


@pytest.mark.parametrize("tab", ["rebook", "call", "overdue", "due", "missed", "scheduled", "pending"])
def test_an_empty_tab_says_what_comes_there(db, frozen, tab):
    location = factories.make_location()
    page = words(sign_in(factories.make_user((location, Role.FRONT_DESK))).get(f"{LIST}?state={tab}"))
    assert "c-empty" in page


def test_the_desk_of_another_place_sees_nobody(clinic, later):
    moved_away(clinic)
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    elsewhere = factories.make_user((factories.make_location(), Role.FRONT_DESK))
    assert counts(sign_in(elsewhere)) == {}


@pytest.mark.parametrize("tab", ["rebook", "call", "due"])
def test_a_tab_costs_the_same_for_many(clinic, later, django_assert_max_num_queries, tab):
    def one_more(hour: str) -> None:
        patient = factories.make_patient(clinic.location, email="")
        plan = factories.make_plan(patient, clinic.practitioner, start_date=date(2026, 5, 20))
        FollowUp.objects.filter(plan=plan).update(window_start=date(2026, 5, 20), target_date=date(2026, 5, 21))
        booked, _, _ = plan.follow_ups.order_by("pk")
        appointment_book(
            by=None,
            location=clinic.location,
            practitioner=clinic.practitioner,
            starts_at=factories.local(clinic.location, IN_WINDOW, hour),
            follow_up=booked,
        )
        follow_up_pin(follow_up_id=booked.pk, by=None, pinned_on=date(2026, 8, 3), reason="Away.")

    one_more("09:00")
    with django_assert_max_num_queries(10) as few:
        first = words(later.get(f"{LIST}?state={tab}"))
    for hour in ("10:00", "11:00", "13:00"):
        one_more(hour)
    with django_assert_max_num_queries(len(few)):
        assert len(words(later.get(f"{LIST}?state={tab}"))) > len(first)


def test_the_api_filters_by_state_as_before(clinic, later):
    api = Api(clinic.desk)
    assert [row["title"] for row in api.get("/follow-ups/?state=due").json()["results"]] == ["3-month review"]
    assert len(api.get("/follow-ups/?state=due,pending").json()["results"]) == 3
    assert api.get("/follow-ups/counts/").json()["due"] == 1
    assert api.get("/follow-ups/?state=rebook").status_code == 400
