"""What comes back: the mail provider's word on a message, and when each pass of ours last ended."""

from datetime import UTC, datetime

from django.db import models
from django.db.models import Q

from clinic.records import Record
from plans.messages.models.messages import PatientMessage

POSSIBLE = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


class DeliveryEvent(Record):
    """One event of a mail provider, kept once however often it is told."""

    class Kind(models.TextChoices):
        """As django-anymail calls them, those that mean something here."""

        SENT = "sent", "Taken by the provider"
        DEFERRED = "deferred", "Delayed"
        DELIVERED = "delivered", "Arrived"
        BOUNCED = "bounced", "Came back"
        REJECTED = "rejected", "Refused"
        COMPLAINED = "complained", "Reported as spam"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    provider = models.CharField(max_length=30)
    event_id = models.CharField(max_length=200)
    message = models.ForeignKey(PatientMessage, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    is_hard = models.BooleanField(default=False, help_text="The address takes no mail, today or ever.")
    detail = models.CharField(max_length=200, blank=True, help_text="Class and code, without the address.")
    happened_at = models.DateTimeField()

    class Meta(Record.Meta):
        ordering = ["happened_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="delivery_event_once"),
            # PostgreSQL keeps years that Python cannot read: one such row would hide every list that holds it.
            models.CheckConstraint(condition=Q(happened_at__range=POSSIBLE), name="delivery_event_at_a_possible_time"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class SentMail(models.Model):
    """What a mail said when it last began to leave, kept for as long as `keeping.KEPT_FOR`.

    Its links are blanked: they are the patient's own. Pictures and colours are not kept, nor the calendar entry.
    """

    message = models.OneToOneField(PatientMessage, on_delete=models.CASCADE, primary_key=True, related_name="sent_mail")
    subject = models.CharField(max_length=500)
    text = models.TextField()
    sent_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.subject


class DeliveryPass(models.Model):
    """The last delivery pass of each kind: liveness is its age, not a ping."""

    name = models.CharField(max_length=20, primary_key=True)
    finished_at = models.DateTimeField()
    sent = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=200, blank=True, help_text="What was in its way; empty: nothing.")

    def __str__(self) -> str:
        return self.name
