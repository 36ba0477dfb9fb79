"""How much a number may be, and how a refusal says so (pure).

“Blood drawn: 75 mL is not possible; allowed is 8–60 mL.” The API, the console and the services all say it from here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from clinic.words import count_of

UNITS = {
    "10e3_per_ul": "×10³/µL",
    "10e6": "×10⁶",
    "per_ml": "/mL",
    "ml": "mL",
    "cm2": "cm²",
    "cm": "cm",
    "mm": "mm",
    "pct": "%",
    "c": "°C",
    "g": "g",
    "gauge": "G",
    "minutes": "min",
    "seconds": "s",
    "days": "days",
    "hours": "hours",
    "months": "months",
    "passes": "passes",
    "points": "points",
}
"""What the end of a field's name says of its unit; a longer end comes before a shorter one."""
LONGEST_QUOTE = 40
UNBOUNDED = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Range:
    """A closed range with its unit; infinite where an end is open. `soft_low` and `soft_high` mark what is usual."""

    low: Decimal = -UNBOUNDED
    high: Decimal = UNBOUNDED
    unit: str = ""
    soft_low: Decimal | None = None
    soft_high: Decimal | None = None

    @classmethod
    def between(cls, low: Decimal | int | None, high: Decimal | int | None, unit: str = "") -> "Range":
        """The range whose end is open where the bound is None."""
        return cls(-UNBOUNDED if low is None else Decimal(low), UNBOUNDED if high is None else Decimal(high), unit)

    def holds(self, value: Decimal) -> bool:
        """Whether `value` is possible; what is no number is not."""
        return not value.is_nan() and self.low <= value <= self.high

    def is_usual(self, value: Decimal) -> bool:
        """Whether `value` lies in the soft range."""
        return (self.soft_low is None or value >= self.soft_low) and (self.soft_high is None or value <= self.soft_high)

    @property
    def allowed(self) -> str:
        """The hard range in words: “5–180 mL”, “at least 1”; empty where both ends are open."""
        return self._said(self.low, self.high)

    @property
    def usual(self) -> str:
        """The soft range in words: “10–60 mL”, “at least 70 %”; empty where nothing is unusual."""
        return self._said(
            -UNBOUNDED if self.soft_low is None else self.soft_low,
            UNBOUNDED if self.soft_high is None else self.soft_high,
        )

    def measured(self, value: Decimal) -> str:
        """“75 mL”."""
        return f"{plain(value)} {self.unit}".strip()

    def _said(self, low: Decimal, high: Decimal) -> str:
        if low.is_infinite():
            return "" if high.is_infinite() else f"at most {self.measured(high)}"
        if high.is_infinite():
            return f"at least {self.measured(low)}"
        return f"{plain(low)}{' to ' if low < 0 else '–'}{self.measured(high)}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number that people give: what they call it, its range, and its decimals (0 for a whole number)."""

    label: str
    limits: Range
    places: int = 0

    def refuse(self, given: Any) -> str:
        """Why `given` cannot be, naming the field, the value and what is allowed."""
        value, allowed = _decimal(given), self.limits.allowed
        if not allowed or (value is not None and self.limits.holds(value)):
            allowed = ", ".join(part for part in (allowed, self._kind()) if part)
        if given is None or given == "":
            return f"{self.label} is missing; allowed is {allowed}."
        if value is None:
            return f"{self.label}: {quoted(given)} is no number; allowed is {allowed}."
        return f"{self.label}: {self.limits.measured(value)} is not possible; allowed is {allowed}."

    def takes(self, given: Any) -> bool:
        """Whether `given` is a number that is possible."""
        value = _decimal(given)
        if value is None or not self.limits.holds(value):
            return False
        return (Fraction(value) * 10**self.places).denominator == 1

    def unusual(self, value: Decimal) -> str:
        """That `value` is possible, and unusual."""
        return f"{self.label}: {self.limits.measured(value)} is unusual; usual is {self.limits.usual}."

    def _kind(self) -> str:
        if not self.places:
            return "a whole number"
        return f"a number with at most {count_of(self.places, 'decimal')}"


def label_of(name: str) -> str:
    """What a field's name says of it, without its unit: “Blood drawn” of `blood_drawn_ml`."""
    stem = next((name.removesuffix(f"_{end}") for end in UNITS if name.endswith(f"_{end}")), name)
    return stem.replace("_", " ").capitalize()


def without_unit(label: str) -> str:
    """A label without what follows its last comma, or stands in brackets at its end: “Needles over” of “…, mm”."""
    return re.sub(r"(, [^,]+| \([^()]+\))$", "", label)


def unit_of(name: str) -> str:
    """The unit that stands in the name of a field: “mL”; empty where it has none."""
    return next((unit for end, unit in UNITS.items() if name == end or name.endswith(f"_{end}")), "")


def not_among(label: str, given: Any, allowed: Iterable[Any]) -> str:
    """That `given` is none of the values that `allowed` lists."""
    listed = ", ".join(str(value) for value in allowed)
    if given is None or given == "":
        return f"{label} is missing; allowed is {listed}."
    return f"{label}: {quoted(given)} is not possible; allowed is {listed}."


def quoted(given: Any) -> str:
    """What was given, in quotes; cut where it is long."""
    text = str(given)
    return f"“{text}”" if len(text) <= LONGEST_QUOTE else f"“{text[:LONGEST_QUOTE]}…”"


def plain(value: Decimal) -> str:
    """A number without idle zeros, in thousands: “7.5”, “1,000,000”."""
    written = f"{value:,f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _decimal(given: Any) -> Decimal | None:
    if isinstance(given, bool):
        return None
    try:
        value = Decimal(str(given).strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < LONGEST_QUOTE else None
