"""The measures. Each takes turns with its floor, so that both meet the same machine; nothing here judges a time."""

import calendar
import os
import random
import smtplib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection
from django.test import Client
from knox.models import AuthToken

from clinic import clock
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from clinic.records import Record, uuid7
from patients.models import Patient
from plans.load import working_days
from plans.messages.delivery import deliver_due
from plans.messages.identifiers import calendar_uid, message_id
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.render import Place, VisitMail, render
from plans.scheduling.availability import frame_of
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.search import slots_for
from plans.scheduling.services import appointment_book
from plans.scheduling.subjects import Subject
from plans.treatment import timeline

SEARCH_DAYS, SEARCH_PRACTITIONERS = 14, 10


@dataclass
class Measure:
    """Seconds of one act, ours and the floor's, a value for each turn."""

    title: str
    floor_title: str
    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def turn(self, ours: Callable[[], Any], floor: Callable[[], Any], *, acts: int = 1) -> None:
        """Time `acts` of each; the floor goes first every second turn."""
        pair = [(self.ours, ours), (self.floor, floor)]
        for values, act in reversed(pair) if len(self.ours) % 2 else pair:
            values.append(seconds_of(act) / acts)


def seconds_of(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def p50(values: Sequence[float]) -> float:
    return median(values)


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


@dataclass(frozen=True)
class Scene:
    """What the measures work on: a location under load, and how often to try."""

    location: Location
    desk: User
    turns: int
    batch: int
    """Mails a turn, and timelines."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def windows(self) -> list[tuple[date, date]]:
        """`turns` random fortnights among the days that have visits to come."""
        today = clock.today(self.location.zone)
        ends = Appointment.objects.filter(location=self.location).latest("starts_at").starts_at.date()
        last = max((ends - today).days - SEARCH_DAYS, 1)
        firsts = [today + timedelta(days=self.dice.randint(1, last)) for _ in range(self.turns)]
        return [(first, first + timedelta(days=SEARCH_DAYS - 1)) for first in firsts]

    def practitioners(self) -> list[UUID]:
        here = Practitioner.objects.filter(user__memberships__location=self.location).order_by("pk")
        return self.dice.sample(list(here.values_list("pk", flat=True)), SEARCH_PRACTITIONERS)

    def patients(self, count: int) -> list[Patient]:
        return list(Patient.objects.filter(home_location=self.location)[:count])


def bare_connection() -> psycopg.Connection[Any]:
    """PostgreSQL without Django; parameters are bound as Django binds them, so that the plans are the same."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, cursor_factory=psycopg.ClientCursor)


def commit_seconds() -> float:
    """What the smallest transaction that writes takes: what no booking and no delivery can save."""
    with bare_connection() as bare:
        write = partial(bare.execute, "SELECT pg_logical_emit_message(true, 'bench', '')")
        return p50([seconds_of(write) for _ in range(100)])


def slot_search(scene: Scene) -> Measure:
    """Free slots of 10 practitioners over 14 days, against the one statement that this executes."""
    measure = Measure("search of free slots", "its SQL statement")
    frame = frame_of(scene.location.pk)
    patients = scene.patients(scene.turns)
    with bare_connection() as bare:
        for (first, last), patient in zip(scene.windows(), patients, strict=True):
            search = partial(
                slots_for,
                frame,
                Subject.of_consultation(patient),
                first=first,
                last=last,
                practitioners=scene.practitioners(),
            )
            statements: list[tuple[Any, Any]] = []

            def keep(execute: Any, sql: Any, params: Any, many: Any, context: Any, kept: Any = statements) -> Any:
                kept.append((sql, params))
                return execute(sql, params, many, context)

            with connection.execute_wrapper(keep):
                search()  # both then find the same pages in memory
            measure.turn(search, partial(_fetch, bare, *statements[-1]))
    return measure


def _fetch(bare: psycopg.Connection[Any], sql: Any, parameters: Any) -> list[Any]:
    return bare.execute(sql, parameters).fetchall()


def booking(scene: Scene) -> Measure:
    """A visit booked, with its checks, locks and four mails, against the bare INSERT of the rows that it made."""
    measure = Measure("booking a visit", "INSERT of the same rows")
    frame = frame_of(scene.location.pk)
    (first, last), *_ = scene.windows()
    last = max(last, first + timedelta(days=60))
    free = [slot for slot in slots_for(frame, None, first=first, last=last) if slot.starts_at.minute in (0, 30)]
    practitioners = Practitioner.objects.select_related("user").in_bulk()
    with bare_connection() as bare:
        for slot, patient in zip(scene.dice.sample(free, scene.turns), scene.patients(scene.turns), strict=True):
            began = time.perf_counter()
            visit = appointment_book(
                by=scene.desk,
                location=scene.location,
                practitioner=practitioners[slot.practitioner_id],
                starts_at=slot.starts_at,
                consultation_for=patient,
            )
            measure.ours.append(time.perf_counter() - began)
            inserts = _taken_out(bare, visit.pk)
            measure.floor.append(seconds_of(partial(_insert, bare, inserts)))
    return measure


def _taken_out(bare: psycopg.Connection[Any], visit: UUID) -> list[tuple[str, list[Any]]]:
    """Delete a visit with all that was made with it; returns the statements that insert the very same rows."""
    inserts: list[tuple[str, list[Any]]] = []
    tables: Sequence[tuple[type[Record], str]] = (
        (Appointment, "id"),
        (AppointmentRevision, "appointment_id"),
        (PatientMessage, "appointment_id"),
    )
    for model, key in tables:
        table = model._meta.db_table
        found = bare.execute(f"SELECT * FROM {table} WHERE {key} = %s", [visit])
        columns = ", ".join(f'"{column.name}"' for column in found.description or ())
        rows = found.fetchall()
        places = ", ".join("(" + ", ".join(["%s"] * len(row)) + ")" for row in rows)
        inserts.append((f"INSERT INTO {table} ({columns}) VALUES {places}", [value for row in rows for value in row]))
    with bare.transaction():
        for model, key in reversed(tables):
            bare.execute(f"DELETE FROM {model._meta.db_table} WHERE {key} = %s", [visit])
    return inserts


def _insert(bare: psycopg.Connection[Any], inserts: Sequence[tuple[str, list[Any]]]) -> None:
    with bare.transaction():
        for sql, values in inserts:
            bare.execute(sql, values)


def plan_timeline(scene: Scene) -> Measure:
    """Every window of a plan of 12 steps, against the date additions alone."""
    measure = Measure("timeline of 12 steps", "its date additions")
    start = date(2026, 1, 31)
    steps = [
        *(
            timeline.Step(
                position=position,
                kind=timeline.SESSION,
                title=f"Session {position}",
                anchor="plan_start" if position == 1 else "previous_session",
                offset_days=0 if position == 1 else 28,
                tolerance_before_days=7,
                tolerance_after_days=14,
                minimum_interval_days=21,
            )
            for position in range(1, 9)
        ),
        *(
            timeline.Step(
                position=8 + number,
                kind=timeline.ASSESSMENT,
                title=f"After {3 * number} months",
                anchor="last_session",
                offset_months=3 * number,
                tolerance_before_days=14,
                tolerance_after_days=28,
            )
            for number in range(1, 5)
        ),
    ]
    facts = timeline.Facts(performed_on={1: start, 2: start + timedelta(days=30)})

    def ours() -> list[tuple[date, date, date]]:
        course = timeline.sessions(steps, start, facts)
        visits = timeline.follow_ups(steps, start, course, facts)
        windows = [session.window for session in course] + [visit.window for visit in visits]
        return [(window.earliest, window.target, window.latest) for window in windows]

    def floor() -> list[tuple[date, date, date]]:
        return _bare_dates(start, {1: start, 2: start + timedelta(days=30)})

    if ours() != floor():
        raise RuntimeError("The floor of the timeline does not compute what the timeline does.")
    for _ in range(scene.turns):
        measure.turn(partial(_repeat, ours, scene.batch), partial(_repeat, floor, scene.batch), acts=scene.batch)
    return measure


def _bare_dates(start: date, performed: dict[int, date]) -> list[tuple[date, date, date]]:
    week, interval, fortnight, month = (timedelta(days=days) for days in (7, 21, 14, 28))
    found = [(start, start, start + fortnight)]
    given = performed[1]
    for number in range(2, 9):
        target = given + month
        found.append((max(target - week, given + interval), target, target + fortnight))
        given = performed.get(number, target)
    for number in range(1, 5):
        years, months = divmod(given.month - 1 + 3 * number, 12)
        year = given.year + years
        target = date(year, months + 1, min(given.day, calendar.monthrange(year, months + 1)[1]))
        found.append((target - fortnight, target, target + month))
    return found


def _repeat(act: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        act()


def delivery(scene: Scene) -> Measure:
    """Mails sent by one process, against prebuilt ones sent by `smtplib` over one connection into the same sink."""
    measure = Measure("delivery of a mail", "prebuilt, by smtplib")
    turns = max(scene.turns // 8, 4)
    pending = PatientMessage.objects.filter(
        location=scene.location, status=PatientMessage.Status.PENDING, appointment__starts_at__gt=clock.now()
    )
    chosen = list(pending.values_list("pk", flat=True)[: turns * scene.batch])
    if len(chosen) < turns * scene.batch:
        raise RuntimeError("There are too few mails to come: give more appointments.")
    PatientMessage.objects.filter(pk__in=chosen).update(not_before=clock.now())
    prebuilt = [_mail(scene.location) for _ in range(scene.batch)]
    sender = settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">")
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as client:

        def floor() -> None:
            for content in prebuilt:
                client.sendmail(sender, ["patient1@load.example"], content)

        def ours() -> None:
            report = deliver_due(limit=scene.batch)
            if report.sent != scene.batch:
                raise RuntimeError(f"Not every mail was sent: {report}")

        client.ehlo()
        for _ in range(turns):
            measure.turn(ours, floor, acts=scene.batch)
    return measure


def _mail(location: Location) -> bytes:
    key, now = uuid7(), clock.now()
    starts_at = datetime.combine(
        working_days(now.date() + timedelta(days=30), 1)[0], datetime.min.time(), UTC
    ) + timedelta(hours=15)
    return render(
        VisitMail(
            id=key,
            kind=MessageKind.REMINDER,
            message_id=message_id(key),
            revision=1,
            calendar_uid=calendar_uid(key),
            first_name="Ada",
            to_address="patient1@load.example",
            language="en",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            place=Place(location.name, location.zone, location.address, location.phone, location.email),
            from_address="clinic@load.example",
            written_at=now,
        )
    ).as_bytes()


def slots_over_http(scene: Scene) -> Measure:
    """`GET /slots/` of 10 practitioners over 14 days against `GET /me/`: what every request costs."""
    measure = Measure("GET /slots/", "GET /me/")
    client = Client(
        headers={"Authorization": f"Token {AuthToken.objects.create(scene.desk)[1]}"}, SERVER_NAME="localhost"
    )

    def get(path: str) -> None:
        response = client.get(f"/api/v1{path}")
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}: {response.content!r}")

    get("/me/")
    for first, last in scene.windows():
        query = {"location": scene.location.pk, "from": first, "to": last, "practitioner": scene.practitioners()}
        path = f"/slots/?{urlencode(query, doseq=True)}"
        get(path)
        measure.turn(partial(get, path), partial(get, "/me/"))
    return measure


ALL = (slot_search, booking, plan_timeline, delivery, slots_over_http)
