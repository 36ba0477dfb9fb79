"""Which board an address asks for: place, day, view and columns. All of its state stands in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, QueryDict

from clinic.console.reader import Reader
from clinic.places.models import Location

VIEWS = {"day": "Day", "week": "Week", "month": "Month", "list": "List"}
COLUMNS = {"practitioner": "Practitioners", "room": "Rooms"}
YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Asked:
    """A place, a day, and how to look at it."""

    location: Location
    view: str
    day: date
    by: str
    """Whether columns, or the one chosen, are practitioners or rooms."""
    who: str
    """The key of the one practitioner or room of a week or month; empty for everybody."""
    span: str
    """How much a list shows: a day or a week."""
    today: date
    """The present day at the location."""

    @property
    def chosen(self) -> UUID | None:
        """The one practitioner or room that is asked for; None for everybody."""
        return UUID(self.who) if self.who else None

    @property
    def is_everybody(self) -> bool:
        """Whether the columns are days that everybody shares."""
        return self.view == "week" and not self.who

    @property
    def is_one_day(self) -> bool:
        return self.view == "day" or (self.view == "list" and self.span == "day")

    @property
    def is_week(self) -> bool:
        return self.view == "week" or (self.view == "list" and self.span == "week")

    @property
    def first(self) -> date:
        """The first day that is shown."""
        if self.is_week:
            return self.day - timedelta(days=self.day.weekday())
        return self.day.replace(day=1) if self.view == "month" else self.day

    @property
    def last(self) -> date:
        """The last day that is shown."""
        if self.is_week:
            return self.first + timedelta(days=6)
        return _after_month(self.day) - timedelta(days=1) if self.view == "month" else self.day

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]

    def address(self, **changes: Any) -> str:
        """The address of this board with `changes`; what says the usual is left out."""
        wanted = {
            "location": str(self.location.pk),
            "view": self.view,
            "day": self.day,
            "by": self.by,
            "who": self.who,
            "span": self.span,
            **changes,
        }
        usual = {"view": "day", "by": "practitioner", "who": "", "span": "day"}
        query = {name: str(value) for name, value in wanted.items() if value != usual.get(name)}
        return f"?{urlencode(query)}"

    @property
    def today_url(self) -> str:
        return self.address(day=self.today)

    @property
    def one_day_url(self) -> str:
        return self.address(span="day")

    @property
    def whole_week_url(self) -> str:
        return self.address(span="week")

    @property
    def shows_today(self) -> bool:
        return self.first <= self.today <= self.last

    @property
    def kept(self) -> dict[str, str]:
        """What a form that asks for another day keeps of the address."""
        return {"location": str(self.location.pk), "view": self.view, "by": self.by, "who": self.who, "span": self.span}

    @property
    def earlier(self) -> str:
        return self.address(day=self._step(-1))

    @property
    def later(self) -> str:
        return self.address(day=self._step(1))

    def _step(self, direction: int) -> date:
        if self.view == "month":
            first = self.day.replace(day=1)
            return _after_month(first) if direction > 0 else (first - timedelta(days=1)).replace(day=1)
        return self.day + timedelta(days=(7 if self.is_week else 1) * direction)

    @property
    def title(self) -> str:
        """“Tue 24 Nov 2026”, “23 to 29 Nov 2026”, “November 2026”."""
        if self.view == "month":
            return f"{self.day:%B %Y}"
        if self.is_one_day:
            return f"{self.day:%a} {self.day.day} {self.day:%b %Y}"
        first, last = self.first, self.last
        begins = f"{first.day}" if first.month == last.month else f"{first.day} {first:%b}"
        return f"{begins} to {last.day} {last:%b %Y}"


def _after_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _key(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def board_asked(request: HttpRequest, who: Reader, locations: Sequence[Location]) -> Asked:
    """What the address asks for, the usual where it says nothing sensible."""
    query: QueryDict = request.GET
    location = next((one for one in locations if str(one.pk) == query.get("location")), locations[0])
    today = who.today_at(location.zone)
    try:
        day = date.fromisoformat(query.get("day", ""))
    except ValueError:
        day = today
    view, by = query.get("view", "day"), query.get("by", "practitioner")
    return Asked(
        location=location,
        view=view if view in VIEWS else "day",
        day=day if day.year in YEARS else today,
        by=by if by in COLUMNS else "practitioner",
        who=_key(query.get("who", "")),
        span="week" if query.get("span") == "week" else "day",
        today=today,
    )
