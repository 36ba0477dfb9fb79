"""What was given: one typed record per modality, each with its hard ranges as constraints."""

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.limits import Range
from clinic.people.models import Modality
from clinic.records import Record
from plans.treatment import ranges
from plans.treatment.models.sessions import SessionComponent


def measure(limits: Range, places: int = 2, **options: Any) -> "models.DecimalField[Any, Any]":
    """A decimal column with the hard range of `limits`; its unit stands in the field's name."""
    digits = max(len(str(abs(int(bound)))) for bound in (limits.low, limits.high)) + places
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
    prp_platelets_10e3_per_ul = measure(
        ranges.PRP["prp_platelets_10e3_per_ul"], 1, verbose_name=ranges.NAMES["prp_platelets_10e3_per_ul"], **OPTIONAL
    )
    leukocytes = models.CharField(max_length=10, choices=Leukocytes.choices)
    activation = models.CharField(max_length=15, choices=Activation.choices)
    injected_ml = measure(ranges.PRP["injected_ml"])
    area_cm2 = measure(ranges.PRP["area_cm2"], 1, **OPTIONAL)
    depth_mm = measure(ranges.PRP["depth_mm"], 1, **OPTIONAL)
    points = count(ranges.PRP["points"], verbose_name=ranges.NAMES["points"], **OPTIONAL)
    spacing_cm = measure(ranges.PRP["spacing_cm"], 1, **OPTIONAL)
    needle_gauge = count(ranges.PRP["needle_gauge"], **OPTIONAL)
    drawn_at = models.DateTimeField("blood drawn at", null=True, blank=True)
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
    rcf_g = count(ranges.PRP_SPIN["rcf_g"], verbose_name=ranges.NAMES["rcf_g"])
    minutes = measure(ranges.PRP_SPIN["minutes"], 1, verbose_name=ranges.NAMES["minutes"])

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
    points = count(ranges.STEM_CELL["points"], verbose_name=ranges.NAMES["points"], **OPTIONAL)

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
    order = models.PositiveSmallIntegerField(
        "order beside its partner", null=True, blank=True, help_text="Its place beside its partner."
    )

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
CHARTED = reduce(or_, (Q(**{f"{modality.value}__isnull": False}) for modality in RECORDS))
"""The components that have their record."""
