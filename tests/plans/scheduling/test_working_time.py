"""When there is anything to offer: hours, breaks, extra days, closures and time off."""

from datetime import date, timedelta

from clinic.people.models import Practitioner
from clinic.places.models import Break, Closure, ExtraHours, OpeningHours, TimeOff
from plans.scheduling.availability import free_slots
from tests import factories
from tests.plans.scheduling.conftest import Clinic
from tests.plans.scheduling.finding import clocks, request_for, set_hours

MONDAY = date(2026, 3, 9)


def test_a_location_opens_on_a_closed_day_and_one_practitioner_longer_than_it(clinic: Clinic) -> None:
    saturday = date(2026, 3, 14)
    colleague = factories.make_practitioner(clinic.location)
    ExtraHours.objects.create(location=clinic.location, on=saturday, opens_at="09:00", closes_at="10:00")
    ExtraHours.objects.create(
        location=clinic.location, practitioner=colleague, on=saturday, opens_at="10:00", closes_at="11:00"
    )
    mine = free_slots(request_for(clinic.location, practitioners=[clinic.practitioner.pk]), saturday, saturday)
    colleagues = free_slots(request_for(clinic.location, practitioners=[colleague.pk]), saturday, saturday)

    assert clocks(mine, clinic.location) == ["09:00", "09:15", "09:30"]
    assert clocks(colleagues, clinic.location) == ["09:00", "09:15", "09:30", "09:45", "10:00", "10:15", "10:30"]
    assert not free_slots(request_for(clinic.location), date(2026, 3, 15), date(2026, 3, 15))


def test_a_closure_and_time_off_cut_extra_hours_and_breaks_do_not(clinic: Clinic) -> None:
    sunday = date(2026, 3, 15)
    ExtraHours.objects.create(location=clinic.location, on=sunday, opens_at="09:00", closes_at="12:00")
    Break.objects.create(location=clinic.location, weekday=7, starts_at="09:00", ends_at="12:00")
    Closure.objects.create(
        location=clinic.location, starts_at=clinic.at("09:00", sunday), ends_at=clinic.at("10:00", sunday), reason="Fog"
    )
    TimeOff.objects.create(
        practitioner=clinic.practitioner, starts_at=clinic.at("10:30", sunday), ends_at=clinic.at("12:00", sunday)
    )

    assert clocks(free_slots(request_for(clinic.location), sunday, sunday), clinic.location) == ["10:00"]


def test_a_break_holds_between_its_dates_for_the_location_or_for_one(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    colleague = factories.make_practitioner(clinic.location)
    weekly = {"location": clinic.location, "weekday": 1}
    Break.objects.create(**weekly, starts_at="09:30", ends_at="10:30", valid_until=MONDAY)
    Break.objects.create(**weekly, practitioner=colleague, starts_at="10:30", ends_at="11:30")

    def of(practitioner: Practitioner, day: date) -> list[str]:
        request = request_for(clinic.location, practitioners=[practitioner.pk])
        return clocks(free_slots(request, day, day), clinic.location)

    assert of(clinic.practitioner, MONDAY) == ["09:00", "10:30", "10:45", "11:00", "11:15", "11:30"]
    assert of(colleague, MONDAY) == ["09:00", "11:30"]
    assert of(colleague, MONDAY + timedelta(days=7)) == ["09:00", "09:15", "09:30", "09:45", "10:00", "11:30"]


def test_working_time_is_the_practitioners_own_within_the_locations(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    set_hours(clinic.location, "11:00", "15:00", clinic.practitioner)

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["11:00", "11:15", "11:30"]


def test_own_hours_count_from_the_first_day_on_which_one_holds(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "10:00")
    tuesday = MONDAY + timedelta(days=1)
    OpeningHours.objects.create(
        location=clinic.location,
        practitioner=clinic.practitioner,
        weekday=2,
        opens_at="09:30",
        closes_at="10:00",
        valid_from=tuesday,
        valid_until=tuesday,
    )

    days = [MONDAY + timedelta(days=offset) for offset in range(3)]
    found = [clocks(free_slots(request_for(clinic.location), day, day), clinic.location) for day in days]

    assert found == [["09:00", "09:15", "09:30"], ["09:30"], []]


def test_own_hours_at_another_location_do_not_count_here(clinic: Clinic) -> None:
    elsewhere = factories.make_location()
    set_hours(elsewhere, "11:00", "12:00", clinic.practitioner)
    set_hours(clinic.location, "09:00", "10:00")

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["09:00", "09:15", "09:30"]


def test_closures_and_time_off_are_half_open(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    Closure.objects.create(
        location=clinic.location, starts_at=clinic.at("09:30"), ends_at=clinic.at("10:00"), reason="Delivery"
    )
    TimeOff.objects.create(practitioner=clinic.practitioner, starts_at=clinic.at("11:00"), ends_at=clinic.at("11:30"))

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["09:00", "10:00", "10:15", "10:30", "11:30"]
