"""What a mail says, read back the way a mail program reads it."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plans
from plans.messages.models import MessageKind
from plans.messages.render import Mail, Place, ascii_address, one_line, render, zone_label
from plans.messages.rules import Recipient, Visit

KINDS = [MessageKind.CONFIRMATION, MessageKind.REMINDER, MessageKind.CHANGED, MessageKind.CANCELLED]
CLINICAL = re.compile(
    r"prp\b|platelet|plasma|\bstem|\bcells?\b|exosom|needl|harvest|marrow|adipose|inject|hair|scalp|alopec|\bbald|treat|"
    r"therap|session|procedure|diagnos|norwood|ludwig|graft|blood|follow-?up|consult|doctor|patient|medic|\blot\b|dose",
    re.IGNORECASE,
)


STARTS_AT = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
LINDEN = Place(
    "Linden House",
    ZoneInfo("America/New_York"),
    "12 Linden Street, 10011 New York",
    "+1 212 555 0100",
    "desk@linden.example",
)


def sample(
    kind: MessageKind = MessageKind.CONFIRMATION,
    *,
    starts_at: datetime = STARTS_AT,
    first_name: str = "Mock",
    to_address: str = "mock@example.com",
    language: str = "en",
    place: Place = LINDEN,
) -> Mail:
    status = "cancelled" if kind == MessageKind.CANCELLED else "booked"
    key = UUID("0199bbbb-0000-7000-8000-000000000002")
    return Mail(
        id=UUID("0199aaaa-0000-7000-8000-000000000001"),
        kind=kind,
        message_id="<0199aaaa-0000-7000-8000-000000000001@visits.example>",
        recipient=Recipient(first_name, to_address, language),
        subject=Visit(key, "session", status, 3, starts_at, starts_at + timedelta(minutes=30)),
        link_generation=1,
        place=place,
        from_address="no-reply@visits.example",
        written_at=datetime(2026, 11, 17, 15, 0, tzinfo=UTC),
    )


def read(mail: Mail) -> EmailMessage:
    return email.message_from_bytes(render(mail).as_bytes(), policy=email.policy.default)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


class Visible(HTMLParser):
    """The words of a page as they are read, and where its links go."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "title", "head")
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title", "head")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_has_text_and_html_that_say_the_same(kind: MessageKind) -> None:
    message = read(sample(kind))
    text, page = body(message, "plain"), Visible(body(message, "html"))
    for said in ("Hello Mock", "Tuesday", "24 November 2026", "09:30", "New York time, EST", "Linden House"):
        assert said in text
        assert said in " ".join(page.words)
    assert "12 Linden Street, 10011 New York" in text
    assert "+1 212 555 0100" in text
    assert "tel:+12125550100" in page.links
    assert set(re.findall(r"https?://\S+", text)) == {link for link in page.links if link.startswith("http")}
    missing = set(text.split()) - set(page.words) - {"Show", "on", "a", "map:"} - set(re.findall(r"https?://\S+", text))
    assert {re.sub(r"\W", "", word) for word in missing} <= {re.sub(r"\W", "", word) for word in page.words} | {"map"}


@pytest.mark.parametrize("kind", KINDS)
def test_no_clinical_word_stands_anywhere_in_a_mail(kind: MessageKind) -> None:
    message = read(sample(kind))
    found = [str(value) for value in message.values()]
    for part in message.walk():
        found += [part.get_content_type(), part.get_filename() or ""]
        if part.get_content_maintype() == "text":
            content = part.get_content()
            found.append(content if isinstance(content, str) else content.decode())
    for text in found:
        assert not CLINICAL.findall(text)


def test_no_clinical_word_stands_in_the_templates() -> None:
    room = Path(plans.__file__).parent
    templates = [path for path in (room / "templates" / "messages").rglob("*") if path.is_file()]
    assert len(templates) >= 2
    for path in templates:
        assert not CLINICAL.findall(path.read_text())


def test_the_headers_lead_replies_to_the_location_and_name_the_message() -> None:
    message = read(sample())
    assert message["From"] == "Linden House <no-reply@visits.example>"
    assert message["To"] == "Mock <mock@example.com>"
    assert message["Reply-To"] == "Linden House <desk@linden.example>"
    assert message["Message-ID"] == "<0199aaaa-0000-7000-8000-000000000001@visits.example>"
    assert message["X-Clinic-Message"] == "0199aaaa-0000-7000-8000-000000000001"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == datetime(2026, 11, 17, 15, 0, tzinfo=UTC)


def test_only_reminders_can_be_unsubscribed_from() -> None:
    assert read(sample(MessageKind.REMINDER))["List-Unsubscribe"] == "<mailto:desk@linden.example?subject=unsubscribe>"
    assert read(sample(MessageKind.CONFIRMATION))["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    ("starts_at", "zone", "said"),
    [
        ("2026-03-06T15:00Z", "America/New_York", "10:00 (New York time, EST)"),
        ("2026-03-09T14:00Z", "America/New_York", "10:00 (New York time, EDT)"),
        ("2026-10-26T09:00Z", "Europe/Madrid", "10:00 (Madrid time, CET)"),
        ("2026-11-01T05:30Z", "America/New_York", "01:30 (New York time, EDT)"),
        ("2026-11-01T06:30Z", "America/New_York", "01:30 (New York time, EST)"),
        ("2026-11-01T06:30Z", "America/Sao_Paulo", "03:30 (Sao Paulo time, UTC−03:00)"),
        ("2026-11-01T06:30Z", "Asia/Kathmandu", "12:15 (Kathmandu time, UTC+05:45)"),
        ("2026-11-01T06:30Z", "UTC", "06:30 (UTC)"),
    ],
)
def test_a_time_is_the_location_s_and_names_its_zone(starts_at: str, zone: str, said: str) -> None:
    place = replace(sample().place, zone=ZoneInfo(zone))
    message = read(sample(starts_at=datetime.fromisoformat(starts_at), place=place))
    assert said in body(message, "plain")
    assert said in body(message, "html")


