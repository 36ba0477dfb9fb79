"""Messages: the list, one with what happened to it and what it says, and what a person does about it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.audit.history import recorded
from clinic.console.acts import Done, act, in_states
from clinic.console.badges import Badge
from clinic.console.base import ConsoleAdmin
from clinic.console.filters import ChoiceFilter, LocationFilter, status_filter
from clinic.console.forms import ActForm
from clinic.console.reader import reader
from clinic.errors import Conflict
from clinic.people.models import User
from patients.models import Patient
from patients.queries import search
from plans.followups.models import ContactAttempt
from plans.followups.services import attempt_record_for_patient
from plans.messages.admin.calls import CallsInstead
from plans.messages.admin.tabs import PARTS, MessageList, TabParameter, tab_of, tabs
from plans.messages.keeping import has_left, what_was_sent
from plans.messages.looks import message_badge, message_title, story
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.preview import NotKept, preview
from plans.messages.queries import with_visit_time
from plans.messages.services import (
    message_cancel,
    message_mark_handled,
    message_retry,
    messages_mark_handled,
)
from plans.messages.wordings.previews import framed, page_of, scheme_asked

Status = PatientMessage.Status
NEEDS_A_PERSON = (Status.FAILED, Status.UNKNOWN)
TOLD = "Told by phone instead of by mail"


class DueFilter(ChoiceFilter):
    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("past", "The last 7 days"), ("next", "The next 7 days")]

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        now, week = reader().now, timedelta(days=7)
        begin, end = (now - week, now) if value == "past" else (now, now + week)
        return rows.filter(due_at__gt=begin, due_at__lte=end)


class WhomFilter(ChoiceFilter):
    title = "to whom"
    parameter_name = "to"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("patients", "Patients"), ("colleagues", "Colleagues")]

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(staff__isnull=value == "patients")


class CancelForm(ActForm):
    reason = forms.CharField(max_length=200, required=False)


class HandledForm(ActForm):
    note = forms.CharField(max_length=200, required=False, label="What was done instead")


def is_to_call_about(row: PatientMessage) -> bool:
    """Whether telling the patient in another way makes sense."""
    return row.staff_id is None and row.status in (*NEEDS_A_PERSON, Status.BOUNCED, Status.SUPPRESSED)


@admin.register(PatientMessage)
class PatientMessageAdmin(CallsInstead, ConsoleAdmin):
    change_form_template = "console/message.html"
    fields = ()
    change_list_template = "console/messages.html"
    list_before_template = "console/parts/message_tabs.html"
    list_display = ("whom", "what", "due", "state", "why")
    list_select_related = ("patient", "staff", "location")
    list_filter = (
        TabParameter,
        DueFilter,
        status_filter("state", Status),
        status_filter("kind", MessageKind, "kind"),
        WhomFilter,
        LocationFilter,
    )
    search_fields = ("patient__last_name",)
    search_help_text = "Patient: name, record number or phone"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MessageList]:
        return MessageList

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        return PARTS[tab_of(request)].ordering

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"tabs": tabs(request, reader()), "empty_reason": PARTS[tab_of(request)].empty}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[PatientMessage]:
        rows = super().get_queryset(request).select_related("patient", "staff", "location", "appointment")
        return with_visit_time(rows)

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
        return f"{row.staff or row.patient}: {message_title(row)}"

    @display(description="To", ordering="patient__last_name")
    def whom(self, message: PatientMessage) -> str:
        return str(message.staff or message.patient)

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

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<uuid:message_id>/mail/", self.admin_site.admin_view(self.mail_view), name="plans_patientmessage_mail"
        )
        return [own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs["obj"]
        mail, fault = None, ""
        try:
            mail = preview(row)
        except OperationalError:
            fault = "Somebody is working on what it is about. Open this page again in a moment."
        except NotKept as what:
            fault = f"It cannot be shown any more: {what} is not kept."
        except Exception:  # noqa: BLE001 whatever is wrong with this mail, the page says the rest
            fault = "It cannot be written as a mail."
        context |= {
            "message": row,
            "what": message_title(row),
            "badge": message_badge(row),
            "story": story(row, row.events.all()),
            "mail": mail,
            "fault": fault,
            "was_sent": has_left(row),
            "sent": what_was_sent(row),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def mail_view(self, request: HttpRequest, message_id: Any) -> HttpResponse:
        """The mail itself, for the frame on its page. Raises Http404 where there is none to see."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=message_id).first()
        if row is None or request.method not in ("GET", "HEAD"):
            raise Http404
        try:
            return framed(page_of(preview(row), scheme_asked(request)))
        except Exception:  # noqa: BLE001 as on its page
            raise Http404 from None

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
        return Done(f"{row.staff or row.patient}: the message goes out again.")

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
        return Done(f"{row.staff or row.patient}: handled.")

    @act(
        "Do not send",
        grant="cancel",
        is_legal=in_states(PatientMessage.MAY_CANCEL),
        form=CancelForm,
        icon="cancel_schedule_send",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, row: PatientMessage, form: CancelForm) -> Done:
        message_cancel(message=row, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row.staff or row.patient}: it will not be sent.")

    @act(
        "Told by phone",
        grant="handled",
        is_legal=is_to_call_about,
        icon="phone_enabled",
        description="Logs the call, and takes what did not reach this patient off the list.",
        submit="Told by phone",
        is_one_click=True,
    )
    def told(self, request: HttpRequest, row: PatientMessage, form: ActForm) -> Done:
        patient = row.patient
        if patient is None:
            raise Conflict("It went to a colleague.")
        with recorded(TOLD):
            attempt_record_for_patient(
                patient_id=patient.pk,
                location=row.location,
                by=cast(User, request.user),
                channel=ContactAttempt.Channel.CALL,
                outcome=ContactAttempt.Outcome.REACHED,
                note=TOLD,
            )
            messages_mark_handled(patient_id=patient.pk, note=TOLD)
        return Done(f"{patient}: told by phone.")
