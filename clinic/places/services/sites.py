"""Writes locations and rooms."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from clinic.access.roles import Role
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid, SoftWarning
from clinic.images import encoded_anew
from clinic.limits import not_among
from clinic.locking import lock
from clinic.mailboxes import is_mailable
from clinic.people.models import Membership, User
from clinic.places.models import Location, Room
from clinic.places.services.changes import HoursChange, hours_changed, hours_held
from clinic.records import Record

R = TypeVar("R", bound=Record)

_mail_name_checks: list[Callable[[str], None]] = []


def mail_names_checked_by(check: Callable[[str], None]) -> None:
    """Register what an upper package asks of a location's name in mail; it raises `Invalid` for one that cannot be."""
    _mail_name_checks.append(check)


LOCATION_FIELDS = (
    "name",
    "mail_name",
    "timezone",
    "street",
    "city",
    "postal_code",
    "country",
    "phone",
    "email",
    "language",
    "slot_minutes",
    "lead_minutes",
    "grace_seconds",
    "quiet_from",
    "quiet_until",
    "patient_cancel_hours",
    "names_in_feeds",
    "brand_colour",
    "position",
)
LOGO_WIDTH, LOGO_HEIGHT = 480, 128
"""At most, in pixels of the file; mails and pages show two of them as one."""
ROOM_FIELDS = ("name", "modalities", "is_bookable", "position")


def location_create(*, by: User, name: str, timezone: str, phone: str, email: str, **fields: Any) -> Location:
    """Open a location, of which `by` becomes manager; `fields` are others of `LOCATION_FIELDS`, or a `logo`.

    Raises `Invalid` for a language in which nobody is written to, an address that no mail reaches, a name in mail that
    tells what is treated, and a logo that is no picture.
    """
    logo = fields.pop("logo", None)
    location = Location(name=name, timezone=timezone, phone=phone, email=email, **fields)
    if logo is not None:
        _take_logo(location, logo)
    with recorded():
        clean_model(location)
        _check_mail(location)
        location.save()
        Membership.objects.create(user=by, location=location, role=Role.MANAGER)
    return location


def location_update(*, location_id: UUID, changes: Mapping[str, Any]) -> tuple[Location, Sequence[SoftWarning]]:
    """Change any of `LOCATION_FIELDS`, or its `logo` (a file as it was uploaded; None: no logo any more).

    With another zone its hours are other instants, and warnings name the visits that stand outside them then. Raises
    `Invalid` for a language in which nobody is written to, a name in mail that tells what is treated, and a logo that
    is no picture.
    """
    with recorded():
        location = lock(Location.objects.all(), location_id)
        if "logo" in changes:
            _forget_file(location)
            _take_logo(location, changes["logo"])
        if changes.get("timezone", location.timezone) == location.timezone:
            return _changed(location, changes, LOCATION_FIELDS), ()
        change = HoursChange(location_id, None, attr="timezone")
        hours_held(change)
        return _changed(location, changes, LOCATION_FIELDS), hours_changed(change)


def room_create(*, location: Location, name: str, **fields: Any) -> Room:
    """Add a room; `fields` are others of `ROOM_FIELDS`."""
    room = Room(location=location, name=name, **fields)
    with recorded():
        clean_model(room)
        room.save()
    return room


def room_update(*, room_id: UUID, changes: Mapping[str, Any]) -> Room:
    """Change any of `ROOM_FIELDS`. Visits that are booked there stay."""
    with recorded():
        return _changed(lock(Room.objects.select_related("location"), room_id), changes, ROOM_FIELDS)


def _changed(row: R, changes: Mapping[str, Any], fields: Iterable[str]) -> R:
    for name in fields:
        if name in changes:
            setattr(row, name, changes[name])
    clean_model(row)
    if isinstance(row, Location):
        _check_mail(row)
    row.save()
    return row


def _take_logo(location: Location, upload: File[bytes] | None) -> None:
    """Give `location` the picture in `upload`, made anew: it travels with every mail, so it is small."""
    if upload is None:
        location.logo = ""
        return
    picture = encoded_anew(upload, attr="logo", longest_side=LOGO_WIDTH, highest=LOGO_HEIGHT, see_through=True)
    location.logo = picture.as_file()


def _forget_file(location: Location) -> None:
    """Delete the file of the present logo once no row refers to it any more."""
    if location.logo.name:
        transaction.on_commit(partial(location.logo.storage.delete, location.logo.name), robust=True)


def _check_mail(location: Location) -> None:
    """Whether its mail can be written: in its language, under its name, to be answered at its address."""
    for check in _mail_name_checks:
        check(location.mail_name)
    languages = [code for code, _ in settings.LANGUAGES]
    if location.language not in languages:
        raise Invalid(not_among("Language", location.language, languages), code="invalid_choice", attr="language")
    if not is_mailable(location.email):
        raise Invalid(f"No mail can be sent to “{location.email}”.", attr="email")
