"""Private calendar feeds: an address that a calendar program reads without signing in."""

import pghistory
from django.db import models
from django.db.models import Q

from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.records import Record


@pghistory.track(append_only=True, exclude=["last_read_at", "updated_at", "version"])
class CalendarFeed(Record):
    """The visits of one practitioner, or of one room, at one location, for whoever knows its address.

    Only a digest of the address's token is stored: the address itself is shown once, when the feed is made.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="calendar_feeds")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, null=True, blank=True, related_name="calendar_feeds"
    )
    room = models.ForeignKey(Room, on_delete=models.CASCADE, null=True, blank=True, related_name="calendar_feeds")
    token_digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256, in hex.")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_read_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(practitioner__isnull=False, room__isnull=True)
                | Q(practitioner__isnull=True, room__isnull=False),
                name="calendar_feed_of_practitioner_or_room",
                violation_error_message="A feed is of one practitioner or of one room.",
            ),
        ]

    def __str__(self) -> str:
        return f"Feed of {self.practitioner or self.room} at {self.location}"
