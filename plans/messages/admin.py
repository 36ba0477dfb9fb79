"""Messages and message policies in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import Done, act, buttons, in_states
from clinic.console.badges import Badge
from clinic.console.base import ConsoleAdmin, SetUpAdmin
from clinic.console.filters import ChoiceFilter, LocationFilter, status_filter
from clinic.console.forms import ActForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import Block, Job, job, patient_panel, today_section
from patients.models import Patient
from patients.queries import search
from plans.messages.looks import message_badge, message_title
from plans.messages.models import MessageKind, MessagePolicy, PatientMessage
from plans.messages.services import message_cancel, message_mark_handled, message_retry

Status = PatientMessage.Status
NEEDS_A_PERSON = (Status.FAILED, Status.UNKNOWN)
SHOWN_TODAY, SHOWN_OF_PATIENT = 6, 6


class NeedsFilter(ChoiceFilter):
    title = "what it needs"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "Needs a person")]

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(status__in=NEEDS_A_PERSON)


class CancelForm(ActForm):
    reason = forms.CharField(max_length=200, required=False)


class HandledForm(ActForm):
    note = forms.CharField(max_length=200, required=False, label="What was done instead")


@admin.register(PatientMessage)
class PatientMessageAdmin(ConsoleAdmin):
    change_form_template = "console/message.html"
    fields = ()
    list_display = ("patient_shown", "what", "due", "state", "why")
    list_select_related = ("patient", "location")
    list_filter = (
        NeedsFilter,
        status_filter("state", Status),
        status_filter("kind", MessageKind, "kind"),
        LocationFilter,
    )
    ordering = ("-due_at", "-id")
    search_fields = ("patient__last_name",)
    search_help_text = "Patient: name, record number or phone"
    empty_reason = "No messages yet. They are planned when a visit is booked."

    def get_queryset(self, request: HttpRequest) -> QuerySet[PatientMessage]:
        return super().get_queryset(request).select_related("patient", "location", "appointment")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(patient__in=search(Patient.objects.all(), search_term)), False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may_see_history(self, request: HttpRequest, row: Any) -> bool:
        """Its own columns are its history."""
        return False

    def name_of(self, row: PatientMessage) -> str:
        return f"{row.patient}: {message_title(row)}"

    @display(description="Patient", ordering="patient__last_name")
    def patient_shown(self, message: PatientMessage) -> str:
        return str(message.patient)

    @display(description="Message", ordering="kind")
    def what(self, message: PatientMessage) -> str:
        return message_title(message)

    @display(description="Due", ordering="due_at")
    def due(self, message: PatientMessage) -> str:
        return reader().moment(message.due_at, message.location.zone)

    @display(description="What became of it", ordering="status")
    def state(self, message: PatientMessage) -> Badge:
        return message_badge(message)

    @display(description="Why")
    def why(self, message: PatientMessage) -> str:
        return message.status_reason or message.failure or "–"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs["obj"]
        context |= {"message": row, "what": message_title(row), "badge": message_badge(row)}
        return super().render_change_form(request, context, *args, **kwargs)

    @act(
        "Send again",
        grant="retry",
        is_legal=in_states(PatientMessage.MAY_RETRY),
        icon="forward_to_inbox",
        description="It goes out within seconds. If it had arrived after all, the patient gets it twice.",
        variant=ActionVariant.PRIMARY,
    )
    def retry(self, request: HttpRequest, row: PatientMessage, form: ActForm) -> Done:
        message_retry(message=row)
        return Done(f"{row.patient}: the message goes out again.")

    @act(
        "Handled",
        grant="handled",
        is_legal=in_states(PatientMessage.MAY_HANDLE),
        form=HandledForm,
        icon="person_check",
        description="Somebody saw to it in another way, by phone say.",
    )
    def handled(self, request: HttpRequest, row: PatientMessage, form: HandledForm) -> Done:
        message_mark_handled(message=row, **form.cleaned_data)
        return Done(f"{row.patient}: handled.")

    @act(
        "Do not send",
        grant="cancel",
        is_legal=in_states(PatientMessage.MAY_CANCEL),
        form=CancelForm,
        icon="cancel_schedule_send",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, row: PatientMessage, form: CancelForm) -> Done:
        message_cancel(message=row, **form.cleaned_data)
        return Done(f"{row.patient}: it will not be sent.")


def in_need(who: Reader) -> QuerySet[PatientMessage]:
    """The messages the reader sees that need a person."""
    return visible(PatientMessage.objects.filter(status__in=NEEDS_A_PERSON), who.user)


def number_in_need(who: Reader) -> int:
    return who.once("messages in need", lambda: in_need(who).count())


@today_section(40)
def messages_today(who: Reader) -> Block | None:
    """Mail that did not leave, or of which nobody knows; for who can do something about it."""
    if not who.may("plans.patientmessage", "retry"):
        return None
    number = number_in_need(who)
    found = in_need(who).select_related("patient", "location").order_by("-due_at")[:SHOWN_TODAY] if number else []
    model_admin = admin.site._registry[PatientMessage]
    rows = [
        (message, message_title(message), message_badge(message), buttons(model_admin, who.user, message))
        for message in found
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
    found = own.select_related("location", "appointment").order_by("-due_at")[:SHOWN_OF_PATIENT]
    rows = [(message, message_title(message), message_badge(message)) for message in found]
    link = ("All", f"{reverse('admin:plans_patientmessage_changelist')}?q={patient.mrn}") if rows else None
    return Block("Messages", "console/panels/messages_of_patient.html", {"rows": rows}, is_wide=True, link=link)


@admin.register(MessagePolicy)
class MessagePolicyAdmin(SetUpAdmin):
    list_display = ("when", "visits", "location", "is_enabled")
    list_select_related = ("location",)
    list_filter = (LocationFilter,)
    fields = ("location", "visit_kind", "days_before", "send_at", "hours_before", "is_enabled")
    empty_reason = (
        "No policies of your own: every location sends reminders 7 days and 1 day before at 10:00, and 3 hours before."
    )

    @display(description="Reminder")
    def when(self, policy: MessagePolicy) -> str:
        return str(policy)

    @display(description="Before")
    def visits(self, policy: MessagePolicy) -> str:
        return policy.get_visit_kind_display() if policy.visit_kind else "Every visit"


job(
    Job(
        title="Messages",
        url_name="admin:plans_patientmessage_changelist",
        icon="mail",
        resource="plans.patientmessage",
        position=60,
        badge=number_in_need,
    )
)
job(
    Job(
        "Message policies", "admin:plans_messagepolicy_changelist", "notifications", "plans.messagepolicy", 90, "set_up"
    )
)
