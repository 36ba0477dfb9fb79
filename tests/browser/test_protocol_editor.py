"""The protocol editor as a manager uses it: a change is seen on the calendar before it is saved."""

import re

import pytest
from django.test import Client
from playwright.sync_api import expect

from clinic.access.roles import Role
from plans.consultations.services import screening_items_seed
from plans.protocols.models import Protocol
from plans.protocols.services import protocols_seed
from tests.factories import make_location, make_patient, make_plan, make_practitioner, make_user


@pytest.fixture
def manager(page, web):
    protocols_seed()
    screening_items_seed()
    location = make_location("Linden House")
    make_plan(make_patient(location), make_practitioner(location), status="draft")
    client = Client()
    client.force_login(make_user((location, Role.MANAGER)))
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": f"http://localhost:{web.port}"}])
    page.set_viewport_size({"width": 1440, "height": 900})


def test_an_offset_is_changed_seen_to_move_and_saved_as_version_2(page, manager):
    before = Protocol.objects.get(code="prp")
    page.goto(f"/admin/plans/protocol/{before.pk}/change/")
    page.get_by_role("link", name="Edit as the next version").click()
    expect(page.get_by_text("1 plan follows version 1 and keeps it.")).to_be_visible()
    calendar = page.locator("#protocol-calendar")
    page.get_by_label("A course that starts on").fill("2026-03-02")

    def drawn(day: str):
        return calendar.get_by_role("img", name=re.compile(f"Session 2 of 3 · PRP: .*best {day}"))

    expect(drawn("30 Mar 2026")).to_be_visible()

    step = page.get_by_role("listitem", name="Step 2", exact=True)
    days = step.get_by_label("After, days")
    days.fill("9")
    expect(step.get_by_role("status")).to_contain_text("session 2 would come 9 days after session 1; at least 14 days")
    expect(drawn("16 Mar 2026")).to_be_visible()
    days.fill("42")
    expect(step.get_by_role("status")).to_be_empty()
    expect(drawn("13 Apr 2026")).to_be_visible()
    expect(days).to_be_focused()
    assert Protocol.objects.filter(code="prp").count() == 1, "nothing is written by looking"

    page.get_by_role("textbox", name="What is different").fill("Six weeks apart")
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("PRP: version 2 is what new plans take.")).to_be_visible()
    versions = page.get_by_role("region", name="Versions")
    expect(versions).to_contain_text("Six weeks apart")
    expect(versions).to_contain_text("1 plan follows it")
    after = Protocol.objects.get(code="prp", is_current=True)
    assert (after.version_number, after.steps.get(position=2).offset_days) == (2, 42)
    assert before.steps.get(position=2).offset_days == 28


def test_rows_are_moved_by_keyboard_alone_and_added_where_they_belong(page, manager):
    protocol = Protocol.objects.get(code="prp")
    page.goto(f"/admin/plans/protocol/{protocol.pk}/edit/")
    page.get_by_role("button", name="Move step 5, Check-in, day 3, up").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move step 4, Check-in, day 3, up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move step 3, Check-in, day 3, up")).to_be_focused()
    page.get_by_role("button", name="Follow-up visit").press("Enter")
    added = page.get_by_role("listitem", name="Step 10", exact=True)
    expect(added.get_by_label("Title", exact=True)).to_be_focused()
    page.keyboard.type("A look")
    expect(page.locator("#protocol-calendar")).to_contain_text("A look")
    expect(added.get_by_label("Blocked under")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem", name="Step 10", exact=True).get_by_label("Title", exact=True)).to_have_value(
        "A look"
    )
    assert Protocol.objects.filter(code="prp").count() == 1, "Enter draws, it does not save"
