import json

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import RequestFactory
from drf_standardized_errors.handler import exception_handler
from rest_framework.request import Request

from clinic import errors as refusals
from clinic.access.roles import Role
from clinic.api.views import View
from clinic.constraints import refusal_of
from clinic.people.models import User
from clinic.places.models import Location, Room
from tests.api import Api, errors
from tests.factories import make_location, make_room, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def location() -> Location:
    return make_location()


@pytest.fixture
def manager(location: Location) -> Api:
    return Api(make_user((location, Role.MANAGER)))


def answer(exception: Exception) -> tuple[int, dict, dict]:
    """Status, body and headers for an exception that a view raised."""
    request = Request(RequestFactory().get("/"))
    response = exception_handler(exception, {"view": View(), "args": (), "kwargs": {}, "request": request})
    assert response is not None
    return response.status_code, json.loads(json.dumps(response.data)), dict(response.headers)


def test_an_invalid_input_names_every_field():
    status, body, _ = answer(
        refusals.Invalid("Too many.", attr="spins.1.rcf_g", others=[refusals.Invalid("Wrong altogether.", code="odd")])
    )
    assert status == 400
    assert body == {
        "type": "validation_error",
        "errors": [
            {"code": "invalid", "detail": "Too many.", "attr": "spins.1.rcf_g"},
            {"code": "odd", "detail": "Wrong altogether.", "attr": "non_field_errors"},
        ],
    }


def test_a_transition_out_of_state_is_a_conflict_that_says_what_is_allowed():
    status, body, _ = answer(refusals.InvalidTransition("The plan", "on_hold", "holding", {"active"}))
    assert status == 409
    assert body["type"] == "client_error"
    assert body["errors"][0]["code"] == "invalid_transition"
    assert body["extra"] == {"state": "on_hold", "allowed": ["active"]}


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (refusals.DoesNotExist("x", attr="patient"), 400),
        (refusals.SlotTaken("Taken."), 409),
        (refusals.TooEarly("Too early."), 409),
        (refusals.GateBlocked("Blocked."), 409),
        (refusals.Stale("Changed."), 412),
        (refusals.Busy("Busy."), 503),
    ],
)
def test_every_kind_of_refusal_has_its_status(refusal, status):
    assert answer(refusal)[0] == status


def test_a_busy_answer_says_when_to_try_again():
    status, body, headers = answer(refusals.Busy("Busy."))
    assert (status, body["type"], headers["Retry-After"]) == (503, "server_error", "1")


@pytest.mark.parametrize("sqlstate", ["55P03", "40P01", "57014"])
def test_a_lock_that_was_not_had_in_time_is_503(sqlstate):
    with pytest.raises(OperationalError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$")
    assert answer(caught.value)[0] == 503


def test_a_constraint_answers_with_its_own_message(location):
    room = make_room(location, "One")
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Room.objects.create(location=location, name=room.name)
    status, body, _ = answer(caught.value)
    assert status == 400
    assert body["errors"] == [
        {"code": "unique", "detail": "This location has a room of this name.", "attr": "non_field_errors"}
    ]


def test_a_unique_field_is_named(location):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Location.objects.create(name=location.name, timezone="UTC", phone="1", email="a@b.example")
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.attr) == ("unique", "name")


def test_a_row_that_others_refer_to_is_a_conflict(location):
    with pytest.raises(IntegrityError) as caught:
        location.delete()
    assert answer(caught.value)[0] == 409


def test_a_defect_stays_a_500_and_tells_nothing():
    status, body, _ = answer(ZeroDivisionError("secret"))
    assert status == 500
    assert "secret" not in json.dumps(body)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"position": 1e999}',
        b'{"position": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b'"text"',
        b"null",
        b"12",
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"na\\u0000me": 1}',
        b'{"modalities": ["prp", "\\u0000"]}',
        b'{"name": {"a": 1}, "location": [], "position": "x", "is_bookable": "yes", "modalities": 3}',
        b'{"position": 99999999999999999999}',
        b'{"position": -1}',
        b'{"location": 1.5}',
        b'{"name": "' + b"x" * 500 + b'"}',
    ],
)
def test_a_body_that_cannot_be_is_a_400(manager, body):
    response = manager.post("/rooms/", body)
    assert response.status_code == 400
    assert set(response.json()) == {"type", "errors"}
    assert all(error["detail"] for error in response.json()["errors"])


def test_each_wrong_type_names_its_field(manager):
    found = errors(manager.post("/rooms/", {"location": [], "name": 5, "is_bookable": "yes", "position": "x"}))
    assert set(found) == {"location", "name", "is_bookable", "position"}


def test_a_character_that_cannot_be_stored_is_named_where_it_stands(manager):
    response = manager.post("/rooms/", b'{"name": "ok", "modalities": ["prp", "\\u0000"]}')
    assert errors(response) == {"modalities.1": "null_characters_not_allowed"}


