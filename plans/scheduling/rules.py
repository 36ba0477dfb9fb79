"""Rules of booking that need no database (pure): opening times as instants, the grid, intervals, shape of the input."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.errors import Invalid, TooEarly
from clinic.places.wallclock import at_wall_clock_or_after, check_written, has_odd_offset, local_date, local_time
from clinic.words import date_in_full, days
from plans.treatment.intervals import Need
from plans.treatment.timeline import Rule

Period = tuple[datetime, datetime]
"""Half-open instants `[start, end)`."""
Days = tuple[date | None, date | None]
"""First and last local date, both included; `None` is without end."""
Window = tuple[date, date]
"""First and last local date of a window, both included."""

MAX_DURATION = timedelta(hours=12)
MAX_SEARCH_DAYS = 92
CALENDAR_YEARS = range(2000, 2200)
MINUTE = timedelta(minutes=1)
MINIMUM_INTERVAL = Rule.MINIMUM_INTERVAL.value


@dataclass(frozen=True, slots=True)
class Hours:
    """One weekly period of wall-clock time; of a practitioner's own, or (without one) of the location."""

    weekday: int
    opens_at: time
    closes_at: time
    valid: Days
    practitioner: UUID | None = None

    def holds_on(self, day: date) -> bool:
        return day.isoweekday() == self.weekday and within(day, self.valid)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another session of the patient that is booked or was given, by the local date of its visit."""

    title: str
    day: date
    sequence: int | None
    """Its place in the course; None where it was given already or is of another plan: it may lie before or after."""
    after: Need
    """What must lie between it and a session that follows it."""
    before: Need
    """What must lie between it and a session that comes first."""

    def in_words(self) -> str:
        """“At least 14 days between it and Session 1 of 3 · PRP on 9 March 2026 (PRP after PRP).”"""
        need = max(self.after, self.before, key=lambda need: need.days)
        return f"{_at_least(need)} between it and {self.title} on {date_in_full(self.day)} ({need.title})."

    def barred(self) -> tuple[date, date] | None:
        """First and last date that are too near to it, before it or after it; None where nothing must lie between."""
        first = self.day - timedelta(days=max(self.before.days - 1, 0))
        last = self.day + timedelta(days=max(self.after.days - 1, 0))
        return (first, last) if self.before.days or self.after.days else None


@dataclass(frozen=True, slots=True)
class Opening:
    """The first date of a window, and what set it."""

    day: date
    rule: str
    because: str
    """The rule in words; may be empty."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which local dates a visit can be booked, and what says so."""

    earliest: date
    rule: str
    because: str
    latest: date | None = None
    latest_because: str = ""
    barred: tuple[tuple[date, date, str], ...] = ()
    """Days between the two that are too near to what was given, or to a session of another plan: first and last date,
    and why."""

    def refusal(self, day: date) -> TooEarly | None:
        """Why a visit cannot be on `day`; None where it can.

        `extra` names the `earliest` date, the `rule` that sets it and `because`, the same in words; where a later
        session stands in the way, the `latest` date too.
        """
        if day < self.earliest:
            opens = "the window opens on" if self.rule != MINIMUM_INTERVAL else "not before"
            return self._too_early(
                f"Too early: {opens} {date_in_full(self.earliest)}.", self.earliest, self.rule, self.because
            )
        if self.latest is not None and day > self.latest:
            return self._too_early(
                f"Too near to the next session: this one can be on {date_in_full(self.latest)} at the latest.",
                self.earliest,
                MINIMUM_INTERVAL,
                self.latest_because,
                latest=self.latest.isoformat(),
            )
        for first, last, because in self.barred:
            if first <= day <= last:
                following = self._following(last)
                detail = f"Too near to another session: not before {date_in_full(following)}."
                return self._too_early(detail, following, MINIMUM_INTERVAL, because)
        return None

    def _following(self, day: date) -> date:
        """The first date after `day` that no other session bars."""
        day += timedelta(days=1)
        for first, last, _ in self.barred:
            if first <= day <= last:
                day = last + timedelta(days=1)
        return day

    @staticmethod
    def _too_early(detail: str, earliest: date, rule: str, because: str, **more: str) -> TooEarly:
        return TooEarly(
            f"{detail} {because}".strip(),
            attr="starts_at",
            extra={"earliest": earliest.isoformat(), "rule": rule, "because": because, **more},
        )


