"""The day board: what stands where, who may do what from it, and what a refused drop says."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.access.roles import Role
from clinic.errors import Stale
from clinic.people.models import Membership
from clinic.places.models import Break, Closure, ExtraHours, OpeningHours, TimeOff
from clinic.places.wallclock import local_day_bounds
from plans.scheduling.admin.board.geometry import Span, day_scale, lanes, week_scale
from plans.scheduling.models import Appointment, VisitType
from plans.scheduling.services import (
    appointment_arrive,
    appointment_book,
    appointment_cancel,
    appointment_no_show,
    appointment_reschedule,
)
from tests.console import House, sign_in, url, words
from tests.factories import (
    MADRID,
    NEW_YORK,
    local,
    make_location,
    make_patient,
    make_plan,
    make_practitioner,
    make_user,
)
from tests.plans.scheduling.conftest import Written

DESK, PRACTITIONER, ASSISTANT, MANAGER = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER
MONDAY = date(2026, 3, 9)
BOARD, BOOK = "/admin/plans/appointment/", "/admin/plans/appointment/add/"
DAY = f"{BOARD}?day=2026-03-09"
ZONES = {"Europe/Madrid": (date(2026, 3, 29), date(2026, 10, 25)), NEW_YORK: (date(2026, 3, 8), date(2026, 11, 1))}


@pytest.fixture
def house(db, frozen):
    return House()


def book(house, clock="10:00", day=MONDAY, **fields):
    return appointment_book(
        **{
            "by": house.users[DESK],
            "location": house.location,
            "practitioner": house.practitioner,
            "starts_at": local(house.location, day, clock),
            **({} if {"session", "follow_up"} & fields.keys() else {"consultation_for": make_patient(house.location)}),
            **fields,
        }
    )


def on_board(visit, name):
    return f"/admin/plans/appointment/{visit.pk}/board/{name}/"


def drop(house, role, visit, clock="11:00", day=MONDAY, **data):
    """Put a visit somewhere else, as the board's script does."""
    wanted = {"starts_at": local(house.location, day, clock).isoformat(), "revision": visit.revision, **data}
    return house.clients[role].post(on_board(visit, "move"), wanted, headers={"HX-Request": "true"})


def classes(page, visit):
    """The classes of a visit's block."""
    before = page.split(f'data-visit="{visit.pk}"')[0]
    return before.rpartition('<article class="')[2].partition('"')[0].split()


# Where things stand


@pytest.mark.parametrize("zone_name", ZONES)
def test_the_day_the_clock_skips_an_hour_has_23_hours_and_no_such_label(zone_name):
    zone, (day, _) = ZoneInfo(zone_name), ZONES[zone_name]
    scale = day_scale(day, zone, [local_day_bounds(day, zone)])
    labels = [tick.label for tick in scale.ticks() if tick.label]
    assert scale.rows == 23 * 12
    assert labels[:4] == ["00:00", "01:00", "03:00", "04:00"]
    assert scale.row_of(local_day_bounds(day, zone)[0] + timedelta(hours=2)) == 24, "two hours after midnight: 03:00"


