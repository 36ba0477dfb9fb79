"""What messages contribute: sections of Today, a panel of a patient's page, and the entries of the sidebar."""

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse

from clinic.access.roles import Role
from clinic.access.visibility import visible
from clinic.console.acts import buttons
from clinic.console.reader import Reader
from clinic.console.registry import Block, Job, job, patient_panel, today_section
from clinic.words import since
from patients.models import Patient
from plans.messages.admin.calls import calls, number_of_calls
from plans.messages.admin.tabs import number_to_look_at
from plans.messages.looks import message_badge, message_title
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.queries import stuck_since, with_visit_time

SHOWN_TODAY = SHOWN_OF_PATIENT = CALLS_SHOWN = 6


def in_need(who: Reader) -> QuerySet[PatientMessage]:
    """The messages the reader sees that need a person. About red flags none does: the red flags themselves do."""
    waiting = PatientMessage.objects.filter(status__in=PatientMessage.MAY_HANDLE).exclude(kind=MessageKind.ESCALATION)
    return visible(waiting, who.user)


def number_in_need(who: Reader) -> int:
    return who.once("messages in need", lambda: in_need(who).count())


@today_section(2)
def stuck_mail_today(who: Reader) -> Block | None:
    """That mail does not leave, for who can do something about it or has to explain it."""
    if not who.has(Role.MANAGER, Role.FRONT_DESK):
        return None
    places = {location.pk: location for location in who.locations}
    stuck = [(places[key], at) for key, at in stuck_since(who.now).items() if key in places]
    if not stuck:
        return None
    rows = [(place.name, since(at, who.now)) for place, at in stuck]
    return Block("Mail is stuck", "console/panels/stuck_mail.html", {"rows": rows}, is_wide=True)


@today_section(39)
def calls_today(who: Reader) -> Block | None:
    """Patients to call because mail does not reach them."""
    if not who.may("plans.patientmessage", "handled"):
        return None
    number = number_of_calls(who)
    if not number:
        return None
    return Block(
        "Call instead",
        "console/panels/calls_instead.html",
        {"calls": calls(who, reverse("admin:index"), CALLS_SHOWN), "more": max(0, number - CALLS_SHOWN)},
        count=number,
        is_wide=True,
        link=("All", reverse("admin:plans_patientmessage_calls")),
    )


@today_section(40)
def messages_today(who: Reader) -> Block | None:
    """Mail that did not leave, or of which nobody knows; for who can do something about it."""
    if not who.may("plans.patientmessage", "retry"):
        return None
    number = number_in_need(who)
    found = in_need(who).select_related("patient", "staff", "location").order_by("-due_at")
    model_admin = admin.site._registry[PatientMessage]
    rows = [
        (
            message,
            message_title(message),
            message_badge(message),
            buttons(model_admin, who.user, message, ("retry", "handled")),
        )
        for message in (found[:SHOWN_TODAY] if number else ())
    ]
    return Block(
        "Messages that need a person",
        "console/panels/messages_today.html",
        {"rows": rows, "more": number - len(rows)},
        count=number,
        is_wide=True,
        link=("All messages", reverse("admin:plans_patientmessage_changelist")),
    )


@patient_panel(50)
def messages_of_patient(who: Reader, patient: Patient) -> Block | None:
    if not who.may("plans.patientmessage", "view"):
        return None
    own = visible(PatientMessage.objects.filter(patient=patient), who.user)
    found = with_visit_time(own).select_related("location").order_by("-due_at")[:SHOWN_OF_PATIENT]
    rows = [(message, message_title(message), message_badge(message)) for message in found]
    link = ("All", f"{reverse('admin:plans_patientmessage_changelist')}?q={patient.mrn}") if rows else None
    return Block("Messages", "console/panels/messages_of_patient.html", {"rows": rows}, is_wide=True, link=link)


job(
    Job(
        title="Messages",
        url_name="admin:plans_patientmessage_changelist",
        icon="mail",
        resource="plans.patientmessage",
        position=60,
        badge=number_to_look_at,
    )
)
