"""What a location offers, booked or not: read in one statement, along with another row where there is one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import JSONField
from django.db.models.expressions import RawSQL

from clinic import clock
from clinic.access.roles import Role
from clinic.places.models import Location
from clinic.places.wallclock import local_day_bounds
from plans.scheduling.models import Appointment
from plans.scheduling.periods import Extra, covers, extra_periods, intersected, without
from plans.scheduling.rules import Days, Hours, Period, days_touched, merged, open_periods

_Against = Appointment.OffHours


@dataclass(frozen=True, slots=True)
class Buffers:
    """Time kept free around a visit."""

    practitioner_before: timedelta = timedelta(0)
    practitioner_after: timedelta = timedelta(0)
    room_before: timedelta = timedelta(0)
    room_after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class VisitLength:
    """What a location's visit type says; half an hour without buffers where it has none."""

    duration: timedelta = timedelta(minutes=30)
    buffers: Buffers = Buffers()


@dataclass(frozen=True, slots=True)
class Frame:
    """What a location offers, booked or not: zone, grid, working time, rooms in order, its bookable practitioners."""

    location_id: UUID
    zone: ZoneInfo
    slot: timedelta
    lead: timedelta
    hours: tuple[Hours, ...]
    breaks: tuple[Hours, ...]
    extras: tuple[Extra, ...]
    """From `extras_from` on: what is long past opens nothing any more."""
    extras_from: date
    hours_mark: str
    """Stands for these hours, breaks and extra hours: another one after any of them has changed."""
    rooms: Mapping[UUID, frozenset[str]]
    """Its bookable rooms in order, with the modalities each is fit for."""
    practitioners: Mapping[UUID, Mapping[str, Days]]
    """Its bookable practitioners in order of name, with the days of each one's qualifications."""
    visit_lengths: Mapping[str, VisitLength]

    def visit_length(self, kind: str) -> VisitLength:
        return self.visit_lengths.get(kind, VisitLength())

    def capable_rooms(self, modalities: frozenset[str]) -> list[UUID]:
        """Rooms fit for every one of `modalities`, in order."""
        return [room for room, fit_for in self.rooms.items() if modalities <= fit_for]

    def opening(self, first: date, last: date, *, breaks: bool = True) -> list[Period]:
        """When the location is open on these local dates, closures aside: its weekly hours without its breaks, and its
        extra hours. With `breaks=False` as if there were no breaks."""
        weekly = self._weekly(self.hours, None, first, last)
        if breaks:
            weekly = without(weekly, self._weekly(self.breaks, None, first, last))
        return merged([*weekly, *self._extra(None, first, last)])

    def has_own(self, practitioner: UUID) -> bool:
        """Whether anything here is the practitioner's own; without, they work whenever the location is open."""
        rows: tuple[Hours | Extra, ...] = (*self.hours, *self.breaks, *self.extras)
        return any(row.practitioner == practitioner for row in rows)

    def working(
        self, practitioner: UUID, first: date, last: date, opening: Sequence[Period], *, breaks: bool = True
    ) -> list[Period]:
        """When the practitioner works here on these local dates, of which `opening` is the location's.

        Their own hours where it is open, or all of it without any and before the first of them holds; minus their
        breaks, plus their own extra hours. Closures, time off and qualifications aside.
        """
        weekly = list(opening)
        own_from = [row.valid[0] for row in self.hours if row.practitioner == practitioner]
        if own_from:
            begins = local_day_bounds(min(day or first for day in own_from), self.zone)[0]
            before = [(start, min(end, begins)) for start, end in opening if start < begins]
            weekly = merged([*before, *intersected(self._weekly(self.hours, practitioner, first, last), opening)])
        if breaks:
            weekly = without(weekly, self._weekly(self.breaks, practitioner, first, last))
        return merged([*weekly, *self._extra(practitioner, first, last)])

    def _weekly(self, rows: Iterable[Hours], whose: UUID | None, first: date, last: date) -> list[Period]:
        return open_periods((row for row in rows if row.practitioner == whose), first, last, self.zone)

    def _extra(self, whose: UUID | None, first: date, last: date) -> list[Period]:
        return extra_periods((row for row in self.extras if row.practitioner == whose), first, last, self.zone)

    def earliest(self) -> datetime:
        """The first instant that can be booked now."""
        return clock.now() + self.lead


def frame_of(location_id: UUID) -> Frame:
    """The location's frame: one query. Raises `Location.DoesNotExist`."""
    row = Location.objects.filter(pk=location_id).values_list(frame_document("clinic_location.id")).get()
    return frame_from(row[0])


def frame_document(location_column: str) -> RawSQL:
    """An expression that reads a location's frame along with another row; give what comes out to `frame_from`."""
    mark = HOURS_MARK_SQL.format(location="l.id", since="%s")
    sql = _FRAME_SQL.replace("{mark}", mark).replace("{location}", location_column)
    # A day behind UTC is a day ahead of nobody: every location's today is in.
    since = clock.now().date() - timedelta(days=1)
    return RawSQL(sql, [since, since, since, Role.PRACTITIONER.value], output_field=JSONField())


