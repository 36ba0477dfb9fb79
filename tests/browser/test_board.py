"""The day board in a browser: by mouse, by keyboard, and two desks at once."""

from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect

from clinic import clock
from clinic.access.roles import Role
from clinic.places.models import OpeningHours
from clinic.places.wallclock import local_day_bounds
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from tests.factories import make_location, make_patient, make_practitioner, make_user

BOARD = "/admin/plans/appointment/"


class Clinic:
    """Two practitioners in a clinic that is open all day and where it is about noon."""

    def __init__(self):
        ahead = 12 - clock.now().hour
        zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
        self.location = make_location("Linden House", timezone=zone, hours=("00:00", "23:45"))
        OpeningHours.objects.bulk_create(
            OpeningHours(location=self.location, weekday=day, opens_at="00:00", closes_at="23:45") for day in (6, 7)
        )
        self.rowan = make_practitioner(self.location, first_name="Robin", last_name="Rowan")
        self.marlow = make_practitioner(self.location, first_name="Maria", last_name="Marlow")
        self.desk = make_user((self.location, Role.FRONT_DESK), first_name="Frances", last_name="Fern")
        self.midnight = local_day_bounds(clock.today(self.location.zone), self.location.zone)[0]

    def at(self, hour, minute=0):
        return self.midnight + timedelta(hours=hour, minutes=minute)

    def book(self, name, hour, practitioner=None, **fields):
        first, last = name.split()
        return appointment_book(
            by=None,
            location=self.location,
            practitioner=practitioner or self.rowan,
            starts_at=self.at(hour),
            consultation_for=make_patient(self.location, first_name=first, last_name=last),
            **fields,
        )


@pytest.fixture
def clinic(page):
    return Clinic()


@pytest.fixture
def board(page, clinic, web):
    """Open the board as somebody, in the test's browser or in another one."""

    def open_as(user, at=page, query=""):
        client = Client()
        client.force_login(user)
        value = client.cookies["sessionid"].value
        at.context.add_cookies([{"name": "sessionid", "value": value, "url": f"http://localhost:{web.port}"}])
        at.set_viewport_size({"width": 1440, "height": 900})
        at.goto(f"{BOARD}{query}")
        return at

    return open_as


def block(page, name):
    return page.locator(".b-visit", has=page.get_by_role("link", name=name))


def column(page, name):
    return page.get_by_role("group", name=name)


def drag(page, name, to, rows):
    """Drag a visit by mouse to another column, `rows` of five minutes down."""
    visit = block(page, name)
    visit.scroll_into_view_if_needed()
    box, target = visit.bounding_box(), column(page, to).bounding_box()
    height = target["height"] / int(page.locator("#board-body").get_attribute("data-rows"))
    page.mouse.move(box["x"] + 40, box["y"] + 6)
    page.mouse.down()
    page.mouse.move(target["x"] + 60, box["y"] + 6 + rows * height / 2, steps=4)
    page.mouse.move(target["x"] + 60, box["y"] + 6 + rows * height, steps=4)
    expect(page.locator(".b-ghost")).to_be_visible()
    page.mouse.up()


def test_a_visit_is_dragged_to_another_time_and_practitioner_and_the_move_is_undone(page, clinic, board):
    visit = clinic.book("Ada Aspen", 14)
    board(clinic.desk)
    drag(page, "Ada Aspen", "Dr Marlow", 6)
    toast = page.locator(".c-toast")
    expect(toast).to_contain_text("Moved to today 14:30 with Dr Marlow")
    expect(toast).to_contain_text("Mail leaves in")
    expect(column(page, "Dr Marlow").get_by_role("link", name="14:30 to 15:00, Ada Aspen")).to_be_visible()
    visit.refresh_from_db()
    assert (visit.starts_at, visit.practitioner) == (clinic.at(14, 30), clinic.marlow)
    toast.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Ada Aspen: undone. Today 14:00 with Dr Rowan")).to_be_visible()
    expect(column(page, "Dr Rowan").get_by_role("link", name="14:00 to 14:30, Ada Aspen")).to_be_visible()


def test_a_visit_is_dragged_to_another_room_and_a_refused_drop_names_who_is_there(page, clinic, board):
    mine = clinic.book("Ada Aspen", 14)
    clinic.book("Sam Birchwood", 15, clinic.marlow)
    board(clinic.desk, query="?by=room")
    drag(page, "Ada Aspen", "Room 1", 9)
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("Room 1 is taken by S. Birchwood from 15:00.")
    expect(refusal).to_contain_text("Ada Aspen stays at 14:00 with Dr Rowan, Room 1.")
    expect(column(page, "Room 1").get_by_role("link", name="14:00 to 14:30, Ada Aspen")).to_be_visible()
    mine.refresh_from_db()
    assert mine.revision == 1
    page.keyboard.press("Escape")
    expect(refusal).to_be_hidden()
    drag(page, "Ada Aspen", "Room 2", 9)
    expect(column(page, "Room 2").get_by_role("link", name="14:45 to 15:15, Ada Aspen")).to_be_visible()


