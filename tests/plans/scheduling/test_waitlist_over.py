"""A wait ends by what happens elsewhere, though nobody takes the entry off the list."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
import time_machine

from plans.followups.services import follow_up_cancel
from plans.scheduling.models import WaitlistEntry
from plans.scheduling.queries.waitlist import waiting
from plans.scheduling.services import (
    appointment_arrive,
    appointment_fulfil,
    appointment_reschedule,
    appointment_undo,
)
from plans.treatment.services import plan_discontinue, session_cancel
from tests import factories
from tests.plans.scheduling.conftest import Clinic
from tests.plans.scheduling.waiting import TUESDAY, WEDNESDAY, add, read


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
