"""The patient pages in a real browser: without scripts, by keyboard, on small screens, and no fault that axe finds."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from clinic import clock
from clinic.places.models import OpeningHours
from plans.consultations.services import screening_items_seed
from plans.followups.models import CheckInReport
from plans.messages.links import Link, Purpose
from plans.messages.models import PatientMessage
from plans.protocols.services import protocols_seed
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, waitlist_add, waitlist_offer
from tests.browser.test_accessibility import RULES, faults
from tests.factories import local, make_location, make_patient, make_plan, make_practitioner, perform


class Patient:
    """Somebody with a visit in ten days, a session three days ago, a check-in that is due, and an offer."""

    def __init__(self):
        cache.clear()
        protocols_seed()
        screening_items_seed()
        self.location = make_location("Linden House", street="12 Linden Street", city="New York")
        OpeningHours.objects.bulk_create(
            OpeningHours(location=self.location, weekday=day, opens_at="08:00", closes_at="18:00") for day in (6, 7)
        )
        practitioner = make_practitioner(self.location, first_name="Robin", last_name="Rowan")
        self.patient = make_patient(self.location)
        today = clock.today(self.location.zone)
        with clock.moved_to(clock.now() - timedelta(days=3)):
            plan = make_plan(self.patient, practitioner, start_date=today - timedelta(days=3))
            self.session = perform(plan.sessions.earliest("sequence"), practitioner)
        self.visit = appointment_book(
            by=None,
            location=self.location,
            practitioner=practitioner,
            starts_at=local(self.location, today + timedelta(days=10), "10:00"),
            consultation_for=self.patient,
        )
        entry = waitlist_add(by=None, patient=make_patient(self.location))
        self.entry = waitlist_offer(
            entry_id=entry.pk,
            by=None,
            starts_at=local(self.location, today + timedelta(days=5), "10:00"),
            practitioner=practitioner,
        )
        self.check_in = self.session.check_ins.order_by("target_date")[1]
        self.follow_up = plan.follow_ups.earliest("target_date")

    def path(self, purpose, row, name=""):
        return f"/p/{Link(purpose, row.pk, 1).token}/{name}"

    def tell_birth(self, page):
        for name, value in (("day", "17"), ("month", "5"), ("year", "1985")):
            page.locator(f"input[name={name}]").fill(value)
        page.locator("main form button").click()


@pytest.fixture
def patient(page):
    return Patient()


@pytest.fixture
def plain(chromium, web, page):
    """A page in a browser without scripts, 320 pixels wide."""
    context = chromium.new_context(
        base_url=f"http://localhost:{web.port}",
        java_script_enabled=False,
        viewport={"width": 320, "height": 640},
    )
    yield context.new_page()
    context.close()


def test_confirm_move_cancel_and_answer_without_scripts(patient, plain):
    plain.goto(patient.path(Purpose.VISIT, patient.visit))
    plain.get_by_role("button", name="Confirm").click()
    expect(plain.get_by_role("status")).to_contain_text("Thank you.")
    plain.get_by_role("link", name="Another time").click()
    time = plain.get_by_role("radio").nth(1)
    said = plain.locator(".time").nth(1).inner_text()
    time.check(force=True)
    plain.get_by_role("button", name="Move my visit").click()
    expect(plain.get_by_role("status")).to_contain_text("has been moved")
    expect(plain.locator(".when__time")).to_have_text(said)
    plain.get_by_role("link", name="I can’t come").click()
    plain.get_by_role("button", name="Yes, cancel").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("This visit is cancelled")
    visit = Appointment.objects.get(pk=patient.visit.pk)
    assert (visit.status, visit.revision) == ("cancelled", 3)

    plain.goto(patient.path(Purpose.CHECK_IN, patient.check_in))
    patient.tell_birth(plain)
    answers = {"pain": "3", "swelling": "none", "redness": "some", "bleeding": "none", "signs": "fever"}
    for name, value in answers.items():
        plain.locator(f'input[name="{name}"][value="{value}"]').check(force=True)
    plain.get_by_role("button", name="Send my answers").click()
    expect(plain.get_by_role("alert")).to_contain_text("Call us now:")
    expect(plain.get_by_role("alert").get_by_role("link")).to_have_attribute("href", "tel:+12125550100")
    assert CheckInReport.objects.get().red_flags == ["fever"]
    assert PatientMessage.objects.filter(kind="escalation").count() == 1


def test_no_page_has_a_serious_fault_or_needs_more_than_320_pixels(patient, page):
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = []
    visit, home = patient.path(Purpose.VISIT, patient.visit), patient.path(Purpose.HOME, patient.patient)
    page.goto(f"{home}progress/")
    found += [f"date of birth: {fault}" for fault in faults(page, RULES)]
    patient.tell_birth(page)
    paths = {
        "visit": visit,
        "move": f"{visit}move/",
        "cancel": f"{visit}cancel/",
        "preferences": f"{visit}preferences/",
        "home": home,
        "progress": f"{home}progress/",
        "care": patient.path(Purpose.AFTERCARE, patient.session),
        "check-in": patient.path(Purpose.CHECK_IN, patient.check_in),
        "follow-up": patient.path(Purpose.FOLLOW_UP, patient.follow_up),
        "offer": patient.path(Purpose.OFFER, patient.entry),
        "unsubscribe": patient.path(Purpose.UNSUBSCRIBE, patient.patient),
        "lost": "/p/",
    }
    for language in ("en", "ar"):
        for name, path in paths.items():
            cache.clear()  # many pages in a minute
            page.set_viewport_size({"width": 320, "height": 640})
            page.emulate_media(color_scheme="light")
            page.goto(f"{path}?language={language}")
            where = f"{name}, {language}"
            found += [f"{where}: {fault}" for fault in faults(page, RULES)]
            wide = page.evaluate("document.documentElement.scrollWidth")
            found += [f"{where}: {wide} pixels wide"] if wide > 320 else []
            page.emulate_media(color_scheme="dark")
            found += [f"{where}, dark: {fault}" for fault in faults(page, ["color-contrast"])]
    assert not found, "\n".join(found)


def test_a_visit_is_moved_by_keyboard_alone(patient, page):
    page.goto(patient.path(Purpose.VISIT, patient.visit))
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    while page.locator(":focus").inner_text() != "Another time":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Another time")
    page.locator("body").press("Tab")
    while page.locator(":focus").get_attribute("type") != "radio":
        page.keyboard.press("Tab")
    outline = "element => getComputedStyle(element.nextElementSibling).outlineStyle"
    assert page.locator(":focus").evaluate(outline) == "solid", "the focus can be seen"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("has been moved")


def test_no_page_asks_another_host_for_anything(patient, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(patient.path(Purpose.VISIT, patient.visit))
    hosts = {re.sub(r"^(https?://[^/]+).*", r"\1", url) for url in asked}
    assert len(asked) >= 3
    assert len(hosts) == 1
