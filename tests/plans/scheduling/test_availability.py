"""Free slots, case by case: visits, buffers, rooms, people, lead time, order and cost."""

from datetime import date, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from clinic.people.models import Membership, Practitioner, Qualification
from clinic.places.models import Location
from plans.scheduling.availability import Preference, frame_of, free_slots, verdict
from plans.scheduling.models import VisitKind, VisitType
from tests import factories
from tests.plans.scheduling.conftest import Clinic
from tests.plans.scheduling.finding import clocks, request_for, set_hours

MONDAY = date(2026, 3, 9)


def test_back_to_back_visits_are_free_and_buffers_push_them_apart(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    clinic.book("10:00", duration_minutes=30)
    assert clocks(free_slots(request_for(clinic.location), MONDAY, MONDAY), clinic.location) == [
        "09:00", "09:15", "09:30", "10:30", "10:45", "11:00", "11:15", "11:30",
    ]  # fmt: skip

    VisitType.objects.create(
        location=clinic.location,
        kind=VisitKind.CONSULTATION,
        practitioner_minutes_before=5,
        practitioner_minutes_after=20,
    )

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)
    assert clocks(slots, clinic.location) == ["09:00", "10:45", "11:00", "11:15", "11:30"]


def test_a_room_is_kept_free_for_its_cleaning(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "11:00")
    clinic.rooms[1].delete()
    VisitType.objects.create(location=clinic.location, kind=VisitKind.CONSULTATION, room_minutes_after=15)
    other = factories.make_practitioner(clinic.location)
    clinic.book("09:30")

    slots = free_slots(request_for(clinic.location, practitioners=[other.pk]), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["10:15", "10:30"]


def test_the_first_free_capable_room_is_offered(clinic: Clinic) -> None:
    plain = factories.make_room(clinic.location, "Consulting", position=0, modalities=[])
    frame = frame_of(clinic.location.pk)

    assert frame.capable_rooms(frozenset({"prp"})) == [room.pk for room in clinic.rooms]
    assert frame.capable_rooms(frozenset()) == [plain.pk, *(room.pk for room in clinic.rooms)]


def test_no_practitioner_is_offered_who_left_or_takes_no_bookings_or_only_assists(clinic: Clinic) -> None:
    away, gone, assistant = (factories.make_practitioner(clinic.location) for _ in range(3))
    Practitioner.objects.filter(pk=away.pk).update(is_bookable=False)
    gone.user.is_active = False
    gone.user.save()
    Membership.objects.filter(user=assistant.user).update(role=Role.ASSISTANT)

    assert list(frame_of(clinic.location.pk).practitioners) == [clinic.practitioner.pk]


def test_a_qualification_is_needed_on_the_day_for_every_modality(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "09:30")
    Qualification.objects.filter(practitioner=clinic.practitioner, modality="prp").update(
        valid_from=date(2026, 3, 10), valid_until=date(2026, 3, 11)
    )
    request = request_for(clinic.location, modalities=frozenset({"prp", "microneedling"}))

    days = [slot.starts_at.date() for slot in free_slots(request, date(2026, 3, 8), date(2026, 3, 14))]

    assert days == [date(2026, 3, 10), date(2026, 3, 11)]


def test_the_patients_other_visits_are_in_the_way_wherever_they_are(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "11:00")
    elsewhere = factories.make_location()
    other = factories.make_practitioner(elsewhere)
    clinic.book("09:30", location=elsewhere, practitioner=other)

    slots = free_slots(request_for(clinic.location, patient_id=clinic.patient.pk), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["09:00", "10:00", "10:15", "10:30"]


def test_an_overbooked_visit_takes_its_practitioners_time_too(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "11:00")
    clinic.book("09:00", duration_minutes=60)
    clinic.book(
        "09:30",
        by=clinic.practitioner.user,
        consultation_for=clinic.another_patient(),
        duration_minutes=60,
        override_reason="An emergency",
    )

    assert clocks(free_slots(request_for(clinic.location), MONDAY, MONDAY), clinic.location) == ["10:30"]


def test_a_visit_that_moves_does_not_stand_in_its_own_way(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "10:00")
    appointment = clinic.book("09:15")

    request = request_for(clinic.location, moving=appointment.pk, patient_id=clinic.patient.pk)

    assert clocks(free_slots(request, MONDAY, MONDAY), clinic.location) == ["09:00", "09:15", "09:30"]


def test_nothing_is_offered_in_the_past_or_within_the_lead_time(clinic: Clinic) -> None:
    today = date(2026, 3, 2)
    set_hours(clinic.location, "09:00", "13:00")
    Location.objects.filter(pk=clinic.location.pk).update(lead_minutes=90)

    assert clocks(free_slots(request_for(clinic.location), today, today), clinic.location) == [
        "11:30", "11:45", "12:00", "12:15", "12:30",
    ]  # fmt: skip


def test_the_best_slots_are_the_preferred_practitioners_nearest_to_the_target(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "09:30")
    factories.make_practitioner(clinic.location, last_name="Aaron")
    target = date(2026, 3, 11)

    slots = free_slots(
        request_for(clinic.location),
        date(2026, 3, 9),
        date(2026, 3, 14),
        preference=Preference(clinic.practitioner.pk, target),
        limit=4,
    )

    assert {slot.practitioner_id for slot in slots} == {clinic.practitioner.pk}
    assert [slot.starts_at.date().day for slot in slots] == [11, 10, 12, 9]


def test_slots_come_in_order_of_time_and_end_with_the_limit(clinic: Clinic) -> None:
    factories.make_practitioner(clinic.location)

    slots = free_slots(request_for(clinic.location), MONDAY, date(2026, 3, 20), limit=50)

    starts = [slot.starts_at for slot in slots]
    assert len(slots) == 50
    assert starts == sorted(starts)


def test_a_verdict_names_each_thing_that_stands_in_the_way(clinic: Clinic) -> None:
    clinic.book("10:00")
    request = request_for(clinic.location, patient_id=clinic.patient.pk)

    busy = verdict(request, clinic.at("10:15"))
    closed = verdict(request, clinic.at("07:45"))
    free = verdict(request, clinic.at("10:30"))

    assert (busy.is_working_time, busy.practitioner_is_free, busy.patient_is_free) == (True, False, False)
    assert busy.room_id == clinic.rooms[1].pk
    assert (closed.is_open, closed.works, closed.is_free) == (False, False, False)
    assert free.is_free


def test_a_search_is_one_statement_and_its_frame_another(clinic: Clinic) -> None:
    with CaptureQueriesContext(connection) as queries:
        slots = free_slots(request_for(clinic.location), MONDAY, MONDAY + timedelta(days=91))

    assert len(slots) > 1000
    assert len(queries) == 2
