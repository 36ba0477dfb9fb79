"""Makes and revokes private calendar feeds."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from clinic import clock
from clinic.access.roles import Role
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid, InvalidTransition
from clinic.locking import lock
from clinic.people.models import Practitioner, User
from clinic.people.queries import practises_at
from clinic.places.models import Location, Room
from plans.scheduling.feeds.queries import digest_of
from plans.scheduling.models import CalendarFeed

TOKEN_BYTES = 32
READ_NOTED_EVERY = timedelta(hours=1)


def calendar_feed_make(
    *, by: User, location: Location, practitioner: Practitioner | None = None, room: Room | None = None
) -> tuple[CalendarFeed, str]:
    """A feed of one practitioner's visits at `location`, or of one room's; returns it with the token of its address.

    The token is not stored and cannot be had again. Managers make feeds of everybody and every room of the location,
    practitioners their own. Raises `Invalid` for both or neither, and for who or what is not at `location`;
    PermissionDenied.
    """
    if (practitioner is None) == (room is None):
        raise Invalid("A feed is of one practitioner or of one room.", code="required", attr="practitioner")
    if practitioner is not None and not practises_at(practitioner, location):
        raise Invalid(f"{practitioner} does not practise at {location}.", attr="practitioner")
    if room is not None and room.location_id != location.pk:
        raise Invalid(f"{room} is not a room of {location}.", attr="room")
    if not _may_make(by, location, practitioner):
        raise PermissionDenied("Practitioners make feeds of their own visits; a manager makes those of others.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = CalendarFeed(
        location=location, practitioner=practitioner, room=room, token_digest=digest_of(token), made_by=by
    )
    with recorded():
        clean_model(feed)
        feed.save(force_insert=True)
    return feed, token


def calendar_feed_revoke(*, feed_id: UUID) -> CalendarFeed:
    """End a feed: its address answers nobody from now on. Raises `InvalidTransition` where it has ended already."""
    with recorded():
        feed = lock(CalendarFeed.objects.select_related("location", "practitioner__user", "room"), feed_id)
        if feed.revoked_at is not None:
            raise InvalidTransition("The feed", "revoked", "revoking it", ["live"])
        feed.revoked_at = clock.now()
        feed.save(update_fields=["revoked_at", "updated_at"])
    return feed


def calendar_feed_note_reading(*, feed_id: UUID) -> None:
    """Remember that a calendar program has read it, at most once an hour."""
    now = clock.now()
    unnoted = Q(last_read_at=None) | Q(last_read_at__lte=now - READ_NOTED_EVERY)
    CalendarFeed.objects.filter(unnoted, pk=feed_id).update(last_read_at=now)


def _may_make(by: User, location: Location, practitioner: Practitioner | None) -> bool:
    is_own = practitioner is not None and practitioner.user_id == by.pk
    is_manager = by.is_superuser or Role.MANAGER in by.roles_by_location.get(location.pk, ())
    return by.may("plans.calendarfeed", "add", location.pk) and (is_own or is_manager)
