"""What was done, or refused, said at the edge of the page that the reader stays on, or sees next; with the way back
while there is one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import ceil
from typing import Any, Literal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string

from clinic import clock

KEPT_AS = "toast"
"""How a message that holds a toast is told from one in plain words."""


@dataclass(frozen=True, slots=True)
class Toast:
    """A few words, and what can be done about them."""

    words: str
    tone: Literal["done", "stop"] = "done"
    about: str = ""
    """The key of the row it is about: a later toast about the same row takes its place."""
    detail: str = ""
    """A second sentence: what the patient is told, where everything stayed."""
    undo_url: str = ""
    """Where a POST takes it back; empty where nothing can be undone."""
    seconds: int = 0
    """How long it can be taken back."""
    waits: str = "Mail leaves in"
    """What happens when they are over."""
    link_url: str = ""
    """What it made possible: a toast with a link stays until it is closed."""
    link_title: str = ""
    again_url: str = ""
    """Where the same can be asked for again with a reason, by who has the right."""
    again_title: str = ""
    again: Mapping[str, str] = field(default_factory=dict)
    """What that POST holds, beside the reason."""


def toast_response(request: HttpRequest, toast: Toast, events: Mapping[str, object], back: str) -> HttpResponse:
    """The toast alone for who asked by script, with `events` for the page; without script it stands on page `back`."""
    if "HX-Request" not in request.headers:
        toast_later(request, toast)
        return HttpResponseRedirect(back, status=303)
    # htmx swaps nothing from an answer that is no success, and a refusal is for people to read.
    response = HttpResponse(render_to_string("console/parts/toast.html", {"toast": toast}, request))
    response.headers["HX-Trigger-After-Swap"] = json.dumps(events)
    return response


def toast_later(request: HttpRequest, toast: Toast) -> None:
    """Show the toast on the page that the reader sees next."""
    level = messages.SUCCESS if toast.tone == "done" else messages.ERROR
    kept = asdict(toast) | {"until": clock.now().timestamp() + toast.seconds}
    messages.add_message(request, level, json.dumps(kept, ensure_ascii=False), extra_tags=KEPT_AS)


def toasts_of(waiting: Iterable[Any]) -> list[Toast]:
    """The toasts among the messages that wait for this page, each with the seconds that are left of it."""
    return [_toast(json.loads(str(message))) for message in waiting if message.extra_tags == KEPT_AS]


def _toast(kept: dict[str, Any]) -> Toast:
    left = max(ceil(kept.pop("until") - clock.now().timestamp()), 0)
    toast = Toast(**kept)
    return replace(toast, seconds=min(left, toast.seconds), undo_url=toast.undo_url if left else "")
