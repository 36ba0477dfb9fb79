"""The SMTP server, and the pages that show what it took."""

import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import quote

import pytest
from django.urls import reverse

from clinic.local.inbox import Mail
from clinic.local.mailbox import Mailbox
from tests.factories import make_location
from tests.servers import servers

pytestmark = pytest.mark.django_db


def mail(**headers):
    message = EmailMessage()
    message["From"] = "Linden House <house@clinic.example>"
    message["To"] = "Ada <ada@patients.example>"
    message["Subject"] = "Your appointment"
    message["Date"] = "Mon, 02 Mar 2026 15:00:00 +0000"
    for name, value in headers.items():
        del message[name]
        message[name] = value
    message.set_content("See you at ten: https://clinic.example/p/abc/\n")
    message.add_alternative("<p>See you at <b>ten</b></p><script>alert(1)</script>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR\r\n", maintype="text", subtype="calendar", filename="invite.ics")
    return message


def send(message):
    with smtplib.SMTP(*servers.inbox.address) as client:
        client.send_message(message)


def test_a_mail_is_kept_as_it_came_below_its_envelope(mailbox):
    content = mail().as_bytes(policy=SMTP)
    with smtplib.SMTP(*servers.inbox.address) as client:
        client.sendmail("house@clinic.example", ["ada@patients.example", "guardian@patients.example"], content)
    (path,) = mailbox.files()
    envelope = (
        b"Return-Path: <house@clinic.example>\r\n"
        b"Delivered-To: ada@patients.example\r\nDelivered-To: guardian@patients.example\r\n"
    )
    assert path.read_bytes() == envelope + content
    assert path.parent == servers.home.mail / "new"
    assert not list((servers.home.mail / "tmp").iterdir())


def test_an_address_may_have_letters_of_any_script(mailbox):
    with smtplib.SMTP(*servers.inbox.address) as client:
        client.sendmail("a@clinic.example", ["дарья@пациент.example"], "Subject: x\r\n\r\nx", mail_options=["SMTPUTF8"])
    assert mailbox.wait_for(1)[0]["Delivered-To"] == "дарья@пациент.example"


def test_it_recovers_from_kill_9_on_the_same_port(mailbox):
    mailbox.kill()
    with pytest.raises(OSError, match="refused"):
        send(mail())
    mailbox.start()
    send(mail())
    assert len(mailbox.messages()) == 1


def test_a_stop_leaves_no_process(home, listener, start_process):
    server = start_process(Mailbox(home, listener))
    server.stop()
    assert not server.alive


@pytest.fixture
def key(mailbox):
    send(mail())
    return mailbox.files()[0].name


def test_an_empty_mailbox_says_why(client, mailbox):
    page = client.get("/mailbox/")
    assert page.status_code == 200
    assert "No mail has been sent yet" in page.text
    assert "grace period" in page.text


def test_the_list_shows_the_newest_first(client, mailbox):
    for number in range(3):
        send(mail(Subject=f"Mail {number}"))
    page = client.get("/mailbox/").text
    assert page.index("Mail 2") < page.index("Mail 1") < page.index("Mail 0")
    assert "3 mails" in page


def test_a_long_list_has_pages(client, mailbox):
    for number in range(51):
        send(mail(Subject=f"Mail {number}"))
    assert "Mail 0<" not in client.get("/mailbox/").text
    assert "Mail 0<" in client.get("/mailbox/?page=2").text
    assert client.get("/mailbox/?page=none").status_code == 200


def test_a_mail_is_found_by_name_address_or_subject_and_the_pages_keep_what_was_asked(client, mailbox):
    for number in range(51):
        send(mail(To=f"Mock Dogwood <mock{number}@patients.example>"))
    send(mail(Subject="How is it healing?"))
    for asked in ("HEALING", "ada@patients", "ada healing"):
        found = client.get("/mailbox/", {"q": asked}).text
        assert "1 mail about" in found
        assert "How is it healing?" in found
    assert "?page=2&amp;q=mock%20dogwood" in client.get("/mailbox/", {"q": "mock dogwood"}).text
    assert "No mail is to or about that." in client.get("/mailbox/", {"q": "<b>"}).text


def test_times_are_those_of_the_clinic(client, key):
    make_location("Linden House", timezone="America/New_York")
    page = client.get(reverse("local:mail-detail", args=[key])).text
    assert "Mon 2 Mar 2026, 10:00:00 EST" in page


def test_a_mails_page_shows_headers_text_and_attachments(client, key):
    page = client.get(reverse("local:mail-detail", args=[key])).text
    for shown in ("Linden House &lt;house@clinic.example&gt;", "Ada &lt;ada@patients.example&gt;", "Your appointment"):
        assert shown in page
    assert "2 Mar 2026, 15:00:00 UTC" in page
    assert "See you at ten" in page
    assert 'href="https://clinic.example/p/abc/"' in page
    assert "invite.ics · text/calendar" in page


def test_the_html_part_is_fenced_in(client, key):
    page = client.get(reverse("local:mail-detail", args=[key])).text
    assert "<script>alert" not in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    part = client.get(reverse("local:mail-html", args=[key]))
    assert "See you at <b>ten</b>" in part.text
    policy = part["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert part["X-Frame-Options"] == "SAMEORIGIN"


def test_an_attachment_is_downloaded_never_shown(client, key):
    part = client.get(reverse("local:mail-part", args=[key, 1]))
    assert part["Content-Disposition"] == 'attachment; filename="invite.ics"'
    assert part["X-Content-Type-Options"] == "nosniff"
    assert b"".join(part.streaming_content) == b"BEGIN:VCALENDAR\r\n"
    assert client.get(reverse("local:mail-part", args=[key, 2])).status_code == 404


def test_the_source_is_the_file(client, key, mailbox):
    raw = client.get(reverse("local:mail-raw", args=[key]))
    assert raw["Content-Type"] == "text/plain; charset=utf-8"
    assert raw.content == mailbox.files()[0].read_bytes()


@pytest.mark.parametrize("key", ["no-such-mail", "..", "../secret_key", "..%2f..%2fsecret_key", "\x00"])
def test_only_what_the_mailbox_holds_is_shown(client, mailbox, key):
    assert client.get(f"/mailbox/{quote(key, safe='%')}/").status_code == 404
    assert client.get(f"/mailbox/{quote(key, safe='%')}/raw/").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?b?broken\r\nDate: yesterday\r\nFrom: <<>>\r\n\r\n",
        b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: application/pdf\r\n\r\nno end",
        "Subject: مرحبا 🌱\r\n\r\n<b>&amp;".encode(),
    ],
)
def test_a_mail_that_breaks_the_rules_is_shown_all_the_same(client, mailbox, content):
    with smtplib.SMTP(*servers.inbox.address) as peer:
        peer.sendmail("a@clinic.example", ["b@patients.example"], content)
    key = mailbox.files()[0].name
    assert client.get("/mailbox/").status_code == 200
    assert client.get(reverse("local:mail-detail", args=[key])).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_mailbox_is_for_looking(client, mailbox, method):
    assert getattr(client, method)("/mailbox/").status_code == 405


def test_a_mail_with_an_address_that_is_none_is_shown_as_it_came(tmp_path):
    path = tmp_path / "odd"
    path.write_bytes(
        b"From: desk@linden.example\r\nTo: =?utf-8?q?a=0D=0Ab?= <x@y.example>\r\nSubject: s\r\n\r\nHello\r\n"
    )
    assert "x@y.example" in Mail(path).recipients
