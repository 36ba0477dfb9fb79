"""Reads plans and sessions."""

from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from clinic.people.models import Modality
from patients.models import Consent
from plans.consultations.models import Consultation
from plans.followups.models import FollowUp
from plans.followups.queries import with_state
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.queries.sessions import with_scheduled


def plans_in_full() -> QuerySet[TreatmentPlan]:
    """Plans with sessions (in order, with components) and follow-ups (with state): a fixed number of queries."""
    sessions = with_scheduled(ProcedureSession.objects.order_by("sequence", "id")).prefetch_related("components")
    follow_ups = with_state(FollowUp.objects.order_by("target_date", "id"))
    return TreatmentPlan.objects.select_related(
        "patient", "protocol", "lead_practitioner__user", "location"
    ).prefetch_related(Prefetch("sessions", sessions), Prefetch("follow_ups", follow_ups))


def consented_modalities(plan: TreatmentPlan) -> set[Modality]:
    """The modalities for which the patient's consent stands: given at acceptance, or since then for what a revision
    added."""
    found = Consent.objects.filter(patient=plan.patient_id, status=Consent.Status.GIVEN).exclude(document__modality="")
    return {Modality(modality) for modality in found.values_list("document__modality", flat=True)}


def signed_consultations() -> QuerySet[Consultation]:
    """Consultations that a plan can rest on."""
    return Consultation.objects.exclude(status=Consultation.Status.DRAFT)


def live_appointment_ids(plan: TreatmentPlan) -> list[UUID]:
    """The booked visits of the plan's sessions and follow-ups."""
    of_plan = Q(session__plan=plan) | Q(follow_up__plan=plan)
    return list(Appointment.objects.filter(of_plan, status__in=LIVE_STATUSES).values_list("pk", flat=True))
