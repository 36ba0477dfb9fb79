"""Booking the next visits of a plan at once: the wishes, a preview with every visit, and one click for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.enums import ActionVariant

from clinic.access.visibility import visible
from clinic.console.acts import act
from clinic.console.forms import ChoiceArrayField, InWords, TimeInput, dress
from clinic.console.reader import reader
from clinic.console.refusals import in_words, refusals
from clinic.errors import Invalid, Refusal
from clinic.people.models import Practitioner, User
from clinic.places.models import Weekday
from clinic.places.wallclock import local_date
from clinic.words import count_of, within
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.times import TimeChoice, key_of, read_key, time_key
from plans.scheduling.availability import Slot, frame_of
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.queries import title
from plans.scheduling.ranking import spread
from plans.scheduling.series import Proposed, Series, SeriesWishes, propose
from plans.scheduling.services import SeriesVisit, plan_book_series
from plans.treatment.models import ProcedureSession, TreatmentPlan

TIMES_A_DAY, OTHER_TIMES_A_DAY = 8, 4
"""Of the proposed practitioner, and of all the others."""
DAYS_SHOWN = 14
"""Of the days on which one visit could be instead, those nearest to the proposed one."""


class SeriesForm(InWords, forms.Form):
    """When and with whom they want to come; the address carries it."""

    count = forms.IntegerField(min_value=1, max_value=50, required=False, label="How many", help_text="Empty: all.")
    practitioner = forms.ModelChoiceField(
        queryset=Practitioner.objects.none(), required=False, label="With", empty_label="Whoever is in charge first"
    )
    weekdays = ChoiceArrayField(choices=Weekday.choices, coerce=int, label="Days", help_text="None: every day.")
    time_from = forms.TimeField(required=False, label="Not before", widget=TimeInput)
    time_until = forms.TimeField(required=False, label="Done by", widget=TimeInput)

    def __init__(self, plan: TreatmentPlan, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = list(frame_of(plan.location_id).practitioners)
        field = cast(forms.ModelChoiceField, self.fields["practitioner"])
        field.queryset = Practitioner.objects.select_related("user").filter(pk__in=able)
        dress(self)

    def wishes(self) -> SeriesWishes:
        return SeriesWishes(**{name: value for name, value in self.cleaned_data.items() if value})


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One visit of the preview."""

    visit: Proposed
    name: str
    """What its choice is called in the form."""
    chosen: str
    """Its time in words, for whom nothing else can be chosen."""
    days: list[tuple[date, list[TimeChoice]]]
    note: str
    """Why there is little to choose; empty where there is."""


def is_to_book(plan: TreatmentPlan) -> bool:
    """Whether sessions of it can be booked now: one query, for a plan whose visits can be."""
    if plan.status not in TreatmentPlan.MAY_BOOK:
        return False
    planned = plan.sessions.filter(status__in=ProcedureSession.MAY_BOOK)
    return planned.exclude(appointments__status__in=LIVE_STATUSES).exists()


class BooksSeries:
    """Gives the plan's admin the act of booking its next visits at once."""

    @act(
        "Book the series",
        grant="book_series",
        is_legal=is_to_book,
        icon="event_upcoming",
        variant=ActionVariant.PRIMARY,
        is_whole=True,
    )
    def book_series(self: Any, request: HttpRequest, row: TreatmentPlan) -> HttpResponse:
        """GET proposes, POST books what was chosen."""
        form = SeriesForm(row, request.GET)
        refused: list[str] = []
        status = 200
        picked: Mapping[str, str] = {}
        if request.method == "POST":
            picked = request.POST.dict()
            try:
                with refusals():
                    booked = plan_book_series(
                        plan_id=row.pk, by=cast(User, request.user), visits=_chosen(reader().user, row, picked)
                    )
            except Refusal as refusal:
                refused, status = in_words(refusal), 409
            else:
                messages.success(request, _booked(row, booked))
                return HttpResponseRedirect(self.url_of(row), status=303)
        series: Series | None = None
        if form.is_valid():
            try:
                with refusals():
                    series = propose(row, form.wishes())
            except Refusal as refusal:
                refused += in_words(refusal)
        context = {
            **self.admin_site.each_context(request),
            "title": "Book the series",
            "crumbs": [*self.crumbs(row), ("Book the series", "")],
            "opts": self.opts,
            "plan": row,
            "form": form,
            "refused": refused,
            "rows": [_row(one, series, picked) for one in series.visits] if series is not None else [],
            "back": self.url_of(row),
            "mails": row.patient.is_reachable_by_email,
        }
        return TemplateResponse(request, "console/series.html", context, status=status)