def test_who_may_books_over_another_visit_where_the_drop_was_refused(page, clinic, board):
    clinic.book("Sam Birchwood", 15)
    clinic.book("Ada Aspen", 14)
    board(clinic.rowan.user)
    drag(page, "Ada Aspen", "Dr Rowan", 12)
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("Dr Rowan is with S. Birchwood until 15:30.")
    refusal.get_by_label("Why?").fill("Bleeding")
    refusal.get_by_role("button", name="Book over it").click()
    expect(
        page.get_by_role("link", name="Ada Aspen, Consultation, Dr Rowan, Room 2, Booked, Overbooked")
    ).to_be_visible()


def test_the_same_by_keyboard_alone(page, clinic, board):
    visit = clinic.book("Ada Aspen", 14)
    board(clinic.desk)
    page.get_by_role("link", name="Ada Aspen").focus()
    said = page.locator("#board-said")
    page.keyboard.press("Shift+ArrowDown")
    expect(said).to_have_text("Ada Aspen to 14:15 until 14:45, Dr Rowan")
    page.keyboard.press("Escape")
    expect(said).to_have_text("Ada Aspen stays")
    expect(page.locator(".b-ghost")).to_have_count(0)
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")
    expect(said).to_have_text("Ada Aspen to 14:30 until 15:00, Dr Marlow")
    page.keyboard.press("Enter")
    moved = column(page, "Dr Marlow").get_by_role("link", name="14:30 to 15:00, Ada Aspen")
    expect(moved).to_be_focused()
    visit.refresh_from_db()
    assert (visit.starts_at, visit.practitioner) == (clinic.at(14, 30), clinic.marlow)
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name="Visit")
    expect(card.get_by_role("button", name="Is here")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ada Aspen is here.")).to_be_visible()
    expect(page.get_by_role("link", name="Ada Aspen, Consultation, Dr Marlow, Room 1, Here")).to_be_visible()


def test_an_empty_place_is_booked_by_a_click_and_by_keyboard(page, clinic, board):
    make_patient(clinic.location, first_name="Ada", last_name="Aspen")
    board(clinic.desk)
    place = column(page, "Dr Marlow")
    rows = int(page.locator("#board-body").get_attribute("data-rows"))
    page.locator("#board-scroll").evaluate("frame => { frame.scrollTop = frame.scrollHeight; }")
    box = place.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + box["height"] / rows * 12 * 20 + 3)
    expect(page.locator(".b-ghost--free")).to_have_text("+ 20:00")
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text("Today 20:00 with Dr Marlow")).to_be_visible()
    page.get_by_label("For whom?").fill("aspen")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Consultation").click()
    page.get_by_role("button", name="Book this time").click()
    expect(column(page, "Dr Marlow").get_by_role("link", name="20:00 to 20:30, Ada Aspen")).to_be_visible()
    assert Appointment.objects.get().practitioner == clinic.marlow
    page.locator("#board-scroll").focus()
    page.keyboard.press("n")
    free = page.get_by_role("button", name="Book")
    expect(free).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(free).to_be_focused()
    expect(free).to_have_accessible_name(r := free.get_attribute("aria-label"))
    assert r.endswith("Dr Rowan")
    page.keyboard.press("Enter")
    expect(page.get_by_label("For whom?")).to_be_focused()


def test_one_click_says_that_the_patient_is_here_and_a_second_browser_sees_it_all(page, clinic, board, web, chromium):
    clinic.book("Ada Aspen", 14)
    context = chromium.new_context(base_url=f"http://localhost:{web.port}")
    other = board(make_user((clinic.location, Role.FRONT_DESK)), context.new_page())
    expect(other.get_by_role("link", name="14:00 to 14:30, Ada Aspen")).to_be_visible()
    board(clinic.desk)
    page.get_by_role("button", name="Is here: Ada Aspen").click()
    expect(page.get_by_text("Ada Aspen is here.")).to_be_visible()
    other.bring_to_front()
    expect(other.get_by_role("link", name="Room 1, Here")).to_be_visible()
    clinic.book("Sam Birchwood", 16)
    expect(other.get_by_role("link", name="16:00 to 16:30, Sam Birchwood")).to_be_visible()
    context.close()


def click(target):
    target.click()


def press(target):
    target.focus()
    target.press("Enter")


