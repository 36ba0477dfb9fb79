import pytest

from clinic.access.roles import Role
from clinic.places.models import Location, OpeningHours
from tests import examples
from tests.api import Api, errors
from tests.factories import make_location, make_practitioner, make_room, make_user

pytestmark = pytest.mark.django_db

MADRID = {"name": "Madrid", "timezone": "Europe/Madrid", "phone": "+34 910 000 000", "email": "madrid@linden.example"}
DAY = {"starts_at": "2030-05-01T09:00:00+02:00", "ends_at": "2030-05-01T17:00:00+02:00"}


@pytest.fixture
def location() -> Location:
    return make_location("New York", position=1)


@pytest.fixture
def manager(location: Location) -> Api:
    return Api(make_user((location, Role.MANAGER)))


def test_who_opens_a_location_manages_it(manager):
    response = manager.post("/locations/", MADRID)
    assert response.status_code == 201
    path = f"/locations/{response.json()['id']}/"
    assert manager.get(path).json()["grace_seconds"] == 60
    assert manager.patch(path, {"grace_seconds": 90}).json()["grace_seconds"] == 90
    assert [row["name"] for row in manager.get("/locations/").json()["results"]] == ["Madrid", "New York"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Europe/Atlantis"),
        ("timezone", "\x00"),
        ("name", ""),
        ("name", "New York"),
        ("email", "nobody"),
        ("grace_seconds", 181),
        ("grace_seconds", -1),
        ("slot_minutes", 1),
        ("slot_minutes", 40000),
        ("country", "ESP"),
    ],
)
def test_a_location_that_cannot_be_is_refused(manager, field, value):
    response = manager.post("/locations/", {**MADRID, field: value})
    assert response.status_code == 400
    assert set(errors(response)) <= {field, "non_field_errors"}
    assert Location.objects.count() == 1


@pytest.mark.parametrize("language", ["xx", "EN", "en-US"])
def test_a_language_that_nobody_is_written_to_in_is_refused_with_those_that_are(manager, location, language):
    says = f"Language: “{language}” is not possible; allowed is en, es, de, ar."
    for response in (
        manager.post("/locations/", {**MADRID, "language": language}),
        manager.patch(f"/locations/{location.pk}/", {"language": language}),
    ):
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert (error["attr"], error["code"], error["detail"]) == ("language", "invalid_choice", says)
    location.refresh_from_db()
    assert (location.language, Location.objects.count()) == ("en", 1)
    assert manager.patch(f"/locations/{location.pk}/", {"language": "ar"}).json()["language"] == "ar"


def test_a_room_says_what_can_be_done_in_it(manager, location):
    response = manager.post("/rooms/", {"location": str(location.pk), "name": "Lab", "modalities": ["prp"]})
    assert response.json()["modalities"] == ["prp"]
    path = f"/rooms/{response.json()['id']}/"
    assert manager.patch(path, {"modalities": []}).json()["modalities"] == []
    assert errors(manager.patch(path, {"modalities": ["laser"]})) == {"modalities.0": "invalid_choice"}


def test_a_room_stays_at_its_location(manager, location):
    other = Api(make_user((location, Role.MANAGER), (make_location(), Role.MANAGER)))
    room = make_room(location)
    target = [row["id"] for row in other.get("/locations/").json()["results"] if row["id"] != str(location.pk)]
    assert other.patch(f"/rooms/{room.pk}/", {"location": target[0]}).json()["location"] == str(location.pk)


def test_two_rooms_of_one_location_do_not_share_a_name(manager, location):
    make_room(location, "Lab")
    response = manager.post("/rooms/", {"location": str(location.pk), "name": "Lab"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["detail"] == "This location has a room of this name."


def test_opening_hours_are_wall_clock_times_of_a_weekday(manager, location):
    body = {"location": str(location.pk), "weekday": 6, "opens_at": "09:00", "closes_at": "12:30"}
    response = manager.post("/opening-hours/", body)
    assert response.status_code == 201
    assert (response.json()["opens_at"], response.json()["practitioner"]) == ("09:00:00", None)
    path = f"/opening-hours/{response.json()['id']}/"
    assert errors(manager.patch(path, {"closes_at": "08:00"})) == {"non_field_errors": "invalid"}
    assert manager.delete(path).status_code == 204
    assert not OpeningHours.objects.filter(weekday=6).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday": 0},
        {"weekday": 8},
        {"weekday": "Monday"},
        {"opens_at": "25:00"},
        {"opens_at": 9},
        {"closes_at": "09:00"},
        {"valid_from": "2026-02-01", "valid_until": "2026-01-01"},
        {"valid_from": "2026-02-30"},
        {"valid_from": "9999-01-01"},
    ],
)
def test_opening_hours_that_cannot_be_are_refused(manager, location, wrong):
    body = {"location": str(location.pk), "weekday": 6, "opens_at": "09:00", "closes_at": "12:30", **wrong}
    assert manager.post("/opening-hours/", body).status_code == 400


