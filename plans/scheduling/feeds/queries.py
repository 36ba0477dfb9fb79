"""Reads private calendar feeds: whose address it is, and the visits that it shows."""

from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from clinic.access.roles import Role
from clinic.people.models import User
from clinic.people.queries import practising
from plans.messages.identifiers import calendar_uid
from plans.scheduling.feeds.document import Calendar, Entry, calendar
from plans.scheduling.models import LIVE_STATUSES, Appointment, CalendarFeed

BACK, AHEAD = timedelta(days=30), timedelta(days=365)
SHOWN = (*LIVE_STATUSES, Appointment.Status.FULFILLED.value)
"""Visits that take or took place; those of other states are no longer there when a calendar program looks again."""
SOMEBODY = "Patient"


def digest_of(token: str) -> str:
    """What is stored of a token: 64 hexadecimal digits."""
    return sha256(token.encode()).hexdigest()


def feed_address(token: str) -> str:
    """The whole address under which calendar programs read the feed."""
    return f"{settings.PUBLIC_URL}{reverse('calendar_feed', args=[token])}"


def open_feed(token: str) -> CalendarFeed | None:
    """The feed with this token as it is to be read now; None where there is none, and where it has ended.

    It ends when it is revoked, when whoever made it has left or lost the right to it, and when its practitioner has
    left the location. Two queries at most.
    """
    practises = practising(user=OuterRef("practitioner__user"), location=OuterRef("location"))
    feed = (
        CalendarFeed.objects.select_related("location", "practitioner__user", "room", "made_by")
        .filter(
            Q(practitioner=None) | Exists(practises.filter(user__is_active=True)),
            token_digest=digest_of(token),
            revoked_at=None,
        )
        .first()
    )
    if feed is None or not feed.made_by.may("plans.calendarfeed", "add", feed.location_id):
        return None
    return feed


def feeds_for(user: User | AnonymousUser) -> QuerySet[CalendarFeed]:
    """The feeds that `user` may list and revoke, of the locations where they may at all: a manager all of the location,
    others those of themself and those that they made."""
    if not isinstance(user, User):
        return CalendarFeed.objects.none()
    if user.is_superuser:
        return CalendarFeed.objects.all()
    managed = [location for location, roles in user.roles_by_location.items() if Role.MANAGER in roles]
    return CalendarFeed.objects.filter(Q(location__in=managed) | Q(practitioner__user=user) | Q(made_by=user))


def visits_of(feed: CalendarFeed, now: datetime) -> QuerySet[Appointment]:
    """The feed's visits, from 30 days back to a year ahead, with what `document_of` shows."""
    whose = {"practitioner": feed.practitioner_id} if feed.practitioner_id else {"room": feed.room_id}
    return (
        Appointment.objects.filter(
            location=feed.location_id,
            status__in=SHOWN,
            ends_at__gte=now - BACK,
            starts_at__lt=now + AHEAD,
            **whose,
        )
        .select_related("patient", "practitioner__user", "room", "session")
        .order_by("starts_at", "id")
    )


def document_of(feed: CalendarFeed, now: datetime) -> bytes:
    """The feed as calendar programs read it: one query."""
    location = feed.location
    return calendar(
        Calendar(
            name=name_of(feed),
            place=location.name,
            email=location.email,
            zone=location.zone,
            entries=[
                Entry(
                    uid=calendar_uid(visit.pk),
                    revision=visit.revision,
                    changed_at=visit.updated_at,
                    starts_at=visit.starts_at,
                    ends_at=visit.ends_at,
                    title=neutral_title(visit),
                    who=visit.patient.full_name if location.names_in_feeds else SOMEBODY,
                    room=visit.room.name if visit.room is not None else "",
                    practitioner=str(visit.practitioner) if feed.room_id else "",
                )
                for visit in visits_of(feed, now)
            ],
        )
    )


def name_of(feed: CalendarFeed) -> str:
    """“Dr Rowan · Linden House”: what calendar programs call it."""
    return f"{feed.practitioner or feed.room} · {feed.location}"


def neutral_title(visit: Appointment) -> str:
    """“Session 2 of 3”: without the treatment, and without the words of a protocol, which may name it."""
    if visit.session is None:
        return str(visit.get_kind_display())
    return visit.session.title.partition(" · ")[0]
