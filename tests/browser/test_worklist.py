"""The desk's worklist in a browser: from due to booked, by mouse and by keyboard; two desks at once.

With WORKLIST_PICTURES each step is kept as a picture in the folder it names.
"""

import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from clinic import clock
from clinic.access.roles import Role
from clinic.places.models import Location
from plans.followups.models import ContactAttempt
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from tests.browser.test_console import House
from tests.factories import make_patient, make_plan, make_user

LIST = "/admin/plans/followup/"
DUE = f"{LIST}?state=due"
POLLED = 60_000
"""Milliseconds in which the list asks for news more than once."""


@pytest.fixture
def house(page):
    """Two patients whose first session is due today. No time is so near that its mail leaves at once."""
    house = House()
    Location.objects.update(lead_minutes=15)
    today = clock.today(house.location.zone)
    other = make_patient(house.location, first_name="Bea", last_name="Birch")
    make_plan(other, house.practitioner, start_date=today)
    return house


@pytest.fixture
def sign_in(page, web) -> Callable[..., None]:
    def give(user, context=None):
        client = Client()
        client.force_login(user)
        value = client.cookies["sessionid"].value
        cookie = {"name": "sessionid", "value": value, "url": f"http://localhost:{web.port}"}
        (context or page.context).add_cookies([cookie])

    return give


@pytest.fixture
def picture(request) -> Callable[[Page, str], None]:
    """Keep what the page shows, where somebody wants it."""
    folder = os.environ.get("WORKLIST_PICTURES")

    def take(page: Page, step: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{request.node.name}-{step}.png")

    return take


def counted(page: Page) -> Callable[[], int]:
    """How often the mouse was clicked since."""
    page.evaluate("window.clicks = 0; addEventListener('click', (one) => { if (one.isTrusted) clicks += 1 }, true)")
    return lambda: page.evaluate("window.clicks")


def row_of(page: Page, name: str):
    return page.locator("#desk-list li").filter(has_text=name)


def test_from_due_to_booked_in_two_clicks_and_back_by_one(page, house, sign_in, picture):
    sign_in(house.desk)
    page.goto(DUE)
    picture(page, "1-due")
    clicks = counted(page)
    row_of(page, "Ada Aspen").click()
    side = page.locator("#desk-side")
    expect(side.get_by_role("heading", level=2)).to_contain_text("Book: Ada Aspen · Session 1 of 4")
    picture(page, "2-open")
    side.get_by_role("button", name="Book ").first.click()
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("Booked: Ada Aspen")
    expect(toast).to_contain_text(re.compile(r"Mail leaves in \d+ s"))
    assert clicks() == 2
    picture(page, "3-booked")
    assert Appointment.objects.get().status == "booked"
    expect(row_of(page, "Ada Aspen")).to_have_count(0)
    expect(page.locator("#tab-due .c-count")).to_have_text("1")
    expect(page.get_by_role("link", name="Bea Birch")).to_be_focused()
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text("Ada Aspen: undone.")
    expect(page.get_by_role("link", name="Ada Aspen")).to_be_focused()
    expect(page.locator("#tab-due .c-count")).to_have_text("2")
    picture(page, "4-undone")
    assert Appointment.objects.get().status == "cancelled"


def test_escape_closes_an_open_row_before_the_note_with_the_way_back(page, house, sign_in):
    sign_in(house.desk)
    page.goto(DUE)
    row_of(page, "Ada Aspen").click()
    best, undo = page.locator("#desk-side [data-best]"), page.locator("#toasts").get_by_role("button", name="Undo")
    best.click()
    expect(undo).to_be_visible()
    row_of(page, "Bea Birch").click()
    expect(best).to_be_focused()
    page.keyboard.press("Escape")
    expect(best).to_have_count(0)
    expect(undo).to_be_visible()
    page.keyboard.press("Escape")
    expect(undo).to_have_count(0)


def test_from_due_to_booked_by_keyboard_alone(page, house, sign_in, picture):
    sign_in(house.desk)
    page.goto(DUE)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    picture(page, "1-keys")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Ada Aspen")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Bea Birch")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    best = page.locator("#desk-side [data-best]")
    expect(best).to_be_focused()
    picture(page, "2-open")
    page.keyboard.press("Escape")
    expect(best).to_have_count(0)
    expect(page.get_by_role("link", name="Ada Aspen")).to_be_focused()
    page.keyboard.press("Enter")
    expect(best).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Booked: Ada Aspen")
    expect(page.get_by_role("link", name="Bea Birch")).to_be_focused()
    picture(page, "3-booked")
    page.keyboard.press("u")
    expect(page.locator("#toasts")).to_contain_text("Ada Aspen: undone.")
    assert Appointment.objects.get().status == "cancelled"


