"""What a mail says, read back the way a mail program reads it."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.mailboxes import ascii_address
from clinic.places.colours import contrast, shades
from patients.models import Patient
from plans.messages.links import Purpose, link_of
from plans.messages.models import STAFF_KINDS, MessageKind
from plans.messages.render import Logo, Mail, Place, one_line, render, zone_label
from plans.messages.rules import Offer, Recipient, Visit
from plans.messages.samples import sample_mail
from plans.messages.wording import Wording

KINDS = [MessageKind.CONFIRMATION, MessageKind.REMINDER, MessageKind.CHANGED, MessageKind.CANCELLED]
RENDERED = [kind for kind in MessageKind if kind != MessageKind.RECALL]
LANGUAGES = ["en", "es", "de", "ar"]


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
        patient_id=UUID("0199cccc-0000-7000-8000-000000000003"),
    )


def any_sample(kind: MessageKind, language: str = "en", place: Place = LINDEN) -> Mail:
    """Of whatever kind, a week before `STARTS_AT`."""
    return sample_mail(kind, place, now=STARTS_AT - timedelta(days=7), language=language)


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
        self.said: list[str] = []
        self.links: list[str] = []
        self._hidden = 0
        self._preview = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "title", "head")
        # What mail programs show beside the subject stands in a part that is not displayed.
        if "display:none" in (dict(attrs).get("style") or "").replace(" ", ""):
            self._preview = True
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title", "head")
        self._preview = False

    def handle_data(self, data: str) -> None:
        if not self._hidden and not self._preview and data.strip():
            self.words += data.split()
            self.said.append(data)


def without_spaces(text: str) -> str:
    return re.sub(r"[\s\u2066-\u2069]", "", text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", RENDERED)
def test_the_two_forms_of_a_mail_say_the_same(kind: MessageKind, language: str) -> None:
    rendered = render(any_sample(kind, language))
    text, page = rendered.text, Visible(rendered.html)
    urls = set(re.findall(r"https?://\S+", text))
    assert urls == {link for link in page.links if link.startswith("http")}
    assert urls or kind == MessageKind.CANCELLED
    in_text, in_page = without_spaces(text), without_spaces("".join(page.words))
    for said in page.said:
        assert without_spaces(said) in in_text, said
    for line in text.splitlines():
        # The line with date, time and zone stands in three places there.
        parts = re.split(r", | \(|\)|، (?:الساعة )?", line) if line.startswith("    ") else [line]
        for part in parts:
            said = without_spaces(re.sub(r"https?://\S+", "", part).strip().removesuffix(":"))
            assert said in in_page, part


def test_the_comparison_of_the_two_forms_sees_what_one_of_them_leaves_out() -> None:
    rendered = render(any_sample(MessageKind.REMINDER))
    page = Visible(rendered.html)
    assert {"Hello Mock", "Confirm", "I can’t come", "+1 212 555 0100", "09:30"} <= {said.strip() for said in page.said}
    assert len(set(page.links)) == 6


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Hello Mock", "Tuesday 24 November 2026", "09:30", "New York time, EST", "Confirm", "Another time"]),
        ("es", ["Hola, Mock:", "martes, 24 de noviembre de 2026", "9:30 h", "hora de Nueva York, UTC−05:00"]),
        ("de", ["Guten Tag Mock", "Dienstag, 24. November 2026", "09:30 Uhr", "Ortszeit New York, UTC−05:00"]),
        (
            "ar",
            ["مرحبًا \u2068Mock\u2069", "الثلاثاء، 24 نوفمبر 2026", "9:30 ص", "نيويورك", "\u2066+1 212 555 0100\u2069"],
        ),
    ],
)
def test_a_mail_speaks_the_patients_language_dates_and_times_included(language: str, said: list[str]) -> None:
    message = read(sample(language=language))
    for words in said:
        assert words in body(message, "plain")
    assert message["Content-Language"] == language


@pytest.mark.parametrize("kind", [kind for kind in RENDERED if kind not in STAFF_KINDS])
def test_no_english_word_is_left_in_arabic_but_names_and_what_runs_left_to_right_is_isolated(kind: MessageKind) -> None:
    rendered = render(any_sample(kind, "ar"))
    for text in (rendered.subject, rendered.text):
        own = re.sub(r"[\u2066\u2068][^\u2069]*\u2069|https?://\S+", "", text)
        assert not re.findall(r"[A-Za-z+]+", own)


def test_arabic_runs_from_right_to_left_and_keeps_phone_numbers_together() -> None:
    page = render(sample(language="ar")).html
    assert 'dir="rtl"' in page
    assert "text-align:right" in page
    assert 'align="left"' not in page
    assert '<bdi dir="ltr">' in page


@pytest.mark.parametrize("kind", RENDERED)
def test_each_kind_links_to_what_its_reader_is_to_do(kind: MessageKind) -> None:
    page = Visible(render(any_sample(kind)).html)
    tokens = {found.group(1) for link in page.links if (found := re.search(r"/p/([^/]+)/", link))}
    links = [link_of(token) for token in tokens]
    assert None not in links
    purposes = {link.purpose for link in links if link is not None}
    about = purposes - {Purpose.UNSUBSCRIBE}
    assert about == ABOUT[kind]
    assert (Purpose.UNSUBSCRIBE in purposes) == (kind in Patient.OptionalMail.values)
    assert [link.rsplit("/", 2)[1] for link in page.links if link.endswith(ACTS)] == ACTS_OF.get(kind, [])


VISIT = {Purpose.VISIT}
ABOUT = {
    MessageKind.CONFIRMATION: VISIT,
    MessageKind.REMINDER: VISIT,
    MessageKind.CHANGED: VISIT,
    MessageKind.CANCELLED: set(),
    MessageKind.PREPARATION: VISIT,
    MessageKind.AFTERCARE: {Purpose.AFTERCARE},
    MessageKind.CHECK_IN: {Purpose.CHECK_IN},
    MessageKind.OVERDUE: {Purpose.FOLLOW_UP},
    MessageKind.OFFER: {Purpose.OFFER},
    MessageKind.LINK: {Purpose.HOME},
    MessageKind.ESCALATION: set(),
    MessageKind.STUCK: set(),
    MessageKind.UNSEEN: set(),
}
ACTS = ("/confirm/", "/move/", "/cancel/", "/accept/", "/decline/", "/aftercare/")
ACTS_OF = {
    **{kind: ["confirm", "move", "cancel"] for kind in KINDS[:3]},
    MessageKind.OFFER: ["accept", "decline"],
    MessageKind.PREPARATION: ["aftercare"],
}


def test_an_offer_names_the_time_that_is_given_up_with_it_in_a_locations_own_words_too() -> None:
    mail = any_sample(MessageKind.OFFER)
    assert isinstance(mail.subject, Offer)
    assert "give that one up" not in render(mail).text
    own = {(MessageKind.OFFER, "en"): Wording("Free", "Would you like it?")}
    for place in (LINDEN, replace(LINDEN, wordings=own)):
        subject = replace(mail.subject, gives_up=datetime(2026, 12, 11, 15, 15, tzinfo=UTC))
        rendered = render(replace(mail, subject=subject, place=place))
        for form in (rendered.text, rendered.html):
            assert "Your visit is now on Friday 11 December 2026, 10:15." in form


def test_a_colleague_is_written_to_in_english_about_nobody_and_led_to_the_console() -> None:
    mail = any_sample(MessageKind.ESCALATION, "ar")
    rendered = render(mail)
    assert rendered.headers["Content-Language"] == "en"
    assert rendered.subject == "A patient’s answers need you now"
    assert f"/plans/checkin/{mail.subject.id}/alarm/" in rendered.text
    assert "/plans/patientmessage/" in render(any_sample(MessageKind.STUCK)).text
    assert "/p/" not in rendered.text.replace("/plans/", "")


def test_the_location_s_logo_and_colours_are_in_the_mail_itself() -> None:
    logo = Logo(b"\x89PNG picture", 120, 40)
    message = read(sample(place=replace(LINDEN, logo=logo, brand_colour="#ffb300")))
    (picture,) = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert picture.get_content() == logo.content
    page = body(message, "html")
    assert f"cid:{str(picture['Content-ID']).strip('<>')}" in page
    assert 'alt="Linden House"' in page
    assert "background-color:#ffb300; color:#000000;" in page, "dark text on a light button"
    assert 'class="link" style="color:#ffb300' not in page, "links in yellow cannot be read on white"


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ffe100", "#0f5f59", "#1d2124", "#7a7a7a", "#ff0000"])
def test_text_in_and_on_a_location_s_colour_can_be_read_by_day_and_by_night(colour: str) -> None:
    used = shades(colour)
    assert contrast(used.on_button, used.button) >= 4.5
    assert contrast(used.on_night_button, used.night_button) >= 4.5
    assert contrast(used.link, "#f1f3f4") >= 4.5
    assert contrast(used.night_link, "#1d2124") >= 4.5
    assert min(contrast(used.button, "#ffffff"), contrast(used.night_button, "#1d2124")) >= 1.5


def test_the_headers_lead_replies_to_the_location_and_name_the_message() -> None:
    message = read(sample())
    assert message["From"] == "Linden House <no-reply@visits.example>"
    assert message["To"] == "Mock <mock@example.com>"
    assert message["Reply-To"] == "Linden House <desk@linden.example>"
    assert message["Message-ID"] == "<0199aaaa-0000-7000-8000-000000000001@visits.example>"
    assert message["X-Clinic-Message"] == "0199aaaa-0000-7000-8000-000000000001"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == datetime(2026, 11, 17, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", RENDERED)
def test_what_a_patient_may_do_without_can_be_unsubscribed_from_with_one_click(kind: MessageKind) -> None:
    message = read(any_sample(kind))
    if kind in Patient.OptionalMail.values:
        by_web, by_mail = message["List-Unsubscribe"].split(", ")
        token = re.fullmatch(r"<https?://[^/]+/p/([^/]+)/unsubscribe/>", by_web).group(1)
        assert link_of(token).purpose == Purpose.UNSUBSCRIBE
        assert by_mail == "<mailto:desk@linden.example?subject=unsubscribe>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    else:
        assert message["List-Unsubscribe"] is None
        assert message["List-Unsubscribe-Post"] is None


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
        begin = "To find a new time, call us: +" if method == "CANCEL" else "Another time, or can’t come? Call us: +"
        assert event["DESCRIPTION"].startswith(begin)

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
    assert ascii_address("mock@faß.example") == "mock@xn--fa-hia.example", "not to the owner of fass.example"
    assert read(sample(to_address="mock@bücher.example"))["To"].addresses[0].domain == "xn--bcher-kva.example"


@pytest.mark.parametrize("address", ["", "mock", "@example.com", "mock@", "möck@example.com", "a\r\nRCPT@example.com"])
def test_an_address_that_no_server_takes_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|label|empty"):
        ascii_address(address)


def test_nothing_is_loaded_from_elsewhere_when_a_mail_is_opened() -> None:
    page = body(read(sample()), "html")
    assert not re.findall(r"<(?:img|link|script|iframe)\b|@import|@font-face|url\(", page)


def test_a_language_that_nobody_translates_is_written_in_english_dates_included() -> None:
    message = read(sample(language="fr"))
    assert "Tuesday 24 November 2026" in body(message, "plain")
    assert message["Content-Language"] == "en"


def test_the_label_of_a_zone_follows_the_instant() -> None:
    zone = ZoneInfo("Europe/Madrid")
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert zone_label(summer, zone) == "Madrid time, CEST"
    assert zone_label(summer + timedelta(days=180), zone) == "Madrid time, CET"
