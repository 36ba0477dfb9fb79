"""Which zones a location can have."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from clinic.places.models import validate_timezone, zone_names


@pytest.mark.parametrize("name", ["localtime", "Factory", "Mars/Olympus", "EST5EDT", ""])
def test_what_is_no_zone_of_a_place_is_refused(name):
    with pytest.raises(ValidationError):
        validate_timezone(name)


@pytest.mark.django_db
def test_postgresql_knows_every_zone_that_is_offered():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}
    assert zone_names() <= known
