"""What is typed and not saved is neither lost by following a link nor passed over by an act."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from plans.consultations.models import Consultation
from plans.consultations.services import screening_items_seed
from plans.protocols.services import protocols_seed
from plans.treatment.services import session_start
from tests.factories import make_consultation, make_location, make_patient, make_plan, make_practitioner


@pytest.fixture
def house(page, web):
    protocols_seed()
    screening_items_seed()
    location = make_location("Linden House")
    practitioner = make_practitioner(location)
    client = Client()
    client.force_login(practitioner.user)
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": f"http://localhost:{web.port}"}])
    return make_patient(location, first_name="Ada", last_name="Aspen", sex="male"), practitioner


@pytest.fixture
def asked(page):
    """What the browser asked before it left a page; it stays each time."""
    questions = []

    def stay(dialog):
        questions.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    return questions


def leave(page):
    page.get_by_role("link", name="Patients").first.click()


def test_signing_waits_until_what_was_typed_is_in_the_record(page, house):
    draft = make_consultation(*house, signed=False)
    page.goto(f"/admin/plans/consultation/{draft.pk}/change/")
    page.get_by_role("radiogroup", name="Active cancer").get_by_label("Yes").check(force=True)
    sign = page.get_by_role("link", name="Sign", exact=True)
    sign.focus()
    page.keyboard.press("Enter")
    first = page.get_by_role("dialog", name="Save first")
    expect(first.get_by_role("button", name="Save")).to_be_focused()
    page.keyboard.press("Escape")
    expect(first).to_be_hidden()
    expect(sign).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text("consultation: saved.")).to_be_visible()
    assert Consultation.objects.get().status == "draft"
    page.get_by_role("link", name="Sign", exact=True).click()
    dialog = page.get_by_role("dialog", name="Sign")
    expect(dialog).to_contain_text("Active cancer")
    dialog.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("consultation signed.")).to_be_visible()
    assert draft.screening_answers.get(item__label__startswith="Active cancer").boolean is True


def test_a_form_that_nobody_touched_is_left_without_a_question_and_a_changed_one_is_not(page, house, asked):
    draft = make_consultation(*house, signed=False)
    page.goto(f"/admin/plans/consultation/{draft.pk}/change/")
    leave(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Patients")
    page.goto(f"/admin/plans/consultation/{draft.pk}/change/")
    page.get_by_label("Goals").fill("More density.")
    leave(page)
    expect(page.get_by_label("Goals")).to_have_value("More density.")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("consultation: saved.")).to_be_visible()
    leave(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Patients")
    assert asked == ["beforeunload"]


def test_what_was_refused_is_still_unsaved(page, house, asked):
    patient, _ = house
    page.goto(f"/admin/plans/consultation/add/?patient={patient.pk}")
    page.get_by_label("Goals").fill("Keep what is there.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Please correct the errors below.")).to_be_visible()
    leave(page)
    expect(page.get_by_label("Goals")).to_have_value("Keep what is there.")
    assert asked == ["beforeunload"]


def test_a_session_that_is_being_charted_is_not_lost(page, house, asked):
    patient, practitioner = house
    session = make_plan(patient, practitioner).sessions.get(sequence=1)
    session_start(session_id=session.pk, by=practitioner.user)
    page.goto(f"/admin/plans/proceduresession/{session.pk}/perform/")
    page.get_by_label("Pain").fill("3")
    leave(page)
    expect(page.get_by_label("Pain")).to_have_value("3")
    assert asked == ["beforeunload"]
