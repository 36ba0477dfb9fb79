"""The addresses of the board: the page, what it asks for every few seconds, one visit's card, and what a click or a
drop does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from clinic.access.roles import Role
from clinic.access.visibility import may, visible
from clinic.console.acts import buttons
from clinic.console.base import ConsoleAdmin
from clinic.console.reader import reader
from clinic.console.refusals import in_words, refusals
from clinic.console.toasts import Toast, toast_response
from clinic.errors import DoesNotExist, Refusal, SlotTaken, TooEarly
from clinic.people.models import Practitioner, User
from clinic.places.models import Room
from clinic.places.wallclock import local_day_bounds
from clinic.words import clock_time
from plans.scheduling.admin.board.asked import COLUMNS, VIEWS, Asked, board_asked
from plans.scheduling.admin.board.conflicts import Wanted, in_the_way
from plans.scheduling.admin.board.drawing import day_board, week_board
from plans.scheduling.admin.board.listing import visit_list
from plans.scheduling.admin.board.month import month_map
from plans.scheduling.admin.board.reading import token_of
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.rows import url_of_work
from plans.scheduling.admin.times import when_asked
from plans.scheduling.admin.toasts import told
from plans.scheduling.availability import frame_of
from plans.scheduling.looks import appointment_badge, decisions, override_flags
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title, why_rebook
from plans.scheduling.services import (
    appointment_arrive,
    appointment_confirm,
    appointment_fulfil,
    appointment_reschedule,
    appointment_undo,
)

CARD_ONE_CLICK = ("arrive", "fulfil", "confirm")
CARD_DIALOGS = ("no_show", "reschedule", "keep", "note", "cancel")
GRANTS = {"move": "reschedule", "arrive": "arrive", "fulfil": "fulfil", "confirm": "confirm", "undo": "undo"}
"""What can be done on the board, and the right that each needs."""


class BoardPages(ConsoleAdmin):
    """The calendar of visits as a board."""

    def get_urls(self) -> list[URLPattern]:
        card = path(
            "<path:object_id>/board/card/", self.admin_site.admin_view(self.card_view), name="plans_appointment_card"
        )
        acts = path(
            "<path:object_id>/board/<slug:name>/",
            self.admin_site.admin_view(self.on_board_view),
            name="plans_appointment_on_board",
        )
        return [card, acts, *super().get_urls()]

    # Pages

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        who = reader()
        if not who.locations:
            raise PermissionDenied
        asked = board_asked(request, who, who.locations)
        choices: list[Choice] = []
        if asked.view != "day":
            asked, choices = _choices(asked)
        token = ""
        if asked.view in ("day", "week"):
            token = token_of(asked, _shown(asked), who.now)
            if request.GET.get("seen") == token:
                return HttpResponse(status=204)
        context: dict[str, Any] = {"asked": asked, "token": token, "next": request.path + asked.address()}
        if asked.view == "day":
            context["board"] = day_board(who, asked)
        elif asked.view == "week":
            context["board"] = week_board(who, asked)
        elif asked.view == "month":
            context["weeks"] = month_map(who, asked)
        if request.GET.get("part") == "board" and token:
            return TemplateResponse(request, "console/board_body.html", context)
        if asked.view == "list":
            cancelled = request.GET.get("cancelled") == "1"
            days, sheets, count = visit_list(who, asked, with_cancelled=cancelled)
            context |= {"days": days, "sheets": sheets, "count": count, "shows_cancelled": cancelled}
        context |= {
            **self.admin_site.each_context(request),
            "title": "Calendar",
            "crumbs": [("Calendar", "")],
            "opts": self.opts,
            "views": [(name, label, asked.address(view=name)) for name, label in VIEWS.items()],
            "columns_by": [(name, label, asked.address(by=name, who="")) for name, label in COLUMNS.items()],
            "locations": who.locations if who.several_locations else [],
            "choices": choices,
            "may_book": who.user.may("plans.appointment", "add", asked.location.pk),
            **(extra_context or {}),
        }
        return TemplateResponse(request, f"console/board_{_TEMPLATES[asked.view]}.html", context)

    def card_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One visit, and what can be done with it, for the board's popover."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        row = self._row(request, object_id, "view")
        who = reader()
        user = cast(User, request.user)
        one_click = [
            (button, reverse("admin:plans_appointment_on_board", args=[row.pk, name]))
            for name in CARD_ONE_CLICK
            for button in buttons(self, user, row, [name])
        ]
        rebook = why_rebook(row)
        context = {
            "row": row,
            "visit_title": title(row),
            "badge": appointment_badge(row, who.now),
            "flags": override_flags(row),
            "rebook": rebook,
            "decisions": decisions(row),
            "work_url": url_of_work(row, who),
            "one_click": one_click,
            "dialogs": [
                button
                for name in CARD_DIALOGS
                if name != "keep" or rebook
                for button in buttons(self, user, row, [name])
            ],
            "next": _back(request, row),
        }
        return TemplateResponse(request, "console/board_card.html", context)

    # What a click or a drop does

    def on_board_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Do `name` to a visit and say so in a toast; the page stays, and is told to look again."""
        if name not in GRANTS:
            raise Http404
        row = self._row(request, object_id, GRANTS[name])
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        about = str(row.pk)
        try:
            with refusals():
                toast = _ACTS[name](self, request, row)
        except Refusal as refusal:
            toast = self._refused(request, row, name, refusal)
            events: dict[str, object] = {"visit-refused": {"visit": about}}
        else:
            events = {"visits-changed": {"visit": about}}
        return toast_response(request, toast, events, _back(request, row))

    def _row(self, request: HttpRequest, object_id: str, grant: str) -> Appointment:
        user = cast(User, request.user)
        if not user.may(self.resource, grant):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not may(user, grant, row):
            raise PermissionDenied
        return cast(Appointment, row)

    def _move(self, request: HttpRequest, row: Appointment) -> Toast:
        wanted = wanted_of(request, row)
        moved = appointment_reschedule(
            appointment_id=row.pk,
            by=cast(User, request.user),
            starts_at=wanted.starts_at,
            practitioner=_asked_practitioner(request, row),
            room=_asked_room(request, row),
            override_reason=request.POST.get("override_reason", ""),
            revision=seen_revision(request),
        )
        if moved.revision == row.revision:
            return Toast(f"{row.patient} stays where they are.", about=str(row.pk))
        undo_url = reverse("admin:plans_appointment_on_board", args=[moved.pk, "undo"])
        return told(f"{moved.patient}. Moved to {visit_in_words(moved)}.", moved, undo_url=undo_url)

    def _arrive(self, request: HttpRequest, row: Appointment) -> Toast:
        appointment_arrive(appointment_id=row.pk, by=cast(User, request.user), revision=seen_revision(request))
        return Toast(f"{row.patient} is here.", about=str(row.pk))

    def _fulfil(self, request: HttpRequest, row: Appointment) -> Toast:
        appointment_fulfil(appointment_id=row.pk, by=cast(User, request.user))
        return Toast(f"{row.patient}: the visit took place.", about=str(row.pk))

    def _confirm(self, request: HttpRequest, row: Appointment) -> Toast:
        appointment_confirm(appointment_id=row.pk, by=cast(User, request.user))
        return Toast(f"{row.patient}: confirmed.", about=str(row.pk))

    def _undo(self, request: HttpRequest, row: Appointment) -> Toast:
        visit = appointment_undo(appointment_id=row.pk, by=cast(User, request.user))
        if visit.status == Appointment.Status.CANCELLED:
            return Toast(f"Undone: {visit.patient} is not booked any more.", about=str(row.pk))
        return Toast(f"Undone: {visit.patient} is back: {visit_in_words(visit)}.", about=str(row.pk))

    def _refused(self, request: HttpRequest, row: Appointment, name: str, refusal: Refusal) -> Toast:
        words = " ".join(in_words(refusal))
        if name != "move":
            return Toast(words, "stop", about=str(row.pk))
        taken = refusal.extra.get("taken", []) if isinstance(refusal, SlotTaken) else []
        if taken:
            words = in_the_way(reader(), wanted_of(request, row), taken) or words
        zone = row.location.zone
        toast = Toast(
            words,
            "stop",
            about=str(row.pk),
            detail=f"{row.patient} stays at {clock_time(row.starts_at, zone)} with {row.practitioner}, {row.room}.",
        )
        right = "overbook" if taken == ["practitioner"] else "book_early" if isinstance(refusal, TooEarly) else ""
        if not right or not may(request.user, right, row):
            return toast
        return replace(
            toast,
            again_url=reverse("admin:plans_appointment_on_board", args=[row.pk, "move"]),
            again_title="Book over it" if right == "overbook" else "Move it there all the same",
            again={
                key: request.POST[key]
                for key in ("starts_at", "practitioner", "room", "revision")
                if request.POST.get(key)
            },
        )


