from datetime import UTC, datetime

import pytest

from clinic.access.roles import Role
from clinic.places.models import Closure, OpeningHours, Room, TimeOff
from tests.console import House, url, words
from tests.factories import make_location

MANAGER = Role.MANAGER


@pytest.fixture
def house(db, frozen):
    return House()


def test_a_manager_adds_and_changes_a_room(house):
    response = house.post(
        MANAGER,
        "/admin/clinic/room/add/",
        location=str(house.location.pk),
        name="Room 7",
        modalities=["prp", "exosome"],
        is_bookable="on",
        position="7",
    )
    assert (response.status_code, response.headers["Location"]) == (303, "/admin/clinic/room/")
    room = Room.objects.get(name="Room 7")
    assert room.modalities == ["prp", "exosome"]
    house.post(MANAGER, url(room), name="Room 8", modalities=["prp"], position="1")
    room.refresh_from_db()
    assert (room.name, room.modalities, room.is_bookable) == ("Room 8", ["prp"], False)


def test_a_name_that_is_taken_is_said_at_the_form(house):
    response = house.post(
        MANAGER, "/admin/clinic/room/add/", location=str(house.location.pk), name="Room 1", position="0"
    )
    assert response.status_code == 200
    assert "This location has a room of this name." in words(response)


def test_a_room_cannot_be_added_at_another_location(house):
    response = house.post(
        MANAGER, "/admin/clinic/room/add/", location=str(make_location().pk), name="Room 7", position="0"
    )
    assert response.status_code == 200
    assert not Room.objects.filter(name="Room 7").exists()


def test_a_closure_is_written_and_shown_in_the_locations_own_time(house):
    response = house.post(
        MANAGER,
        "/admin/clinic/closure/add/",
        location=str(house.location.pk),
        starts_at_day="2026-03-20",
        starts_at_time="08:00",
        ends_at_day="2026-03-20",
        ends_at_time="12:00",
        reason="Painting",
    )
    assert response.status_code == 303
    closure = Closure.objects.get()
    assert closure.starts_at == datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert "Fri 20 Mar 08:00" in words(house.get(MANAGER, "/admin/clinic/closure/"))
    page = words(house.get(MANAGER, url(closure)))
    assert 'value="08:00"' in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"starts_at_time": "13:00"}, "ends after it starts."),
        ({"starts_at_day": "2026-03-08", "starts_at_time": "02:30"}, "does not exist on 8 March 2026"),
        ({"starts_at_day": ""}, "This field is required."),
    ],
)
def test_a_closure_that_cannot_be_is_refused_beside_its_field(house, changes, says):
    response = house.post(
        MANAGER,
        "/admin/clinic/closure/add/",
        **{
            "location": str(house.location.pk),
            "starts_at_day": "2026-03-20",
            "starts_at_time": "08:00",
            "ends_at_day": "2026-03-20",
            "ends_at_time": "12:00",
            "reason": "Painting",
        }
        | changes,
    )
    assert response.status_code == 200
    assert says in words(response)
    assert not Closure.objects.exists()


def test_time_off_is_deleted_by_a_manager(house):
    time_off = TimeOff.objects.create(
        practitioner=house.practitioner,
        starts_at=datetime(2026, 4, 1, tzinfo=UTC),
        ends_at=datetime(2026, 4, 2, tzinfo=UTC),
    )
    assert house.post(Role.FRONT_DESK, url(time_off, "delete"), post="yes").status_code == 403
    assert house.post(MANAGER, url(time_off, "delete"), post="yes").status_code == 302
    assert not TimeOff.objects.exists()


def test_hours_that_end_before_they_begin_are_refused(house):
    response = house.post(
        MANAGER,
        "/admin/clinic/openinghours/add/",
        location=str(house.location.pk),
        weekday="6",
        opens_at="12:00",
        closes_at="09:00",
    )
    assert response.status_code == 200
    assert "Closing time must be after opening time" in words(response)
    assert not OpeningHours.objects.filter(weekday=6).exists()
