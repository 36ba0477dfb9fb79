"""What tests of the caller share: the page, a complete form, and who matches what was typed."""

from datetime import date

from clinic.access.roles import Role
from plans.scheduling.services import Caller
from tests.console import House, words

DESK = Role.FRONT_DESK
TODAY, MONDAY = date(2026, 3, 2), date(2026, 3, 9)
MINOR = "2014-03-02"
"""Born twelve years before today."""
PAGE = "/admin/plans/appointment/new-caller/"
PIA = Caller(first_name="Pia", last_name="Pine", date_of_birth=date(1990, 4, 2), phone="(212) 555-0199")


def first_slot(page: str) -> str:
    return page.split('name="slot" value="')[1].split('"')[0]


def filled(house: House, **fields):
    """A complete form, with the first free time."""
    return {
        "act": "book",
        "phone": "+1 212 555 0199",
        "first_name": "Pia",
        "last_name": "Pine",
        "date_of_birth": "1990-04-02",
        "sex": "unknown",
        "language": "en",
        "location": str(house.location.pk),
        "slot": f"{house.practitioner.pk}|2026-03-02T11:00:00-05:00",
        **fields,
    }


def matches(house: House, role: Role = DESK, **asked) -> str:
    response = house.clients[role].get(f"{PAGE}matches/", asked)
    assert response.status_code == 200
    return words(response)
