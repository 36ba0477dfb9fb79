"""What follow-ups contribute: a section of Today, a panel of a patient's page, and the entry of the sidebar."""

from django.urls import reverse

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.console.registry import Block, Job, job, patient_panel, today_section
from patients.models import Patient
from plans.followups.admin.rows import rows_of, with_contact
from plans.followups.admin.worklist import Tab, Worklist, all_counts, number_wanted, owed_line
from plans.followups.models import FollowUp
from plans.followups.queries import OwedVisit, by_urgency, follow_ups_in_full

SHOWN_TODAY = 8


@today_section(30)
def to_book_today(who: Reader) -> Block | None:
    """What is owed and not booked, as the worklist has it: follow-ups and sessions, overdue before due."""
    if not who.may("plans.followup", "view"):
        return None
    counts = all_counts(who)
    number = counts[Tab.OVERDUE] + counts[Tab.DUE]
    found = [OwedVisit(**row) for row in by_urgency(*Worklist(who).owed())[:SHOWN_TODAY]]
    return Block(
        "To book",
        "console/panels/follow_ups_to_book.html",
        {"lines": [owed_line(who, row) for row in found], "more": max(number - len(found), 0)},
        count=number,
        link=("Follow-ups", reverse("admin:plans_followup_changelist")),
    )


@patient_panel(30)
def follow_ups_of_patient(who: Reader, patient: Patient) -> Block | None:
    if not who.may("plans.followup", "view"):
        return None
    own = with_contact(visible(follow_ups_in_full().filter(patient=patient), who.user)).order_by("target_date", "id")
    back = reverse("admin:patients_patient_change", args=[patient.pk])
    rows = rows_of(who, [row for row in own if row.state != FollowUp.State.CANCELLED], back)
    return Block("Follow-ups", "console/panels/follow_ups_of_patient.html", {"rows": rows}, len(rows) or None)


job(
    Job(
        title="Follow-ups",
        url_name="admin:plans_followup_changelist",
        icon="event_upcoming",
        resource="plans.followup",
        position=20,
        badge=number_wanted,
    )
)