@pytest.mark.parametrize("do", [click, press], ids=["mouse", "keyboard"])
def test_from_a_visits_card_it_is_here_took_place_was_missed_or_cancelled_without_leaving(page, clinic, board, do):
    clinic.book("Cleo Cedar", 14)
    for name, hour in (("Ada Aspen", 9), ("Sam Birchwood", 10)):
        clinic.book(name, 15 + hour % 5)
        Appointment.objects.filter(patient__last_name=name.split()[1]).update(
            starts_at=clinic.at(hour),
            ends_at=clinic.at(hour, 30),
            practitioner_busy=(clinic.at(hour), clinic.at(hour, 30)),
            room_busy=(clinic.at(hour), clinic.at(hour, 30)),
        )
    board(clinic.desk)
    address, card = page.url, page.get_by_role("dialog", name="Visit")
    page.evaluate("window.stays = true")
    do(page.get_by_role("link", name="Ada Aspen"))
    do(card.get_by_role("button", name="Is here"))
    do(page.get_by_role("link", name="Ada Aspen, Consultation, Dr Rowan, Room 1, Here"))
    do(card.get_by_role("button", name="Took place"))
    expect(page.get_by_role("link", name="Ada Aspen, Consultation, Dr Rowan, Room 1, Done")).to_be_visible()
    do(page.get_by_role("link", name="Sam Birchwood"))
    do(card.get_by_role("button", name="No-show"))
    expect(page.locator(".c-toast", has_text="Sam Birchwood did not come.")).to_be_visible()
    expect(page.get_by_role("link", name="Sam Birchwood, Consultation, Dr Rowan, Room 1, No-show")).to_be_focused()
    page.keyboard.press("u")
    expect(page.get_by_role("link", name="Sam Birchwood, Consultation, Dr Rowan, Room 1, No-show")).to_have_count(0)
    do(page.get_by_role("link", name="Sam Birchwood"))
    do(card.get_by_role("button", name="No-show"))
    expect(page.get_by_role("link", name="Sam Birchwood, Consultation, Dr Rowan, Room 1, No-show")).to_be_focused()
    do(page.get_by_role("link", name="Cleo Cedar"))
    do(card.get_by_role("link", name="Cancel"))
    page.get_by_label("Who cancels").select_option("patient")
    do(page.get_by_role("button", name="Cancel the visit"))
    expect(page.locator(".c-toast", has_text="Cleo Cedar: cancelled.").get_by_text("Mail leaves in")).to_be_visible()
    expect(page.get_by_role("link", name="Cleo Cedar")).to_have_count(0)
    page.keyboard.press("u")
    expect(page.get_by_role("link", name="14:00 to 14:30, Cleo Cedar")).to_be_visible()
    assert (page.url, page.evaluate("window.stays")) == (address, True)
    assert set(Appointment.objects.values_list("status", flat=True)) == {"fulfilled", "no_show", "booked"}


def test_the_keyboard_reaches_the_visits_in_three_stops_and_the_keys_have_a_page(page, clinic, board):
    clinic.book("Ada Aspen", 14)
    clinic.book("Sam Birchwood", 15)
    board(clinic.desk)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the visits")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ada Aspen")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Sam Birchwood")).to_be_focused()
    assert page.locator('.b-visit [tabindex="0"]').count() == 1
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_the_board_fits_a_phone_and_scrolls_in_its_frame(page, clinic, board):
    clinic.book("Ada Aspen", 14)
    board(clinic.desk)
    page.set_viewport_size({"width": 390, "height": 844})
    for query in ("", "?by=room", "?view=week", "?view=month", "?view=list"):
        page.goto(f"{BOARD}{query}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, query


def test_what_is_not_saved_says_so_and_everything_stays(page, clinic, board, complaints):
    visit = clinic.book("Ada Aspen", 14)
    board(clinic.desk)
    said = page.get_by_role("alert")
    for answer, words in (
        (lambda route: route.abort(), "Not saved: no connection."),
        (lambda route: route.fulfill(status=500), "Not saved: something went wrong here."),
    ):
        page.route("**/board/drop/", answer)
        drag(page, "Ada Aspen", "Dr Marlow", 6)
        expect(said).to_contain_text(words)
        expect(said).to_contain_text("Nothing was changed.")
        expect(page.locator(".b-ghost")).to_have_count(0)
        page.unroute("**/board/drop/")
    page.route("**/*part=board*", lambda route: route.abort())
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Is here: Ada Aspen").click()
    expect(said).to_contain_text("You are signed out: sign in again.")
    expect(said.get_by_role("link", name="Sign in")).to_be_visible()
    expect(page.locator("#toasts input")).to_have_count(0)
    visit.refresh_from_db()
    assert (visit.revision, visit.status) == (1, "booked")
    assert "undefined" not in complaints, "no script failed"
    complaints.clear()  # that requests failed, which is what this is about
