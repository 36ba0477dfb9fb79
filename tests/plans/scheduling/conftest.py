"""One clinic in New York on Monday 2 March 2026, 10:00: a practitioner, a patient with an accepted plan, a desk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine

from clinic.access.roles import Role
from clinic.errors import Refusal
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.followups.services import follow_up_attend
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.services import appointment_book
from plans.treatment.models import ProcedureSession, TreatmentPlan
from tests import factories


@dataclass
class Clinic:
    location: Location
    practitioner: Practitioner
    desk: User
    patient: Patient
    plan: TreatmentPlan
    rooms: list[Room] = field(default_factory=list)

    @property
    def sessions(self) -> list[ProcedureSession]:
        return list(self.plan.sessions.order_by("sequence"))

    @property
    def follow_ups(self) -> list[FollowUp]:
        return list(self.plan.follow_ups.order_by("target_date"))

    def at(self, clock: str, day: date = date(2026, 3, 9)) -> datetime:
        """The instant of this local time; the default day is a Monday in the first session's window."""
        return datetime.combine(day, time.fromisoformat(clock), self.location.zone).astimezone(UTC)

    def book(self, clock: str = "10:00", day: date = date(2026, 3, 9), **fields: Any) -> Appointment:
        """Book a consultation of the patient unless told what else."""
        if not {"session", "follow_up", "consultation_for"} & fields.keys():
            fields["consultation_for"] = self.patient
        return appointment_book(
            **{
                "by": self.desk,
                "location": self.location,
                "practitioner": self.practitioner,
                "starts_at": self.at(clock, day),
                **fields,
            }
        )

    def attend(self, follow_up: FollowUp) -> None:
        """The patient is here for it now, after the first session of the plan."""
        first = self.sessions[0]
        if first.performed_at is None:
            factories.perform(first, self.practitioner)
        follow_up_attend(follow_up_id=follow_up.pk, by=self.practitioner.user, reason="Flies home")

    def another_patient(self) -> Patient:
        return factories.make_patient(self.location)

    def another_practitioner(self, **fields: Any) -> Practitioner:
        return factories.make_practitioner(self.location, **fields)


@dataclass(frozen=True)
class Written:
    """What booking writes, to compare before and after a refusal."""

    appointments: list[Any]
    revisions: int
    messages: list[Any]

    @classmethod
    def now(cls) -> "Written":
        return cls(
            list(Appointment.objects.order_by("pk").values()),
            AppointmentRevision.objects.count(),
            list(PatientMessage.objects.order_by("pk").values("pk", "status", "due_at")),
        )


@pytest.fixture
def clinic(db: None, frozen: time_machine.Traveller) -> Clinic:
    location = factories.make_location()
    practitioner = factories.make_practitioner(location)
    patient = factories.make_patient(location)
    return Clinic(
        location,
        practitioner,
        factories.make_user((location, Role.FRONT_DESK)),
        patient,
        factories.make_plan(patient, practitioner, start_date=date(2026, 3, 9)),
        list(location.rooms.all()),
    )


def refused(act: Callable[[], object], kind: type[Exception] = Refusal) -> Any:
    """The refusal that `act` raises, after checking that it left everything as it was."""
    before = Written.now()
    with pytest.raises(kind) as refusal:
        act()
    assert Written.now() == before
    return refusal.value
