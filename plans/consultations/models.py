"""The consultation: cause, severity, screening, candidacy. Signed, it changes only by amendment."""

from decimal import Decimal

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from clinic.limits import Number, Range
from clinic.people.models import Modality, Practitioner, User
from clinic.places.models import Location
from clinic.records import Record
from patients.models import Patient
from plans.consultations.diagnoses import DIAGNOSES
from plans.consultations.scales import Scale, allowed_values, is_valid


def validate_icd10(value: str) -> None:
    if value not in DIAGNOSES:
        raise ValidationError(
            "%(value)s is not among the diagnoses: %(allowed)s.",
            params={"value": value, "allowed": ", ".join(DIAGNOSES)},
        )


@pghistory.track(append_only=True)
class ScreeningItem(Record):
    """One question of the screening, as data that a clinic edits. docs/clinical-defaults.md says what is seeded."""

    class Kind(models.TextChoices):
        BOOLEAN = "boolean", "Yes or no"
        NUMBER = "number", "Number"

    class Severity(models.TextChoices):
        ABSOLUTE = "absolute", "Absolute: blocks"
        RELATIVE = "relative", "Relative: warns"

    code = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.BOOLEAN)
    unit = models.CharField(max_length=20, blank=True)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    modalities = ArrayField(
        models.CharField(max_length=20, choices=Modality.choices),
        default=list,
        blank=True,
        help_text="The modalities it concerns; empty: all.",
    )
    applies_to_sexes = ArrayField(
        models.CharField(max_length=10, choices=Patient.Sex.choices),
        default=list,
        blank=True,
        help_text="Who is asked; empty: everybody.",
    )
    unremarkable_boolean = models.BooleanField(null=True, blank=True, help_text="The answer that raises nothing.")
    unremarkable_number = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    block_below = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    warn_below = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    can_override = models.BooleanField(default=True, help_text="Whether a reason can lift an absolute block.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta(Record.Meta):
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="boolean", unremarkable_boolean__isnull=False, unremarkable_number__isnull=True)
                | Q(kind="number", unremarkable_boolean__isnull=True, unremarkable_number__isnull=False),
                name="screening_item_unremarkable_of_its_kind",
                violation_error_message="Give the unremarkable answer in the item's own kind.",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def unremarkable(self) -> bool | Decimal:
        """The answer that raises nothing, in the item's own kind."""
        answer = self.unremarkable_boolean if self.kind == self.Kind.BOOLEAN else self.unremarkable_number
        if answer is None:
            raise ValueError(f"screening item {self.code} has no unremarkable answer")
        return answer

    @property
    def number(self) -> Number:
        """What an answer in numbers may be."""
        return Number(self.label, Range(Decimal(0), Decimal("9999999.99"), self.unit), places=2)


@pghistory.track(append_only=True)
class Consultation(Record):
    """What was found and decided in one consultation."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SIGNED = "signed", "Signed"
        AMENDED = "amended", "Amended"

    class Candidacy(models.TextChoices):
        CANDIDATE = "candidate", "Candidate"
        NOT_CANDIDATE = "not_candidate", "Not a candidate"
        DEFERRED = "deferred", "Deferred"

    MAY_EDIT = frozenset({Status.DRAFT})
    MAY_SIGN = frozenset({Status.DRAFT})
    MAY_AMEND = frozenset({Status.SIGNED, Status.AMENDED})

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consultations")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="consultations")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="consultations")
    occurred_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False)
    severity_scale = models.CharField(max_length=20, choices=Scale.choices)
    severity_value = models.CharField(max_length=20)
    goals = models.TextField()
    candidacy = models.CharField(max_length=15, choices=Candidacy.choices)
    notes = models.TextField(blank=True)
    signed_at = models.DateTimeField(null=True, editable=False)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    amended_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        ordering = ["-occurred_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(status="draft") & Q(signed_at__isnull=True, signed_by__isnull=True))
                | (~Q(status="draft") & Q(signed_at__isnull=False, signed_by__isnull=False)),
                name="consultation_signed_stamped",
            ),
            models.CheckConstraint(
                condition=(Q(status="amended") & Q(amended_at__isnull=False))
                | (~Q(status="amended") & Q(amended_at__isnull=True)),
                name="consultation_amended_stamped",
            ),
        ]
        indexes = [models.Index(fields=["patient", "-occurred_at"], name="consultation_patient")]

    def __str__(self) -> str:
        return f"Consultation of {self.patient}"

    def clean(self) -> None:
        if self.severity_scale and not is_valid(self.severity_scale, self.severity_value):
            allowed = allowed_values(self.severity_scale)
            raise ValidationError(
                {"severity_value": f"“{self.severity_value}” is not on this scale; it takes {allowed}."}
            )


@pghistory.track(append_only=True)
class Cause(Record):
    """One cause of the hair loss; one of a consultation's causes is the primary one."""

    class Factor(models.TextChoices):
        GENETIC = "genetic", "Genetic"
        HORMONAL = "hormonal", "Hormonal"
        AGE = "age", "Age"
        STRESS = "stress", "Stress"
        OTHER = "other", "Other"

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="causes")
    icd10 = models.CharField("ICD-10", max_length=8, validators=[validate_icd10])
    factor = models.CharField("contributing factor", max_length=10, choices=Factor.choices)
    is_primary = models.BooleanField("primary", default=False)

    class Meta(Record.Meta):
        ordering = ["-is_primary", "icd10"]
        constraints = [
            models.UniqueConstraint(
                fields=["consultation", "icd10", "factor"],
                name="cause_unique",
                violation_error_message="This cause stands here already.",
            ),
            models.UniqueConstraint(
                fields=["consultation"],
                condition=Q(is_primary=True),
                name="cause_one_primary",
                violation_error_message="Only one cause is the primary one.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.icd10} {DIAGNOSES.get(self.icd10, '')}".strip()


@pghistory.track(append_only=True)
class ScreeningAnswer(Record):
    """The answer to one screening item in one consultation."""

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="screening_answers")
    item = models.ForeignKey(ScreeningItem, on_delete=models.PROTECT, related_name="answers")
    boolean = models.BooleanField(null=True, blank=True)
    number = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)

    class Meta(Record.Meta):
        ordering = ["item__position"]
        constraints = [
            models.UniqueConstraint(fields=["consultation", "item"], name="screening_answer_once"),
            models.CheckConstraint(
                condition=Q(boolean__isnull=True, number__isnull=False) | Q(boolean__isnull=False, number__isnull=True),
                name="screening_answer_of_one_kind",
                violation_error_message="Answer with yes or no, or with a number.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.value}"

    @property
    def value(self) -> bool | Decimal | None:
        return self.number if self.boolean is None else self.boolean


class Amendment(Record):
    """Why a signed record was changed, by whom; the history holds what it said before."""

    reason = models.TextField()
    amended_at = models.DateTimeField()
    amended_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta(Record.Meta):
        abstract = True
        ordering = ["amended_at"]

    def __str__(self) -> str:
        return self.reason


@pghistory.track(append_only=True)
class ConsultationAmendment(Amendment):
    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="amendments")

    class Meta(Amendment.Meta):
        pass
