"""The demo clinic: Linden House in New York and Madrid, its people, rooms, hours and consent documents."""

from dataclasses import dataclass
from datetime import date, time

from clinic import clock
from clinic.access.roles import Role
from clinic.people.models import Membership, Modality, Practitioner, Qualification, User
from clinic.places.models import Break, Location, OpeningHours, Room, Weekday
from patients.services import consent_document_create

PASSWORD = "demo-clinic-2026"
NEW_YORK_NAME = "Linden House New York"
MADRID_NAME = "Linden House Madrid"
OPENS, CLOSES = time(8), time(18)
WORKING_DAYS = [day for day in Weekday.values if day <= Weekday.FRIDAY]

CONSENT_TEXT = """\
This document is about {what}, as a treatment for hair loss.

What is known: results differ from person to person, some people see no change, and nobody can promise an outcome. \
{status}

What can happen: {risks} Please tell us at once about fever, spreading redness, pus, trouble seeing or breathing.

You can withdraw this consent at any time, without giving a reason and without any disadvantage.\
"""

CONSENTS: dict[Modality, tuple[str, str, str]] = {
    Modality.PRP: (
        "platelet-rich plasma from your own blood",
        "Its use for hair is off-label.",
        "Pain, swelling, bruising, headache; rarely infection.",
    ),
    Modality.STEM_CELL: (
        "cells from your own fat or marrow",
        "Its use for hair is not approved.",
        "Pain and bruising where cells are taken; rarely bleeding, infection or a collection of fluid.",
    ),
    Modality.MICRONEEDLING: (
        "fine needles that prick the scalp",
        "Its use for hair is off-label.",
        "Redness, small bleeding, itching; rarely infection, dark spots or scars.",
    ),
    Modality.EXOSOME: (
        "exosomes, particles that cells release",
        "No exosome product is approved by the FDA; it is given here under a study number.",
        "Redness, itching; rare and unknown risks cannot be ruled out.",
    ),
}


@dataclass(frozen=True, slots=True)
class House:
    """What the courses need of the demo clinic."""

    location: Location
    rowan: Practitioner
    marlow: Practitioner
    sorrel: Practitioner
    desk: User


def open_house() -> House:
    """Create both locations, the four sign-ins, two more practitioners, rooms, hours, breaks and consent documents."""
    new_york = Location.objects.create(
        name=NEW_YORK_NAME,
        timezone="America/New_York",
        street="12 Linden Street",
        city="New York, NY",
        postal_code="10011",
        country="US",
        phone="+1 212 555 0100",
        email="newyork@linden-house.example",
        language="en",
        position=0,
    )
    madrid = Location.objects.create(
        name=MADRID_NAME,
        timezone="Europe/Madrid",
        street="Calle del Tilo 12",
        city="Madrid",
        postal_code="28004",
        country="ES",
        phone="+34 910 555 010",
        email="madrid@linden-house.example",
        language="es",
        position=1,
    )
    _open(new_york, ["Room 1", "Room 2", "Room 3"], "Procedure room")
    _open(madrid, ["Sala 1", "Sala 2"], "Sala de procedimientos")
    rowan = _practitioner(_user("practitioner", "Robin", "Rowan", (new_york, Role.PRACTITIONER)))
    _user("assistant", "Ashley", "Aspen", (new_york, Role.ASSISTANT))
    desk = _user("frontdesk", "Frances", "Fern", (new_york, Role.FRONT_DESK))
    _user("manager", "Morgan", "Maple", (new_york, Role.MANAGER))
    marlow = _practitioner(
        _user("marlow", "Maria", "Marlow", (new_york, Role.PRACTITIONER), (madrid, Role.PRACTITIONER), password=None)
    )
    sorrel = _practitioner(_user("sorrel", "Stella", "Sorrel", (new_york, Role.PRACTITIONER), password=None))
    for practitioner, starts_at in ((marlow, time(12)), (sorrel, time(12, 15))):
        _lunch(new_york, practitioner, starts_at)
    for modality, (what, status, risks) in CONSENTS.items():
        consent_document_create(
            purpose="treatment",
            modality=modality,
            version_label="2026-1",
            title=f"Consent to {modality.label if modality == Modality.PRP else modality.label.lower()}",
            text=CONSENT_TEXT.format(what=what, status=status, risks=risks),
            in_force_from=date(2024, 1, 1),
        )
    return House(new_york, rowan, marlow, sorrel, desk)


def is_open() -> bool:
    """Whether the demo clinic is there already."""
    return Location.objects.filter(name=NEW_YORK_NAME).exists()


def _open(location: Location, rooms: list[str], procedure_room: str) -> None:
    """Rooms for everything but stem cells, whose harvest needs the procedure room; open on weekdays."""
    Room.objects.bulk_create(
        Room(
            location=location,
            name=name,
            modalities=[one for one in Modality.values if one != Modality.STEM_CELL or name == procedure_room],
            position=position,
        )
        for position, name in enumerate([*rooms, procedure_room], start=1)
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(location=location, weekday=day, opens_at=OPENS, closes_at=CLOSES) for day in WORKING_DAYS
    )


def _lunch(location: Location, practitioner: Practitioner, starts_at: time) -> None:
    """From today on. Dr Rowan has none: whoever tries the demo books them at any hour of a working day."""
    Break.objects.bulk_create(
        Break(
            location=location,
            practitioner=practitioner,
            weekday=day,
            starts_at=starts_at,
            ends_at=starts_at.replace(minute=starts_at.minute + 30),
            valid_from=clock.today(location.zone),
        )
        for day in WORKING_DAYS
    )


def _user(name: str, first: str, last: str, *roles: tuple[Location, Role], password: str | None = PASSWORD) -> User:
    user = User.objects.create_user(f"{name}@demo.example", password, first_name=first, last_name=last)
    Membership.objects.bulk_create(Membership(user=user, location=location, role=role) for location, role in roles)
    return user


def _practitioner(user: User) -> Practitioner:
    practitioner = Practitioner.objects.create(user=user, title="Dr")
    Qualification.objects.bulk_create(
        Qualification(practitioner=practitioner, modality=modality) for modality in Modality.values
    )
    return practitioner