def test_emoji_and_right_to_left_text_are_kept(manager, location):
    response = manager.post("/rooms/", {"location": str(location.pk), "name": "غرفة 🪷", "modalities": []})
    assert response.status_code == 201
    assert response.json()["name"] == "غرفة 🪷"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_is_not_json_is_a_415(manager, kind):
    assert manager.post("/rooms/", b"name=One", Content_Type=kind).status_code == 415


@pytest.mark.parametrize("charset", ["hex", "utf-16", "nonsense"])
def test_json_is_utf_8_whatever_the_content_type_says(manager, location, charset):
    response = manager.post(
        "/rooms/",
        json.dumps({"location": str(location.pk), "name": "Öl"}).encode(),
        Content_Type=f"application/json; charset={charset}",
    )
    assert response.status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/rooms/abc/",
        "/rooms/1/",
        "/rooms/%00/",
        "/rooms/01890000-0000-7000-8000-000000000000",
        "/rooms/01890000-0000-7000-8000-000000000000/nothing/",
        "/nothing/",
        "/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
def test_an_unknown_address_is_a_404_in_json_for_everybody(manager, method, path):
    for client in (manager, Api()):
        response = client.ask(method, path, {})
        assert response.status_code == 404
        assert response.json()["errors"][0]["code"] == "not_found"


@pytest.mark.parametrize(
    "query", ["location=abc", "location=%00", "is_bookable=", "cursor=%00", "page_size=%00", "%00=1", "nothing=1"]
)
def test_a_query_that_cannot_be_is_a_400_or_finds_everything(manager, query):
    status = manager.get(f"/rooms/?{query}").status_code
    assert status == (200 if query == "is_bookable=" else 400)


def test_an_unknown_parameter_is_named_with_what_there_is(manager):
    response = manager.get("/rooms/?locations=1")
    assert errors(response) == {"locations": "unknown_parameter"}
    assert "location, page_size" in response.json()["errors"][0]["detail"]


def test_an_id_that_finds_nothing_in_a_filter_is_an_empty_list(manager):
    response = manager.get("/rooms/?location=01890000-0000-7000-8000-000000000000")
    assert (response.status_code, response.json()["results"]) == (200, [])


def test_a_method_that_an_address_does_not_have_is_a_405_in_json(manager, location):
    response = manager.ask("PUT", f"/locations/{location.pk}/", {})
    assert response.status_code == 405
    assert response.json()["errors"][0]["code"] == "method_not_allowed"
    assert "PATCH" in response.headers["Allow"]
    assert manager.ask("OPTIONS", "/locations/", "").status_code == 405


@pytest.mark.parametrize("size", [2 * 1024 * 1024 + 1, 10 * 1024 * 1024])
def test_a_body_over_two_megabytes_is_a_413_whoever_sends_it_wherever(manager, location, size):
    body = b'{"name": "' + b"x" * size + b'"}'
    for client, path in [(manager, "/rooms/"), (Api(), "/auth/token/"), (manager, f"/rooms/{location.pk}/nothing/")]:
        response = client.post(path, body)
        assert response.status_code == 413
        assert response.json()["errors"][0]["code"] == "too_large"


def test_fields_that_cannot_be_written_are_ignored(manager, location):
    response = manager.post("/rooms/", {"location": str(location.pk), "name": "A", "id": "x", "version": 9, "odd": 1})
    assert response.status_code == 201
    assert response.headers["ETag"] == '"1"'


def test_a_refused_change_changes_nothing(manager, location):
    room = make_room(location, "One")
    manager.patch(f"/rooms/{room.pk}/", {"name": "Two", "position": "x"})
    room.refresh_from_db()
    assert (room.name, room.version) == ("One", 1)


def test_a_reference_that_is_absent_and_one_that_is_not_visible_are_refused_in_the_same_words(manager):
    hidden = make_location()
    said = []
    for key in (str(hidden.pk), "01890000-0000-7000-8000-000000000000"):
        response = manager.post("/rooms/", {"location": key, "name": "A"})
        assert (response.status_code, errors(response)) == (400, {"location": "does_not_exist"})
        said.append(response.json()["errors"][0]["detail"].replace(key, "…"))
    assert said[0] == said[1]


def test_a_role_at_another_location_does_not_count_here(location):
    other = make_location()
    client = Api(make_user((location, Role.ASSISTANT), (other, Role.MANAGER)))
    room = make_room(location)
    assert client.get(f"/rooms/{room.pk}/").status_code == 200
    assert client.patch(f"/rooms/{room.pk}/", {"name": "B"}).status_code == 403
    assert client.post("/rooms/", {"location": str(location.pk), "name": "A"}).status_code == 403
    assert client.post("/rooms/", {"location": str(other.pk), "name": "A"}).status_code == 201


def test_a_superuser_sees_every_location(location):
    root = User.objects.create_superuser("root@clinic.example", "x", first_name="R", last_name="T")
    assert Api(root).get(f"/locations/{location.pk}/").status_code == 200
    assert str(location.pk) in Api(root).get("/locations/").content.decode()
