"""Who waits for an earlier time: put on the list, told of a time, booked, and taken off it."""

import re
from datetime import date, time
from typing import Any

import pytest
import time_machine

from clinic.errors import Conflict, Invalid, InvalidTransition, Refusal, SlotTaken, Stale, TooEarly
from plans.followups.services import follow_up_cancel
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import (
    appointment_cancel,
    appointment_reschedule,
    appointment_undo,
    waitlist_change,
    waitlist_decline,
    waitlist_withdraw,
)
from tests import factories
from tests.plans.scheduling.conftest import Clinic, Written
from tests.plans.scheduling.waiting import TUESDAY, accept, add, offer, read


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


def test_who_saw_another_visit_than_they_have_moves_nothing(clinic: Clinic) -> None:
    entry = add(clinic, patient=clinic.patient)
    visit = clinic.book("15:00")
    before = Written.now()
    booked = f"They were booked meanwhile, for Mon 9 Mar 15:00 by {clinic.desk}. Look again."
    with pytest.raises(Stale, match=re.escape(booked)):
        accept(clinic, entry, "10:00", revision=0)
    assert Written.now() == before
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("14:00"))
    moved = f"The visit was moved meanwhile to Mon 9 Mar 14:00 by {clinic.desk}. Look again."
    with pytest.raises(Stale, match=re.escape(moved)):
        accept(clinic, entry, "10:00", revision=1)
    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="patient")
    before = Written.now()
    with pytest.raises(Stale, match="The visit that they had is not booked any more"):
        accept(clinic, entry, "10:00", revision=2)
    assert (read(entry).status, Written.now()) == ("waiting", before)
    assert accept(clinic, entry, "10:00", revision=0).status == "booked"


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
