import pytest

from clinic.access.roles import Role
from clinic.places.models import Room
from tests.api import Api, errors
from tests.factories import make_location, make_room, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def room() -> Room:
    return make_room(make_location(), "One")


@pytest.fixture
def api(room: Room) -> Api:
    return Api(make_user((room.location, Role.MANAGER)))


def test_a_detail_and_every_change_carry_the_version(api, room):
    path = f"/rooms/{room.pk}/"
    assert api.get(path).headers["ETag"] == '"1"'
    assert api.patch(path, {"name": "Two"}).headers["ETag"] == '"2"'
    assert api.get(path).headers["ETag"] == '"2"'


def test_a_change_on_the_present_version_is_made_and_on_an_older_one_refused(api, room):
    path = f"/rooms/{room.pk}/"
    assert api.patch(path, {"name": "Two"}, If_Match='"1"').status_code == 200
    response = api.patch(path, {"name": "Three"}, If_Match='"1"')
    assert (response.status_code, errors(response)) == (412, {None: "stale"})
    room.refresh_from_db()
    assert room.name == "Two"


@pytest.mark.parametrize("tag", ["*", '"1"', 'W/"1"', '"7", "1"', ' "1" '])
def test_a_match_in_any_form_of_the_header_is_a_match(api, room, tag):
    assert api.patch(f"/rooms/{room.pk}/", {"name": "Two"}, If_Match=tag).status_code == 200


@pytest.mark.parametrize("tag", ['"2"', '"abc"', "1", "", '"1', '"99999999999999999999"', '"-1"', '"²"'])
def test_what_is_not_the_present_version_is_refused(api, room, tag):
    assert api.patch(f"/rooms/{room.pk}/", {"name": "Two"}, If_Match=tag).status_code == 412


def test_a_delete_and_an_act_honour_if_match_too(api, room):
    body = {"location": str(room.location_id), "starts_at": "2030-01-01T09:00:00Z", "ends_at": "2030-01-01T10:00:00Z"}
    created = api.post("/closures/", {**body, "reason": "Painting"})
    path = f"/closures/{created.json()['id']}/"
    assert api.delete(path, If_Match='"2"').status_code == 412
    assert api.delete(path, If_Match=created.headers["ETag"]).status_code == 204
    assert api.get(path).status_code == 404


def test_who_may_not_see_the_row_learns_nothing_from_if_match(room):
    stranger = Api(make_user((make_location(), Role.MANAGER)))
    assert stranger.patch(f"/rooms/{room.pk}/", {"name": "Two"}, If_Match='"9"').status_code == 404
