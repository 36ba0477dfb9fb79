"""Mail words as a manager writes them: the mail changes beside the words, and nothing is saved that cannot be sent."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from clinic.access.roles import Role
from plans.messages.models import MessageWording
from tests.factories import make_location, make_user


@pytest.fixture
def manager(page, web):
    location = make_location("Linden House")
    client = Client()
    client.force_login(make_user((location, Role.MANAGER)))
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": f"http://localhost:{web.port}"}])
    page.set_viewport_size({"width": 1440, "height": 900})


def test_words_are_seen_in_the_mail_while_they_are_written_and_saved_once_they_are_right(page, manager):
    page.goto("/admin/plans/messagewording/")
    page.get_by_role("link", name="Reminder").click()
    page.get_by_role("link", name="Deutsch").click()
    mail = page.frame_locator("iframe[title='The mail']")
    expect(mail.get_by_text("wir freuen uns auf Ihren Besuch bei Linden House.")).to_be_visible()

    words = page.get_by_label("What it says")
    words.fill("Liebe {name},\n\nkommen Sie gut zu uns nach {plaza}!")
    expect(page.get_by_text("{plaza} is unknown here.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("{plaza} is unknown here.")
    assert not MessageWording.objects.exists()

    words.fill("Liebe {name},\n\nkommen Sie gut zu uns nach {place}!")
    expect(mail.get_by_text("kommen Sie gut zu uns nach Linden House!")).to_be_visible()
    expect(mail.get_by_role("link", name="Bestätigen")).to_be_visible()

    page.get_by_role("radio", name="Dark").check()
    card = mail.locator(".card").first
    expect(card).to_have_css("background-color", "rgb(29, 33, 36)")
    page.get_by_role("radio", name="Phone").check()
    expect(page.locator("iframe[title='The mail']")).to_have_css("width", "390px")
    page.get_by_role("radio", name="Plain text").check()
    expect(page.locator("pre")).to_contain_text("kommen Sie gut zu uns nach Linden House!")

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Reminder, Deutsch: saved.")).to_be_visible()
    assert MessageWording.objects.get().language == "de"
    page.get_by_role("button", name="Standard words again").click()
    expect(page.get_by_text("the standard words stand again")).to_be_visible()
    assert not MessageWording.objects.exists()


def test_a_draft_is_not_lost_by_looking_at_another_language(page, manager):
    page.goto("/admin/plans/messagewording/")
    page.get_by_role("link", name="Reminder").click()
    page.get_by_role("radio", name="Dark").check()
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_label("What it says")).to_have_attribute("lang", "en")
    assert asked == [], "nothing was written"
    words = page.get_by_label("What it says")
    words.fill("Dear {name}")
    page.get_by_role("link", name="Deutsch").click()
    expect(words).to_have_value("Dear {name}")
    assert asked == ["beforeunload"]
    page.get_by_label("Subject").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_role("link", name="Deutsch").click()
    expect(words).to_have_value("Dear {name}")
    assert asked == ["beforeunload", "beforeunload"], "what was refused is a draft still"
