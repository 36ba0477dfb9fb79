"""A calendar feed as a document: valid for two parsers that know nothing of each other, and exact to the second."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plans.scheduling.feeds.document import Calendar, Entry, calendar
from tests.plans.scheduling import rfc5545

NEW_YORK, MADRID, KATHMANDU = ZoneInfo("America/New_York"), ZoneInfo("Europe/Madrid"), ZoneInfo("Asia/Kathmandu")
START = datetime(2026, 3, 9, 14, tzinfo=UTC)
ENTRY = Entry(
    uid="0195-visit@clinic.example",
    revision=3,
    changed_at=datetime(2026, 3, 2, 15, 0, 0, 123456, UTC),
    starts_at=START,
    ends_at=START + timedelta(minutes=45),
    title="Session 2 of 3",
    who="Patient",
    room="Room 2",
    practitioner="",
)
FEED = Calendar("Dr Rowan · Linden House", "Linden House", "desk@linden.example", NEW_YORK, [ENTRY])


def strictly_parsed(document: bytes) -> icalendar.Calendar:
    """By icalendar, which keeps what it could not understand of a property instead of raising."""
    parsed = icalendar.Calendar.from_ical(document)
    assert [component.errors for component in parsed.walk() if component.errors] == []
    assert parsed.to_ical() == document
    return parsed


def test_an_event_says_when_what_and_where_and_nothing_else() -> None:
    (event,) = rfc5545.read(calendar(FEED)).components

    assert event.text("UID") == ENTRY.uid
    assert event.text("SUMMARY") == "Session 2 of 3 · Patient"
    assert event.text("LOCATION") == "Room 2, Linden House"
    assert event.values("DTSTART") == ["20260309T140000Z"]
    assert event.values("DTEND") == ["20260309T144500Z"]
    assert event.values("DTSTAMP") == event.values("LAST-MODIFIED") == ["20260302T150000Z"]
    assert event.values("SEQUENCE") == ["3"]
    assert {name for name, _, _ in event.properties} == {
        *("UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "STATUS"),
        *("TRANSP", "CLASS", "ORGANIZER"),
    }


def test_the_calendar_names_itself_and_how_often_to_look() -> None:
    read = rfc5545.read(calendar(FEED))

    said = {name: (parameters, value) for name, parameters, value in read.properties}
    assert said["METHOD"] == ("", "PUBLISH")
    assert read.text("X-WR-CALNAME") == read.text("NAME") == "Dr Rowan · Linden House"
    assert said["X-WR-TIMEZONE"] == ("", "America/New_York")
    assert said["REFRESH-INTERVAL"] == (";VALUE=DURATION", "PT15M")
    assert said["X-PUBLISHED-TTL"] == ("", "PT15M")
    assert said["PRODID"][1]


def test_a_rooms_feed_says_with_whom() -> None:
    (event,) = rfc5545.read(calendar(replace(FEED, entries=[replace(ENTRY, practitioner="Dr Rowan")]))).components
    assert event.text("DESCRIPTION") == "With Dr Rowan"


@pytest.mark.parametrize("zone", [NEW_YORK, MADRID, KATHMANDU, ZoneInfo("UTC")], ids=str)
def test_a_calendar_without_visits_is_valid_too(zone: ZoneInfo) -> None:
    document = calendar(replace(FEED, zone=zone, entries=[]))

    assert [part.kind for part in rfc5545.read(document).components] == ["VTIMEZONE"]
    strictly_parsed(document)


@pytest.mark.parametrize(
    ("zone", "local", "fold", "written"),
    [
        (NEW_YORK, datetime(2026, 3, 8, 1, 45), 0, "20260308T064500Z"),
        (NEW_YORK, datetime(2026, 3, 8, 3, 0), 0, "20260308T070000Z"),
        (NEW_YORK, datetime(2026, 11, 1, 1, 30), 0, "20261101T053000Z"),
        (NEW_YORK, datetime(2026, 11, 1, 1, 30), 1, "20261101T063000Z"),
        (MADRID, datetime(2026, 3, 29, 3, 0), 0, "20260329T010000Z"),
        (MADRID, datetime(2026, 10, 25, 2, 30), 0, "20261025T003000Z"),
        (MADRID, datetime(2026, 10, 25, 2, 30), 1, "20261025T013000Z"),
    ],
)
def test_a_visit_is_at_its_instant_on_both_sides_of_the_change(
    zone: ZoneInfo, local: datetime, fold: int, written: str
) -> None:
    starts_at = local.replace(tzinfo=zone, fold=fold)
    entry = replace(ENTRY, starts_at=starts_at, ends_at=starts_at.astimezone(UTC) + timedelta(minutes=45))
    document = calendar(replace(FEED, zone=zone, entries=[entry]))

    (event,) = rfc5545.read(document).components
    assert event.values("DTSTART") == [written]
    assert event.instant("DTEND") - event.instant("DTSTART") == timedelta(minutes=45)
    assert strictly_parsed(document).walk("VEVENT")[0].start == starts_at.astimezone(UTC)


def test_names_with_marks_of_the_format_are_escaped() -> None:
    who = 'Ñuñez; "Ana", María\\n\r\nBEGIN:VEVENT\r\nSUMMARY:x'
    entry = replace(ENTRY, who=who, room="Room, 2; left: the “blue” one", practitioner="Dr Žižek-Łukasz, PhD")
    feed = replace(FEED, name="A, B; C\nD", place='Linden "House"; 東京\tAnnex', entries=[entry])
    document = calendar(feed)

    read = rfc5545.read(document)
    (event,) = read.components
    assert event.text("SUMMARY") == 'Session 2 of 3 · Ñuñez; "Ana", María\\n BEGIN:VEVENT SUMMARY:x'
    assert event.text("LOCATION") == 'Room, 2; left: the “blue” one, Linden "House"; 東京 Annex'
    assert read.text("X-WR-CALNAME") == "A, B; C D"
    (parsed,) = strictly_parsed(document).walk("VEVENT")
    assert str(parsed["SUMMARY"]) == event.text("SUMMARY")
    assert str(parsed["LOCATION"]) == event.text("LOCATION")


def test_long_lines_are_folded_between_characters() -> None:
    document = calendar(replace(FEED, entries=[replace(ENTRY, who="Зоя " * 60)]))

    assert b"\r\n " in document
    (event,) = rfc5545.read(document).components
    assert event.text("SUMMARY") == f"Session 2 of 3 · {'Зоя ' * 60}".strip()


WORDS = st.text(st.characters(codec="utf-8"), max_size=120)


@settings(max_examples=40, deadline=None)
@given(WORDS, WORDS, WORDS, WORDS, st.integers(0, 9_999), st.integers(1, 720))
def test_whatever_people_write_the_document_is_valid_and_says_it_back(
    who: str, room: str, place: str, practitioner: str, revision: int, minutes: int
) -> None:
    entry = replace(
        ENTRY,
        who=who,
        room=room,
        practitioner=practitioner,
        revision=revision,
        ends_at=START + timedelta(minutes=minutes),
        uid=f"{UUID(int=revision)}@clinic.example",
    )
    document = calendar(replace(FEED, place=place, name=f"{practitioner} · {place}", entries=[entry]))

    (event,) = rfc5545.read(document).components
    (parsed,) = strictly_parsed(document).walk("VEVENT")
    for name in ("SUMMARY", "LOCATION", "UID"):
        assert str(parsed[name]) == event.text(name)
    assert event.text("SUMMARY").startswith("Session 2 of 3 ·")
    assert parsed.end - parsed.start == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"\r\n", b"\n"),
        (b"METHOD:PUBLISH\r\n", b""),
        (b"DTSTAMP", b"X-STAMP"),
        (b"ORGANIZER", b"ATTENDEE"),
        (b"DTEND:20260309T144500Z", b"DTEND:20260309T135900Z"),
        (b"SUMMARY:Session 2 of 3", b"SUMMARY:Session, 2 of 3"),
        (b"DTSTART:20260309T140000Z", b"DTSTART:20260309T140000"),
        (b"END:VEVENT\r\n", b""),
        (b"SEQUENCE:3", b"SEQUENCE:-3"),
        (b"LOCATION:", b"LOCATION:" + 80 * b"x"),
    ],
)
def test_the_reader_of_these_tests_refuses_what_is_not_valid(right: bytes, wrong: bytes) -> None:
    document = calendar(FEED)
    assert right in document
    with pytest.raises(AssertionError):
        rfc5545.read(document.replace(right, wrong))
