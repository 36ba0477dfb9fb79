"""The consultation's form: what applies to this patient, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from unfold.forms import PaginationInlineFormSet

from clinic import clock
from clinic.access.visibility import visible
from clinic.console.forms import ConsoleModelForm, InWords, dress, number_field, wall_clock
from clinic.console.reader import reader
from clinic.people.models import Modality, Practitioner, User
from clinic.places.models import Location
from patients.models import Patient
from patients.rules import needs_guardian
from plans.consultations.diagnoses import DIAGNOSES
from plans.consultations.models import Cause, Consultation, ScreeningItem
from plans.consultations.rules import Answer, applies
from plans.consultations.scales import LUDWIG, NORWOOD_HAMILTON, SAVIN, SINCLAIR, Scale, allowed_values
from plans.consultations.services import CauseInput, SeverityInput

CHOICES_OF_SCALE: Mapping[str, Iterable[str]] = {
    Scale.NORWOOD_HAMILTON: NORWOOD_HAMILTON,
    Scale.LUDWIG: LUDWIG,
    Scale.SINCLAIR: SINCLAIR,
    Scale.SAVIN: SAVIN,
}
YES, NO = "yes", "no"
UNDER_AGE = "under-18"
"""The question that the date of birth answers."""


def scales_document() -> dict[str, dict[str, Any]]:
    """What the page's script needs: the values of each scale, where they are few, and what it takes in words."""
    return {
        scale.value: {"values": list(CHOICES_OF_SCALE.get(scale, ())), "hint": allowed_values(scale)} for scale in Scale
    }


@dataclass(frozen=True, slots=True)
class Question:
    """One screening item as the form asks it."""

    item: ScreeningItem
    field: Any
    is_number: bool
    unremarkable: str

    @property
    def options(self) -> list[tuple[str, str, bool, str]]:
        """Value, word, whether it is chosen, and what it raises."""
        chosen = str(self.field.value() or "")
        return [
            (value, word, chosen == value, "" if value == self.unremarkable else f"raises-{self.item.severity}")
            for value, word in ((NO, "No"), (YES, "Yes"))
        ]


class ConsultationForm(ConsoleModelForm):
    """A draft, or with `amending` a signed consultation and the reason of its change."""

    local_times = ("occurred_at",)
    refusal_names = {"severity.scale": "severity_scale", "severity.value": "severity_value"}
    patient: Patient
    """Set by the admin when it makes the form's class."""
    amending = False

    class Meta:
        model = Consultation
        fields = (
            "practitioner",
            "location",
            "occurred_at",
            "severity_scale",
            "severity_value",
            "goals",
            "candidacy",
            "notes",
        )
        labels = {"occurred_at": "When", "severity_scale": "Scale", "severity_value": "Value"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items: list[ScreeningItem] = []
        if not self.fields:
            return  # what cannot be changed has its own page
        self._choose_people(cast(User, self.request.user))
        self.fields["goals"].widget.attrs["rows"] = self.fields["notes"].widget.attrs["rows"] = 3
        if self.instance._state.adding:
            self.initial["occurred_at"] = wall_clock(reader().now, self.zone())
        self.items = [item for item in ScreeningItem.objects.filter(is_active=True) if applies(item, self.patient.sex)]
        for item in self.items:
            self.fields[f"screening.{item.code}"] = _field_of(item)
        if self.instance._state.adding:
            self.initial[f"screening.{UNDER_AGE}"] = _shown(
                needs_guardian(self.patient.date_of_birth, clock.today(self.zone()))
            )
        else:
            for answer in self.instance.screening_answers.select_related("item"):
                self.initial[f"screening.{answer.item.code}"] = _shown(answer.value)
        if self.amending:
            self.fields["reason"] = forms.CharField(
                label="Why it changes", max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
            )
        dress(self)

    def _choose_people(self, user: User) -> None:
        if "practitioner" in self.fields:
            field = cast(forms.ModelChoiceField, self.fields["practitioner"])
            field.queryset = visible(Practitioner.objects.select_related("user"), user)
            field.initial = Practitioner.objects.filter(user=user).values_list("pk", flat=True).first()
        if "location" in self.fields:
            places = cast(forms.ModelChoiceField, self.fields["location"])
            places.queryset = Location.objects.filter(
                pk__in=[place.pk for place in reader().locations if user.may("plans.consultation", "add", place.pk)]
            )
            places.initial = self.patient.home_location_id

    def zone(self) -> ZoneInfo:
        if self.instance._state.adding and not getattr(self, "cleaned_data", None):
            return self.patient.home_location.zone
        return super().zone()

    def questions(self) -> list[tuple[str, list[Question]]]:
        """The screening by what it concerns, in order."""
        groups: dict[str, list[Question]] = {}
        for item in self.items:
            question = Question(
                item,
                self[f"screening.{item.code}"],
                item.kind == ScreeningItem.Kind.NUMBER,
                _shown(item.unremarkable) if item.kind == ScreeningItem.Kind.BOOLEAN else "",
            )
            groups.setdefault(_concerns(item), []).append(question)
        return list(groups.items())

    def answers(self) -> dict[str, Answer]:
        """What was answered, by item code."""
        found: dict[str, Answer] = {}
        for item in self.items:
            value = self.cleaned_data.get(f"screening.{item.code}")
            if value not in (None, ""):
                found[item.code] = value if isinstance(value, Decimal) else value == YES
        return found

    def severity(self) -> SeverityInput:
        return SeverityInput(self.cleaned_data["severity_scale"], self.cleaned_data["severity_value"])


def _field_of(item: ScreeningItem) -> forms.Field:
    if item.kind == ScreeningItem.Kind.NUMBER:
        return number_field(item.number, required=False)
    return forms.ChoiceField(label=item.label, required=False, choices=[(NO, "No"), (YES, "Yes")])


def _shown(value: Answer | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES if value else NO
    return f"{value.normalize():f}"


def _concerns(item: ScreeningItem) -> str:
    if not item.modalities:
        return "Every treatment"
    return " and ".join(str(Modality(modality).label) for modality in item.modalities)


DIAGNOSIS_CHOICES = [("", "Choose"), *((code, f"{code} {text}") for code, text in DIAGNOSES.items())]


class CauseForm(InWords, forms.ModelForm[Cause]):
    """One cause. Rules over all causes are the service's."""

    icd10 = forms.ChoiceField(
        label="Diagnosis (ICD-10)",
        choices=[("", "Choose"), *((code, f"{code} {text}") for code, text in DIAGNOSES.items())],
    )

    class Meta:
        model = Cause
        fields = ("icd10", "factor", "is_primary")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("icd10", "factor"):
            self.fields[name].widget.attrs["aria-label"] = str(self.fields[name].label)
        dress(self)

    def validate_constraints(self) -> None:
        """The rows are replaced as a whole: one alone says nothing about the others."""

    def validate_unique(self) -> None:
        """As above."""


class CauseFormSet(PaginationInlineFormSet):
    def validate_unique(self) -> None:
        """The service refuses twins, in words."""

    def causes(self) -> list[CauseInput]:
        """The causes that stay."""
        return [
            CauseInput(data["icd10"], data["factor"], data["is_primary"])
            for data in (form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data"))
            if data and data.get("icd10") and not data.get("DELETE")
        ]
