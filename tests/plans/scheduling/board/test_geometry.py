"""Where things stand on the board: rows, lanes, and both days on which the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.places.models import OpeningHours
from clinic.places.wallclock import local_day_bounds
from plans.scheduling.admin.board.geometry import Span, day_scale, lanes, week_scale
from tests.console import url, words
from tests.factories import (
    NEW_YORK,
    local,
    make_practitioner,
)
from tests.plans.scheduling.board.desk import (
    BOARD,
    DESK,
    book,
    classes,
)

ZONES = {"Europe/Madrid": (date(2026, 3, 29), date(2026, 10, 25)), NEW_YORK: (date(2026, 3, 8), date(2026, 11, 1))}


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
        url(early, "drop"),
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
