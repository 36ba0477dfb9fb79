"""A mail as it looks, in a frame: kept for a few minutes under an address that one person can open.

The words are a draft of 2,000 characters and more, too long for an address, and nothing is to be written by looking.
"""

import base64
from collections.abc import Mapping
from typing import Literal
from uuid import UUID, uuid4

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from clinic.cache import tried
from clinic.people.models import User
from plans.messages.render import RenderedMail

Scheme = Literal["light", "dark"]
KEPT_SECONDS = 600
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""What a mail may do when shown: be looked at."""
AT_NIGHT = "@media (prefers-color-scheme: dark)"
SHOWN: Mapping[Scheme, str] = {"light": "@media not all", "dark": "@media all"}
LINKS_OPEN_NOTHING = '<base target="_blank">'
"""In a sandbox that opens no windows."""


def page_of(mail: RenderedMail, scheme: Scheme) -> str:
    """The HTML of a mail as a page of its own, by day or by night whatever the reader's screen is set to."""
    html = mail.html.replace(AT_NIGHT, SHOWN[scheme]).replace("<head>", f"<head>{LINKS_OPEN_NOTHING}", 1)
    if mail.logo is not None:
        picture = f"data:image/png;base64,{base64.b64encode(mail.logo.content).decode()}"
        html = html.replace(f"cid:{mail.logo.content_id}", picture)
    return html


def keep(page: str, user: User) -> UUID | None:
    """The key under which `user` can open `page` for a while; None while the cache is away."""
    key = uuid4()

    def put() -> UUID:
        cache.set(_name(key, user), page, KEPT_SECONDS)
        return key

    return tried(put, None)


def kept(key: UUID, user: User) -> str | None:
    """The page that `user` kept under `key`; None where there is none, or it is somebody else's."""
    found: str | None = tried(lambda: cache.get(_name(key, user)), None)
    return found


def framed(page: str) -> HttpResponse:
    """`page` for a frame of ours, with nothing that it could do."""
    response = HttpResponse(page, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "no-store"
    return response


def scheme_asked(request: HttpRequest) -> Scheme:
    return "dark" if request.POST.get("scheme", request.GET.get("scheme")) == "dark" else "light"


def _name(key: UUID, user: User) -> str:
    return f"mail-preview:{user.pk}:{key}"
