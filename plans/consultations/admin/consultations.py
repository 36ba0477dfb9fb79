"""Consultations: list, form, signature and amendment; Today, and a patient's panel."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.roles import Role
from clinic.access.visibility import may, visible
from clinic.console.acts import Done, act, in_states
from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin, Inline
from clinic.console.filters import LocationFilter, status_filter
from clinic.console.forms import ActForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import Block, PatientLink, patient_link, patient_panel, today_section
from clinic.people.models import User
from clinic.records import Record
from patients.models import Patient
from patients.queries import patients_in_full, search
from plans.consultations.admin.forms import CauseForm, CauseFormSet, ConsultationForm, scales_document
from plans.consultations.looks import consultation_badge
from plans.consultations.models import Cause, Consultation, ConsultationAmendment, ScreeningAnswer, ScreeningItem
from plans.consultations.queries import consultations_in_full
from plans.consultations.rules import findings
from plans.consultations.services import (
    consultation_amend,
    consultation_create,
    consultation_edit,
    consultation_sign,
)
from plans.scheduling.models import Appointment

SHOWN_TODAY = 8
RAISED = {
    ScreeningItem.Severity.ABSOLUTE.value: Badge(Tone.STOP, "Blocks"),
    ScreeningItem.Severity.RELATIVE.value: Badge(Tone.SOON, "Warns"),
}


def raised_by(answers: Iterable[ScreeningAnswer]) -> list[tuple[Badge, str]]:
    """What `answers`, read with their items, raise: how much, and in words."""
    given = {answer.item.code: answer.value for answer in answers if answer.value is not None}
    items = sorted((answer.item for answer in answers), key=lambda item: (item.position, item.code))
    return [(RAISED[one.severity], one.detail) for one in findings(items, given)]


class SignForm(ActForm):
    """Says what is signed, as it stands in the record. Another state than this one is not signed."""

    above = "console/parts/consultation_signed.html"
    _version = forms.CharField(required=False, widget=forms.HiddenInput)

    def prepare(self) -> None:
        self.fields["_version"].initial = self.row.version
        self.answers = list(self.row.screening_answers.select_related("item"))
        self.findings = raised_by(self.answers)


class CauseInline(Inline):
    model = Cause
    form = CauseForm
    formset = CauseFormSet
    fields = ("icd10", "factor", "is_primary")
    verbose_name_plural = "Causes: one of them is the primary one"

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 2

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change", None)


@admin.register(Consultation)
class ConsultationAdmin(ConsoleAdmin):
    form = ConsultationForm
    change_form_template = "console/consultation.html"
    inlines = (CauseInline,)
    list_display = ("patient_shown", "when", "who", "found", "state")
    list_select_related = ("patient", "practitioner__user", "location")
    list_filter = (
        status_filter("state", Consultation.Status),
        status_filter("candidacy", Consultation.Candidacy, "candidacy"),
        LocationFilter,
    )
    search_fields = ("patient__last_name",)
    search_help_text = "Patient: name, record number or phone"
    empty_reason = "No consultations yet. Begin one on the patient's page."
    history_of = {
        Cause: "consultation_id",
        ScreeningAnswer: "consultation_id",
        ConsultationAmendment: "consultation_id",
    }

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consultation]:
        return super().get_queryset(request).select_related("patient__home_location", "location", "practitioner__user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(patient__in=search(Patient.objects.all(), search_term)), False

    @display(description="Patient", ordering="patient__last_name")
    def patient_shown(self, consultation: Consultation) -> str:
        return str(consultation.patient)

    @display(description="When", ordering="occurred_at")
    def when(self, consultation: Consultation) -> str:
        return reader().moment(consultation.occurred_at, consultation.location.zone)

    @display(description="By")
    def who(self, consultation: Consultation) -> str:
        return str(consultation.practitioner)

    @display(description="Found", ordering="candidacy")
    def found(self, consultation: Consultation) -> str:
        return consultation.get_candidacy_display()

    @display(description="State", ordering="status")
    def state(self, consultation: Consultation) -> Badge:
        return consultation_badge(consultation)

    def name_of(self, row: Consultation) -> str:
        return f"{row.patient}: consultation"

    # Rights

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A signed consultation changes by amendment alone."""
        if (
            isinstance(obj, Consultation)
            and obj.pk
            and not _is_amending(request)
            and obj.status not in Consultation.MAY_EDIT
        ):
            return False
        return super().has_change_permission(request, obj)

    # The form

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if obj.pk is None or obj._state.adding:
            kwargs["initial"] = [{"is_primary": True}]
        return kwargs

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        place = () if obj else (("practitioner", "location"),)
        return [
            (None, {"fields": (*place, "occurred_at")}),
            ("Severity", {"fields": (("severity_scale", "severity_value"),)}),
            ("Assessment", {"fields": ("goals", "candidacy", "notes")}),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.patient = obj.patient if obj else patient_asked_for(request)
        form.amending = _is_amending(request)
        return form

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        form = context["adminform"].form
        is_form = row is None or self.has_change_permission(request, row)
        context |= {
            "patient": row.patient if row else form.patient,
            "is_form": is_form,
            "amending": _is_amending(request),
            "scales": scales_document(),
            "questions": form.questions() if is_form else [],
        }
        if row is not None and not is_form:
            context |= self._read_only(row)
        response = super().render_change_form(request, context, *args, **kwargs)
        if row is None:
            response.context_data["title"] = f"Consultation of {form.patient}"
        return response

    def _read_only(self, row: Consultation) -> dict[str, Any]:
        row = consultations_in_full().get(pk=row.pk)
        answers = list(row.screening_answers.all())
        who = reader()
        may_plan = (
            row.status != Consultation.Status.DRAFT
            and row.candidacy == Consultation.Candidacy.CANDIDATE
            and who.may_on("add", row, "plans.treatmentplan")
        )
        return {
            "consultation": row,
            "badge": consultation_badge(row),
            "findings": raised_by(answers),
            "answers": answers,
            "amendments": list(row.amendments.select_related("amended_by")),
            "plans": list(row.plans.select_related("protocol", "patient")),
            "plan_url": f"{reverse('admin:plans_treatmentplan_add')}?consultation={row.pk}" if may_plan else "",
            "follow_up_url": f"{reverse('admin:plans_followup_add')}?consultation={row.pk}"
            if who.may_on("add", row, "plans.followup")
            else "",
        }

    def write(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> Record:
        data = form.cleaned_data
        user = cast(User, request.user)
        content = {
            "occurred_at": data["occurred_at"],
            "goals": data["goals"],
            "candidacy": data["candidacy"],
            "notes": data["notes"],
            "severity": form.severity(),
            "causes": [cause for formset in formsets for cause in formset.causes()],
            "screening": form.answers(),
        }
        if not change:
            return consultation_create(
                by=user,
                patient=form.patient,
                practitioner=data["practitioner"],
                location=data["location"],
                appointment_id=appointment_asked_for(request),
                **content,
            )
        if _is_amending(request):
            return consultation_amend(consultation_id=form.instance.pk, by=user, reason=data["reason"], changes=content)
        return consultation_edit(consultation_id=form.instance.pk, changes=content)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        row = super().save_form(request, form, change)
        if not change:
            row.patient = form.patient
        return row

    # Transitions

    @act(
        "Sign",
        grant="sign",
        is_legal=in_states(Consultation.MAY_SIGN),
        icon="signature",
        form=SignForm,
        description="From then on it changes only by amendment.",
        variant=ActionVariant.PRIMARY,
    )
    def sign(self, request: HttpRequest, row: Consultation, form: ActForm) -> Done:
        with self.unless_stale(request, row, change=True):
            consultation_sign(consultation_id=row.pk, by=cast(User, request.user))
        return Done(f"{row.patient}: consultation signed.")

    @act("Amend", grant="amend", is_legal=in_states(Consultation.MAY_AMEND), icon="edit_note", is_whole=True)
    def amend(self, request: HttpRequest, row: Consultation) -> HttpResponse:
        request.console_amending = True  # type: ignore[attr-defined]
        return self.changeform_view(request, str(row.pk))


def _is_amending(request: HttpRequest) -> bool:
    return getattr(request, "console_amending", False)


def patient_asked_for(request: HttpRequest) -> Patient:
    """The patient that the address names. Raises Http404 where the reader sees none such."""
    try:
        return visible(patients_in_full(), cast(User, request.user)).get(pk=request.GET.get("patient"))
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise Http404 from None


def appointment_asked_for(request: HttpRequest) -> Any:
    """The key of the visit that the address names, if it names one. Raises Http404 where the reader sees none such."""
    asked = request.GET.get("appointment")
    if not asked:
        return None
    try:
        return visible(Appointment.objects.all(), cast(User, request.user)).get(pk=asked).pk
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise Http404 from None


@today_section(20)
def unsigned_consultations(who: Reader) -> Block | None:
    """Drafts, for who signs."""
    if not who.may("plans.consultation", "sign"):
        return None
    drafts = visible(Consultation.objects.filter(status=Consultation.Status.DRAFT), who.user, "sign")
    if who.has(Role.PRACTITIONER):
        drafts = drafts.filter(practitioner__user=who.user)
    rows = list(drafts.select_related("patient", "location").order_by("occurred_at")[: SHOWN_TODAY + 1])
    if not rows:
        return None
    return Block(
        "Consultations to sign",
        "console/panels/consultations.html",
        {"rows": [(row, consultation_badge(row)) for row in rows[:SHOWN_TODAY]], "with_patient": True},
        count=len(rows) if len(rows) <= SHOWN_TODAY else None,
        link=("All", f"{reverse('admin:plans_consultation_changelist')}?status=draft"),
    )


@patient_panel(25)
def consultations_of_patient(who: Reader, patient: Patient) -> Block | None:
    if not may(who.user, "view", patient, resource="plans.consultation"):
        return None
    own = visible(Consultation.objects.filter(patient=patient), who.user).select_related(
        "location", "practitioner__user"
    )
    rows = [(row, consultation_badge(row)) for row in own]
    return Block("Consultations", "console/panels/consultations.html", {"rows": rows}, count=len(rows) or None)


patient_link(
    PatientLink(
        title="New consultation",
        icon="clinical_notes",
        resource="plans.consultation",
        action="add",
        url=lambda patient: f"{reverse('admin:plans_consultation_add')}?patient={patient.pk}",
    )
)
