"""What a location sends, as a manager sets it: what a booking would send changes beside it, and is saved once it can
be."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from clinic.access.roles import Role
from plans.messages.models import MessagePolicy
from tests.factories import make_location, make_user


@pytest.fixture
def manager(page, web):
    location = make_location("Linden House")
    client = Client()
    client.force_login(make_user((location, Role.MANAGER)))
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": f"http://localhost:{web.port}"}])
    page.set_viewport_size({"width": 1440, "height": 900})


def test_what_a_booking_would_send_follows_every_change_before_it_is_saved(page, manager):
    page.goto("/admin/plans/messagepolicy/")
    reminders = page.get_by_role("group", name="Reminder")
    preview = page.locator("#policy-preview")
    expect(reminders.get_by_text("7 days before at 10:00, 1 day before at 10:00, 3 hours before")).to_be_visible()
    expect(preview.get_by_text("Reminder, 7 days before")).to_be_visible()

    reminders.get_by_role("radio", name="Own times").check(force=True)
    first = reminders.get_by_label("Reminder: how long").first
    first.fill("5")
    expect(preview.get_by_text("Reminder, 5 days before")).to_be_visible()
    expect(preview.get_by_text("Reminder, 7 days before")).to_have_count(0)
    expect(first).to_be_focused()

    first.fill("x")
    expect(reminders.get_by_text("Line 1: “x” is not a whole number of days before the visit.")).to_be_visible()
    first.fill("5")
    expect(page.get_by_text("has to be mended")).to_have_count(0)

    reminders.get_by_role("button", name="Remove this line").nth(1).click()
    expect(reminders.get_by_label("Reminder: how long")).to_have_count(2)
    page.get_by_role("group", name="Check-in").get_by_role("radio", name="Off").check(force=True)
    expect(preview.get_by_text("Check-in, day 1")).to_have_count(0)
    assert not MessagePolicy.objects.exists()

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Linden House: saved.")).to_be_visible()
    assert sorted(map(str, MessagePolicy.objects.all())) == [
        "Check-in, at 10:00",
        "Reminder, 3 hours before",
        "Reminder, 5 days before at 10:00",
    ]
