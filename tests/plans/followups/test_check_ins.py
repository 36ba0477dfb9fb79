"""Check-ins: answered by who asks by phone, cancelled, and seen by clinical roles alone."""

from datetime import date

import pytest

from clinic.access.roles import Role
from clinic.errors import Invalid, InvalidTransition
from plans.followups.models import CheckIn
from plans.followups.queries import check_in_state_of, check_ins_to_ask
from plans.followups.services import check_in_answer, check_in_cancel
from plans.treatment.services import plan_discontinue
from tests import factories
from tests.api import Api, errors
from tests.console import sign_in, url, words


@pytest.fixture
def check_in(clinic, frozen):
    """The one of the first day, on that day."""
    first = clinic.performed()[0]
    frozen.move_to("2026-03-03T15:00:00Z")
    return first


@pytest.fixture
def nurse(clinic):
    return factories.make_user((clinic.location, Role.ASSISTANT))


def test_an_answer_is_kept_with_who_wrote_it_down(check_in, nurse):
    check_in_answer(check_in_id=check_in.pk, by=nurse, note="  A little red, no pain. ")
    check_in.refresh_from_db()
    assert (check_in.answered_by, check_in.answer_note) == (nurse, "A little red, no pain.")
    assert check_in_state_of(check_in) == "answered"


def test_a_late_answer_is_taken_too(check_in, nurse, frozen):
    frozen.move_to("2026-03-09T15:00:00Z")
    assert check_in_state_of(check_in) == "overdue"
    check_in_answer(check_in_id=check_in.pk, by=nurse, note="Fine.")
    assert check_in_state_of(check_in) == "answered"


@pytest.mark.parametrize("note", ["", "   ", "x" * 1001])
def test_an_answer_says_something_and_fits(check_in, nurse, note):
    with pytest.raises(Invalid) as refused:
        check_in_answer(check_in_id=check_in.pk, by=nurse, note=note)
    assert refused.value.attr == "note"
    assert check_in_state_of(check_in) == "due"


def test_what_is_not_due_yet_is_not_answered(clinic, check_in, nurse):
    later = CheckIn.objects.latest("target_date")
    with pytest.raises(InvalidTransition, match="The check-in is pending"):
        check_in_answer(check_in_id=later.pk, by=nurse, note="Fine.")
    assert check_in_state_of(later) == "pending"


def test_a_cancelled_check_in_keeps_its_reason_and_takes_no_answer(check_in, nurse):
    with pytest.raises(Invalid):
        check_in_cancel(check_in_id=check_in.pk, by=nurse, reason=" ")
    check_in_cancel(check_in_id=check_in.pk, by=nurse, reason="Seen on the ward.")
    check_in.refresh_from_db()
    assert (check_in_state_of(check_in), check_in.cancel_reason) == ("cancelled", "Seen on the ward.")
    for again in (
        lambda: check_in_answer(check_in_id=check_in.pk, by=nurse, note="Fine."),
        lambda: check_in_cancel(check_in_id=check_in.pk, by=nurse, reason="Again."),
    ):
        with pytest.raises(InvalidTransition, match="The check-in is cancelled"):
            again()


def test_the_end_of_the_plan_ends_its_check_ins_and_keeps_the_answers(clinic, check_in, nurse):
    check_in_answer(check_in_id=check_in.pk, by=nurse, note="Fine.")
    plan_discontinue(plan_id=clinic.plan.pk, by=nurse, reason="Moves abroad.")
    found = {check_in_state_of(row).value for row in CheckIn.objects.all()}
    assert found == {"answered", "cancelled"}


def test_the_api_lists_them_by_state_session_patient_plan_and_location(clinic, check_in, nurse):
    api = Api(nurse)
    other = factories.make_plan(factories.make_patient(clinic.location), clinic.practitioner)
    factories.perform(other.sessions.get(sequence=1), clinic.practitioner)
    assert len(api.get("/check-ins/").json()["results"]) == 6
    due = api.get(f"/check-ins/?state=due&plan={clinic.plan.pk}").json()["results"]
    assert [row["id"] for row in due] == [str(check_in.pk)]
    assert due[0]["patient"] == str(clinic.patient.pk)
    assert due[0]["window_because"] == "1 day after the session (2 March 2026)."
    for name, value in {
        "session": check_in.session_id,
        "patient": clinic.patient.pk,
        "plan": clinic.plan.pk,
    }.items():
        assert len(api.get(f"/check-ins/?{name}={value}").json()["results"]) == 3
    assert len(api.get(f"/check-ins/?location={clinic.location.pk}").json()["results"]) == 6
    assert api.get("/check-ins/?state=late").status_code == 400


def test_the_api_takes_an_answer_and_a_cancellation(check_in, nurse):
    api = Api(nurse)
    empty = api.post(f"/check-ins/{check_in.pk}/answer/", {"note": ""})
    assert errors(empty) == {"note": "blank"}
    answered = api.post(f"/check-ins/{check_in.pk}/answer/", {"note": "Fine."})
    assert (answered.status_code, answered.json()["state"]) == (200, "answered")
    refused = api.post(f"/check-ins/{check_in.pk}/cancel/", {"reason": "No."})
    assert refused.status_code == 409
    later = CheckIn.objects.latest("target_date")
    cancelled = api.post(f"/check-ins/{later.pk}/cancel/", {"reason": "Phones every day."})
    assert (cancelled.json()["state"], cancelled.json()["cancel_reason"]) == ("cancelled", "Phones every day.")


