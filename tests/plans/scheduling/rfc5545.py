"""A strict reader of published calendars, written from RFC 5545 and RFC 5546 and sharing nothing with the product.

`read` raises AssertionError with the rule that a document breaks.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

NAME = r"[A-Za-z0-9-]+"
QSAFE, SAFE = r'[^\x00-\x08\x0a-\x1f\x7f"]*', r'[^\x00-\x08\x0a-\x1f\x7f";:,]*'
PARAMETER = rf'(?:{NAME})=(?:"{QSAFE}"|{SAFE})(?:,(?:"{QSAFE}"|{SAFE}))*'
LINE = re.compile(rf"(?P<name>{NAME})(?P<parameters>(?:;{PARAMETER})*):(?P<value>[^\x00-\x08\x0a-\x1f\x7f]*)")
TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
UTC_TIME = re.compile(r"\d{8}T\d{6}Z")
OFFSET = re.compile(r"[+-](?!0000$)\d{4}(\d{2})?|\+0000")

TEXTS = {"SUMMARY", "LOCATION", "DESCRIPTION", "UID", "PRODID", "NAME", "X-WR-CALNAME", "X-WR-TIMEZONE", "TZID"}
ONCE = {
    "VCALENDAR": {"PRODID", "VERSION", "METHOD", "CALSCALE"},
    # RFC 5546, 3.2.1: what PUBLISH requires beside RFC 5545's own UID and DTSTAMP.
    "VEVENT": {"UID", "DTSTAMP", "DTSTART", "ORGANIZER", "SUMMARY"},
    "VTIMEZONE": {"TZID"},
    "STANDARD": {"DTSTART", "TZOFFSETTO", "TZOFFSETFROM"},
    "DAYLIGHT": {"DTSTART", "TZOFFSETTO", "TZOFFSETFROM"},
}
AT_MOST_ONCE = {
    *("CLASS", "CREATED", "DESCRIPTION", "GEO", "LAST-MODIFIED", "LOCATION", "PRIORITY", "SEQUENCE", "STATUS"),
    *("TRANSP", "URL", "RECURRENCE-ID", "DTEND", "DURATION", "NAME", "REFRESH-INTERVAL", "X-WR-CALNAME"),
}
ALLOWED = {
    "VERSION": {"2.0"},
    "CALSCALE": {"GREGORIAN"},
    "METHOD": {"PUBLISH"},
    "STATUS": {"TENTATIVE", "CONFIRMED", "CANCELLED"},
    "CLASS": {"PUBLIC", "PRIVATE", "CONFIDENTIAL"},
    "TRANSP": {"OPAQUE", "TRANSPARENT"},
}
INSIDE = {
    "": {"VCALENDAR"},
    "VCALENDAR": {"VEVENT", "VTIMEZONE"},
    "VEVENT": set(),
    "VTIMEZONE": {"STANDARD", "DAYLIGHT"},
    "STANDARD": set(),
    "DAYLIGHT": set(),
}


@dataclass
class Component:
    kind: str
    properties: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, parameters and value as written."""
    components: list["Component"] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for known, _, value in self.properties if known == name]

    def text(self, name: str) -> str:
        (value,) = self.values(name)
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)

    def instant(self, name: str) -> datetime:
        (value,) = self.values(name)
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def read(document: bytes) -> Component:
    """The one VCALENDAR of `document`. Raises AssertionError."""
    root = Component("")
    stack = [root]
    for line in content_lines(document):
        found = LINE.fullmatch(line)
        assert found, f"no content line (3.1): {line!r}"
        name, parameters, value = found["name"].upper(), found["parameters"], found["value"]
        if name == "BEGIN":
            assert value in INSIDE[stack[-1].kind], f"{value} does not stand in {stack[-1].kind or 'a document'}"
            component = Component(value)
            stack[-1].components.append(component)
            stack.append(component)
        elif name == "END":
            assert stack[-1].kind == value, f"END:{value} closes {stack[-1].kind}"
            check_component(stack.pop())
        else:
            assert len(stack) > 1, f"{name} stands outside of a component"
            check_value(name, value)
            stack[-1].properties.append((name, parameters, value))
    assert len(stack) == 1, f"{stack[-1].kind} is not closed"
    (calendar,) = root.components
    uids = [event.text("UID") for event in calendar.components if event.kind == "VEVENT"]
    assert len(set(uids)) == len(uids), "a UID stands for one event"
    return calendar


def content_lines(document: bytes) -> list[str]:
    """The lines of a document, unfolded."""
    assert document.endswith(b"\r\n"), "the last line ends with CRLF too (3.1)"
    physical = document.removesuffix(b"\r\n").split(b"\r\n")
    logical: list[bytes] = []
    for line in physical:
        assert not {*b"\r\n"} & {*line}, f"a line ends with CRLF and nothing else (3.1): {line!r}"
        assert len(line) <= 75, f"longer than 75 octets (3.1): {line!r}"
        line.decode("utf-8")  # folded between characters, not within one
        assert line, "an empty line"
        if line[:1] in (b" ", b"\t"):
            logical[-1] += line[1:]
        else:
            logical.append(line)
    return [line.decode("utf-8") for line in logical]


def check_value(name: str, value: str) -> None:
    if name in TEXTS:
        assert TEXT.fullmatch(value), f"{name} is no escaped text (3.3.11): {value!r}"
    if name in ALLOWED:
        assert value in ALLOWED[name], f"{name}:{value}"
    if name in ("DTSTAMP", "LAST-MODIFIED", "CREATED"):
        assert UTC_TIME.fullmatch(value), f"{name} is in UTC (3.8.7): {value}"
    if name == "SEQUENCE":
        assert re.fullmatch("[0-9]+", value), f"SEQUENCE is a number that is not negative (3.8.7.4): {value}"
    if name in ("TZOFFSETTO", "TZOFFSETFROM"):
        assert OFFSET.fullmatch(value), f"{name} (3.3.14): {value}"
    if name == "ORGANIZER":
        assert re.fullmatch(r"mailto:[!-~]+@[!-~]+", value), f"ORGANIZER is an address (3.3.3): {value!r}"


def check_component(component: Component) -> None:
    names = [name for name, _, _ in component.properties]
    for name in ONCE[component.kind]:
        assert names.count(name) == 1, f"{component.kind} has {names.count(name)} {name}"
    for name in AT_MOST_ONCE:
        assert names.count(name) <= 1, f"{component.kind} has {names.count(name)} {name}"
    if component.kind == "VCALENDAR":
        assert component.components, "a calendar has one component at least (3.6)"
    if component.kind == "VTIMEZONE":
        assert component.components, "a time zone has one rule at least (3.6.5)"
    if component.kind == "VEVENT":
        assert "ATTENDEE" not in names, "what is published invites nobody (RFC 5546, 3.2.1)"
        assert names.count("DTEND") + names.count("DURATION") == 1, "it ends, or lasts (3.6.1)"
        for name in ("DTSTART", "DTEND"):
            assert UTC_TIME.fullmatch(component.values(name)[0]), f"{name} without its zone"
        assert component.instant("DTSTART") < component.instant("DTEND"), "it ends after it starts (3.8.2.2)"
