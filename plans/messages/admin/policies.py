"""What a location sends and when: one page, read as sentences, with what a booking now would send beside it.

The page holds the whole draft. A button that adds or removes a line posts it and gets it back changed; nothing is
written but by “Save”. Without script each of these is a page of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from clinic import words
from clinic.access.visibility import visible
from clinic.console.base import SetUpAdmin
from clinic.console.reader import Reader, reader
from clinic.console.refusals import refusals
from clinic.console.registry import Job, job
from clinic.errors import Invalid, Refusal
from clinic.places.models import Location
from clinic.places.wallclock import at_wall_clock
from plans.messages.looks import in_words
from plans.messages.models import POLICY_KINDS, MessageKind, MessagePolicy
from plans.messages.models.policies import AFTER_AN_HOUR, AT_A_TIME_OF_DAY, BEFORE_A_VISIT
from plans.messages.outlook import Line, in_parts, outlook
from plans.messages.policies import message_policies_set, rows_for, timing_faults
from plans.messages.policy import DEFAULTS, Timing
from plans.messages.queries import policy_from
from plans.scheduling.models import VisitKind

EVERY_VISIT = ""
PREVIEW_DAYS_AHEAD = 14
PREVIEW_AT, PREVIEW_MINUTES = time(10), 30
LONGEST_AHEAD = timedelta(days=730)
WHAT_FOR: Mapping[MessageKind, str] = {
    MessageKind.CONFIRMATION: "Says that a visit is booked, with the calendar entry.",
    MessageKind.CHANGED: "Says that a visit has moved.",
    MessageKind.CANCELLED: "Says that a visit does not take place.",
    MessageKind.OFFER: "Offers an earlier time to who waits.",
    MessageKind.REMINDER: "Reminds of a visit, with the ways to confirm, move and cancel it.",
    MessageKind.PREPARATION: "How to prepare for a session.",
    MessageKind.AFTERCARE: "What to mind after a session.",
    MessageKind.CHECK_IN: "Asks how the recovery goes, on the days that the protocol says.",
    MessageKind.OVERDUE: "Asks once to book a follow-up whose time has passed.",
}
RISKS: Mapping[MessageKind, str] = {
    MessageKind.CONFIRMATION: "Patients are not told that a visit is booked.",
    MessageKind.CHANGED: "Patients are not told that a visit has moved.",
    MessageKind.CANCELLED: "Patients are not told that a visit does not take place.",
}
ONLY_ABOUT: Mapping[MessageKind, VisitKind] = {
    MessageKind.PREPARATION: VisitKind.SESSION,
    MessageKind.AFTERCARE: VisitKind.SESSION,
    MessageKind.CHECK_IN: VisitKind.SESSION,
    MessageKind.OVERDUE: VisitKind.FOLLOW_UP,
}
"""The kinds that only one kind of visit has."""


class Mode(StrEnum):
    STANDARD = "standard"
    OWN = "own"
    OFF = "off"


@dataclass(slots=True)
class Row:
    """One line of the draft, as typed."""

    amount: str = ""
    unit: str = "days"
    at: str = ""
    fault: str = ""

    @classmethod
    def of(cls, timing: Timing) -> "Row":
        at = f"{timing.send_at:%H:%M}" if timing.send_at is not None else ""
        if timing.days_before is not None:
            return cls(str(timing.days_before), "days", at)
        hours = timing.hours_before if timing.hours_before is not None else timing.hours_after
        return cls("" if hours is None else str(hours), "hours", at)

    def timing(self, kind: MessageKind) -> Timing | None:
        """What it says; None, with the fault in words, where it says nothing that can be."""
        try:
            return self._timing(kind)
        except ValueError as error:
            self.fault = str(error)
            return None

    def _timing(self, kind: MessageKind) -> Timing:
        if kind in AT_A_TIME_OF_DAY:
            return Timing(kind, send_at=_time(self.at))
        if kind in AFTER_AN_HOUR:
            return Timing(kind, hours_after=_number(self.amount, "hours after the session"))
        if self.unit == "hours":
            return Timing(kind, hours_before=_number(self.amount, "hours before the visit"))
        return Timing(kind, days_before=_number(self.amount, "days before the visit"), send_at=_time(self.at))


def _number(text: str, what: str) -> int:
    if not text.strip().isdecimal() or len(text.strip()) > 4:
        said = f"“{text.strip()[:20]}” is not" if text.strip() else "Give"
        raise ValueError(f"{said} a whole number of {what}.")
    return int(text)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text.strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        said = f"“{text.strip()[:20]}” is not" if text.strip() else "Give"
        raise ValueError(f"{said} a time of day, such as 10:00.") from None


@dataclass(slots=True)
class Kind:
    """One kind of mail in the draft."""

    kind: MessageKind
    mode: Mode
    rows: list[Row] = field(default_factory=list)
    inherited: Sequence[Timing] = ()
    """What holds where it is left to the standard."""
    faults: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.kind.value

    @property
    def title(self) -> str:
        return str(self.kind.label)

    @property
    def what_for(self) -> str:
        return WHAT_FOR[self.kind]

    @property
    def risk(self) -> str:
        """What follows where it is off."""
        return RISKS.get(self.kind, "")

    @property
    def shape(self) -> str:
        """How its lines read: `at_once`, `before`, `after` or `time`."""
        if self.kind in BEFORE_A_VISIT:
            return "before"
        if self.kind in AFTER_AN_HOUR:
            return "after"
        return "time" if self.kind in AT_A_TIME_OF_DAY else "at_once"

    @property
    def inherited_in_words(self) -> str:
        return ", ".join(sentence(timing) for timing in self.inherited) or "not sent"

    def timings(self) -> list[Timing] | None:
        """What is sent; None: as inherited. Lines that say nothing that can be are left out, and marked."""
        if self.mode is Mode.STANDARD:
            return None
        if self.mode is Mode.OFF:
            return []
        if self.shape == "at_once":
            return [Timing(self.kind)]
        return [timing for row in self.rows if (timing := row.timing(self.kind)) is not None]

    def check(self) -> None:
        """Mark what cannot be."""
        timings = self.timings()
        if self.mode is Mode.OWN and not self.rows and self.shape != "at_once":
            self.faults.append("Add a line, or choose Off.")
        self.faults += [fault.detail for fault in timing_faults(self.kind, timings or [])]

    @property
    def has_faults(self) -> bool:
        return bool(self.faults) or any(row.fault for row in self.rows if self.mode is Mode.OWN)


def sentence(timing: Timing) -> str:
    """“7 days before at 10:00”, “3 hours before”, “1 hour after”, “at 10:00”, “at once”."""
    said = in_words(timing.kind, timing.offset)
    if timing.send_at is not None:
        said = f"{said} at {timing.send_at:%H:%M}".strip()
    return said or "at once"


@dataclass(slots=True)
class Preview:
    """The visit for which the preview is drawn, as asked, and what it would send."""

    visit_kind: str
    day: str
    at: str
    parts: list[tuple[str, list[Line]]] = field(default_factory=list)
    fault: str = ""
    starts_at: datetime | None = None


@admin.register(MessagePolicy)
class MessagePolicyAdmin(SetUpAdmin):
    fields = ("location",)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A line has no page but the one of its location and kind of visit."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self._page(request, row.location, row.visit_kind)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page of one location and kind of visit. Raises PermissionDenied, and Http404 for a form that was made
        for a location which the reader does not see."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        own = list(visible(Location.objects.all(), reader().user))
        key, visit_kind = request.GET.get("location", ""), request.GET.get("visits", EVERY_VISIT)
        found = [place for place in own if str(place.pk) == key]
        is_known = visit_kind in (EVERY_VISIT, *VisitKind.values)
        if not own or (request.method == "POST" and ((key and not found) or not is_known)):
            raise Http404
        return self._page(request, (found or own)[0], visit_kind if is_known else EVERY_VISIT)

    def _page(self, request: HttpRequest, location: Location, visit_kind: str) -> HttpResponse:
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        user = reader().user
        may_change = user.is_superuser or location.pk in user.locations_where(self.resource, "change")
        if request.method != "POST":
            return self._show(request, location, visit_kind, list(_stored(location, visit_kind)), may_change=may_change)
        if not may_change:
            raise PermissionDenied
        draft = list(_posted(request.POST, location, visit_kind))
        operation, _, about = request.POST.get("op", "").partition(":")
        _alter(draft, operation, about)
        for kind in draft:
            kind.check()
        refusal = None
        if operation == "save" and not any(kind.has_faults for kind in draft):
            refusal = self._save(request, location, visit_kind, draft)
            if refusal is None:
                return HttpResponseRedirect(self._address(location, visit_kind), status=303)
        return self._show(request, location, visit_kind, draft, refusal=refusal, may_change=True)

    def _address(self, location: Location, visit_kind: str) -> str:
        return f"{self.list_url}?location={location.pk}&visits={visit_kind}"

    def _save(self, request: HttpRequest, location: Location, visit_kind: str, draft: Sequence[Kind]) -> Refusal | None:
        try:
            with refusals():
                message_policies_set(
                    location_id=location.pk,
                    visit_kind=visit_kind,
                    choices={kind.kind: kind.timings() for kind in draft},
                )
        except Refusal as refusal:
            return refusal
        messages.success(request, f"{location}: saved. Visits that are booked already follow within two minutes.")
        return None

    def _show(
        self,
        request: HttpRequest,
        location: Location,
        visit_kind: str,
        draft: Sequence[Kind],
        *,
        may_change: bool,
        refusal: Refusal | None = None,
    ) -> HttpResponse:
        who = reader()
        preview = _preview(request, who, location, visit_kind, draft)
        places = list(visible(Location.objects.all(), who.user))
        kinds = [(EVERY_VISIT, "Every visit"), *((kind.value, str(kind.label)) for kind in VisitKind)]
        context = {
            **self.admin_site.each_context(request),
            "title": "Message policies",
            "crumbs": [(self.job_title, self.list_url), (location.name, "")],
            "location": location,
            "visit_kind": visit_kind,
            "places": places if len(places) > 1 else [],
            "kinds": kinds,
            "draft": draft,
            "standard": "Standard" if visit_kind == EVERY_VISIT else "As for every visit",
            "preview": preview,
            "zone": words.zone_name(location.zone),
            "address": self._address(location, visit_kind),
            "may_change": may_change,
            "refusal": refusal,
            "faults": sum(kind.has_faults for kind in draft),
            "may_see_words": who.may("plans.messagewording", "view"),
            "location_url": reverse("admin:clinic_location_change", args=[location.pk]),
            "opts": self.opts,
        }
        return TemplateResponse(request, "console/message_policies.html", context)


def _kinds_of(visit_kind: str) -> list[MessageKind]:
    order = [*BEFORE_A_VISIT, *AFTER_AN_HOUR, *AT_A_TIME_OF_DAY]
    first = [kind for kind in POLICY_KINDS if kind not in order]
    if visit_kind == EVERY_VISIT:
        return [*first, *order]
    return [kind for kind in (*first, *order) if ONLY_ABOUT.get(kind, visit_kind) == visit_kind]


def _inherited(location: Location, visit_kind: str, kind: MessageKind, rows: Sequence[MessagePolicy]) -> list[Timing]:
    """What is sent of `kind` where this page says nothing."""
    if visit_kind == EVERY_VISIT:
        return [timing for timing in DEFAULTS if timing.kind == kind]
    general = [row for row in rows if row.visit_kind == EVERY_VISIT]
    return policy_from(location, general, visit_kind).of_kind(kind)


def _stored(location: Location, visit_kind: str) -> Iterator[Kind]:
    rows = list(MessagePolicy.objects.filter(location=location))
    for kind in _kinds_of(visit_kind):
        inherited = _inherited(location, visit_kind, kind, rows)
        own = [row for row in rows if row.kind == kind and row.visit_kind == visit_kind]
        timings = policy_from(location, own, visit_kind).of_kind(kind) if own else inherited
        shown = timings or inherited or [timing for timing in DEFAULTS if timing.kind == kind]
        mode = Mode.STANDARD if not own else Mode.OWN if timings else Mode.OFF
        yield Kind(kind, mode, [Row.of(timing) for timing in shown], inherited)


def _posted(data: QueryDict, location: Location, visit_kind: str) -> Iterator[Kind]:
    rows = list(MessagePolicy.objects.filter(location=location))
    for kind in _kinds_of(visit_kind):
        mode = data.get(f"{kind.value}-mode", "")
        amounts, units, times = (data.getlist(f"{kind.value}-{name}") for name in ("amount", "unit", "at"))
        number = max(len(amounts), len(times))
        typed = [
            Row(_at(amounts, place), _at(units, place) or "days", _at(times, place)) for place in range(min(number, 12))
        ]
        inherited = _inherited(location, visit_kind, kind, rows)
        yield Kind(kind, Mode(mode) if mode in set(Mode) else Mode.STANDARD, typed, inherited)


def _at(values: Sequence[str], place: int) -> str:
    return values[place].replace("\x00", "") if place < len(values) else ""


def _alter(draft: Sequence[Kind], operation: str, about: str) -> None:
    """Add or remove the line that a button says."""
    name, _, place = about.partition(":")
    for kind in draft:
        if kind.name != name:
            continue
        if operation == "add":
            kind.mode = Mode.OWN
            kind.rows.append(Row("1", "days", "10:00"))
        elif operation == "drop" and place.isdecimal() and int(place) < len(kind.rows):
            kind.mode = Mode.OWN
            del kind.rows[int(place)]


def _preview(request: HttpRequest, who: Reader, location: Location, visit_kind: str, draft: Sequence[Kind]) -> Preview:
    """What a visit booked now would send under the draft."""
    asked = request.POST if request.method == "POST" else request.GET
    today = who.today_at(location.zone)
    kind = asked.get("for", "") if asked.get("for", "") in VisitKind.values else visit_kind or VisitKind.SESSION.value
    preview = Preview(
        visit_kind if visit_kind != EVERY_VISIT else kind,
        asked.get("day", "") or (today + timedelta(days=PREVIEW_DAYS_AHEAD)).isoformat(),
        asked.get("time", "") or f"{PREVIEW_AT:%H:%M}",
    )
    try:
        starts_at = at_wall_clock(date.fromisoformat(preview.day), _time(preview.at), location.zone)
        if not who.now < starts_at < who.now + LONGEST_AHEAD:
            raise ValueError("The visit is to come, within two years.")
    except Invalid as error:
        preview.fault = error.detail
        return preview
    except ValueError as error:
        preview.fault = str(error) if "visit" in str(error) or "time of day" in str(error) else "Give a day."
        return preview
    standing = MessagePolicy.objects.filter(location=location).exclude(visit_kind=visit_kind)
    rows = [
        row
        for one in draft
        if (timings := one.timings()) is not None
        for row in rows_for(location, visit_kind, one.kind, timings)
    ]
    policy = policy_from(location, [*standing, *rows], preview.visit_kind)
    preview.starts_at = starts_at
    preview.parts = in_parts(outlook(policy, starts_at, PREVIEW_MINUTES, who.now))
    return preview


job(
    Job(
        "Message policies", "admin:plans_messagepolicy_changelist", "notifications", "plans.messagepolicy", 90, "set_up"
    )
)
