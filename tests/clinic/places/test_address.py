"""A location's address in one line."""

import pytest

from clinic.places.models import Location


@pytest.mark.parametrize(
    ("country", "city", "said"),
    [
        ("US", "New York, NY", "120 Riverside Drive, New York, NY 10011"),
        ("GB", "London", "120 Riverside Drive, London 10011"),
        ("DE", "Berlin", "120 Riverside Drive, 10011 Berlin"),
        ("", "Berlin", "120 Riverside Drive, 10011 Berlin"),
    ],
)
def test_the_postal_code_stands_where_the_country_writes_it(country, city, said):
    assert Location(street="120 Riverside Drive", postal_code="10011", city=city, country=country).address == said


def test_what_is_not_known_of_an_address_leaves_no_gap():
    assert Location(city="Berlin").address == "Berlin"
    assert Location(street="Am Tor 1", country="US", postal_code="10011").address == "Am Tor 1, 10011"
    assert Location().address == ""
