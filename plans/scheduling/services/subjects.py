"""Locks what a visit is for, in the one order, and reads under the locks what decides its booking."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from clinic.locking import lock
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.scheduling.availability import Frame, frame_document, frame_from
from plans.scheduling.models import Appointment
from plans.scheduling.queries import follow_ups_to_book, sessions_to_book
from plans.scheduling.subjects import Subject
from plans.treatment.models import ProcedureSession, TreatmentPlan


@dataclass(frozen=True, slots=True)
class Known:
    """What is read of an appointment before anything is locked. All but practitioner and room never changes."""

    frame: Frame
    patient_id: UUID
    session_id: UUID | None
    follow_up_id: UUID | None
    plan_id: UUID | None
    practitioner_id: UUID
    room_id: UUID | None

    def lock_subject(self) -> Subject:
        """Lock plan and obligation."""
        if self.session_id is None and self.follow_up_id is None:
            return Subject.of_consultation(Patient.objects.get(pk=self.patient_id))
        return _lock_obligation(self.plan_id, self.session_id, self.follow_up_id)


def read(appointment_id: UUID) -> Known:
    row = Appointment.objects.values_list(
        "patient_id",
        "session_id",
        "follow_up_id",
        Coalesce("session__plan_id", "follow_up__plan_id"),
        "practitioner_id",
        "room_id",
        frame_document("plans_appointment.location_id"),
    ).get(pk=appointment_id)
    return Known(frame_from(row[-1]), *row[:-1])


def lock_subject(*, session: ProcedureSession | None, follow_up: FollowUp | None, patient: Patient | None) -> Subject:
    """Lock plan and obligation, in this order, and read what decides the booking."""
    if session is not None:
        return _lock_obligation(session.plan_id, session.pk, None)
    if follow_up is not None:
        return _lock_obligation(follow_up.plan_id, None, follow_up.pk)
    if patient is None:
        raise ValueError("a visit is for a session, a follow-up or a patient")
    return Subject.of_consultation(patient)


def _lock_obligation(plan_id: UUID | None, session_id: UUID | None, follow_up_id: UUID | None) -> Subject:
    if session_id is not None:
        lock_plans_of(TreatmentPlan.objects.filter(sessions=session_id).values("patient"))
        return Subject.of_session(lock(sessions_to_book(), session_id))
    if plan_id is not None:
        lock(TreatmentPlan.objects.all(), plan_id)
    else:
        lock(FollowUp.objects.all(), follow_up_id)  # first the bare row: what is derived is read once it is ours
    return Subject.of_follow_up(lock(follow_ups_to_book(), follow_up_id))


def lock_plans_of(patient: QuerySet[Any]) -> None:
    """Lock every plan of this patient (a query of one key), in the order of the plans' keys: one query.

    Sessions of different plans keep their distance too, so what is booked of the others must stand still meanwhile.
    """
    plans = TreatmentPlan.objects.filter(patient=Subquery(patient)).order_by("pk")
    locked = plans.select_for_update(of=("self",), no_key=True).values_list("pk")
    # None where the patient was merged into another while we waited: then they are somebody else's by now.
    if not list(locked):
        list(locked.all())