def within(day: date, days: Days) -> bool:
    """Whether `day` lies in `days`."""
    first, last = days
    return (first is None or first <= day) and (last is None or day <= last)


def dates(first: date, last: date) -> Iterable[date]:
    """Every date from `first` to `last`, both included."""
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def open_periods(hours: Iterable[Hours], first: date, last: date, zone: ZoneInfo) -> list[Period]:
    """When these hours are open on the local dates `first` to `last`: instants in order, merged where they touch.

    A wall-clock time that the clock skips moves forward, so a period inside the skipped hour vanishes.
    """
    by_weekday: dict[int, list[Hours]] = {}
    for row in hours:
        by_weekday.setdefault(row.weekday, []).append(row)
    found = [
        (at_wall_clock_or_after(day, row.opens_at, zone), at_wall_clock_or_after(day, row.closes_at, zone))
        for day in dates(first, last)
        for row in by_weekday.get(day.isoweekday(), ())
        if row.holds_on(day)
    ]
    return merged(found)


def merged(periods: Iterable[Period]) -> list[Period]:
    """The same time as non-overlapping periods in order; empty ones are left out."""
    result: list[Period] = []
    for start, end in sorted(periods):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def grid(periods: Iterable[Period], slot: timedelta, duration: timedelta, zone: ZoneInfo) -> list[Period]:
    """Runs `(first, last)` of the starts at which a visit of `duration` fits, `slot` apart, both ends included.

    Starts lie on the local wall clock's grid, counted from midnight. Where the clock changes inside a period, every
    start is a run of its own: an hour that happens twice offers its times twice.
    """
    runs: list[Period] = []
    for start, end in periods:
        last = end - duration
        if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
            first = start + _until_next(local_time(start, zone), slot)
            if first <= last:
                runs.append((first, last))
            continue
        instant = start + _until_next(local_time(start, zone), MINUTE)
        while instant <= last:
            if not _until_next(local_time(instant, zone), slot):
                runs.append((instant, instant))
            instant += MINUTE
    return runs


def _until_next(clock: time, step: timedelta) -> timedelta:
    since_midnight = timedelta(
        hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )
    return -since_midnight % step


def qualified_days(
    qualifications: Mapping[str, Days], modalities: Iterable[str], first: date, last: date
) -> tuple[date, date] | None:
    """The dates between `first` and `last` on which all of `modalities` are covered; `None` where there is none."""
    for modality in modalities:
        if modality not in qualifications:
            return None
        valid_from, valid_until = qualifications[modality]
        first = max(first, valid_from or first)
        last = min(last, valid_until or last)
    return (first, last) if first <= last else None


def limits_of(opening: Opening, sequence: int | None = None, neighbours: Sequence[Neighbour] = ()) -> Limits:
    """Between which dates a visit can be booked: from its window's start; a session, which has a `sequence`, also far
    enough from the sessions of its plan that are to come, in their order, and on either side from what was given and
    from those of other plans. The window's own rule stands where it says the same date.
    """
    earliest, rule, because = opening.day, opening.rule, opening.because
    latest: date | None = None
    latest_because = ""
    elsewhere: list[tuple[date, date, str]] = []
    for other in neighbours:
        if sequence is None or other.sequence is None:
            barred = other.barred()
            if barred is not None:
                elsewhere.append((*barred, other.in_words()))
        elif other.sequence < sequence:
            first = other.day + timedelta(days=other.after.days)
            if first > earliest:
                earliest, rule, because = first, MINIMUM_INTERVAL, _interval_in_words(other.after, "after", other)
        elif other.sequence > sequence:
            last = other.day - timedelta(days=other.before.days)
            if latest is None or last < latest:
                latest, latest_because = last, _interval_in_words(other.before, "before", other)
    elsewhere.sort()
    for first, last, why in elsewhere:
        if first <= earliest <= last:
            earliest, rule, because = last + timedelta(days=1), MINIMUM_INTERVAL, why
    left = tuple(span for span in elsewhere if span[1] >= earliest and (latest is None or span[0] <= latest))
    return Limits(earliest, rule, because, latest, latest_because, left)