class TestCalendar:
    def invitation(self, mail: Mail) -> icalendar.Calendar:
        (part,) = [part for part in read(mail).walk() if part.get_content_type() == "text/calendar"]
        assert part.get_content_charset() == "utf-8"
        assert len(re.findall("charset", str(part["Content-Type"]))) == 1
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert all(len(line) <= 75 for line in content.split(b"\r\n")), "lines are folded"
        calendar = icalendar.Calendar.from_ical(content)
        assert isinstance(calendar, icalendar.Calendar)
        assert not calendar.errors
        assert part.get_param("method") == calendar["METHOD"]
        return calendar

    @pytest.mark.parametrize(
        ("kind", "method", "status"),
        [
            (MessageKind.CONFIRMATION, "REQUEST", "CONFIRMED"),
            (MessageKind.CHANGED, "REQUEST", "CONFIRMED"),
            (MessageKind.CANCELLED, "CANCEL", "CANCELLED"),
        ],
    )
    def test_a_notice_carries_the_visit_as_a_calendar_entry(self, kind: MessageKind, method: str, status: str) -> None:
        calendar = self.invitation(sample(kind))
        (event,) = calendar.walk("VEVENT")
        assert not event.errors
        assert (calendar["METHOD"], event["STATUS"]) == (method, status)
        assert event["UID"] == "0199bbbb-0000-7000-8000-000000000002@localhost"
        assert event["SEQUENCE"] == 3
        assert (event.start, event.end) == (STARTS_AT, STARTS_AT + timedelta(minutes=30))
        assert event["SUMMARY"] == "Visit at Linden House"
        assert event["ORGANIZER"] == "mailto:desk@linden.example"
        assert event["ATTENDEE"] == "mailto:mock@example.com"
        assert event["DTSTAMP"].dt == sample().written_at

    def test_a_reminder_carries_none(self) -> None:
        assert not [part for part in read(sample(MessageKind.REMINDER)).walk() if "calendar" in part.get_content_type()]

    def test_the_same_entry_can_be_opened_from_an_attachment(self) -> None:
        (attachment,) = read(sample()).iter_attachments()
        assert attachment.get_filename() == "visit.ics"
        assert icalendar.Calendar.from_ical(attachment.get_content())["METHOD"] == "REQUEST"


HOSTILE = [
    "Mock\r\nBcc: everybody@example.com",
    "Mock\nSubject: other\n\nbody",
    "Mock\x0b\x0c\u2028\u2029\x85X",
    "مريم 🌿",
    'Quo"te, <x@y.z>; {{ name }} {% now "Y" %} & <b>',
    "\u202eevil",
    "x" * 100,
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_no_name_can_add_a_header_or_markup(kind: MessageKind, name: str) -> None:
    place = replace(sample().place, name=name, address=name)
    message = read(sample(kind, first_name=name, place=place))
    assert message["Bcc"] is None
    assert len(message.get_all("Subject", [])) == 1
    assert message["To"].addresses[0].addr_spec == "mock@example.com"
    assert message["To"].addresses[0].display_name == one_line(name)
    assert message["From"].addresses[0].addr_spec == "no-reply@visits.example"
    assert "<b>" not in body(message, "html")
    assert " ".join(f"Hello {one_line(name)}".split()) in " ".join(body(message, "plain").split())
    assert "evil" not in name or "\u202e" not in body(message, "plain")
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            event = icalendar.Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")[0]
            assert event["SUMMARY"] == f"Visit at {one_line(name)}"


@settings(deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_any_name_survives_the_way_through_a_header(name: str) -> None:
    message = read(sample(first_name=name, place=replace(sample().place, name=name)))
    assert not message.defects
    assert message["To"].addresses[0].addr_spec == "mock@example.com"
    assert message["X-Clinic-Message"]
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            icalendar.Calendar.from_ical(part.get_payload(decode=True))


def test_a_mail_is_seven_bit_with_short_lines_that_end_in_cr_lf() -> None:
    content = render(sample(first_name="Zoë 🌿" * 20)).as_bytes()
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert not [line for line in content.split(b"\r\n\r\n", 1)[1].split(b"\r\n") if len(line) > 100]


def test_an_international_domain_is_written_as_dns_knows_it() -> None:
    assert ascii_address("mock@bücher.example") == "mock@xn--bcher-kva.example"
    assert read(sample(to_address="mock@bücher.example"))["To"].addresses[0].domain == "xn--bcher-kva.example"


@pytest.mark.parametrize("address", ["", "mock", "@example.com", "mock@", "möck@example.com", "a\r\nRCPT@example.com"])
def test_an_address_that_no_server_takes_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|label|empty"):
        ascii_address(address)


def test_nothing_is_loaded_from_elsewhere_when_a_mail_is_opened() -> None:
    page = body(read(sample()), "html")
    assert not re.findall(r"<(?:img|link|script|iframe)\b|@import|@font-face|url\(", page)


def test_a_language_without_a_catalogue_is_written_in_english_dates_included() -> None:
    message = read(sample(language="de"))
    assert "Tuesday 24 November 2026" in body(message, "plain")
    assert message["Content-Language"] == "en"


def test_the_label_of_a_zone_follows_the_instant() -> None:
    zone = ZoneInfo("Europe/Madrid")
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert zone_label(summer, zone) == "Madrid time, CEST"
    assert zone_label(summer + timedelta(days=180), zone) == "Madrid time, CET"
