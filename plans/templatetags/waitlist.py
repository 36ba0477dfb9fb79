"""“Wants earlier”, on the pages of what somebody can wait for."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from clinic.console.reader import reader
from plans.followups.models import FollowUp
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries.waitlist import waiting
from plans.treatment.models import ProcedureSession, TreatmentPlan

register = template.Library()


@register.inclusion_tag("console/parts/wants_earlier.html")
def wants_earlier(row: Appointment | ProcedureSession | FollowUp) -> dict[str, Any]:
    """The way onto the waitlist for a visit, a session or a follow-up, or to the entry where they wait for it already.

    Nothing for who may not, and where it cannot be booked. One query.
    """
    who = reader()
    about = _about(row)
    if not about or not who.may_on("add", row, "plans.waitlistentry"):
        return {}
    found = waiting(WaitlistEntry.objects.filter(**_filter(row))).first()
    if found is not None:
        return {"entry_url": reverse("admin:plans_waitlistentry_change", args=[found.pk])}
    return {"add_url": _add_url(about)}


@register.inclusion_tag("console/parts/wait_for.html")
def wait_for(row: ProcedureSession | FollowUp) -> dict[str, Any]:
    """The way onto the waitlist from a row of a list; who waits already is led to their entry. No query."""
    may_wait = reader().may("plans.waitlistentry", "add")
    add_url = _add_url(about) if may_wait and (about := _about(row)) else ""
    return {"add_url": add_url, "title": row.title}


def _add_url(about: dict[str, Any]) -> str:
    return f"{reverse('admin:plans_waitlistentry_add')}?{urlencode(about)}"


def _about(row: Appointment | ProcedureSession | FollowUp) -> dict[str, Any]:
    """How the address of a new entry names what is waited for; empty where nobody can wait for it."""
    if isinstance(row, Appointment):
        if row.status not in Appointment.MAY_RESCHEDULE:
            return {}
        obligation = row.session or row.follow_up
        return (
            _about(obligation) if obligation is not None else {"patient": row.patient_id, "location": row.location_id}
        )
    plan = row.plan
    if plan is not None and plan.status not in TreatmentPlan.MAY_BOOK:
        return {}
    if isinstance(row, ProcedureSession):
        is_here = getattr(row, "is_here", False)
        return {"session": row.pk} if row.status in ProcedureSession.MAY_BOOK and not is_here else {}
    return {"follow_up": row.pk} if getattr(row, "state", None) in FollowUp.OPEN | {None} else {}


def _filter(row: Appointment | ProcedureSession | FollowUp) -> dict[str, Any]:
    if isinstance(row, ProcedureSession):
        return {"session": row.pk}
    if isinstance(row, FollowUp):
        return {"follow_up": row.pk}
    if row.session_id or row.follow_up_id:
        return {"session": row.session_id} if row.session_id else {"follow_up": row.follow_up_id}
    return {"patient": row.patient_id, "location": row.location_id, "kind": row.kind}
