"""The plan, its sessions, and what was given in each: one typed record per modality."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.people.models import Modality, Practitioner, User
from clinic.places.models import Location
from clinic.records import Record, stamped, stamped_once
from patients.models import Consent, Patient
from plans.consultations.models import Consultation
from plans.protocols.models import Protocol, ProtocolStep
from plans.treatment import ranges
from plans.treatment.ranges import Range


@pghistory.track(append_only=True)
class TreatmentPlan(Record):
    """A patient's personalised course, made from one protocol version."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PROPOSED = "proposed", "Proposed"
        ACCEPTED = "accepted", "Accepted"
        ACTIVE = "active", "Active"
        ON_HOLD = "on_hold", "On hold"
        COMPLETED = "completed", "Completed"
        DECLINED = "declined", "Declined"
        DISCONTINUED = "discontinued", "Discontinued"

    MAY_EDIT = frozenset({Status.DRAFT})
    MAY_PROPOSE = frozenset({Status.DRAFT})
    MAY_ACCEPT = frozenset({Status.PROPOSED})
    MAY_DECLINE = frozenset({Status.PROPOSED})
    MAY_HOLD = frozenset({Status.ACTIVE})
    MAY_RESUME = frozenset({Status.ON_HOLD})
    MAY_REVISE = frozenset({Status.PROPOSED, Status.ACCEPTED, Status.ACTIVE, Status.ON_HOLD})
    MAY_COMPLETE = frozenset({Status.ACTIVE})
    MAY_DISCONTINUE = frozenset({Status.ACCEPTED, Status.ACTIVE, Status.ON_HOLD})
    MAY_BOOK = frozenset({Status.ACCEPTED, Status.ACTIVE})
    """Only then can its sessions and follow-ups be booked."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="plans")
    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="plans")
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="plans")
    lead_practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="plans")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="plans")
    start_date = models.DateField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT, editable=False)
    revision = models.PositiveSmallIntegerField(default=1, editable=False)
    proposed_at = models.DateTimeField(null=True, editable=False)
    accepted_on = models.DateField(null=True, editable=False)
    expectation_as_shown = models.TextField(blank=True, editable=False)
    declined_at = models.DateTimeField(null=True, editable=False)
    activated_at = models.DateTimeField(null=True, editable=False)
    held_at = models.DateTimeField(null=True, editable=False)
    resumed_on = models.DateField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    discontinued_at = models.DateTimeField(null=True, editable=False)
    status_reason = models.CharField(max_length=500, blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = "plan"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=stamped_once("proposed_at", ["proposed", "accepted", "active", "on_hold", "declined"]),
                name="plan_proposed_stamped",
            ),
            models.CheckConstraint(
                condition=stamped("accepted_on", ["accepted", "active", "on_hold", "completed", "discontinued"]),
                name="plan_accepted_stamped",
            ),
            models.CheckConstraint(
                condition=stamped_once("activated_at", ["active", "on_hold", "completed"]),
                name="plan_activated_stamped",
            ),
            models.CheckConstraint(condition=stamped("declined_at", ["declined"]), name="plan_declined_stamped"),
            models.CheckConstraint(condition=stamped("held_at", ["on_hold"]), name="plan_held_stamped"),
            models.CheckConstraint(condition=stamped("completed_at", ["completed"]), name="plan_completed_stamped"),
            models.CheckConstraint(
                condition=stamped("discontinued_at", ["discontinued"]), name="plan_discontinued_stamped"
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "status"], name="plan_patient_status"),
            models.Index(fields=["location", "status"], name="plan_location_status"),
        ]

    def __str__(self) -> str:
        return f"{self.protocol.title} · {self.patient}"


@pghistory.track(append_only=True)
class PlanRevision(Record):
    """One change of the plan itself: what it follows now, by whom and why."""

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    revised_at = models.DateTimeField()
    revised_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta(Record.Meta):
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_revision_unique")]

    def __str__(self) -> str:
        return f"Revision {self.number}"


@pghistory.track(append_only=True)
class PlanConsent(Record):
    """A consent that this plan rests on."""

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="plan_consents")
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="plan_consents")

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["plan", "consent"], name="plan_consent_unique")]

    def __str__(self) -> str:
        return str(self.consent)


class Zone(models.TextChoices):
    FRONTAL = "frontal", "Frontal"
    MIDSCALP = "midscalp", "Midscalp"
    VERTEX = "vertex", "Vertex"
    LEFT_TEMPORAL = "left_temporal", "Left temporal"
    RIGHT_TEMPORAL = "right_temporal", "Right temporal"
    OCCIPITAL = "occipital", "Occipital"


@pghistory.track(append_only=True)
class ProcedureSession(Record):
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

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="sessions")
    step = models.ForeignKey(ProtocolStep, on_delete=models.PROTECT, related_name="sessions")
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by", editable=False
    )
    sequence = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    duration_minutes = models.PositiveSmallIntegerField()
    target_date = models.DateField()
    window_start = models.DateField()
    window_end = models.DateField()
    pinned_on = models.DateField(null=True, blank=True, editable=False, help_text="A target set by a person.")
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

    class Meta(Record.Meta):
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
        ]

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


def measure(limits: Range, places: int = 2, **options: Any) -> "models.DecimalField[Any, Any]":
    """A decimal column with the hard range of `limits`; its unit stands in the field's name."""
    digits = len(str(int(limits.high))) + places
    return models.DecimalField(
        max_digits=digits,
        decimal_places=places,
        validators=[MinValueValidator(limits.low), MaxValueValidator(limits.high)],
        help_text=f"{limits.low}–{limits.high} {limits.unit}".strip(),
        **options,
    )


