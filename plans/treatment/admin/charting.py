"""Forms that chart a session: one card a component, with units, ranges and last time's values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.db import models

from clinic.columns import name_of, number_of
from clinic.console.forms import ActForm, LocalDateTimeField, dress, instant, number_field, ranges_in_words, wall_clock
from clinic.console.reader import reader
from clinic.limits import Number, Range
from clinic.people.models import Modality
from plans.treatment import ranges
from plans.treatment.models import RECORDS, ProcedureSession, PrpRecord, PrpSpin, SessionComponent, Zone
from plans.treatment.services import ComponentInput

LIMITS: Mapping[str, Mapping[str, Range]] = {
    Modality.PRP: ranges.PRP,
    Modality.STEM_CELL: ranges.STEM_CELL,
    Modality.MICRONEEDLING: ranges.MICRONEEDLING,
    Modality.EXOSOME: ranges.EXOSOME,
}
NOT_CHARTED = frozenset({"id", "version", "created_at", "updated_at", "component"})
SPINS = 2
HELP = {
    "harvested_ml": f"Fat {ranges_in_words(ranges.HARVEST_BY_SOURCE['adipose'])}; "
    f"marrow {ranges_in_words(ranges.HARVEST_BY_SOURCE['bone_marrow'])}",
    "area_cm2": f"{ranges_in_words(ranges.AREA_CM2)}; usual dose {ranges.DOSE.usual}",
}
"""Where the usual depends on another field."""


def label_of(modality: str, column: "models.Field[Any, Any]") -> str:
    """“Blood drawn, mL”."""
    text, limit = name_of(column), LIMITS[modality].get(column.name)
    unit = limit.unit if limit is not None else ""
    return f"{text}, {unit}" if unit and not text.lower().endswith(unit) else text


def charted_columns(modality: str) -> list[models.Field[Any, Any]]:
    """The columns of a modality's record that people fill."""
    columns = RECORDS[Modality(modality)]._meta.concrete_fields
    return [column for column in columns if column.name not in NOT_CHARTED]


@dataclass(frozen=True, slots=True)
class Card:
    """One component as the form's page shows it."""

    component: SessionComponent
    given: Any
    """The box that says something of it was given; None where all of it must be charted."""
    fields: list[Any]
    spins: list[tuple[Any, Any]]


class ChartForm(ActForm):
    """What was given in a session. Its fields carry the names under which the service refuses them."""

    zones = forms.MultipleChoiceField(choices=Zone.choices, required=False, widget=forms.CheckboxSelectMultiple)
    pain_0_10 = number_field(ranges.PAIN, label="Pain, 0–10", help_text="", required=False)
    refusal_names = {"components": "__all__"}

    chooses_components = False
    """Whether each component is charted only where its box is ticked."""
    charts_all = True
    """Whether a required column must be filled."""

    row: ProcedureSession

    def prepare(self) -> None:
        self.place: ZoneInfo = self.row.plan.location.zone
        self.components = self.components_to_chart()
        last = self.values_to_show()
        for index, component in enumerate(self.components):
            if self.chooses_components:
                self.fields[f"given.{index}"] = forms.BooleanField(
                    label=f"{component.get_modality_display()}: something was given", required=False
                )
            self._add_record(index, component.modality, last.get(component.modality))
        dress(self)

    def components_to_chart(self) -> list[SessionComponent]:
        return list(self.row.components.all())

    def values_to_show(self) -> dict[str, Any]:
        """The records whose values stand beside the fields: those of the last session of the plan that has one."""
        found: dict[str, Any] = {}
        for component in self.components:
            model: Any = RECORDS[Modality(component.modality)]
            earlier = model.objects.filter(
                component__session__plan=self.row.plan_id, component__session__performed_at__isnull=False
            )
            found[component.modality] = earlier.order_by("-component__session__performed_at").first()
        return found

    def _add_record(self, index: int, modality: str, beside: Any) -> None:
        for column in charted_columns(modality):
            field = self._field(column, LIMITS[modality].get(column.name))
            field.label = label_of(modality, column)
            self.offer(field, column, beside)
            self.fields[f"components.{index}.record.{column.name}"] = field
        if modality == Modality.PRP:
            spins = list(beside.spins.all()) if beside is not None else []
            for spin in range(SPINS):
                self._add_spin(f"components.{index}.record.spins.{spin}", spins[spin] if spin < len(spins) else None)

    def _add_spin(self, prefix: str, beside: Any) -> None:
        for name in ("rcf_g", "minutes"):
            column = cast(models.Field[Any, Any], PrpSpin._meta.get_field(name))
            field = self._number(column, ranges.PRP_SPIN[name], required=False)
            field.label = f"{field.label}, {ranges.PRP_SPIN[name].unit}"
            self.offer_value(field, getattr(beside, name, None))
            self.fields[f"{prefix}.{name}"] = field

    def _field(self, column: Any, limit: Range | None) -> forms.Field:
        required = not column.blank and not self.chooses_components
        if isinstance(column, models.DateTimeField):
            return LocalDateTimeField(required=False)
        if limit is not None:
            return self._number(column, limit, required=required)
        field: forms.Field = column.formfield(required=required)
        if column.choices:
            cast(forms.ChoiceField, field).choices = [("", "Choose"), *column.choices]
        return field

    def _number(self, column: Any, limit: Range, *, required: bool) -> forms.Field:
        field = number_field(replace(cast(Number, number_of(column)), limits=limit), required=required)
        if column.name in HELP:
            field.help_text = HELP[column.name]
        return field

    def offer(self, field: forms.Field, column: Any, beside: Any) -> None:
        """Show the last time's value in grey."""
        value = getattr(beside, column.name, None)
        if value in (None, "") or isinstance(value, datetime):
            return
        if column.choices:
            field.help_text = f"Last time {dict(column.flatchoices)[value]}"
        else:
            self.offer_value(field, value)

    def offer_value(self, field: forms.Field, value: Any) -> None:
        if value not in (None, ""):
            field.widget.attrs["placeholder"] = f"last {_plain(value)}"

    # What the form says

    def cards(self) -> list[Card]:
        return [
            Card(
                component,
                self[f"given.{index}"] if self.chooses_components else None,
                [self[f"components.{index}.record.{column.name}"] for column in charted_columns(component.modality)],
                [
                    (self[f"{prefix}.rcf_g"], self[f"{prefix}.minutes"])
                    for prefix in (f"components.{index}.record.spins.{spin}" for spin in range(SPINS))
                ]
                if component.modality == Modality.PRP
                else [],
            )
            for index, component in enumerate(self.components)
        ]

    def given(self) -> list[ComponentInput]:
        """What was given, in the service's words."""
        return [
            ComponentInput(component.modality, self.record(index, component.modality))
            for index, component in enumerate(self.components)
            if not self.chooses_components or self.cleaned_data[f"given.{index}"]
        ]

    def record(self, index: int, modality: str) -> dict[str, Any]:
        prefix = f"components.{index}.record"
        record: dict[str, Any] = {}
        for column in charted_columns(modality):
            value = self.cleaned_data.get(f"{prefix}.{column.name}")
            record[column.name] = value if value is not None or column.null else ""
        if RECORDS[Modality(modality)] is PrpRecord:
            record["spins"] = list(self._spins(prefix))
        return record

    def _spins(self, prefix: str) -> Iterator[dict[str, Any]]:
        for spin in range(SPINS):
            values = {name: self.cleaned_data.get(f"{prefix}.spins.{spin}.{name}") for name in ("rcf_g", "minutes")}
            if any(value is not None for value in values.values()):
                yield values

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            if isinstance(field, LocalDateTimeField) and cleaned.get(name) is not None:
                cleaned[name] = instant(self, name, self.place)
        return cleaned


