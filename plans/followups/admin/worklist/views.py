"""The desk's addresses: the list that keeps itself fresh, a row beside it, and what one click on it does.

With htmx each answers with the parts of the page that changed; without, it leads back to the list. Looking at a row
leaves a note in the shared cache for the others (`followups.claims`); nothing else is written by a GET.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from clinic import clock, words
from clinic.access.visibility import visible
from clinic.console.forms import DateInput, dress
from clinic.console.reader import Reader, reader
from clinic.console.refusals import in_words, refusals
from clinic.console.toasts import Toast
from clinic.errors import Invalid, Refusal
from clinic.people.models import Practitioner
from clinic.places.models import Location, OpeningHours
from plans.followups.admin.worklist.lines import VISIT, lines, taken
from plans.followups.admin.worklist.offers import MOST_DAYS, SHOWN_DAYS, chosen_of, offers
from plans.followups.admin.worklist.opened import Opened, open_row
from plans.followups.admin.worklist.tabs import NAMES, NOBODY, QUIET, Asked, Tab, Worklist, all_counts
from plans.followups.claims import claim, claims, release
from plans.followups.models import ContactAttempt
from plans.followups.rules import next_try
from plans.followups.services import attempt_amend, attempt_record, attempt_record_for_patient
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.toasts import told
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, appointment_reschedule, appointment_undo

CALLED = (
    (ContactAttempt.Outcome.NO_ANSWER, "phone_missed"),
    (ContactAttempt.Outcome.LEFT_MESSAGE, "voicemail"),
    (ContactAttempt.Outcome.REACHED, "phone_in_talk"),
    (ContactAttempt.Outcome.DECLINED, "phone_disabled"),
    (ContactAttempt.Outcome.WRONG_NUMBER, "wrong_location"),
)
"""What can come of a call, each a button of its own."""


class CallForm(forms.Form):
    """What came of a call, or until when it was put off."""

    outcome = forms.CharField(max_length=20)
    note = forms.CharField(max_length=500, required=False)
    next_try_on = forms.DateField(required=False)


class AmendForm(forms.Form):
    next_try_on = forms.DateField(required=False, label="Try again on", widget=DateInput)
    note = forms.CharField(max_length=500, required=False, widget=forms.TextInput(attrs={"placeholder": "Note"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class DeskViews:
    """The worklist's addresses, below that of the follow-ups."""

    admin_site: Any
    has_view_permission: Callable[[HttpRequest], bool]

    def get_urls(self) -> list[URLPattern]:
        row = "desk/<slug:kind>/<uuid:key>/"
        own: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("desk/", require_GET(self.desk_list), "desk"),
            ("desk/release/", require_POST(self.desk_release), "desk_release"),
            ("desk/undo/<uuid:key>/", require_POST(self.desk_undo), "desk_undo"),
            ("desk/attempt/<uuid:key>/", require_POST(self.desk_amend), "desk_amend"),
            (row, require_GET(self.desk_row), "desk_row"),
            (f"{row}book/", require_POST(self.desk_book), "desk_book"),
            (f"{row}call/", require_POST(self.desk_call), "desk_call"),
        ]
        found = [
            path(route, self.admin_site.admin_view(view), name=f"plans_followup_{name}") for route, view, name in own
        ]
        return [*found, *super().get_urls()]  # type: ignore[misc]

    # The list

    def desk_list(self, request: HttpRequest) -> HttpResponse:
        """The list as it stands now; 204 where the page shows just that already.

        `open` names the row that is open beside it: the reader keeps it, and is told where it was seen to meanwhile.
        """
        who = self._reader(request)
        opened = request.GET.get("open", "")
        mine = _row_named(who, opened) if opened else None
        if mine is not None and not mine.gone:
            claim(mine.patient.pk, who.user)
        shown = list_context(who, request.GET, opened)
        news = mine if mine is not None and mine.gone else None
        if shown["seen"] == request.GET.get("seen") and news is None:
            return HttpResponse(status=204)
        context = shown | (side_context(who, news, request.GET) if news is not None else {})
        return TemplateResponse(request, "console/desk/fresh.html", context | {"side": news is not None})

    def desk_release(self, request: HttpRequest) -> HttpResponse:
        """The reader has closed a row: it is anybody's again."""
        who = self._reader(request)
        with suppress(ValueError):
            release(UUID(request.POST.get("left", "")), who.user)
        return HttpResponse(status=204)

    # One row

    def desk_row(self, request: HttpRequest, kind: str, key: UUID) -> HttpResponse:
        """The row beside the list, with the best times and the last calls."""
        who = self._reader(request)
        if "HX-Request" not in request.headers:
            return HttpResponseRedirect(f"{list_url()}?open={kind}-{key}")
        opened = open_row(who, kind, key)
        self._leave(request, who, opened)
        return TemplateResponse(request, "console/desk/side.html", side_context(who, opened, request.GET))

    def desk_book(self, request: HttpRequest, kind: str, key: UUID) -> HttpResponse:
        """Book the time that was clicked, or move the visit there."""
        who = self._reader(request)
        opened = open_row(who, kind, key)
        if not opened.may_book(who):
            raise PermissionDenied
        try:
            with refusals():
                visit = self._book(who, opened, request.POST.get("slot", ""))
        except Refusal as refusal:
            return self._refused(request, who, kind, key, refusal)
        release(opened.patient.pk, who.user)
        return self._done(request, who, _booked(visit, is_moved=opened.visit is not None))

    def _book(self, who: Reader, opened: Opened, slot: str) -> Appointment:
        practitioner_key, starts_at = chosen_of(slot)
        people = visible(Practitioner.objects.select_related("user"), who.user)
        practitioner = people.filter(pk=practitioner_key).first()
        if practitioner is None:
            raise Invalid("This is no time on offer. Choose another one.", attr="slot")
        if opened.visit is not None:
            return appointment_reschedule(
                appointment_id=opened.visit.pk, by=who.user, starts_at=starts_at, practitioner=practitioner
            )
        return appointment_book(
            by=who.user,
            location=opened.location,
            practitioner=practitioner,
            starts_at=starts_at,
            **(opened.booking or {}),
        )

    def desk_call(self, request: HttpRequest, kind: str, key: UUID) -> HttpResponse:
        """Write down what came of a call to the patient, with the day of the next try unless one is given."""
        who = self._reader(request)
        opened = open_row(who, kind, key)
        if not opened.may_call(who):
            raise PermissionDenied
        form = CallForm(request.POST)
        try:
            if not form.is_valid():
                raise Invalid(next(iter(form.errors.values()))[0], attr=next(iter(form.errors)))
            with refusals():
                attempt = self._record(who, opened, **form.cleaned_data)
        except Refusal as refusal:
            return self._refused(request, who, kind, key, refusal)
        said = _attempt_in_words(who, attempt)
        if attempt.outcome == ContactAttempt.Outcome.PUT_OFF:
            release(opened.patient.pk, who.user)
            return self._done(request, who, Toast(said))
        if "HX-Request" not in request.headers:
            return self._done(request, who, Toast(said))
        fresh = open_row(who, kind, key)
        asked = _asked_of(request)
        context = list_context(who, asked, fresh.id) | side_context(who, fresh, asked)
        context |= {"side": True, "recorded": attempt, "said": said, "amend": _amend_form(attempt)}
        return _follow(TemplateResponse(request, "console/desk/fresh.html", context))

    def _record(self, who: Reader, opened: Opened, *, outcome: str, note: str, next_try_on: Any) -> ContactAttempt:
        channel = (
            ContactAttempt.Channel.OTHER if outcome == ContactAttempt.Outcome.PUT_OFF else ContactAttempt.Channel.CALL
        )
        if next_try_on is None:
            next_try_on = next_try(outcome, clock.today(opened.location.zone), weekdays_of(opened.location))
        said = {"channel": channel, "outcome": outcome, "note": note, "next_try_on": next_try_on}
        if opened.follow_up is not None:
            return attempt_record(follow_up_id=opened.follow_up.pk, by=who.user, **said)
        return attempt_record_for_patient(patient_id=opened.patient.pk, location=opened.location, by=who.user, **said)

    def desk_amend(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Another day for the next try, or a note, for what was just written down."""
        who = self._reader(request)
        rows = ContactAttempt.objects.select_related("location", "patient")
        attempt = visible(rows, who.user, "add").filter(pk=key).first()
        if attempt is None:
            raise Http404
        form = AmendForm(request.POST)
        said = ""
        if form.is_valid():
            try:
                with refusals():
                    attempt = attempt_amend(attempt_id=key, by=who.user, **form.cleaned_data)
                said = _attempt_in_words(who, attempt)
            except Refusal as refusal:
                form.add_error(None, in_words(refusal))
        if "HX-Request" not in request.headers:
            return self._done(request, who, Toast(said) if said else Toast("Nothing was changed.", tone="stop"))
        context = list_context(who, _asked_of(request), request.POST.get("open", ""))
        context |= {"recorded": attempt, "said": said, "amend": form, "saved": bool(said), "next": _next(request)}
        return TemplateResponse(request, "console/desk/amended.html", context)

    def desk_undo(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Take back what the toast said; the row comes back."""
        who = self._reader(request)
        visit = visible(Appointment.objects.select_related("patient", "location"), who.user).filter(pk=key).first()
        if visit is None:
            raise Http404
        if not who.may_on("undo", visit):
            raise PermissionDenied
        try:
            with refusals():
                undone = appointment_undo(appointment_id=key, by=who.user)
        except Refusal as refusal:
            return self._done(request, who, Toast(" ".join(in_words(refusal)), tone="stop"))
        back = (
            f"{undone.patient}: undone."
            if not undone.is_live
            else f"Undone: {undone.patient} is at {_at(undone)} again."
        )
        return self._done(request, who, Toast(back, about=str(undone.pk)), row=_row_of(undone))

    # What every answer has

    def _reader(self, request: HttpRequest) -> Reader:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return reader()

    def _leave(self, request: HttpRequest, who: Reader, opened: Opened) -> None:
        """Let go of the row that was open before this one."""
        try:
            left = UUID(request.GET.get("left", ""))
        except ValueError:
            return
        if left != opened.patient.pk:
            release(left, who.user)

    def _done(self, request: HttpRequest, who: Reader, toast: Toast, *, row: str = "") -> HttpResponse:
        """The list without what was seen to, the side empty, and what was done."""
        if "HX-Request" not in request.headers:
            said = " ".join(filter(None, (toast.words, toast.detail)))
            (messages.error if toast.tone == "stop" else messages.success)(request, said)
            return HttpResponseRedirect(_next(request), status=303)
        # After a refusal what stands beside the list stays there.
        context = list_context(who, _asked_of(request), "") | {"toast": toast, "side": toast.tone != "stop"}
        return _follow(TemplateResponse(request, "console/desk/fresh.html", context), row)

    def _refused(self, request: HttpRequest, who: Reader, kind: str, key: UUID, refusal: Refusal) -> HttpResponse:
        """The row as it stands now, with why not; nothing was changed."""
        said = " ".join(in_words(refusal))
        if "HX-Request" not in request.headers:
            return self._done(request, who, Toast(said, tone="stop"))
        fresh = open_row(who, kind, key)
        asked = _asked_of(request)
        context = list_context(who, asked, fresh.id) | side_context(who, fresh, asked)
        # htmx swaps nothing from an answer that is no success.
        return TemplateResponse(request, "console/desk/fresh.html", context | {"side": True, "refused": said})


def list_url() -> str:
    return reverse("admin:plans_followup_changelist")


def list_context(who: Reader, query: QueryDict, opened: str) -> dict[str, Any]:
    """The list that `query` asks for: a fixed number of queries, and one round trip to the cache."""
    asked = Asked.by(query)
    work = Worklist(who, asked.text)
    counts = work.counts() if asked.text else all_counts(who)
    tab = asked.tab or (Tab.OVERDUE if counts[Tab.OVERDUE] else Tab.DUE)
    page = work.page(tab, counts.get(tab), asked.page)
    found = lines(who, tab, list(page.object_list))
    found = taken(found, claims({line.patient_key for line in found}, who.user))
    address = asked.query(tab, p=str(page.number) if page.number > 1 else "")
    icon, why, what = NOBODY[tab]
    context = {
        "tab": tab,
        "tabs": [(one, NAMES[one], counts.get(one), asked.query(one)) for one in Tab],
        "quiet": QUIET,
        "is_alone": tab in (*QUIET, Tab.WAITLIST),
        "text": asked.text,
        "page": page,
        "lines": found,
        "opened_id": opened,
        "query": address,
        "here": f"{list_url()}?{address}",
        "icon": icon,
        "why": why,
        "what": what,
        "total": sum(all_counts(who).values()),
    }
    drawn = render_to_string("console/desk/list.html", context)
    seen = blake2b(drawn.encode(), digest_size=8, person=b"worklist").hexdigest()
    return context | {"drawn": drawn, "seen": seen}


def side_context(who: Reader, opened: Opened, query: QueryDict) -> dict[str, Any]:
    """What stands beside the list for an open row."""
    shown = _shown_days(query)
    asked = Asked.by(query)
    of_list = asked.query(asked.tab, p=asked.page) if asked.tab else ""
    back = f"{list_url()}?{of_list}" if of_list else list_url()
    is_bookable = not opened.gone and opened.subject is not None and opened.may_book(who) and not opened.blocked
    today = who.now.astimezone(opened.location.zone).date()
    soon = next_try(ContactAttempt.Outcome.NO_ANSWER, today, weekdays_of(opened.location)) or today
    return {
        "opened": opened,
        "bar": opened.bar(who),
        "taken_by": claim(opened.patient.pk, who.user) if not opened.gone else None,
        "offers": offers(who, opened.location, opened.subject, shown, opened.known)
        if is_bookable and opened.subject
        else None,
        "blocked": opened.blocked if not opened.gone else "",
        "attempts": opened.attempts(),
        "acts": opened.acts(who) if not opened.gone else [],
        "called": [(outcome.value, outcome.label, icon) for outcome, icon in CALLED] if opened.may_call(who) else [],
        "full_page": opened.full_page(back) if opened.may_book(who) else "",
        "call_page": opened.call_page(back),
        "others_open": shown > SHOWN_DAYS,
        "next": back,
        "query_of_list": of_list,
        "soon": soon,
        "today": today,
        "zone": opened.location.zone,
    }


def page_context(who: Reader, query: QueryDict) -> dict[str, Any]:
    """What the whole page shows: the list, and beside it the row that the address names."""
    opened = _row_named(who, query.get("open", ""))
    context = list_context(who, query, opened.id if opened is not None else "")
    if opened is not None:
        context |= side_context(who, opened, QueryDict(f"{context['query']}&days={query.get('days', '')}"))
    return context


def weekdays_of(location: Location) -> frozenset[int]:
    """The ISO weekdays on which the location is open: one query."""
    own = OpeningHours.objects.filter(location=location, practitioner=None)
    return frozenset(own.values_list("weekday", flat=True))


def _shown_days(query: QueryDict) -> int:
    text = query.get("days", "")
    return (
        min(max(int(text), SHOWN_DAYS), MOST_DAYS)
        if text.isascii() and text.isdigit() and len(text) < 4
        else SHOWN_DAYS
    )


def _row_named(who: Reader, name: str) -> Opened | None:
    """The row of this name; None where there is none, or the reader does not see it."""
    kind, _, key = name.partition("-")
    try:
        return open_row(who, kind, UUID(key))
    except (Http404, ValueError):
        return None


def _next(request: HttpRequest) -> str:
    """The list from which something was posted, as it was searched and paged."""
    came_from = urlsplit(request.headers.get("HX-Current-URL", ""))
    asked = request.POST.get("next") or f"{came_from.path}?{came_from.query}"
    return asked if asked.startswith(f"{list_url()}?") and url_has_allowed_host_and_scheme(asked, None) else list_url()


def _asked_of(request: HttpRequest) -> QueryDict:
    """What the list shows on the page from which something was posted."""
    return QueryDict(_next(request).partition("?")[2])


def _follow(response: HttpResponse, row: str = "") -> HttpResponse:
    """Tell the page where the focus goes: to `row`, or to the one that took the place of what was open."""
    response.headers["HX-Trigger-After-Settle"] = f'{{"desk:done": {{"row": "{row}"}}}}'
    return response


def _booked(visit: Appointment, *, is_moved: bool) -> Toast:
    words = f"{visit.patient}. {'Moved to' if is_moved else 'Booked:'} {visit_in_words(visit)}."
    return told(words, visit, undo_url=reverse("admin:plans_followup_desk_undo", args=[visit.pk]))


def _row_of(visit: Appointment) -> str:
    """The row that stands for it again after an undo; empty where that cannot be told."""
    if visit.is_live:
        return f"{VISIT}-{visit.pk}"
    obligation = visit.session_id or visit.follow_up_id
    return f"{visit.kind}-{obligation}" if obligation else ""


def _at(visit: Appointment) -> str:
    return words.within(reader().moment(visit.starts_at, visit.location.zone))


def _attempt_in_words(who: Reader, attempt: ContactAttempt) -> str:
    """“Mock Dogwood: no answer, again tomorrow.”"""
    outcome = ContactAttempt.Outcome(attempt.outcome).label.lower()
    if not attempt.next_try_on:
        return f"{attempt.patient}: {outcome}."
    again = words.within(who.day(attempt.next_try_on, attempt.location.zone))
    if attempt.outcome == ContactAttempt.Outcome.PUT_OFF:
        return f"{attempt.patient}: put off to {again}."
    return f"{attempt.patient}: {outcome}, again {again}."


def _amend_form(attempt: ContactAttempt) -> AmendForm:
    return AmendForm(initial={"next_try_on": attempt.next_try_on, "note": attempt.note})