def frame_from(document: Mapping[str, Any]) -> Frame:
    """The frame that a `frame_document` holds."""

    def days(row: Mapping[str, Any]) -> Days:
        first, last = row["valid_from"], row["valid_until"]
        return (date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)

    def weekly(row: Mapping[str, Any], opens: str, closes: str) -> Hours:
        opens_at, closes_at = time.fromisoformat(row[opens]), time.fromisoformat(row[closes])
        return Hours(row["weekday"], opens_at, closes_at, days(row), whose(row))

    def whose(row: Mapping[str, Any]) -> UUID | None:
        return UUID(row["practitioner"]) if row["practitioner"] else None

    return Frame(
        location_id=UUID(document["id"]),
        zone=ZoneInfo(document["timezone"]),
        slot=timedelta(minutes=document["slot_minutes"]),
        lead=timedelta(minutes=document["lead_minutes"]),
        hours=tuple(weekly(row, "opens_at", "closes_at") for row in document["hours"]),
        breaks=tuple(weekly(row, "starts_at", "ends_at") for row in document["breaks"]),
        extras=tuple(
            Extra(
                date.fromisoformat(row["on"]),
                time.fromisoformat(row["opens_at"]),
                time.fromisoformat(row["closes_at"]),
                whose(row),
            )
            for row in document["extras"]
        ),
        extras_from=date.fromisoformat(document["extras_from"]),
        hours_mark=document["hours_mark"],
        rooms={UUID(row["id"]): frozenset(row["modalities"]) for row in document["rooms"]},
        practitioners={
            UUID(row["id"]): {qualification["modality"]: days(qualification) for qualification in row["qualifications"]}
            for row in document["practitioners"]
        },
        visit_lengths={
            row["kind"]: VisitLength(
                timedelta(minutes=row["duration_minutes"]),
                Buffers(
                    practitioner_before=timedelta(minutes=row["practitioner_minutes_before"]),
                    practitioner_after=timedelta(minutes=row["practitioner_minutes_after"]),
                    room_before=timedelta(minutes=row["room_minutes_before"]),
                    room_after=timedelta(minutes=row["room_minutes_after"]),
                ),
            )
            for row in document["visit_types"]
        },
    )


def off_hours_of(frame: Frame, practitioner: UUID, visit: Period, *, is_closed: bool, is_off: bool) -> str:
    """What a visit stands against, an `Appointment.OffHours`; empty within working time.

    Hours, breaks and extra hours are the frame's; a closure and time off at its time come with the question. The
    closure is named first, then the location's hours, then time off, then the practitioner's own hours.
    """
    if is_closed:
        return _Against.CLOSURE
    touched = days_touched(visit, frame.zone)
    opening = frame.opening(*touched)
    works = covers(frame.working(practitioner, *touched, opening), visit)
    if not works and not covers(opening, visit):
        return _Against.OPENING_HOURS
    if is_off:
        return _Against.TIME_OFF
    return "" if works else _Against.PRACTITIONER_HOURS


HOURS_MARK_SQL = """(
SELECT md5(string_agg(said, ',' ORDER BY said)) FROM (
    SELECT timezone AS said FROM clinic_location WHERE id = {location}
    UNION ALL SELECT id || ' ' || version FROM clinic_openinghours WHERE location_id = {location}
    UNION ALL SELECT id || ' ' || version FROM clinic_break WHERE location_id = {location}
    UNION ALL SELECT id || ' ' || version FROM clinic_extrahours WHERE location_id = {location} AND "on" >= {since}
) AS hours)"""
"""Changes with every change of the hours, breaks, extra hours or zone of a location."""

_FRAME_SQL = """(
SELECT jsonb_build_object(
    'id', l.id, 'timezone', l.timezone, 'slot_minutes', l.slot_minutes, 'lead_minutes', l.lead_minutes,
    'hours', COALESCE((
        SELECT jsonb_agg(jsonb_build_object(
            'weekday', weekday, 'opens_at', opens_at, 'closes_at', closes_at, 'valid_from', valid_from,
            'valid_until', valid_until, 'practitioner', practitioner_id))
        FROM clinic_openinghours WHERE location_id = l.id), '[]'),
    'breaks', COALESCE((
        SELECT jsonb_agg(jsonb_build_object(
            'weekday', weekday, 'starts_at', starts_at, 'ends_at', ends_at, 'valid_from', valid_from,
            'valid_until', valid_until, 'practitioner', practitioner_id))
        FROM clinic_break WHERE location_id = l.id), '[]'),
    'extras', COALESCE((
        SELECT jsonb_agg(jsonb_build_object(
            'on', "on", 'opens_at', opens_at, 'closes_at', closes_at, 'practitioner', practitioner_id))
        FROM clinic_extrahours WHERE location_id = l.id AND "on" >= %s), '[]'),
    'extras_from', %s::date, 'hours_mark', {mark},
    'rooms', COALESCE((
        SELECT jsonb_agg(jsonb_build_object('id', id, 'modalities', modalities) ORDER BY position, name)
        FROM clinic_room WHERE location_id = l.id AND is_bookable), '[]'),
    'practitioners', COALESCE((
        SELECT jsonb_agg(jsonb_build_object('id', p.id, 'qualifications', COALESCE((
            SELECT jsonb_agg(jsonb_build_object(
                'modality', modality, 'valid_from', valid_from, 'valid_until', valid_until))
            FROM clinic_qualification WHERE practitioner_id = p.id), '[]')) ORDER BY u.last_name, u.first_name, p.id)
        FROM clinic_practitioner p JOIN clinic_user u ON u.id = p.user_id
        WHERE p.is_bookable AND u.is_active AND EXISTS (
            SELECT FROM clinic_membership m WHERE m.user_id = u.id AND m.location_id = l.id AND m.role = %s)), '[]'),
    'visit_types', COALESCE((
        SELECT jsonb_agg(to_jsonb(v)) FROM plans_visittype v WHERE location_id = l.id), '[]'))
FROM clinic_location l WHERE l.id = {location})"""
