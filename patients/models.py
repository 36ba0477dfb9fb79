"""Who is cared for: identity, contact, guardian, allergies, history, and the consents they gave."""

from datetime import date

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat, Reverse, Upper

from clinic.people.models import Modality, User
from clinic.places.models import Location, Weekday
from clinic.records import Record, stamped
from patients.rules import needs_guardian, phone_in_words


class NextMrn(Func):
    """The next medical record number, from a database sequence: never reused, gaps allowed."""

    function = "nextval"
    template = "('MRN-' || to_char(%(function)s('patients_mrn'), 'FM999999000000'))"
    output_field = models.CharField()


class Folded(Func):
    """A text as the search compares it: in lower case, without accents."""

    function = "patients_folded"
    output_field = models.TextField()


FOLDED_NAME = Folded(Concat("first_name", Value(" "), "last_name"))
"""“mock dogwood”; has a trigram index."""


@pghistory.track(append_only=True)
class Patient(Record):
    """A person in care. An email or phone may be shared by a family; the record number is not.

    One whose record was merged into another's keeps its number, so that it still finds the person, and nothing else.
    """

    class Sex(models.TextChoices):
        FEMALE = "female", "Female"
        MALE = "male", "Male"
        OTHER = "other", "Other"
        UNKNOWN = "unknown", "Unknown"

    class OptionalMail(models.TextChoices):
        """The kinds of mail that they may do without. That a visit is booked, moved or cancelled is no choice."""

        REMINDER = "reminder", "Reminders of visits"
        PREPARATION = "preparation", "How to prepare for a visit"
        AFTERCARE = "aftercare", "What to mind after a visit"
        CHECK_IN = "check_in", "Questions about the recovery"
        OVERDUE = "overdue", "A nudge when a visit should be booked"
        OFFER = "offer", "Offers of an earlier time"

    mrn = models.CharField("record number", max_length=20, unique=True, editable=False, db_default=NextMrn())
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    date_of_birth = models.DateField()
    sex = models.CharField(max_length=10, choices=Sex.choices)
    home_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="patients")
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    phone_digits = models.CharField(
        max_length=20, blank=True, editable=False, help_text="The phone in E.164 digits, so that any spelling finds it."
    )
    language = models.CharField(max_length=8, default="en")
    confidential_email = models.EmailField(
        blank=True,
        help_text="Where they asked us to write instead, so that nobody who shares the other address reads it. "
        "Links in earlier mails end with it.",
    )
    email_opt_out = models.BooleanField("no email", default=False)
    unwanted_mail = ArrayField(models.CharField(max_length=15, choices=OptionalMail.choices), default=list, blank=True)
    email_bounced_at = models.DateTimeField(null=True, blank=True, editable=False)
    preferred_weekdays = ArrayField(
        models.PositiveSmallIntegerField(
            choices=Weekday.choices, validators=[MinValueValidator(1), MaxValueValidator(7)]
        ),
        default=list,
        blank=True,
        help_text="Days that suit them; free times on these come first. None: every day.",
    )
    preferred_from = models.TimeField(null=True, blank=True, help_text="They like to come at this time or later.")
    preferred_until = models.TimeField(null=True, blank=True, help_text="They like to be done by then.")
    link_generation = models.PositiveSmallIntegerField(
        default=1, editable=False, help_text="Links of an earlier generation are revoked."
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from", editable=False
    )
    merged_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        ordering = ["last_name", "first_name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(first_name="") & ~Q(last_name=""),
                name="patient_named",
                violation_error_message="A patient has a first and a last name.",
            ),
            models.CheckConstraint(
                condition=Q(date_of_birth__gte="1900-01-01"),
                name="patient_born_since_1900",
                violation_error_message="The date of birth must be 1 January 1900 or later.",
            ),
            models.CheckConstraint(
                condition=Q(preferred_from__isnull=True)
                | Q(preferred_until__isnull=True)
                | Q(preferred_from__lt=F("preferred_until")),
                name="patient_preferred_times_in_order",
                violation_error_message="The time to be done by is after the time to come.",
            ),
            models.CheckConstraint(
                condition=(Q(merged_into__isnull=True) & Q(merged_at__isnull=True))
                | (Q(merged_into__isnull=False) & Q(merged_at__isnull=False) & ~Q(merged_into=F("id"))),
                name="patient_merged_stamped",
            ),
        ]
        indexes = [
            models.Index(fields=["last_name", "first_name"], name="patient_name"),
            models.Index(fields=["phone_digits"], name="patient_phone"),
            # By the last digits: what it begins with, read from behind.
            models.Index(OpClass(Reverse("phone_digits"), name="text_pattern_ops"), name="patient_phone_end"),
            models.Index(Upper("email"), name="patient_email"),
            models.Index(Upper("confidential_email"), name="patient_confidential_email"),
            models.Index(fields=["date_of_birth"], name="patient_born"),
            GinIndex(OpClass(FOLDED_NAME, name="gin_trgm_ops"), name="patient_folded_name_trgm"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def phone_shown(self) -> str:
        """The phone in one spelling, whoever typed it how; as typed where it is no number."""
        return phone_in_words(self.phone, self.phone_digits)

    def lacks_guardian(self, today: date) -> bool:
        """Whether they are under age on `today` and nobody on record speaks for them. No query where the guardian was
        read along."""
        return needs_guardian(self.date_of_birth, today) and getattr(self, "guardian", None) is None

    @property
    def is_merged(self) -> bool:
        """Whether this record went into another one: nothing is written on it any more."""
        return self.merged_into_id is not None

    @property
    def mail_address(self) -> str:
        """Where mail to them goes; empty where it goes nowhere."""
        return self.confidential_email or self.email

    @property
    def is_reachable_by_email(self) -> bool:
        """Whether mail may and can be sent: an address that has not bounced, and no opt-out."""
        return bool(self.mail_address) and not self.email_opt_out and self.email_bounced_at is None


@pghistory.track(append_only=True)
class Guardian(Record):
    """Who speaks for a minor or for somebody who cannot."""

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="guardian")
    name = models.CharField(max_length=200)
    relationship = models.CharField(max_length=60)
    phone = models.CharField(max_length=32, blank=True)
    email = models.EmailField(blank=True)

    class Meta(Record.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.name} ({self.relationship})"


@pghistory.track(append_only=True)
class Allergy(Record):
    class Severity(models.TextChoices):
        MILD = "mild", "Mild"
        MODERATE = "moderate", "Moderate"
        SEVERE = "severe", "Severe"
        UNKNOWN = "unknown", "Unknown"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="allergies")
    substance = models.CharField(max_length=120)
    reaction = models.CharField(max_length=200, blank=True)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.UNKNOWN)

    class Meta(Record.Meta):
        verbose_name_plural = "allergies"
        ordering = ["substance"]

    def __str__(self) -> str:
        return self.substance


