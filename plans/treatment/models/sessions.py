"""The sessions of a plan, and what each is made of."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.people.models import Modality, Practitioner, User
from clinic.records import Record, stamped
from plans.consultations.models import Amendment
from plans.protocols.models import ProtocolStep
from plans.treatment.models.plans import TreatmentPlan
from plans.treatment.models.windows import Pinned


class Zone(models.TextChoices):
    FRONTAL = "frontal", "Frontal"
    MIDSCALP = "midscalp", "Midscalp"
    VERTEX = "vertex", "Vertex"
    LEFT_TEMPORAL = "left_temporal", "Left temporal"
    RIGHT_TEMPORAL = "right_temporal", "Right temporal"
    OCCIPITAL = "occipital", "Occipital"


@pghistory.track(append_only=True)
class ProcedureSession(Pinned):
    """One session of a plan: owed within a window, then performed or aborted, then signed.

    *Scheduled* is not stored: a session is scheduled because a live appointment says so.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        IN_PROGRESS = "in_progress", "In progress"
        PERFORMED = "performed", "Performed"
        ABORTED = "aborted", "Aborted"
        SIGNED = "signed", "Signed"
        AMENDED = "amended", "Amended"
        CANCELLED = "cancelled", "Cancelled"

    MAY_START = frozenset({Status.PLANNED})
    MAY_PERFORM = frozenset({Status.IN_PROGRESS})
    MAY_ABORT = frozenset({Status.IN_PROGRESS})
    MAY_CANCEL = frozenset({Status.PLANNED})
    MAY_SIGN = frozenset({Status.PERFORMED, Status.ABORTED})
    MAY_AMEND = frozenset({Status.SIGNED, Status.AMENDED})
    MAY_BOOK = frozenset({Status.PLANNED})
    OPEN = frozenset({Status.PLANNED, Status.IN_PROGRESS})
    """Still owed: while one is, the sessions after it wait."""
    MAY_PIN = frozenset({Status.PLANNED})

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="sessions")
    step = models.ForeignKey(ProtocolStep, on_delete=models.PROTECT, related_name="sessions")
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by", editable=False
    )
    sequence = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    duration_minutes = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PLANNED, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    performed_at = models.DateTimeField(null=True, editable=False)
    aborted_at = models.DateTimeField(null=True, editable=False)
    abort_reason = models.CharField(max_length=500, blank=True, editable=False)
    was_anything_given = models.BooleanField(
        default=False, editable=False, help_text="Performed, or aborted after something was given: the interval runs."
    )
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancel_reason = models.CharField(max_length=500, blank=True, editable=False)
    operator = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, null=True, related_name="sessions_performed", editable=False
    )
    zones = ArrayField(models.CharField(max_length=20, choices=Zone.choices), default=list, blank=True)
    pain_0_10 = models.PositiveSmallIntegerField(
        "pain (0–10)", null=True, blank=True, validators=[MaxValueValidator(10)]
    )
    deviations = models.TextField(blank=True)
    signed_at = models.DateTimeField(null=True, editable=False)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    amended_at = models.DateTimeField(null=True, editable=False)

    class Meta(Pinned.Meta):
        verbose_name = "session"
        ordering = ["plan", "sequence", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "sequence"],
                condition=Q(aborted_at__isnull=True, cancelled_at__isnull=True),
                name="session_sequence_unique",
            ),
            models.CheckConstraint(
                condition=Q(window_start__lte=F("target_date"), window_end__gte=F("target_date")),
                name="session_target_in_window",
                violation_error_message="The target date lies in the window.",
            ),
            models.CheckConstraint(
                condition=(Q(status__in=["planned", "cancelled"]) & Q(started_at__isnull=True))
                | (~Q(status__in=["planned", "cancelled"]) & Q(started_at__isnull=False)),
                name="session_started_stamped",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["planned", "in_progress", "cancelled"],
                    performed_at__isnull=True,
                    aborted_at__isnull=True,
                )
                | Q(status="performed", performed_at__isnull=False, aborted_at__isnull=True)
                | Q(status="aborted", performed_at__isnull=True, aborted_at__isnull=False)
                | Q(status__in=["signed", "amended"], performed_at__isnull=False, aborted_at__isnull=True)
                | Q(status__in=["signed", "amended"], performed_at__isnull=True, aborted_at__isnull=False),
                name="session_outcome_stamped",
            ),
            models.CheckConstraint(condition=stamped("cancelled_at", ["cancelled"]), name="session_cancelled_stamped"),
            models.CheckConstraint(
                condition=stamped("signed_at", ["signed", "amended"]), name="session_signed_stamped"
            ),
            models.CheckConstraint(condition=stamped("amended_at", ["amended"]), name="session_amended_stamped"),
            models.CheckConstraint(
                condition=Q(pain_0_10__isnull=True) | Q(pain_0_10__lte=10), name="session_pain_0_to_10"
            ),
        ]
        indexes = [
            models.Index(fields=["window_end"], condition=Q(status="planned"), name="session_owed"),
            models.Index(fields=["performed_at"], name="session_performed"),
        ]

    @property
    def is_maintenance(self) -> bool:
        """Whether it keeps up what the initial course has reached."""
        return self.step.kind == ProtocolStep.Kind.MAINTENANCE

    def __str__(self) -> str:
        return self.title


@pghistory.track(append_only=True)
class SessionComponent(Record):
    """One modality of a session; its typed record hangs on it once it was given."""

    session = models.ForeignKey(ProcedureSession, on_delete=models.CASCADE, related_name="components")
    modality = models.CharField(max_length=20, choices=Modality.choices)
    position = models.PositiveSmallIntegerField(default=1)

    class Meta(Record.Meta):
        verbose_name = "component"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "modality"],
                name="component_modality_once",
                violation_error_message="A session holds one component of each modality.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_modality_display()


@pghistory.track(append_only=True)
class ComponentWarning(Record):
    """A charted value outside its usual range, as it was shown when it was charted."""

    component = models.ForeignKey(SessionComponent, on_delete=models.CASCADE, related_name="warnings")
    attr = models.CharField(max_length=60)
    code = models.CharField(max_length=40)
    detail = models.CharField(max_length=300)

    class Meta(Record.Meta):
        ordering = ["id"]

    def __str__(self) -> str:
        return self.detail


@pghistory.track(append_only=True)
class SessionAmendment(Amendment):
    session = models.ForeignKey(ProcedureSession, on_delete=models.CASCADE, related_name="amendments")

    class Meta(Amendment.Meta):
        pass