def _row(visit: Proposed, series: Series, picked: Mapping[str, str]) -> SeriesRow:
    zone = series.frame.zone
    name = f"visit-{visit.session.pk}"
    proposed = key_of(visit.practitioner.pk, visit.starts_at)
    wanted = picked.get(name, proposed)
    days: dict[date, list[Slot]] = {}
    for slot in visit.choices:
        days.setdefault(local_date(slot.starts_at, zone), []).append(slot)
    own = local_date(visit.starts_at, zone)
    near = sorted(sorted(days, key=lambda day: abs((day - own).days))[:DAYS_SHOWN])

    def choice(slot: Slot) -> TimeChoice:
        key = time_key(slot)
        text = f"{reader().moment(slot.starts_at, zone)}, {series.practitioners[slot.practitioner_id]}"
        return TimeChoice(key, text, is_chosen=key == wanted)

    shown = [(day, [choice(slot) for slot in _few(days[day], visit, {proposed, wanted})]) for day in near]
    note = "" if len(days) > 1 else "No other day is free that keeps the days between the visits."
    return SeriesRow(visit, name, reader().moment(visit.starts_at, zone), shown, note)


def _few(slots: Sequence[Slot], visit: Proposed, keep: set[str]) -> list[Slot]:
    """Some of a day's times, of the proposed practitioner more than of the others; what is chosen is among them."""
    own = [slot for slot in slots if slot.practitioner_id == visit.practitioner.pk]
    others = [slot for slot in slots if slot.practitioner_id != visit.practitioner.pk]
    kept = [slot for slot in slots if time_key(slot) in keep]
    return spread(own, TIMES_A_DAY, [*spread(others, OTHER_TIMES_A_DAY), *kept])


def _booked(plan: TreatmentPlan, visits: Sequence[Appointment]) -> str:
    """Each visit with its time, leading to its page, and how long it can be undone there."""
    grace = plan.location.grace_seconds
    undo = f" Each can be undone on its page for {count_of(grace, 'second')}." if grace else ""
    each = [
        (reverse("admin:plans_appointment_change", args=[one.pk]), f"{title(one)}: {within(visit_in_words(one))}")
        for one in visits
    ]
    links = format_html_join("; ", '<a class="c-link" href="{}">{}</a>', each)
    return format_html("{}: {} booked. {}.{}", plan.patient, count_of(len(visits), "visit"), links, undo)


def _chosen(user: User, plan: TreatmentPlan, picked: Mapping[str, str]) -> list[SeriesVisit]:
    """What the form chose for each session. Raises `Invalid` for what was never offered."""
    wanted = {name.removeprefix("visit-"): value for name, value in picked.items() if name.startswith("visit-")}
    try:
        sessions = {str(one.pk): one for one in plan.sessions.filter(pk__in=list(wanted))}
        times = {key: read_key(value) for key, value in wanted.items()}
        people = visible(Practitioner.objects.select_related("user"), user)
        practitioners = people.in_bulk([practitioner for practitioner, _ in times.values()])
        return [
            SeriesVisit(sessions[key], starts_at, practitioners[practitioner])
            for key, (practitioner, starts_at) in times.items()
        ]
    except (KeyError, ValidationError, Invalid):
        raise Invalid("These times are no longer on offer. Look at the new ones.") from None
