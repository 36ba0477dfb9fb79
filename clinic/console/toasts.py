"""What was done, or refused, said at the edge of the page that the reader stays on; with the way back while there is
one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string


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
    again_url: str = ""
    """Where the same can be asked for again with a reason, by who has the right."""
    again_title: str = ""
    again: Mapping[str, str] = field(default_factory=dict)
    """What that POST holds, beside the reason."""


def toast_response(request: HttpRequest, toast: Toast, events: Mapping[str, object], back: str) -> HttpResponse:
    """The toast alone for who asked by script, with `events` for the page; without script a message on page `back`."""
    if "HX-Request" not in request.headers:
        level = messages.SUCCESS if toast.tone == "done" else messages.ERROR
        messages.add_message(request, level, " ".join(filter(None, (toast.words, toast.detail))))
        return HttpResponseRedirect(back, status=303)
    # htmx swaps nothing from an answer that is no success, and a refusal is for people to read.
    response = HttpResponse(render_to_string("console/parts/toast.html", {"toast": toast}, request))
    response.headers["HX-Trigger-After-Swap"] = json.dumps(events)
    return response
