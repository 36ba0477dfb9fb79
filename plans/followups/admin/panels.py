"""What follow-ups contribute: a section of Today, a panel of a patient's page, and the entry of the sidebar."""

from django.db.models import QuerySet
from django.urls import reverse

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.console.registry import Block, Job, job, patient_panel, today_section
from patients.models import Patient
from plans.followups.admin.rows import WANTED, rows_of, with_contact
from plans.followups.models import FollowUp
from plans.followups.queries import follow_ups_in_full

SHOWN_TODAY = 8


def wanted(who: Reader) -> QuerySet[FollowUp]:
    """The follow-ups the reader sees that want a booking, the latest first."""
    return visible(follow_ups_in_full(), who.user).filter(state__in=WANTED).order_by("window_end", "id")


def number_wanted(who: Reader) -> int:
    return who.once("follow-ups wanted", lambda: wanted(who).order_by().count())


@today_section(30)
def to_book_today(who: Reader) -> Block | None:
    """What is due and overdue, for who books; a practitioner sees those of their own plans."""
    if not who.may("plans.followup", "view"):
        return None
    rows = list(with_contact(wanted(who))[:SHOWN_TODAY])
    number = number_wanted(who)
    home = reverse("admin:index")
    return Block(
        "Due and overdue",
        "console/panels/follow_ups_to_book.html",
        {"rows": rows_of(who, rows, home), "more": max(number - len(rows), 0), "several": who.several_locations},
        count=number,
        link=("All follow-ups", reverse("admin:plans_followup_changelist")),
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
