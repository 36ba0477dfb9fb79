import smtplib
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

from tests.servers import servers


@pytest.fixture
def mail(mailbox):
    message = EmailMessage()
    message["From"] = "Linden House <house@clinic.example>"
    message["To"] = "Somebody with a long name <somebody.with.a.long.name@a-long-domain.patients.example>"
    message["Subject"] = "Your appointment on Monday, 2 March 2026 at 10:00"
    message.set_content("See you at ten.\n")
    message.add_alternative("<p>See you at <a href='/health/live'>ten</a></p>", subtype="html")
    with smtplib.SMTP(*servers.inbox.address) as client:
        client.send_message(message)
    return message


@pytest.mark.parametrize("width", [390, 1440])
def test_a_mail_can_be_found_and_read_at_any_width(page, mail, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/mailbox/")
    page.get_by_role("link", name=mail["Subject"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(mail["Subject"])
    expect(page.frame_locator("iframe").get_by_text("See you at")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_link_in_a_mail_opens_outside_of_its_frame(page, mail):
    page.goto("/mailbox/")
    page.get_by_role("link", name=mail["Subject"]).click()
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="ten").click()
    expect(opened.value.get_by_text("ok")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(mail["Subject"])
