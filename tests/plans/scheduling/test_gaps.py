"""Who on the waitlist fits a time that is free, and which free times fit somebody who waits."""

from datetime import date, datetime, time, timedelta
from typing import Any

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plans.scheduling.models import VisitType, WaitlistEntry
from plans.scheduling.queries.gaps import Fit, Gap, fits_of, times_for
from plans.scheduling.queries.waitlist import present_visits, subjects_of
from plans.scheduling.services import (
    appointment_cancel,
    waitlist_decline,
)
from tests import factories
from tests.plans.scheduling.conftest import Clinic
from tests.plans.scheduling.waiting import TUESDAY, accept, add, offer, read


def fits(clinic: Clinic, clock: str = "10:00", minutes: int = 60, **fields: Any) -> list[Fit]:
    starts_at = clinic.at(clock)
    gap = Gap(clinic.location.pk, clinic.practitioner.pk, starts_at, starts_at + timedelta(minutes=minutes), **fields)
    return fits_of(gap, WaitlistEntry.objects.all())


def who(found: list[Fit]) -> list[Any]:
    return [fit.entry.pk for fit in found if fit.slot is not None]


def why(found: list[Fit], entry: WaitlistEntry) -> str:
    (fit,) = [fit for fit in found if fit.entry.pk == entry.pk]
    assert fit.slot is None
    return fit.because


def test_the_urgent_come_first_then_those_who_wait_longest(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    entries = []
    for urgent in (False, False, True):
        frozen.shift(60)
        entries.append(add(clinic, is_urgent=urgent))
    assert who(fits(clinic)) == [entries[2].pk, entries[0].pk, entries[1].pk]


def test_who_does_not_fit_is_told_why(clinic: Clinic) -> None:
    other = clinic.another_practitioner()
    session, later_session = clinic.sessions[:2]
    busy, has_earlier, gone = clinic.another_patient(), clinic.another_patient(), clinic.another_patient()
    clinic.book("10:00", consultation_for=busy, practitioner=other, duration_minutes=60)
    clinic.book("09:00", consultation_for=has_earlier, duration_minutes=30)
    reasons = {
        add(clinic, practitioner=other): "Wants to see somebody else.",
        add(clinic, weekdays=[2]): "Comes on Tuesday only.",
        add(clinic, time_from=time(14)): "Cannot come before 14:00.",
        add(clinic, earliest=TUESDAY): "Cannot come before 10 March 2026.",
        add(clinic, session=later_session): "Too early: the window opens on",
        add(clinic, patient=has_earlier): "Has an earlier time already.",
    }
    plan = factories.make_plan(busy, clinic.practitioner, start_date=date(2026, 3, 9))
    reasons[add(clinic, session=plan.sessions.get(sequence=1))] = "Is here for another visit then."
    fit = add(clinic, session=session)
    found = fits(clinic, left_by=gone.pk)
    assert who(found) == [fit.pk]
    for entry, reason in reasons.items():
        assert why(found, entry).startswith(reason)


def test_a_gap_is_offered_only_to_those_whose_visit_fits_in(clinic: Clinic) -> None:
    VisitType.objects.create(location=clinic.location, kind="consultation", duration_minutes=45)
    short = add(clinic)
    clinic.book("11:00", consultation_for=clinic.another_patient())
    long = add(clinic, session=clinic.sessions[0])
    type(clinic.sessions[0]).objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=90)
    found = fits(clinic, "10:00", 60)
    assert who(found) == [short.pk]
    assert why(found, long) == "Takes 90 minutes; so much is not free then."


def test_qualification_and_room_decide_too(clinic: Clinic) -> None:
    entry = add(clinic, session=clinic.sessions[0])
    clinic.location.rooms.update(modalities=[])
    assert "so much is not free" in why(fits(clinic), entry)
    clinic.location.rooms.update(modalities=["prp"])
    assert who(fits(clinic)) == [entry.pk]
    clinic.practitioner.qualifications.all().delete()
    assert why(fits(clinic), entry).startswith("The practitioner is not qualified for PRP")


def test_a_wish_is_met_by_a_later_start_within_the_gap(clinic: Clinic) -> None:
    entry = add(clinic, time_from=time(10, 30))
    (fit,) = fits(clinic, "10:00", 60)
    assert fit.entry.pk == entry.pk
    assert fit.slot is not None
    assert fit.slot.starts_at == clinic.at("10:30")


def test_the_one_who_gave_it_back_and_the_one_who_said_no_are_not_asked(clinic: Clinic) -> None:
    entry, declined = add(clinic, patient=clinic.patient), add(clinic)
    offer(clinic, declined, "10:00")
    waitlist_decline(entry_id=declined.pk, keep_waiting=True)
    found = fits(clinic, left_by=clinic.patient.pk)
    assert entry.pk not in [fit.entry.pk for fit in found]
    assert why(found, declined) == "Said no to this time."
    assert declined.pk in who(fits(clinic, "12:00"))


def test_time_that_is_not_free_any_more_fits_nobody(clinic: Clinic) -> None:
    add(clinic)
    clinic.book("10:00", duration_minutes=60, consultation_for=clinic.another_patient())
    assert who(fits(clinic)) == []


def test_every_fit_can_be_booked(clinic: Clinic) -> None:
    for entry in (add(clinic), add(clinic, session=clinic.sessions[0]), add(clinic)):
        (fit, *_) = [one for one in fits(clinic, "10:00", 120) if one.entry.pk == entry.pk]
        assert fit.slot is not None
        accept(clinic, entry, starts_at=fit.slot.starts_at, practitioner=clinic.practitioner)


def test_asking_about_a_gap_costs_the_same_for_many(clinic: Clinic) -> None:
    with CaptureQueriesContext(connection) as nobody:
        fits(clinic)
    assert len(nobody) == 1
    add(clinic), add(clinic, session=clinic.sessions[0])
    with CaptureQueriesContext(connection) as two:
        fits(clinic)
    for number in range(4):
        patient = clinic.another_patient()
        plan = factories.make_plan(patient, clinic.practitioner, start_date=date(2026, 3, 9))
        add(clinic, session=plan.sessions.get(sequence=1))
        add(clinic, is_urgent=number == 3)
    with CaptureQueriesContext(connection) as ten:
        assert len(who(fits(clinic))) == 10
    assert len(ten) == len(two) <= 8


def test_times_that_fit_now_are_earlier_than_the_present_visit(clinic: Clinic) -> None:
    clinic.book("10:00", TUESDAY, session=clinic.sessions[0])
    entry = add(clinic, session=clinic.sessions[0], time_from=time(9), time_until=time(11))
    row = read(entry)
    present = present_visits([row])[row.present_id]
    found = times_for(row, subjects_of([row])[row.pk], present, limit=5)
    minutes = clinic.sessions[0].duration_minutes
    assert found[0].starts_at == clinic.at("09:00")
    assert [slot.starts_at for slot in found] == sorted({slot.starts_at for slot in found})
    assert all(slot.starts_at < present.starts_at for slot in found)
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=minutes) for slot in found)
    assert isinstance(found[0].starts_at, datetime)


def test_a_cancelled_visit_leaves_its_patient_waiting_for_any_time(clinic: Clinic) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0])
    entry = add(clinic, session=clinic.sessions[0])
    appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")
    assert (read(entry).over, read(entry).present_id) == (None, None)
