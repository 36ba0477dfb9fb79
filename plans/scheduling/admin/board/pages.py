"""The addresses of the board: the page, what it asks for every few seconds, one visit's card, and what a click or a
drop does."""

from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from clinic.access.roles import Role
from clinic.access.visibility import may, visible
from clinic.console.acts import about, buttons, by_clicks, refused
from clinic.console.back import back_to
from clinic.console.base import ConsoleAdmin
from clinic.console.reader import reader
from clinic.console.refusals import refusals
from clinic.console.toasts import Toast, toast_response
from clinic.errors import DoesNotExist, Refusal, SlotTaken, TooEarly
from clinic.people.models import Practitioner, User
from clinic.places.models import Room
from clinic.places.wallclock import local_day_bounds
from clinic.words import clock_time
from plans.scheduling.admin.asked import seen_revision
from plans.scheduling.admin.board.asked import COLUMNS, VIEWS, Asked, board_asked
from plans.scheduling.admin.board.drawing import day_board, week_board
from plans.scheduling.admin.board.listing import visit_list
from plans.scheduling.admin.board.month import month_map
from plans.scheduling.admin.board.reading import token_of
from plans.scheduling.admin.gaps import gap_of
from plans.scheduling.admin.rows import url_of_work
from plans.scheduling.admin.times import when_asked
from plans.scheduling.admin.toasts import moved_toast
from plans.scheduling.looks import AT_ONCE, appointment_badge, decisions, override_flags
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title, why_rebook
from plans.scheduling.queries.conflicts import Wanted, at_once_with, named, wanted_for
from plans.scheduling.services import appointment_reschedule

CARD_ACTS = ("arrive", "fulfil", "confirm", "no_show", "take_back", "reschedule", "keep", "note", "cancel")


class BoardPages(ConsoleAdmin):
    """The calendar of visits as a board."""

    def get_urls(self) -> list[URLPattern]:
        card = path(
            "<path:object_id>/board/card/", self.admin_site.admin_view(self.card_view), name="plans_appointment_card"
        )
        drop = path(
            "<path:object_id>/board/drop/", self.admin_site.admin_view(self.drop_view), name="plans_appointment_drop"
        )
        return [card, drop, *super().get_urls()]

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
        rebook = why_rebook(row)
        names = [name for name in CARD_ACTS if name != "keep" or rebook]
        one_click, dialogs = by_clicks(buttons(self, user, row, names))
        beside = at_once_with(user, [row]).get(row.pk, [])
        context = {
            "row": row,
            "visit_title": title(row),
            "badge": appointment_badge(row, who.now),
            "flags": [*override_flags(row), *([AT_ONCE] if beside else [])],
            "at_once": beside,
            "rebook": rebook,
            "decisions": decisions(row),
            "work_url": url_of_work(row, who),
            "one_click": one_click,
            "dialogs": dialogs,
            "next": _back(request, row),
        }
        return TemplateResponse(request, "console/board_card.html", context)

    # A drop

    def drop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move a visit to where it was dropped, and say so in a toast; the page stays, and is told to look again."""
        row = self._row(request, object_id, "reschedule")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            with refusals():
                toast = self._move(request, row)
        except Refusal as refusal:
            toast, event = self._stays(request, row, refusal), "row-refused"
        else:
            event = "row-changed"
        return toast_response(request, toast, {event: about(row)}, _back(request, row))

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
        wanted = place_asked(request, row)
        moved = appointment_reschedule(
            appointment_id=row.pk,
            by=cast(User, request.user),
            starts_at=wanted.starts_at,
            practitioner=wanted.practitioner if wanted.practitioner != row.practitioner else None,
            room=wanted.room,
            override_reason=request.POST.get("override_reason", ""),
            revision=seen_revision(request),
        )
        if moved.revision == row.revision:
            return Toast(f"{row.patient} stays where they are.", about=str(row.pk))
        return moved_toast(moved, gap_of(row))

    def _stays(self, request: HttpRequest, row: Appointment, refusal: Refusal) -> Toast:
        """Why it was not moved, and where it still is; with the way to do it all the same for who may."""
        stays = f"{row.patient} stays at {clock_time(row.starts_at, row.location.zone)} with {row.practitioner}"
        right = "book_early" if isinstance(refusal, TooEarly) else ""
        if isinstance(refusal, SlotTaken):
            refusal = named(reader().user, refusal, place_asked(request, row))
            right = "overbook" if refusal.extra.get("taken") == ["practitioner"] else ""
        toast = refused(row, refusal, f"{stays}, {row.room}.")
        if not right or not may(request.user, right, row):
            return toast
        return replace(
            toast,
            again_url=reverse("admin:plans_appointment_drop", args=[row.pk]),
            again_title="Book over it" if right == "overbook" else "Move it there all the same",
            again={
                key: request.POST[key]
                for key in ("starts_at", "practitioner", "room", "revision")
                if request.POST.get(key)
            },
        )


_TEMPLATES = {"day": "grid", "week": "grid", "month": "month", "list": "list"}


def place_asked(request: HttpRequest, row: Appointment) -> Wanted:
    """Where a drop wants the visit to be. Raises `Invalid`."""
    user = cast(User, request.user)
    key = request.POST.get("practitioner", "")
    people = visible(Practitioner.objects.select_related("user"), user)
    room = request.POST.get("room", "")
    return wanted_for(
        row,
        starts_at=when_asked(request.POST.get("starts_at", ""), row.location),
        practitioner=row.practitioner if key in ("", str(row.practitioner_id)) else _one(people, key, "practitioner"),
        room=_one(visible(Room.objects.all(), user), room, "room") if room else None,
    )


def _one(rows: Any, key: str, attr: str) -> Any:
    try:
        found = rows.filter(pk=UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise DoesNotExist(key, attr=attr)
    return found


def _back(request: HttpRequest, row: Appointment) -> str:
    """The page that asked, or the board of the visit's day."""
    day = row.starts_at.astimezone(row.location.zone).date()
    board = f"{reverse('admin:plans_appointment_changelist')}?location={row.location_id}&day={day}"
    return back_to(request, board)


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