_ACTS: dict[str, Callable[[BoardPages, HttpRequest, Appointment], Toast]] = {
    "move": BoardPages._move,
    "arrive": BoardPages._arrive,
    "fulfil": BoardPages._fulfil,
    "confirm": BoardPages._confirm,
    "undo": BoardPages._undo,
}
_TEMPLATES = {"day": "grid", "week": "grid", "month": "month", "list": "list"}


def wanted_of(request: HttpRequest, row: Appointment) -> Wanted:
    """Where a drop wants the visit to be. Raises `Invalid`."""
    practitioner, room = _asked_practitioner(request, row), _asked_room(request, row)
    return Wanted(
        visit=row,
        practitioner_id=practitioner.pk if practitioner else row.practitioner_id,
        practitioner=str(practitioner or row.practitioner),
        room_id=room.pk if room else None,
        starts_at=when_asked(request.POST.get("starts_at", ""), row.location),
        buffers=frame_of(row.location_id).visit_length(row.kind).buffers,
    )


def _asked_practitioner(request: HttpRequest, row: Appointment) -> Practitioner | None:
    key = request.POST.get("practitioner", "")
    if not key or key == str(row.practitioner_id):
        return None
    people = visible(Practitioner.objects.select_related("user"), cast(User, request.user))
    return _one(people, key, "practitioner")


