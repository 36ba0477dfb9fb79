"""Working time in the console: weekly hours, breaks, extra days, closures and time off, side by side."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from unfold.decorators import display

from clinic.audit.history import recorded
from clinic.console.acts import Done
from clinic.console.base import SetUpAdmin
from clinic.console.filters import LocationFilter
from clinic.console.forms import ChoiceArrayField, ConsoleModelForm
from clinic.console.reader import reader
from clinic.console.registry import Job, job
from clinic.errors import Conflict, SoftWarning
from clinic.places import services
from clinic.places.admin.week import validity, weeks
from clinic.places.models import Break, Closure, ExtraHours, OpeningHours, TimeOff, Weekday
from clinic.places.wallclock import local_date, local_day_bounds, local_time
from clinic.records import Record

Made = tuple[Record, Sequence[SoftWarning]]

TABS = (
    ("Weekly hours", "openinghours"),
    ("Breaks", "break"),
    ("Extra days", "extrahours"),
    ("Closures", "closure"),
    ("Time off", "timeoff"),
)


class Concerned(Conflict):
    """Booked visits would stand outside working time; nothing is written before a person has read which."""

    code = "visits_concerned"

    def __init__(self, concerns: str) -> None:
        super().__init__(f"Nothing is changed yet. If it is: {concerns} They stay booked. Once more, if that is meant.")
        self.concerns = concerns


class HoursAdmin(SetUpAdmin):
    """A kind of working time: the list says what it is for, and leads to the others."""

    list_before_template = "console/parts/hours.html"
    change_form_template = "console/hours_form.html"
    deletion_says = "Visits that are booked stay as they are."
    lede: ClassVar[str]
    """What this kind is for, and what it does to the time of others."""
    take_away: ClassVar[Callable[..., Sequence[SoftWarning]]]
    """Calls the service that deletes a row; returns what that says of booked visits."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        tabs = [
            (name, reverse(f"admin:clinic_{model}_changelist"), model == self.opts.model_name)
            for name, model in TABS
            if reader().may(f"clinic.{model}", "view")
        ]
        context = {"tabs": tabs, "lede": self.lede, **(extra_context or {})}
        return super().changelist_view(request, context)

    @property
    def job_title(self) -> str:
        return next(name for name, model in TABS if model == self.opts.model_name)

    def choices_of(self, name: str, related: Any) -> QuerySet[Any]:
        rows = super().choices_of(name, related)
        return rows.select_related("user") if name == "practitioner" else rows

    def told(self, request: HttpRequest, *made: Made) -> list[Record]:
        """The rows that a service wrote, once somebody has seen which booked visits that concerns."""
        warnings = [warning for _, found in made for warning in found]
        self.look_first(request, warnings)
        self.warn(request, warnings)
        return [row for row, _ in made]

    def look_first(self, request: HttpRequest, warnings: Iterable[SoftWarning]) -> None:
        """Raises `Concerned`, so that nothing is written, where `warnings` says what this form was not told yet."""
        concerns = " ".join(warning.detail for warning in warnings)
        if concerns and concerns != request.POST.get("seen", ""):
            raise Concerned(concerns)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        refusal = getattr(request, "console_refusal", None)
        if isinstance(refusal, Concerned):
            context |= {"seen": refusal.concerns, "asks": refusal.detail, "errors": None}
            context["adminform"].form.errors.clear()
        return super().render_change_form(request, context, *args, **kwargs)

    def deletion(self, request: HttpRequest, row: Any, form: Any) -> Done:
        try:
            return super().deletion(request, row, form)
        except Concerned as refusal:
            form.data = form.data.copy()
            form.data["seen"] = refusal.concerns
            raise

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        warnings = self.take_away(obj)
        self.look_first(request, warnings)
        self.warn(request, warnings)


