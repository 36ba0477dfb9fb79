"""Reads appointments, and what a session or follow-up says about its booking."""

from datetime import UTC, date, datetime, time, timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.db.models.lookups import Exact

from clinic.places.wallclock import local_date
from patients.models import Consent
from plans.followups.models import FollowUp
from plans.followups.queries import LocalDate
from plans.messages.models import PatientMessage
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import ProcedureSession, SessionComponent, TreatmentPlan

BOOKABLE_OR_RUNNING = (ProcedureSession.Status.PLANNED, ProcedureSession.Status.IN_PROGRESS)


def on_local_date(appointments: QuerySet[Appointment], day: date) -> QuerySet[Appointment]:
    """What starts on `day` as the calendar of each appointment's own location has it."""
    midnight = datetime.combine(day, time.min, UTC)
    return appointments.filter(
        # No zone is further than a day from UTC, and this range can use an index.
        starts_at__gte=midnight - timedelta(days=1),
        starts_at__lt=midnight + timedelta(days=2),
    ).filter(Exact(LocalDate("starts_at", "location__timezone"), day))


def in_full(appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """With everything a list shows: two queries at any length, one of them for the messages."""
    return appointments.select_related(
        "patient", "practitioner__user", "room", "location", "session__plan", "follow_up__plan"
    ).prefetch_related(Prefetch("messages", PatientMessage.objects.order_by("due_at", "id")))


def title(appointment: Appointment) -> str:
    """What the visit is called: “Session 2 of 3 · PRP”. Takes an appointment of `in_full`."""
    if appointment.session is not None:
        return appointment.session.title
    if appointment.follow_up is not None:
        return appointment.follow_up.title
    return appointment.get_kind_display()


def wants_rebooking(appointment: Appointment) -> bool:
    """Whether the visit stands where its plan no longer wants it: on hold, or before a window that has moved.

    Takes an appointment of `in_full`.
    """
    obligation = appointment.session or appointment.follow_up
    if not appointment.is_live or obligation is None:
        return False
    is_on_hold = obligation.plan is not None and obligation.plan.status == TreatmentPlan.Status.ON_HOLD
    return is_on_hold or local_date(appointment.starts_at, appointment.location.zone) < obligation.window_start


def sessions_to_book() -> QuerySet[ProcedureSession]:
    """Sessions with what decides their booking; give one to `Subject.of_session`.

    `modalities`, `consented` (those the patient's consent stands for), `live_appointment` (a key or None), and
    `neighbours`: the plan's other sessions that are booked or running, as JSON.
    """
    of_session = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    neighbours = (
        ProcedureSession.objects.filter(plan=OuterRef("plan"), status__in=BOOKABLE_OR_RUNNING)
        .exclude(pk=OuterRef("pk"))
        .annotate(at=Coalesce(Subquery(of_session.values("starts_at")), "started_at"))
        .filter(at__isnull=False)
        .values(
            document=JSONObject(sequence="sequence", at="at", minimum_interval_days=F("step__minimum_interval_days"))
        )
    )
    consented = Consent.objects.filter(patient=OuterRef("plan__patient"), status=Consent.Status.GIVEN)
    return ProcedureSession.objects.select_related("plan__patient", "plan__location", "step").annotate(
        modalities=ArraySubquery(SessionComponent.objects.filter(session=OuterRef("pk")).values("modality")),
        consented=ArraySubquery(consented.exclude(document__modality="").values("document__modality")),
        live_appointment=Subquery(of_session.values("pk")),
        neighbours=ArraySubquery(neighbours),
    )


def follow_ups_to_book() -> QuerySet[FollowUp]:
    """Follow-ups with what decides their booking: `is_attended`, `live_appointment`. See `Subject.of_follow_up`."""
    appointments = Appointment.objects.filter(follow_up=OuterRef("pk"))
    return FollowUp.objects.select_related("patient", "location", "plan", "consultation").annotate(
        is_attended=Exists(appointments.filter(status=Appointment.Status.FULFILLED)),
        live_appointment=Subquery(appointments.filter(status__in=LIVE_STATUSES).values("pk")),
    )
