"""What fills a clinic's week besides the twelve courses: first visits and check-backs of people from the neighbourhood.

They keep to times of their own: Dr Rowan's days to come stay as empty as the courses leave them.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count

from clinic import clock
from clinic.errors import Refusal
from clinic.people.models import Practitioner
from patients.models import Patient
from patients.services import patient_create
from plans.demo.house import House
from plans.demo.replay import Course, at, working_day
from plans.scheduling.models import Appointment
from plans.scheduling.services import (
    appointment_arrive,
    appointment_book,
    appointment_confirm,
    appointment_fulfil,
    appointment_no_show,
)

FIRST_NAMES = (
    ("Ada", "female"),
    ("Bruno", "male"),
    ("Clara", "female"),
    ("Dario", "male"),
    ("Elena", "female"),
    ("Felix", "male"),
    ("Greta", "female"),
    ("Hugo", "male"),
    ("Ines", "female"),
    ("Jonas", "male"),
    ("Kira", "female"),
    ("Leo", "male"),
    ("Mina", "female"),
    ("Nico", "male"),
    ("Olga", "female"),
    ("Pavel", "male"),
)
LAST_NAMES = (
    *("Acorn", "Bramble", "Clover", "Daisy", "Elder", "Fernley", "Gorse", "Heather", "Iris", "Jasmine", "Knapweed"),
    *("Lavender", "Mallow", "Nettle", "Orchid", "Primrose", "Quince", "Reed", "Saffron", "Thistle", "Umber", "Violet"),
    *("Woodruff", "Yarrow"),
)
PEOPLE = 48
"""So many differ in both names."""
ROUNDS = (
    (("08:30", 30), ("09:15", 45), ("10:30", 30), ("11:15", 30), ("14:00", 30), ("15:00", 45), ("16:30", 30)),
    (("09:00", 30), ("09:45", 30), ("10:45", 45), ("13:00", 30), ("13:45", 45), ("15:30", 30), ("16:15", 30)),
    (("11:00", 30), ("14:45", 30), ("16:00", 30)),
)
"""When each practitioner sees somebody, and for how many minutes: Dr Marlow, Dr Sorrel, Dr Rowan."""
NOTES = ("", "", "Brings photographs.", "", "Second opinion.", "", "Comes by train, may be late.", "")
DAYS_AHEAD = 4
CONFIRMED_EVERY, MISSED_EVERY = 2, 17


def everyday(house: House, today: date, now: datetime) -> list[Course]:
    """The visits of this week's working days, and of the next few: a dozen and a half a day."""
    number = count()
    return [
        _visit(house, next(number), practitioner, at(day, hour, house.location.zone), minutes, now)
        for day in _days(today)
        for practitioner, times in zip((house.marlow, house.sorrel, house.rowan), ROUNDS, strict=True)
        if practitioner != house.rowan or day <= today
        for hour, minutes in times
    ]


def _days(today: date) -> Iterator[date]:
    first = working_day(today)
    monday = first - timedelta(days=first.isoweekday() - 1)
    last = working_day(max(monday + timedelta(days=4), today + timedelta(days=DAYS_AHEAD)))
    for ahead in range((last - monday).days + 1):
        day = monday + timedelta(days=ahead)
        if day == working_day(day):
            yield day


def _visit(
    house: House, number: int, practitioner: Practitioner, starts_at: datetime, minutes: int, now: datetime
) -> Course:
    """Registered and booked in one call, sometimes confirmed; then they come, or once in a while they do not."""
    found: list[Appointment] = []

    def book() -> None:
        try:
            found.append(
                appointment_book(
                    by=house.desk,
                    location=house.location,
                    practitioner=practitioner,
                    starts_at=starts_at,
                    consultation_for=_person(house, number),
                    duration_minutes=minutes,
                    note=NOTES[number % len(NOTES)],
                )
            )
        except Refusal:  # one of the twelve has this time
            return

    yield min(starts_at - timedelta(days=2 + number % 9), now - timedelta(hours=2, minutes=number)), book
    if not found:
        return
    key, desk = found[0].pk, house.desk
    if number % CONFIRMED_EVERY:
        yield starts_at - timedelta(hours=22), lambda: appointment_confirm(appointment_id=key, by=desk)
    if number % MISSED_EVERY == MISSED_EVERY - 1:
        late = starts_at + timedelta(minutes=20)
        yield late, lambda: appointment_no_show(appointment_id=key, by=desk)
        return
    yield starts_at - timedelta(minutes=4), lambda: appointment_arrive(appointment_id=key, by=desk)
    yield starts_at + timedelta(minutes=minutes), lambda: appointment_fulfil(appointment_id=key, by=desk)


def _person(house: House, number: int) -> Patient:
    first, sex = FIRST_NAMES[number * 5 % len(FIRST_NAMES)]
    last = LAST_NAMES[number % len(LAST_NAMES)]
    known = Patient.objects.filter(first_name=first, last_name=last).first()
    if known is not None:
        return known
    birthday = date(clock.today(house.location.zone).year - 24 - number * 7 % 40, 1 + number % 12, 1 + number % 28)
    patient, _ = patient_create(
        first_name=first,
        last_name=last,
        date_of_birth=birthday,
        sex=sex,
        home_location=house.location,
        phone=f"+1 212 555 {1200 + number:04}",
        email=f"{first}.{last}@patients.example".lower(),
    )
    return patient
