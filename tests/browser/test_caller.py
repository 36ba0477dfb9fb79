"""The desk with a phone at one ear: from the first digits to a booked consultation, by mouse and by keyboard."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from patients.models import Patient
from plans.scheduling.models import Appointment
from tests.browser.test_console import House
from tests.factories import make_patient

CALLER = "/admin/plans/appointment/new-caller/"


@pytest.fixture
def house(page):
    return House()


@pytest.fixture(autouse=True)
def desk(page, web, house):
    """The browser is signed in as the desk."""
    client = Client()
    client.force_login(house.desk)
    value = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": value, "url": f"http://localhost:{web.port}"}])


def test_a_call_becomes_a_booked_consultation_by_mouse(page):
    page.goto("/admin/")
    page.get_by_role("link", name="New caller").click()
    page.get_by_label("Phone", exact=True).fill("ask her son")
    expect(page.get_by_text("does not look like a phone number")).to_be_visible()
    page.get_by_label("Phone", exact=True).fill("+1 212 555 0199")
    expect(page.get_by_text("Nobody we know so far.")).to_be_visible()
    page.get_by_label("First name").fill("Pia")
    page.get_by_label("Last name").fill("Pine")
    guardian = page.get_by_label("Guardian", exact=True)
    expect(guardian).to_be_hidden()
    page.get_by_label("Date of birth").fill("2020-04-02")
    expect(guardian).to_be_visible()
    page.get_by_label("Date of birth").fill("1990-04-02")
    expect(guardian).to_be_hidden()
    page.get_by_label("What it is about").fill("Thinning crown")
    page.get_by_role("button", name="Book consultation").click()
    expect(page.get_by_role("alert")).to_have_text("errorChoose one of the free times, or “Will call back”.")
    shown = page.locator(".c-choice").count()
    page.get_by_role("button", name="More days").click()
    page.locator(".c-choice").nth(shown).click()
    page.get_by_role("button", name="Book consultation").click()
    expect(page.get_by_text("Booked: Pia Pine, Consultation")).to_be_visible()
    visit = Appointment.objects.get()
    assert (visit.patient.phone_digits, visit.note) == ("12125550199", "Thinning crown")


def test_a_call_becomes_a_booked_consultation_by_keyboard_alone(page):
    page.goto("/admin/")
    page.keyboard.press("n")
    expect(page.get_by_label("Phone", exact=True)).to_be_focused()
    page.keyboard.type("2125550199")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody we know so far.")).to_be_visible()
    for text in ("Pia", "Pine", "04021990"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.get_by_label("Date of birth").press("Tab")
    tab_to(page, page.get_by_label("What it is about"))
    page.keyboard.type("Thinning crown")
    tab_to(page, page.locator("input[name=slot]").first)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator("input[name=slot]").nth(1)).to_be_checked()
    tab_to(page, page.get_by_role("button", name="Book consultation"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Booked: Pia Pine, Consultation")).to_be_visible()
    assert Patient.objects.get(last_name="Pine").date_of_birth.isoformat() == "1990-04-02"


def tab_to(page, control) -> None:
    """Press Tab until `control` has the focus; a control that no key reaches fails the test."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if control.evaluate("element => element === document.activeElement"):
            return
    expect(control).to_be_focused()


def test_a_shared_number_finds_the_family(page, house, complaints):
    make_patient(
        house.location, first_name="Mona", last_name="Pine", phone="+1 212 555 0199", email="pines@example.com"
    )
    page.goto(CALLER)
    page.get_by_label("First name").fill("Paul")
    page.get_by_label("Phone", exact=True).fill("(212) 555-0199")
    known = page.get_by_role("region", name="Do we know them?")
    expect(known).to_contain_text("On this number")
    page.get_by_label("What it is about").fill("Second opinion")
    expect(known.get_by_role("link", name="Book for her")).to_be_visible()
    known.get_by_role("link", name="Somebody new of the family of Mona Pine").click()
    expect(page.get_by_label("Email", exact=True)).to_have_value("pines@example.com")
    expect(page.get_by_label("First name")).to_have_value("Paul")
    page.get_by_label("First name").fill("Mona")
    page.get_by_label("Last name").fill("Pine")
    page.get_by_label("Date of birth").fill("1985-05-17")
    expect(known).to_contain_text("Likely the same person")
    page.locator(".c-choice").first.click()
    page.get_by_role("button", name="Book consultation").click()
    expect(page.get_by_text("Nothing was saved yet.")).to_be_visible()
    assert complaints.pop().endswith("409 (Conflict)")
    page.get_by_role("button", name="It is her: book for").click()
    expect(page.get_by_text("Booked: Mona Pine, Consultation")).to_be_visible()
    assert Appointment.objects.get().note == "Second opinion"
    assert Patient.objects.filter(last_name="Pine").count() == 1


def test_a_patient_who_walks_in_is_seen_by_who_is_free(page, house):
    page.goto(f"/admin/patients/patient/{house.patient.pk}/change/")
    page.get_by_role("link", name="Is here now").first.click()
    page.get_by_label("Note").fill("Rash")
    page.get_by_role("button", name="Begin now: Dr Rowan").click()
    expect(page.get_by_text("Ada Aspen is here: today")).to_be_visible()
    visit = Appointment.objects.get()
    assert (visit.status, visit.note, visit.messages.count()) == ("arrived", "Rash", 0)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_the_pages_fit_the_screen(page, house, width, scheme):
    house.visit(24, consultation_for=house.patient, note="A very long note " * 20)
    make_patient(house.location, first_name="Mona", last_name="Pine" * 12, phone="+1 212 555 0199")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for path in (
        f"{CALLER}?phone=2125550199",
        f"{CALLER}?here=1",
        f"/admin/plans/appointment/walk-in/?patient={house.patient.pk}",
        f"/admin/patients/patient/{house.patient.pk}/change/",
        "/admin/plans/appointment/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_caller_is_booked_without_script(page, house, web, chromium):
    context = chromium.new_context(base_url=f"http://localhost:{web.port}", java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(CALLER)
    plain.get_by_label("Phone", exact=True).fill("+1 212 555 0141")
    plain.get_by_role("button", name="Look whether we know them").click()
    expect(plain.get_by_role("link", name="Ada Aspen", exact=True)).to_be_visible()
    plain.get_by_label("First name").fill("Pia")
    plain.get_by_label("Last name").fill("Pine")
    plain.get_by_label("Date of birth").fill("2015-04-02")
    plain.get_by_label("Guardian", exact=True).fill("Mona Pine")
    plain.get_by_label("Relationship").fill("mother")
    plain.get_by_role("button", name="More days").click()
    expect(plain.get_by_label("First name")).to_have_value("Pia")
    plain.locator("input[name=slot]").nth(2).check(force=True)
    plain.get_by_role("button", name="Book consultation").click()
    expect(plain.get_by_text("Booked: Pia Pine, Consultation")).to_be_visible()
    assert Appointment.objects.get().patient.guardian.name == "Mona Pine"
    context.close()
