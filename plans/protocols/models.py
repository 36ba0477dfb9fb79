"""Versioned templates of a course of care: what is done, when, and how far a date may slip."""

import pghistory
from django.db import models
from django.db.models import Q

from clinic.people.models import Modality
from clinic.records import Record


@pghistory.track(append_only=True)
class Protocol(Record):
    """One version of a protocol. A plan keeps the version that made it; a used version is never edited."""

    code = models.SlugField(max_length=40)
    version_number = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    expectation = models.TextField(
        help_text="Shown to the patient at the proposal and kept with the acceptance. It promises no outcome."
    )
    evidence = models.TextField(blank=True, help_text="Where the intervals come from.")
    is_current = models.BooleanField(default=True, help_text="New plans take the current version.")

    class Meta(Record.Meta):
        ordering = ["title", "-version_number"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version_number"], name="protocol_version_unique"),
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(is_current=True),
                name="protocol_one_current",
                violation_error_message="Another version of this protocol is current.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.version_number}"


@pghistory.track(append_only=True)
class ProtocolStep(Record):
    """One step: a session (possibly repeated), a check-in after each session, or an assessment.

    A target date is the anchor's date plus `offset_months`, then `offset_days`; the window is
    `tolerance_before_days` and `tolerance_after_days` around it, never nearer than `minimum_interval_days` after the
    previous session.
    """

    class Kind(models.TextChoices):
        SESSION = "session", "Session"
        MAINTENANCE = "maintenance", "Maintenance session"
        CHECK_IN = "check_in", "Recovery check-in"
        ASSESSMENT = "assessment", "Assessment"

    class Anchor(models.TextChoices):
        PLAN_START = "plan_start", "Start of the plan"
        PREVIOUS_SESSION = "previous_session", "The session before"
        FIRST_SESSION = "first_session", "The first session"
        LAST_SESSION = "last_session", "The last session"
        EACH_SESSION = "each_session", "Each session"

    protocol = models.ForeignKey(Protocol, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=120)
    anchor = models.CharField(max_length=20, choices=Anchor.choices)
    offset_months = models.PositiveSmallIntegerField(default=0)
    offset_days = models.PositiveSmallIntegerField(default=0)
    tolerance_before_days = models.PositiveSmallIntegerField(default=0)
    tolerance_after_days = models.PositiveSmallIntegerField(default=0)
    minimum_interval_days = models.PositiveSmallIntegerField(default=0, help_text="Earlier is blocked.")
    advised_interval_days = models.PositiveSmallIntegerField(default=0, help_text="Earlier is warned about.")
    repetitions = models.PositiveSmallIntegerField(default=1)
    duration_minutes = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta(Record.Meta):
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol", "position"], name="step_position_unique", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["session", "maintenance"]) | Q(repetitions=1),
                name="step_only_sessions_repeat",
                violation_error_message="Only a session step repeats.",
            ),
            models.CheckConstraint(
                condition=Q(repetitions__gte=1, repetitions__lte=24),
                name="step_repetitions_1_to_24",
                violation_error_message="A step repeats 1 to 24 times.",
            ),
            models.CheckConstraint(
                condition=(Q(kind="check_in") & Q(anchor="each_session"))
                | (~Q(kind="check_in") & ~Q(anchor="each_session")),
                name="step_check_in_follows_each_session",
                violation_error_message="A check-in follows each session, and nothing else does.",
            ),
            models.CheckConstraint(
                condition=Q(kind="check_in", duration_minutes__isnull=True)
                | (~Q(kind="check_in") & Q(duration_minutes__gte=5, duration_minutes__lte=720)),
                name="step_visit_has_duration",
                violation_error_message="A visit lasts 5 to 720 minutes; a check-in is not a visit.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def visit_minutes(self) -> int:
        """How long a visit of this step takes. Raises ValueError for a check-in, which is no visit."""
        if self.duration_minutes is None:
            raise ValueError(f"{self.title} is not a visit")
        return self.duration_minutes


@pghistory.track(append_only=True)
class StepComponent(Record):
    """One modality of a session step, in the order it is given."""

    step = models.ForeignKey(ProtocolStep, on_delete=models.CASCADE, related_name="components")
    modality = models.CharField(max_length=20, choices=Modality.choices)
    position = models.PositiveSmallIntegerField(default=1)

    class Meta(Record.Meta):
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["step", "modality"], name="step_modality_once"),
        ]

    def __str__(self) -> str:
        return self.get_modality_display()
