"""Free time, in one SQL statement; slots and bookings are judged by the same one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from clinic.places.wallclock import local_day_bounds
from plans.scheduling.availability.frames import HOURS_MARK_SQL, Buffers, Frame
from plans.scheduling.ranking import Preference, Slot
from plans.scheduling.rules import Period, days_touched, grid, merged, qualified_days, stretches


@dataclass(frozen=True, slots=True)
class Request:
    """A visit that looks for its time."""

    frame: Frame
    kind: str
    duration: timedelta
    practitioners: Sequence[UUID]
    rooms: Sequence[UUID]
    """Those that may be used, the preferred first."""
    modalities: frozenset[str] = frozenset()
    patient_id: UUID | None = None
    barred: Sequence[tuple[date, date]] = ()
    """Local dates on which it cannot be: first and last of each stretch."""
    moving: UUID | None = None
    """The appointment that leaves its present time for the new one."""
    was_there_first: bool = False
    """It stands where it stood: what was booked over it does not count."""

    @property
    def buffers(self) -> Buffers:
        return self.frame.visit_length(self.kind).buffers


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands for and against one start with one practitioner."""

    is_open: bool
    """The location's hours, without regard to closures."""
    is_closed: bool
    works: bool
    """The practitioner's working time and days of qualification, without regard to closures and time off."""
    is_off: bool
    practitioner_is_free: bool
    patient_is_free: bool
    room_id: UUID | None
    """The first of the requested rooms that is free."""
    hours_mark: str
    """The `Frame.hours_mark` of this moment: another one than the request's where its hours are of yesterday."""

    @property
    def is_working_time(self) -> bool:
        return self.works and not self.is_closed and not self.is_off

    @property
    def is_free(self) -> bool:
        return self.is_working_time and self.practitioner_is_free and self.patient_is_free and self.room_id is not None


def free_slots(
    request: Request,
    first: date,
    last: date,
    *,
    not_before: datetime | None = None,
    preference: Preference | None = None,
    limit: int | None = None,
) -> list[Slot]:
    """The free slots on the local dates `first` to `last`, one room for each practitioner and start: one query.

    In order of their start; with a `preference` the best first, as that says.
    None starts before the location's lead time from now has passed, nor before `not_before`.
    """
    frame = request.frame
    allowed = stretches(first, last, request.barred)
    working = _working(request, allowed)
    runs = grid(working.anybody(), frame.slot, request.duration, frame.zone)
    if not runs or not request.rooms or not request.practitioners:
        return []
    parameters = _parameters(request, first, last, working)
    parameters |= {
        **_columns(("run_first", "run_last"), runs),
        "slot": frame.slot,
        "earliest": max(frame.earliest(), not_before or frame.earliest()),
        # Every start has one slot at least.
        "limit": limit if preference is None else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_calendar_sql(request) + _FREE_SQL, parameters)
        rows = cursor.fetchall()
    people = parameters["people"]
    slots = []
    for seconds, room, practitioners in rows:
        starts_at = datetime.fromtimestamp(seconds, UTC)
        ends_at = starts_at + request.duration
        room_id = request.rooms[room - 1]
        slots += [Slot(people[place - 1], room_id, starts_at, ends_at) for place in sorted(practitioners)]
    if preference is not None:
        slots = preference.best_first(slots, frame.zone)
    return slots[:limit]


def verdict(request: Request, starts_at: datetime) -> Verdict:
    """What stands for and against booking the request's one practitioner at `starts_at`: one query.

    It `is_free` exactly where `free_slots` would offer that start, lead time and grid apart.
    """
    period = (starts_at, starts_at + request.duration)
    first, last = days_touched(period, request.frame.zone)
    parameters = _parameters(request, first, last, _working(request, [(first, last)]))
    parameters |= {"starts_at": starts_at, "extras_from": request.frame.extras_from}
    with connection.cursor() as cursor:
        cursor.execute(_calendar_sql(request) + _VERDICT_SQL, parameters)
        return Verdict(*cursor.fetchone())


def slot_documents(slots: Iterable[Slot], zone: ZoneInfo) -> list[dict[str, str]]:
    """Slots as the API says them: ids as strings, times with the location's offset."""
    shown: dict[datetime | UUID, str] = {}

    def show(value: datetime | UUID) -> str:
        text = shown.get(value)
        if text is None:
            text = value.astimezone(zone).isoformat() if isinstance(value, datetime) else str(value)
            shown[value] = text
        return text

    return [
        {
            "practitioner": show(slot.practitioner_id),
            "room": show(slot.room_id),
            "starts_at": show(slot.starts_at),
            "ends_at": show(slot.ends_at),
        }
        for slot in slots
    ]