def test_the_front_desk_and_the_manager_see_no_check_in_anywhere(clinic, check_in, nurse):
    check_in_answer(check_in_id=check_in.pk, by=nurse, note="Pus at the edge.")
    for role in (Role.FRONT_DESK, Role.MANAGER):
        person = factories.make_user((clinic.location, role))
        assert Api(person).get("/check-ins/").status_code == 403
        browser = sign_in(person)
        assert browser.get("/admin/plans/checkin/").status_code == 403
        for page in ("/admin/", url(clinic.patient), url(check_in.session)):
            assert "Pus at the edge" not in words(browser.get(page))
            assert "Recovery check-ins" not in words(browser.get(page))


def test_the_list_the_patient_and_today_offer_to_write_the_answer(clinic, check_in, nurse):
    browser = sign_in(nurse)
    for page in ("/admin/plans/checkin/?needs=person", url(clinic.patient), "/admin/"):
        said = words(browser.get(page))
        assert "Mock Dogwood" in said
        assert "Due today" in said
    for page in (url(check_in), url(clinic.patient), "/admin/"):
        assert url(check_in, "answer") in words(browser.get(page))
    assert browser.post(url(check_in, "answer"), {"note": "Fine, thank you."}).status_code == 303
    assert "Fine, thank you." in words(browser.get(url(check_in)))
    assert "Fine, thank you." in words(browser.get(url(clinic.patient)))
    assert browser.post(url(CheckIn.objects.latest("target_date"), "cancel"), {"reason": "No."}).status_code == 303


def test_what_the_list_costs_does_not_grow(clinic, check_in, nurse, django_assert_max_num_queries):
    api, browser = Api(nurse), sign_in(nurse)

    def cost(get, path):
        with django_assert_max_num_queries(30) as made:
            assert get(path).status_code == 200
        return len(made)

    paths = [(api.get, "/check-ins/"), (browser.get, "/admin/plans/checkin/"), (browser.get, "/admin/")]
    before = [cost(*one) for one in paths]
    for _ in range(3):
        plan = factories.make_plan(factories.make_patient(clinic.location), clinic.practitioner)
        factories.perform(plan.sessions.get(sequence=1), clinic.practitioner)
    assert date(2026, 3, 4) in CheckIn.objects.values_list("target_date", flat=True)
    assert [cost(*one) for one in paths] == before


def test_nobody_is_reminded_to_ask_when_the_answer_would_say_nothing_any_more(clinic, check_in, frozen):
    """The last window of the session closes on 11 March."""
    frozen.move_to("2026-03-25T15:00:00Z")
    assert check_ins_to_ask().count() == 1
    frozen.move_to("2026-03-26T15:00:00Z")
    assert check_ins_to_ask().count() == 0
    assert check_in_state_of(check_in) == "overdue"


def test_only_what_somebody_can_still_act_on_is_coloured(clinic, check_in, nurse, frozen):
    last = CheckIn.objects.latest("target_date")
    for day, badge in (("2026-03-25", "Overdue by 14 days"), ("2026-03-26", "No answer")):
        frozen.move_to(f"{day}T15:00:00Z")
        page = words(sign_in(nurse).get("/admin/plans/checkin/"))
        assert badge in page
        assert ("c-badge--stop" in page) is (badge != "No answer")
        offered = words(sign_in(nurse).get(url(clinic.patient)))
        assert (url(last, "answer") in offered) is (badge != "No answer")
    assert url(last, "answer") in words(sign_in(nurse).get(url(last))), "a late answer is still taken"


def test_what_ended_with_its_plan_is_not_coloured(clinic, check_in, nurse, frozen):
    frozen.move_to("2026-03-12T15:00:00Z")
    plan_discontinue(plan_id=clinic.plan.pk, by=None, reason="Moved away.")
    page = words(sign_in(nurse).get("/admin/plans/checkin/"))
    assert "Cancelled" in page
    assert "c-badge--stop" not in page


def test_who_has_answered_a_later_day_is_not_to_be_asked_how_they_were_before(clinic, check_in, nurse, frozen):
    first, second, *_ = CheckIn.objects.order_by("target_date")
    frozen.move_to("2026-03-08T15:00:00Z")
    assert {first, second} <= set(check_ins_to_ask())
    check_in_answer(check_in_id=second.pk, by=nurse, note="All well.")
    assert first not in set(check_ins_to_ask())
    browser = sign_in(nurse)
    assert url(first, "answer") not in words(browser.get("/admin/"))
    page = words(browser.get(url(clinic.patient)))
    assert "Not asked: a later one is answered" in page
    assert url(first, "answer") not in page
    assert "Not asked: a later one is answered" in words(browser.get("/admin/plans/checkin/"))
    assert url(first, "answer") in words(browser.get(url(first))), "a late answer is still taken"
