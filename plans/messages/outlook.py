"""What a booking made now would send, and when: a policy read out for one visit (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from clinic.places.wallclock import at_wall_clock_or_after, local_date
from plans.messages.looks import in_words
from plans.messages.models import MessageKind
from plans.messages.policy import DAY, PlannedMail, Policy
from plans.scheduling.models import VisitKind

CHECK_IN_DAYS = (1, 3, 7)
"""After a session, as the protocols ask that every installation starts with."""


class Part(StrEnum):
    BOOKED = "When it is booked"
    BEFORE = "Before the visit"
    AFTER = "After the visit"
    OTHERWISE = "If something changes"


@dataclass(frozen=True, slots=True)
class Line:
    """One mail, in words; `due_at` None: at once when that happens."""

    part: Part
    title: str
    due_at: datetime | None
    note: str = ""
    is_sent: bool = True


def outlook(policy: Policy, starts_at: datetime, minutes: int, now: datetime) -> list[Line]:
    """The mails of a visit that starts then, lasts so many minutes and is booked `now`, in the order they leave."""
    found = [*_before(policy, starts_at, now), *_after(policy, starts_at + timedelta(minutes=minutes))]
    parts = list(Part)
    return [
        *sorted(found, key=lambda line: (parts.index(line.part), line.due_at or now)),
        *_otherwise(policy, starts_at),
    ]


def _before(policy: Policy, starts_at: datetime, now: datetime) -> Iterator[Line]:
    at_any_hour = replace(policy, quiet=None).about_visit(MessageKind.CONFIRMATION, starts_at, now)
    wished = {(mail.kind, mail.offset): mail for mail in at_any_hour}
    for mail in policy.about_visit(MessageKind.CONFIRMATION, starts_at, now):
        if mail.kind == MessageKind.CONFIRMATION:
            yield Line(Part.BOOKED, "Confirmation", mail.due_at, _undo(policy))
        else:
            yield _line(policy, Part.BEFORE, mail, wished[mail.kind, mail.offset], now)


def _line(policy: Policy, part: Part, mail: PlannedMail, wished: PlannedMail, now: datetime, about: str = "") -> Line:
    title = str(mail.kind.label) + (f", {in_words(mail.kind, mail.offset)}" if mail.offset else about)
    if mail.is_past(now):
        return Line(part, title, mail.due_at, "Not sent: its time is past when the visit is booked.", is_sent=False)
    if mail.due_at != wished.due_at and policy.quiet is not None:
        at = f"{wished.due_at.astimezone(policy.zone):%H:%M}"
        quiet = f"{policy.quiet.from_:%H:%M} to {policy.quiet.until:%H:%M}"
        return Line(part, title, mail.due_at, f"Moved from {at}: {quiet} are quiet hours.")
    return Line(part, title, mail.due_at)


def _after(policy: Policy, ends_at: datetime) -> Iterator[Line]:
    if policy.visit_kind != VisitKind.SESSION:
        return
    at_any_hour = replace(policy, quiet=None)
    for mail, wished in zip(
        policy.after_session(ends_at, ends_at), at_any_hour.after_session(ends_at, ends_at), strict=True
    ):
        yield _line(policy, Part.AFTER, mail, wished, ends_at)
    day = local_date(ends_at, policy.zone)
    for number in CHECK_IN_DAYS:
        asked = day + number * DAY
        planned = policy.check_in(asked, asked, ends_at), at_any_hour.check_in(asked, asked, ends_at)
        for mail, wished in zip(*planned, strict=True):
            yield _line(policy, Part.AFTER, mail, wished, ends_at, f", day {number}")


def _otherwise(policy: Policy, starts_at: datetime) -> Iterator[Line]:
    for kind, title in (
        (MessageKind.CHANGED, "The visit is moved"),
        (MessageKind.CANCELLED, "The visit is cancelled"),
        (MessageKind.OFFER, "An earlier time is offered"),
    ):
        if policy.of_kind(kind):
            yield Line(Part.OTHERWISE, title, None, _undo(policy))
        else:
            yield Line(Part.OTHERWISE, title, None, "Not sent.", is_sent=False)
    if policy.visit_kind == VisitKind.FOLLOW_UP:
        last_day = local_date(starts_at, policy.zone)
        late = at_wall_clock_or_after(last_day + DAY, time.min, policy.zone)
        for mail in policy.overdue(late):
            yield Line(Part.OTHERWISE, f"Nobody books it until {last_day:%a} {last_day.day} {last_day:%b}", mail.due_at)


def _undo(policy: Policy) -> str:
    seconds = int(policy.grace.total_seconds())
    return f"After {seconds} seconds, in which it can be undone." if seconds else ""


def in_parts(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """The lines under their headings."""
    return [(part.value, own) for part in Part if (own := [line for line in lines if line.part == part])]
