"""Reads plans and sessions."""

from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from clinic.people.models import Modality
from clinic.places.wallclock import local_date
from patients.models import Consent
from plans.consultations.models import Consultation
from plans.followups.models import FollowUp
from plans.followups.queries import with_state
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.intervals import Component, Given
from plans.treatment.models import ProcedureSession, SessionComponent, TreatmentPlan


def with_scheduled(sessions: QuerySet[ProcedureSession]) -> QuerySet[Any]:
    """Annotate `is_scheduled`: whether a live appointment exists for the session."""
    live = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    return sessions.annotate(is_scheduled=Exists(live))


def shown_status(session: Any) -> str:
    """The status as people see it: *scheduled* for a planned session with a live appointment.

    Takes a row of `with_scheduled`.
    """
    if session.status == ProcedureSession.Status.PLANNED and session.is_scheduled:
        return "scheduled"
    return str(session.status)


def sessions_in_full() -> QuerySet[Any]:
    """Sessions with plan, components, typed records, spins and warnings: a fixed number of queries."""
    return (
        with_scheduled(ProcedureSession.objects.all())
        .select_related("plan__patient", "plan__location", "plan__protocol", "operator__user")
        .prefetch_related(
            "components__prp__spins",
            "components__stem_cell",
            "components__microneedling",
            "components__exosome",
            "components__warnings",
        )
    )


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


GivenTo = tuple[dict[UUID, Given], list[Given]]


def given_to(plan: TreatmentPlan) -> GivenTo:
    """What the plan's patient was given, in local dates: by session of this plan, and under other plans.

    A performed session gave all its components, an aborted one those that were charted; a needle length and a source
    are as charted. One query.
    """
    charted = Q(prp__isnull=False) | Q(stem_cell__isnull=False) | Q(microneedling__isnull=False)
    rows = (
        SessionComponent.objects.filter(session__plan__patient=plan.patient_id, session__was_anything_given=True)
        .filter(Q(session__performed_at__isnull=False) | charted | Q(exosome__isnull=False))
        .order_by("session_id", "position")
        .values_list(
            "session_id",
            "session__plan_id",
            Coalesce("session__performed_at", "session__aborted_at"),
            "session__plan__location__timezone",
            "modality",
            "microneedling__needle_length_mm",
            "stem_cell__source",
        )
    )
    own: dict[UUID, Given] = {}
    elsewhere: list[Given] = []
    for (session, of_plan, at, zone), group in groupby(rows, key=lambda row: row[:4]):
        components = tuple(Component(modality, needle_mm, source or "") for *_, modality, needle_mm, source in group)
        given = Given(local_date(at, ZoneInfo(zone)), components)
        if of_plan == plan.pk:
            own[session] = given
        else:
            elsewhere.append(given)
    return own, elsewhere


def signed_consultations() -> QuerySet[Consultation]:
    """Consultations that a plan can rest on."""
    return Consultation.objects.exclude(status=Consultation.Status.DRAFT)


def live_appointment_ids(plan: TreatmentPlan) -> list[UUID]:
    """The booked visits of the plan's sessions and follow-ups."""
    of_plan = Q(session__plan=plan) | Q(follow_up__plan=plan)
    return list(Appointment.objects.filter(of_plan, status__in=LIVE_STATUSES).values_list("pk", flat=True))
