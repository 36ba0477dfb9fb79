"""What a location offers, booked or not: read in one statement, along with another row where there is one."""

from collections.abc import Mapping
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
from plans.scheduling.rules import Days, Hours, Period, open_periods


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
    """What a location offers, booked or not: zone, grid, hours, rooms in order, its bookable practitioners."""

    location_id: UUID
    zone: ZoneInfo
    slot: timedelta
    lead: timedelta
    hours: tuple[Hours, ...]
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

    def location_hours(self) -> list[Hours]:
        return [row for row in self.hours if row.practitioner is None]

    def own_hours(self, practitioner: UUID) -> list[Hours]:
        """The practitioner's own hours here; none means that they work whenever it is open."""
        return [row for row in self.hours if row.practitioner == practitioner]

    def earliest(self) -> datetime:
        """The first instant that can be booked now."""
        return clock.now() + self.lead


def frame_of(location_id: UUID) -> Frame:
    """The location's frame: one query. Raises `Location.DoesNotExist`."""
    row = Location.objects.filter(pk=location_id).values_list(frame_document("clinic_location.id")).get()
    return frame_from(row[0])


def frame_document(location_column: str) -> RawSQL:
    """An expression that reads a location's frame along with another row; give what comes out to `frame_from`."""
    sql = _FRAME_SQL.replace("{location}", location_column)
    return RawSQL(sql, [Role.PRACTITIONER.value], output_field=JSONField())


def frame_from(document: Mapping[str, Any]) -> Frame:
    """The frame that a `frame_document` holds."""

    def days(row: Mapping[str, Any]) -> Days:
        first, last = row["valid_from"], row["valid_until"]
        return (date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)

    return Frame(
        location_id=UUID(document["id"]),
        zone=ZoneInfo(document["timezone"]),
        slot=timedelta(minutes=document["slot_minutes"]),
        lead=timedelta(minutes=document["lead_minutes"]),
        hours=tuple(
            Hours(
                weekday=row["weekday"],
                opens_at=time.fromisoformat(row["opens_at"]),
                closes_at=time.fromisoformat(row["closes_at"]),
                valid=days(row),
                practitioner=UUID(row["practitioner"]) if row["practitioner"] else None,
            )
            for row in document["hours"]
        ),
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


def opening_on(frame: Frame, day: date) -> list[Period]:
    """The location's opening hours on this local date, without regard to closures."""
    return open_periods(frame.location_hours(), day, day, frame.zone)


_FRAME_SQL = """(
SELECT jsonb_build_object(
    'id', l.id, 'timezone', l.timezone, 'slot_minutes', l.slot_minutes, 'lead_minutes', l.lead_minutes,
    'hours', COALESCE((
        SELECT jsonb_agg(jsonb_build_object(
            'weekday', weekday, 'opens_at', opens_at, 'closes_at', closes_at, 'valid_from', valid_from,
            'valid_until', valid_until, 'practitioner', practitioner_id))
        FROM clinic_openinghours WHERE location_id = l.id), '[]'),
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
