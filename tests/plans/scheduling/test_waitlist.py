"""Who waits for an earlier time: on the list, told of a time, booked, and off it again by what happens elsewhere."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import Conflict, Invalid, InvalidTransition, Refusal, SlotTaken, TooEarly
from plans.followups.services import follow_up_cancel
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment, VisitType, WaitlistEntry
from plans.scheduling.queries.gaps import Fit, Gap, fits_of, times_for
from plans.scheduling.queries.waitlist import present_visits, subjects_of, waiting, waitlist_in_full
from plans.scheduling.services import (
    appointment_arrive,
    appointment_cancel,
    appointment_fulfil,
    appointment_reschedule,
    appointment_undo,
    waitlist_accept,
    waitlist_add,
    waitlist_change,
    waitlist_decline,
    waitlist_offer,
    waitlist_withdraw,
)
from plans.treatment.services import plan_discontinue, session_cancel
from tests import factories
from tests.plans.scheduling.conftest import Clinic, Written

TUESDAY, WEDNESDAY, NEXT_MONDAY = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 16)
Status = WaitlistEntry.Status


def add(clinic: Clinic, **fields: Any) -> WaitlistEntry:
    """Somebody new waits for a consultation, unless told what else."""
    if not {"session", "follow_up", "patient"} & fields.keys():
        fields["patient"] = clinic.another_patient()
    return waitlist_add(by=clinic.desk, **fields)


def read(entry: WaitlistEntry) -> Any:
    return waitlist_in_full(WaitlistEntry.objects.all()).get(pk=entry.pk)


def offer(clinic: Clinic, entry: WaitlistEntry, clock: str = "10:00", **fields: Any) -> WaitlistEntry:
    fields = {"starts_at": clinic.at(clock), "practitioner": clinic.practitioner, **fields}
    return waitlist_offer(entry_id=entry.pk, by=clinic.desk, **fields)


def accept(clinic: Clinic, entry: WaitlistEntry, clock: str | None = None, **fields: Any) -> WaitlistEntry:
    if clock is not None:
        fields = {"starts_at": clinic.at(clock), "practitioner": clinic.practitioner, **fields}
    return waitlist_accept(entry_id=entry.pk, by=clinic.desk, **fields)


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


# On the list


def test_a_patient_waits_for_a_session_a_follow_up_or_a_consultation(clinic: Clinic) -> None:
    session = add(clinic, session=clinic.sessions[0], weekdays=[2, 1, 2])
    follow_up = add(clinic, follow_up=clinic.follow_ups[0])
    consultation = add(clinic, patient=clinic.patient)

    assert [(one.kind, one.status, one.location) for one in (session, follow_up, consultation)] == [
        ("session", "waiting", clinic.location),
        ("follow_up", "waiting", clinic.location),
        ("consultation", "waiting", clinic.location),
    ]
    assert (session.weekdays, session.added_by, session.patient) == ([1, 2], clinic.desk, clinic.patient)
    assert [read(one).over for one in (session, follow_up, consultation)] == [None, None, None]


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"earliest": date(2026, 3, 12), "latest": date(2026, 3, 11)}, None),
        ({"latest": date(2026, 3, 1)}, "latest"),
        ({"time_from": time(12), "time_until": time(12)}, None),
        ({"weekdays": [8]}, "weekdays"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_wishes_that_no_time_can_meet_are_refused(clinic: Clinic, fields: dict[str, Any], attr: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        add(clinic, session=clinic.sessions[0], **fields)
    assert refused.value.attr == attr
    entry = add(clinic, session=clinic.sessions[0])
    before = WaitlistEntry.objects.values().get()
    with pytest.raises(Invalid):
        waitlist_change(entry_id=entry.pk, changes=fields)
    assert WaitlistEntry.objects.values().get() == before


def test_only_a_practitioner_who_can_do_it_here_can_be_wished_for(clinic: Clinic) -> None:
    unqualified = clinic.another_practitioner(modalities=[])
    elsewhere = factories.make_practitioner(factories.make_location())
    for practitioner, code in ((unqualified, "not_qualified"), (elsewhere, "invalid")):
        with pytest.raises(Invalid) as refused:
            add(clinic, session=clinic.sessions[0], practitioner=practitioner)
        assert (refused.value.attr, refused.value.code) == ("practitioner", code)
    assert add(clinic, follow_up=clinic.follow_ups[0], practitioner=unqualified)


def test_what_cannot_be_booked_cannot_be_waited_for(clinic: Clinic) -> None:
    draft = factories.make_plan(clinic.another_patient(), clinic.practitioner, status="draft")
    with pytest.raises(Conflict) as refused:
        add(clinic, session=draft.sessions.get(sequence=1))
    assert refused.value.code == "plan_not_bookable"
    follow_up_cancel(follow_up_id=clinic.follow_ups[0].pk, by=clinic.desk, reason="No")
    with pytest.raises(InvalidTransition):
        add(clinic, follow_up=clinic.follow_ups[0])


def test_nobody_waits_twice_for_the_same(clinic: Clinic) -> None:
    first = add(clinic, session=clinic.sessions[0])
    with pytest.raises(Conflict) as refused:
        add(clinic, session=clinic.sessions[0])
    assert (refused.value.code, refused.value.extra) == ("already_waiting", {"entry": str(first.pk)})
    add(clinic, session=clinic.sessions[1])


# Over without anybody taking it off


def end_by_discontinuing(clinic: Clinic) -> None:
    plan_discontinue(plan_id=clinic.plan.pk, by=None, reason="Moved away")


def end_by_cancelling(clinic: Clinic) -> None:
    session_cancel(session_id=clinic.sessions[0].pk, by=clinic.practitioner.user, reason="No")


def end_by_charting(clinic: Clinic) -> None:
    factories.perform(clinic.sessions[0], clinic.practitioner)


@pytest.mark.parametrize("end", [end_by_discontinuing, end_by_cancelling, end_by_charting])
def test_a_session_that_ends_is_waited_for_no_more(clinic: Clinic, end: Callable[[Clinic], None]) -> None:
    entry = add(clinic, session=clinic.sessions[0])
    end(clinic)
    assert read(entry).over == "done"
    assert not waiting(WaitlistEntry.objects.all())


def test_a_follow_up_that_is_cancelled_or_attended_is_waited_for_no_more(clinic: Clinic) -> None:
    cancelled, attended = clinic.follow_ups[:2]
    entries = [add(clinic, follow_up=cancelled), add(clinic, follow_up=attended)]
    follow_up_cancel(follow_up_id=cancelled.pk, by=clinic.desk, reason="No")
    clinic.attend(attended)
    assert [read(entry).over for entry in entries] == ["done", "done"]


def test_a_consultation_that_took_place_is_waited_for_no_more(clinic: Clinic) -> None:
    entry = add(clinic, patient=clinic.patient)
    visit = clinic.book("10:00", date(2026, 3, 2))
    appointment_arrive(appointment_id=visit.pk, by=None)
    appointment_fulfil(appointment_id=visit.pk, by=None)
    assert read(entry).over == "done"


def test_the_last_day_passes_on_the_calendar_of_the_place(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    entry = add(clinic, session=clinic.sessions[0], latest=date(2026, 3, 12))
    frozen.move_to(factories.local(clinic.location, date(2026, 3, 12), "23:59"))
    assert read(entry).over is None
    frozen.move_to(factories.local(clinic.location, date(2026, 3, 13), "00:01"))
    assert read(entry).over == "past"


@pytest.mark.parametrize(
    ("wishes", "over"),
    [
        ({}, "met"),
        ({"weekdays": [2], "time_from": time(9), "time_until": time(12), "latest": TUESDAY}, "met"),
        ({"weekdays": [1, 3]}, None),
        ({"time_from": time(10, 30)}, None),
        ({"time_until": time(10, 30)}, None),
        ({"latest": date(2026, 3, 9)}, None),
        ({"earliest": WEDNESDAY}, None),
    ],
)
def test_who_gets_a_time_that_suits_them_in_another_way_waits_no_more(
    clinic: Clinic, frozen: time_machine.Traveller, wishes: dict[str, Any], over: str | None
) -> None:
    entry = add(clinic, session=clinic.sessions[0], **wishes)
    frozen.shift(60)
    visit = clinic.book("10:00", TUESDAY, session=clinic.sessions[0])
    assert read(entry).over == over
    appointment_undo(appointment_id=visit.pk, by=None)
    assert read(entry).over is None, "the booking was undone"


def test_who_had_a_visit_is_met_by_an_earlier_one_alone(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    visit = clinic.book("10:00", TUESDAY, session=clinic.sessions[0])
    frozen.shift(60)
    entry = add(clinic, session=clinic.sessions[0])
    frozen.shift(60)
    assert read(entry).over is None
    appointment_reschedule(appointment_id=visit.pk, by=None, starts_at=clinic.at("10:00", WEDNESDAY))
    assert read(entry).over is None, "later is not what they wait for"
    frozen.shift(60)
    appointment_reschedule(appointment_id=visit.pk, by=None, starts_at=clinic.at("09:00", TUESDAY))
    assert read(entry).over == "met"


def test_an_entry_that_is_over_gives_way_to_a_new_one(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    old = add(clinic, session=clinic.sessions[0])
    frozen.shift(60)
    clinic.book("10:00", TUESDAY, session=clinic.sessions[0])
    frozen.shift(60)
    new = add(clinic, session=clinic.sessions[0])
    old.refresh_from_db()
    assert (old.status, old.settled_because) == ("withdrawn", "They got a time that suits them in another way.")
    assert read(new).over is None


# Told, accepted, declined


def test_an_offer_stands_and_holds_nothing_back(clinic: Clinic) -> None:
    entry, other = add(clinic), add(clinic)
    offer(clinic, entry)
    offer(clinic, other)
    entry = read(entry)
    assert (entry.status, entry.offered_starts_at, entry.offered_by) == ("offered", clinic.at("10:00"), clinic.desk)
    assert not entry.offer_is_taken
    assert not Appointment.objects.exists()
    clinic.book("10:00")
    assert read(entry).offer_is_taken


def test_nobody_is_told_of_a_time_that_cannot_be_had(clinic: Clinic) -> None:
    entry = add(clinic, session=clinic.sessions[0])
    clinic.book("10:00", consultation_for=clinic.another_patient())
    refused: list[tuple[type[Refusal], dict[str, Any]]] = [
        (SlotTaken, {}),
        (TooEarly, {"starts_at": clinic.at("10:00", date(2026, 3, 3))}),
        (Conflict, {"starts_at": clinic.at("22:00")}),
        (Invalid, {"practitioner": clinic.another_practitioner(modalities=[])}),
    ]
    for kind, fields in refused:
        with pytest.raises(kind):
            offer(clinic, entry, **fields)
    past = add(clinic)
    with pytest.raises(Invalid):
        offer(clinic, past, starts_at=clinic.at("09:00", date(2026, 3, 2)))
    assert (read(entry).status, read(past).status) == ("waiting", "waiting")


def test_accepting_the_offer_books_the_visit_with_its_mails(clinic: Clinic) -> None:
    entry = add(clinic, session=clinic.sessions[0])
    offer(clinic, entry)
    entry = accept(clinic, entry)
    visit = Appointment.objects.get()
    assert (entry.status, entry.appointment, visit.session) == ("booked", visit, clinic.sessions[0])
    assert (visit.starts_at, visit.booked_by) == (clinic.at("10:00"), clinic.desk)
    assert PatientMessage.objects.filter(appointment=visit, kind="confirmation").exists()


def test_accepting_moves_the_visit_that_they_have(clinic: Clinic) -> None:
    patient = clinic.another_patient()
    visits = [
        clinic.book("10:00", TUESDAY, session=clinic.sessions[0]),
        clinic.book("11:00", TUESDAY, consultation_for=patient),
    ]
    entries = [add(clinic, session=clinic.sessions[0]), add(clinic, patient=patient)]
    for entry, visit, clock in zip(entries, visits, ("09:00", "10:00"), strict=True):
        accepted = accept(clinic, entry, clock)
        visit.refresh_from_db()
        assert (accepted.appointment, visit.starts_at, visit.revision) == (visit, clinic.at(clock), 2)
    assert Appointment.objects.count() == 2


def test_the_first_who_accepts_gets_it_and_the_other_goes_on_waiting(clinic: Clinic) -> None:
    first, second = add(clinic), add(clinic)
    for entry in (first, second):
        offer(clinic, entry)
    accept(clinic, second)
    before = Written.now()
    with pytest.raises(SlotTaken) as refused:
        accept(clinic, first)
    assert refused.value.extra["alternatives"]
    assert (read(first).status, Written.now()) == ("offered", before)
    assert accept(clinic, first, "11:00").status == "booked"


def test_an_entry_is_accepted_once(clinic: Clinic) -> None:
    entry = add(clinic)
    accept(clinic, entry, "10:00")
    with pytest.raises(InvalidTransition):
        accept(clinic, entry, "11:00")
    assert Appointment.objects.count() == 1


def test_accepting_says_which_time(clinic: Clinic) -> None:
    entry = add(clinic)
    with pytest.raises(Invalid) as nothing:
        accept(clinic, entry)
    with pytest.raises(Invalid) as nobody:
        accept(clinic, entry, starts_at=clinic.at("10:00"))
    assert (nothing.value.attr, nobody.value.attr) == ("starts_at", "practitioner")


def test_undoing_the_booking_puts_them_back_on_the_list(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    visit = clinic.book("10:00", TUESDAY)
    frozen.shift(300)
    entry = add(clinic, patient=clinic.patient)
    offer(clinic, entry, "09:00")
    accept(clinic, entry)
    frozen.shift(5)
    appointment_undo(appointment_id=visit.pk, by=None)
    entry = read(entry)
    assert (entry.status, entry.over, entry.appointment, entry.settled_at) == ("offered", None, None, None)
    visit.refresh_from_db()
    assert visit.starts_at == clinic.at("10:00", TUESDAY)


def test_undoing_what_came_later_leaves_the_entry_booked(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    entry = add(clinic)
    accept(clinic, entry, "10:00")
    frozen.shift(300)
    visit = Appointment.objects.get()
    appointment_reschedule(appointment_id=visit.pk, by=None, starts_at=clinic.at("11:00"))
    appointment_undo(appointment_id=visit.pk, by=None)
    assert read(entry).status == "booked"


def test_declining_ends_the_wait_or_goes_on(clinic: Clinic) -> None:
    goes_on, ends = add(clinic), add(clinic)
    for entry in (goes_on, ends):
        with pytest.raises(InvalidTransition):
            waitlist_decline(entry_id=entry.pk)
        offer(clinic, entry)
    goes_on = waitlist_decline(entry_id=goes_on.pk, keep_waiting=True)
    ends = waitlist_decline(entry_id=ends.pk, reason="Will keep the later one")
    assert (goes_on.status, goes_on.offered_starts_at) == ("waiting", None)
    assert (ends.status, ends.settled_because) == ("declined", "Will keep the later one")


def test_a_settled_entry_stays_as_it_is(clinic: Clinic) -> None:
    entry = waitlist_withdraw(entry_id=add(clinic).pk, reason="Well again")
    assert (entry.status, entry.settled_because) == ("withdrawn", "Well again")
    for act in (
        lambda: waitlist_withdraw(entry_id=entry.pk),
        lambda: waitlist_decline(entry_id=entry.pk),
        lambda: offer(clinic, entry),
        lambda: accept(clinic, entry, "10:00"),
        lambda: waitlist_change(entry_id=entry.pk, changes={"note": "x"}),
    ):
        with pytest.raises(InvalidTransition):
            act()


# Who fits a time


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