def test_a_practitioner_has_hours_only_where_they_practise(manager, location):
    elsewhere = make_location()
    both = Api(make_user((location, Role.MANAGER), (elsewhere, Role.MANAGER)))
    practitioner = make_practitioner(elsewhere)
    body = {"weekday": 6, "opens_at": "09:00", "closes_at": "12:30", "practitioner": str(practitioner.pk)}
    assert errors(both.post("/opening-hours/", {**body, "location": str(location.pk)})) == {"practitioner": "invalid"}
    assert both.post("/opening-hours/", {**body, "location": str(elsewhere.pk)}).status_code == 201


def test_a_closure_and_time_off_end_after_they_start(manager, location):
    practitioner = make_practitioner(location)
    closure = {"location": str(location.pk), "reason": "Painting"}
    time_off = {"practitioner": str(practitioner.pk)}
    for path, body in (("/closures/", closure), ("/time-off/", time_off)):
        created = manager.post(path, {**body, **DAY})
        assert created.status_code == 201
        assert created.json()["starts_at"] == "2030-05-01T07:00:00Z"
        detail = f"{path}{created.json()['id']}/"
        assert errors(manager.patch(detail, {"ends_at": DAY["starts_at"]})) == {"ends_at": "invalid"}
        assert errors(manager.post(path, {**body, "starts_at": "2030-05-01T09:00", "ends_at": "soon"})) == {
            "starts_at": "offset_missing",
            "ends_at": "invalid",
        }
        assert manager.delete(detail).status_code == 204


def test_periods_are_found_by_when_they_are(manager, location):
    manager.post("/closures/", {"location": str(location.pk), "reason": "Painting", **DAY})

    def found(query: str) -> int:
        return len(manager.get(f"/closures/?{query}").json()["results"])

    assert found("ends_after=2030-05-01T14:59:59Z") == 1
    assert found("ends_after=2030-05-01T15:00:00Z") == 0
    assert found("starts_before=2030-05-01T07:00:01Z") == 1
    assert found("starts_before=2030-05-01T09:00:01+02:00") == 1
    assert found("starts_before=2030-05-01T07:00:00%2B00:00") == 0
    assert errors(manager.get("/closures/?starts_before=2030-05-01")) == {"starts_before": "invalid"}
    assert errors(manager.get("/closures/?starts_before=2030-05-01T07:00:00")) == {"starts_before": "invalid"}


def test_time_off_of_somebody_elsewhere_is_not_one_s_business(manager, location):
    other = make_location()
    practitioner = make_practitioner(other)
    assert errors(manager.post("/time-off/", {"practitioner": str(practitioner.pk), **DAY})) == {
        "practitioner": "does_not_exist"
    }
    mixed = Api(make_user((location, Role.MANAGER), (other, Role.ASSISTANT)))
    assert mixed.post("/time-off/", {"practitioner": str(practitioner.pk), **DAY}).status_code == 403


def test_history_says_who_changed_a_room(manager, location):
    room = make_room(location)
    manager.patch(f"/rooms/{room.pk}/", {"name": "Lab"})
    event = room.events.latest("pgh_id")
    me = manager.get("/me/").json()["id"]
    assert event.pgh_context.metadata == {"channel": "api", "user": me}