@dataclass(frozen=True, slots=True)
class Working:
    """When somebody could be seen, closures and time off aside."""

    opening: list[Period]
    """Of those who have nothing of their own here."""
    own: dict[UUID, list[Period]]
    """Of each of the others."""

    def anybody(self) -> list[Period]:
        """When anybody works."""
        return merged([*self.opening, *(period for periods in self.own.values() for period in periods)])


def _working(request: Request, spans: Iterable[tuple[date, date]]) -> Working:
    """The working time of the request's practitioners on these local dates: first and last of each stretch."""
    frame = request.frame
    found = Working([], {key: [] for key in request.practitioners if frame.has_own(key)})
    for first, last in spans:
        opening = frame.opening(first, last)
        found.opening.extend(opening)
        for key, periods in found.own.items():
            periods.extend(frame.working(key, first, last, opening))
    return found


def _parameters(request: Request, first: date, last: date, working: Working) -> dict[str, Any]:
    frame = request.frame
    lower, upper = local_day_bounds(first, frame.zone)[0], local_day_bounds(last, frame.zone)[1]
    eligible = {
        practitioner: qualified_days(frame.practitioners.get(practitioner, {}), request.modalities, first, last)
        for practitioner in request.practitioners
    }
    people = [
        (practitioner, local_day_bounds(days[0], frame.zone)[0], local_day_bounds(days[1], frame.zone)[1])
        for practitioner, days in eligible.items()
        if days is not None and practitioner in frame.practitioners
    ]
    own_periods = [(practitioner, *period) for practitioner, periods in working.own.items() for period in periods]
    return {
        "location": frame.location_id,
        "patient": request.patient_id,
        "moving": request.moving,
        "rooms": list(request.rooms),
        "lower": lower - _REACH,
        "upper": upper + _REACH,
        "duration": request.duration,
        "practitioner_before": request.buffers.practitioner_before,
        "practitioner_after": request.buffers.practitioner_after,
        "room_before": request.buffers.room_before,
        "room_after": request.buffers.room_after,
        **_columns(("opens", "closes"), working.opening),
        **_columns(("people", "from", "until"), people),
        "has_own": [practitioner in working.own for practitioner, _, _ in people],
        **_columns(("own_people", "own_opens", "own_closes"), own_periods),
    }


def _columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    columns: list[list[Any]] = [[] for _ in names]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return dict(zip(names, columns, strict=True))


_REACH = timedelta(hours=4)
"""The longest buffer: how far outside the days asked for a booking can matter."""

# Written out, so that the planner sees that the partial indexes of the exclusion constraints apply.
_LIVE = "status IN ('booked', 'confirmed', 'arrived')"