class WhoseForm(ConsoleModelForm):
    """Working time of a location, or of one of its practitioners."""

    everybody: ClassVar[str]
    """What it means to choose nobody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "practitioner" in self.fields:
            whose: Any = self.fields["practitioner"]
            whose.label, whose.empty_label, whose.help_text = "Whose", "The location", self.everybody
        if "valid_from" in self.fields:
            self.fields["valid_from"].label = "From"
            self.fields["valid_from"].help_text = "First day. Empty: it holds already."
            self.fields["valid_until"].label = "Until"
            self.fields["valid_until"].help_text = "Last day, included. Empty: it holds without end."


class HoursForm(WhoseForm):
    everybody = "The location: open for everybody. A practitioner: when they work here, while the location is open."


class BreakForm(WhoseForm):
    everybody = "The location: nobody is seen then. A practitioner: they alone are not."


class ExtraHoursForm(WhoseForm):
    everybody = "The location: for everybody without hours of their own. A practitioner: open for them alone."


class SeveralDays(ConsoleModelForm):
    """The same on several days of the week, written once."""

    weekdays = ChoiceArrayField(
        label="Days", choices=Weekday.choices, coerce=int, required=True, help_text="The same times on each of them."
    )
    refusal_names = {"weekday": "weekdays"}


class NewHoursForm(SeveralDays, HoursForm):
    """Weekly hours of several days."""


class NewBreakForm(SeveralDays, BreakForm):
    """A break on several days."""


class WeeklyAdmin(HoursAdmin):
    """Wall-clock time of a weekday."""

    new_form: ClassVar[type[ConsoleModelForm]]
    times: ClassVar[tuple[str, str]]
    make: ClassVar[Callable[..., Made]]
    list_display = ("weekday_shown", "hours", "whose", "holds", "location")
    list_select_related = ("location", "practitioner__user")
    list_filter = (LocationFilter,)

    @display(description="Day", ordering="weekday")
    def weekday_shown(self, row: Any) -> str:
        return str(Weekday(row.weekday).label)

    @display(description="Time")
    def hours(self, row: Any) -> str:
        first, last = (getattr(row, name) for name in self.times)
        return f"{first:%H:%M}–{last:%H:%M}"

    @display(description="Whose")
    def whose(self, row: Any) -> str:
        return str(row.practitioner or "The location")

    @display(description="Holds", ordering="valid_from")
    def holds(self, row: Any) -> str:
        return validity(row.valid_from, row.valid_until) or "Without end"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("location", "practitioner", "weekday" if obj else "weekdays", *self.times, "valid_from", "valid_until")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.Form]:
        if obj is None:
            kwargs["form"] = self.new_form
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("location", "practitioner") if obj else ()

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        days = data.pop("weekdays")
        with recorded():
            rows = self.told(request, *(type(self).make(weekday=day, **data) for day in days))
        request.console_made = ", ".join(self.name_of(row) for row in rows)  # type: ignore[attr-defined]
        return rows[0]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, f"{request.console_made}: saved.")  # type: ignore[attr-defined]
        return HttpResponseRedirect(self.url_after(obj), status=303)


@admin.register(OpeningHours)
class OpeningHoursAdmin(WeeklyAdmin):
    form, new_form = HoursForm, NewHoursForm
    times = ("opens_at", "closes_at")
    make = services.opening_hours_create
    lede = (
        "When a location is open in a usual week, and when its practitioners work there. Who has hours of their own "
        "works in those alone; who has none, or not yet, works whenever it is open."
    )
    empty_reason = "No hours yet: without them nothing can be booked. Add the days you open."

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"weeks": weeks(reader()), **(extra_context or {})})

    def update(self, request: HttpRequest, row: OpeningHours, data: dict[str, Any]) -> Record:
        return self.told(request, services.opening_hours_update(opening_hours_id=row.pk, changes=data))[0]

    def take_away(self, row: OpeningHours) -> Sequence[SoftWarning]:
        return services.opening_hours_delete(opening_hours_id=row.pk)


@admin.register(Break)
class BreakAdmin(WeeklyAdmin):
    form, new_form = BreakForm, NewBreakForm
    times = ("starts_at", "ends_at")
    make = services.break_create
    lede = "Pauses of a usual week, such as lunch: their time is not offered for booking."
    empty_reason = "No breaks. Add the lunch break once for all the days it is on."

    def update(self, request: HttpRequest, row: Break, data: dict[str, Any]) -> Record:
        return self.told(request, services.break_update(break_id=row.pk, changes=data))[0]

    def take_away(self, row: Break) -> Sequence[SoftWarning]:
        return services.break_delete(break_id=row.pk)


@admin.register(ExtraHours)
class ExtraHoursAdmin(HoursAdmin):
    form = ExtraHoursForm
    list_display = ("day", "hours", "whose", "reason", "location")
    list_select_related = ("location", "practitioner__user")
    list_filter = (LocationFilter,)
    ordering = ("-on", "opens_at")
    fields = ("location", "practitioner", "on", "opens_at", "closes_at", "reason")
    lede = (
        "Dates with other hours than the usual week’s: open on a Saturday, or longer on an evening. Breaks do not cut "
        "them; closures and time off do."
    )
    empty_reason = "No extra days. Add one to open on a date on which the usual week is closed, or for longer."

    @display(description="Date", ordering="on")
    def day(self, extra: ExtraHours) -> str:
        return reader().day(extra.on, extra.location.zone)

    @display(description="Time")
    def hours(self, extra: ExtraHours) -> str:
        return f"{extra.opens_at:%H:%M}–{extra.closes_at:%H:%M}"

    @display(description="Whose")
    def whose(self, extra: ExtraHours) -> str:
        return str(extra.practitioner or "The location")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("location", "practitioner") if obj else ()

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        return self.told(request, services.extra_hours_create(**data))[0]

    def update(self, request: HttpRequest, row: ExtraHours, data: dict[str, Any]) -> Record:
        return self.told(request, services.extra_hours_update(extra_hours_id=row.pk, changes=data))[0]

    def take_away(self, row: ExtraHours) -> Sequence[SoftWarning]:
        return services.extra_hours_delete(extra_hours_id=row.pk)


class PeriodForm(ConsoleModelForm):
    """From when until when: whole days, or to the minute."""

    local_times = ("starts_at", "ends_at")
    whole_days = forms.BooleanField(
        required=False, label="Whole days", help_text="From the first minute of the first day to the last of the last."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("starts_at", "From"), ("ends_at", "Until")):
            if name in self.fields:
                self.fields[name].label = label
        if not {"whole_days", *self.local_times} <= self.fields.keys():
            return  # who may only look has no fields
        self.fields["ends_at"].help_text = "Of whole days the last one, included; empty: one day."
        starts, ends = (self.initial.get(name) for name in self.local_times)
        is_whole = not starts or not ends or starts.time() == ends.time() == time.min
        self.fields["whole_days"].initial = is_whole
        if starts and ends and is_whole:
            self.initial["ends_at"] = ends - timedelta(days=1)
        if self.is_bound and self["whole_days"].data:
            data = cast(QueryDict, self.data).copy()
            for name in self.local_times:
                data[f"{name}_time"] = "00:00"
            if not data.get("ends_at_day"):
                data["ends_at_day"] = data.get("starts_at_day", "")
            self.data = data

    def instant(self, name: str) -> datetime | None:
        if not self.cleaned_data.get("whole_days"):
            return super().instant(name)
        first, following = local_day_bounds(self.cleaned_data[name].date(), self.zone())
        return first if name == "starts_at" else following


class PeriodAdmin(HoursAdmin):
    """A time between two instants."""

    form = PeriodForm
    make: ClassVar[Callable[..., Made]]
    ordering = ("-starts_at",)

    @display(description="From", ordering="starts_at")
    def from_when(self, row: Any) -> str:
        return self._said(row, row.starts_at, row.starts_at)

    @display(description="Until", ordering="ends_at")
    def until_when(self, row: Any) -> str:
        return self._said(row, row.ends_at, row.ends_at - timedelta(seconds=1))

    def zone_of(self, row: Any) -> ZoneInfo:
        """In which zone the period is read."""
        return reader().zone

    def _said(self, row: Any, instant: datetime, within: datetime) -> str:
        """The day of whole days, which holds `within`; else day and time of `instant`."""
        zone = self.zone_of(row)
        if all(local_time(one, zone) == time.min for one in (row.starts_at, row.ends_at)):
            return reader().day(local_date(within, zone), zone)
        return reader().moment(instant, zone)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        data.pop("whole_days")
        return self.told(request, type(self).make(**data))[0]


@admin.register(Closure)
class ClosureAdmin(PeriodAdmin):
    make = services.closure_create
    list_display = ("from_when", "until_when", "reason", "location")
    list_select_related = ("location",)
    list_filter = (LocationFilter,)
    fields = ("location", "whole_days", "starts_at", "ends_at", "reason")
    lede = "When a location is closed although its hours say open: a holiday, or works."
    empty_reason = "No closures. Add one for a holiday or works: its time is not offered for booking."

    def zone_of(self, row: Closure) -> ZoneInfo:
        return row.location.zone

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("location",) if obj else ()

    def update(self, request: HttpRequest, row: Closure, data: dict[str, Any]) -> Record:
        return self.told(request, services.closure_update(closure_id=row.pk, changes=data))[0]

    def take_away(self, row: Closure) -> Sequence[SoftWarning]:
        return services.closure_delete(closure_id=row.pk)


@admin.register(TimeOff)
class TimeOffAdmin(PeriodAdmin):
    make = services.time_off_create
    belongs_to_many = True
    list_display = ("practitioner", "from_when", "until_when", "reason")
    list_select_related = ("practitioner__user",)
    fields = ("practitioner", "whole_days", "starts_at", "ends_at", "reason")
    lede = "When a practitioner is away, at every location."
    empty_reason = "Nobody is away. Add time off, and that time is not offered for booking."

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        entered = {}
        if not self.has_add_permission(request):
            entered = {
                "lede": f"{self.lede} A manager enters it: ask them for yours.",
                "empty_reason": "Nobody is away.",
            }
        return super().changelist_view(request, entered | (extra_context or {}))

    def name_of(self, row: TimeOff) -> str:
        return f"{row.practitioner}: {row.reason or 'time off'}"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("practitioner",) if obj else ()

    def update(self, request: HttpRequest, row: TimeOff, data: dict[str, Any]) -> Record:
        return self.told(request, services.time_off_update(time_off_id=row.pk, changes=data))[0]

    def take_away(self, row: TimeOff) -> Sequence[SoftWarning]:
        return services.time_off_delete(time_off_id=row.pk)


job(
    Job(
        "Hours and time off",
        "admin:clinic_openinghours_changelist",
        "schedule",
        "clinic.openinghours",
        50,
        "set_up",
        also=tuple(f"admin:clinic_{model}_changelist" for _, model in TABS[1:]),
    )
)
