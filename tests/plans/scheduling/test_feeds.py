"""Private calendar feeds over HTTP: who reads what at which address, and when it ends."""

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from clinic.errors import Invalid, InvalidTransition
from clinic.logs import Formatter
from clinic.people.models import Membership, User
from clinic.places.models import Location
from patients.models import Patient
from plans.scheduling.feeds import views
from plans.scheduling.feeds.queries import digest_of, feed_address
from plans.scheduling.models import Appointment, CalendarFeed
from plans.scheduling.services import (
    appointment_cancel,
    appointment_reschedule,
    calendar_feed_make,
    calendar_feed_revoke,
)
from tests import factories
from tests.api import Api, errors
from tests.console import House, url, words
from tests.plans.scheduling import rfc5545
from tests.plans.scheduling.conftest import Clinic
from tests.servers import Broker


@dataclass
class Feeds:
    """A clinic with a manager, and a feed of its practitioner's visits."""

    clinic: Clinic
    manager: User
    feed: CalendarFeed
    path: str

    def get(self, path: str = "", **headers: str) -> Any:
        return Client(headers={name.replace("_", "-"): value for name, value in headers.items()}).get(path or self.path)

    def events(self, path: str = "") -> list[rfc5545.Component]:
        response = self.get(path)
        assert response.status_code == 200
        return [part for part in rfc5545.read(response.content).components if part.kind == "VEVENT"]

    def summaries(self, path: str = "") -> list[str]:
        return [event.text("SUMMARY") for event in self.events(path)]

    def make(self, **fields: Any) -> str:
        """Another feed's path."""
        _, token = calendar_feed_make(**{"by": self.manager, "location": self.clinic.location, **fields})
        return urlsplit(feed_address(token)).path


@pytest.fixture
def feeds(clinic: Clinic) -> Feeds:
    manager = factories.make_user((clinic.location, Role.MANAGER))
    feed, token = calendar_feed_make(by=manager, location=clinic.location, practitioner=clinic.practitioner)
    return Feeds(clinic, manager, feed, f"/feeds/{token}.ics")


def fulfil(visit: Appointment) -> None:
    """As though the time had come."""
    rows = Appointment.objects.filter(pk=visit.pk)
    rows.update(status="fulfilled", arrived_at=visit.starts_at, fulfilled_at=visit.ends_at)


def test_a_feed_shows_its_practitioners_visits_without_names_and_without_treatment(feeds: Feeds) -> None:
    clinic = feeds.clinic
    clinic.book("10:00", session=clinic.sessions[0])
    clinic.book("10:00", clinic.follow_ups[0].target_date, follow_up=clinic.follow_ups[0])
    clinic.book("15:00", note="Bring the PRP kit")
    clinic.book("10:00", practitioner=clinic.another_practitioner(), consultation_for=clinic.another_patient())

    assert clinic.sessions[0].title == "Session 1 of 3 · PRP"
    assert feeds.summaries() == ["Session 1 of 3 · Patient", "Consultation · Patient", "Follow-up · Patient"]
    content = feeds.get().content.decode()
    for word in ("PRP", "kit", clinic.patient.last_name, clinic.patient.first_name, "@example.com"):
        assert word not in content


def test_names_stand_there_where_the_location_allows_them(feeds: Feeds) -> None:
    Patient.objects.filter(pk=feeds.clinic.patient.pk).update(first_name="Ana, María", last_name="O;Neil\\")
    feeds.clinic.book()
    Location.objects.filter(pk=feeds.clinic.location.pk).update(names_in_feeds=True)

    assert feeds.summaries() == ["Consultation · Ana, María O;Neil\\"]


def test_a_rooms_feed_shows_who_is_there_with_whom(feeds: Feeds) -> None:
    room, other = feeds.clinic.rooms
    feeds.clinic.book(room=room)
    feeds.clinic.book("12:00", room=other)

    (event,) = feeds.events(feeds.make(room=room))

    assert event.text("DESCRIPTION") == f"With {feeds.clinic.practitioner}"
    assert event.text("LOCATION") == f"{room}, {feeds.clinic.location}"


