"""What a visit booked now would send under a draft."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest

from clinic.console.reader import Reader
from clinic.errors import Invalid
from clinic.places.models import Location
from clinic.places.wallclock import at_wall_clock
from plans.messages.admin.policies.draft import EVERY_VISIT, Kind, time_of_day
from plans.messages.models import MessagePolicy
from plans.messages.outlook import Line, in_parts, outlook
from plans.messages.policies import rows_for
from plans.messages.queries import policy_from
from plans.scheduling.models import VisitKind

PREVIEW_DAYS_AHEAD = 14
PREVIEW_AT, PREVIEW_MINUTES = time(10), 30
LONGEST_AHEAD = timedelta(days=730)


@dataclass(slots=True)
class Preview:
    """The visit for which the preview is drawn, as asked, and what it would send."""

    visit_kind: str
    day: str
    at: str
    parts: list[tuple[str, list[Line]]] = field(default_factory=list)
    fault: str = ""
    starts_at: datetime | None = None


def preview_of(
    request: HttpRequest, who: Reader, location: Location, visit_kind: str, draft: Sequence[Kind]
) -> Preview:
    """What a visit booked now would send under the draft."""
    asked = request.POST if request.method == "POST" else request.GET
    today = who.today_at(location.zone)
    kind = asked.get("for", "") if asked.get("for", "") in VisitKind.values else visit_kind or VisitKind.SESSION.value
    preview = Preview(
        visit_kind if visit_kind != EVERY_VISIT else kind,
        asked.get("day", "") or (today + timedelta(days=PREVIEW_DAYS_AHEAD)).isoformat(),
        asked.get("time", "") or f"{PREVIEW_AT:%H:%M}",
    )
    try:
        starts_at = _starts_at(preview, location, who.now)
    except (Invalid, ValueError) as error:
        preview.fault = str(error)
        return preview
    standing = MessagePolicy.objects.filter(location=location).exclude(visit_kind=visit_kind)
    rows = [
        row
        for one in draft
        if (timings := one.timings()) is not None
        for row in rows_for(location, visit_kind, one.kind, timings)
    ]
    policy = policy_from(location, [*standing, *rows], preview.visit_kind)
    preview.starts_at = starts_at
    preview.parts = in_parts(outlook(policy, starts_at, PREVIEW_MINUTES, who.now))
    return preview


def _starts_at(preview: Preview, location: Location, now: datetime) -> datetime:
    """The instant that was asked for. Raises `Invalid` or `ValueError` where there is none, in words."""
    try:
        day = date.fromisoformat(preview.day)
    except ValueError:
        raise ValueError("Give a day.") from None
    starts_at = at_wall_clock(day, time_of_day(preview.at), location.zone)
    if not now < starts_at < now + LONGEST_AHEAD:
        raise ValueError("The visit is to come, within two years.")
    return starts_at
