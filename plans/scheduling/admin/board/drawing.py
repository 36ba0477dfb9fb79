"""The board of a day or a week as its template draws it: columns with visits, what is around them, and closed time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import admin

from clinic.console.acts import Button, buttons
from clinic.console.badges import ICONS
from clinic.console.reader import Reader
from clinic.people.models import Practitioner
from clinic.places.models import Room
from clinic.places.wallclock import local_date, local_day_bounds
from clinic.words import clock_time
from plans.scheduling.admin.board.asked import Asked
from plans.scheduling.admin.board.geometry import (
    DayScale,
    Placed,
    Span,
    Tick,
    WeekScale,
    day_scale,
    lanes,
    week_scale,
)
from plans.scheduling.admin.board.listing import Sheet, sheets_of
from plans.scheduling.admin.board.reading import busy_elsewhere, visits_between
from plans.scheduling.admin.board.working import Shade, Working, next_open_day, working_of
from plans.scheduling.admin.rows import VisitRow, visit_rows
from plans.scheduling.looks import STATES
from plans.scheduling.models import Appointment
from plans.scheduling.periods import intersected
from plans.scheduling.rules import Period

QUICK = ("arrive", "fulfil")
"""Which one-click act a visit's block offers: the first that is legal."""


@dataclass(frozen=True, slots=True)
class Block:
    """One visit on the board."""

    row: VisitRow
    placed: Placed
    buffers: tuple[str, ...]
    """The classes of the time that is kept free before and after it."""
    time: str
    whose: str
    """The initials of its practitioner, where no column says whose it is."""
    subtitle: str
    label: str
    """Everything it says, for who hears it."""
    quick: Button | None
    """What one click on it does."""
    is_movable: bool

    @property
    def appointment(self) -> Appointment:
        return self.row.appointment

    @property
    def css(self) -> str:
        size = "s" if self.placed.span.rows < 5 else "m" if self.placed.span.rows < 9 else "l"
        return f"{self.placed.css} b-visit--{size} b-tone--{self.row.badge.tone.value}"

    @property
    def sign(self) -> str:
        """The icon of its state, where that is not simply that it is booked."""
        badge = self.row.badge
        return "" if badge is STATES[Appointment.Status.BOOKED] else badge.icon or ICONS[badge.tone]


@dataclass(frozen=True, slots=True)
class Closed:
    """Shaded time."""

    css: str
    kind: str
    words: str


@dataclass(slots=True)
class Column:
    """A practitioner, a room, or a day."""

    key: str
    name: str
    note: str
    practitioner: str = ""
    room: str = ""
    day: date | None = None
    url: str = ""
    """Where its name leads."""
    is_today: bool = False
    closed: list[Closed] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    now: str = ""
    """The classes of the line of the present, in the column of today."""


