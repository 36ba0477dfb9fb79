"""`/feeds/{token}.ics`: a private calendar feed. Who holds the address reads it; nobody signs in."""

from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from clinic import clock
from clinic.access import counting
from clinic.access.signin import address_of
from plans.scheduling.feeds.queries import document_of, open_feed
from plans.scheduling.services import calendar_feed_note_reading

WINDOW_SECONDS, READINGS_PER_ADDRESS = 60, 60
"""A clinic behind one address reads all its calendars; who guesses tokens gets no further than this."""


@csrf_exempt  # nobody signs in: another method is answered with 405
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed, or 304 where the reader has it; the same 404 for every token that opens none; 429 past the limit."""
    if counting.add(f"feeds:{address_of(request)}", WINDOW_SECONDS) > READINGS_PER_ADDRESS:
        wait = str(counting.seconds_left(WINDOW_SECONDS))
        return _kept_private(HttpResponse("Too many requests.\n", status=429, headers={"Retry-After": wait}))
    feed = open_feed(token)
    if feed is None:
        return _kept_private(HttpResponse("There is no such calendar.\n", status=404))
    content = document_of(feed, clock.now())
    calendar_feed_note_reading(feed_id=feed.pk)
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={"ETag": etag, "Content-Disposition": 'inline; filename="calendar.ics"'},
    )
    return _kept_private(get_conditional_response(request, etag=etag, response=response) or response)


def _kept_private(response: HttpResponse) -> HttpResponse:
    """For this reader alone, asked for anew each time, and in no search engine."""
    if response.status_code not in (200, 304):
        response["Content-Type"] = "text/plain; charset=utf-8"
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    return response
