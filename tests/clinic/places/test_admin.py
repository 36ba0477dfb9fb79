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
    assert house.post(Role.FRONT_DESK, url(time_off, "delete")).status_code == 403
    assert house.post(MANAGER, url(time_off, "delete")).status_code == 303
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
    assert house.post(Role.FRONT_DESK, url(extra, "delete")).status_code == 403
    assert house.post(MANAGER, url(extra, "delete")).status_code == 303
    assert not ExtraHours.objects.exists()


def test_who_closes_the_location_reads_whom_it_concerns_and_where_to_rebook_them(house):
    visit = appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=datetime(2026, 3, 20, 14, tzinfo=UTC),
        consultation_for=make_patient(house.location, first_name="Mock", last_name="Dogwood"),
    )
    closing = {
        "location": str(house.location.pk),
        "whole_days": "on",
        "starts_at_day": "2026-03-20",
        "ends_at_day": "2026-03-20",
        "reason": "Painting",
    }
    first = house.post(MANAGER, "/admin/clinic/closure/add/", **closing)
    names = "1 booked visit stands outside working time now: Mock Dogwood, Fri 20 Mar 10:00 with Dr Rowan."
    assert f"Nothing is changed yet. If it is: {names}" in words(first)
    assert not Closure.objects.exists()
    visit.refresh_from_db()
    assert visit.off_hours == ""
    assert house.post(MANAGER, "/admin/clinic/closure/add/", **closing, seen="another").status_code == 200
    response = house.post(MANAGER, "/admin/clinic/closure/add/", **closing, seen=first.context["seen"])
    warning, saved = said(response)
    assert "stands outside working time now: Mock Dogwood, Fri 20 Mar 10:00 with Dr Rowan." in warning
    assert '<a class="c-undo" href="/admin/plans/followup/?state=rebook">See them under Rebook</a>' in warning
    assert saved == "Painting: saved."
    assert "The location is closed then: Painting." in words(house.get(MANAGER, url(visit)))
    opened = house.post(MANAGER, url(Closure.objects.get(), "delete"))
    assert all("outside working time" not in text for text in said(opened))


def test_whole_days_are_the_days_of_the_location_and_read_back_so(house):
    add = {"location": str(house.location.pk), "whole_days": "on", "reason": "Holiday"}
    house.post(MANAGER, "/admin/clinic/closure/add/", **add, starts_at_day="2026-03-07", ends_at_day="2026-03-08")
    closure = Closure.objects.get()
    # The clocks go forward on the 8th.
    assert (closure.starts_at, closure.ends_at) == (
        datetime(2026, 3, 7, 5, tzinfo=UTC),
        datetime(2026, 3, 9, 4, tzinfo=UTC),
    )
    listed = words(house.get(MANAGER, "/admin/clinic/closure/"))
    assert "Sat 7 Mar</a>" in listed
    assert "Sun 8 Mar</td>" in listed
    form = house.get(MANAGER, url(closure)).context["adminform"].form
    assert form["whole_days"].value() is True
    assert [f"{form[name].value():%d %b}" for name in ("starts_at", "ends_at")] == ["07 Mar", "08 Mar"]
    changed = {"whole_days": "on", "starts_at_day": "2026-03-07", "ends_at_day": "", "reason": "Holiday"}
    assert house.post(MANAGER, url(closure), **changed).status_code == 303
    closure.refresh_from_db()
    assert closure.ends_at == datetime(2026, 3, 8, 5, tzinfo=UTC)
    backwards = {**changed, "ends_at_day": "2026-03-06"}
    assert "ends after it starts." in words(house.post(MANAGER, url(closure), **backwards))


def test_hours_that_another_row_says_already_are_refused_and_both_are_named(house):
    monday = OpeningHours.objects.get(location=house.location, weekday=1)
    add = {"location": str(house.location.pk), "weekdays": ["1", "6"], "opens_at": "17:00", "closes_at": "20:00"}
    refused = words(house.post(MANAGER, "/admin/clinic/openinghours/add/", **add))
    assert "Monday 17:00–20:00 overlaps Monday 08:00–18:00, which is there already." in refused
    assert not OpeningHours.objects.filter(weekday=6).exists(), "none of several days is written"
    later = {**add, "opens_at": "18:00"}
    assert house.post(MANAGER, "/admin/clinic/openinghours/add/", **later).status_code == 303
    pushed = words(house.post(MANAGER, url(monday), weekday="1", opens_at="08:00", closes_at="18:15"))
    assert "Monday 08:00–18:15 overlaps Monday 18:00–20:00, which is there already." in pushed
    monday.refresh_from_db()
    assert f"{monday.closes_at:%H:%M}" == "18:00"
    ends = {"weekday": "1", "opens_at": "08:00", "closes_at": "18:00", "valid_until": "2026-05-31"}
    assert house.post(MANAGER, url(monday), **ends).status_code == 303
    summer = {**add, "weekdays": ["1"], "opens_at": "07:00", "closes_at": "17:00"}
    over = words(house.post(MANAGER, "/admin/clinic/openinghours/add/", **summer, valid_from="2026-05-31"))
    assert "(from 31 May 2026) overlaps Monday 08:00–18:00 (until 31 May 2026)" in over
    saved = house.post(MANAGER, "/admin/clinic/openinghours/add/", **summer, valid_from="2026-06-01")
    assert saved.status_code == 303


def test_hours_are_deleted_in_a_dialog_that_names_whom_it_concerns_first(house):
    appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=datetime(2026, 3, 20, 14, tzinfo=UTC),
        consultation_for=make_patient(house.location, first_name="Mock", last_name="Dogwood"),
    )
    friday = OpeningHours.objects.get(location=house.location, weekday=5)
    dialog = house.clients[MANAGER].get(url(friday, "delete"), headers={"HX-Request": "true"})
    assert 'role="dialog"' in words(dialog)
    assert "Delete opening hours" in words(dialog)
    asked = house.post(MANAGER, url(friday, "delete"))
    assert asked.status_code == 409
    assert "Mock Dogwood, Fri 20 Mar 10:00 with Dr Rowan" in words(asked)
    assert OpeningHours.objects.contains(friday)
    done = house.post(MANAGER, url(friday, "delete"), seen=asked.context["form"]["seen"].value())
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/clinic/openinghours/")
    assert not OpeningHours.objects.contains(friday)


def test_who_may_not_enter_time_off_is_told_who_does(house):
    page = words(house.get(Role.PRACTITIONER, "/admin/clinic/timeoff/"))
    assert "A manager enters it: ask them for yours." in page
    assert "Add time off" not in page
    assert "Add time off" in words(house.get(Role.MANAGER, "/admin/clinic/timeoff/"))
    assert 'placeholder="Name"' in words(house.get(Role.PRACTITIONER, "/admin/clinic/practitioner/"))
