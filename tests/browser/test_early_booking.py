"""Booking before the window, in a browser: the practitioner decides it with a reason, the desk cannot."""

from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect

from clinic import clock
from plans.scheduling.models import Appointment
from tests.browser.test_console import House
from tests.factories import make_patient, make_plan


@pytest.fixture
def house(page):
    return House()


@pytest.fixture
def later(house):
    """The first session of a plan that starts in ten days."""
    patient = make_patient(house.location, first_name="Bea", last_name="Birch")
    start = clock.today(house.location.zone) + timedelta(days=10)
    return make_plan(patient, house.practitioner, start_date=start).sessions.get(sequence=1)


@pytest.fixture
def sign_in(page, web):
    def give(user):
        client = Client()
        client.force_login(user)
        value = client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": value, "url": f"http://localhost:{web.port}"}])

    return give


def test_the_desk_reads_why_and_from_when_and_cannot_book_earlier(page, house, later, sign_in, complaints):
    sign_in(house.desk)
    page.goto(f"/admin/plans/appointment/add/?session={later.pk}")
    blocked = page.get_by_role("list", name="Days that are blocked")
    expect(blocked).to_contain_text("The first possible day is")
    expect(blocked).to_contain_text("The plan starts on")
    expect(page.get_by_text("Book a blocked day anyway")).to_have_count(0)
    page.get_by_text("Another time or room, or a note").click()
    expect(page.get_by_label("Reason to book all the same")).to_have_count(0)
    page.get_by_label("Day", exact=True).fill((later.window_start - timedelta(days=1)).isoformat())
    page.get_by_label("Time", exact=True).fill("12:00")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("Too early: the window opens on")
    assert complaints.pop().endswith("409 (Conflict)")
    assert not Appointment.objects.exists()


def test_the_practitioner_books_a_blocked_day_and_everybody_sees_that_and_why(page, house, later, sign_in):
    sign_in(house.practitioner.user)
    page.goto(f"/admin/plans/appointment/add/?session={later.pk}")
    page.get_by_role("link", name="Book a blocked day anyway").click()
    page.get_by_role("button", name="Book: ").first.click()
    expect(page.get_by_role("alert").first).to_contain_text("Say why this visit is to be earlier")
    assert not Appointment.objects.exists()
    page.get_by_label("Why this early?").fill("Flies home on Sunday")
    page.get_by_role("button", name="Book: ").first.click()
    expect(page.get_by_text("Booked: Bea Birch, Session 1 of 3")).to_be_visible()
    visit = Appointment.objects.get()
    assert (visit.is_early, visit.override_reason) == (True, "Flies home on Sunday")

    sign_in(house.desk)
    page.goto(f"/admin/plans/appointment/{visit.pk}/change/")
    visit_card = page.get_by_role("region", name="The visit")
    expect(visit_card).to_contain_text("Early")
    expect(visit_card).to_contain_text("Flies home on Sunday")
    expect(page.get_by_role("region", name="What happened")).to_contain_text("Flies home on Sunday")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_the_page_of_blocked_days_fits_the_screen(page, house, later, sign_in, width, scheme):
    sign_in(house.practitioner.user)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for path in (f"?session={later.pk}", f"?session={later.pk}&early=1"):
        page.goto(f"/admin/plans/appointment/add/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