@pghistory.track(append_only=True)
class HistoryEntry(Record):
    """One entry of the medical history as the patient tells it."""

    class Kind(models.TextChoices):
        CONDITION = "condition", "Condition"
        MEDICATION = "medication", "Medication"
        PROCEDURE = "procedure", "Procedure"
        FAMILY = "family", "Family history"
        LIFESTYLE = "lifestyle", "Lifestyle"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="history_entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    description = models.CharField(max_length=300)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name_plural = "medical history"
        ordering = ["kind", "-since"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(since__isnull=True) | Q(until__gte=F("since")),
                name="history_entry_dates_in_order",
                violation_error_message="It cannot end before it began.",
            ),
        ]

    def __str__(self) -> str:
        return self.description


@pghistory.track(append_only=True)
class ConsentDocument(Record):
    """One version of what a patient signs. A version in use is never edited; a new one supersedes it."""

    class Purpose(models.TextChoices):
        TREATMENT = "treatment", "Treatment"
        PHOTOGRAPHS = "photographs", "Photographs"
        MARKETING = "marketing", "Marketing"
        EMAIL = "email", "Email"

    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.TREATMENT)
    modality = models.CharField(max_length=20, choices=Modality.choices, blank=True)
    version_label = models.CharField("version", max_length=20)
    title = models.CharField(max_length=200)
    text = models.TextField()
    in_force_from = models.DateField()
    in_force_until = models.DateField(null=True, blank=True)

    class Meta(Record.Meta):
        ordering = ["modality", "-in_force_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "modality", "version_label"],
                name="consent_document_version_unique",
                violation_error_message="This version exists already.",
            ),
            models.UniqueConstraint(
                fields=["purpose", "modality"],
                condition=Q(in_force_until__isnull=True),
                name="consent_document_one_in_force",
                violation_error_message="Another version is in force without end; end it first.",
            ),
            models.CheckConstraint(
                condition=(Q(purpose="treatment") & ~Q(modality="")) | (~Q(purpose="treatment") & Q(modality="")),
                name="consent_document_treatment_has_modality",
                violation_error_message="A treatment consent names its modality; the others name none.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.version_label})"


@pghistory.track(append_only=True)
class Consent(Record):
    """One patient's signature under one version of a document, with the text as it was shown."""

    class Status(models.TextChoices):
        GIVEN = "given", "Given"
        WITHDRAWN = "withdrawn", "Withdrawn"
        SUPERSEDED = "superseded", "Superseded"

    MAY_WITHDRAW = frozenset({Status.GIVEN})
    MAY_SUPERSEDE = frozenset({Status.GIVEN})

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    document = models.ForeignKey(ConsentDocument, on_delete=models.PROTECT, related_name="consents")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.GIVEN, editable=False)
    signed_name = models.CharField(max_length=200, help_text="As typed by the patient or guardian.")
    signed_on = models.DateField()
    text_as_signed = models.TextField(editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawal_reason = models.CharField(max_length=300, blank=True, editable=False)
    superseded_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        ordering = ["-signed_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=stamped("withdrawn_at", ["withdrawn"]), name="consent_withdrawn_stamped"),
            models.CheckConstraint(
                condition=stamped("superseded_at", ["superseded"]), name="consent_superseded_stamped"
            ),
            models.UniqueConstraint(
                fields=["patient", "document"],
                condition=Q(status="given"),
                name="consent_given_once",
                violation_error_message="This version has been signed already.",
            ),
            models.CheckConstraint(
                condition=~Q(signed_name=""),
                name="consent_signed",
                violation_error_message="A consent carries the signer's name.",
            ),
        ]
        indexes = [models.Index(fields=["patient", "status"], name="consent_patient_status")]

    def __str__(self) -> str:
        return f"{self.document} · {self.get_status_display()}"


__all__ = [
    "Allergy",
    "Consent",
    "ConsentDocument",
    "Guardian",
    "HistoryEntry",
    "Patient",
]
