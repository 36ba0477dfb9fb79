"""Dates and times as patients read them, in the language that is active (pure)."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import pgettext

from clinic.people.models import Practitioner
from plans.messages.render import zone_label


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
    return str(date_format(value, pgettext("date in Django's format letters", "l j F Y")))


def short_day(value: date) -> str:
    """“24 November 2026”."""
    return str(date_format(value, pgettext("date in Django's format letters", "j F Y")))


def time_of_day(local: datetime) -> str:
    """“09:30”, of an instant in its own zone."""
    return str(date_format(local, pgettext("time of day in Django's format letters", "H:i")))


def name_of(practitioner: Practitioner) -> str:
    """“Dr Rowan”; names are not translated."""
    return str(practitioner)