def test_a_visit_stays_the_same_event_through_its_moves_and_goes_with_its_cancellation(feeds: Feeds) -> None:
    visit = feeds.clinic.book("10:00")
    (booked,) = feeds.events()
    appointment_reschedule(appointment_id=visit.pk, by=None, starts_at=feeds.clinic.at("12:00"))
    (moved,) = feeds.events()
    appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")

    assert moved.text("UID") == booked.text("UID")
    assert [event.values("SEQUENCE") for event in (booked, moved)] == [["1"], ["2"]]
    assert moved.instant("DTSTART") - booked.instant("DTSTART") == timedelta(hours=2)
    assert feeds.events() == []


def test_a_feed_reaches_thirty_days_back_and_a_year_ahead_and_keeps_what_took_place(
    feeds: Feeds, frozen: time_machine.Traveller
) -> None:
    clinic = feeds.clinic
    near, far = clinic.book("10:00", date(2027, 2, 26)), clinic.book("10:00", date(2027, 3, 3))
    old, recent = clinic.book("11:00", date(2026, 3, 9)), clinic.book("11:00", date(2026, 3, 12))
    missed = clinic.book("11:00", date(2026, 3, 13))
    for visit in (old, recent):
        fulfil(visit)
    Appointment.objects.filter(pk=missed.pk).update(status="no_show", no_show_at=missed.ends_at)

    def shown() -> set[UUID]:
        return {UUID(event.text("UID").partition("@")[0]) for event in feeds.events()}

    assert shown() == {near.pk, old.pk, recent.pk}
    frozen.move_to(clinic.at("12:00", date(2026, 4, 10)))
    assert shown() == {near.pk, far.pk, recent.pk}


def test_only_this_locations_visits_are_shown(feeds: Feeds) -> None:
    elsewhere = factories.make_location()
    Membership.objects.create(user=feeds.clinic.practitioner.user, location=elsewhere, role=Role.PRACTITIONER)
    feeds.clinic.book(location=elsewhere)
    assert feeds.events() == []


def test_an_address_that_opens_nothing_says_the_same_whatever_the_reason(feeds: Feeds) -> None:
    clinic = feeds.clinic
    left = clinic.another_practitioner()
    gone = feeds.make(practitioner=left)
    Membership.objects.filter(user=left.user).delete()
    away = clinic.another_practitioner()
    inactive = feeds.make(practitioner=away)
    User.objects.filter(pk=away.user_id).update(is_active=False)
    former = factories.make_user((clinic.location, Role.MANAGER))
    of_former = feeds.make(by=former, room=clinic.rooms[0])
    User.objects.filter(pk=former.pk).update(is_active=False)
    demoted = factories.make_user((clinic.location, Role.MANAGER))
    of_demoted = feeds.make(by=demoted, room=clinic.rooms[0])
    Membership.objects.filter(user=demoted).update(role=Role.FRONT_DESK)
    revoked = feeds.make(room=clinic.rooms[0])
    calendar_feed_revoke(feed_id=CalendarFeed.objects.latest("created_at", "pk").pk)
    paths = [gone, inactive, of_former, of_demoted, revoked, "/feeds/nothing.ics", f"/feeds/{'é' * 43}.ics"]

    answers = [feeds.get(path) for path in paths]

    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.content, str(sorted(answer.headers.items()))) for answer in answers}) == 1
    assert feeds.get().status_code == 200


