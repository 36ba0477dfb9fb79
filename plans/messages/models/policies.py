"""What a location sends and when, in which words."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.places.models import Location
from clinic.records import Record
from plans.messages.models.messages import MessageKind
from plans.scheduling.models import VisitKind

BEFORE_A_VISIT = (MessageKind.REMINDER, MessageKind.PREPARATION)
"""Not sent while the course of care is on hold."""
AFTER_AN_HOUR = (MessageKind.AFTERCARE,)
AT_A_TIME_OF_DAY = (MessageKind.CHECK_IN, MessageKind.OVERDUE)
AT_ONCE = (MessageKind.CONFIRMATION, MessageKind.CHANGED, MessageKind.CANCELLED, MessageKind.OFFER)
POLICY_KINDS = (*AT_ONCE, *BEFORE_A_VISIT, *AFTER_AN_HOUR, *AT_A_TIME_OF_DAY)
"""The kinds that a location may time or switch off."""
WORDED_KINDS = (*POLICY_KINDS, MessageKind.LINK)
"""The kinds to patients whose words a location may change."""


def _choices(kinds: tuple[MessageKind, ...]) -> list[tuple[str, str]]:
    return [(kind.value, str(kind.label)) for kind in kinds]


def _timed() -> Q:
    """Days before with a time of day, or hours before; hours after; a time of day; or nothing at all: by kind."""
    nothing = {"days_before": None, "hours_before": None, "hours_after": None, "send_at": None}
    days = {**nothing, "days_before__gte": 1, "send_at__isnull": False}
    hours = {**nothing, "hours_before__gte": 1}
    after = {**nothing, "hours_after__gte": 0}
    time = {**nothing, "send_at__isnull": False}
    for names, timing in (
        (("days_before", "send_at"), days),
        (("hours_before",), hours),
        (("hours_after",), after),
        (("send_at",), time),
    ):
        for name in names:
            del timing[name]
    return (
        Q(kind__in=BEFORE_A_VISIT) & (Q(**days) | Q(**hours))
        | Q(kind__in=AFTER_AN_HOUR, **after)
        | Q(kind__in=AT_A_TIME_OF_DAY, **time)
        | Q(kind__in=AT_ONCE, **nothing)
    )


@pghistory.track(append_only=True)
class MessagePolicy(Record):
    """One mail that a location sends, or does not. Of a kind without rows of its own it sends what the default says.

    Before a visit: `days_before` with the local wall-clock time `send_at`, or `hours_before`. After a session:
    `hours_after`. Check-ins and overdue follow-ups: at `send_at`. What is sent at once has no time.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="message_policies")
    kind = models.CharField(max_length=15, choices=_choices(POLICY_KINDS), default=MessageKind.REMINDER)
    visit_kind = models.CharField(
        max_length=12, choices=VisitKind.choices, blank=True, help_text="Empty: every kind of visit."
    )
    days_before = models.PositiveSmallIntegerField(null=True, blank=True)
    send_at = models.TimeField(null=True, blank=True)
    hours_before = models.PositiveSmallIntegerField(null=True, blank=True)
    hours_after = models.PositiveSmallIntegerField(null=True, blank=True)
    is_enabled = models.BooleanField(default=True)

    class Meta(Record.Meta):
        verbose_name_plural = "message policies"
        ordering = ["location", "kind", "-days_before", "-hours_before"]
        constraints = [
            models.CheckConstraint(
                condition=_timed(),
                name="message_policy_timed_by_kind",
                violation_error_message="Before a visit: days with a time of day, or hours. Aftercare: hours after. "
                "Check-ins and overdue follow-ups: a time of day. Notices: no time.",
            ),
            models.UniqueConstraint(
                fields=["location", "kind", "visit_kind", "days_before", "hours_before", "hours_after"],
                name="message_policy_unique",
                nulls_distinct=False,
                violation_error_message="This message stands here already.",
            ),
        ]

    def __str__(self) -> str:
        kind = self.get_kind_display()
        if self.days_before is not None:
            return f"{kind}, {self.days_before} days before at {self.send_at:%H:%M}"
        if self.hours_before is not None:
            return f"{kind}, {self.hours_before} hours before"
        if self.hours_after is not None:
            return f"{kind}, {self.hours_after} hours after"
        return f"{kind}, at {self.send_at:%H:%M}" if self.send_at is not None else kind


@pghistory.track(append_only=True)
class MessageWording(Record):
    """A location's own words for one kind of mail in one language; where it has none, the catalogue's stand.

    Placeholders in braces, such as `{place}`; which ones a kind knows, `plans/messages/wording.py` says.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="message_wordings")
    kind = models.CharField(max_length=15, choices=_choices(WORDED_KINDS))
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    subject = models.CharField(max_length=150)
    body = models.TextField(max_length=2000, help_text="Paragraphs, with an empty line between them.")

    class Meta(Record.Meta):
        ordering = ["location", "kind", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["location", "kind", "language"],
                name="message_wording_unique",
                violation_error_message="These words stand here already; change them.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_language_display()}"
