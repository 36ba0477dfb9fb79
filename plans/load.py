"""Bulk data for benchmarks: a location of its own, full of visits that the services could have booked, and their mails.

Rows go in by COPY, in transactions of `AT_ONCE` visits; memory holds one of these and 16 bytes a patient. Nothing is
switched off for it: exclusion constraints, checks, and the triggers of the history work on every row, and write one
more row for each patient, visit and revision. That is most of what an insert takes.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as wall_clock
from itertools import islice
from uuid import UUID

from django.db import connection
from django.db.models import NOT_PROVIDED, Model

from clinic import clock
from clinic.access.roles import Role
from clinic.audit.history import recorded
from clinic.errors import Invalid
from clinic.people.models import Membership, Modality, Practitioner, Qualification, User
from clinic.places.models import Location, OpeningHours, Room, Weekday
from clinic.places.wallclock import at_wall_clock
from clinic.records import uuid7
from patients.models import Patient
from plans.messages import policy, rules
from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind, PatientMessage
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind

NAME = "Load test"
MOST = 1_000_000
"""Of patients. Visits and mails follow from it."""
AT_ONCE = 1_000
"""Visits or patients in one transaction: in a longer one the history's triggers slow down."""

OPENS, CLOSES, VISIT = wall_clock(8), wall_clock(18), timedelta(minutes=30)
STARTS = [wall_clock(hour, minute) for hour in range(OPENS.hour, CLOSES.hour) for minute in (0, 30)]
FULL = 12
"""Visits a day and practitioner where it is busiest: three fifths of the day, so that a search finds something."""
FEWEST_PRACTITIONERS, FEWEST_DAYS, MOST_DAYS = 10, 20, 650
"""Working days, one quarter of them from today on: two years back, half a year ahead."""
MAILS_A_VISIT = 4