def _interval_in_words(need: Need, side: str, other: Neighbour) -> str:
    """“At least 14 days after Session 1 of 3 · PRP on 9 March 2026 (PRP after PRP).”"""
    if not need.days:
        return f"Not {'before' if side == 'after' else 'after'} {other.title} on {date_in_full(other.day)}."
    return f"{_at_least(need)} {side} {other.title} on {date_in_full(other.day)} ({need.title})."


def _at_least(need: Need) -> str:
    return f"At least {days(need.days)}"


def stretches(first: date, last: date, barred: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """The dates from `first` to `last` without the barred ones, as stretches in order, both ends included."""
    found = []
    for barred_first, barred_last in sorted(barred):
        if barred_first > last:
            break
        if first < barred_first:
            found.append((first, barred_first - timedelta(days=1)))
        first = max(first, barred_last + timedelta(days=1))
    return [*found, (first, last)] if first <= last else found


@dataclass(frozen=True, slots=True)
class Standing:
    """A booked visit as it stands, and what it is for as that is now."""

    day: date
    minutes: int
    practitioner: str
    room: str
    window: Window | None = None
    """None where nothing owes it: a consultation can be at any time."""
    because: str = ""
    """What set the window's start, in words."""
    minutes_needed: int | None = None
    is_on_hold: bool = False
    window_when_booked: Window | None = None
    """None where it is not known."""
    minutes_when_booked: int | None = None
    not_qualified_for: tuple[str, ...] = ()
    """Treatments of it that the practitioner may not give on that day."""
    room_unfit_for: tuple[str, ...] = ()
    off_hours: str = ""
    """Why nobody works then, in words, where nobody has accepted that."""
    has_practitioner: bool = True
    """Whether the practitioner still takes bookings at its location."""
    has_room: bool = True
    """Whether the room still takes bookings."""

    @property
    def is_too_early_now(self) -> bool:
        """Whether its window has moved to a later day than the visit's since it was booked."""
        if self.window is None or self.window_when_booked is None:
            return False
        return self.day < self.window[0] > self.window_when_booked[0]

    @property
    def is_too_late_now(self) -> bool:
        """Whether its window closes before the visit's day, and earlier than it did when it was booked."""
        if self.window is None or self.window_when_booked is None:
            return False
        return self.day > self.window[1] < self.window_when_booked[1]

    @property
    def takes_longer_now(self) -> bool:
        """Whether it needs more time than it has, and more than when it was booked."""
        if self.minutes_needed is None or self.minutes_when_booked is None:
            return False
        return self.minutes_needed > max(self.minutes, self.minutes_when_booked)


def why_rebook(visit: Standing) -> str | None:
    """Why a booked visit wants another time, practitioner or room, as the front desk reads it; None where it does not.

    Its plan is on hold, or something changed after it was booked: the window moved away from it (a visit that was
    booked early by decision or late on purpose, or kept, stays until the window moves again), nobody works at its time
    (unless somebody accepted that), the practitioner takes no bookings there or is not qualified any more, the room
    takes none or is not fit, or it takes longer. `queries.visits_to_rebook` is the same in SQL.
    """
    if visit.is_on_hold:
        return "The plan is on hold."
    if visit.window is not None and visit.is_too_early_now:
        return f"Too early now: the window opens on {date_in_full(visit.window[0])}. {visit.because}".strip()
    if visit.window is not None and visit.is_too_late_now:
        return f"Too late now: the window closes on {date_in_full(visit.window[1])}."
    if visit.off_hours:
        return f"{visit.off_hours}."
    if not visit.has_practitioner:
        return f"{visit.practitioner} takes no bookings here any more."
    if not visit.has_room:
        return f"{visit.room} takes no bookings any more."
    if visit.not_qualified_for:
        return f"{visit.practitioner} is not qualified for {', '.join(visit.not_qualified_for)} on that day."
    if visit.room_unfit_for:
        return f"{visit.room} is not fit for {', '.join(visit.room_unfit_for)}."
    if visit.takes_longer_now:
        return f"It takes {visit.minutes_needed} minutes now, and {visit.minutes} are booked."
    return None


def why_not_kept(visit: Standing) -> str | None:
    """Why nobody can decide that a booked visit stays as it is, and what to do instead; None where somebody can."""
    if visit.is_on_hold:
        return "The plan is on hold. Let it go on first, or cancel the visit."
    if not visit.has_practitioner:
        return f"{visit.practitioner} takes no bookings here any more. Move the visit to somebody who does."
    if not visit.has_room:
        return f"{visit.room} takes no bookings any more. Move the visit to another room."
    if visit.not_qualified_for:
        treatments = ", ".join(visit.not_qualified_for)
        return (
            f"{visit.practitioner} is not qualified for {treatments} on that day. "
            "Move the visit to somebody who is, or to another day."
        )
    if visit.room_unfit_for:
        return f"{visit.room} is not fit for {', '.join(visit.room_unfit_for)}. Move the visit to a room that is."
    return None


@dataclass(frozen=True, slots=True)
class Keeping:
    """What it means to keep a booked visit where it stands."""

    is_early: bool
    """It is, or was booked, before its earliest date."""
    stands_early: bool
    """It could not be booked on its day, and somebody decided so before: its window has not moved on since."""
    needs_right: bool
    """It takes the right to book early: it could not be booked on its day, and nobody decided so yet."""


def keeping_of(visit: Standing, limits: Limits | None, *, was_early: bool) -> Keeping:
    """What keeping `visit` means within these limits; `was_early` where it is early by decision already."""
    is_refused = limits is not None and limits.refusal(visit.day) is not None
    is_before = limits is not None and visit.day < limits.earliest
    stands_early = is_refused and was_early and not visit.is_too_early_now
    return Keeping(was_early or is_before, stands_early, is_refused and not stands_early)


def read_instant(text: str, *, attr: str) -> datetime:
    """The instant that `text` writes with its offset, in UTC. Raises `Invalid` for what is none of the calendar."""
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"“{text[:40]}” is not a time, such as 2026-03-09T09:00:00-04:00.", attr=attr) from None
    if written.utcoffset() is None:
        raise Invalid("Give the time with its offset, such as 2026-03-09T09:00:00-04:00.", attr=attr)
    if has_odd_offset(written):
        raise Invalid("The offset of a time is less than 16 hours.", attr=attr)
    check_year(written, attr=attr)
    instant = written.astimezone(UTC)
    check_year(instant, attr=attr)
    return instant


