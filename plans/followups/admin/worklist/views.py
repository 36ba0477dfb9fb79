"""The desk's addresses: the list that keeps itself fresh, a row beside it, and what one click on it does.

With htmx each answers with the parts of the page that changed; without, it leads back to the list. Looking at a row
leaves a note in the shared cache for the others (`followups.claims`); nothing else is written by a GET.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from clinic.access.visibility import visible
from clinic.console.back import back_to
from clinic.console.reader import Reader, reader
from clinic.console.refusals import in_words, refusals
from clinic.console.toasts import Toast, toast_later
from clinic.errors import Conflict, Invalid, Refusal
from plans.followups.admin.worklist.calls import (
    AmendForm,
    CallForm,
    amend_form,
    attempt_in_words,
    call_toast,
    record_call,
    taken_back_toast,
)
from plans.followups.admin.worklist.context import list_context, list_url, row_named, side_context
from plans.followups.admin.worklist.lines import VISIT
from plans.followups.admin.worklist.opened import Opened, open_row
from plans.followups.claims import claim, release
from plans.followups.models import ContactAttempt
from plans.followups.services import attempt_amend, attempt_take_back
from plans.scheduling.admin.asked import seen_revision
from plans.scheduling.admin.gaps import gap_of
from plans.scheduling.admin.times import chosen_time
from plans.scheduling.admin.toasts import booked_toast, moved_toast, undone_toast
from plans.scheduling.admin.waitlist.joining import join
from plans.scheduling.admin.waitlist.rows import wishes_in_words
from plans.scheduling.models import Appointment
from plans.scheduling.services import (
    appointment_book,
    appointment_reschedule,
    appointment_undo,
    waitlist_accept,
)


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
            ("desk/attempt/<uuid:key>/undo/", require_POST(self.desk_take_back), "desk_take_back"),
            (row, require_GET(self.desk_row), "desk_row"),
            (f"{row}book/", require_POST(self.desk_book), "desk_book"),
            (f"{row}wait/", require_POST(self.desk_wait), "desk_wait"),
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
        mine = row_named(who, opened) if opened else None
        if mine is not None and not mine.gone and mine.may_work(who):
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
                visit = self._book(request, who, opened)
        except Refusal as refusal:
            return self._refused(request, who, kind, key, refusal)
        release(opened.patient.pk, who.user)
        undo_url = reverse("admin:plans_followup_desk_undo", args=[visit.pk])
        before = opened.visit or opened.present
        if before is not None:
            return self._done(request, who, moved_toast(visit, gap_of(before), undo_url=undo_url))
        return self._done(request, who, booked_toast(visit, undo_url=undo_url))

    def _book(self, request: HttpRequest, who: Reader, opened: Opened) -> Appointment:
        if opened.gone:
            raise Conflict(opened.gone)
        chosen = chosen_time(who.user, request.POST.get("slot", ""))
        taken = {"by": who.user, "starts_at": chosen.starts_at, "practitioner": chosen.practitioner}
        if opened.entry is not None:
            accepted = waitlist_accept(entry_id=opened.entry.pk, revision=seen_revision(request), **taken)
            return cast(Appointment, accepted.appointment)
        if opened.visit is not None:
            return appointment_reschedule(appointment_id=opened.visit.pk, revision=seen_revision(request), **taken)
        return appointment_book(location=opened.location, **taken, **(opened.booking or {}))

    def desk_wait(self, request: HttpRequest, kind: str, key: UUID) -> HttpResponse:
        """Put the patient on the waitlist for the open row, with what suits them anyhow."""
        who = self._reader(request)
        opened = open_row(who, kind, key)
        if opened.subject is None or not who.user.may("plans.waitlistentry", "add", opened.location.pk):
            raise PermissionDenied
        try:
            with refusals():
                entry = join(who.user, opened.subject, opened.location)
        except Refusal as refusal:
            return self._refused(request, who, kind, key, refusal)
        toast = Toast(
            f"{entry.patient} is on the waitlist.",
            detail=f"{wishes_in_words(who, entry)}.",
            link_url=reverse("admin:plans_waitlistentry_change", args=[entry.pk]),
            link_title="Say more",
        )
        if "HX-Request" not in request.headers:
            return self._done(request, who, toast)
        return self._fresh(request, who, kind, key, toast=toast)

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
                attempt = record_call(who, opened, **form.cleaned_data)
        except Refusal as refusal:
            return self._refused(request, who, kind, key, refusal)
        said = attempt_in_words(who, attempt)
        undo_url = f"{reverse('admin:plans_followup_desk_take_back', args=[attempt.pk])}?open={opened.id}"
        if attempt.outcome == ContactAttempt.Outcome.PUT_OFF:
            release(opened.patient.pk, who.user)
            return self._done(request, who, call_toast(said, attempt, undo_url=undo_url))
        if "HX-Request" not in request.headers:
            return self._done(request, who, call_toast(said, attempt, undo_url=undo_url))
        # What came of it stands in the row, where more can be said of it.
        toast = call_toast(f"{attempt.patient}: written down.", attempt, undo_url=undo_url)
        recorded = {"recorded": attempt, "said": said, "amend": amend_form(attempt), "toast": toast}
        return _follow(self._fresh(request, who, kind, key, **recorded))

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
                said = attempt_in_words(who, attempt)
            except Refusal as refusal:
                form.add_error(None, in_words(refusal))
        if "HX-Request" not in request.headers:
            return self._done(request, who, Toast(said) if said else Toast("Nothing was changed.", tone="stop"))
        context = list_context(who, _asked_of(request), request.POST.get("open", ""))
        context |= {"recorded": attempt, "said": said, "amend": form, "saved": bool(said), "next": _next(request)}
        return TemplateResponse(request, "console/desk/amended.html", context)

    def desk_take_back(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """What was written down was a slip: it is gone, and the row about which it was is open again."""
        who = self._reader(request)
        rows = ContactAttempt.objects.select_related("location", "patient")
        attempt = visible(rows, who.user).filter(pk=key).first()
        if attempt is None:
            raise Http404
        if not who.may_on("undo", attempt):
            raise PermissionDenied
        try:
            with refusals():
                attempt_take_back(attempt_id=key, by=who.user)
        except Refusal as refusal:
            return self._done(request, who, Toast(" ".join(in_words(refusal)), tone="stop"))
        toast = taken_back_toast(attempt)
        about = row_named(who, request.GET.get("open", ""))
        if about is None or "HX-Request" not in request.headers:
            return self._done(request, who, toast)
        return _follow(self._fresh(request, who, about.kind, about.key, toast=toast), about.id)

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
        return self._done(request, who, undone_toast(undone), row=_row_of(undone))

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
            toast_later(request, toast)
            return HttpResponseRedirect(_next(request), status=303)
        # After a refusal what stands beside the list stays there.
        context = list_context(who, _asked_of(request), "") | {"toast": toast, "side": toast.tone != "stop"}
        return _follow(TemplateResponse(request, "console/desk/fresh.html", context), row)

    def _refused(self, request: HttpRequest, who: Reader, kind: str, key: UUID, refusal: Refusal) -> HttpResponse:
        """The row as it stands now, with why not; nothing was changed."""
        said = " ".join(in_words(refusal))
        if "HX-Request" not in request.headers:
            return self._done(request, who, Toast(said, tone="stop"))
        # htmx swaps nothing from an answer that is no success.
        return self._fresh(request, who, kind, key, refused=said)

    def _fresh(self, request: HttpRequest, who: Reader, kind: str, key: UUID, **more: Any) -> HttpResponse:
        """The list and the open row as they stand now, and `more` for the page."""
        opened, asked = open_row(who, kind, key), _asked_of(request)
        context = list_context(who, asked, opened.id) | side_context(who, opened, asked) | {"side": True, **more}
        return TemplateResponse(request, "console/desk/fresh.html", context)


def _next(request: HttpRequest) -> str:
    """The list from which something was posted, as it was searched and paged."""
    asked = back_to(request)
    return asked if asked.startswith(f"{list_url()}?") else list_url()


def _asked_of(request: HttpRequest) -> QueryDict:
    """What the list shows on the page from which something was posted."""
    return QueryDict(_next(request).partition("?")[2])


def _follow(response: HttpResponse, row: str = "") -> HttpResponse:
    """Tell the page where the focus goes: to `row`, or to the one that took the place of what was open."""
    response.headers["HX-Trigger-After-Settle"] = f'{{"desk:done": {{"row": "{row}"}}}}'
    return response


def _row_of(visit: Appointment) -> str:
    """The row that stands for it again after an undo; empty where that cannot be told."""
    if visit.is_live:
        return f"{VISIT}-{visit.pk}"
    obligation = visit.session_id or visit.follow_up_id
    return f"{visit.kind}-{obligation}" if obligation else ""
