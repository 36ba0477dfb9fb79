"""Forms of the console: native date and time inputs, local times, unfold's looks on every control."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.widgets import (
    CHECKBOX_CLASSES,
    INPUT_CLASSES,
    RADIO_CLASSES,
    TEXTAREA_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
)

from clinic.columns import NUMBER_CODES, number_of
from clinic.console.reader import reader
from clinic.console.refusals import add_refusal
from clinic.errors import Invalid
from clinic.limits import Number, Range, label_of, not_among, without_unit
from clinic.places.wallclock import at_wall_clock
from clinic.text import tidied

SHORT_LIST = 12
"""So many choices are named where one is missing; more stand in the input itself."""


class DateInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES), **(attrs or {})}, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own time picker, to the minute."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES), **(attrs or {})}, format="%H:%M")


class LocalDateTimeInput(forms.MultiWidget):
    """A day and a time on it."""

    template_name = "console/widgets/datetime.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"day": DateInput({"aria-label": "Day"}), "time": TimeInput({"aria-label": "Time"})}, attrs)

    def decompress(self, value: datetime | None) -> list[Any]:
        return [value.date(), value.time().replace(second=0, microsecond=0)] if value else [None, None]

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_day" if id_ else id_


class LocalDateTimeField(forms.MultiValueField):
    """A wall-clock time. Its value is naive: the form that knows the place turns it into an instant (`instant`)."""

    widget = LocalDateTimeInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields=(forms.DateField(), forms.TimeField()), **kwargs)

    def compress(self, data_list: list[Any]) -> datetime | None:
        given = [part for part in data_list if part is not None]
        if len(given) == 1:
            raise forms.ValidationError("Give both the day and the time.")
        return datetime.combine(*given) if given else None


def instant(form: forms.BaseForm, field: str, zone: ZoneInfo) -> datetime | None:
    """The instant of a `LocalDateTimeField` in `zone`; a time that the clock skips is an error at the field."""
    value = form.cleaned_data.get(field)
    if value is None:
        return None
    try:
        return at_wall_clock(value.date(), value.time(), zone)
    except Invalid as error:
        form.add_error(field, error.detail)
        return None


def wall_clock(value: datetime | None, zone: ZoneInfo) -> datetime | None:
    """What a `LocalDateTimeField` shows for an instant: naive, in `zone`, to the minute."""
    return value.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) if value else None


def number_field(number: Number, **options: Any) -> forms.Field:
    """The input of `number`, which refuses in its words; the range stands below it before anything is wrong."""
    limits = number.limits
    kind: type[forms.IntegerField] = forms.DecimalField if number.places else forms.IntegerField
    if number.places:
        options["decimal_places"] = number.places
    field = kind(
        min_value=limits.low if limits.low.is_finite() else None,
        max_value=limits.high if limits.high.is_finite() else None,
        **{"label": number.label, "help_text": ranges_in_words(limits), **options},
    )
    field.widget.attrs |= {"step": "any"} | _attrs_of_usual(number)
    field.number = number  # type: ignore[attr-defined]
    return field


def ranges_in_words(limits: Range) -> str:
    """“5–180 mL, usual 10–60”."""
    usual = replace(limits, unit="").usual
    return f"{limits.allowed}, usual {usual}" if usual else limits.allowed


def _attrs_of_usual(number: Number) -> dict[str, str]:
    """With these the browser says that a number is unusual while it is written."""
    limits = number.limits
    if not limits.usual:
        return {}
    bounds = {"data-usual-low": limits.soft_low, "data-usual-high": limits.soft_high}
    return {
        "data-usual": limits.usual,
        "data-label": number.label,
        "data-unit": limits.unit,
        **{name: f"{bound:f}" for name, bound in bounds.items() if bound is not None},
    }


class InWords(forms.BaseForm):
    """A form that refuses a number or a choice as the API and the services do: its name, the value, what is allowed.

    Texts lose what nobody sees at their ends.
    """

    def add_error(self, field: str | None, error: Any) -> None:
        if field in self.fields and isinstance(error, forms.ValidationError) and not hasattr(error, "error_dict"):
            error = forms.ValidationError([self._said(field, one) for one in error.error_list])
        super().add_error(field, error)

    def _said(self, name: str, error: forms.ValidationError) -> forms.ValidationError:
        field, number = self.fields[name], self.number(name)
        if number is not None and error.code in NUMBER_CODES:
            return forms.ValidationError(number.refuse(self[name].data), error.code)
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            labels = [label for value, label in field.choices if value not in (None, "")]
            if error.code == "invalid_choice" or (error.code == "required" and len(labels) <= SHORT_LIST):
                given = (error.params or {}).get("value", self[name].data)
                return forms.ValidationError(not_among(str(self[name].label), given, labels), error.code)
        return error

    def number(self, name: str) -> Number | None:
        """The number that the field `name` takes; None where it takes something else."""
        field = self.fields[name]
        if hasattr(field, "number"):
            found: Number = field.number
            return found
        if not isinstance(field, forms.IntegerField) or isinstance(field, forms.FloatField):
            return None
        places = (field.decimal_places or 0) if isinstance(field, forms.DecimalField) else 0
        label = label_of(name) if field.label is None else without_unit(str(field.label))
        return Number(label, Range.between(field.min_value, field.max_value), places)

    def trim(self, cleaned: dict[str, Any]) -> None:
        """Take off what nobody sees at the ends of texts; one that says nothing is refused where a text is needed."""
        for name, field in self.fields.items():
            text = cleaned.get(name)
            if not isinstance(field, forms.CharField) or not field.strip or not isinstance(text, str):
                continue
            cleaned[name] = tidied(text)
            if text and not cleaned[name] and field.required:
                self.add_error(name, forms.ValidationError(field.error_messages["required"], "required"))


class ChoiceArrayField(forms.TypedMultipleChoiceField):
    """Several of a few: checkboxes for an array column."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": UnfoldAdminCheckboxSelectMultipleWidget, "required": False, **kwargs})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(initial or []) != sorted(data or [])


