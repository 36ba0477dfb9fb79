"""What tests of the board share: who looks at it, and what a drop posts."""

from datetime import date

from clinic.access.roles import Role
from clinic.people.models import Membership
from plans.scheduling.services import appointment_book
from tests.console import url
from tests.factories import local, make_patient

DESK, PRACTITIONER, ASSISTANT, MANAGER = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER
MONDAY = date(2026, 3, 9)
BOARD, BOOK = "/admin/plans/appointment/", "/admin/plans/appointment/add/"
DAY = f"{BOARD}?day=2026-03-09"
IN_PLACE = {"HX-Request": "true", "HX-Target": "toasts"}
"""How a page asks that shows by itself what changed."""


def book(house, clock="10:00", day=MONDAY, **fields):
    return appointment_book(
        **{
            "by": house.users[DESK],
            "location": house.location,
            "practitioner": house.practitioner,
            "starts_at": local(house.location, day, clock),
            **({} if {"session", "follow_up"} & fields.keys() else {"consultation_for": make_patient(house.location)}),
            **fields,
        }
    )


def drop(house, role, visit, clock="11:00", day=MONDAY, **data):
    """Put a visit somewhere else, as the board's script does."""
    wanted = {"starts_at": local(house.location, day, clock).isoformat(), "revision": visit.revision, **data}
    return house.clients[role].post(url(visit, "drop"), wanted, headers={"HX-Request": "true"})


def classes(page, visit):
    """The classes of a visit's block."""
    before = page.split(f'data-visit="{visit.pk}"')[0]
    return before.rpartition('<article class="')[2].partition('"')[0].split()


def works_at(practitioner, location):
    """They practise at this location too."""
    Membership.objects.create(user=practitioner.user, location=location, role=PRACTITIONER)