@pytest.mark.parametrize(("zone_name", "names"), [("Europe/Madrid", ("CEST", "CET")), (NEW_YORK, ("EDT", "EST"))])
def test_the_hour_that_happens_twice_stands_there_twice_with_the_name_of_its_zone(zone_name, names):
    zone, (_, day) = ZoneInfo(zone_name), ZONES[zone_name]
    scale = day_scale(day, zone, [local_day_bounds(day, zone)])
    labels = [tick.label for tick in scale.ticks() if tick.label]
    twice = "02:00" if zone_name == "Europe/Madrid" else "01:00"
    assert scale.rows == 25 * 12
    assert [label for label in labels if label.startswith(twice)] == [f"{twice} {name}" for name in names]
    first = datetime.combine(day, time.fromisoformat(twice), zone)
    passes = [first.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert scale.row_of(passes[1]) - scale.row_of(passes[0]) == 12


def test_a_board_of_a_night_clinic_places_visits_by_instants_on_the_day_the_clock_falls_back(house, frozen):
    frozen.move_to(datetime(2026, 10, 20, 12, tzinfo=UTC))
    house.sign_in_again()
    OpeningHours.objects.create(location=house.location, weekday=7, opens_at="00:00", closes_at="06:00")
    day = date(2026, 11, 1)
    midnight = local_day_bounds(day, house.location.zone)[0]
    early, again = (
        book(house, starts_at=midnight + timedelta(hours=hours, minutes=15), practitioner=who)
        for hours, who in ((1, house.practitioner), (2, make_practitioner(house.location)))
    )
    page = words(house.get(DESK, f"{BOARD}?day={day}"))
    assert "b-at-15" in classes(page, early), "01:15 EDT"
    assert "b-at-27" in classes(page, again), "01:15 EST, an hour later"
    assert ">01:00 EDT</span>" in page
    assert ">01:00 EST</span>" in page
    response = house.clients[DESK].post(
        on_board(early, "move"),
        {"starts_at": (midnight + timedelta(hours=3)).isoformat(), "revision": 1},
        headers={"HX-Request": "true"},
    )
    assert "Moved to Sun 1 Nov 02:00" in words(response)


def test_a_week_by_the_wall_clock_puts_a_visit_where_the_clock_says_on_both_sides_of_a_change(house):
    zone = house.location.zone
    days = [date(2026, 3, 6), date(2026, 3, 9)]
    scale = week_scale(
        days, zone, [(local(house.location, day, "08:00"), local(house.location, day, "18:00")) for day in days]
    )
    starts = [scale.span(day, *(local(house.location, day, clock) for clock in ("10:00", "10:30"))) for day in days]
    assert starts == [Span(30, 6), Span(30, 6)]
    assert [tick.label for tick in scale.ticks() if tick.label][:2] == ["08:00", "09:00"]


def test_lanes_put_beside_each_other_what_overlaps_and_nothing_else():
    placed = lanes([Span(0, 6), Span(3, 6), Span(6, 3), Span(9, 6)])
    assert [(one.lane, one.lanes) for one in placed] == [(0, 2), (1, 2), (0, 2), (0, 1)]


def test_a_very_short_visit_takes_the_room_that_it_needs_to_be_read():
    assert [(one.lane, one.lanes) for one in lanes([Span(0, 1), Span(1, 3)])] == [(0, 2), (1, 2)]


# What the board shows


def test_the_board_shows_a_visit_in_its_column_with_its_state_flags_and_buffers(house):
    VisitType.objects.create(location=house.location, kind="consultation", practitioner_minutes_after=15)
    visit = book(house, "10:00", note="Brings a friend")
    page = words(house.get(DESK, DAY))
    assert {"b-at-30", "b-for-6", "b-tone--booked"} <= set(classes(page, visit)), "half an hour before 08:00 is the top"
    assert f"10:00 to 10:30, {visit.patient}, Consultation, Dr Rowan, Room 1, Booked, has a note" in page
    assert "b-buffer b-at-36 b-for-3" in page
    assert "Dr Rowan" in page
    by_room = words(house.get(DESK, f"{DAY}&by=room"))
    assert "Room 2" in by_room
    assert "b-buffer" not in by_room.split("b-legend")[0], "the room has no buffer"


def test_overbooked_visits_stand_side_by_side_and_say_so(house):
    first = book(house, "10:00")
    second = book(house, "10:15", by=house.practitioner.user, override_reason="Bleeding")
    page = words(house.get(DESK, DAY))
    assert [
        {"b-lane-0", "b-of-2"} <= set(classes(page, first)),
        {"b-lane-1", "b-of-2"} <= set(classes(page, second)),
    ] == [
        True,
        True,
    ]
    assert "Booked, Overbooked" in page


def test_closed_time_is_shaded_with_its_reason(house):
    Closure.objects.create(
        location=house.location,
        starts_at=local(house.location, MONDAY, "15:00"),
        ends_at=local(house.location, MONDAY, "16:00"),
        reason="Fire drill",
    )
    TimeOff.objects.create(
        practitioner=house.practitioner,
        starts_at=local(house.location, MONDAY, "12:00"),
        ends_at=local(house.location, MONDAY, "13:00"),
        reason="Dentist",
    )
    page = words(house.get(DESK, DAY))
    assert 'b-closed--closure b-at-90 b-for-12"><span>Fire drill' in page
    assert 'b-closed--away b-at-54 b-for-12"><span>Dentist' in page
    assert "b-closed--closed b-at-0 b-for-6" in page


def test_breaks_are_shaded_and_extra_hours_open_a_day(house):
    Break.objects.create(location=house.location, weekday=1, starts_at="12:00", ends_at="12:30")
    sunday = date(2026, 3, 15)
    ExtraHours.objects.create(location=house.location, on=sunday, opens_at="09:00", closes_at="12:00")
    assert 'b-closed--break b-at-54 b-for-6"><span>Break' in words(house.get(DESK, DAY))
    page = words(house.get(DESK, f"{BOARD}?day={sunday}"))
    assert "Nobody works here" not in page
    assert "b-for-48" in page, "four hours with the margin"


def test_a_visit_that_stands_outside_of_hours_by_now_says_so(house):
    visit = book(house, "17:00")
    Appointment.objects.filter(pk=visit.pk).update(off_hours="opening_hours")
    assert "Booked, Rebook, The location is not open then." in words(house.get(DESK, DAY))


def test_a_day_on_which_nobody_works_says_so_and_leads_to_the_next(house):
    page = words(house.get(DESK, f"{BOARD}?day=2026-03-08"))
    assert "Nobody works here on Sunday 8 March." in page
    assert "Mon 9 Mar" in page
    assert "day=2026-03-09" in page


def test_a_practitioner_who_is_busy_elsewhere_is_shaded_without_a_name(house):
    elsewhere = make_location("Casa Tilo")
    both = make_practitioner(house.location, last_name="Marlow")
    works_at(both, elsewhere)
    patient = make_patient(elsewhere, last_name="Secret")
    book(house, "10:00", location=elsewhere, practitioner=both, consultation_for=patient)
    page = words(house.get(DESK, DAY))
    assert 'b-closed--elsewhere b-at-30 b-for-6"><span>Booked elsewhere' in page
    assert "Secret" not in page


def works_at(practitioner, location):
    """They practise at this location too."""
    Membership.objects.create(user=practitioner.user, location=location, role=PRACTITIONER)


def test_the_week_shows_days_and_the_month_how_full_they_are(house):
    visit = book(house, "10:00")
    week = words(house.get(DESK, f"{DAY}&view=week&who={house.practitioner.pk}"))
    assert {"b-at-30", "b-for-6"} <= set(classes(week, visit))
    assert "Sat 14 Mar" not in week, "nobody works and nobody is booked"
    month = words(house.get(DESK, f"{DAY}&view=month"))
    assert "Monday 9 March, 1 visit, 5 % full" in month
    assert "Tuesday 10 March, 0 visits, Free" in month
    assert words(house.get(DESK, f"{DAY}&view=month&who={make_practitioner(house.location).pk}")).count("1 visit") == 0


def test_another_locations_board_is_for_who_works_there(house):
    elsewhere = make_location("Casa Tilo", timezone=MADRID)
    page = words(house.get(DESK, f"{DAY}&location={elsewhere.pk}"))
    assert "Linden House" in page
    assert "Casa Tilo" not in page
    both = sign_in(make_user((house.location, DESK), (elsewhere, DESK)))
    page = words(both.get(f"{DAY}&location={elsewhere.pk}"))
    assert f'<option value="{elsewhere.pk}" selected>Casa Tilo' in page


def test_the_paper_names_what_the_desk_needs_on_it(house):
    visit = book(house, "10:00", note="Wheelchair")
    sheet = words(house.get(DESK, DAY)).split('class="b-sheets"')[1]
    for said in ("Dr Rowan", "Monday 9 March 2026", "10:00–10:30", str(visit.patient), "17 May 1985", "Wheelchair"):
        assert said in sheet
    assert visit.patient.phone in sheet


def test_an_assistant_looks_at_the_board_and_moves_nothing(house):
    visit = book(house, "10:00")
    page = words(house.get(ASSISTANT, DAY))
    assert str(visit.patient) in page
    for attribute in ("data-move=", "data-book=", "data-movable"):
        assert attribute not in page
    before = Written.now()
    for role in (ASSISTANT, MANAGER):
        assert drop(house, role, visit).status_code == 403
        for name in ("arrive", "fulfil", "confirm", "undo"):
            assert house.post(role, on_board(visit, name)).status_code == 403
        assert house.get(role, on_board(visit, "card")).status_code == 200
    assert Written.now() == before


def test_somebody_of_another_location_finds_nothing_and_a_get_does_nothing(house):
    visit = book(house, "10:00")
    before = Written.now()
    stranger = sign_in(make_user(*((make_location(), role) for role in Role)))
    for name in ("move", "arrive", "fulfil", "confirm", "undo"):
        assert stranger.post(on_board(visit, name)).status_code == 404
        assert house.get(DESK, on_board(visit, name)).status_code == 405
    assert stranger.get(on_board(visit, "card")).status_code == 404
    assert house.post(DESK, on_board(visit, "delete")).status_code == 404
    assert Written.now() == before


# What it costs


def test_the_board_costs_the_same_for_5_and_for_60_visits(house, django_assert_max_num_queries):
    people = [make_practitioner(house.location) for _ in range(6)]
    patients = [make_patient(house.location) for _ in range(10)]

    def fill(count, already):
        for index in range(already, count):
            start = local(house.location, MONDAY, "08:00") + timedelta(minutes=40 * (index // 6))
            busy = (start, start + timedelta(minutes=30))
            Appointment.objects.create(
                patient=patients[index % 10],
                practitioner=people[index % 6],
                location=house.location,
                kind="consultation",
                starts_at=start,
                ends_at=busy[1],
                practitioner_busy=busy,
                room_busy=busy,
                status="no_show",
                no_show_at=start,
            )

    fill(5, 0)
    paths = [DAY, f"{DAY}&by=room", f"{DAY}&view=week", f"{DAY}&view=month", f"{DAY}&view=list&span=week"]
    counts = {}
    for path in paths:
        with django_assert_max_num_queries(16) as made:
            house.get(DESK, path)
        counts[path] = len(made)
    fill(60, 5)
    for path in paths:
        with django_assert_max_num_queries(counts[path]):
            page = words(house.get(DESK, path))
    assert page.count("Consultation") >= 60


def test_an_unchanged_board_answers_with_nothing_for_one_query(house, django_assert_num_queries):
    visit = book(house, "10:00")
    asked = poll_of(words(house.get(DESK, DAY)))
    with django_assert_num_queries(5):  # four say who asks, and where they work
        assert house.get(DESK, asked).status_code == 204
    appointment_arrive(appointment_id=visit.pk, by=None)
    changed = house.get(DESK, asked)
    assert changed.status_code == 200
    page = words(changed)
    assert "<html" not in page
    assert "b-tone--soon" in page
    assert "style=" not in page, "the content policy forbids it; positions are classes"
    assert house.get(DESK, poll_of(page)).status_code == 204


def poll_of(page):
    """The address that the board asks every few seconds."""
    return BOARD + page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")


def test_a_board_looks_again_when_hours_closures_and_names_change(house):
    visit = book(house, "10:00")

    def is_new(change):
        asked = poll_of(words(house.get(DESK, DAY)))
        change()
        return house.get(DESK, asked).status_code == 200

    assert is_new(lambda: OpeningHours.objects.filter(location=house.location).update(closes_at="17:00"))
    assert is_new(lambda: book(house, "15:00"))
    visit.patient.last_name = "Renamed"
    assert is_new(visit.patient.save)
    at = local(house.location, MONDAY, "12:00")
    assert is_new(
        lambda: TimeOff.objects.create(practitioner=house.practitioner, starts_at=at, ends_at=at + timedelta(hours=1))
    )
    assert is_new(lambda: house.location.rooms.filter(name="Room 2").update(name="Blue room"))
    assert not is_new(lambda: book(house, "10:00", date(2026, 3, 10))), "another day"


# Moving


def test_a_drop_moves_a_visit_and_offers_the_way_back(house):
    visit = book(house)
    other = make_practitioner(house.location, last_name="Marlow")
    response = drop(house, DESK, visit, "11:00", practitioner=str(other.pk))
    page = words(response)
    assert "Moved to Mon 9 Mar 11:00 with Dr Marlow, Room 1." in page
    assert "Mail leaves in" in page
    assert 'data-seconds="60"' in page
    assert "visits-changed" in response.headers["HX-Trigger-After-Swap"]
    visit.refresh_from_db()
    assert (visit.starts_at, visit.practitioner, visit.revision) == (local(house.location, MONDAY, "11:00"), other, 2)
    undone = house.clients[DESK].post(on_board(visit, "undo"), headers={"HX-Request": "true"})
    assert f"Undone: {visit.patient} is back: Mon 9 Mar 10:00 with Dr Rowan" in words(undone)
    visit.refresh_from_db()
    assert (visit.starts_at, visit.practitioner) == (local(house.location, MONDAY, "10:00"), house.practitioner)


def test_where_mail_does_not_wait_there_is_no_undo_and_the_toast_says_so(house):
    visit = book(house)
    type(house.location).objects.filter(pk=house.location.pk).update(grace_seconds=0)
    page = words(drop(house, DESK, visit))
    assert "Mail left at once." in page
    assert "data-undo" not in page
    visit.patient.email_opt_out = True
    visit.patient.save()
    visit.refresh_from_db()
    assert "No mail goes out: please tell them." in words(drop(house, DESK, visit, "12:00"))


def test_a_drop_on_a_week_says_its_time_as_the_wall_clock_shows_it(house):
    visit = book(house)
    page = words(drop(house, DESK, visit, starts_at="2026-03-12T09:15"))
    assert "Moved to Thu 12 Mar 09:15" in page
    visit.refresh_from_db()
    before = Written.now()
    for text, said in (
        ("2026-03-08T02:30", "does not exist on 8 March 2026"),
        ("nonsense", "“nonsense” is not a time"),
        ("", "is not a time"),
        ("2026-03-12T22:00", "Outside opening hours"),
        ("2026-03-01T10:00", "This time is past."),
        ("9999-12-31T10:00", "This year is not on the calendar."),
    ):
        response = drop(house, DESK, visit, starts_at=text)
        assert said in words(response)
        assert f"{visit.patient} stays at 09:15 with Dr Rowan, Room 1." in words(response)
        assert "visit-refused" in response.headers["HX-Trigger-After-Swap"]
    assert Written.now() == before


def test_a_refused_drop_names_who_is_in_the_way(house):
    other = make_practitioner(house.location, last_name="Marlow")
    birch = make_patient(house.location, first_name="Sam", last_name="Birchwood")
    taken = book(house, "09:45", consultation_for=birch, practitioner=other)
    visit = book(house, "12:00")
    before = Written.now()
    room = str(taken.room_id)
    assert "Room 1 is taken by S. Birchwood until 10:15." in words(drop(house, DESK, visit, "10:00", room=room))
    assert "Room 1 is taken by S. Birchwood from 09:45." in words(drop(house, DESK, visit, "09:30", room=room))
    response = words(drop(house, DESK, visit, "10:00", practitioner=str(other.pk)))
    assert "Dr Marlow is with S. Birchwood until 10:15." in response
    assert "Book over it" not in response, "the desk may not"
    mine = book(house, "14:00", consultation_for=birch, practitioner=other)
    assert "S. Birchwood is with Dr Marlow until 14:30." in words(drop(house, DESK, taken, "14:15"))
    assert mine.revision == 1
    assert before.appointments == Written.now().appointments[:2]


def test_time_that_is_kept_free_and_rooms_that_are_all_taken_have_their_words(house):
    VisitType.objects.create(
        location=house.location, kind="consultation", practitioner_minutes_after=15, room_minutes_after=0
    )
    birch = make_patient(house.location, first_name="Sam", last_name="Birchwood")
    book(house, "10:00", consultation_for=birch)
    visit = book(house, "12:00")
    said = words(drop(house, DESK, visit, "10:30"))
    assert "Dr Rowan is kept free around the visit of S. Birchwood until 10:45." in said
    for name in ("Marlow", "Maple"):
        book(
            house,
            "15:00",
            practitioner=make_practitioner(house.location, last_name=name),
            consultation_for=(make_patient(house.location, first_name="Ada", last_name=f"With{name}")),
        )
    said = words(drop(house, DESK, visit, "15:15"))
    assert "Room 1 by A. WithMarlow until 15:30; Room 2 by A. WithMaple until 15:30" in said


def test_somebody_who_is_booked_at_another_location_is_not_named(house):
    elsewhere = make_location("Casa Tilo")
    works_at(house.practitioner, elsewhere)
    secret = make_patient(elsewhere, last_name="Secret")
    book(house, "10:00", location=elsewhere, consultation_for=secret)
    visit = book(house, "12:00")
    said = words(drop(house, DESK, visit, "10:15"))
    assert "Dr Rowan is booked elsewhere until 10:30." in said
    assert "Secret" not in said
    assert "Casa" not in said
    assert "Dr Rowan is with" in words(drop(house, PRACTITIONER, visit, "10:15")), "who works there may know"


def test_who_has_the_right_books_over_it_with_a_reason_and_nobody_else_does(house):
    book(house, "10:00")
    visit = book(house, "12:00")
    offered = words(drop(house, PRACTITIONER, visit, "10:15"))
    assert "Book over it" in offered
    assert 'name="override_reason"' in offered
    before = Written.now()
    refused = words(drop(house, DESK, visit, "10:15", override_reason="Please"))
    assert "needs a right that you do not have" in refused
    assert Written.now() == before
    assert "Moved to" in words(drop(house, PRACTITIONER, visit, "10:15", override_reason="Bleeding"))
    visit.refresh_from_db()
    assert (visit.overbooked, visit.override_reason) == (True, "Bleeding")
    assert "Overbooked" in words(house.get(DESK, DAY))


def test_a_session_that_is_dropped_too_early_is_refused_in_the_services_words(house):
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    visit = book(house, session=plan.sessions.get(sequence=1))
    said = words(drop(house, DESK, visit, "10:00", date(2026, 3, 4)))
    assert "Too early: the window opens on 9 March 2026." in said
    assert "all the same" not in said
    assert "Move it there all the same" in words(drop(house, PRACTITIONER, visit, "10:00", date(2026, 3, 4)))


def test_a_stale_board_moves_nothing_and_says_what_happened_meanwhile(house):
    visit = book(house)
    appointment_reschedule(
        appointment_id=visit.pk, by=house.users[DESK], starts_at=local(house.location, MONDAY, "16:00")
    )
    before = Written.now()
    for name in ("move", "arrive"):
        data = {"starts_at": local(house.location, MONDAY, "11:00").isoformat(), "revision": 1}
        said = words(house.clients[DESK].post(on_board(visit, name), data, headers={"HX-Request": "true"}))
        assert f"The visit was moved meanwhile to Mon 9 Mar 16:00 by {house.users[DESK]}. Look again." in said
    assert Written.now() == before
    visit.refresh_from_db()
    appointment_cancel(appointment_id=visit.pk, by=house.users[DESK], reason="patient")
    assert f"The visit was cancelled meanwhile by {house.users[DESK]}." in words(drop(house, DESK, visit, "11:00"))


def test_a_no_show_from_a_dialog_of_a_stale_board_is_refused(house, frozen):
    visit = book(house, "10:30", date(2026, 3, 2))
    appointment_reschedule(appointment_id=visit.pk, by=None, starts_at=local(house.location, date(2026, 3, 2), "11:00"))
    frozen.shift(timedelta(hours=3))
    response = house.clients[DESK].post(f"{url(visit, 'no_show')}?revision=1")
    assert response.status_code == 409
    assert "The visit was moved meanwhile" in words(response)
    visit.refresh_from_db()
    assert visit.status == "booked"
    with pytest.raises(Stale):
        appointment_no_show(appointment_id=visit.pk, by=None, revision=1)
    assert appointment_no_show(appointment_id=visit.pk, by=None, revision=2).status == "no_show"


@pytest.mark.parametrize("data", [{"practitioner": "nonsense"}, {"room": "{elsewhere}"}, {"revision": "x"}])
def test_what_a_drop_cannot_mean_is_refused_or_ignored(house, data):
    visit = book(house)
    room = make_location().rooms.first()
    data = {name: value.format(elsewhere=room.pk) for name, value in data.items()}
    response = drop(house, DESK, visit, **data)
    assert response.status_code == 200
    visit.refresh_from_db()
    assert (visit.revision == 1) == ("revision" not in data)
    assert ("does not exist" in words(response)) == ("revision" not in data)


# One click


def test_here_and_took_place_are_one_click_and_without_script_they_lead_back(house, frozen):
    visit = book(house, "10:30", date(2026, 3, 2))
    page = words(house.get(DESK, BOARD))
    assert on_board(visit, "arrive") in page
    said = words(house.clients[DESK].post(on_board(visit, "arrive"), {"revision": 1}, headers={"HX-Request": "true"}))
    assert f"{visit.patient} is here." in said
    assert on_board(visit, "fulfil") in words(house.get(DESK, BOARD))
    plain = house.post(DESK, on_board(visit, "fulfil"), next=BOARD)
    assert (plain.status_code, plain.headers["Location"]) == (303, BOARD)
    visit.refresh_from_db()
    assert visit.status == "fulfilled"


def test_the_card_offers_what_is_legal_and_names_the_patient_to_call(house):
    visit = book(house, note="Wheelchair")
    card = words(house.get(DESK, on_board(visit, "card")))
    for said in (str(visit.patient), visit.patient.phone, "Wheelchair", "Confirm", "Move", "Cancel", "Note"):
        assert said in card
    assert "No-show" not in card
    assert "Is here" not in card
    assert "Confirm" not in words(house.get(ASSISTANT, on_board(visit, "card")))


# Booking an empty place


def test_an_empty_place_asks_for_whom_and_is_carried_to_the_booking(house):
    patient = make_patient(house.location, first_name="Ada", last_name="Aspenleaf")
    plan = make_plan(patient, house.practitioner, start_date=MONDAY)
    at = local(house.location, MONDAY, "10:15").isoformat()
    place = {
        "at": at,
        "practitioner": str(house.practitioner.pk),
        "location": str(house.location.pk),
        "next": DAY,
    }
    client = house.clients[DESK]
    page = words(client.get(BOOK, place))
    assert "Mon 9 Mar 10:15" in page
    page = words(client.get(BOOK, place | {"q": "aspenleaf"}))
    assert "Ada Aspenleaf" in page
    session = plan.sessions.get(sequence=1)
    link = page.split(f"?session={session.pk}")[1].split('"')[0].replace("&amp;", "&")
    assert "Consultation" in page
    path = f"{BOOK}?session={session.pk}{link}"
    form = words(client.get(path))
    assert 'value="2026-03-09"' in form
    assert 'value="10:15"' in form
    own = {"own_time_day": "2026-03-09", "own_time_time": "10:15", "practitioner": str(house.practitioner.pk)}
    response = client.post(path, own)
    assert (response.status_code, response.headers["Location"]) == (303, DAY)
    visit = Appointment.objects.get()
    assert (visit.session, visit.starts_at) == (session, local(house.location, MONDAY, "10:15"))


def test_a_place_in_the_second_pass_of_an_hour_is_booked_in_the_second(house, frozen):
    frozen.move_to(datetime(2026, 10, 20, 12, tzinfo=UTC))
    house.sign_in_again()
    OpeningHours.objects.create(location=house.location, weekday=7, opens_at="00:00", closes_at="06:00")
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    path = f"{BOOK}?patient={make_patient(house.location).pk}&at=2026-11-01T06:30:00Z&location={house.location.pk}"
    own = {"own_time_day": "2026-11-01", "own_time_time": "01:30", "practitioner": str(house.practitioner.pk)}
    assert house.post(DESK, path, **own).status_code == 303
    assert Appointment.objects.get().starts_at == second


def test_a_place_that_is_no_time_asks_for_one(house):
    for at in ("nonsense", "2026-03-08T02:30", ""):
        path = f"{BOOK}?patient={make_patient(house.location).pk}&at={at}"
        assert 'name="slot"' in words(house.get(DESK, path))
