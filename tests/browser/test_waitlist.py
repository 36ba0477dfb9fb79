"""A free time given to somebody who waits, and a series booked at once: by mouse and by keyboard."""

from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect

from clinic import clock
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import appointment_book, waitlist_add
from tests.browser.test_console import House
from tests.factories import local, make_patient, make_plan, next_weekday


@pytest.fixture
def house(page):
    return House()


@pytest.fixture
def desk(page, web, house):
    client = Client()
    client.force_login(house.desk)
    value = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": value, "url": f"http://localhost:{web.port}"}])
    return page


def press(page, locator):
    """What the keyboard does: go there, then Enter."""
    locator.focus()
    page.keyboard.press("Enter")


def click(page, locator):
    locator.click()


@pytest.mark.parametrize("do", [click, press], ids=["mouse", "keyboard"])
def test_a_cancelled_visit_goes_to_who_waits_for_it(desk, house, do):
    page = desk
    day = next_weekday(house.location, after_days=10)
    visit = appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=local(house.location, day, "10:00"),
        consultation_for=make_patient(house.location, first_name="Bea", last_name="Birch"),
    )
    ash = make_patient(house.location, first_name="Ada", last_name="Ash")
    waitlist_add(by=None, patient=ash)

    page.goto(f"/admin/plans/appointment/{visit.pk}/change/")
    do(page, page.get_by_role("link", name="Cancel"))
    page.get_by_label("Who cancels").select_option("patient")
    do(page, page.get_by_role("button", name="Cancel the visit"))
    do(page, page.get_by_role("link", name="1 person on the waitlist fits the time that came free"))
    fits = page.get_by_role("region", name="Who fits")
    expect(fits).to_contain_text("Ada Ash")
    do(page, fits.get_by_role("button", name="Was told of it: Ada Ash"))
    expect(page.get_by_text("Ada Ash was told of")).to_be_visible()
    expect(fits).to_contain_text("Told, to answer")
    do(page, fits.get_by_role("button", name="Book this time for Ada Ash"))
    expect(page.get_by_text("Booked: Ada Ash")).to_be_visible()
    expect(fits).to_contain_text("Nobody on the waitlist fits this time")
    assert Appointment.objects.get(status="booked").patient == ash
    assert WaitlistEntry.objects.get().status == "booked"


@pytest.mark.parametrize("do", [click, press], ids=["mouse", "keyboard"])
def test_a_row_of_the_worklist_joins_the_waitlist_and_is_booked_from_there(desk, house, do):
    page = desk
    plan = make_plan(make_patient(house.location, first_name="Bea", last_name="Birch"), house.practitioner)
    page.goto("/admin/plans/followup/?state=due")
    do(page, page.get_by_role("link", name="Bea Birch"))
    side = page.locator("#desk-side")
    do(page, side.get_by_role("button", name="Waitlist"))
    expect(page.locator("#toasts")).to_contain_text("Bea Birch is on the waitlist.")
    entry = WaitlistEntry.objects.get()
    assert (entry.session.plan, entry.latest) == (plan, entry.session.window_end)
    do(page, side.get_by_role("link", name="On the waitlist"))
    expect(side.get_by_role("heading", level=2)).to_contain_text("Waits: Bea Birch · Session 1 of 3")
    do(page, side.locator("[data-best]"))
    expect(page.locator("#toasts")).to_contain_text("Booked: Bea Birch, ")
    expect(page.locator("#desk-list")).to_contain_text("Nobody waits.")
    entry.refresh_from_db()
    assert entry.status == "booked"


@pytest.mark.parametrize("do", [click, press], ids=["mouse", "keyboard"])
def test_a_series_is_looked_at_and_booked(desk, house, do):
    page = desk
    start = clock.today(house.location.zone) + timedelta(days=10)
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=start)
    page.goto(f"/admin/plans/treatmentplan/{plan.pk}/change/")
    do(page, page.get_by_role("link", name="Book the series"))
    page.get_by_label("Not before").fill("13:00")
    do(page, page.get_by_role("button", name="Look again"))
    first = page.get_by_label("Time of Session 1 of 3")
    expect(first.locator("option:checked")).to_contain_text("13:00")
    first.select_option(index=1)
    do(page, page.get_by_role("button", name="Book all"))
    expect(page.get_by_text("3 visits booked.")).to_be_visible()
    assert Appointment.objects.count() == 3


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_the_pages_fit_the_screen(desk, house, width, scheme):
    page = desk
    entry = waitlist_add(by=None, patient=make_patient(house.location), note="Rings back in the evening, late")
    plan = make_plan(make_patient(house.location), house.practitioner)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for path in ("waitlistentry/", f"waitlistentry/{entry.pk}/change/", f"treatmentplan/{plan.pk}/book-series/"):
        page.goto(f"/admin/plans/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