def test_a_call_is_written_down_in_two_clicks_and_its_day_changed_after(page, house, sign_in, picture):
    sign_in(house.desk)
    page.goto(DUE)
    clicks = counted(page)
    row_of(page, "Ada Aspen").click()
    page.get_by_role("button", name="No answer").click()
    side = page.locator("#desk-side")
    expect(side.get_by_role("status")).to_contain_text("Ada Aspen: no answer, again ")
    assert clicks() == 2
    picture(page, "1-recorded")
    expect(row_of(page, "Ada Aspen")).to_contain_text("1 try · no answer")
    side.get_by_label("Note").fill("Rings out")
    side.get_by_role("button", name="Save").click()
    expect(side.get_by_role("button", name="Saved")).to_be_visible()
    attempt = ContactAttempt.objects.get()
    assert (attempt.note, attempt.attempted_by) == ("Rings out", house.desk)
    page.keyboard.press("u")
    expect(page.locator("#toasts")).to_contain_text("Ada Aspen: “no answer” is taken back.")
    expect(row_of(page, "Ada Aspen")).not_to_contain_text("1 try")
    expect(row_of(page, "Ada Aspen").locator(".d-row__open")).to_be_focused()
    expect(side).to_contain_text("Book: Ada Aspen")
    assert not ContactAttempt.objects.exists()
    picture(page, "2-taken-back")


def test_a_second_desk_sees_who_is_on_it_and_then_the_row_go(page, house, sign_in, web, chromium, picture):
    ana = make_user((house.location, Role.FRONT_DESK), first_name="Ana", last_name="Ortiz")
    context = chromium.new_context(base_url=f"http://localhost:{web.port}")
    try:
        sign_in(ana, context)
        sign_in(house.desk)
        hers = context.new_page()
        page.goto(DUE)
        row_of(page, "Bea Birch").click()
        page.locator("#desk-side").get_by_text("Skip").click()
        day = page.locator("#desk-side").get_by_label("Try again on")
        day.focus()
        hers.goto(DUE)
        row_of(hers, "Ada Aspen").click()
        expect(row_of(page, "Ada Aspen")).to_contain_text("Ana is on it", timeout=POLLED)
        expect(day).to_be_focused()
        picture(page, "1-taken")
        hers.locator("#desk-side [data-best]").click()
        expect(row_of(page, "Ada Aspen")).to_have_count(0, timeout=POLLED)
        expect(day).to_be_focused()
        expect(page.locator("#desk-side")).to_contain_text("Book: Bea Birch")
        picture(page, "2-gone")
        # She books the one that is open here, too.
        row_of(hers, "Bea Birch").click()
        expect(hers.locator("#desk-side")).to_contain_text("is on it.")
        hers.locator("#desk-side [data-best]").click()
        expect(page.locator("#desk-side").get_by_role("alert")).to_contain_text(
            "Booked by Ana Ortiz just now", timeout=POLLED
        )
        picture(page, "3-booked-elsewhere")
    finally:
        context.close()


def test_a_time_that_is_taken_meanwhile_says_so_and_offers_others(page, house, sign_in, picture):
    sign_in(house.desk)
    page.goto(DUE)
    row_of(page, "Ada Aspen").click()
    best = page.locator("#desk-side [data-best]")
    taken = best.get_attribute("value")
    appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=datetime.fromisoformat(taken.partition("|")[2]),
        consultation_for=make_patient(house.location),
    )
    best.click()
    alert = page.locator("#desk-side").get_by_role("alert")
    expect(alert).to_contain_text("The practitioner is booked at this time. Nothing was changed.")
    expect(page.locator(f"#desk-side [value='{taken}']")).to_have_count(0)
    expect(best).to_be_visible()
    picture(page, "refused")
    assert not Appointment.objects.filter(session__isnull=False).exists()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_the_list_and_an_open_row_fit_the_screen(page, house, sign_in, picture, width, scheme):
    sign_in(house.desk)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(DUE)
    row = row_of(page, "Ada Aspen")
    row.get_by_role("link", name="Ada Aspen").click(position={"x": 5, "y": 5})
    best = page.locator("#desk-side [data-best]")
    expect(best).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    below = page.evaluate("document.getElementById('desk-list').contains(document.getElementById('desk-side'))")
    assert below is (width == 390), "on a phone it stands below its row"
    picture(page, "open")
    best.click()
    expect(page.locator("#toasts")).to_contain_text("Booked: Ada Aspen")
    picture(page, "booked")
