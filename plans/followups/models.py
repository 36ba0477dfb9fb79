"""What is owed after treatment: follow-up visits, recovery check-ins, and the attempts to reach a patient."""

import math
from datetime import datetime, timedelta

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from clinic.people.models import User
from clinic.places.models import Location
from clinic.records import Record
from patients.models import Patient
from plans.consultations.models import Consultation
from plans.followups.recovery import ACKNOWLEDGE_WITHIN
from plans.protocols.models import ProtocolStep
from plans.treatment.models import Owed, Pinned, ProcedureSession, TreatmentPlan


@pghistory.track(append_only=True)
class FollowUp(Pinned):
    """One owed visit. Only its cancellation is stored; its state follows from window, today and appointments."""

    class State(models.TextChoices):
        """Derived, never stored: see `followups/rules.py` (one value) and `followups/queries.py` (SQL)."""

        CANCELLED = "cancelled", "Cancelled"
        ATTENDED = "attended", "Attended"
        SCHEDULED = "scheduled", "Scheduled"
        MISSED = "missed", "Missed"
        OVERDUE = "overdue", "Overdue"
        DUE = "due", "Due"
        PENDING = "pending", "Pending"

    OPEN = frozenset({State.SCHEDULED, State.MISSED, State.OVERDUE, State.DUE, State.PENDING})
    MAY_BOOK = frozenset({State.MISSED, State.OVERDUE, State.DUE, State.PENDING})
    MAY_ATTEND = OPEN
    MAY_CANCEL = OPEN
    MAY_PIN = OPEN

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="follow_ups")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="follow_ups")
    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, null=True, blank=True, related_name="follow_ups")
    step = models.ForeignKey(
        ProtocolStep, on_delete=models.PROTECT, null=True, related_name="follow_ups", editable=False
    )
    consultation = models.ForeignKey(
        Consultation, on_delete=models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    sequence = models.PositiveSmallIntegerField(default=1, editable=False)
    title = models.CharField(max_length=120)
    duration_minutes = models.PositiveSmallIntegerField(default=30)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    cancel_reason = models.CharField(max_length=500, blank=True, editable=False)

    class Meta(Pinned.Meta):
        verbose_name = "follow-up"
        ordering = ["target_date", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(window_start__lte=F("target_date"), window_end__gte=F("target_date")),
                name="follow_up_target_in_window",
                violation_error_message="The target date lies in the window.",
            ),
            models.CheckConstraint(
                condition=Q(plan__isnull=False) | Q(consultation__isnull=False),
                name="follow_up_has_origin",
                violation_error_message="A follow-up comes from a plan or from a consultation.",
            ),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=720),
                name="follow_up_duration_5_to_720",
                violation_error_message="A visit lasts 5 to 720 minutes.",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancel_reason="")
                | (Q(cancelled_at__isnull=False) & ~Q(cancel_reason="")),
                name="follow_up_cancelled_with_reason",
                violation_error_message="A cancelled follow-up has a reason.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["location", "window_start"], condition=Q(cancelled_at__isnull=True), name="follow_up_owed"
            ),
            models.Index(fields=["patient"], name="follow_up_patient"),
        ]

    def __str__(self) -> str:
        return self.title


