"""The console's sidebar: by job, not by table; permissions decide what is there."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from clinic.console.reader import Reader, reader
from clinic.console.registry import Job, jobs


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar. A group of which the reader may see nothing is empty and stays away."""
    who = reader()
    here = request.path
    daily = [
        {
            "title": "Today",
            "icon": "today",
            "link": reverse("admin:index"),
            "active": here == reverse("admin:index"),
        },
        *_entries("daily", who, here),
    ]
    set_up = _entries("set_up", who, here)
    return [
        {"items": daily},
        {"title": "Set-up", "items": set_up, "is_open": any(entry["active"] for entry in set_up)},
    ]


def _entries(group: str, who: Reader, here: str) -> list[dict[str, Any]]:
    return [_entry(one, who, here) for one in jobs(group) if who.may(one.resource, one.action)]


def _entry(one: Job, who: Reader, here: str) -> dict[str, Any]:
    link = reverse(one.url_name)
    active = here.startswith((link, *(reverse(name) for name in one.also)))
    entry: dict[str, Any] = {"title": one.title, "icon": one.icon, "link": link, "active": active}
    if one.badge is not None and (count := one.badge(who)):
        entry["badge"] = str(count)
    return entry
