"""One row per mail that is owed to somebody, about one subject."""

from collections.abc import Mapping
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from clinic.people.models import User
from clinic.places.models import Location
from clinic.records import Record, stamped_once
from patients.models import Patient
from plans.followups.models import CheckIn, FollowUp
from plans.scheduling.models import Appointment, WaitlistEntry
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
    """Of a lot. A name so far: nothing plans one, and the table takes none."""
    LINK = "link", "Link"
    ESCALATION = "escalation", "Red flag"
    STUCK = "stuck", "Mail is stuck"
    UNSEEN = "unseen", "Mail waits for a person"


SUBJECTS = ("appointment", "session", "follow_up", "check_in", "waitlist_entry")
"""What a message can be about: columns of which at most one is set."""
SUBJECT_OF: Mapping[MessageKind, str | None] = {
    MessageKind.CONFIRMATION: "appointment",
    MessageKind.REMINDER: "appointment",
    MessageKind.CHANGED: "appointment",
    MessageKind.CANCELLED: "appointment",
    MessageKind.PREPARATION: "appointment",
    MessageKind.AFTERCARE: "session",
    MessageKind.CHECK_IN: "check_in",
    MessageKind.OVERDUE: "follow_up",
    MessageKind.OFFER: "waitlist_entry",
    MessageKind.LINK: None,
    MessageKind.ESCALATION: "check_in",
    MessageKind.STUCK: None,
    MessageKind.UNSEEN: None,
}
"""The column that each kind fills; None: it is about its recipient alone."""
ABOUT_NOBODY = (MessageKind.STUCK, MessageKind.UNSEEN)
"""They are about a location's mail, not about a patient."""
STAFF_KINDS = (MessageKind.ESCALATION, *ABOUT_NOBODY)
"""They go to a colleague. Everything else goes to the patient."""


def _one_subject() -> Q:
    """Each kind with its own subject and no other, and with the number of what it tells of where that can change."""
    found = Q(pk__in=[])
    for kind, subject in SUBJECT_OF.items():
        columns = {f"{column}__isnull": column != subject for column in SUBJECTS}
        columns["appointment_revision__isnull"] = subject != "appointment"
        columns["offer_number__isnull"] = subject != "waitlist_entry"
        found |= Q(kind=kind, **columns)
    return found


class PatientMessage(Record):
    """One mail owed to one patient or colleague at one time, about one subject. Its own columns are its history.

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

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="messages")
    staff = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="messages",
        help_text="The colleague to whom it goes; empty: to the patient.",
    )
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
    waitlist_entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, null=True, related_name="messages")
    offer_number = models.PositiveSmallIntegerField(null=True, help_text="Which of the entry's offers it tells of.")
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
            models.CheckConstraint(condition=_one_subject(), name="message_one_subject"),
            models.CheckConstraint(
                condition=Q(kind__in=STAFF_KINDS, staff__isnull=False) | (~Q(kind__in=STAFF_KINDS) & Q(staff=None)),
                name="message_to_staff_by_kind",
            ),
            models.CheckConstraint(
                condition=Q(patient__isnull=False) | Q(kind__in=ABOUT_NOBODY), name="message_about_a_patient"
            ),
            models.UniqueConstraint(
                fields=[*SUBJECTS, "staff", "kind", "offset", "appointment_revision", "offer_number"],
                condition=~Q(kind__in=[kind for kind, subject in SUBJECT_OF.items() if subject is None]),
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
            # What waits out a backoff, by how long it has been due: the oldest is found whatever the clock did since.
            models.Index(
                fields=["due_at"], condition=Q(status="pending", not_before__gt=F("due_at")), name="message_postponed"
            ),
            # What was closed by a clock that has been set back since: its settling lies ahead.
            models.Index(fields=["settled_at"], condition=Q(status="expired"), name="message_expired"),
            models.Index(fields=["patient", "due_at"], name="message_patient"),
            models.Index(fields=["appointment"], name="message_appointment"),
            models.Index(
                fields=["location"], condition=Q(status__in=["failed", "unknown"]), name="message_needs_a_person"
            ),
        ]

    @property
    def subject(self) -> tuple[str, UUID] | None:
        """The column and key of what it is about; None: its recipient alone."""
        column = SUBJECT_OF[MessageKind(self.kind)]
        return None if column is None else (column, getattr(self, f"{column}_id"))

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.staff or self.patient}"
