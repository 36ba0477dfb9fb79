"""What is read on a patient's page and has no list of its own: allergies and medical history."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import reverse

from clinic.access.visibility import visible
from clinic.audit.history import recorded
from clinic.console.base import PartAdmin
from clinic.console.reader import Reader
from clinic.console.registry import Block, patient_panel
from clinic.people.models import User
from clinic.records import Record
from patients.models import Allergy, HistoryEntry, Patient
from patients.queries import patients_in_full, standing
from patients.services import patient_lock


class OfPatientAdmin(PartAdmin):
    owner = "patient"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            of_patient(request)
        return form

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        with recorded():
            patient = patient_lock(patient_id=of_patient(request).pk)
            return super().create(request, {**data, "patient": patient})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        row = super().save_form(request, form, change)
        if not change:
            row.patient = of_patient(request)
        return row


def of_patient(request: HttpRequest) -> Patient:
    """The patient named in the address. Raises Http404 where the reader sees none such, or it was merged."""
    try:
        return visible(standing(patients_in_full()), cast(User, request.user)).get(pk=request.GET.get("patient"))
    except (Patient.DoesNotExist, ValueError, forms.ValidationError):
        raise Http404 from None


@admin.register(Allergy)
class AllergyAdmin(OfPatientAdmin):
    fields = ("substance", "reaction", "severity")


@admin.register(HistoryEntry)
class HistoryEntryAdmin(OfPatientAdmin):
    fields = ("kind", "description", "since", "until")


@patient_panel(80)
def medical_history_panel(who: Reader, patient: Patient) -> Block | None:
    if not who.may_on("view", patient, "patients.historyentry"):
        return None
    link = None
    if who.may_on("add", patient, "patients.historyentry"):
        link = ("Add", f"{reverse('admin:patients_historyentry_add')}?patient={patient.pk}")
    entries = list(patient.history_entries.all())
    return Block("Medical history", "console/panels/history_entries.html", {"entries": entries}, link=link)
