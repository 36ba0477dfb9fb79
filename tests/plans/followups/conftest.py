"""One clinic in New York on Monday 2 March 2026, 10:00."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clinic.access.roles import Role
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from patients.models import Patient
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import state_of
from plans.followups.services import follow_up_attend
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.models import TreatmentPlan
from tests import factories
from tests.console import sign_in


@dataclass
class Clinic:
    """A practitioner, a desk, and a patient with an accepted plan that starts today."""

    location: Location
    practitioner: Practitioner
    desk: User
    patient: Patient
    plan: TreatmentPlan

    @property
    def follow_up(self) -> FollowUp:
        """The first review: its window is 19 May to 16 June."""
        return self.plan.follow_ups.order_by("target_date")[0]

    @property
    def state(self) -> str:
        return state_of(self.follow_up).value

    def book(self, day: date, hour: str = "10:00", **subject: Any) -> Appointment:
        """Book the follow-up unless told what else."""
        return appointment_book(
            by=self.desk,
            location=self.location,
            practitioner=self.practitioner,
            starts_at=factories.local(self.location, day, hour),
            **(subject or {"follow_up": self.follow_up}),
        )

    def performed(self) -> list[CheckIn]:
        """Perform the first session now; returns its check-ins in order."""
        session = factories.perform(self.plan.sessions.get(sequence=1), self.practitioner)
        return list(session.check_ins.order_by("target_date"))

    def attend(self, follow_up: FollowUp) -> None:
        """The patient is here for it now, after the first session, and before its window perhaps."""
        if self.plan.sessions.get(sequence=1).performed_at is None:
            self.performed()
        follow_up_attend(follow_up_id=follow_up.pk, by=self.desk, reason="Moves abroad.")

    def pending(self) -> list[PatientMessage]:
        """The mails that may still go to the patient."""
        return list(PatientMessage.objects.filter(patient=self.patient, status="pending"))


@pytest.fixture
def clinic(db, frozen):
    location = factories.make_location("Linden House")
    practitioner = factories.make_practitioner(location, first_name="Robin", last_name="Rowan")
    patient = factories.make_patient(location, first_name="Mock", last_name="Dogwood")
    plan = factories.make_plan(patient, practitioner, start_date=date(2026, 3, 2))
    return Clinic(location, practitioner, factories.make_user((location, Role.FRONT_DESK)), patient, plan)


@pytest.fixture
def later(clinic, frozen):
    """A sign-in of the desk on Wednesday 20 May, while the first review is due and the second session weeks late."""
    frozen.move_to("2026-05-20T14:00:00Z")
    return sign_in(clinic.desk)


@pytest.fixture
def ana(clinic, later):
    """Somebody else of the desk."""
    return sign_in(factories.make_user((clinic.location, Role.FRONT_DESK), first_name="Ana", last_name="Ortiz"))


def add_visit(clinic: Clinic, status: str, starts_at: datetime, **subject: Any) -> Appointment:
    """A visit that was, as the database keeps it, whatever a service would say; a consultation unless told what."""
    stamps: dict[str, dict[str, Any]] = {
        "booked": {},
        "fulfilled": {"arrived_at": starts_at, "fulfilled_at": starts_at},
        "no_show": {"no_show_at": starts_at + timedelta(hours=1)},
        "cancelled": {"cancelled_at": starts_at, "cancel_reason": "patient"},
    }
    ends_at = starts_at + timedelta(minutes=30)
    kind = "follow_up" if "follow_up" in subject else "session" if "session" in subject else "consultation"
    return Appointment.objects.create(
        patient=clinic.patient,
        practitioner=clinic.practitioner,
        location=clinic.location,
        room=clinic.location.rooms.earliest("pk"),
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        practitioner_busy=(starts_at, ends_at),
        room_busy=(starts_at, ends_at),
        status=status,
        **stamps[status],
        **subject,
    )


def utc(text: str) -> datetime:
    """The instant `text`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
