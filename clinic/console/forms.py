"""Forms of the console: native date and time inputs, local times, unfold's looks on every control."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.db import models
from django.http import HttpRequest
from unfold.widgets import (
    CHECKBOX_CLASSES,
    INPUT_CLASSES,
    RADIO_CLASSES,
    TEXTAREA_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
)

from clinic.console.reader import reader
from clinic.console.refusals import add_refusal
from clinic.errors import Invalid
from clinic.places.wallclock import at_wall_clock


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


class ActForm(forms.Form):
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


class ReasonForm(ActForm):
    """A transition that needs a reason."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ConsoleModelForm(forms.ModelForm[Any]):
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

    def zone(self) -> ZoneInfo:
        """The zone of the place this row belongs to: as chosen, as it stands, or else the reader's."""
        chosen = getattr(self, "cleaned_data", {}).get("location")
        if chosen is None and getattr(self.instance, "location_id", None):
            chosen = self.instance.location
        return chosen.zone if chosen is not None else reader().zone

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.local_times:
            if cleaned.get(name) is not None:
                cleaned[name] = instant(self, name, self.zone())
        return cleaned

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
