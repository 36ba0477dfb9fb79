"""Mail owed to patients: the policy that asks for it and one row per mail, about one subject."""

import pghistory
from django.db import models
from django.db.models import Q

from clinic.places.models import Location
from clinic.records import Record, stamped_once
from patients.models import Patient
from plans.followups.models import CheckIn, FollowUp
from plans.scheduling.models import Appointment, VisitKind
from plans.treatment.models import ProcedureSession


class MessageKind(models.TextChoices):
    CONFIRMATION = "confirmation", "Confirmation"
    REMINDER = "reminder", "Reminder"
    CHANGED = "changed", "Changed"
    CANCELLED = "cancelled", "Cancelled"
    PREPARATION = "preparation", "Preparation"
    AFTERCARE = "aftercare", "Aftercare"
    CHECK_IN = "check_in", "Check-in"
    OVERDUE = "overdue", "Overdue"
    OFFER = "offer", "Offer"
    RECALL = "recall", "Recall"
    LINK = "link", "Link"


@pghistory.track(append_only=True)
class MessagePolicy(Record):
    """One reminder that a location sends. A location without rows of its own follows the default policy.

    Either `days_before` with the local wall-clock time `send_at`, or `hours_before`.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="message_policies")
    visit_kind = models.CharField(
        max_length=12, choices=VisitKind.choices, blank=True, help_text="Empty: every kind of visit."
    )
    days_before = models.PositiveSmallIntegerField(null=True, blank=True)
    send_at = models.TimeField(null=True, blank=True)
    hours_before = models.PositiveSmallIntegerField(null=True, blank=True)
    is_enabled = models.BooleanField(default=True)

    class Meta(Record.Meta):
        verbose_name_plural = "message policies"
        ordering = ["location", "-days_before", "-hours_before"]
        constraints = [
            models.CheckConstraint(
                condition=Q(days_before__gte=1, send_at__isnull=False, hours_before__isnull=True)
                | Q(days_before__isnull=True, send_at__isnull=True, hours_before__gte=1),
                name="message_policy_days_or_hours",
                violation_error_message="Give days with a time of day, or hours.",
            ),
            models.UniqueConstraint(
                fields=["location", "visit_kind", "days_before", "hours_before"],
                name="message_policy_unique",
                nulls_distinct=False,
                violation_error_message="This reminder stands here already.",
            ),
        ]

    def __str__(self) -> str:
        if self.days_before is not None:
            return f"{self.days_before} days before at {self.send_at:%H:%M}"
        return f"{self.hours_before} hours before"


class PatientMessage(Record):
    """One mail owed to one patient at one time, about one subject. Its own columns are its history.

    `sending` is committed before the first byte goes out, so a cancellation either wins or the mail provably began
    first. A lease and its token are columns, not a state: a worker that lost its lease can settle nothing.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        BOUNCED = "bounced", "Bounced"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"
        SUPPRESSED = "suppressed", "Suppressed"
        HANDLED = "handled", "Handled by a person"

    MAY_SEND = frozenset({Status.PENDING})
    MAY_SETTLE = frozenset({Status.SENDING})
    MAY_RETRY = frozenset({Status.FAILED, Status.UNKNOWN})
    MAY_HANDLE = frozenset({Status.FAILED, Status.UNKNOWN})
    MAY_CANCEL = frozenset({Status.PENDING})
    BEGUN = frozenset({Status.SENDING, Status.SENT, Status.DELIVERED, Status.BOUNCED, Status.UNKNOWN})
    """The patient may have got it."""
    SENT = frozenset({Status.SENT, Status.DELIVERED, Status.BOUNCED})
    """The mail server took it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="messages")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=15, choices=MessageKind.choices)
    offset = models.CharField(
        max_length=10, blank=True, help_text="ISO 8601 duration before the visit; empty: at once."
    )
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, null=True, related_name="messages")
    appointment_revision = models.PositiveSmallIntegerField(null=True)
    session = models.ForeignKey(ProcedureSession, on_delete=models.PROTECT, null=True, related_name="messages")
    follow_up = models.ForeignKey(FollowUp, on_delete=models.PROTECT, null=True, related_name="messages")
    check_in = models.ForeignKey(CheckIn, on_delete=models.PROTECT, null=True, related_name="messages")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    status_reason = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField()
    not_before = models.DateTimeField(help_text="When it may next be tried: due, or later after a transient failure.")
    expires_at = models.DateTimeField(help_text="From then on it would tell the patient nothing useful.")
    lease_token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sending_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text="When its outcome was recorded.")
    to_address = models.EmailField(blank=True, help_text="Where it went, fixed when sending began.")
    message_id = models.CharField(max_length=120, help_text="Message-ID header: the same on every attempt.")
    failure = models.CharField(max_length=300, blank=True, help_text="Class and server's answer, without patient data.")

    class Meta(Record.Meta):
        verbose_name = "message"
        ordering = ["due_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=["confirmation", "reminder", "changed", "cancelled", "preparation"],
                    appointment__isnull=False,
                    appointment_revision__isnull=False,
                    session__isnull=True,
                    follow_up__isnull=True,
                    check_in__isnull=True,
                )
                | Q(
                    kind="aftercare",
                    session__isnull=False,
                    appointment__isnull=True,
                    appointment_revision__isnull=True,
                    follow_up__isnull=True,
                    check_in__isnull=True,
                )
                | Q(
                    kind="overdue",
                    follow_up__isnull=False,
                    appointment__isnull=True,
                    appointment_revision__isnull=True,
                    session__isnull=True,
                    check_in__isnull=True,
                )
                | Q(
                    kind="check_in",
                    check_in__isnull=False,
                    appointment__isnull=True,
                    appointment_revision__isnull=True,
                    session__isnull=True,
                    follow_up__isnull=True,
                ),
                name="message_one_subject",
            ),
            models.UniqueConstraint(
                fields=["appointment", "session", "follow_up", "check_in", "kind", "offset", "appointment_revision"],
                name="message_once_per_subject",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=stamped_once("sending_at", ["sending", "sent", "unknown", "delivered", "bounced"]),
                name="message_begun_stamped",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "sending"], settled_at__isnull=True)
                | (~Q(status__in=["pending", "sending"]) & Q(settled_at__isnull=False)),
                name="message_settled_stamped",
            ),
            models.CheckConstraint(
                condition=Q(lease_token__isnull=True, leased_until__isnull=True)
                | Q(lease_token__isnull=False, leased_until__isnull=False, status__in=["pending", "sending"]),
                name="message_leased_while_open",
            ),
        ]
        indexes = [
            # The worker's query, and nothing else: open rows by when they may be tried.
            models.Index(fields=["not_before"], condition=Q(status="pending"), name="message_due"),
            models.Index(fields=["leased_until"], condition=Q(status="sending"), name="message_in_flight"),
            models.Index(fields=["patient", "due_at"], name="message_patient"),
            models.Index(fields=["appointment"], name="message_appointment"),
            models.Index(
                fields=["location"], condition=Q(status__in=["failed", "unknown"]), name="message_needs_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.patient}"


class DeliveryPass(models.Model):
    """The last delivery pass of each kind: liveness is its age, not a ping."""

    name = models.CharField(max_length=20, primary_key=True)
    finished_at = models.DateTimeField()
    sent = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