def _asked_room(request: HttpRequest, row: Appointment) -> Room | None:
    key = request.POST.get("room", "")
    return _one(visible(Room.objects.all(), cast(User, request.user)), key, "room") if key else None


def _one(rows: Any, key: str, attr: str) -> Any:
    try:
        found = rows.filter(pk=UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise DoesNotExist(key, attr=attr)
    return found


def seen_revision(request: HttpRequest) -> int | None:
    """The revision of the visit that the board showed, where the form or the address says so."""
    text = request.POST.get("revision") or request.GET.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _back(request: HttpRequest, row: Appointment) -> str:
    """The page that asked, or the board of the visit's day."""
    asked = request.POST.get("next") or request.GET.get("next", "")
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}):
        return asked
    day = row.starts_at.astimezone(row.location.zone).date()
    return f"{reverse('admin:plans_appointment_changelist')}?location={row.location_id}&day={day}"


def _shown(asked: Asked) -> tuple[datetime, datetime]:
    zone = asked.location.zone
    return local_day_bounds(asked.first, zone)[0], local_day_bounds(asked.last, zone)[1]


Choice = tuple[str, str, bool]
"""The key of a practitioner or room, the name, and whether it is what is shown."""


def _choices(asked: Asked) -> tuple[Asked, list[Choice]]:
    """Whose week or month can be looked at: one query; and what is asked for without somebody who is not there."""
    rows: QuerySet[Any]
    if asked.by == "room":
        rows = Room.objects.filter(location=asked.location)
    else:
        rows = Practitioner.objects.select_related("user").filter(
            user__memberships__location=asked.location, user__memberships__role=Role.PRACTITIONER
        )
    found = {str(row.pk): str(row) for row in rows}
    if asked.who not in found:
        asked = replace(asked, who="")
    return asked, [(key, name, key == asked.who) for key, name in found.items()]
