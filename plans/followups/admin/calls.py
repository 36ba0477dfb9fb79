"""Calls to patients: writing one down for whom the call list names, and reading one."""

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic import clock
from clinic.access.visibility import visible
from clinic.console.acts import Done, act
from clinic.console.back import back_to
from clinic.console.base import PartAdmin
from clinic.console.forms import ActForm, ConsoleModelForm, DateInput
from clinic.console.reader import reader
from clinic.console.registry import PatientLink, patient_link
from clinic.console.toasts import toast_later
from clinic.people.models import User
from clinic.records import Record
from patients.models import Patient
from plans.followups.admin.rows import call_url
from plans.followups.admin.worklist.calls import call_toast, taken_back_toast
from plans.followups.looks import attempts_in_words, call_reasons
from plans.followups.models import ContactAttempt
from plans.followups.queries import with_calling
from plans.followups.services import attempt_record_for_patient, attempt_take_back, why_attempt_stands


class CallForm(ConsoleModelForm):
    class Meta:
        model = ContactAttempt
        fields = ("channel", "outcome", "note", "next_try_on")
        labels = {"outcome": "What came of it", "next_try_on": "Try again on"}
        widgets = {"next_try_on": DateInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("channel", ContactAttempt.Channel.CALL)


def _may_be_taken_back(attempt: ContactAttempt) -> bool:
    """Whether it was written down within a day, by the reader or by somebody whose words they may take back."""
    who = reader()
    return why_attempt_stands(attempt, who.user, who.now) is None


@admin.register(ContactAttempt)
class ContactAttemptAdmin(PartAdmin):
    owner = "patient"
    form = CallForm
    fields = ("channel", "outcome", "note", "next_try_on")
    change_form_template = "console/call.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactAttempt]:
        rows = super().get_queryset(request)
        return rows.select_related("patient", "location", "follow_up", "session", "attempted_by")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is what happened."""
        return False

    def name_of(self, row: ContactAttempt) -> str:
        return f"{row.patient}: {row.get_channel_display().lower()}"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            patient_asked_for(request)
        return form

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is None:
            patient = patient_asked_for(request)
            now = clock.now()
            today = now.astimezone(patient.home_location.zone).date()
            context |= {
                "patient": patient,
                "reasons": call_reasons(patient, now),
                "contact": attempts_in_words(patient.tries, patient.last_try, today),
            }
        else:
            context |= {"attempt": row}
        response = super().render_change_form(request, context, *args, **kwargs)
        if row is None:
            page = reverse("admin:patients_patient_change", args=[patient.pk])
            response.context_data |= {"title": "Log a call", "crumbs": [(str(patient), page), ("Call", "")]}
        return response

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        row = super().save_form(request, form, change)
        if not change:
            row.patient = patient_asked_for(request)
            row.location, row.attempted_at = row.patient.home_location, clock.now()
        return row

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        patient = patient_asked_for(request)
        return attempt_record_for_patient(
            patient_id=patient.pk, location=patient.home_location, by=cast(User, request.user), **data
        )

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        toast_later(request, call_toast(f"{obj.patient}: call logged.", obj))
        return HttpResponseRedirect(back_to(request, self.url_after(obj)), status=303)

    @act(
        "Take back",
        grant="undo",
        is_legal=_may_be_taken_back,
        icon="undo",
        description="It was a slip: nobody tried. It is gone from every list; the history keeps it.",
    )
    def take_back(self, request: HttpRequest, row: ContactAttempt, form: ActForm) -> Done:
        attempt_take_back(attempt_id=row.pk, by=cast(User, request.user))
        asked = back_to(request, self.owner_url(row))
        return Done(taken_back_toast(row), url=self.owner_url(row) if asked.startswith(self._path_of(row)) else asked)

    def _path_of(self, row: ContactAttempt) -> str:
        """Where every address of the attempt begins: none of them answers once it is gone."""
        return self.url_of(row).removesuffix("change/")


def patient_asked_for(request: HttpRequest) -> Any:
    """The patient that the address names, with why to call them. Raises Http404 where the reader sees none such."""
    rows = with_calling(Patient.objects.select_related("home_location"))
    try:
        return visible(rows, cast(User, request.user)).get(pk=request.GET.get("patient"))
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise Http404 from None


patient_link(PatientLink("Log a call", "phone_in_talk", "plans.contactattempt", "add", call_url))
