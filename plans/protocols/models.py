"""Versioned templates of a course of care: what is done, when, and how far a date may slip."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic.people.models import Modality, User
from clinic.records import Record
from plans.protocols.advice import URGENT
from plans.treatment.timeline import Place


def fixed_once_followed(protocol: str, *, unless: str = "FALSE") -> pgtrigger.Trigger:
    """A trigger that refuses any change once a plan follows the protocol whose key the SQL `protocol` gives."""
    return pgtrigger.Trigger(
        name="fixed_once_followed",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("row_of", "RECORD")],
        func=f"""
            row_of := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
            IF NOT ({unless}) AND EXISTS (SELECT FROM plans_treatmentplan plan WHERE plan.protocol_id = {protocol}) THEN
                RAISE EXCEPTION 'A plan follows this protocol version: it is fixed.' USING ERRCODE = '23001';
            END IF;
            RETURN row_of;
        """,
    )


PROTOCOL_OF_STEP = "(SELECT step.protocol_id FROM plans_protocolstep step WHERE step.id = row_of.step_id)"


@pghistory.track(append_only=True)
class Protocol(Record):
    """One version of a protocol, never edited: a change makes the next version, and a plan keeps the one it follows.

    The database refuses to change a version, or its steps, once a plan follows it.
    """

    code = models.SlugField(max_length=40)
    version_number = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    expectation = models.TextField(
        help_text="Shown to the patient at the proposal and kept with the acceptance. It promises no outcome."
    )
    evidence = models.TextField(blank=True, help_text="Where the intervals come from.")
    is_current = models.BooleanField(default=True, help_text="New plans take the current version.")
    change_note = models.CharField(max_length=500, blank=True, help_text="What is different from the version before.")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)

    class Meta(Record.Meta):
        ordering = ["title", "-version_number"]
        triggers = [
            *Record.Meta.triggers,
            fixed_once_followed(
                "row_of.id",
                unless="""TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND
                    (OLD.code, OLD.version_number, OLD.title, OLD.description, OLD.expectation, OLD.evidence)
                    = (NEW.code, NEW.version_number, NEW.title, NEW.description, NEW.expectation, NEW.evidence)""",
            ),
        ]
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
        FOLLOW_UP = "follow_up", "Follow-up visit"

    class Anchor(models.TextChoices):
        PLAN_START = "plan_start", "Start of the plan"
        PREVIOUS_SESSION = "previous_session", "The session before"
        SESSION = "session", "Session number …"
        LAST_SESSION = "last_session", "The last session"
        EACH_SESSION = "each_session", "Each session"

    protocol = models.ForeignKey(Protocol, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=120)
    anchor = models.CharField(max_length=20, choices=Anchor.choices)
    anchor_session = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The session's number, where the anchor is one session."
    )
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
        triggers = [*Record.Meta.triggers, fixed_once_followed("row_of.protocol_id")]
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
                condition=Q(anchor="session", anchor_session__gte=1) | (~Q(anchor="session") & Q(anchor_session=None)),
                name="step_anchor_session_named",
                violation_error_message="An anchor on one session names its number, and no other anchor does.",
            ),
            models.CheckConstraint(
                condition=Q(offset_months__lte=24, offset_days__lte=730),
                name="step_offset_within_two_years",
                violation_error_message="A step comes at most 24 months and 730 days after its anchor.",
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
    def place(self) -> Place:
        """Where it stands in the course, by which the same visit is known in another version."""
        return self.anchor, self.anchor_session, self.offset_months, self.offset_days

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
    needle_length_mm = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="As planned, for microneedling."
    )
    source = models.CharField(max_length=15, blank=True, help_text="As planned, for stem cells: adipose, bone_marrow.")

    class Meta(Record.Meta):
        ordering = ["position"]
        triggers = [*Record.Meta.triggers, fixed_once_followed(PROTOCOL_OF_STEP)]
        constraints = [
            models.UniqueConstraint(fields=["step", "modality"], name="step_modality_once"),
            models.CheckConstraint(
                condition=Q(needle_length_mm=None)
                | Q(modality="microneedling", needle_length_mm__gte=0.2, needle_length_mm__lte=3),
                name="step_component_needle",
                violation_error_message="A needle length belongs to microneedling and lies within 0.2–3 mm.",
            ),
            models.CheckConstraint(
                condition=Q(source="") | Q(modality="stem_cell", source__in=["adipose", "bone_marrow"]),
                name="step_component_source",
                violation_error_message="A source belongs to stem cells: adipose or bone_marrow.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_modality_display()


@pghistory.track(append_only=True)
class IntervalRule(Record):
    """The least number of days between what was given and what is given next; the strictest that applies governs.

    Applies where each side matches: `after` what was given, `before` what comes; blank is any. `is_across` is for
    different modalities only. The needle bounds and the source are of what was given.
    """

    code = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=120)
    after_modality = models.CharField(max_length=20, choices=Modality.choices, blank=True)
    before_modality = models.CharField(max_length=20, choices=Modality.choices, blank=True)
    is_across = models.BooleanField(default=False, help_text="Only between different modalities.")
    needle_over_mm = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    needle_up_to_mm = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    source = models.CharField(max_length=15, blank=True)
    minimum_days = models.PositiveSmallIntegerField("least number of days", help_text="Earlier is blocked.")
    is_in_force = models.BooleanField(default=True)

    class Meta(Record.Meta):
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum_days__gte=1, minimum_days__lte=730),
                name="interval_rule_1_to_730_days",
                violation_error_message="An interval lasts 1 to 730 days.",
            ),
            models.CheckConstraint(
                condition=Q(needle_over_mm=None) | Q(needle_up_to_mm=None) | Q(needle_over_mm__lt=F("needle_up_to_mm")),
                name="interval_rule_needle_in_order",
                violation_error_message="The needle range ends above its start.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


@pghistory.track(append_only=True)
class CareTopic(Record):
    """What care advice is about: how to prepare for a treatment, what to do after it, how to live with it."""

    class Kind(models.TextChoices):
        PREPARATION = "preparation", "Preparation"
        AFTERCARE = "aftercare", "Aftercare"
        LIFESTYLE = "lifestyle", "Lifestyle"

    code = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    modality = models.CharField(max_length=20, choices=Modality.choices, blank=True, help_text="Blank is any.")
    title = models.CharField(max_length=120)

    class Meta(Record.Meta):
        ordering = ["kind", "code"]

    def __str__(self) -> str:
        return self.title


@pghistory.track(append_only=True)
class CareText(Record):
    """One version of the words on a topic, in one language. A change makes the next version."""

    topic = models.ForeignKey(CareTopic, on_delete=models.PROTECT, related_name="texts")
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    version_number = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=120)
    body = models.TextField(help_text="Plain words, one line a piece of advice. It promises no outcome.")
    is_current = models.BooleanField(default=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)

    class Meta(Record.Meta):
        ordering = ["topic", "language", "-version_number"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "language", "version_number"], name="care_text_version_unique"),
            models.UniqueConstraint(
                fields=["topic", "language"],
                condition=Q(is_current=True),
                name="care_text_one_current",
                violation_error_message="Another version of this text is current.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.language}, v{self.version_number})"

    @property
    def lines(self) -> list[str]:
        """Each piece of advice, without the mark of what is urgent."""
        return [line.removeprefix(URGENT).strip() for line in self.body.splitlines() if line.strip()]


@pghistory.track(append_only=True)
class StepCare(Record):
    """Care advice that belongs to a step; the words are those in force when they are shown."""

    step = models.ForeignKey(ProtocolStep, on_delete=models.CASCADE, related_name="care")
    topic = models.ForeignKey(CareTopic, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=1)

    class Meta(Record.Meta):
        ordering = ["position"]
        triggers = [*Record.Meta.triggers, fixed_once_followed(PROTOCOL_OF_STEP)]
        constraints = [models.UniqueConstraint(fields=["step", "topic"], name="step_care_once")]

    def __str__(self) -> str:
        return str(self.topic)
