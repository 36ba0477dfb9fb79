"""Whom the desk puts through: patients whose red flags wait, for who may read their record and not their answers.

The patient's page tells them to call the clinic. Who answers that call learns that it must not wait, and to whom it
goes; what was reported is for clinical roles, and is not read from the database here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.console.registry import Block, patient_notice, today_section
from clinic.people.models import Practitioner
from patients.models import Patient
from plans.followups.models import CheckInReport

RESOURCE = "plans.checkinreport"


@dataclass(frozen=True, slots=True)
class PutThrough:
    """A patient to put through, to whom, and since when."""

    patient: Patient
    practitioner: Practitioner
    reported_at: datetime
    zone: ZoneInfo


def put_through(who: Reader, waiting: QuerySet[Any]) -> list[PutThrough]:
    """One for each patient of those answers whose red flags wait, the longest first; none for clinical people, who have
    the answers themselves. One query."""
    user = who.user
    reads_at = set(user.locations_where(RESOURCE, "view"))
    if user.is_superuser or set(user.locations_where("patients.patient", "view")) <= reads_at:
        return []
    rows = (
        waiting.filter(acknowledge_by__isnull=False, acknowledged_at=None)
        .filter(check_in__session__plan__patient__in=visible(Patient.objects.all(), user).order_by().values("pk"))
        .exclude(check_in__session__plan__location__in=reads_at)
        .select_related(
            "check_in__session__plan__patient",
            "check_in__session__plan__location",
            "check_in__session__plan__lead_practitioner__user",
        )
        .defer("answers", "red_flags", "acknowledgement", "check_in__answer_note")
        .order_by("acknowledge_by", "pk")
    )
    found: dict[Any, PutThrough] = {}
    for report in rows:
        plan = report.check_in.session.plan
        found.setdefault(
            plan.patient_id,
            PutThrough(plan.patient, plan.lead_practitioner, report.flagged_at, plan.location.zone),
        )
    return list(found.values())


@today_section(0)
def put_through_today(who: Reader) -> Block | None:
    """Above everything. What a manager has to chase by now stands in a block of its own, with who was told."""
    waiting = CheckInReport.objects.all()
    if who.may(RESOURCE, "chase"):
        chased = visible(CheckInReport.objects.filter(acknowledge_by__lte=who.now), who.user, "chase")
        waiting = waiting.exclude(pk__in=chased.order_by().values("pk"))
    found = put_through(who, waiting)
    if not found:
        return None
    return Block(
        "Put through to a clinician at once",
        "console/panels/put_through.html",
        {"found": found},
        count=len(found),
        is_wide=True,
    )


@patient_notice(0)
def put_through_of_patient(who: Reader, patient: Patient) -> Block | None:
    """At the head of the patient's page."""
    found = put_through(who, CheckInReport.objects.filter(check_in__session__plan__patient=patient))
    return Block("", "console/parts/put_through.html", {"found": found}) if found else None
