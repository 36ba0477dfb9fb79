"""One patient's course of care in the making, and the records that its sessions are charted with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clinic import clock
from clinic.people.models import Modality, Practitioner
from patients.models import Patient
from patients.queries import documents_in_force
from patients.services import patient_create
from plans.consultations.models import Consultation, ScreeningItem
from plans.consultations.services import CauseInput, SeverityInput, consultation_create, consultation_sign
from plans.demo.house import House
from plans.demo.replay import Course, at, working_day
from plans.followups.models import FollowUp
from plans.followups.services import check_in_answer
from plans.protocols.models import Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.services import (
    appointment_arrive,
    appointment_book,
    appointment_confirm,
    appointment_fulfil,
    appointment_no_show,
)
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import (
    ComponentInput,
    ConsentInput,
    plan_accept,
    plan_create,
    plan_propose,
    session_perform,
    session_pin,
    session_sign,
    session_start,
)

PRP: Mapping[str, Any] = {
    "blood_drawn_ml": Decimal(30),
    "anticoagulant": "acd_a",
    "spins": [{"rcf_g": 300, "minutes": Decimal(10)}, {"rcf_g": 700, "minutes": Decimal(10)}],
    "yield_ml": Decimal(6),
    "baseline_platelets_10e3_per_ul": Decimal(245),
    "prp_platelets_10e3_per_ul": Decimal(1120),
    "leukocytes": "poor",
    "activation": "none",
    "injected_ml": Decimal(5),
    "area_cm2": Decimal(80),
    "depth_mm": Decimal(4),
    "points": 90,
}
NEEDLING: Mapping[str, Any] = {
    "device": "pen",
    "needle_length_mm": Decimal("1.0"),
    "passes": 6,
    "endpoint": "erythema",
    "order": 1,
}
EXOSOME: Mapping[str, Any] = {
    "source": "allogeneic",
    "particles_per_ml": 10**10,
    "dose_ml": Decimal(3),
    "route": "topical after microneedling",
    "regulatory_basis": "IND DEMO-0417 (fictional)",
    "storage_c": Decimal(-20),
}
MARROW: Mapping[str, Any] = {
    "source": "bone_marrow",
    "method": "marrow_concentrate",
    "harvest_site": "iliac_crest_left",
    "harvested_ml": Decimal(60),
    "viable_cells_10e6": Decimal(120),
    "viability_pct": Decimal(92),
    "passage": 0,
    "injected_ml": Decimal(6),
    "area_cm2": Decimal(120),
    "points": 110,
}
RECORDS: Mapping[str, Mapping[str, Any]] = {
    Modality.PRP: PRP,
    Modality.MICRONEEDLING: NEEDLING,
    Modality.EXOSOME: EXOSOME,
    Modality.STEM_CELL: MARROW,
}


@dataclass
class Case:
    """One patient's course in the making: the shorthand in which the twelve are told."""

    house: House
    today: date
    first_name: str
    last_name: str
    sex: str
    age: int
    hour: str
    """The hour of this patient's visits: no two courses share practitioner and hour."""
    practitioner: Practitioner
    phone: str
    contact: Mapping[str, Any] = field(default_factory=dict)
    patient: Patient = field(init=False)
    consultation: Consultation = field(init=False)
    plan: TreatmentPlan = field(init=False)
    appointment: Appointment = field(init=False)

    def day(self, offset: int) -> date:
        """The working day `offset` days from today: the past does not move into the future, nor the other way."""
        return working_day(self.today + timedelta(days=offset), back=offset < 0)

    def at(self, offset: int, hour: str | None = None) -> datetime:
        return at(self.day(offset), hour or self.hour, self.house.location.zone)

    def registered(self) -> None:
        birthday = date(self.today.year - self.age, 3, 14)
        self.patient, _ = patient_create(
            first_name=self.first_name,
            last_name=self.last_name,
            date_of_birth=birthday,
            sex=self.sex,
            home_location=self.house.location,
            phone=self.phone,
            **{"email": f"{self.first_name}.{self.last_name}@patients.example".lower(), **self.contact},
        )

    def consulted(
        self,
        *,
        causes: Sequence[CauseInput],
        scale: str,
        value: str,
        goals: str,
        candidacy: str = "candidate",
        notes: str = "",
        findings: Mapping[str, bool | Decimal] | None = None,
    ) -> None:
        """Register, consult and sign, all at the present instant."""
        self.registered()
        screening = {item.code: item.unremarkable for item in ScreeningItem.objects.filter(is_active=True)}
        consultation = consultation_create(
            by=self.practitioner.user,
            patient=self.patient,
            practitioner=self.practitioner,
            location=self.house.location,
            occurred_at=clock.now(),
            causes=causes,
            severity=SeverityInput(scale, value),
            goals=goals,
            screening={**screening, **(findings or {})},
            candidacy=candidacy,
            notes=notes,
        )
        self.consultation = consultation_sign(consultation_id=consultation.pk, by=self.practitioner.user)

    def planned(self, protocol: str, start: date) -> None:
        """Plan, propose and accept, all at the present instant."""
        plan = plan_create(
            by=self.practitioner.user,
            consultation=self.consultation,
            protocol=Protocol.objects.get(code=protocol, is_current=True),
            lead_practitioner=self.practitioner,
            start_date=start,
        )
        plan_propose(plan_id=plan.pk)
        modalities = set(plan.sessions.values_list("components__modality", flat=True))
        self.plan = plan_accept(
            plan_id=plan.pk,
            by=self.practitioner.user,
            accepted_on=clock.today(self.house.location.zone),
            consents=[
                ConsentInput(document.modality, document.version_label, self.patient.full_name)
                for document in documents_in_force()
                if document.modality in modalities
            ],
        )

    def session(self, number: int) -> ProcedureSession:
        """Session `number` of the plan: the one that is still owed, or was performed."""
        return ProcedureSession.objects.get(
            plan=self.plan, sequence=number, aborted_at__isnull=True, cancelled_at__isnull=True
        )

    def pinned(self, number: int, day: date, reason: str) -> None:
        session_pin(session_id=self.session(number).pk, by=self.practitioner.user, pinned_on=day, reason=reason)

    def answered(self, number: int, day: int, note: str) -> None:
        """The check-in of this day after session `number` is answered."""
        check_in = self.session(number).check_ins.get(step__offset_days=day)
        check_in_answer(check_in_id=check_in.pk, by=self.practitioner.user, note=note)

    def follow_up(self, title: str) -> FollowUp:
        return FollowUp.objects.get(patient=self.patient, title__startswith=title, cancelled_at__isnull=True)

    def booked(self, starts_at: datetime, **purpose: Any) -> None:
        """Book a visit: `session=`, `follow_up=` or `consultation_for=`."""
        self.appointment = appointment_book(
            by=self.house.desk,
            location=self.house.location,
            practitioner=self.practitioner,
            starts_at=starts_at,
            **purpose,
        )

    def confirmed(self) -> None:
        appointment_confirm(appointment_id=self.appointment.pk, by=self.house.desk)

    def started(self, number: int) -> None:
        session_start(session_id=self.session(number).pk, by=self.practitioner.user)

    def performed(self, number: int, *, pain: int = 2, deviations: str = "") -> None:
        """Chart session `number`, which is in progress, as done at the present instant, and sign it."""
        session = self.session(number)
        by = self.practitioner.user
        session_perform(
            session_id=session.pk,
            by=by,
            performed_at=clock.now(),
            components=[
                ComponentInput(modality, RECORDS[modality])
                for modality in session.components.values_list("modality", flat=True)
            ],
            zones=["frontal", "midscalp", "vertex"],
            pain_0_10=pain,
            deviations=deviations,
            operator=self.practitioner,
        )
        session_sign(session_id=session.pk, by=by)

    def attended(self) -> None:
        """The booked follow-up took place at the present instant."""
        appointment_arrive(appointment_id=self.appointment.pk, by=self.house.desk)
        appointment_fulfil(appointment_id=self.appointment.pk, by=self.house.desk)

    def booked_and_performed(self, number: int, offset: int, *, ahead: int = 10, **charting: Any) -> Course:
        """Book session `number` some days ahead, then perform it on its day."""
        yield from self._performed_at(number, self.at(offset - ahead, "16:30"), self.at(offset), **charting)

    def booked_and_performed_on(self, number: int, day: date) -> Course:
        """Book session `number` nine days ahead, then perform it on exactly this day."""
        zone = self.house.location.zone
        yield from self._performed_at(number, at(day - timedelta(days=9), "12:00", zone), at(day, self.hour, zone))

    def _performed_at(self, number: int, booked_at: datetime, when: datetime, **charting: Any) -> Course:
        yield booked_at, lambda: self.booked(when, session=self.session(number))
        yield when + timedelta(minutes=4), lambda: self.started(number)
        yield when + timedelta(minutes=43), lambda: self.performed(number, **charting)

    def booked_and_attended(self, title: str, offset: int, *, ahead: int = 12) -> Course:
        """Book the follow-up called `title` some days ahead, then attend it on its day."""
        when = self.at(offset)
        yield self.at(offset - ahead, "16:40"), lambda: self.booked(when, follow_up=self.follow_up(title))
        yield when + timedelta(minutes=25), self.attended

    def booked_and_missed(self, title: str, offset: int) -> Course:
        """Book the follow-up called `title`; the patient does not come."""
        when = self.at(offset)
        yield self.at(offset - 7, "16:50"), lambda: self.booked(when, follow_up=self.follow_up(title))
        yield (
            when + timedelta(minutes=30),
            lambda: appointment_no_show(appointment_id=self.appointment.pk, by=self.house.desk),
        )
