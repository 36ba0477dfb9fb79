"""What was decided about a visit before it was kept, moved or undone stays with it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic.console.reader import Reader
from clinic.people.models import User
from plans.scheduling.admin.keeping import may_keep, read_limits
from plans.scheduling.looks import decisions, override_flags
from plans.scheduling.models import Appointment
from plans.scheduling.queries import visits_to_rebook
from plans.scheduling.services import appointment_cancel, appointment_reschedule, appointment_undo
from plans.treatment.models import ProcedureSession
from tests.plans.scheduling.conftest import Clinic, Written, refused
from tests.plans.scheduling.keeping.deciding import MONDAY, THURSDAY, WHY, keep, told, wanted
from tests.plans.scheduling.test_rebooking import shift

EMERGENCY, MONDAY_AFTER = "In pain, cannot wait", date(2026, 3, 16)


@pytest.fixture
def early(clinic: Clinic, doctor: User) -> Appointment:
    """A visit that was booked early by decision, and whose window has moved on since."""
    friday = clinic.sessions[0].window_start - timedelta(days=3)
    visit = clinic.book("10:00", friday, session=clinic.sessions[0], by=doctor, override_reason=EMERGENCY)
    shift(clinic.sessions[0], 2)
    assert visit.is_early
    assert str(wanted(visit)).startswith("Too early now")
    return visit


@pytest.fixture
def crowded(clinic: Clinic, doctor: User) -> Appointment:
    """A visit that was booked over another one, and whose window closes before it by now."""
    clinic.book("10:00", THURSDAY, consultation_for=clinic.another_patient())
    visit = clinic.book("10:15", THURSDAY, session=clinic.sessions[0], by=doctor, override_reason=EMERGENCY)
    shift(clinic.sessions[0], -5)
    assert visit.overbooked
    assert str(wanted(visit)).startswith("Too late now")
    return visit


def test_why_it_was_booked_early_stays_beside_why_it_was_kept(clinic: Clinic, early: Appointment, doctor: User) -> None:
    kept = keep(early, doctor)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (True, EMERGENCY, WHY)
    revision = kept.revisions.get()
    assert (revision.override_reason, revision.kept_because) == (EMERGENCY, WHY)
    assert told(kept) == {"Booked": (("early", EMERGENCY),), "Kept": (("", WHY),)}


def test_an_early_visit_that_is_too_late_by_now_was_booked_early_all_the_same(
    clinic: Clinic, early: Appointment, doctor: User
) -> None:
    shift(clinic.sessions[0], -20)
    assert str(wanted(early)).startswith("Too late now")

    kept = keep(early, clinic.desk)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (True, EMERGENCY, WHY)


def test_an_overbooked_visit_that_is_kept_says_why_of_both(clinic: Clinic, crowded: Appointment) -> None:
    kept = keep(crowded, clinic.desk)

    assert wanted(kept) is None
    assert (kept.overbooked, kept.override_reason, kept.kept_because) == (True, EMERGENCY, WHY)
    assert [flag.word for flag in override_flags(kept)] == ["Overbooked", "Kept"]
    assert decisions(kept) == [("Overbooked because", EMERGENCY), ("Kept because", WHY)]


def test_with_a_free_practitioner_it_is_overbooked_no_more_and_kept_still(clinic: Clinic, crowded: Appointment) -> None:
    keep(crowded, clinic.desk)

    moved = appointment_reschedule(
        appointment_id=crowded.pk,
        by=clinic.desk,
        starts_at=crowded.starts_at,
        practitioner=clinic.another_practitioner(),
    )

    assert (moved.overbooked, moved.override_reason, moved.kept_because) == (False, "", WHY)
    assert wanted(moved) is None
    assert told(moved) == {
        "Booked": (("over another visit", EMERGENCY),),
        "Kept": (("", WHY),),
        "Moved": (("kept", WHY),),
    }
    undone = appointment_undo(appointment_id=crowded.pk, by=clinic.desk)
    assert (undone.overbooked, undone.override_reason, undone.kept_because) == (True, EMERGENCY, WHY)


def test_an_overbooked_visit_that_is_kept_early_was_not_booked_early(clinic: Clinic, doctor: User) -> None:
    clinic.book("10:00", MONDAY, consultation_for=clinic.another_patient())
    visit = clinic.book("10:15", MONDAY, session=clinic.sessions[0], by=doctor, override_reason=EMERGENCY)
    shift(clinic.sessions[0], 2)

    kept = keep(visit, doctor)

    assert (kept.is_early, kept.overbooked, kept.override_reason) == (True, True, EMERGENCY)
    assert told(kept)["Booked"] == (("over another visit", EMERGENCY),)


def test_a_visit_kept_early_takes_longer_with_another_practitioner_and_is_early_for_the_same_reason(
    clinic: Clinic, soon: Appointment, doctor: User
) -> None:
    keep(soon, doctor)
    longer = clinic.sessions[0].duration_minutes + 30
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=longer)

    moved = appointment_reschedule(
        appointment_id=soon.pk, by=clinic.desk, starts_at=soon.starts_at, practitioner=clinic.another_practitioner()
    )

    assert (moved.ends_at - moved.starts_at, moved.is_early) == (timedelta(minutes=longer), True)
    assert (moved.override_reason, moved.kept_because) == ("", WHY)


@pytest.fixture
def hemmed(clinic: Clinic) -> Appointment:
    """A visit that its window has left behind, on a day that a later session is too near to by now."""
    first, second = clinic.sessions[:2]
    visit = clinic.book("10:00", THURSDAY, session=first)
    clinic.book("10:00", second.target_date, session=second)
    Appointment.objects.filter(session=second).update(**at_once(clinic, MONDAY_AFTER))
    shift(first, -5)
    assert str(wanted(visit)).startswith("Too late now")
    return visit


def at_once(clinic: Clinic, day: date) -> dict[str, Any]:
    """The columns of a visit from ten to eleven on this day."""
    start, end = clinic.at("10:00", day), clinic.at("11:00", day)
    busy = DateTimeTZRange(start, end)
    return {"starts_at": start, "ends_at": end, "practitioner_busy": busy, "room_busy": busy}


def test_too_near_to_the_next_session_takes_the_right_and_is_not_early(
    clinic: Clinic, hemmed: Appointment, doctor: User
) -> None:
    before = Written.now()
    refused(lambda: keep(hemmed, clinic.desk), PermissionDenied)
    assert Written.now() == before

    kept = keep(hemmed, doctor)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (False, "", WHY)
    assert wanted(kept) is None


def test_the_desk_is_offered_what_the_service_lets_it_keep_and_nothing_else(
    clinic: Clinic, hemmed: Appointment, doctor: User, django_assert_num_queries: Any
) -> None:
    third = clinic.sessions[2]
    late = clinic.book("10:00", third.window_end, session=third)
    shift(third, -5)
    rows = list(visits_to_rebook(Appointment.objects.order_by("starts_at")).filter(pk__in=[hemmed.pk, late.pk]))
    desk, senior = Reader(clinic.desk), Reader(doctor)
    assert desk.locations
    assert senior.locations
    with django_assert_num_queries(1):
        read_limits(desk, rows)
        assert [may_keep(desk, row) for row in rows] == [False, True]
    with django_assert_num_queries(0):
        assert [may_keep(senior, row) for row in rows] == [True, True]

    keep(late, clinic.desk)
    refused(lambda: keep(hemmed, clinic.desk), PermissionDenied)


# Moving and undoing
def test_another_practitioner_at_the_same_time_leaves_it_kept_and_another_time_ends_it(
    clinic: Clinic, late: Appointment
) -> None:
    keep(late, clinic.desk)

    same = appointment_reschedule(
        appointment_id=late.pk, by=clinic.desk, starts_at=late.starts_at, practitioner=clinic.another_practitioner()
    )
    assert same.kept_because == WHY
    assert wanted(same) is None
    moved = appointment_reschedule(appointment_id=late.pk, by=clinic.desk, starts_at=clinic.at("11:00", THURSDAY))
    assert moved.kept_because == ""


@pytest.mark.parametrize("is_early", [False, True])
def test_an_undo_brings_the_decision_back_with_the_time(clinic: Clinic, doctor: User, is_early: bool) -> None:
    visit = clinic.book("10:00", THURSDAY, session=clinic.sessions[0])
    shift(clinic.sessions[0], 5 if is_early else -5)
    keep(visit, doctor)

    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="patient")
    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)
    assert (undone.is_early, undone.kept_because) == (is_early, WHY)
    assert wanted(visit) is None

    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("10:00", date(2026, 3, 19)))
    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)
    assert (undone.is_early, undone.kept_because) == (is_early, WHY)
    assert wanted(visit) is None


def test_an_undo_of_a_move_takes_back_what_was_decided_about_the_new_time(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    visit = clinic.book("10:00", MONDAY, session=session)
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("10:00", THURSDAY))
    shift(session, -5)
    keep(visit, clinic.desk)

    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)

    assert (undone.starts_at, undone.kept_because) == (clinic.at("10:00"), "")
