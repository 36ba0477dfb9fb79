"""Patients, their consents and the documents they sign, in the console."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.visibility import may, visible
from clinic.console.acts import Done, act, in_states
from clinic.console.badges import Badge, Tone
from clinic.console.base import ConsoleAdmin, PartAdmin, SetUpAdmin
from clinic.console.filters import LocationFilter
from clinic.console.forms import ActForm, ConsoleModelForm, DateInput, ReasonForm
from clinic.console.reader import Reader, reader
from clinic.console.registry import (
    Block,
    Found,
    Job,
    finder,
    job,
    patient_columns,
    patient_links,
    patient_panel,
    patient_panels,
    search_list,
)
from clinic.errors import Invalid
from clinic.people.models import Modality, User
from clinic.records import Record
from clinic.words import within
from patients.models import Allergy, Consent, ConsentDocument, Guardian, HistoryEntry, Patient
from patients.queries import documents_in_force, patients_in_full, search
from patients.services import (
    FIELDS,
    GuardianInput,
    consent_document_create,
    consent_give,
    consent_withdraw,
    patient_create,
    patient_update,
)

GUARDIAN = ("name", "relationship", "phone", "email")
FOUND_AT_MOST = 8


class PatientForm(ConsoleModelForm):
    refusal_names = {"guardian": "guardian_name"}

    language = forms.ChoiceField(choices=settings.LANGUAGES, help_text="The language of the clinic's mail.")
    guardian_name = forms.CharField(label="Guardian", max_length=200, required=False, help_text="Who speaks for them.")
    guardian_relationship = forms.CharField(label="Relationship", max_length=60, required=False)
    guardian_phone = forms.CharField(label="Guardian's phone", max_length=32, required=False)
    guardian_email = forms.EmailField(label="Guardian's email", required=False)

    class Meta:
        model = Patient
        fields = FIELDS
        help_texts = {"email_opt_out": "Nothing is mailed; the desk sees what would have been sent."}
        widgets = {"date_of_birth": DateInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        guardian = getattr(self.instance, "guardian", None) if not self.instance._state.adding else None
        if guardian is not None:
            for name in GUARDIAN:
                self.initial[f"guardian_{name}"] = getattr(guardian, name)
        if "home_location" in self.fields and len(reader().locations) == 1:
            self.fields["home_location"].initial = reader().locations[0].pk

    def guardian(self) -> GuardianInput | None:
        """What the form says about a guardian; None where it says nothing."""
        given = {name: self.cleaned_data.get(f"guardian_{name}", "") for name in GUARDIAN}
        return GuardianInput(**given) if any(given.values()) else None


class ConsentForm(ActForm):
    document = forms.ModelChoiceField(queryset=ConsentDocument.objects.none())
    signed_name = forms.CharField(max_length=200, help_text="As typed by the patient or guardian.")
    signed_on = forms.DateField()

    def prepare(self) -> None:
        self.fields["document"].queryset = documents_in_force()  # type: ignore[attr-defined]
        self.fields["signed_on"].initial = reader().today


@admin.register(Patient)
class PatientAdmin(ConsoleAdmin):
    form = PatientForm
    change_form_template = "console/patient.html"
    search_fields = ("last_name",)
    search_help_text = "Name, record number or phone"
    list_filter = (LocationFilter,)
    ordering = ("last_name", "first_name", "id")
    empty_reason = "No patients yet. Add the first one with the button above."
    history_of = {Guardian: "patient_id"}
    fieldsets = (
        (None, {"fields": (("first_name", "last_name"), ("date_of_birth", "sex"), "home_location")}),
        ("Contact", {"fields": (("phone", "email"), "language", "email_opt_out")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        guardian = (("guardian_name", "guardian_relationship"), ("guardian_phone", "guardian_email"))
        return (*self.fieldsets, ("Guardian", {"fields": guardian}))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **{**kwargs, "fields": FIELDS})

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Patient]:
        rows = visible(patients_in_full(), cast(User, request.user)).order_by(*self.ordering)
        if request.resolver_match and request.resolver_match.url_name == "patients_patient_changelist":
            for column in patient_columns():
                rows = column.annotate(rows)
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Patient], search_term: str
    ) -> tuple[QuerySet[Patient], bool]:
        return search(queryset, search_term), False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        shown: list[Any] = ["full_name_shown", "mrn", "born", "phone_shown"]
        for column in patient_columns():

            def show(row: Patient, column: Any = column) -> Any:
                return column.show(row)

            show.short_description = column.title  # type: ignore[attr-defined]
            show.__name__ = column.title.lower().replace(" ", "_")
            shown.append(show)
        return [*shown, "home_location"] if reader().several_locations else shown

    @display(description="Name", ordering="last_name")
    def full_name_shown(self, patient: Patient) -> str:
        return f"{patient.last_name}, {patient.first_name}"

    @display(description="Born", ordering="-date_of_birth")
    def born(self, patient: Patient) -> str:
        return born(patient)

    @display(description="Phone")
    def phone_shown(self, patient: Patient) -> str:
        return patient.phone or "–"

    # The page

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        patient = kwargs.get("obj")
        if patient is not None:
            who = reader()
            panels = patient_panels(who, patient)
            context |= {
                "patient": patient,
                "born": born(patient),
                "allergies": _allergies(who, patient),
                "links": patient_links(who, patient),
                "wide": [panel for panel in panels if panel.is_wide],
                "beside": [panel for panel in panels if not panel.is_wide],
                "has_errors": request.method == "POST",
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        raise NotImplementedError("a patient is written with the guardian")

    def write(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> Record:
        data = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        if change:
            patient, warnings = patient_update(
                patient_id=form.instance.pk, changes={**data, "guardian": form.guardian()}
            )
        else:
            patient, warnings = patient_create(**data, guardian=form.guardian())
        self.warn(request, warnings)
        return patient

    def name_of(self, row: Patient) -> str:
        return row.full_name

    @act(
        "Record a consent",
        grant="add",
        resource="patients.consent",
        is_legal=lambda patient: True,
        form=ConsentForm,
        icon="signature",
        submit="Record consent",
    )
    def give_consent(self, request: HttpRequest, row: Patient, form: ConsentForm) -> Done:
        consent = consent_give(patient=row, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row}: consent recorded ({consent.document}).")


def born(patient: Patient) -> str:
    """“17 May 1985 (40)”."""
    value = patient.date_of_birth
    today = reader().today
    age = today.year - value.year - ((today.month, today.day) < (value.month, value.day))
    return f"{value.day} {value:%b %Y} ({age})"


def _allergies(who: Reader, patient: Patient) -> list[Allergy] | None:
    """What the patient is allergic to; None for who may not know."""
    if not may(who.user, "view", patient, resource="patients.allergy"):
        return None
    return list(patient.allergies.all())


class OfPatientAdmin(PartAdmin):
    owner = "patient"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            of_patient(request)
        return form

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        return super().create(request, {**data, "patient": of_patient(request)})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        row = super().save_form(request, form, change)
        if not change:
            row.patient = of_patient(request)
        return row


def of_patient(request: HttpRequest) -> Patient:
    """The patient named in the address. Raises Http404 where the reader sees none such."""
    try:
        return visible(patients_in_full(), cast(User, request.user)).get(pk=request.GET.get("patient"))
    except (Patient.DoesNotExist, ValueError, forms.ValidationError):
        raise Http404 from None


@admin.register(Allergy)
class AllergyAdmin(OfPatientAdmin):
    fields = ("substance", "reaction", "severity")


@admin.register(HistoryEntry)
class HistoryEntryAdmin(OfPatientAdmin):
    fields = ("kind", "description", "since", "until")


@admin.register(Consent)
class ConsentAdmin(PartAdmin):
    owner = "patient"
    change_form_template = "console/consent.html"
    history_grant = "view_clinical"
    fields = ("document", "signed_name", "signed_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).select_related("document", "patient__home_location", "recorded_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the patient's page, or with the plan."""
        return False

    def name_of(self, row: Consent) -> str:
        return f"Consent: {row.document.title}"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        consent = kwargs.get("obj")
        context |= {
            "consent": consent,
            "badge": consent_badge(consent) if consent else None,
            "sees_clinical": reader().may_on("view_clinical", consent),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @act(
        "Withdraw",
        grant="withdraw",
        is_legal=in_states(Consent.MAY_WITHDRAW),
        form=ReasonForm,
        icon="undo",
        variant=ActionVariant.DANGER,
        description="What rests on this consent cannot go on.",
        submit="Withdraw consent",
    )
    def withdraw(self, request: HttpRequest, row: Consent, form: ReasonForm) -> Done:
        consent_withdraw(consent_id=row.pk, reason=form.cleaned_data["reason"])
        return Done(f"{row.patient}: consent withdrawn.")


class ConsentDocumentForm(ConsoleModelForm):
    class Meta:
        model = ConsentDocument
        fields = ("purpose", "modality", "version_label", "title", "text", "in_force_from")
        help_texts = {"modality": "For treatment only.", "text": "As the patient reads it."}


@admin.register(ConsentDocument)
class ConsentDocumentAdmin(SetUpAdmin):
    form = ConsentDocumentForm
    list_display = ("title", "concerns", "version_label", "state")
    fields = ("purpose", "modality", "version_label", "title", "text", "in_force_from")
    empty_reason = "No documents yet. A plan cannot be accepted without one for each modality."

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A version that people signed is never edited: a new one takes its place."""
        return False

    @display(description="Concerns")
    def concerns(self, document: ConsentDocument) -> str:
        return str(Modality(document.modality).label) if document.modality else document.get_purpose_display()

    @display(description="State")
    def state(self, document: ConsentDocument) -> Badge:
        if document.in_force_until is None:
            return Badge(Tone.DONE, f"In force since {within(reader().day(document.in_force_from))}")
        return Badge(Tone.NEUTRAL, f"Until {within(reader().day(document.in_force_until))}", "history")

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        if (data["purpose"] == ConsentDocument.Purpose.TREATMENT) != bool(data["modality"]):
            raise Invalid("A treatment consent names its modality; the others name none.", attr="modality")
        return consent_document_create(**data)


def consent_badge(consent: Consent) -> Badge:
    """What became of a consent."""
    return {
        Consent.Status.GIVEN: Badge(Tone.DONE, "Given"),
        Consent.Status.WITHDRAWN: Badge(Tone.STOP, "Withdrawn"),
        Consent.Status.SUPERSEDED: Badge(Tone.NEUTRAL, "Replaced by a newer version", "history"),
    }[Consent.Status(consent.status)]


@patient_panel(60)
def consents_panel(who: Reader, patient: Patient) -> Block | None:
    if not who.may_on("view", patient, "patients.consent"):
        return None
    consents = list(patient.consents.select_related("document"))
    shown = [(consent, consent_badge(consent)) for consent in consents]
    return Block("Consents", "console/panels/consents.html", {"consents": shown}, count=len(shown) or None)


@patient_panel(80)
def medical_history_panel(who: Reader, patient: Patient) -> Block | None:
    if not who.may_on("view", patient, "patients.historyentry"):
        return None
    link = None
    if who.may_on("add", patient, "patients.historyentry"):
        link = ("Add", f"{reverse('admin:patients_historyentry_add')}?patient={patient.pk}")
    entries = list(patient.history_entries.all())
    return Block("Medical history", "console/panels/history_entries.html", {"entries": entries}, link=link)


@finder
def find_patients(who: Reader, text: str) -> list[Found]:
    found = search(visible(Patient.objects.all(), who.user), text).order_by("last_name", "first_name")[:FOUND_AT_MOST]
    return [
        Found(
            patient.full_name,
            f"{patient.mrn} · {patient.phone}".strip(" ·"),
            reverse("admin:patients_patient_change", args=[patient.pk]),
            "person",
        )
        for patient in found
    ]


search_list("admin:patients_patient_changelist", "patients.patient")
job(Job("Patients", "admin:patients_patient_changelist", "groups", "patients.patient", 10))
job(
    Job(
        title="Consent documents",
        url_name="admin:patients_consentdocument_changelist",
        icon="description",
        resource="patients.consentdocument",
        position=100,
        group="set_up",
    )
)
