from datetime import UTC, datetime

import pytest

from clinic.access.roles import Role
from clinic.places.models import Break, Closure, ExtraHours, OpeningHours, Room, TimeOff
from plans.scheduling.services import appointment_book
from tests.console import House, said, url, words
from tests.factories import make_location, make_patient

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
        weekdays=["6", "7"],
        opens_at="12:00",
        closes_at="09:00",
    )
    assert response.status_code == 200
    assert "Closing time must be after opening time" in words(response)
    assert not OpeningHours.objects.filter(weekday__gte=6).exists()


def test_the_lunch_break_of_a_week_is_written_once(house):
    response = house.post(
        MANAGER,
        "/admin/clinic/break/add/",
        location=str(house.location.pk),
        weekdays=["1", "2", "5"],
        starts_at="12:30",
        ends_at="13:00",
    )
    assert (response.status_code, response.headers["Location"]) == (303, "/admin/clinic/break/")
    assert said(response) == ["Monday 12:30–13:00, Tuesday 12:30–13:00, Friday 12:30–13:00: saved."]
    assert list(Break.objects.values_list("weekday", flat=True)) == [1, 2, 5]
    pause = Break.objects.get(weekday=5)
    house.post(MANAGER, url(pause), weekday="5", starts_at="12:00", ends_at="12:30", valid_until="2026-12-31")
    page = words(house.get(MANAGER, "/admin/clinic/break/"))
    assert "12:00–12:30" in page
    assert "Until 31 Dec 2026" in page
    week = words(house.get(Role.FRONT_DESK, "/admin/clinic/openinghours/"))
    assert week.count("12:30–13:00</a>") == 2
    assert "08:00–18:00" in week


def test_a_break_needs_a_day_and_ends_after_it_starts(house):
    body = {"location": str(house.location.pk), "starts_at": "13:00", "ends_at": "12:30"}
    assert "allowed is Monday, Tuesday" in words(house.post(MANAGER, "/admin/clinic/break/add/", **body))
    says = "A break ends after it starts, on the same day."
    assert says in words(house.post(MANAGER, "/admin/clinic/break/add/", **body, weekdays=["1", "2"]))
    assert not Break.objects.exists()


def test_an_extra_saturday_is_written_changed_and_deleted(house):
    response = house.post(
        MANAGER,
        "/admin/clinic/extrahours/add/",
        location=str(house.location.pk),
        on="2026-03-07",
        opens_at="09:00",
        closes_at="12:00",
        reason="Open day",
    )
    assert response.status_code == 303
    extra = ExtraHours.objects.get()
    assert said(response) == ["7 March 2026 09:00–12:00: saved."]
    assert "Sat 7 Mar" in words(house.get(MANAGER, "/admin/clinic/extrahours/"))
    past = house.post(MANAGER, url(extra), on="2026-02-07", opens_at="09:00", closes_at="12:00")
    assert "7 February 2026 is past; extra hours are for today (2 March 2026) or later." in words(past)
    assert house.post(Role.FRONT_DESK, url(extra, "delete"), post="yes").status_code == 403
    assert house.post(MANAGER, url(extra, "delete"), post="yes").status_code == 302
    assert not ExtraHours.objects.exists()


def test_who_closes_the_location_reads_whom_it_concerns_and_where_to_rebook_them(house):
    visit = appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=datetime(2026, 3, 20, 14, tzinfo=UTC),
        consultation_for=make_patient(house.location, first_name="Mock", last_name="Dogwood"),
    )
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
    warning, saved = said(response)
    assert "stands outside working time now: Mock Dogwood, Fri 20 Mar 10:00 with Dr Rowan." in warning
    assert '<a class="c-undo" href="/admin/plans/followup/?state=rebook">See them under Rebook</a>' in warning
    assert saved == "Painting: saved."
    assert "The location is closed then: Painting." in words(house.get(MANAGER, url(visit)))
    opened = house.post(MANAGER, url(Closure.objects.get(), "delete"), post="yes")
    assert all("outside working time" not in text for text in said(opened))
