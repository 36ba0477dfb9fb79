"""Keeping a visit that wants rebooking: a person decides, with a reason, and it leaves the list until it moves on."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from clinic.errors import Conflict, Invalid, InvalidTransition
from clinic.people.models import Qualification, User
from clinic.places.models import Room
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.scheduling.services import (
    appointment_arrive,
    appointment_cancel,
    appointment_confirm,
    appointment_reschedule,
)
from plans.treatment.models import ProcedureSession
from plans.treatment.services import plan_hold, plan_resume
from tests import factories
from tests.plans.scheduling.conftest import Clinic, Written, refused
from tests.plans.scheduling.keeping.deciding import MONDAY, WHY, keep, wanted
from tests.plans.scheduling.test_rebooking import shift


def test_a_visit_that_is_too_late_stays_until_its_window_moves_again(clinic: Clinic, late: Appointment) -> None:
    before = list(PatientMessage.objects.order_by("pk").values())

    kept = keep(late, clinic.desk, f" {WHY} ")

    assert wanted(late) is None
    assert (kept.is_kept, kept.kept_because, kept.override_reason, kept.is_early) == (True, WHY, "", False)
    assert (kept.starts_at, kept.status, kept.revision) == (late.starts_at, "booked", 1)
    assert list(PatientMessage.objects.order_by("pk").values()) == before
    shift(clinic.sessions[0], 1)
    assert wanted(late) is None
    shift(clinic.sessions[0], -2)
    assert str(wanted(late)).startswith("Too late now")


def test_a_visit_that_takes_longer_now_stays_as_short_as_it_is(clinic: Clinic) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0])
    longer = clinic.sessions[0].duration_minutes + 30
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=longer)
    assert wanted(visit)

    kept = keep(visit, clinic.desk)

    assert wanted(visit) is None
    moved = appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("14:00"))
    assert moved.ends_at - moved.starts_at == kept.ends_at - kept.starts_at
    assert not moved.is_kept
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=longer + 30)
    assert wanted(visit)


def test_after_a_hold_a_visit_that_its_window_has_left_is_kept(clinic: Clinic) -> None:
    factories.perform(clinic.sessions[0], clinic.practitioner)
    second = clinic.sessions[1]
    visit = clinic.book("10:00", second.target_date + timedelta(days=3), session=second)
    plan_hold(plan_id=clinic.plan.pk, reason="Travelling")
    assert refused(lambda: keep(visit, clinic.desk), Conflict).code == "cannot_be_kept"
    plan_resume(plan_id=clinic.plan.pk)
    shift(second, -10)

    keep(visit, clinic.desk)

    assert wanted(visit) is None


def test_too_early_needs_the_right_to_book_early_and_is_marked_so(
    clinic: Clinic, soon: Appointment, doctor: User
) -> None:
    before = Written.now()
    for nobody in (clinic.desk, None):
        refusal = refused(lambda nobody=nobody: keep(soon, nobody), PermissionDenied)  # type: ignore[misc]
        assert "Move it, or ask a practitioner to decide." in str(refusal)
    assert Written.now() == before

    kept = keep(soon, doctor)

    assert (kept.is_early, kept.override_reason, kept.kept_because) == (True, "", WHY)
    assert wanted(soon) is None
    shift(clinic.sessions[0], 1)
    assert str(wanted(soon)).startswith("Too early now")
    refused(lambda: keep(soon, clinic.desk, "Still"), PermissionDenied)
    assert keep(soon, doctor, "Still").kept_because == "Still"


def test_who_decides_about_an_early_visits_length_leaves_that_decision_as_it_stands(
    clinic: Clinic, soon: Appointment, doctor: User
) -> None:
    keep(soon, doctor)
    ProcedureSession.objects.filter(pk=clinic.sessions[0].pk).update(duration_minutes=240)
    assert wanted(soon)

    kept = keep(soon, clinic.desk, "Short is enough")

    assert wanted(soon) is None
    assert (kept.is_early, kept.kept_because) == (True, WHY)


@pytest.mark.parametrize("reason", ["", "  ", "\u200b"])
def test_a_decision_has_a_reason(clinic: Clinic, late: Appointment, reason: str) -> None:
    refusal = refused(lambda: keep(late, clinic.desk, reason), Invalid)

    assert (refusal.code, refusal.attr) == ("required", "reason")
    assert wanted(late)


def test_what_cannot_stay_is_refused_with_what_to_do_instead(clinic: Clinic, late: Appointment) -> None:
    def because() -> str:
        refusal = refused(lambda: keep(late, clinic.desk), Conflict)
        assert refusal.code == "cannot_be_kept"
        return refusal.detail

    held = Qualification.objects.filter(practitioner=clinic.practitioner, modality="prp")
    before = Written.now()
    held.update(valid_until=MONDAY)
    assert because() == (
        f"{clinic.practitioner} is not qualified for PRP on that day. "
        "Move the visit to somebody who is, or to another day."
    )
    held.update(valid_until=None)
    Room.objects.filter(appointments=late).update(modalities=["exosome"])
    assert because() == "Room 1 is not fit for PRP. Move the visit to a room that is."
    Room.objects.filter(appointments=late).update(modalities=["prp"])
    type(clinic.plan).objects.filter(pk=clinic.plan.pk).update(
        status="on_hold", activated_at=late.created_at, held_at=late.created_at
    )
    assert because() == "The plan is on hold. Let it go on first, or cancel the visit."
    assert Written.now() == before


def test_where_nothing_is_to_decide_nothing_is_decided(clinic: Clinic, late: Appointment) -> None:
    fine = [
        clinic.book("14:00", session=clinic.sessions[2], day=clinic.sessions[2].window_start),
        clinic.book("15:00", consultation_for=clinic.another_patient()),
        keep(late, clinic.desk),
    ]

    for visit in fine:
        assert refused(lambda visit=visit: keep(visit, clinic.desk), Conflict).code == "nothing_to_keep"  # type: ignore[misc]


def test_only_a_visit_that_is_still_to_come_is_kept(clinic: Clinic, late: Appointment) -> None:
    appointment_arrive(appointment_id=late.pk, by=None)
    refused(lambda: keep(late, clinic.desk), InvalidTransition)
    appointment_cancel(appointment_id=late.pk, by=None, reason="patient")
    refused(lambda: keep(late, clinic.desk), InvalidTransition)


def test_a_confirmed_visit_stays_confirmed(clinic: Clinic, late: Appointment) -> None:
    appointment_confirm(appointment_id=late.pk, by=None)

    assert keep(late, clinic.desk).status == "confirmed"
