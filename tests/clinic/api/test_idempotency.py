from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from clinic import clock
from clinic.access.roles import Role
from clinic.api.idempotency import forget_old_requests
from clinic.api.models import IdempotentRequest
from clinic.errors import Busy, Invalid
from clinic.places import services
from clinic.places.models import Location, Room
from tests.api import Api, errors
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def location() -> Location:
    return make_location()


@pytest.fixture
def api(location: Location) -> Api:
    return Api(make_user((location, Role.MANAGER)))


def room(location: Location, name: str = "New") -> dict[str, Any]:
    return {"location": str(location.pk), "name": name}


def same(first: Any, second: Any) -> bool:
    """Whether two answers are the same: status, body to the byte, version."""
    return (first.status_code, first.content, first.headers.get("ETag"), first.headers["Content-Type"]) == (
        second.status_code,
        second.content,
        second.headers.get("ETag"),
        second.headers["Content-Type"],
    )


def test_a_repeated_request_answers_the_same_and_does_nothing(api, location):
    first = api.post("/rooms/", room(location), Idempotency_Key="k")
    second = api.post("/rooms/", room(location), Idempotency_Key="k")
    assert first.status_code == 201
    assert same(first, second)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert Room.objects.filter(name="New").count() == 1


def test_the_first_answer_stays_what_it_was_after_later_changes(api, location):
    first = api.post("/rooms/", room(location), Idempotency_Key="k")
    api.patch(f"/rooms/{first.json()['id']}/", {"name": "Changed"})
    assert same(first, api.post("/rooms/", room(location), Idempotency_Key="k"))


def test_a_refusal_is_repeated_too_though_its_cause_is_gone(api, location):
    taken = Room.objects.create(location=location, name="New")
    first = api.post("/rooms/", room(location), Idempotency_Key="k")
    assert first.status_code == 400
    taken.delete()
    assert same(first, api.post("/rooms/", room(location), Idempotency_Key="k"))
    assert not Room.objects.filter(name="New").exists()


def test_a_refusal_in_the_middle_of_the_effect_leaves_only_the_answer(api, location, monkeypatch):
    def half_done(**fields: Any) -> Room:
        Room.objects.create(**fields)
        raise Invalid("No.")

    monkeypatch.setattr(services, "room_create", half_done)
    assert api.post("/rooms/", room(location), Idempotency_Key="k").status_code == 400
    assert not Room.objects.filter(name="New").exists()
    assert IdempotentRequest.objects.get().status_code == 400


def test_another_body_or_address_with_the_same_key_is_a_422(api, location):
    api.post("/rooms/", room(location), Idempotency_Key="k")
    for path, body in [("/rooms/", room(location, "Other")), ("/closures/", room(location)), ("/rooms/", {})]:
        response = api.post(path, body, Idempotency_Key="k")
        assert (response.status_code, errors(response)) == (422, {None: "idempotency_key_reused"})
    assert not Room.objects.filter(name="Other").exists()


def test_the_order_of_members_makes_no_other_body(api, location):
    first = api.post("/rooms/", room(location), Idempotency_Key="k")
    turned = dict(reversed(room(location).items()))
    assert same(first, api.post("/rooms/", turned, Idempotency_Key="k"))


def test_a_malformed_body_is_refused_and_repeated_like_any_other(api):
    first = api.post("/rooms/", b"{", Idempotency_Key="k")
    assert first.status_code == 400
    assert same(first, api.post("/rooms/", b"{", Idempotency_Key="k"))
    assert api.post("/rooms/", b"{}", Idempotency_Key="k").status_code == 422


def test_a_key_belongs_to_its_user(api, location):
    api.post("/rooms/", room(location), Idempotency_Key="k")
    colleague = Api(make_user((location, Role.MANAGER)))
    response = colleague.post("/rooms/", room(location, "Other"), Idempotency_Key="k")
    assert response.status_code == 201


def test_who_is_turned_away_at_the_door_uses_up_no_key(api, location):
    assistant = Api(make_user((location, Role.ASSISTANT)))
    assert assistant.post("/rooms/", room(location), Idempotency_Key="k").status_code == 403
    assert Api().post("/rooms/", room(location), Idempotency_Key="k").status_code == 401
    assert not IdempotentRequest.objects.exists()


def test_an_answer_of_500_or_more_may_be_tried_again(api, location, monkeypatch):
    def busy(**fields: Any) -> Room:
        Room.objects.create(**fields)
        raise Busy("Somebody else is at it.")

    monkeypatch.setattr(services, "room_create", busy)
    assert api.post("/rooms/", room(location), Idempotency_Key="k").status_code == 503
    assert not IdempotentRequest.objects.exists()
    assert not Room.objects.filter(name="New").exists()
    monkeypatch.undo()
    assert api.post("/rooms/", room(location), Idempotency_Key="k").status_code == 201


def test_after_a_day_the_key_is_new_again(api, location, frozen):
    user = make_user((location, Role.MANAGER))
    api = Api(user)
    api.post("/rooms/", room(location), Idempotency_Key="k")
    frozen.shift(timedelta(hours=23, minutes=59))
    assert Api(user).post("/rooms/", room(location), Idempotency_Key="k").headers["Idempotency-Replayed"] == "true"
    frozen.shift(timedelta(minutes=2))
    response = Api(user).post("/rooms/", room(location, "Next day"), Idempotency_Key="k")
    assert response.status_code == 201
    assert IdempotentRequest.objects.count() == 1


def test_what_is_older_than_a_day_is_forgotten(api, location):
    api.post("/rooms/", room(location), Idempotency_Key="k")
    assert forget_old_requests(now=clock.now() + timedelta(hours=23)) == 0
    assert forget_old_requests(now=clock.now() + timedelta(hours=25)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ключ"])
def test_a_key_that_is_no_key_is_refused(api, location, key):
    response = api.post("/rooms/", room(location), Idempotency_Key=key)
    assert (response.status_code, errors(response)) == (400, {"Idempotency-Key": "invalid"})
    assert not Room.objects.filter(name="New").exists()


def test_signing_in_ignores_the_key(location):
    user = make_user((location, Role.MANAGER), email="me@clinic.example")
    body = {"email": user.email, "password": "long-enough-for-tests"}
    tokens = {Api().post("/auth/token/", body, Idempotency_Key="k").json()["token"] for _ in range(2)}
    assert len(tokens) == 2


@pytest.mark.django_db(transaction=True)
def test_of_requests_arriving_at_once_one_runs_and_all_answer_the_same():
    location = make_location()
    user = make_user((location, Role.MANAGER))
    at_once, barrier = 6, Barrier(6)
    clients = [Api(user) for _ in range(at_once)]

    def send(client: Api) -> Any:
        barrier.wait()
        try:
            return client.post("/rooms/", room(location), Idempotency_Key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(send, clients))
    assert {answer.status_code for answer in answers} == {201}
    assert all(same(answers[0], answer) for answer in answers)
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == at_once - 1
    assert Room.objects.filter(name="New").count() == 1
