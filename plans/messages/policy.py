"""Which mails a visit, a session and what is owed after it ask for, and when: values in, values out.

Times of day are wall-clock times in the location's zone; hours before and after are elapsed hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinic.places.wallclock import at_wall_clock_or_after, days_before_at, local_date, local_time
from plans.messages.models import BEFORE_A_VISIT, MessageKind
from plans.scheduling.models import VisitKind

CANCELLED_USEFUL_FOR = timedelta(hours=12)
"""A cancellation still tells something at least this long after it was made, however soon the visit was."""
AFTERCARE_USEFUL_FOR = timedelta(days=7)
OVERDUE_USEFUL_FOR = timedelta(days=7)
CHECK_IN_USEFUL_AFTER_WINDOW = timedelta(days=1)
WARNING = timedelta(hours=1)
"""What is moved out of the quiet hours of the morning still comes at least this long before the visit."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """When one mail leaves: days before a visit at a time of day, or hours before it; hours after a session; at a time
    of day; or, with none of these, at once."""

    kind: MessageKind = MessageKind.REMINDER
    days_before: int | None = None
    send_at: time | None = None
    hours_before: int | None = None
    hours_after: int | None = None

    def __post_init__(self) -> None:
        has_days, has_hours = self.days_before is not None, self.hours_before is not None
        is_whole = has_days != has_hours and has_days == (self.send_at is not None)
        if self.kind in BEFORE_A_VISIT and not is_whole:
            raise ValueError("before a visit it has days with a time of day, or hours")

    @property
    def offset(self) -> str:
        """ISO 8601 duration before the visit or after the session: `P7D`, `PT3H`. Empty: at its time, or at once."""
        if self.days_before is not None:
            return f"P{self.days_before}D"
        hours = self.hours_before if self.hours_before is not None else self.hours_after
        return "" if hours is None else f"PT{hours}H"

    def due_before(self, starts_at: datetime, zone: ZoneInfo) -> datetime:
        """The instant at which it is due, before `starts_at`. A time of day that the clock skips moves forward."""
        if self.days_before is not None and self.send_at is not None:
            return days_before_at(starts_at, self.days_before, self.send_at, zone)
        assert self.hours_before is not None
        return starts_at.astimezone(UTC) - timedelta(hours=self.hours_before)


NOTICES = (MessageKind.CONFIRMATION, MessageKind.CHANGED, MessageKind.CANCELLED)
DEFAULTS: Sequence[Timing] = (
    *(Timing(kind) for kind in (*NOTICES, MessageKind.OFFER)),
    Timing(days_before=7, send_at=time(10)),
    Timing(days_before=1, send_at=time(10)),
    Timing(hours_before=3),
    Timing(MessageKind.PREPARATION, days_before=7, send_at=time(10)),
    Timing(MessageKind.AFTERCARE, hours_after=1),
    Timing(MessageKind.CHECK_IN, send_at=time(10)),
    Timing(MessageKind.OVERDUE, send_at=time(10)),
)
"""What a location sends of a kind for which it has no rows of its own."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which nothing is mailed that can wait, `from_` included; over midnight where they end before."""

    from_: time
    until: time

    def __contains__(self, at: time) -> bool:
        if self.from_ < self.until:
            return self.from_ <= at < self.until
        return at >= self.from_ or at < self.until

    def end(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """When the quiet hours that hold `instant` are over."""
        day = local_date(instant, zone)
        return at_wall_clock_or_after(day if local_time(instant, zone) < self.until else day + DAY, self.until, zone)

    def beginning(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """When the quiet hours that hold `instant` began."""
        day = local_date(instant, zone)
        return at_wall_clock_or_after(day if local_time(instant, zone) >= self.from_ else day - DAY, self.from_, zone)


@dataclass(frozen=True, slots=True)
class PlannedMail:
    """One mail that is asked for. From `expires_at` on it would tell the patient nothing useful."""

    kind: MessageKind
    offset: str
    due_at: datetime
    expires_at: datetime

    def is_past(self, now: datetime) -> bool:
        """Whether it would have left before now, or would tell nothing any more. It is not sent late."""
        return self.due_at < now or self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Policy:
    """What one location sends about one kind of visit."""

    zone: ZoneInfo
    grace: timedelta
    visit_kind: str
    timings: Sequence[Timing] = DEFAULTS
    quiet: Quiet | None = None

    def of_kind(self, kind: MessageKind) -> list[Timing]:
        return [timing for timing in self.timings if timing.kind == kind]

    def about_visit(
        self, notice: MessageKind | None, starts_at: datetime, made_at: datetime, *, is_prepared: bool = False
    ) -> list[PlannedMail]:
        """The mails that one revision of a visit asks for, the notice first, then the others in the order they are due.

        `notice` is what the patient is told at once, if anything; a cancelled visit has nothing else. `made_at` is
        when the revision was made. Mails whose time is past are in the list too: `PlannedMail.is_past` tells.
        """
        mails = self.notices(notice, starts_at, made_at)
        if notice == MessageKind.CANCELLED:
            return mails
        return [*mails, *self.before_visit(starts_at, made_at, is_prepared=is_prepared)]

    def notices(self, kind: MessageKind | None, starts_at: datetime, made_at: datetime) -> list[PlannedMail]:
        """A notice waits the grace period, so that a slip can be undone; where the visit starts sooner it does not."""
        if kind is None or not self.of_kind(kind):
            return []
        starts_at, made_at = starts_at.astimezone(UTC), made_at.astimezone(UTC)
        due_at = made_at + self.grace
        if kind == MessageKind.CANCELLED:
            return [PlannedMail(kind, "", due_at, max(starts_at, made_at + CANCELLED_USEFUL_FOR))]
        return [PlannedMail(kind, "", due_at if due_at < starts_at else made_at, starts_at)]

    def before_visit(self, starts_at: datetime, made_at: datetime, *, is_prepared: bool = False) -> list[PlannedMail]:
        """Reminders, each useful until the next one is due or the visit starts, and how to prepare for a session.

        Preparation whose time was past when the visit was made comes after its confirmation, unless the patient
        `is_prepared`: was told before the visit was moved.
        """
        starts_at = starts_at.astimezone(UTC)  # in any other zone Python would subtract and compare wall-clock times
        due = [self._due(timing, starts_at) for timing in self.of_kind(MessageKind.REMINDER)]
        due.sort()
        useful_until = [*(later for later, _ in due[1:]), starts_at]
        mails = [
            PlannedMail(MessageKind.REMINDER, offset, due_at, expires_at)
            for (due_at, offset), expires_at in zip(due, useful_until, strict=False)
        ]
        if self.visit_kind == VisitKind.SESSION:
            told = made_at.astimezone(UTC) + self.grace
            for timing in self.of_kind(MessageKind.PREPARATION):
                due_at, offset = self._due(timing, starts_at)
                if due_at < told and not is_prepared:
                    due_at = self._soon(told, starts_at)
                mails.append(PlannedMail(MessageKind.PREPARATION, offset, due_at, starts_at))
        return sorted(mails, key=lambda mail: mail.due_at)

    def after_session(self, performed_at: datetime, made_at: datetime) -> list[PlannedMail]:
        """What to mind after a session that was given; at once where its time was past when that was written down."""
        performed_at, made_at = performed_at.astimezone(UTC), made_at.astimezone(UTC)
        return [
            PlannedMail(timing.kind, timing.offset, self._later(max(due_at, made_at)), due_at + AFTERCARE_USEFUL_FOR)
            for timing in self.of_kind(MessageKind.AFTERCARE)
            for due_at in [performed_at + timedelta(hours=timing.hours_after or 0)]
        ]

    def check_in(self, target: date, window_end: date, made_at: datetime) -> list[PlannedMail]:
        """The questions of a check-in on its local day; at once where that was past when they were asked for."""
        last = at_wall_clock_or_after(window_end + CHECK_IN_USEFUL_AFTER_WINDOW + DAY, time.min, self.zone)
        return [
            PlannedMail(timing.kind, "", self._later(max(due_at, made_at.astimezone(UTC))), last)
            for timing in self.of_kind(MessageKind.CHECK_IN)
            if (due_at := at_wall_clock_or_after(target, timing.send_at or time.min, self.zone)) < last
        ]

    def overdue(self, made_at: datetime) -> list[PlannedMail]:
        """A nudge about what should have been booked, at its next time of day."""
        mails = []
        for timing in self.of_kind(MessageKind.OVERDUE):
            day = local_date(made_at, self.zone)
            due_at = at_wall_clock_or_after(day, timing.send_at or time.min, self.zone)
            if due_at < made_at:
                due_at = at_wall_clock_or_after(day + DAY, timing.send_at or time.min, self.zone)
            due_at = self._later(due_at)
            mails.append(PlannedMail(timing.kind, "", due_at, due_at + OVERDUE_USEFUL_FOR))
        return mails

    def offer(self, starts_at: datetime, made_at: datetime) -> list[PlannedMail]:
        """An earlier time that was offered to who waits for one."""
        starts_at, told = starts_at.astimezone(UTC), made_at.astimezone(UTC) + self.grace
        return [
            PlannedMail(timing.kind, "", self._soon(told, starts_at), starts_at)
            for timing in self.of_kind(MessageKind.OFFER)
        ]

    def _due(self, timing: Timing, starts_at: datetime) -> tuple[datetime, str]:
        """When a mail before a visit is due, out of the quiet hours: after them where that leaves time, or before."""
        due_at = timing.due_before(starts_at, self.zone)
        later = self._later(due_at)
        if later != due_at and later + WARNING > starts_at and self.quiet is not None:
            return self.quiet.beginning(due_at, self.zone) - timedelta(minutes=1), timing.offset
        return later, timing.offset

    def _soon(self, due_at: datetime, starts_at: datetime) -> datetime:
        """After the quiet hours where that leaves time before the visit; else they are not kept."""
        later = self._later(due_at)
        return later if later + WARNING <= starts_at else due_at

    def _later(self, due_at: datetime) -> datetime:
        """The same instant, or the end of the quiet hours that hold it."""
        if self.quiet is None or local_time(due_at, self.zone) not in self.quiet:
            return due_at
        return self.quiet.end(due_at, self.zone)
