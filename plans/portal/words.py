"""Dates and times as patients read them, in the language that is active (pure)."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext

from plans.messages.render import zone_label

ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in the words of its place."""

    day: str
    """“Tuesday 24 November 2026”."""
    time: str
    """“09:30”."""
    zone: str
    """“New York time, EST”."""
    iso: str
    """Local, with its offset: for machines that read the page."""


def moment(instant: datetime, zone: ZoneInfo) -> Moment:
    local = instant.astimezone(zone)
    return Moment(day(local.date()), time_of_day(local), zone_label(instant, zone), local.isoformat())


def day(value: date) -> str:
    """“Tuesday 24 November 2026”."""
    return _digits(date_format(value, pgettext("day on a page in Django's format letters", "l j F Y")))


def short_day(value: date) -> str:
    """“24 November 2026”."""
    return _digits(date_format(value, pgettext("day on a page in Django's format letters", "j F Y")))


def time_of_day(local: datetime) -> str:
    """“09:30”, of an instant in its own zone."""
    return _digits(date_format(local, pgettext("time on a page in Django's format letters", "H:i")))


def number(value: int) -> str:
    """“12”."""
    return _digits(str(value))


def _digits(text: str) -> str:
    """Numerals as the language writes them."""
    return text.translate(ARABIC_DIGITS) if get_language() == "ar" else text
