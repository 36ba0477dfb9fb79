"""Days, times and zones as the language that is active says them; and what runs the other way in a line."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, get_language_bidi, gettext, pgettext

from clinic.places.zonenames import city_in

LEFT_TO_RIGHT, FIRST_STRONG, END = "\u2066", "\u2068", "\u2069"


def isolated(text: str) -> str:
    """A name in whatever script, as it stands in a sentence: in one from right to left it is kept to itself."""
    return f"{FIRST_STRONG}{text}{END}" if text and get_language_bidi() else text


def left_to_right(text: str) -> str:
    """What is written from left to right everywhere: phone numbers, offsets from UTC."""
    return f"{LEFT_TO_RIGHT}{text}{END}" if text and get_language_bidi() else text


def weekday_of(local: datetime) -> str:
    return date_format(local, "l")


def day_of(local: datetime) -> str:
    """“24 November 2026”."""
    return date_format(local, pgettext("date in Django's format letters", "j F Y"))


def date_of(weekday: str, day: str) -> str:
    """“Tuesday 24 November 2026”."""
    return gettext("%(weekday)s %(day)s") % {"weekday": weekday, "day": day}


def time_of(local: datetime) -> str:
    """“09:30”."""
    return date_format(local, pgettext("time of day in Django's format letters", "H:i"))


def zone_label(instant: datetime, zone: ZoneInfo) -> str:
    """How the time of `zone` is called at `instant`: “New York time, EST”; “Sao Paulo time, UTC−03:00”."""
    local = instant.astimezone(zone)
    name = local.tzname() or ""
    if not name.isalpha() or (get_language() != "en" and name != "UTC"):  # what EST means, few know elsewhere
        hours, minutes = divmod(abs(local.utcoffset() or timedelta(0)) // timedelta(minutes=1), 60)
        name = f"UTC{'−' if (local.utcoffset() or timedelta(0)) < timedelta(0) else '+'}{hours:02}:{minutes:02}"
    name = left_to_right(name)
    area, _, city = zone.key.rpartition("/")
    if not area or area == "Etc":
        return name
    said = city_in(zone.key, get_language() or "") or isolated(city.replace("_", " "))
    return gettext("%(city)s time, %(name)s") % {"city": said, "name": name}