@dataclass(frozen=True, slots=True)
class Empty:
    """Why there is nothing to show, and where there is."""

    why: str
    what: str
    next_day: date | None
    url: str


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that is drawn."""

    rows: int
    top: int | None
    """The instant of the first row in seconds since 1970, where rows are instants."""
    minute: int
    """The minute of the day at which the first row begins, where rows follow the wall clock."""
    ticks: list[Tick]
    labels: str
    """What clocks show at every quarter of an hour, for the pointer."""
    columns: list[Column]
    now: str
    """The classes of the line of the present, across all columns; empty where it is not on the board."""
    absent: list[str]
    carried: list[VisitRow]
    """Visits of the night before that end before anything else begins; no rows are kept for them."""
    whose: list[tuple[str, str]]
    """What the initials on the blocks stand for."""
    signs: list[tuple[str, str]]
    """What the icons on the blocks say, of those that are there."""
    empty: Empty | None
    sheets: list[Sheet]
    may_book: bool
    may_move: bool

    @property
    def css(self) -> str:
        return f"b-for-{self.rows} b-cols-{min(len(self.columns), 40)}"


Place = Callable[[datetime, datetime], Span | None]


def day_board(who: Reader, asked: Asked) -> Board:
    """The board of one day, a column for each practitioner or room: a fixed number of queries."""
    location = asked.location
    working = working_of(location, asked.day, asked.day)
    bounds = local_day_bounds(asked.day, location.zone)
    visits = list(visits_between(who, location, bounds))
    shown = [*working.hours(), *((one.starts_at, one.ends_at) for one in visits if one.starts_at >= bounds[0])]
    scale = day_scale(asked.day, location.zone, shown)
    all_rows = visit_rows(who, visits)
    carried = [row for row in all_rows if row.appointment.ends_at <= scale.top]
    rows = [row for row in all_rows if row not in carried]
    span = (scale.top, scale.bottom)
    people = _people(working, visits) if asked.by == "practitioner" else {}
    absent: list[str] = []
    columns: list[Column] = []
    if asked.by == "practitioner":
        elsewhere = busy_elsewhere(location, list(people), bounds)
        for key, practitioner in people.items():
            own = [row for row in rows if row.appointment.practitioner_id == key]
            if not own and not working.periods(key):
                absent.append(_absent(practitioner, working))
                continue
            column = Column(str(key), str(practitioner), _visits(own), practitioner=str(key))
            column.url = asked.address(view="week", who=key)
            shades = [*working.shades(span, key), *_elsewhere(elsewhere, key, span)]
            columns.append(_filled(column, own, shades, scale.span, asked, who))
    else:
        for room in _rooms(location.pk, visits):
            own = [row for row in rows if row.appointment.room_id == (room.pk if room else None)]
            column = Column(str(room.pk) if room else "", str(room or "No room"), _visits(own))
            if room is not None:
                column.room, column.url = str(room.pk), asked.address(view="week", who=room.pk)
            columns.append(_filled(column, own, working.shades(span), scale.span, asked, who))
    nobody = not visits and not any(working.periods(key) for key in working.frame.practitioners)
    row = scale.row_of(who.now)
    return Board(
        rows=scale.rows,
        top=int(scale.top.timestamp()),
        minute=0,
        ticks=scale.ticks(),
        labels=_labels(scale),
        columns=[] if nobody else columns,
        now=f"b-at-{row}" if row is not None else "",
        absent=absent,
        carried=carried,
        whose=[],
        signs=_signs(rows),
        empty=_empty(asked, working, asked.day) if nobody else None,
        sheets=sheets_of(rows),
        may_book=_may(who, asked, "add"),
        may_move=_may(who, asked, "reschedule"),
    )


def week_board(who: Reader, asked: Asked) -> Board:
    """The board of a week, a column for each day: of one practitioner, one room, or everybody here."""
    location = asked.location
    working = working_of(location, asked.first, asked.last)
    period = local_day_bounds(asked.first, location.zone)[0], local_day_bounds(asked.last, location.zone)[1]
    chosen = asked.chosen
    visits = visits_between(who, location, period)
    if chosen is not None:
        visits = visits.filter(**{asked.by: chosen})
    rows = visit_rows(who, visits)
    practitioner = chosen if asked.by == "practitioner" else None
    elsewhere = busy_elsewhere(location, [practitioner], period) if practitioner else []
    hours = working.hours(practitioner)
    times = [_on_its_day(row.appointment, location.zone) for row in rows]
    days = [
        day
        for day in asked.days
        if day.weekday() < 5 or intersected([local_day_bounds(day, location.zone)], [*hours, *times])
    ]
    scale = week_scale(days, location.zone, [*hours, *times])
    columns = []
    for day in days:
        bounds = local_day_bounds(day, location.zone)
        own = [row for row in rows if local_date(row.appointment.starts_at, location.zone) == day]
        column = Column(day.isoformat(), f"{day:%a} {day.day} {day:%b}", _visits(own), day=day)
        column.practitioner = str(practitioner or "")
        column.room = str(chosen) if chosen is not None and asked.by == "room" else ""
        column.url = asked.address(view="day", day=day, who="")
        column.is_today = day == asked.today
        row = scale.row_of(who.now) if column.is_today else None
        column.now = f"b-at-{row}" if row is not None else ""
        shades = [*working.shades(bounds, practitioner), *_elsewhere(elsewhere, practitioner, bounds)]
        columns.append(_of_week(column, own, shades, scale, asked, who))
    nobody = not rows and not (working.periods(practitioner) if practitioner or working.frame.practitioners else [])
    return Board(
        rows=scale.rows,
        top=None,
        minute=scale.first,
        ticks=scale.ticks(),
        labels=_labels(scale),
        columns=[] if nobody else columns,
        now="",
        absent=[],
        carried=[],
        whose=_whose(rows) if asked.is_everybody else [],
        signs=_signs(rows),
        empty=_empty(asked, working, asked.last) if nobody else None,
        sheets=sheets_of(rows),
        may_book=_may(who, asked, "add"),
        may_move=_may(who, asked, "reschedule"),
    )


def _on_its_day(visit: Appointment, zone: ZoneInfo) -> Period:
    """Its time up to midnight: what runs on after it belongs to the column of its day."""
    return visit.starts_at, min(visit.ends_at, local_day_bounds(local_date(visit.starts_at, zone), zone)[1])


def _whose(rows: Sequence[VisitRow]) -> list[tuple[str, str]]:
    people = {row.appointment.practitioner_id: row.appointment.practitioner for row in rows}
    return sorted({(initials(person), str(person)) for person in people.values()})


def _signs(rows: Sequence[VisitRow]) -> list[tuple[str, str]]:
    flags = dict.fromkeys((flag.icon, flag.word) for row in rows for flag in row.flags)
    missing = [("block", "Something is missing")] if any(row.blocks for row in rows) else []
    notes = [("sticky_note_2", "Note")] if any(row.appointment.note for row in rows) else []
    return [*flags, *missing, *notes]


def initials(practitioner: Practitioner) -> str:
    """“RR”."""
    return f"{practitioner.user.first_name[:1]}{practitioner.user.last_name[:1]}".upper()


def _of_week(
    column: Column, rows: Sequence[VisitRow], shades: Iterable[Shade], scale: WeekScale, asked: Asked, who: Reader
) -> Column:
    day = column.day
    assert day is not None

    def place(start: datetime, end: datetime) -> Span | None:
        return scale.span(day, start, end)

    column = _filled(column, rows, (), place, asked, who)
    for shade in shades:
        span = scale.stretches(day, *shade.period)
        if span is not None:
            column.closed.append(Closed(span.css, shade.kind, shade.words))
    return column


def _filled(
    column: Column, rows: Sequence[VisitRow], shades: Iterable[Shade], place: Place, asked: Asked, who: Reader
) -> Column:
    """The column with its visits and its closed time."""
    for shade in shades:
        span = place(*shade.period)
        if span is not None:
            column.closed.append(Closed(span.css, shade.kind, shade.words))
    spans = [place(row.appointment.starts_at, row.appointment.ends_at) for row in rows]
    shown = [(row, span) for row, span in zip(rows, spans, strict=True) if span is not None]
    placed = lanes([span for _, span in shown])
    column.blocks = [_block(row, one, place, asked, who) for (row, _), one in zip(shown, placed, strict=True)]
    return column


def _block(row: VisitRow, placed: Placed, place: Place, asked: Asked, who: Reader) -> Block:
    visit = row.appointment
    zone = asked.location.zone
    starts, ends = clock_time(visit.starts_at, zone), clock_time(visit.ends_at, zone)
    beside = [str(visit.room or "No room")] if asked.by == "practitioner" else [str(visit.practitioner)]
    if asked.is_everybody:
        beside = [str(visit.practitioner), str(visit.room or "No room")]
    said = [
        f"{starts} to {ends}",
        str(visit.patient),
        row.title,
        str(visit.practitioner),
        str(visit.room or "no room"),
        row.badge.word,
        *(flag.word for flag in row.flags),
        *([row.rebook] if row.rebook else []),
        *row.blocks,
        *(["has a note"] if visit.note else []),
    ]
    return Block(
        row=row,
        placed=placed,
        buffers=_buffers(visit, placed, place, asked),
        time=starts,
        whose=initials(visit.practitioner) if asked.is_everybody else "",
        subtitle=" · ".join([*(flag.word for flag in row.flags), row.title, *beside]),
        label=", ".join(said),
        quick=_quick(visit, who) if who.today_at(zone) == local_date(visit.starts_at, zone) else None,
        is_movable=bool(buttons(admin.site._registry[Appointment], who.user, visit, ["reschedule"])),
    )


def _quick(visit: Appointment, who: Reader) -> Button | None:
    return next(iter(buttons(admin.site._registry[Appointment], who.user, visit, QUICK)), None)


def _buffers(visit: Appointment, placed: Placed, place: Place, asked: Asked) -> tuple[str, ...]:
    """The time that its practitioner, or its room, is kept free around a visit that takes up time."""
    if not visit.is_live:
        return ()
    busy = visit.room_busy if asked.by == "room" else visit.practitioner_busy
    around = [place(busy.lower, visit.starts_at), place(visit.ends_at, busy.upper)]
    return tuple(Placed(span, placed.lane, placed.lanes).css for span in around if span is not None)


def _elsewhere(found: Iterable[tuple[UUID, Period]], practitioner: UUID | None, span: Period) -> list[Shade]:
    own = [period for key, period in found if key == practitioner]
    return [Shade("elsewhere", period, "Booked elsewhere") for period in intersected(own, [span])]


def _people(working: Working, visits: Iterable[Appointment]) -> dict[UUID, Practitioner]:
    """Who takes bookings here, by name, and whoever has a visit besides: one query."""
    here = Practitioner.objects.select_related("user").in_bulk(list(working.frame.practitioners))
    people = {key: here[key] for key in working.frame.practitioners if key in here}
    return people | {visit.practitioner_id: visit.practitioner for visit in visits if visit.practitioner_id not in here}


def _rooms(location: UUID, visits: Iterable[Appointment]) -> list[Room | None]:
    """The rooms that take bookings, and those in which there is a visit; None for visits without one. One query."""
    used = {visit.room_id for visit in visits}
    rooms: list[Room | None] = [
        room for room in Room.objects.filter(location=location) if room.is_bookable or room.pk in used
    ]
    return [*rooms, None] if None in used else rooms


def _absent(practitioner: Practitioner, working: Working) -> str:
    away = [absence.because for key, absence in working.time_off if key == practitioner.pk]
    return f"{practitioner} ({away[0] or 'away'})" if away else str(practitioner)


def _empty(asked: Asked, working: Working, last: date) -> Empty:
    because = working.closed_because(asked.day) if asked.view == "day" else ""
    day = f"on {asked.day:%A} {asked.day.day} {asked.day:%B}" if asked.view == "day" else "in this week"
    if because:
        why = f"{asked.location} is closed {day}: {because}."
    elif not working.frame.practitioners:
        why = f"Nobody takes bookings at {asked.location}."
    else:
        why = f"Nobody works here {day}."
    following = next_open_day(asked.location, working.frame, last)
    what = "" if following else "No hours are set for the next two months."
    return Empty(why, what, following, asked.address(day=following) if following else "")


def _visits(rows: Sequence[VisitRow]) -> str:
    return f"{len(rows)} visit" if len(rows) == 1 else f"{len(rows)} visits" if rows else "free"


def _labels(scale: DayScale | WeekScale) -> str:
    return ",".join(scale.label_of(row) for row in range(0, scale.rows + 1, 3))


def _may(who: Reader, asked: Asked, action: str) -> bool:
    return who.user.may("plans.appointment", action, asked.location.pk)
