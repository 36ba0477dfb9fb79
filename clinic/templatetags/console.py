"""How the console's templates say times and offer acts."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.contrib import admin

from clinic import words
from clinic.console.acts import Button, buttons
from clinic.console.reader import reader
from clinic.console.toasts import KEPT_AS, Toast, toasts_of

register = template.Library()


@register.filter
def moment(value: datetime | None, zone: ZoneInfo | None = None) -> str:
    """“Tomorrow 09:30” in the place's zone, or else the reader's."""
    return reader().moment(value, zone) if value else ""


@register.filter
def weekday_moment(value: datetime, zone: ZoneInfo) -> str:
    """“Sun 8 Mar 03:30 EDT”: the place's day and time in full, with what its clocks are called then."""
    local = value.astimezone(zone)
    year = f" {local:%Y}" if local.year != reader().today.year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M} {local.tzname() or ''}".strip()


@register.filter
def hour(value: datetime | None, zone: ZoneInfo | None = None) -> str:
    """“09:30”."""
    return reader().time(value, zone) if value else ""


@register.filter
def day(value: date | None, zone: ZoneInfo | None = None) -> str:
    """“Tue 24 Nov”."""
    return reader().day(value, zone) if value else ""


@register.filter
def within(said: str) -> str:
    """What `day` or `moment` said, as it stands within a sentence: “tomorrow 09:30”."""
    return words.within(said)


@register.filter
def full_date(value: date | None) -> str:
    """“17 May 1985”."""
    return f"{value.day} {value:%b %Y}" if value else ""


@register.filter
def toasts(waiting: Any) -> list[Toast]:
    """The toasts among the messages that wait for this page."""
    return toasts_of(waiting or ())


@register.filter
def without_toasts(waiting: Any) -> list[Any]:
    """The other messages."""
    return [message for message in waiting or () if message.extra_tags != KEPT_AS]


@register.filter
def age(born: date) -> int:
    return words.age(born, reader().today)


@register.filter
def number(value: int) -> str:
    """“10,000”."""
    return f"{value:,}"


@register.filter
def count_of(value: int, what: str) -> str:
    """“1 plan”, “10,000 plans”."""
    return words.count_of(value, what)


@register.simple_tag
def acts(row: Any, names: str = "") -> list[Button]:
    """The buttons of the row's legal acts that the reader may do; of `names` only, if given."""
    model_admin = admin.site._registry[type(row)]
    return buttons(model_admin, reader().user, row, names.split() or None)
