"""Who would rather come earlier, and what was offered to them."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room, Weekday
from clinic.records import Record, stamped
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.scheduling.models.appointments import Appointment, VisitKind
from plans.treatment.models import ProcedureSession

OPEN_STATUSES = ("waiting", "offered")


@pghistory.track(append_only=True)
class WaitlistEntry(Record):
    """A patient who wants a time, or an earlier one, for one session, one follow-up or a consultation.

    An offer is a time that somebody told them of; it holds nothing back. The first who accepts a time gets it.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        OFFERED = "offered", "Offered"
        BOOKED = "booked", "Booked"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    OPEN = frozenset({Status.WAITING, Status.OFFERED})
    MAY_OFFER = OPEN
    MAY_ACCEPT = OPEN
    MAY_DECLINE = frozenset({Status.OFFERED})
    MAY_WITHDRAW = OPEN
    MAY_CHANGE = OPEN

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="waitlist_entries")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="waitlist_entries")
    kind = models.CharField(max_length=12, choices=VisitKind.choices, editable=False)
    session = models.ForeignKey(
        ProcedureSession, on_delete=models.PROTECT, null=True, blank=True, related_name="waitlist_entries"
    )
    follow_up = models.ForeignKey(
        FollowUp, on_delete=models.PROTECT, null=True, blank=True, related_name="waitlist_entries"
    )
    practitioner = models.ForeignKey(
        Practitioner,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="waitlist_entries",
        help_text="The only one they want to see. Empty: anybody who is qualified.",
    )
    earliest = models.DateField(null=True, blank=True, help_text="First day that suits them.")
    latest = models.DateField(null=True, blank=True, help_text="Last day that suits them, included.")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(
            choices=Weekday.choices, validators=[MinValueValidator(1), MaxValueValidator(7)]
        ),
        default=list,
        blank=True,
        help_text="The only days that suit them. None: every day.",
    )
    time_from = models.TimeField(null=True, blank=True, help_text="Not before this time of day.")
    time_until = models.TimeField(null=True, blank=True, help_text="Done by this time of day.")
    is_urgent = models.BooleanField(default=False, help_text="Comes before those who wait longer.")
    note = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING, editable=False)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, editable=False)
    offers = models.PositiveSmallIntegerField(default=0, editable=False, help_text="How many times they were offered.")
    offered_starts_at = models.DateTimeField(null=True, editable=False)
    offered_practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )
    offered_room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+", null=True, editable=False)
    offered_at = models.DateTimeField(null=True, editable=False)
    offered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, editable=False)
    appointment = models.ForeignKey(
        Appointment,
        on_delete=models.PROTECT,
        related_name="waitlist_entries",
        null=True,
        editable=False,
        help_text="What they got.",
    )
    settled_at = models.DateTimeField(null=True, editable=False)
    settled_because = models.CharField(max_length=300, blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = "waitlist entry"
        verbose_name_plural = "waitlist"
        ordering = ["-is_urgent", "created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="session", session__isnull=False, follow_up__isnull=True)
                | Q(kind="follow_up", session__isnull=True, follow_up__isnull=False)
                | Q(kind="consultation", session__isnull=True, follow_up__isnull=True),
                name="waitlist_entry_one_purpose",
                violation_error_message="Somebody waits for one consultation, one session or one follow-up.",
            ),
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(status__in=OPEN_STATUSES),
                name="waitlist_entry_once_per_session",
                violation_error_code="already_waiting",
                violation_error_message="The patient is on the waitlist for this session.",
            ),
            models.UniqueConstraint(
                fields=["follow_up"],
                condition=Q(status__in=OPEN_STATUSES),
                name="waitlist_entry_once_per_follow_up",
                violation_error_code="already_waiting",
                violation_error_message="The patient is on the waitlist for this follow-up.",
            ),
            models.UniqueConstraint(
                fields=["patient", "location"],
                condition=Q(status__in=OPEN_STATUSES, kind="consultation"),
                name="waitlist_entry_once_per_consultation",
                violation_error_code="already_waiting",
                violation_error_message="The patient is on the waitlist for a consultation here.",
            ),
            models.CheckConstraint(
                condition=Q(earliest__isnull=True) | Q(latest__isnull=True) | Q(latest__gte=F("earliest")),
                name="waitlist_entry_days_in_order",
                violation_error_message="The last day cannot be before the first.",
            ),
            models.CheckConstraint(
                condition=Q(time_from__isnull=True) | Q(time_until__isnull=True) | Q(time_from__lt=F("time_until")),
                name="waitlist_entry_times_in_order",
                violation_error_message="The time to be done by is after the time to come.",
            ),
            models.CheckConstraint(
                condition=Q(
                    offered_starts_at__isnull=False, offered_practitioner__isnull=False, offered_at__isnull=False
                )
                | Q(offered_starts_at__isnull=True, offered_practitioner__isnull=True, offered_at__isnull=True),
                name="waitlist_entry_offer_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status="offered") | Q(offered_at__isnull=False), name="waitlist_entry_offered_stamped"
            ),
            models.CheckConstraint(
                condition=stamped("settled_at", ["booked", "declined", "withdrawn"]),
                name="waitlist_entry_settled_stamped",
            ),
            models.CheckConstraint(
                condition=~Q(status="booked") | Q(appointment__isnull=False), name="waitlist_entry_booked_has_visit"
            ),
        ]
        indexes = [
            models.Index(
                fields=["location", "-is_urgent", "created_at"],
                condition=Q(status__in=OPEN_STATUSES),
                name="waitlist_entry_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient} waits for a {self.get_kind_display().lower()}"
