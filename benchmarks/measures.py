"""The measures of visits and mails. Each takes turns with its floor, so that both meet the same machine; nothing here
judges a time."""

import smtplib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection
from django.test import Client
from knox.models import AuthToken

from benchmarks.courses import plan_recalculation, plan_timeline
from benchmarks.scene import Measure, Scene, bare_connection, p50, seconds_of
from clinic import clock
from clinic.people.models import Practitioner
from clinic.places.models import Location
from clinic.records import Record, uuid7
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.load import working_days
from plans.messages.delivery import deliver_due
from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.render import Mail, Place, render
from plans.messages.rules import Recipient, Visit
from plans.scheduling.availability import frame_of
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind
from plans.scheduling.search import slots_for
from plans.scheduling.services import appointment_book
from plans.scheduling.subjects import Subject


def commit_seconds() -> float:
    """What the smallest transaction that writes takes: what no booking and no delivery can save."""
    with bare_connection() as bare:
        write = partial(bare.execute, "SELECT pg_logical_emit_message(true, 'bench', '')")
        return p50([seconds_of(write) for _ in range(100)])


def slot_search(scene: Scene) -> Measure:
    """Free slots of a follow-up, the best first: 10 practitioners, 14 days, against the statement that it executes."""
    measure = Measure("search of free slots", "its SQL statement")
    frame = frame_of(scene.location.pk)
    patients = scene.patients(scene.turns)
    with bare_connection() as bare:
        for (first, last), patient in zip(scene.windows(), patients, strict=True):
            subject = Subject(VisitKind.FOLLOW_UP, patient, follow_up=_owed(patient, first, last))
            practitioners = scene.practitioners()
            search = partial(slots_for, frame, subject, practitioners=practitioners, best_first=True)
            _against_its_statement(measure, search, bare)
    return measure


def next_five(scene: Scene) -> Measure:
    """The next five slots of anybody from today on, without a range of days, against the statement that it executes."""
    measure = Measure("the next five slots", "its SQL statement")
    frame = frame_of(scene.location.pk)
    with bare_connection() as bare:
        for patient in scene.patients(scene.turns):
            search = partial(slots_for, frame, Subject.of_consultation(patient), limit=5)
            _against_its_statement(measure, search, bare)
    return measure


def _owed(patient: Patient, first: date, last: date) -> FollowUp:
    """A follow-up of half an hour, as it would be between these days; it is not saved."""
    target = first + (last - first) / 2
    return FollowUp(
        patient=patient, title="Review", window_start=first, target_date=target, window_end=last, duration_minutes=30
    )


def _against_its_statement(measure: Measure, search: Callable[[], Any], bare: psycopg.Connection[Any]) -> None:
    statements: list[tuple[Any, Any]] = []

    def keep(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        search()  # both then find the same pages in memory
    if len(statements) != 1:
        raise RuntimeError(f"{measure.title} took {len(statements)} statements")
    measure.turn(search, partial(_fetch, bare, *statements[0]))


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
    prebuilt = [mail_of(scene.location) for _ in range(scene.batch)]
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


def mail_of(location: Location) -> bytes:
    """A reminder, ready to go."""
    key, now = uuid7(), clock.now()
    starts_at = datetime.combine(
        working_days(now.date() + timedelta(days=30), 1)[0], datetime.min.time(), UTC
    ) + timedelta(hours=15)
    return render(
        Mail(
            id=key,
            kind=MessageKind.REMINDER,
            message_id=message_id(key),
            recipient=Recipient("Ada", "patient1@load.example", "en"),
            subject=Visit(key, "follow_up", "booked", 1, starts_at, starts_at + timedelta(minutes=30)),
            link_generation=1,
            place=Place(location.name, location.zone, location.address, location.phone, location.email),
            from_address="clinic@load.example",
            written_at=now,
            patient_id=key,
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


ALL = (slot_search, next_five, booking, plan_timeline, plan_recalculation, delivery, slots_over_http)