def count(limits: Range, **options: Any) -> "models.BigIntegerField[Any, Any]":
    """A whole-number column with the hard range of `limits`."""
    return models.BigIntegerField(
        validators=[MinValueValidator(int(limits.low)), MaxValueValidator(int(limits.high))],
        help_text=f"{limits.low}–{limits.high} {limits.unit}".strip(),
        **options,
    )


def hard_range_checks(prefix: str, limits: Mapping[str, Range]) -> list[models.BaseConstraint]:
    """One CHECK a field: the hard ranges hold in the database too."""
    return [
        models.CheckConstraint(
            condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": limit.low, f"{field}__lte": limit.high}),
            name=f"{prefix}_{field}_range",
            violation_error_message=f"{field} must lie within {limit.low}–{limit.high} {limit.unit}".strip() + ".",
        )
        for field, limit in limits.items()
    ]


OPTIONAL: dict[str, Any] = {"null": True, "blank": True}


@pghistory.track(append_only=True)
class PrpRecord(Record):
    """Autologous platelet-rich plasma as drawn, spun and injected."""

    class Anticoagulant(models.TextChoices):
        ACD_A = "acd_a", "ACD-A"
        SODIUM_CITRATE = "sodium_citrate", "Sodium citrate"
        NONE = "none", "None"
        OTHER = "other", "Other"

    class Leukocytes(models.TextChoices):
        RICH = "rich", "Rich"
        POOR = "poor", "Poor"
        UNKNOWN = "unknown", "Unknown"

    class Activation(models.TextChoices):
        NONE = "none", "None"
        CACL2 = "cacl2", "CaCl₂"
        CA_GLUCONATE = "ca_gluconate", "Ca gluconate"
        THROMBIN = "thrombin", "Thrombin"
        OTHER = "other", "Other"

    component = models.OneToOneField(SessionComponent, on_delete=models.CASCADE, related_name="prp")
    blood_drawn_ml = measure(ranges.PRP["blood_drawn_ml"])
    anticoagulant = models.CharField(max_length=15, choices=Anticoagulant.choices)
    yield_ml = measure(ranges.PRP["yield_ml"])
    baseline_platelets_10e3_per_ul = measure(ranges.PRP["baseline_platelets_10e3_per_ul"], 1, **OPTIONAL)
    prp_platelets_10e3_per_ul = measure(ranges.PRP["prp_platelets_10e3_per_ul"], 1, **OPTIONAL)
    leukocytes = models.CharField(max_length=10, choices=Leukocytes.choices)
    activation = models.CharField(max_length=15, choices=Activation.choices)
    injected_ml = measure(ranges.PRP["injected_ml"])
    area_cm2 = measure(ranges.PRP["area_cm2"], 1, **OPTIONAL)
    depth_mm = measure(ranges.PRP["depth_mm"], 1, **OPTIONAL)
    points = count(ranges.PRP["points"], **OPTIONAL)
    spacing_cm = measure(ranges.PRP["spacing_cm"], 1, **OPTIONAL)
    needle_gauge = count(ranges.PRP["needle_gauge"], **OPTIONAL)
    drawn_at = models.DateTimeField(null=True, blank=True)
    injected_at = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = "PRP record"
        constraints = [
            *hard_range_checks("prp", ranges.PRP),
            models.CheckConstraint(
                condition=Q(injected_ml__lte=F("yield_ml"), yield_ml__lt=F("blood_drawn_ml")),
                name="prp_injected_within_yield_within_draw",
                violation_error_message="Injected ≤ yield < blood drawn.",
            ),
            models.CheckConstraint(
                condition=Q(drawn_at__isnull=True) | Q(injected_at__isnull=True) | Q(injected_at__gte=F("drawn_at")),
                name="prp_injected_after_draw",
                violation_error_message="Injection comes after the draw.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.injected_ml} mL PRP"

    @property
    def dose_ml_per_cm2(self) -> Decimal | None:
        """Injected volume over the treated area, in mL/cm²."""
        return self.injected_ml / self.area_cm2 if self.area_cm2 else None


@pghistory.track(append_only=True)
class PrpSpin(Record):
    """One spin. Force, never speed alone: an rpm means nothing without the rotor's radius."""

    record = models.ForeignKey(PrpRecord, on_delete=models.CASCADE, related_name="spins")
    position = models.PositiveSmallIntegerField()
    rcf_g = count(ranges.PRP_SPIN["rcf_g"])
    minutes = measure(ranges.PRP_SPIN["minutes"], 1)

    class Meta(Record.Meta):
        ordering = ["position"]
        constraints = [
            *hard_range_checks("prp_spin", ranges.PRP_SPIN),
            models.UniqueConstraint(fields=["record", "position"], name="prp_spin_position_unique"),
            models.CheckConstraint(
                condition=Q(position__gte=1, position__lte=2),
                name="prp_spin_at_most_two",
                violation_error_message="PRP is spun at most twice; no spin means filtration.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rcf_g} g × {self.minutes} min"


@pghistory.track(append_only=True)
class StemCellRecord(Record):
    """Cells from fat or marrow as harvested, processed and injected."""

    class Source(models.TextChoices):
        ADIPOSE = "adipose", "Adipose"
        BONE_MARROW = "bone_marrow", "Bone marrow"

    class Method(models.TextChoices):
        ENZYMATIC_SVF = "enzymatic_svf", "Enzymatic SVF"
        MECHANICAL_SVF = "mechanical_svf", "Mechanical SVF"
        CULTURED_ADSC = "cultured_adsc", "Cultured ADSC"
        MARROW_CONCENTRATE = "marrow_concentrate", "Marrow concentrate"

    class HarvestSite(models.TextChoices):
        ABDOMEN = "abdomen", "Abdomen"
        FLANK = "flank", "Flank"
        THIGH = "thigh", "Thigh"
        ILIAC_CREST_LEFT = "iliac_crest_left", "Iliac crest, left"
        ILIAC_CREST_RIGHT = "iliac_crest_right", "Iliac crest, right"

    component = models.OneToOneField(SessionComponent, on_delete=models.CASCADE, related_name="stem_cell")
    source = models.CharField(max_length=15, choices=Source.choices)
    method = models.CharField(max_length=20, choices=Method.choices)
    harvest_site = models.CharField(max_length=20, choices=HarvestSite.choices)
    harvested_ml = measure(ranges.STEM_CELL["harvested_ml"])
    viable_cells_10e6 = measure(ranges.STEM_CELL["viable_cells_10e6"])
    viability_pct = measure(ranges.STEM_CELL["viability_pct"], 1)
    passage = count(ranges.STEM_CELL["passage"])
    injected_ml = measure(ranges.STEM_CELL["injected_ml"])
    area_cm2 = measure(ranges.STEM_CELL["area_cm2"], 1, **OPTIONAL)
    points = count(ranges.STEM_CELL["points"], **OPTIONAL)

    class Meta(Record.Meta):
        verbose_name = "stem-cell record"
        constraints = [
            *hard_range_checks("stem_cell", ranges.STEM_CELL),
            models.CheckConstraint(
                condition=Q(source="adipose", method__in=["enzymatic_svf", "mechanical_svf", "cultured_adsc"])
                | Q(source="bone_marrow", method="marrow_concentrate", harvested_ml__lte=250),
                name="stem_cell_method_fits_source",
                violation_error_message="Fat gives SVF or cultured cells; marrow a concentrate of at most 250 mL.",
            ),
            models.CheckConstraint(
                condition=Q(source="adipose", harvest_site__in=["abdomen", "flank", "thigh"])
                | Q(source="bone_marrow", harvest_site__in=["iliac_crest_left", "iliac_crest_right"]),
                name="stem_cell_site_fits_source",
                violation_error_message="Fat comes from abdomen, flank or thigh; marrow from the iliac crest.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.viable_cells_10e6} ×10⁶ cells"


@pghistory.track(append_only=True)
class MicroneedlingRecord(Record):
    class Device(models.TextChoices):
        ROLLER = "roller", "Roller"
        PEN = "pen", "Pen"
        RF = "rf", "RF"

    class Endpoint(models.TextChoices):
        ERYTHEMA = "erythema", "Erythema"
        PINPOINT_BLEEDING = "pinpoint_bleeding", "Pinpoint bleeding"

    component = models.OneToOneField(SessionComponent, on_delete=models.CASCADE, related_name="microneedling")
    device = models.CharField(max_length=10, choices=Device.choices)
    needle_length_mm = measure(ranges.MICRONEEDLING["needle_length_mm"])
    passes = count(ranges.MICRONEEDLING["passes"])
    endpoint = models.CharField(max_length=20, choices=Endpoint.choices)
    speed = models.CharField(max_length=60, blank=True)
    topical = models.CharField(max_length=120, blank=True)
    order = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Its place beside its partner.")

    class Meta(Record.Meta):
        verbose_name = "microneedling record"
        constraints = hard_range_checks("microneedling", ranges.MICRONEEDLING)

    def __str__(self) -> str:
        return f"{self.needle_length_mm} mm × {self.passes}"


@pghistory.track(append_only=True)
class ExosomeRecord(Record):
    class Source(models.TextChoices):
        AUTOLOGOUS = "autologous", "Autologous"
        ALLOGENEIC = "allogeneic", "Allogeneic"
        PLANT = "plant", "Plant"

    component = models.OneToOneField(SessionComponent, on_delete=models.CASCADE, related_name="exosome")
    source = models.CharField(max_length=12, choices=Source.choices)
    particles_per_ml = count(ranges.EXOSOME["particles_per_ml"])
    dose_ml = measure(ranges.EXOSOME["dose_ml"])
    route = models.CharField(max_length=60)
    regulatory_basis = models.CharField(max_length=120, blank=True)
    storage_c = measure(ranges.EXOSOME["storage_c"], 1, **OPTIONAL)
    reconstituted_at = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = "exosome record"
        constraints = hard_range_checks("exosome", ranges.EXOSOME)

    def __str__(self) -> str:
        return f"{self.dose_ml} mL exosomes"


RECORDS: Mapping[Modality, type[PrpRecord | StemCellRecord | MicroneedlingRecord | ExosomeRecord]] = {
    Modality.PRP: PrpRecord,
    Modality.STEM_CELL: StemCellRecord,
    Modality.MICRONEEDLING: MicroneedlingRecord,
    Modality.EXOSOME: ExosomeRecord,
}
"""The typed record of each modality; a component reaches its own under the modality's name."""


@pghistory.track(append_only=True)
class SessionAmendment(Record):
    """Why a signed session was changed, by whom; the history holds what it said before."""

    session = models.ForeignKey(ProcedureSession, on_delete=models.CASCADE, related_name="amendments")
    reason = models.TextField()
    amended_at = models.DateTimeField()
    amended_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta(Record.Meta):
        ordering = ["amended_at"]

    def __str__(self) -> str:
        return self.reason