def test_the_answer_is_for_this_reader_alone_and_is_not_sent_twice(feeds: Feeds) -> None:
    feeds.clinic.book()
    first = feeds.get()
    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["X-Robots-Tag"] == "noindex"

    again = feeds.get(If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache"
    feeds.clinic.book("15:00", consultation_for=feeds.clinic.another_patient())
    assert feeds.get(If_None_Match=first.headers["ETag"]).status_code == 200
    assert Client().head(feeds.path).content == b""
    assert Client().post(feeds.path).status_code == 405


def test_a_reading_is_noted_once_an_hour(feeds: Feeds, frozen: time_machine.Traveller) -> None:
    def noted() -> Any:
        feeds.get()
        feeds.feed.refresh_from_db()
        return feeds.feed.last_read_at

    first = noted()
    assert first is not None
    frozen.shift(timedelta(minutes=59))
    assert noted() == first
    frozen.shift(timedelta(minutes=1))
    assert noted() == first + timedelta(hours=1)
    assert feeds.feed.events.count() == 1  # a reading is no change that the history tells of


def test_a_longer_feed_costs_no_more_queries(feeds: Feeds) -> None:
    feeds.clinic.book()
    with CaptureQueriesContext(connection) as short:
        feeds.get()
    for hour in range(10, 18):
        feeds.clinic.book(f"{hour}:00", date(2026, 3, 10), consultation_for=feeds.clinic.another_patient())
    with CaptureQueriesContext(connection) as long:
        assert len(feeds.events()) == 9
    assert len(long) == len(short) == 4


@pytest.fixture
def few_readings(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often an address may read within a minute."""
    monkeypatch.setattr(views, "READINGS_PER_ADDRESS", 3)
    return 3


def test_who_guesses_is_slowed_down(feeds: Feeds, few_readings: int) -> None:
    assert {feeds.get(f"/feeds/guess{number}.ics").status_code for number in range(few_readings)} == {404}
    response = feeds.get()
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert Client(REMOTE_ADDR="198.51.100.7").get(feeds.path).status_code == 200


def test_the_token_is_stored_nowhere(feeds: Feeds) -> None:
    token = feeds.path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(token) == 43
    assert feeds.feed.token_digest == digest_of(token)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(f)::text FROM plans_calendarfeed f")
        rows = cursor.fetchall()
        cursor.execute("SELECT row_to_json(f)::text FROM plans_calendarfeedevent f")
        rows += cursor.fetchall()
    assert len(rows) == 2
    assert not any(token in text for (text,) in rows)


def test_no_line_of_the_log_holds_an_address(feeds: Feeds, caplog: pytest.LogCaptureFixture) -> None:
    token = "guessed-token-that-opens-nothing"
    with caplog.at_level(logging.INFO):
        assert feeds.get(f"/feeds/{token}.ics").status_code == 404
        assert Client().post(f"/feeds/{token}.ics").status_code == 405
    logging_settings: Any = settings.LOGGING
    line = logging_settings["formatters"]["line"]
    formatter = Formatter(line["format"])
    lines = [formatter.format(record) for record in caplog.records]
    assert len(lines) == 2
    assert all("/feeds/…" in line and token not in line for line in lines)
    assert line["class"] == f"{Formatter.__module__}.{Formatter.__name__}"


def test_practitioners_make_feeds_of_themselves_and_managers_of_everybody(feeds: Feeds) -> None:
    clinic, colleague = feeds.clinic, feeds.clinic.another_practitioner()
    place, own = str(clinic.location.pk), Api(clinic.practitioner.user)
    manager, desk = Api(feeds.manager), Api(clinic.desk)

    def make(api: Api, **whose: Any) -> Any:
        return api.post("/calendar-feeds/", {"location": place, **{name: str(row.pk) for name, row in whose.items()}})

    made = make(own, practitioner=clinic.practitioner)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    assert feeds.get(urlsplit(made.json()["address"]).path).status_code == 200
    assert make(own, practitioner=colleague).status_code == 403
    assert make(own, room=clinic.rooms[0]).status_code == 403
    assert make(manager, practitioner=colleague).status_code == 201
    assert make(manager, room=clinic.rooms[0]).status_code == 201
    assert make(desk, practitioner=clinic.practitioner).status_code == 403
    assert errors(make(manager)) == {"practitioner": "required"}
    assert errors(make(manager, room=clinic.rooms[0], practitioner=colleague)) == {"practitioner": "required"}
    assert CalendarFeed.objects.count() == 4


def test_a_feed_is_of_who_and_what_is_at_its_location(feeds: Feeds) -> None:
    elsewhere = factories.make_location()
    Membership.objects.create(user=feeds.manager, location=elsewhere, role=Role.MANAGER)
    for whose in (
        {"practitioner": factories.make_practitioner(elsewhere)},
        {"room": factories.make_room(elsewhere)},
    ):
        with pytest.raises(Invalid):
            calendar_feed_make(by=feeds.manager, location=feeds.clinic.location, **whose)  # type: ignore[arg-type]
    strange = Api(factories.make_user((elsewhere, Role.MANAGER)))
    response = strange.post("/calendar-feeds/", {"location": str(feeds.clinic.location.pk)})
    assert errors(response) == {"location": "does_not_exist"}


def test_the_address_is_in_the_answer_that_makes_the_feed_and_in_no_other(feeds: Feeds) -> None:
    manager = Api(feeds.manager)
    body = {"location": str(feeds.clinic.location.pk), "room": str(feeds.clinic.rooms[0].pk)}
    made = manager.post("/calendar-feeds/", body, Idempotency_Key="again")
    again = manager.post("/calendar-feeds/", body, Idempotency_Key="again")

    assert made.json()["address"].startswith(f"{settings.PUBLIC_URL}/feeds/")
    assert made.json()["address"] != again.json()["address"]  # nothing was kept to be repeated
    assert {row["address"] for row in manager.get("/calendar-feeds/").json()["results"]} == {None}
    assert manager.get(f"/calendar-feeds/{made.json()['id']}/").json()["address"] is None


def test_a_revoked_feed_stays_revoked(feeds: Feeds) -> None:
    manager = Api(feeds.manager)
    revoked = manager.post(f"/calendar-feeds/{feeds.feed.pk}/revoke/")
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"] is not None
    assert feeds.get().status_code == 404
    assert manager.post(f"/calendar-feeds/{feeds.feed.pk}/revoke/").status_code == 409
    with pytest.raises(InvalidTransition):
        calendar_feed_revoke(feed_id=feeds.feed.pk)


def test_the_console_shows_the_address_once(db: None, frozen: time_machine.Traveller) -> None:
    house = House()
    add = "/admin/plans/calendarfeed/add/"
    colleague = factories.make_practitioner(house.location, last_name="Hazel")
    offered = words(house.get(Role.PRACTITIONER, add))
    assert "Dr Rowan" in offered
    assert "Dr Hazel" not in offered
    assert "Dr Hazel" in words(house.get(Role.MANAGER, add))

    made = house.post(
        Role.PRACTITIONER, add, location=house.location.pk, practitioner=house.practitioner.pk, _save="Save"
    )
    assert made.status_code == 200
    assert "no-store" in made.headers["Cache-Control"]
    page = words(made)
    address = made.context["address"]
    assert f'value="{address}"' in page
    assert "Dr Rowan · Linden House" in page
    assert Client().get(urlsplit(address).path).status_code == 200
    feed = CalendarFeed.objects.get()
    for path in ("/admin/plans/calendarfeed/", url(feed), url(feed, "history")):
        assert address.rpartition("/")[2][:20] not in words(house.get(Role.PRACTITIONER, path))

    refused = house.post(Role.MANAGER, add, location=house.location.pk, _save="Save")
    assert "A feed is of one practitioner or of one room." in words(refused)
    assert CalendarFeed.objects.count() == 1
    assert house.act(Role.MANAGER, feed, "revoke").status_code in (200, 303)
    assert Client().get(urlsplit(address).path).status_code == 404
    assert "Revoked" in words(house.get(Role.MANAGER, "/admin/plans/calendarfeed/"))
    assert colleague.calendar_feeds.count() == 0
