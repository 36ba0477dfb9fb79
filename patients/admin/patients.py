"""Patients in the console: the list, the page, and the merge of two records of one person."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.access.visibility import may, visible
from clinic.console.acts import Done, act
from clinic.console.base import ConsoleAdmin
from clinic.console.filters import LocationFilter
from clinic.console.forms import ActForm, ConsoleModelForm, DateInput, TimeInput
from clinic.console.reader import Reader, reader
from clinic.console.registry import (
    Found,
    Job,
    finder,
    job,
    newcomers,
    patient_columns,
    patient_links,
    patient_notices,
    patient_panels,
    search_list,
)
from clinic.people.models import User
from clinic.records import Record
from clinic.words import age
from patients.admin.merging import merge_page
from patients.admin.words import mail_wishes, preferences
from patients.models import Allergy, ConsentDocument, Guardian, Patient
from patients.queries import (
    documents_in_force,
    family,
    is_similar_only,
    patients_in_full,
    search,
    standing,
)
from patients.services import FIELDS, GuardianInput, consent_give, patient_create, patient_revoke_links, patient_update

GUARDIAN = ("name", "relationship", "phone", "email")
FOUND_AT_MOST = 8
FAMILY_AT_MOST = 8


class PatientForm(ConsoleModelForm):
    refusal_names = {"guardian": "guardian_name", "guardian.email": "guardian_email"}

    language = forms.ChoiceField(choices=settings.LANGUAGES, help_text="The language of the clinic's mail.")
    guardian_name = forms.CharField(label="Guardian", max_length=200, required=False, help_text="Who speaks for them.")
    guardian_relationship = forms.CharField(label="Relationship", max_length=60, required=False)
    guardian_phone = forms.CharField(label="Guardian's phone", max_length=32, required=False)
    guardian_email = forms.EmailField(label="Guardian's email", required=False)

    class Meta:
        model = Patient
        fields = FIELDS
        help_texts = {
            "email_opt_out": "Nothing is mailed; the desk sees what would have been sent.",
        }
        widgets = {"date_of_birth": DateInput, "preferred_from": TimeInput, "preferred_until": TimeInput}
        labels = {
            "confidential_email": "Confidential email",
            "email_opt_out": "Wants no email at all",
            "preferred_from": "From",
            "preferred_until": "Done by",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        guardian = getattr(self.instance, "guardian", None) if not self.instance._state.adding else None
        if guardian is not None:
            for name in GUARDIAN:
                self.initial[f"guardian_{name}"] = getattr(guardian, name)
        if "preferred_weekdays" in self.fields:
            self.fields["preferred_weekdays"].label = "Days that suit them"
        if "unwanted_mail" in self.fields:
            self.fields["unwanted_mail"].label = "Wants no mail about"
            self.fields[
                "unwanted_mail"
            ].help_text = "That a visit is booked, moved or cancelled is mailed all the same."
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


class RevokeForm(ActForm):
    reason = forms.CharField(max_length=300, required=False, help_text="Such as: somebody else reads their mail.")


@admin.register(Patient)
class PatientAdmin(ConsoleAdmin):
    form = PatientForm
    change_form_template = "console/patient.html"
    change_list_template = "console/patients.html"
    search_fields = ("last_name",)
    search_help_text = "Name, record number, phone or date of birth"
    list_filter = (LocationFilter,)
    ordering = ("last_name", "first_name", "id")
    empty_reason = "No patients yet. Add the first one with the button above."
    history_of = {Guardian: "patient_id", Patient: "merged_into_id"}
    fieldsets = (
        (None, {"fields": (("first_name", "last_name"), ("date_of_birth", "sex"), "home_location")}),
        ("Contact", {"fields": (("phone", "email"), "language")}),
        ("Mail", {"fields": ("confidential_email", "email_opt_out", "unwanted_mail")}),
        ("When they like to come", {"fields": ("preferred_weekdays", ("preferred_from", "preferred_until"))}),
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
            rows = standing(rows)
            for column in patient_columns():
                rows = column.annotate(rows)
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Patient], search_term: str
    ) -> tuple[QuerySet[Patient], bool]:
        found = search(queryset, search_term)
        return found.order_by(*queryset.query.order_by) if "o" in request.GET else found, False

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
        return patient.phone_shown or "–"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        text = request.GET.get("q", "").strip()
        context = {"newcomers": newcomers(reader(), text) if text else [], **(extra_context or {})}
        return super().changelist_view(request, context)

    # The page

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A record that was merged into another one is only read."""
        return not (obj is not None and obj.is_merged) and super().has_change_permission(request, obj)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        patient = kwargs.get("obj")
        if patient is not None and patient.is_merged:
            context |= {"patient": patient, "born": born(patient), "into": patient.merged_into}
        elif patient is not None:
            who = reader()
            panels = patient_panels(who, patient)
            context |= {
                "patient": patient,
                "born": born(patient),
                "lacks_guardian": patient.lacks_guardian(who.today_at(patient.home_location.zone)),
                "allergies": _allergies(who, patient),
                "links": patient_links(who, patient),
                "notices": patient_notices(who, patient),
                "preferences": preferences(patient),
                "mail_wishes": mail_wishes(patient),
                "family": list(family(visible(Patient.objects.all(), who.user), patient)[: FAMILY_AT_MOST + 1]),
                "family_at_most": FAMILY_AT_MOST,
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
        is_legal=lambda patient: not patient.is_merged,
        form=ConsentForm,
        icon="signature",
        submit="Record consent",
    )
    def give_consent(self, request: HttpRequest, row: Patient, form: ConsentForm) -> Done:
        consent = consent_give(patient=row, by=cast(User, request.user), **form.cleaned_data)
        return Done(f"{row}: consent recorded ({consent.document}).")

    @act(
        "Revoke links",
        grant="change",
        is_legal=lambda patient: not patient.is_merged,
        form=RevokeForm,
        icon="link_off",
        description="Links in mails that went out before stop working, whoever has them. Later mails carry new ones.",
        submit="Revoke links",
        variant=ActionVariant.DANGER,
    )
    def revoke_links(self, request: HttpRequest, row: Patient, form: RevokeForm) -> Done:
        patient_revoke_links(patient_id=row.pk, **form.cleaned_data)
        return Done(f"{row}: links in old mails stop working.")

    @act("Merge…", grant="merge", is_legal=lambda patient: not patient.is_merged, icon="merge", is_whole=True)
    def merge(self, request: HttpRequest, row: Patient) -> HttpResponse:
        return merge_page(self, request, row)


def born(patient: Patient) -> str:
    """“17 May 1985 (40)”."""
    value = patient.date_of_birth
    return f"{value.day} {value:%b %Y} ({age(value, reader().today)})"


def _allergies(who: Reader, patient: Patient) -> list[Allergy] | None:
    """What the patient is allergic to; None for who may not know."""
    if not may(who.user, "view", patient, resource="patients.allergy"):
        return None
    return list(patient.allergies.all())


@finder
def find_patients(who: Reader, text: str) -> list[Found]:
    found = list(search(visible(Patient.objects.all(), who.user), text)[:FOUND_AT_MOST])
    only_similar = "No exact match, similar: " if found and is_similar_only(found[0]) else ""
    return [
        Found(
            patient.full_name,
            only_similar + f"{patient.mrn} · {patient.phone_shown}".strip(" ·"),
            reverse("admin:patients_patient_change", args=[patient.pk]),
            "person",
        )
        for patient in found
    ]


search_list("admin:patients_patient_changelist", "patients.patient")
job(Job("Patients", "admin:patients_patient_changelist", "groups", "patients.patient", 10))
