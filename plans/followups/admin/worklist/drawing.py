"""A window drawn on one line: earliest, best, latest and today (pure)."""

from dataclasses import dataclass
from datetime import date

from clinic import words

MARGIN = 4
"""Percent left free on either side."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Where everything is, in percent of the width, as an SVG has it."""

    opens: str
    length: str
    best: str
    today: str
    late_from: str
    """Where the time after the window begins, if today lies in it."""
    late_length: str
    said: str
    """The same for who does not see it."""


def bar(opens: date, best: date, closes: date, today: date) -> Bar:
    """The window from `opens` to `closes`, both included, with the days up to `today` where it lies outside."""
    first, last = min(opens, today), max(closes, today)
    days = (last - first).days + 1

    def place(day: date, part: float = 0.0) -> float:
        return MARGIN + ((day - first).days + part) / days * (100 - 2 * MARGIN)

    start, end, now = place(opens), place(closes, 1), place(today, 0.5)
    return Bar(
        opens=_percent(start),
        length=_percent(end - start),
        best=_percent(place(best, 0.5)),
        today=_percent(now),
        late_from=_percent(end) if today > closes else "",
        late_length=_percent(max(now - end, 0)),
        said=f"Window {words.day(opens, today)} to {words.within(words.day(closes, today))}, "
        f"best {words.within(words.day(best, today))}; the dashed line is today",
    )


def _percent(value: float) -> str:
    return f"{value:.1f}%"