_CALENDAR_SQL = """
WITH opening AS (
    SELECT COALESCE(range_agg(tstzrange(opens, closes)), '{}') AS at
    FROM unnest(%(opens)s::timestamptz[], %(closes)s::timestamptz[]) AS t(opens, closes)
), closed AS (
    SELECT COALESCE(range_agg(tstzrange(starts_at, ends_at)), '{}') AS at
    FROM clinic_closure WHERE location_id = %(location)s AND starts_at < %(upper)s AND ends_at > %(lower)s
), patient AS (
    SELECT COALESCE(range_agg(tstzrange(starts_at, ends_at)), '{}') AS at
    FROM plans_appointment
    WHERE patient_id = %(patient)s AND tstzrange(starts_at, ends_at, '[)') && tstzrange(%(lower)s, %(upper)s)
        AND {live} {not_moving}
), own AS (
    SELECT practitioner, range_agg(tstzrange(opens, closes)) AS at
    FROM unnest(%(own_people)s::uuid[], %(own_opens)s::timestamptz[], %(own_closes)s::timestamptz[])
        AS t(practitioner, opens, closes)
    GROUP BY practitioner
), people AS MATERIALIZED (
    SELECT q.id, q.place,
        CASE WHEN q.has_own THEN COALESCE(own.at, '{}') ELSE opening.at END
            * tstzmultirange(tstzrange(q.valid_from, q.valid_until)) AS works,
        COALESCE(away.at, '{}') AS away,
        COALESCE(booked.at, '{}') AS booked
    FROM opening
    CROSS JOIN unnest(
        %(people)s::uuid[], %(from)s::timestamptz[], %(until)s::timestamptz[], %(has_own)s::boolean[]
    ) WITH ORDINALITY AS q(id, valid_from, valid_until, has_own, place)
    LEFT JOIN own ON own.practitioner = q.id
    LEFT JOIN LATERAL (
        SELECT range_agg(tstzrange(starts_at, ends_at)) AS at
        FROM clinic_timeoff WHERE practitioner_id = q.id AND starts_at < %(upper)s AND ends_at > %(lower)s
    ) AS away ON true
    LEFT JOIN LATERAL (
        SELECT range_agg(tstzrange(
            lower(busy) - %(practitioner_after)s::interval, upper(busy) + %(practitioner_before)s::interval)) AS at
        FROM (
            SELECT practitioner_busy AS busy FROM plans_appointment
            WHERE practitioner_id = q.id AND practitioner_busy && tstzrange(%(lower)s, %(upper)s)
                AND {live} AND NOT overbooked {not_moving}
            {over_others}
        ) AS taken
    ) AS booked ON true
), rooms AS MATERIALIZED (
    SELECT r.id, r.place, COALESCE(booked.at, '{}') AS booked
    FROM unnest(%(rooms)s::uuid[]) WITH ORDINALITY AS r(id, place)
    LEFT JOIN LATERAL (
        SELECT range_agg(tstzrange(
            lower(room_busy) - %(room_after)s::interval, upper(room_busy) + %(room_before)s::interval)) AS at
        FROM plans_appointment
        WHERE room_id = r.id AND room_busy && tstzrange(%(lower)s, %(upper)s) AND {live} {not_moving}
    ) AS booked ON true
    ORDER BY r.place
)"""

_OVER_OTHERS_SQL = """UNION ALL
            SELECT practitioner_busy FROM plans_appointment
            WHERE practitioner_id = q.id AND practitioner_busy && tstzrange(%(lower)s, %(upper)s)
                AND {live} AND overbooked {not_moving}"""

# The rooms are asked in their order, and the first that is free ends the asking: a house may have a hundred.
_FREE_SQL = """, free AS MATERIALIZED (
    SELECT people.place,
        people.works - closed.at - people.away - people.booked - patient.at AS at
    FROM people CROSS JOIN closed CROSS JOIN patient
), starts AS (
    SELECT s, tstzrange(s, s + %(duration)s::interval) AS visit
    FROM unnest(%(run_first)s::timestamptz[], %(run_last)s::timestamptz[]) AS run(first, last)
    CROSS JOIN LATERAL generate_series(first, last, %(slot)s::interval) AS s
    WHERE s >= %(earliest)s
)
SELECT extract(epoch FROM s)::bigint, room.place, people.places
FROM starts
CROSS JOIN LATERAL (SELECT array_agg(place) AS places FROM free WHERE at @> visit) AS people
CROSS JOIN LATERAL (SELECT place FROM rooms WHERE NOT booked && visit LIMIT 1) AS room
WHERE people.places IS NOT NULL
ORDER BY s
LIMIT %(limit)s"""

_VERDICT_SQL = """
SELECT opening.at @> visit, closed.at && visit, COALESCE(people.works @> visit, false),
    COALESCE(people.away && visit, false), NOT COALESCE(people.booked && visit, true), NOT patient.at && visit,
    (SELECT id FROM rooms WHERE NOT booked && visit ORDER BY place LIMIT 1), {mark}
FROM (SELECT tstzrange(%(starts_at)s, %(starts_at)s + %(duration)s::interval) AS visit) AS asked
CROSS JOIN opening CROSS JOIN closed CROSS JOIN patient LEFT JOIN people ON true""".replace(
    "{mark}", HOURS_MARK_SQL.format(location="%(location)s", since="%(extras_from)s")
)


def _calendar_sql(request: Request) -> str:
    not_moving = "AND id <> %(moving)s" if request.moving else ""
    over_others = "" if request.was_there_first else _OVER_OTHERS_SQL
    sql = _CALENDAR_SQL.replace("{over_others}", over_others)
    return sql.replace("{live}", _LIVE).replace("{not_moving}", not_moving)
