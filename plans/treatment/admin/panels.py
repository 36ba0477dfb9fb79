"""What plans and sessions contribute: sections of Today, a panel and a column of patients."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from clinic.access.roles import Role
from clinic.access.visibility import visible
from clinic.console.badges import Badge
from clinic.console.reader import Reader
from clinic.console.registry import Block, PatientColumn, patient_column, patient_panel, today_section
from patients.models import Patient
from plans.treatment.admin.course import course_page
from plans.treatment.looks import PLAN_STATES, plan_badge, session_badge
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.queries import with_course

SHOWN_TODAY = 6


@today_section(25)
def unsigned_sessions(who: Reader) -> Block | None:
    """Performed and aborted sessions, for who signs."""
    if not who.may("plans.proceduresession", "sign"):
        return None
    rows = visible(ProcedureSession.objects.filter(status__in=ProcedureSession.MAY_SIGN), who.user, "sign")
    if who.has(Role.PRACTITIONER):
        rows = rows.filter(operator__user=who.user) | rows.filter(operator=None, plan__lead_practitioner__user=who.user)
    found = list(rows.select_related("plan__patient", "plan__location").order_by("started_at")[: SHOWN_TODAY + 1])
    if not found:
        return None
    shown = [(row, session_badge(row, who.today, is_booked=False)) for row in found[:SHOWN_TODAY]]
    return Block(
        "Sessions to sign",
        "console/panels/sessions.html",
        {"rows": shown},
        count=len(found) if len(found) <= SHOWN_TODAY else None,
        link=("All", f"{reverse('admin:plans_proceduresession_changelist')}?work=sign"),
    )


@patient_panel(20)
def plans_of_patient(who: Reader, patient: Patient) -> Block | None:
    if not who.may("plans.treatmentplan", "view"):
        return None
    plans = list(
        with_course(visible(TreatmentPlan.objects.filter(patient=patient), who.user)).select_related(
            "protocol", "lead_practitioner__user", "patient"
        )
    )
    back = reverse("admin:patients_patient_change", args=[patient.pk])
    shown = [{"plan": plan, "badge": plan_badge(plan), "course": course_page(who, plan, back)} for plan in plans]
    return Block("Plans", "console/panels/plans_of_patient.html", {"plans": shown}, len(shown) or None, is_wide=True)


def with_plan_status(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Annotate `plan_status`: of the newest plan."""
    newest = TreatmentPlan.objects.filter(patient=OuterRef("pk")).order_by("-id")
    return patients.annotate(plan_status=Subquery(newest.values("status")[:1]))


def plan_status(patient: Any) -> Badge | str:
    return PLAN_STATES[TreatmentPlan.Status(patient.plan_status)] if patient.plan_status else "–"


patient_column(PatientColumn("Plan", with_plan_status, plan_status))
