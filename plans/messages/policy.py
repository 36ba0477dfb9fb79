"""Which mails a visit asks for, and when: values in, values out.

Times of day are wall-clock times in the location's zone; hours before a visit are elapsed hours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinic.places.wallclock import days_before_at
from plans.messages.models import MessageKind

CANCELLED_USEFUL_FOR = timedelta(hours=12)
"""A cancellation still tells something at least this long after it was made, however soon the visit was."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder before a visit: some calendar days before at a time of day, or some elapsed hours before."""

    days_before: int | None = None
    send_at: time | None = None
    hours_before: int | None = None

    def __post_init__(self) -> None:
        if (self.days_before is None) == (self.hours_before is None) or (self.days_before is None) != (
            self.send_at is None
        ):
            raise ValueError("a reminder has days with a time of day, or hours")

    @property
    def offset(self) -> str:
        """ISO 8601 duration before the visit: `P7D`, `PT3H`."""
        return f"PT{self.hours_before}H" if self.days_before is None else f"P{self.days_before}D"

    def due_at(self, starts_at: datetime, zone: ZoneInfo) -> datetime:
        """The instant at which it is due, before `starts_at`. A time of day that the clock skips moves forward."""
        if self.days_before is not None and self.send_at is not None:
            return days_before_at(starts_at, self.days_before, self.send_at, zone)
        assert self.hours_before is not None
        return starts_at.astimezone(UTC) - timedelta(hours=self.hours_before)


DEFAULT_REMINDERS = (
    Reminder(days_before=7, send_at=time(10)),
    Reminder(days_before=1, send_at=time(10)),
    Reminder(hours_before=3),
)
"""What a location without rows of its own sends."""


@dataclass(frozen=True, slots=True)
class PlannedMail:
    """One mail that a visit asks for. From `expires_at` on it would tell the patient nothing useful."""

    kind: MessageKind
    offset: str
    due_at: datetime
    expires_at: datetime

    def is_past(self, now: datetime) -> bool:
        """Whether it comes too late already: a reminder is not sent late, a notice not after the fact."""
        return self.expires_at <= now or (self.kind == MessageKind.REMINDER and self.due_at <= now)


def planned(
    *,
    notice: MessageKind | None,
    starts_at: datetime,
    zone: ZoneInfo,
    made_at: datetime,
    grace: timedelta,
    reminders: Sequence[Reminder] = DEFAULT_REMINDERS,
) -> list[PlannedMail]:
    """The mails that one revision of a visit asks for, the notice first, then the reminders in the order they are due.

    `notice` is what the patient is told at once, if anything; a cancelled visit has no reminders. `made_at` is when
    the revision was made. Mails whose time is past are in the list too: `PlannedMail.is_past` tells.
    """
    mails = [] if notice is None else [_notice(notice, starts_at.astimezone(UTC), made_at.astimezone(UTC), grace)]
    if notice != MessageKind.CANCELLED:
        mails += planned_reminders(starts_at=starts_at, zone=zone, reminders=reminders)
    return mails


def planned_reminders(*, starts_at: datetime, zone: ZoneInfo, reminders: Iterable[Reminder]) -> list[PlannedMail]:
    """The reminders of a visit in the order they are due, each useful until the next one is due or the visit starts."""
    starts_at = starts_at.astimezone(UTC)  # in any other zone Python would subtract and compare wall-clock times
    due = sorted((reminder.due_at(starts_at, zone), reminder.offset) for reminder in reminders)
    return [
        PlannedMail(
            kind=MessageKind.REMINDER,
            offset=offset,
            due_at=due_at,
            expires_at=min((later for later, _ in due if later > due_at), default=starts_at),
        )
        for due_at, offset in due
    ]


def _notice(kind: MessageKind, starts_at: datetime, made_at: datetime, grace: timedelta) -> PlannedMail:
    """A notice waits the grace period, so that a slip can be undone; where the visit starts sooner it does not wait."""
    due_at = made_at + grace
    if kind == MessageKind.CANCELLED:
        return PlannedMail(kind, "", due_at, max(starts_at, made_at + CANCELLED_USEFUL_FOR))
    return PlannedMail(kind, "", due_at if due_at < starts_at else made_at, starts_at)