FIRST_NAMES = ("Ada", "Ben", "Carla", "David", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Liam")
LAST_NAMES = ("Abbott", "Brandt", "Castro", "Dietz", "Evans", "Fischer", "Garcia", "Haddad", "Ivanov", "Jensen", "Kaya")

Status = Appointment.Status
Mail = PatientMessage.Status
Act = AppointmentRevision.Act
Report = Callable[[str, int, float], None]
"""Takes what was inserted, how many, and in how many seconds."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much to generate. Raises `Invalid` for what cannot be."""

    patients: int
    appointments: int
    messages: int

    def __post_init__(self) -> None:
        for name in ("patients", "appointments", "messages"):
            if getattr(self, name) < 0:
                raise Invalid(f"The number of {name} cannot be negative.", attr=name)
        if self.patients > MOST:
            raise Invalid(f"At most {MOST:,} patients at once.", attr="patients")
        if self.appointments > self.practitioners * FULL * self.days:
            most = self.patients * FULL * MOST_DAYS
            raise Invalid(
                f"{self.patients:,} patients can have at most {most:,} appointments without overlapping ones: "
                "give more patients.",
                attr="appointments",
            )
        if self.messages > self.appointments * MAILS_A_VISIT:
            raise Invalid(
                f"{self.appointments:,} appointments have at most {self.appointments * MAILS_A_VISIT:,} messages, "
                f"{MAILS_A_VISIT} each.",
                attr="messages",
            )

    @property
    def practitioners(self) -> int:
        """No more than patients: those of one half-hour have to be different people."""
        return min(self.patients, max(FEWEST_PRACTITIONERS, math.ceil(self.appointments / (FULL * MOST_DAYS))))

    @property
    def days(self) -> int:
        needed = math.ceil(self.appointments / (FULL * max(self.practitioners, 1)))
        return min(MOST_DAYS, max(FEWEST_DAYS, needed))


@dataclass(frozen=True, slots=True)
class House:
    """Where the visits take place: as many rooms as practitioners."""

    location: Location
    practitioners: Sequence[UUID]
    rooms: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Visit:
    """One booked time and what became of it."""

    id: UUID
    place: int
    """Whose it is: a place in the house's practitioners and rooms."""
    patient: UUID
    ordinal: int
    """The patient's number, which their address is made of."""
    starts_at: datetime
    status: Status
    booked_at: datetime
    settled_at: datetime | None
    """When it was confirmed or cancelled."""

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + VISIT

    @property
    def is_cancelled(self) -> bool:
        return self.status == Status.CANCELLED


def generate(size: Size, *, report: Report, members: Sequence[User] = ()) -> Location:
    """Fill a new location with `size`; returns it.

    Visits are half an hour long and never overlap, cancelled ones included. Three quarters of the days are past: their
    visits are fulfilled, missed or cancelled; later ones are booked, confirmed or cancelled. Each has the mails of its
    own policy, as sent or pending as its time says; where `size` has fewer than four a visit, the earliest visits
    go without. `members` get the front desk's and the manager's role there. The same `size` gives the same pattern.
    """
    now = clock.now()
    house = _open(size, members)
    patients = bytearray()

    for count in _portions(size.patients):
        with recorded("generate_load"):
            rows = list(_patients(house.location, len(patients) // 16, count, now))
            _copied(Patient, PATIENT, rows, report)
        for row in rows:
            patients += row[0].bytes

    visits = _visits(size, house.location, patients, now)
    left = size.appointments
    while portion := list(islice(visits, AT_ONCE)):
        mails: list[Sequence[object]] = []
        for visit in portion:
            left -= 1
            quota = size.messages - MAILS_A_VISIT * left
            if quota > 0:
                mails += islice(_mails(house.location, visit, now), quota)
        with recorded("generate_load"):
            _copied(Appointment, APPOINTMENT, [_appointment(house, visit) for visit in portion], report)
            _copied(
                AppointmentRevision, REVISION, [row for visit in portion for row in _revisions(house, visit)], report
            )
            _copied(PatientMessage, MESSAGE, mails, report)

    with connection.cursor() as cursor:
        for model in (Patient, Appointment, AppointmentRevision, PatientMessage):
            cursor.execute(f"ANALYZE {_quoted(model._meta.db_table)}")
    return house.location


def _open(size: Size, members: Sequence[User]) -> House:
    """The location, open on weekdays, with its practitioners, who cannot sign in."""
    with recorded("generate_load"):
        number = Location.objects.filter(name__startswith=NAME).count() + 1
        location = Location.objects.create(
            name=NAME if number == 1 else f"{NAME} {number}",
            timezone="America/New_York",
            street="1 Load Street",
            city="New York, NY",
            country="US",
            phone="+1 212 555 0199",
            email=f"desk{number}@load.example",
            position=100,
        )
        OpeningHours.objects.bulk_create(
            OpeningHours(location=location, weekday=day, opens_at=OPENS, closes_at=CLOSES)
            for day in Weekday.values
            if day <= Weekday.FRIDAY
        )
        count = range(1, size.practitioners + 1)
        rooms = Room.objects.bulk_create(
            Room(location=location, name=f"Room {place}", modalities=Modality.values, position=place) for place in count
        )
        users = [
            User(email=f"practitioner{place}@load{number}.example", first_name="Load", last_name=f"Number {place}")
            for place in count
        ]
        for user in users:
            user.set_unusable_password()
        User.objects.bulk_create(users)
        practitioners = Practitioner.objects.bulk_create(Practitioner(user=user, title="Dr") for user in users)
        Qualification.objects.bulk_create(
            Qualification(practitioner=practitioner, modality=modality)
            for practitioner in practitioners
            for modality in Modality.values
        )
        Membership.objects.bulk_create(
            [
                *(Membership(user=user, location=location, role=Role.PRACTITIONER) for user in users),
                *(
                    Membership(user=user, location=location, role=role)
                    for user in members
                    for role in (Role.FRONT_DESK, Role.MANAGER)
                ),
            ]
        )
    return House(location, [practitioner.pk for practitioner in practitioners], [room.pk for room in rooms])


def _portions(count: int) -> Iterator[int]:
    for first in range(0, count, AT_ONCE):
        yield min(AT_ONCE, count - first)


PATIENT = (
    *("id", "first_name", "last_name", "date_of_birth", "sex", "home_location_id", "email", "phone", "phone_digits"),
    *("created_at", "updated_at"),
)


def _patients(location: Location, first: int, count: int, now: datetime) -> Iterator[tuple[UUID, *tuple[object, ...]]]:
    for ordinal in range(first, first + count):
        yield (
            uuid7(),
            FIRST_NAMES[ordinal % len(FIRST_NAMES)],
            f"{LAST_NAMES[ordinal % len(LAST_NAMES)]} {ordinal + 1}",
            date(1950, 1, 1) + timedelta(days=ordinal * 37 % 18_000),
            ("female", "male")[ordinal % 2],
            location.pk,
            _address(ordinal),
            f"+1 212 555 01{ordinal % 100:02}",
            f"121255501{ordinal % 100:02}",
            now,
            now,
        )


def _address(ordinal: int) -> str:
    return f"patient{ordinal + 1}@load.example"


def _visits(size: Size, location: Location, patients: bytearray, now: datetime) -> Iterator[Visit]:
    """Every visit in order of its start, spread evenly over the days and at random over each.

    Whoever comes in one half-hour is somebody else: patients come in turn, and there are no fewer of them than
    practitioners.
    """
    dice = random.Random(size.appointments)
    days = working_days(clock.today(location.zone), size.days)
    ordinal = 0
    for number, day in enumerate(days, start=1):
        count = size.appointments * number // size.days - ordinal
        for cell in sorted(dice.sample(range(len(STARTS) * size.practitioners), count)):
            start, place = divmod(cell, size.practitioners)
            starts_at = at_wall_clock(day, STARTS[start], location.zone)
            turn = ordinal % size.patients
            patient = UUID(bytes=bytes(patients[16 * turn : 16 * turn + 16]))
            yield Visit(uuid7(), place, patient, turn, starts_at, *_life(starts_at, now, dice.random()))
            ordinal += 1


def working_days(today: date, count: int) -> list[date]:
    """`count` weekdays in order, a quarter of them from `today` on."""
    ahead = math.ceil(count / 4)
    return [*reversed(list(_weekdays(today, -1, count - ahead))), *_weekdays(today - timedelta(days=1), 1, ahead)]


def _weekdays(day: date, step: int, count: int) -> Iterator[date]:
    """The next `count` weekdays after `day`, or before it."""
    while count:
        day += timedelta(days=step)
        if day.isoweekday() <= Weekday.FRIDAY:
            count -= 1
            yield day


def _life(starts_at: datetime, now: datetime, chance: float) -> tuple[Status, datetime, datetime | None]:
    """What a visit has come to by `now`, when it was booked, and when it was confirmed or cancelled."""
    booked_at = min(starts_at - timedelta(days=14), now - timedelta(hours=1))
    settled_at = min(starts_at - timedelta(days=1), now - timedelta(minutes=10))
    if chance < 0.07:
        return Status.CANCELLED, booked_at, settled_at
    if starts_at + VISIT <= now:
        return Status.NO_SHOW if chance < 0.12 else Status.FULFILLED, booked_at, settled_at
    if starts_at <= now:
        return Status.ARRIVED, booked_at, settled_at
    return (Status.BOOKED, booked_at, None) if chance < 0.6 else (Status.CONFIRMED, booked_at, settled_at)


APPOINTMENT = (
    *("id", "patient_id", "practitioner_id", "location_id", "room_id", "kind", "starts_at", "ends_at"),
    *("practitioner_busy", "room_busy", "status", "revision", "confirmed_at", "arrived_at", "fulfilled_at"),
    *("cancelled_at", "cancel_reason", "no_show_at", "created_at", "updated_at"),
)


def _appointment(house: House, visit: Visit) -> Sequence[object]:
    busy = f"[{visit.starts_at.isoformat()},{visit.ends_at.isoformat()})"
    has_come = visit.status in (Status.ARRIVED, Status.FULFILLED)
    return (
        visit.id,
        visit.patient,
        house.practitioners[visit.place],
        house.location.pk,
        house.rooms[visit.place],
        VisitKind.CONSULTATION.value,
        visit.starts_at,
        visit.ends_at,
        busy,
        busy,
        visit.status.value,
        2 if visit.is_cancelled else 1,
        None if visit.is_cancelled else visit.settled_at,
        visit.starts_at if has_come else None,
        visit.ends_at if visit.status == Status.FULFILLED else None,
        visit.settled_at if visit.is_cancelled else None,
        Appointment.CancelReason.PATIENT.value if visit.is_cancelled else "",
        visit.ends_at if visit.status == Status.NO_SHOW else None,
        visit.booked_at,
        visit.settled_at or visit.booked_at,
    )


REVISION = (
    *("id", "appointment_id", "number", "act", "acted_at", "status_before", "status_after", "practitioner_id"),
    *("room_id", "starts_at", "ends_at", "created_at", "updated_at"),
)


def _revisions(house: House, visit: Visit) -> Iterator[Sequence[object]]:
    acts = [(Act.BOOKED, visit.booked_at, "", Status.BOOKED)]
    if visit.is_cancelled and visit.settled_at:
        acts.append((Act.CANCELLED, visit.settled_at, Status.BOOKED.value, Status.CANCELLED))
    for number, (act, acted_at, before, after) in enumerate(acts, start=1):
        yield (
            uuid7(),
            visit.id,
            number,
            act.value,
            acted_at,
            before,
            after.value,
            house.practitioners[visit.place],
            house.rooms[visit.place],
            visit.starts_at,
            visit.ends_at,
            acted_at,
            acted_at,
        )


MESSAGE = (
    *("id", "patient_id", "location_id", "kind", "offset", "appointment_id", "appointment_revision", "status"),
    *("status_reason", "due_at", "not_before", "expires_at", "attempts", "sending_at", "settled_at", "to_address"),
    *("message_id", "created_at", "updated_at"),
)


def _mails(location: Location, visit: Visit, now: datetime) -> Iterator[Sequence[object]]:
    """The four mails of a visit: the confirmation and its reminders; a cancelled one's last is the cancellation."""
    for revision, mail in _planned(location, visit):
        made_at = visit.booked_at if revision == 1 else visit.settled_at
        status, reason = Mail.SENT, ""
        settled_at: datetime | None = mail.due_at
        if visit.is_cancelled and revision == 1 and visit.settled_at and mail.due_at > visit.settled_at:
            status, reason, settled_at = Mail.CANCELLED, rules.REPLACED, visit.settled_at
        elif mail.due_at > now:
            status, settled_at = Mail.PENDING, None
        is_sent = status == Mail.SENT
        key = uuid7()
        yield (
            key,
            visit.patient,
            location.pk,
            mail.kind.value,
            mail.offset,
            visit.id,
            revision,
            status.value,
            reason,
            mail.due_at,
            mail.due_at,
            mail.expires_at,
            int(is_sent),
            settled_at if is_sent else None,
            settled_at,
            _address(visit.ordinal) if is_sent else "",
            message_id(key),
            made_at,
            settled_at or made_at,
        )


def _planned(location: Location, visit: Visit) -> Iterator[tuple[int, policy.PlannedMail]]:
    """Each mail with the revision that it tells of."""
    sent = policy.Policy(location.zone, timedelta(seconds=location.grace_seconds), VisitKind.CONSULTATION)

    def planned(notice: MessageKind, made_at: datetime) -> list[policy.PlannedMail]:
        return sent.about_visit(notice, visit.starts_at, made_at)

    mails = planned(MessageKind.CONFIRMATION, visit.booked_at)
    if visit.is_cancelled and visit.settled_at:
        yield from ((1, mail) for mail in mails[:-1])
        yield from ((2, mail) for mail in planned(MessageKind.CANCELLED, visit.settled_at))
    else:
        yield from ((1, mail) for mail in mails)


def _copied(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[object]], report: Report) -> None:
    began = time.perf_counter()
    _copy(model, columns, rows)
    report(str(model._meta.verbose_name_plural), len(rows), time.perf_counter() - began)


def _copy(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Insert `rows` of `columns` in one COPY. Every other column gets its default, Django's or the database's."""
    others = [
        field
        for field in model._meta.concrete_fields
        if field.attname not in columns and field.db_default is NOT_PROVIDED
    ]
    defaults = tuple(getattr(value, "value", value) for value in (field.get_default() for field in others))
    named = ", ".join(_quoted(column) for column in (*columns, *(field.attname for field in others)))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {_quoted(model._meta.db_table)} ({named}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row((*row, *defaults))


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
