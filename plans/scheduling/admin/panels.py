"""What visits contribute: sections of Today, a panel and a column of patients."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse

from clinic.access.roles import Role
from clinic.access.visibility import visible
from clinic.console.reader import Reader, reader
from clinic.console.registry import (
    Block,
    PatientColumn,
    PatientLink,
    Remedy,
    patient_column,
    patient_link,
    patient_panel,
    remedy,
    today_section,
)
from patients.models import Patient
from plans.scheduling.admin.rows import visit_rows, visits_of_days, with_gates
from plans.scheduling.admin.waitlist.rows import rows_of
from plans.scheduling.models import LIVE_STATUSES, OPEN_STATUSES, Appointment, WaitlistEntry
from plans.scheduling.queries import in_full, visits_to_rebook
from plans.scheduling.queries.waitlist import waiting, waitlist_in_full
from plans.scheduling.services.off_hours import OUTSIDE_HOURS

DAY_ACTS = ("confirm", "arrive", "fulfil", "no_show")
PAST_VISITS = 5
SHOWN_TO_MOVE = 8


@today_section(10)
def visits_today(who: Reader) -> Block | None:
    """Everybody's visits for the desk; a practitioner's own for the practitioner."""
    if not who.may("plans.appointment", "view"):
        return None
    appointments = with_gates(visits_of_days(who, who.today, 1))
    appointments = appointments.exclude(status=Appointment.Status.CANCELLED)
    is_own = who.has(Role.PRACTITIONER) and not who.has(Role.FRONT_DESK, Role.MANAGER)
    if is_own:
        appointments = appointments.filter(practitioner__user=who.user)
    rows = visit_rows(who, appointments, DAY_ACTS)
    return Block(
        "My patients today" if is_own else "Visits today",
        "console/panels/visits.html",
        {
            "rows": rows,
            "next": reverse("admin:index"),
            "shows_practitioner": not is_own,
            "shows_location": who.several_locations,
            "why": "Nobody is booked for today.",
            "what": "Visits appear here as soon as they are booked.",
        },
        count=len(rows),
        is_wide=True,
        link=("Calendar", reverse("admin:plans_appointment_changelist")),
    )


@today_section(15)
def visits_to_move(who: Reader) -> Block | None:
    """Booked visits whose plan does not want them where they are any more; for those who could move them."""
    if not who.may("plans.appointment", "reschedule"):
        return None
    wanted = visits_to_rebook(visible(Appointment.objects.all(), who.user)).order_by("starts_at", "id")
    if who.has(Role.PRACTITIONER) and not who.has(Role.FRONT_DESK, Role.MANAGER):
        wanted = wanted.filter(practitioner__user=who.user)
    found = list(wanted[: SHOWN_TO_MOVE + 1])
    if not found:
        return None
    rows = visit_rows(who, found[:SHOWN_TO_MOVE], ("reschedule", "keep", "cancel"))
    return Block(
        "To rebook",
        "console/panels/visits_to_move.html",
        {"rows": rows, "shows_location": who.several_locations},
        count=len(found) if len(found) <= SHOWN_TO_MOVE else wanted.count(),
        is_wide=True,
    )


@patient_panel(10)
def visits_of_patient(who: Reader, patient: Patient) -> Block | None:
    if not who.may("plans.appointment", "view"):
        return None
    own = visible(in_full(Appointment.objects.filter(patient=patient)), who.user).prefetch_related(None)
    coming = list(with_gates(own.filter(status__in=LIVE_STATUSES)).order_by("starts_at"))
    past = list(own.exclude(status__in=LIVE_STATUSES).order_by("-starts_at")[:PAST_VISITS])
    return Block(
        "Visits",
        "console/panels/patient_visits.html",
        {
            "coming": visit_rows(who, coming, ("confirm", "arrive", "reschedule", "cancel")),
            "past": visit_rows(who, past),
            "next": reverse("admin:patients_patient_change", args=[patient.pk]),
        },
        count=len(coming) or None,
        is_wide=True,
    )


@patient_panel(15)
def waits_of_patient(who: Reader, patient: Patient) -> Block | None:
    """What they wait for; nothing for who waits for nothing. One query."""
    if not who.may("plans.waitlistentry", "view"):
        return None
    entries = waitlist_in_full(visible(_waits(patient), who.user)).filter(over__isnull=True)
    rows = rows_of(who, entries.order_by("created_at", "id"), present={})
    if not rows:
        return None
    may_add = who.may_on("add", patient, "plans.waitlistentry")
    return Block(
        "On the waitlist",
        "console/panels/waits_of_patient.html",
        {"rows": rows},
        is_wide=True,
        link=("Wait for something else", _waitlist_url(patient)) if may_add else None,
    )


def _waits(patient: Any) -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.filter(patient=patient, status__in=OPEN_STATUSES)


def _waitlist_url(patient: Any) -> str:
    return f"{reverse('admin:plans_waitlistentry_add')}?patient={patient.pk}"


def with_next_visit(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Annotate `next_visit`: start and zone of the first live visit from now on, as JSON."""
    coming = Appointment.objects.filter(
        patient=OuterRef("pk"), status__in=LIVE_STATUSES, ends_at__gte=reader().now
    ).order_by("starts_at")
    document = JSONObject(at="starts_at", zone=F("location__timezone"))
    return patients.annotate(next_visit=Subquery(coming.values(document=document)[:1]))


def next_visit(patient: Any) -> str:
    found = patient.next_visit
    return reader().moment(datetime.fromisoformat(found["at"]), ZoneInfo(found["zone"])) if found else "–"


patient_column(PatientColumn("Next visit", with_next_visit, next_visit))
remedy(
    OUTSIDE_HOURS,
    Remedy(
        title="See them under Rebook",
        resource="plans.followup",
        url=lambda: f"{reverse('admin:plans_followup_changelist')}?state=rebook",
    ),
)
patient_link(
    PatientLink(
        title="Book a consultation",
        icon="event",
        resource="plans.appointment",
        action="add",
        url=lambda patient: f"{reverse('admin:plans_appointment_add')}?patient={patient.pk}",
    )
)
patient_link(
    PatientLink(
        title="Waitlist",
        icon="hourglass_empty",
        resource="plans.waitlistentry",
        action="add",
        url=_waitlist_url,
        is_offered=lambda patient: not waiting(visible(_waits(patient), reader().user)).exists(),
    )
)