class PerformForm(ChartForm):
    """Everything of a session that took place."""

    performed_at = LocalDateTimeField(label="Performed at")
    deviations = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ("performed_at", "zones", "pain_0_10", "deviations")

    def prepare(self) -> None:
        super().prepare()
        self.fields["performed_at"].initial = wall_clock(reader().now, self.place)


class AbortForm(ChartForm):
    """Why it stopped, and what was given until then."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), label="Why it was aborted")
    chooses_components = True
    field_order = ("reason", "zones", "pain_0_10")


class AmendForm(ChartForm):
    """A signed session's record, with the reason of its change."""

    reason = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), label="Why it changes")
    performed_at = LocalDateTimeField(label="Performed at")
    deviations = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ("reason", "performed_at", "zones", "pain_0_10", "deviations")

    def prepare(self) -> None:
        super().prepare()
        for name in ("zones", "pain_0_10", "deviations"):
            self.fields[name].initial = getattr(self.row, name)
        if self.row.performed_at is None:
            del self.fields["performed_at"]
        else:
            self.fields["performed_at"].initial = wall_clock(self.row.performed_at, self.place)

    def components_to_chart(self) -> list[SessionComponent]:
        charted = self.row.components.select_related(*(modality.value for modality in Modality))
        return [component for component in charted if getattr(component, component.modality, None) is not None]

    def values_to_show(self) -> dict[str, Any]:
        return {component.modality: getattr(component, component.modality) for component in self.components}

    def offer(self, field: forms.Field, column: Any, beside: Any) -> None:
        """What is charted stands in the field."""
        value = getattr(beside, column.name)
        field.initial = wall_clock(value, self.place) if isinstance(value, datetime) else _plain(value)

    def offer_value(self, field: forms.Field, value: Any) -> None:
        field.initial = _plain(value)

    def changes(self) -> dict[str, Any]:
        """What the service takes."""
        changes: dict[str, Any] = {
            "zones": self.cleaned_data["zones"],
            "pain_0_10": self.cleaned_data["pain_0_10"],
            "deviations": self.cleaned_data["deviations"],
            "components": [
                {"modality": component.modality, "record": self.record(index, component.modality)}
                for index, component in enumerate(self.components)
            ],
        }
        performed_at = self.cleaned_data.get("performed_at")
        # To the minute the form shows the same: then nothing changed.
        if performed_at is not None and wall_clock(self.row.performed_at, self.place) != wall_clock(
            performed_at, self.place
        ):
            changes["performed_at"] = performed_at
        return changes


def _plain(value: Any) -> Any:
    """A number without idle zeros."""
    return f"{value.normalize():f}" if hasattr(value, "normalize") else value


def charted(component: SessionComponent) -> list[tuple[str, str]]:
    """What was charted of a component, in words: label and value; empty where nothing was given."""
    record = getattr(component, component.modality, None)
    if record is None:
        return []
    found = []
    for column in charted_columns(component.modality):
        value = getattr(record, column.name)
        if value in (None, ""):
            continue
        if isinstance(value, datetime):
            shown = reader().moment(value, component.session.plan.location.zone)
        else:
            shown = str(dict(column.flatchoices).get(value, _plain(value)))
        found.append((label_of(component.modality, column), shown))
    if isinstance(record, PrpRecord):
        spins = " · ".join(f"{spin.rcf_g} g for {_plain(spin.minutes)} min" for spin in record.spins.all())
        found.append(("Spins", spins or "None (filtration)"))
        if record.dose_ml_per_cm2 is not None:
            found.append(("Dose, mL/cm²", f"{record.dose_ml_per_cm2:.3f}"))
    return found
