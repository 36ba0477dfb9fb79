from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.access.roles import Role
from clinic.places.models import Location, Room
from tests.api import Api, errors
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def location() -> Location:
    location = make_location()
    location.rooms.all().delete()
    return location


@pytest.fixture
def api(location: Location) -> Api:
    return Api(make_user((location, Role.MANAGER)))


def fill(location: Location, positions: list[int]) -> list[str]:
    """Rooms with these positions. Returns their names in the order of the list."""
    rooms = [Room(location=location, name=f"{number:03}", position=at) for number, at in enumerate(positions)]
    Room.objects.bulk_create(rooms)
    return [room.name for room in sorted(rooms, key=lambda room: (room.position, room.name))]


def names(page: dict) -> list[str]:
    return [row["name"] for row in page["results"]]


def test_an_empty_list_has_no_links(api):
    assert api.get("/rooms/").json() == {"next": None, "previous": None, "results": []}


def test_links_walk_every_row_once_forth_and_back(api, location):
    expected = fill(location, [3, 1, 2, 1, 1, 2, 3, 1, 1, 1, 2])
    page = api.get("/rooms/?page_size=3").json()
    assert page["previous"] is None
    forth = [names(page)]
    while page["next"]:
        page = api.follow(page["next"]).json()
        forth.append(names(page))
    assert list(chain(*forth)) == expected
    back: list[list[str]] = []
    while page["previous"]:
        page = api.follow(page["previous"]).json()
        back.insert(0, names(page))
    assert back == forth[:-1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(positions=st.lists(st.integers(0, 3), max_size=14), size=st.integers(1, 5))
def test_no_row_is_missed_or_shown_twice_however_many_are_equal(api, location, positions, size):
    Room.objects.all().delete()
    expected = fill(location, positions)
    page = api.get(f"/rooms/?page_size={size}").json()
    seen = names(page)
    while page["next"]:
        page = api.follow(page["next"]).json()
        seen += names(page)
    assert seen == expected


def test_a_row_inserted_before_the_cursor_moves_nothing(api, location):
    fill(location, [1, 2, 3, 4])
    page = api.get("/rooms/?page_size=2").json()
    Room.objects.create(location=location, name="first of all", position=0)
    assert names(api.follow(page["next"]).json()) == ["002", "003"]


@pytest.mark.parametrize("size", ["0", "-1", "201", "abc", "1.5", "", "99999999999999999999", "²"])
def test_a_page_size_that_cannot_be_is_refused(api, size):
    response = api.get(f"/rooms/?page_size={size}")
    assert (response.status_code, errors(response)) == (400, {"page_size": "invalid"})


def test_a_page_has_up_to_200_rows_and_50_unless_asked(api, location):
    fill(location, [1] * 210)
    assert len(names(api.get("/rooms/").json())) == 50
    assert len(names(api.get("/rooms/?page_size=200").json())) == 200


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ä",
        "",
        "bnVsbA",  # null
        "W10",  # []
        "W1tdLFtdLGZhbHNlXQ",  # [[],[],false]
        "W1sicGsiXSxbIngiXSxmYWxzZV0",  # [["pk"],["x"],false]
        "W1t7fV0sW3t9XSxmYWxzZV0",  # [[{}],[{}],false]
        "cD0yMDI2",  # of another kind of pagination
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(api, cursor):
    response = api.get(f"/rooms/?cursor={cursor}")
    assert (response.status_code, errors(response)) == (400, {"cursor": "invalid"})


def test_a_cursor_of_our_form_with_wrong_values_is_refused(api):
    from clinic.api.pagination import Cursor

    for values in (["x", "y", "z", "w"], [10**30, 1, "a", "b"], [1, 1, "a\x00", "b"]):
        cursor = Cursor(("location__position", "position", "name", "pk"), tuple(values)).encode()
        assert api.get(f"/rooms/?cursor={cursor}").status_code == 400


def test_a_list_is_ordered_by_what_it_declares_and_by_nothing_else(api, location):
    for path in ("/closures/?ordering=-starts_at", "/closures/?ordering=ends_at,-starts_at"):
        assert api.get(path).status_code == 200
    for path in ("/closures/?ordering=reason", "/closures/?ordering=location__name", "/closures/?ordering=%00"):
        assert errors(api.get(path)).keys() == {"ordering"}
    assert errors(api.get("/rooms/?ordering=name")) == {"ordering": "unknown_parameter"}


def test_a_cursor_belongs_to_its_ordering(api, location):
    for day in ("01", "02", "03"):
        body = {"starts_at": f"2030-01-{day}T09:00:00Z", "ends_at": f"2030-01-{day}T10:00:00Z", "reason": "x"}
        assert api.post("/closures/", {"location": str(location.pk), **body}).status_code == 201
    link = api.get("/closures/?page_size=1&ordering=-starts_at").json()["next"]
    assert api.follow(link).json()["results"][0]["starts_at"] == "2030-01-02T09:00:00Z"
    assert api.follow(link.replace("ordering=-starts_at", "ordering=starts_at")).status_code == 400