def check_year(day: date, *, attr: str) -> None:
    """Refuse what is off the calendar. Raises `Invalid`."""
    if day.year not in CALENDAR_YEARS:
        raise Invalid("This year is not on the calendar.", attr=attr)


def check_start(starts_at: datetime, zone: ZoneInfo) -> None:
    """Refuse a start without offset, off the calendar, at a local time that the clock skips, or between two minutes.

    Raises `Invalid`.
    """
    if starts_at.utcoffset() is None:
        raise Invalid("Give the time with its offset, such as 2026-03-09T09:00:00-04:00.", attr="starts_at")
    check_year(starts_at, attr="starts_at")
    if starts_at.second or starts_at.microsecond:
        raise Invalid("Give the start to the minute.", attr="starts_at")
    check_written(starts_at, zone, attr="starts_at")


def check_duration(duration: timedelta) -> None:
    """Refuse a visit of no time, or of more than 12 hours. Raises `Invalid`."""
    if not timedelta(0) < duration <= MAX_DURATION:
        raise Invalid("A visit lasts 1 to 720 minutes.", attr="duration_minutes")


def check_lead_time(starts_at: datetime, now: datetime, lead: timedelta) -> None:
    """Refuse a start in the past, or nearer than the location's lead time. Raises `Invalid`."""
    if starts_at < now:
        raise Invalid("This time is past.", attr="starts_at")
    if starts_at < now + lead:
        raise Invalid(f"Visits here are booked at least {lead // MINUTE} minutes ahead.", attr="starts_at")


def check_search_days(first: date, last: date) -> None:
    """Refuse a search off the calendar, backwards, or over more than 92 days. Raises `Invalid`."""
    for day, attr in ((first, "from"), (last, "to")):
        check_year(day, attr=attr)
    if last < first:
        raise Invalid("The last day is before the first.", attr="to")
    if (last - first).days >= MAX_SEARCH_DAYS:
        raise Invalid(f"A search covers at most {MAX_SEARCH_DAYS} days, both ends included.", attr="to")


def days_touched(period: Period, zone: ZoneInfo) -> tuple[date, date]:
    """The first and last local date of `period`."""
    start, end = period
    return local_date(start, zone), local_date(end - timedelta(microseconds=1), zone)
