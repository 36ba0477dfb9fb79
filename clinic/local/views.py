"""The mailbox's pages at /mailbox/, in local mode only."""

import os
from io import BytesIO
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic.local import inbox
from clinic.local.home import Home
from clinic.places.models import Location

HTML_PART_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
"""What a mail may do when shown: be looked at. It is a stranger's document on our own address."""

LINKS_OPEN_OUTSIDE = b'<base target="_blank">'


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("q", "").strip()
    mails = inbox.mails(_home())
    found = [mail for mail in mails if mail.is_about(asked)] if asked else mails
    page = Paginator(found, per_page=50).get_page(request.GET.get("page"))
    return render(request, "local/mail_list.html", {"page": page, "asked": asked, "zone": _zone()})


@require_safe
def mail_detail(request: HttpRequest, key: str) -> HttpResponse:
    return render(request, "local/mail_detail.html", {"mail": _mail(key), "zone": _zone()})


@require_safe
def mail_html(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML part alone, for the frame on the mail's page."""
    html = _mail(key).html
    if html is None:
        raise Http404
    response = HttpResponse(LINKS_OPEN_OUTSIDE + html.encode(), content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = f"{HTML_PART_POLICY} allow-popups allow-popups-to-escape-sandbox"
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


@require_safe
def mail_raw(request: HttpRequest, key: str) -> HttpResponse:
    """The mail as it came, byte by byte."""
    return HttpResponse(_mail(key).raw, content_type="text/plain; charset=utf-8")


@require_safe
def mail_part(request: HttpRequest, key: str, number: int) -> FileResponse:
    """An attachment, always to download: what it is was said by whoever sent it."""
    for part in _mail(key).parts:
        if part.number == number:
            content = BytesIO(part.content)
            return FileResponse(content, as_attachment=True, filename=part.name, content_type=part.content_type)
    raise Http404


def _zone() -> ZoneInfo:
    """The zone of the clinic's first location; UTC while there is none, or no database: mail is shown all the same."""
    try:
        location = Location.objects.first()
    except DatabaseError:
        location = None
    return location.zone if location else ZoneInfo("UTC")


def _home() -> Home:
    return Home.of(os.environ)


def _mail(key: str) -> inbox.Mail:
    mail = inbox.mail(_home(), key)
    if mail is None:
        raise Http404("There is no such mail.")
    return mail
