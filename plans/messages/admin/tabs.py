"""The tabs of the message list: what to look at, what leaves next, what has left, and all of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from clinic.access.visibility import visible
from clinic.console.filters import ChoiceFilter
from clinic.console.reader import Reader, reader
from plans.messages.models import PatientMessage
from plans.messages.queries import to_look_at

Status = PatientMessage.Status
Rows = QuerySet[PatientMessage]

OF_ANY_TAB = ("p", "o", "all", "e")
"""Page and order, as Django's lists have them in the address: they say nothing of what is asked for."""


class Tab(StrEnum):
    LOOK = "look"
    NEXT = "next"
    SENT = "sent"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Part:
    """What a tab holds, in which order, and why it may be empty."""

    title: str
    choose: Callable[[Rows], Rows]
    ordering: Sequence[str]
    empty: str


PARTS: Mapping[Tab, Part] = {
    Tab.LOOK: Part(
        "To look at",
        lambda rows: to_look_at(rows, reader().now),
        ("-due_at", "-id"),
        "Nothing to look at: every message left as it should.",
    ),
    Tab.NEXT: Part(
        "Next",
        lambda rows: rows.filter(status__in=(Status.PENDING, Status.SENDING)),
        ("due_at", "id"),
        "Nothing is planned. Messages are planned when a visit is booked.",
    ),
    Tab.SENT: Part(
        "Sent",
        lambda rows: rows.filter(status__in=PatientMessage.SENT),
        ("-sending_at", "-id"),
        "Nothing was sent yet.",
    ),
    Tab.ALL: Part(
        "All", lambda rows: rows, ("-due_at", "-id"), "No messages yet. They are planned when a visit is booked."
    ),
}


def tab_of(request: HttpRequest) -> Tab:
    """The tab that is asked for; without one what to look at, and among all where something is searched."""
    asked = request.GET.get("tab", "")
    if asked in set(Tab):
        return Tab(asked)
    return Tab.ALL if any(request.GET.get(name) for name in request.GET if name not in OF_ANY_TAB) else Tab.LOOK


def number_to_look_at(who: Reader) -> int:
    """How many messages wait for somebody: failed, of unknown outcome, or come back and nobody spoke to them."""
    return who.once(
        "messages to look at", lambda: visible(to_look_at(PatientMessage.objects.all(), who.now), who.user).count()
    )


def tabs(request: HttpRequest, who: Reader) -> list[tuple[str, str, bool, int | None]]:
    """Title, address, whether it is the present one, and how many it holds where that matters."""
    kept = [
        (name, value) for name in request.GET for value in request.GET.getlist(name) if name not in ("tab", *OF_ANY_TAB)
    ]
    present = tab_of(request)
    return [
        (
            part.title,
            "?" + urlencode([*kept, ("tab", tab.value)]),
            tab is present,
            number_to_look_at(who) if tab is Tab.LOOK else None,
        )
        for tab, part in PARTS.items()
    ]


class TabParameter(ChoiceFilter):
    """Lets `tab` stand in the address; it is chosen above the list, not among the filters."""

    title = parameter_name = "tab"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []


class MessageList(ChangeList):
    """The rows of the present tab."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Rows:
        return PARTS[tab_of(request)].choose(super().get_queryset(request, *args, **kwargs))
