"""Times and texts that nobody offers: refused in words, on every page and address that takes them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from clinic.access.roles import Role
from clinic.errors import Invalid
from plans.scheduling import rules
from plans.scheduling.models import Appointment
from plans.scheduling.services import calendar_feed_make, waitlist_add
from tests import factories
from tests.api import Api, errors
from tests.console import House, url, words
from tests.plans.scheduling.conftest import Clinic

DESK = Role.FRONT_DESK
CALLER = "/admin/plans/appointment/new-caller/"
TIMES = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1999-12-31T23:00:00-05:00",
    "2026-12-15T10:00:00+23:59",
    "2026-12-15T10:00:00-16:00",
    "2026-12-15T10:00:00",
    "soon",
]
GONE = "no longer on offer"


@pytest.fixture
def house(db: None, frozen: Any) -> House:
    return House()


@pytest.mark.parametrize("text", TIMES)
def test_what_is_no_time_of_the_calendar_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.read_instant(text, attr="slot")
    assert refused.value.attr == "slot"


def test_a_time_is_read_in_utc() -> None:
    assert rules.read_instant("2026-03-09T09:00:00-04:00", attr="slot").isoformat() == "2026-03-09T13:00:00+00:00"


@pytest.mark.parametrize("text", [TIMES[0], TIMES[1], TIMES[3]])
def test_no_page_of_the_console_fails_over_such_a_time(house: House, text: str) -> None:
    entry = waitlist_add(by=None, patient=factories.make_patient(house.location))
    plan = factories.make_plan(factories.make_patient(house.location), house.practitioner)
    visit = f"/admin/plans/appointment/add/?{urlencode({'at': text, 'location': house.location.pk})}"
    slot = f"{house.practitioner.pk}|{text}"
    of_patient = f"{visit}&patient={entry.patient_id}"
    gap = {
        "location": house.location.pk,
        "practitioner": house.practitioner.pk,
        "starts_at": text,
        "ends_at": "2026-12-15T11:00:00-05:00",
    }
    assert house.get(DESK, visit).status_code == 200
    assert house.get(DESK, of_patient).status_code == 200
    assert GONE in words(house.post(DESK, of_patient, slot=slot))
    assert house.get(DESK, f"/admin/plans/waitlistentry/gap/?{urlencode(gap)}").status_code == 404
    for act in ("offer", "accept"):
        assert GONE in words(house.act(DESK, entry, act, slot=slot))
    first = plan.sessions.get(sequence=1)
    assert GONE in words(house.act(DESK, plan, "book_series", **{f"visit-{first.pk}": slot}))
    walk_in = f"/admin/plans/appointment/walk-in/?patient={entry.patient_id}"
    assert GONE in words(house.post(DESK, walk_in, wait=slot))
    assert GONE in words(house.post(DESK, CALLER, act="book", slot=slot))
    assert not Appointment.objects.exists()


def test_a_practitioner_of_another_location_is_in_no_series(house: House) -> None:
    stranger = factories.make_practitioner(factories.make_location())
    plan = factories.make_plan(factories.make_patient(house.location), house.practitioner)
    first = plan.sessions.get(sequence=1)
    sent = {f"visit-{first.pk}": f"{stranger.pk}|2026-03-10T15:00:00+00:00"}
    assert GONE in words(house.act(DESK, plan, "book_series", **sent))


@pytest.mark.parametrize("name", ["first_name", "last_name", "phone"])
def test_a_callers_name_with_a_nul_is_asked_for_again(house: House, name: str) -> None:
    asked = {"first_name": "Pia", "last_name": "Pine", "phone": "", "date_of_birth": "1990-04-02", "act": "register"}
    asked[name] = "Pi\x00ne"
    assert "Null characters are not allowed" in words(house.post(DESK, CALLER, **asked))
    assert house.get(DESK, f"{CALLER}matches/?{urlencode(asked)}").status_code == 200


def test_a_callers_email_is_no_longer_than_its_column(house: House) -> None:
    page = words(house.post(DESK, CALLER, act="register", email=f"{'a' * 250}@example.com"))
    assert "at most 254 characters" in page


@pytest.mark.parametrize("written", ["10:00:30", "10:00:00.5"])
def test_a_start_between_two_minutes_is_refused(clinic: Clinic, written: str) -> None:
    with pytest.raises(Invalid, match="Give the start to the minute") as refused:
        clinic.book(written)
    assert refused.value.attr == "starts_at"


def test_an_offset_that_no_place_has_is_refused_by_the_api_at_its_field(clinic: Clinic) -> None:
    body = {
        "location": str(clinic.location.pk),
        "practitioner": str(clinic.practitioner.pk),
        "consultation_for": str(clinic.patient.pk),
        "starts_at": "2026-03-09T10:00:00+16:00",
    }
    assert errors(Api(clinic.desk).post("/appointments/", body)) == {"starts_at": "invalid"}


def test_a_search_off_the_end_of_the_calendar_names_the_day_that_was_sent(clinic: Clinic) -> None:
    asked = f"/slots/?location={clinic.location.pk}&from=2199-12-20&limit=5"
    assert errors(Api(clinic.desk).get(asked)) == {"from": "invalid"}


def test_a_practitioner_lists_and_revokes_their_own_feeds_and_a_manager_all(clinic: Clinic) -> None:
    manager = factories.make_user((clinic.location, Role.MANAGER))
    own, colleague = clinic.practitioner, clinic.another_practitioner()

    def make(**whose: Any) -> str:
        return str(calendar_feed_make(by=manager, location=clinic.location, **whose)[0].pk)

    mine, theirs, of_room = make(practitioner=own), make(practitioner=colleague), make(room=clinic.rooms[0])
    api, all_of_it = Api(own.user), Api(manager)
    assert [row["id"] for row in api.get("/calendar-feeds/").json()["results"]] == [mine]
    for other in (theirs, of_room):
        assert api.get(f"/calendar-feeds/{other}/").status_code == 404
        assert api.post(f"/calendar-feeds/{other}/revoke/").status_code == 404
    assert api.post(f"/calendar-feeds/{mine}/revoke/").status_code == 200
    assert len(all_of_it.get("/calendar-feeds/").json()["results"]) == 3
    assert all_of_it.post(f"/calendar-feeds/{theirs}/revoke/").status_code == 200


def test_the_console_shows_a_practitioner_no_feed_of_others(house: House) -> None:
    by = house.users[Role.MANAGER]
    feed, _ = calendar_feed_make(by=by, location=house.location, room=house.location.rooms.earliest("pk"))
    assert house.get(Role.MANAGER, url(feed)).status_code == 200
    assert house.get(Role.PRACTITIONER, url(feed)).status_code in (302, 404)


def test_a_feed_answers_another_method_with_405(db: None) -> None:
    assert Client(enforce_csrf_checks=True).post("/feeds/x.ics").status_code == 405
