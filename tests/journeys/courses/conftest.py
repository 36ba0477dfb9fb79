"""One clinic in New York for the courses."""

import pytest
import time_machine

from clinic.access.roles import Role
from tests import factories
from tests.journeys.courses.story import House
from tests.servers import Inbox


@pytest.fixture
def house(db: None, frozen: time_machine.Traveller, mailbox: Inbox) -> House:
    """The clinic on Monday 2 March 2026, 10:00 in New York; mail goes out for real."""
    location = factories.make_location("Linden House")
    factories.make_documents()
    return House(
        location,
        factories.make_practitioner(location),
        factories.make_user((location, Role.FRONT_DESK)),
        frozen,
    )