def array_form_field(column: Any, **kwargs: Any) -> forms.Field:
    """The form field of an array column whose items have choices."""
    return ChoiceArrayField(
        choices=column.base_field.choices,
        coerce=column.base_field.to_python,
        label=kwargs.get("label") or column.verbose_name.capitalize(),
        help_text=column.help_text,
        initial=column.get_default(),
    )


def dress(form: forms.BaseForm) -> None:
    """Give every control of `form` unfold's looks, and the native pickers; what has classes keeps them."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.HiddenInput | forms.MultiWidget):
            continue
        if type(widget) is forms.Select:
            field.widget = _with_choices(UnfoldAdminSelectWidget(attrs=dict(widget.attrs)), field)
        elif type(widget) is forms.CheckboxSelectMultiple:
            field.widget = _with_choices(UnfoldAdminCheckboxSelectMultipleWidget(attrs=dict(widget.attrs)), field)
        elif type(widget) is forms.DateInput:
            field.widget = DateInput(dict(widget.attrs))
        elif type(widget) is forms.TimeInput:
            field.widget = TimeInput(dict(widget.attrs))
        elif "class" not in widget.attrs:
            widget.attrs["class"] = " ".join(_classes(widget))


def _with_choices(widget: Any, field: forms.Field) -> forms.Widget:
    widget.choices = field.widget.choices  # type: ignore[attr-defined]
    widget.is_required = field.required
    dressed: forms.Widget = widget
    return dressed


def _classes(widget: forms.Widget) -> list[str]:
    if isinstance(widget, forms.CheckboxInput):
        return CHECKBOX_CLASSES
    if isinstance(widget, forms.RadioSelect):
        return RADIO_CLASSES
    if isinstance(widget, forms.Textarea):
        widget.attrs.setdefault("rows", 3)
        return TEXTAREA_CLASSES
    return INPUT_CLASSES


class ActForm(InWords, forms.Form):
    """What a transition asks for: nothing, unless a subclass says more."""

    refusal_names: ClassVar[Mapping[str, str]] = {}
    """What the service calls a field, and what this form calls it."""
    above: ClassVar[str] = ""
    below: ClassVar[str] = ""
    """Templates of what a person reads before the fields, and after them."""

    def __init__(self, row: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.row = row
        self.request = request
        super().__init__(**kwargs)
        self.prepare()
        dress(self)

    def prepare(self) -> None:
        """Add or fill fields that depend on the row."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.trim(cleaned)
        return cleaned


class ReasonForm(ActForm):
    """A transition that needs a reason."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ConsoleModelForm(InWords, forms.ModelForm[Any]):
    """A model's form in the console. What the service refused stands in it on the second round."""

    request: HttpRequest
    """Set by the admin when it makes the form's class."""
    refusal_names: ClassVar[Mapping[str, str]] = {}
    local_times: ClassVar[Sequence[str]] = ()
    """Columns that hold instants, written here as wall-clock times of the row's place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.local_times:
            if name in self.fields:
                self.initial[name] = wall_clock(self.initial.get(name), self.zone())
        dress(self)

    def number(self, name: str) -> Number | None:
        """As the table has it, its constraints included; under the form's own label where it gives one."""
        try:
            column = self._meta.model._meta.get_field(name)
        except FieldDoesNotExist:
            return super().number(name)
        number, label = number_of(column), self.fields[name].label
        if number is None or label in (None, capfirst(column.verbose_name)):
            return number
        return replace(number, label=without_unit(str(label)))

    def zone(self) -> ZoneInfo:
        """The zone of the place this row belongs to: as chosen, as it stands, or else the reader's."""
        chosen = getattr(self, "cleaned_data", {}).get("location")
        if chosen is None and getattr(self.instance, "location_id", None):
            chosen = self.instance.location
        return chosen.zone if chosen is not None else reader().zone

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.trim(cleaned)
        for name, value in list(cleaned.items()):
            number = self.number(name) if isinstance(value, Decimal | int) else None
            if number is not None and not number.limits.holds(Decimal(value)):
                self.add_error(name, number.refuse(value))
        for name in self.local_times:
            if cleaned.get(name) is not None:
                cleaned[name] = self.instant(name)
        return cleaned

    def instant(self, name: str) -> datetime | None:
        """The instant that one of `local_times` means."""
        return instant(self, name, self.zone())

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        refusal = getattr(self.request, "console_refusal", None)
        if refusal is not None:
            add_refusal(self, refusal, self.refusal_names)


FORMFIELD_OVERRIDES: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    models.DateField: {"widget": DateInput},
    models.TimeField: {"widget": TimeInput},
    models.DateTimeField: {"form_class": LocalDateTimeField, "widget": LocalDateTimeInput},
}