def test_a_break_is_weekly_and_extra_hours_are_of_one_date(manager, location):
    here = {"location": str(location.pk)}
    made = manager.post("/breaks/", {**here, "weekday": 1, "starts_at": "12:00", "ends_at": "12:30"})
    assert made.status_code == 201
    assert (made.json()["starts_at"], made.json()["practitioner"], made.json()["warnings"]) == ("12:00:00", None, [])
    path = f"/breaks/{made.json()['id']}/"
    assert errors(manager.patch(path, {"ends_at": "11:00"})) == {"ends_at": "invalid"}
    assert manager.patch(path, {"valid_until": "2030-01-01"}).json()["valid_until"] == "2030-01-01"
    extra = manager.post("/extra-hours/", {**here, "on": "2030-01-05", "opens_at": "09:00", "closes_at": "12:00"})
    assert extra.status_code == 201
    assert (extra.json()["on"], extra.json()["warnings"]) == ("2030-01-05", [])
    for query, number in (("on=2030-01-05", 1), ("on_after=2030-01-06", 0), ("on_before=2030-01-05", 1)):
        assert len(manager.get(f"/extra-hours/?{query}").json()["results"]) == number
    assert manager.delete(path).status_code == 204
    assert manager.delete(f"/extra-hours/{extra.json()['id']}/").status_code == 204


@pytest.mark.parametrize(
    ("path", "wrong", "attr"),
    [
        ("/breaks/", {"weekday": 8}, "weekday"),
        ("/breaks/", {"ends_at": "12:00"}, "ends_at"),
        ("/breaks/", {"starts_at": "noon"}, "starts_at"),
        ("/extra-hours/", {"on": "2020-01-04"}, "on"),
        ("/extra-hours/", {"on": "2030-02-30"}, "on"),
        ("/extra-hours/", {"closes_at": "08:00"}, "closes_at"),
        ("/extra-hours/", {"on": "2030-03-10", "opens_at": "02:30"}, "opens_at"),
    ],
)
def test_breaks_and_extra_hours_that_cannot_be_are_refused_at_their_field(manager, location, path, wrong, attr):
    body = {"starts_at": "12:00", "ends_at": "12:30", "weekday": 1}
    if path == "/extra-hours/":
        body = {"on": "2030-01-05", "opens_at": "09:00", "closes_at": "12:00"}
    response = manager.post(path, {"location": str(location.pk), **body, **wrong})
    assert response.status_code == 400
    assert list(errors(response)) == [attr]
    assert not manager.get(path).json()["results"]


def test_breaks_and_extra_hours_are_of_those_who_practise_there(manager, location):
    elsewhere = make_location()
    both = Api(make_user((location, Role.MANAGER), (elsewhere, Role.MANAGER)))
    whose = {"location": str(location.pk), "practitioner": str(make_practitioner(elsewhere).pk)}
    pause = {"weekday": 1, "starts_at": "12:00", "ends_at": "12:30"}
    extra = {"on": "2030-01-05", "opens_at": "09:00", "closes_at": "12:00"}
    for path, body in (("/breaks/", pause), ("/extra-hours/", extra)):
        assert errors(both.post(path, {**whose, **body})) == {"practitioner": "invalid"}
        assert errors(manager.post(path, {**whose, **body})) == {"practitioner": "does_not_exist"}
        assert both.post(path, {**body, "location": str(elsewhere.pk)}).status_code == 201
        assert manager.get(path).json()["results"] == []


def test_a_change_of_hours_answers_with_the_visits_it_leaves_outside(manager, location):
    visit = examples.appointment(location)
    body = {"location": str(location.pk), "weekday": visit.starts_at.astimezone(location.zone).isoweekday()}
    made = manager.post("/breaks/", {**body, "starts_at": "09:30", "ends_at": "10:30"})
    (warning,) = made.json()["warnings"]
    assert (warning["attr"], warning["code"]) == ("starts_at", "visits_outside_hours")
    assert f"1 booked visit stands outside working time now: {visit.patient}, " in warning["detail"]
    assert warning["detail"].endswith(f"10:00 with {visit.practitioner}.")
    desk = Api(make_user((location, Role.FRONT_DESK)))
    (wanting,) = desk.get("/appointments/?rebook=true").json()["results"]
    assert (wanting["id"], wanting["rebook"]) == (str(visit.pk), "The location is not open then.")


def test_an_address_that_no_mail_reaches_is_refused(manager, location):
    """Its first letter is a long s, which counts as a letter of the alphabet where case is ignored."""
    response = manager.patch(f"/locations/{location.pk}/", {"email": "\u017fam@linden.example"})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["email"]