@pghistory.track(append_only=True)
class CheckIn(Owed):
    """A recovery check-in owed some days after a session; made when the session is performed."""

    class State(models.TextChoices):
        CANCELLED = "cancelled", "Cancelled"
        ANSWERED = "answered", "Answered"
        OVERDUE = "overdue", "Overdue"
        DUE = "due", "Due"
        PENDING = "pending", "Pending"

    OPEN = frozenset({State.OVERDUE, State.DUE, State.PENDING})
    MAY_ANSWER = frozenset({State.OVERDUE, State.DUE})
    MAY_CANCEL = OPEN

    session = models.ForeignKey(ProcedureSession, on_delete=models.PROTECT, related_name="check_ins")
    step = models.ForeignKey(ProtocolStep, on_delete=models.PROTECT, related_name="check_ins")
    title = models.CharField(max_length=120)
    answered_at = models.DateTimeField(null=True, editable=False)
    answered_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        help_text="Who wrote the answer down.",
    )
    answer_note = models.CharField(max_length=1000, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancel_reason = models.CharField(max_length=500, blank=True, editable=False)

    class Meta(Owed.Meta):
        verbose_name = "check-in"
        ordering = ["target_date", "id"]
        constraints = [
            models.UniqueConstraint(fields=["session", "step"], name="check_in_once"),
            models.CheckConstraint(
                condition=Q(window_start__lte=F("target_date"), window_end__gte=F("target_date")),
                name="check_in_target_in_window",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(cancelled_at__isnull=True),
                name="check_in_answered_or_cancelled",
            ),
        ]
        indexes = [
            models.Index(fields=["window_end"], condition=Q(answered_at=None, cancelled_at=None), name="check_in_open"),
        ]

    def __str__(self) -> str:
        return self.title


@pghistory.track(append_only=True)
class CheckInReport(Record):
    """What a patient answered to a check-in. Red flags wait until a colleague has acknowledged them."""

    check_in = models.OneToOneField(CheckIn, on_delete=models.PROTECT, related_name="report")
    answers = models.JSONField(help_text="By question: `plans/followups/recovery.py` says which there are.")
    red_flags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    language = models.CharField(max_length=8, help_text="In which they answered.")
    acknowledge_by = models.DateTimeField(null=True, help_text="Until when somebody has to see to the red flags.")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledgement = models.CharField(max_length=1000, blank=True, help_text="What was done.")

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(red_flags=[], acknowledge_by__isnull=True)
                | (~Q(red_flags=[]) & Q(acknowledge_by__isnull=False)),
                name="check_in_report_flags_have_a_clock",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="check_in_report_acknowledged_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["acknowledge_by"],
                condition=Q(acknowledge_by__isnull=False, acknowledged_at__isnull=True),
                name="check_in_report_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Answer to {self.check_in}"

    @property
    def flagged_at(self) -> datetime | None:
        """Since when its red flags wait to be seen to; None: it has none."""
        return None if self.acknowledge_by is None else self.acknowledge_by - ACKNOWLEDGE_WITHIN

    @property
    def alarm(self) -> str:
        """Which of its alarms stands: so long after it came, in ISO 8601; empty where it came with red flags."""
        minutes = (
            0 if self.flagged_at is None else math.ceil((self.flagged_at - self.created_at) / timedelta(minutes=1))
        )
        return f"PT{minutes}M" if minutes > 0 else ""


@pghistory.track(append_only=True)
class CheckInPhoto(Record):
    """A picture that a patient sent with an answer: encoded anew, without what the camera wrote into it."""

    report = models.ForeignKey(CheckInReport, on_delete=models.PROTECT, related_name="photos")
    image = models.ImageField(upload_to="check-ins/%Y/%m/", width_field="width", height_field="height")
    width = models.PositiveSmallIntegerField(editable=False)
    height = models.PositiveSmallIntegerField(editable=False)

    class Meta(Record.Meta):
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"Picture of {self.created_at:%d %B %Y}"


@pghistory.track(append_only=True)
class ContactAttempt(Record):
    """One try to reach a patient: about a follow-up, about a session, or (without either) about what put them on the
    call list."""

    class Channel(models.TextChoices):
        CALL = "call", "Call"
        EMAIL = "email", "Email"
        OTHER = "other", "Other"

    class Outcome(models.TextChoices):
        REACHED = "reached", "Reached"
        NO_ANSWER = "no_answer", "No answer"
        LEFT_MESSAGE = "left_message", "Left a message"
        WRONG_NUMBER = "wrong_number", "Wrong number"
        DECLINED = "declined", "Declined"
        PUT_OFF = "put_off", "Put off"
        """Nobody tried; somebody decided to try on another day."""
        ASKED = "asked", "Asked to be called"
        """Nobody tried; the patient asked for it on their own page."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="contact_attempts", editable=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", editable=False)
    follow_up = models.ForeignKey(FollowUp, on_delete=models.CASCADE, null=True, blank=True, related_name="attempts")
    session = models.ForeignKey(
        ProcedureSession, on_delete=models.CASCADE, null=True, blank=True, related_name="attempts"
    )
    channel = models.CharField(max_length=10, choices=Channel.choices)
    outcome = models.CharField(max_length=15, choices=Outcome.choices)
    note = models.CharField(max_length=500, blank=True)
    next_try_on = models.DateField(null=True, blank=True)
    attempted_at = models.DateTimeField(editable=False)
    attempted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, editable=False)

    class Meta(Record.Meta):
        ordering = ["-attempted_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(follow_up__isnull=True) | Q(session__isnull=True),
                name="contact_attempt_about_one_visit",
                violation_error_message="A call is about one follow-up or one session.",
            ),
        ]
        indexes = [models.Index(fields=["patient", "-attempted_at"], name="contact_attempt_patient")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_outcome_display()}"

    @property
    def about(self) -> FollowUp | ProcedureSession | None:
        """The owed visit that it was about; None where it was about nothing in particular."""
        return self.follow_up or self.session
