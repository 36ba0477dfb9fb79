"""Booked time: an appointment for one consultation, session or follow-up, and every revision of it."""

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.records import Record, TsTzRange, in_order, stamped, stamped_once
from patients.models import Patient
from plans.consultations.models import Consultation
from plans.followups.models import FollowUp
from plans.treatment.models import ProcedureSession


class VisitKind(models.TextChoices):
    CONSULTATION = "consultation", "Consultation"
    SESSION = "session", "Session"
    FOLLOW_UP = "follow_up", "Follow-up"


@pghistory.track(append_only=True)
class VisitType(Record):
    """How long a kind of visit takes at a location, and the time kept free around it."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="visit_types")
    kind = models.CharField(max_length=12, choices=VisitKind.choices)
    duration_minutes = models.PositiveSmallIntegerField(
        default=30, help_text="Where the session or follow-up does not say how long it takes."
    )
    practitioner_minutes_before = models.PositiveSmallIntegerField(default=0)
    practitioner_minutes_after = models.PositiveSmallIntegerField(default=0)
    room_minutes_before = models.PositiveSmallIntegerField(default=0)
    room_minutes_after = models.PositiveSmallIntegerField(default=0)

    class Meta(Record.Meta):
        ordering = ["location", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["location", "kind"],
                name="visit_type_unique",
                violation_error_message="This location has this visit type.",
            ),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=720),
                name="visit_type_duration_5_to_720",
                violation_error_message="A visit lasts 5 to 720 minutes.",
            ),
            models.CheckConstraint(
                condition=Q(
                    practitioner_minutes_before__lte=240,
                    practitioner_minutes_after__lte=240,
                    room_minutes_before__lte=240,
                    room_minutes_after__lte=240,
                ),
                name="visit_type_buffers_at_most_240",
                violation_error_message="At most four hours are kept free around a visit.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.location}"


LIVE_STATUSES = ("booked", "confirmed", "arrived")


@pghistory.track(append_only=True)
class Appointment(Record):
    """A patient's booked time with a practitioner in a room.

    `starts_at`–`ends_at` is the patient's time, half-open. `practitioner_busy` and `room_busy` add the buffers of the
    visit type. The three exclusion constraints are what makes a double booking impossible, whoever writes.
    """

    class Status(models.TextChoices):
        BOOKED = "booked", "Booked"
        CONFIRMED = "confirmed", "Confirmed"
        ARRIVED = "arrived", "Arrived"
        FULFILLED = "fulfilled", "Fulfilled"
        CANCELLED = "cancelled", "Cancelled"
        NO_SHOW = "no_show", "No-show"

    class CancelReason(models.TextChoices):
        PATIENT = "patient", "Patient"
        CLINIC = "clinic", "Clinic"
        OTHER = "other", "Other"

    class OffHours(models.TextChoices):
        """Why nobody works at the time of a visit that was booked within working time."""

        OPENING_HOURS = "opening_hours", "The location is not open then"
        PRACTITIONER_HOURS = "practitioner_hours", "The practitioner does not work then"
        CLOSURE = "closure", "The location is closed then"
        TIME_OFF = "time_off", "The practitioner is away then"

    LIVE = frozenset({Status.BOOKED, Status.CONFIRMED, Status.ARRIVED})
    MAY_CONFIRM = frozenset({Status.BOOKED})
    MAY_RESCHEDULE = frozenset({Status.BOOKED, Status.CONFIRMED})
    MAY_ARRIVE = frozenset({Status.BOOKED, Status.CONFIRMED})
    MAY_FULFIL = frozenset({Status.ARRIVED})
    MAY_CANCEL = frozenset({Status.BOOKED, Status.CONFIRMED, Status.ARRIVED})
    MAY_NO_SHOW = frozenset({Status.BOOKED, Status.CONFIRMED})
    MAY_UNDO = frozenset({Status.BOOKED, Status.CONFIRMED, Status.CANCELLED})
    MAY_TAKE_BACK = frozenset({Status.ARRIVED, Status.FULFILLED, Status.NO_SHOW})

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="appointments")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="appointments")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments")
    kind = models.CharField(max_length=12, choices=VisitKind.choices, editable=False)
    session = models.ForeignKey(
        ProcedureSession, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    follow_up = models.ForeignKey(
        FollowUp, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    consultation = models.OneToOneField(
        Consultation, on_delete=models.PROTECT, null=True, blank=True, related_name="appointment", editable=False
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    practitioner_busy = DateTimeRangeField(editable=False)
    room_busy = DateTimeRangeField(editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.BOOKED, editable=False)
    revision = models.PositiveSmallIntegerField(default=1, editable=False)
    overbooked = models.BooleanField(default=False, editable=False)
    is_early = models.BooleanField(
        default=False,
        editable=False,
        help_text="Before its earliest date when it was booked or kept, by a person's decision.",
    )
    override_reason = models.CharField(max_length=300, blank=True, editable=False)
    kept_because = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="Why a person left it where it is, though what it is for wanted another time by then.",
    )
    off_hours = models.CharField(
        max_length=20,
        choices=OffHours.choices,
        blank=True,
        editable=False,
        help_text="What it stands against since hours, closures or time off changed; empty within working time.",
    )
    off_hours_accepted = models.BooleanField(
        default=False, editable=False, help_text="A person decided that it takes place all the same."
    )
    window_start_when_booked = models.DateField(null=True, editable=False)
    window_end_when_booked = models.DateField(null=True, editable=False)
    minutes_when_booked = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text="How long the session or follow-up said it takes."
    )
    note = models.CharField(max_length=500, blank=True)
    booked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)
    arrived_at = models.DateTimeField(null=True, editable=False)
    fulfilled_at = models.DateTimeField(null=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancel_reason = models.CharField(max_length=10, choices=CancelReason.choices, blank=True, editable=False)
    cancel_note = models.CharField(max_length=300, blank=True, editable=False)
    no_show_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        ordering = ["starts_at", "id"]
        constraints = [
            ExclusionConstraint(
                name="practitioner_not_double_booked",
                expressions=[("practitioner", RangeOperators.EQUAL), ("practitioner_busy", RangeOperators.OVERLAPS)],
                condition=Q(status__in=LIVE_STATUSES, overbooked=False),
                violation_error_code="slot_taken",
                violation_error_message="The practitioner is booked at this time.",
            ),
            ExclusionConstraint(
                name="room_not_double_booked",
                expressions=[("room", RangeOperators.EQUAL), ("room_busy", RangeOperators.OVERLAPS)],
                condition=Q(status__in=LIVE_STATUSES),
                violation_error_code="slot_taken",
                violation_error_message="The room is taken at this time.",
            ),
            ExclusionConstraint(
                name="patient_not_double_booked",
                expressions=[
                    ("patient", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", output_field=DateTimeRangeField()), RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=LIVE_STATUSES),
                violation_error_code="slot_taken",
                violation_error_message="The patient has another visit at this time.",
            ),
            models.CheckConstraint(
                condition=in_order("starts_at", "ends_at"),
                name="appointment_in_order",
                violation_error_message="A visit ends after it starts.",
            ),
            models.CheckConstraint(
                condition=Q(
                    practitioner_busy__contains=TsTzRange("starts_at", "ends_at", output_field=DateTimeRangeField()),
                    room_busy__contains=TsTzRange("starts_at", "ends_at", output_field=DateTimeRangeField()),
                ),
                name="appointment_busy_covers_visit",
            ),
            models.CheckConstraint(
                condition=Q(kind="session", session__isnull=False, follow_up__isnull=True, consultation__isnull=True)
                | Q(kind="follow_up", session__isnull=True, follow_up__isnull=False, consultation__isnull=True)
                | Q(kind="consultation", session__isnull=True, follow_up__isnull=True),
                name="appointment_one_purpose",
                violation_error_message="A visit is for one consultation, one session or one follow-up.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=LIVE_STATUSES) | Q(room__isnull=False),
                name="appointment_live_has_room",
                violation_error_message="A booked visit has a room.",
            ),
            models.CheckConstraint(
                condition=(Q(overbooked=False) | ~Q(override_reason=""))
                & (Q(is_early=False) | ~Q(override_reason="") | ~Q(kept_because="")),
                name="appointment_override_with_reason",
                violation_error_message="Overbooking and booking too early need a reason.",
            ),
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(status__in=LIVE_STATUSES),
                name="appointment_one_live_per_session",
                violation_error_code="already_booked",
                violation_error_message="This session has a booked visit.",
            ),
            models.UniqueConstraint(
                fields=["follow_up"],
                condition=Q(status__in=LIVE_STATUSES),
                name="appointment_one_live_per_follow_up",
                violation_error_code="already_booked",
                violation_error_message="This follow-up has a booked visit.",
            ),
            models.UniqueConstraint(
                fields=["follow_up"],
                condition=Q(status="fulfilled"),
                name="appointment_one_fulfilled_per_follow_up",
                violation_error_message="This follow-up was attended already.",
            ),
            models.CheckConstraint(
                condition=stamped_once("confirmed_at", ["confirmed"])
                & (~Q(status="booked") | Q(confirmed_at__isnull=True)),
                name="appointment_confirmed_stamped",
            ),
            models.CheckConstraint(
                condition=stamped_once("arrived_at", ["arrived", "fulfilled"])
                & (~Q(status__in=["booked", "confirmed", "no_show"]) | Q(arrived_at__isnull=True)),
                name="appointment_arrived_stamped",
            ),
            models.CheckConstraint(
                condition=stamped("fulfilled_at", ["fulfilled"]), name="appointment_fulfilled_stamped"
            ),
            models.CheckConstraint(
                condition=stamped("cancelled_at", ["cancelled"])
                & ((Q(status="cancelled") & ~Q(cancel_reason="")) | (~Q(status="cancelled") & Q(cancel_reason=""))),
                name="appointment_cancelled_stamped",
            ),
            models.CheckConstraint(condition=stamped("no_show_at", ["no_show"]), name="appointment_no_show_stamped"),
        ]
        indexes = [
            models.Index(fields=["location", "starts_at"], name="appointment_location_day"),
            models.Index(fields=["patient", "starts_at"], name="appointment_patient"),
            models.Index(fields=["practitioner", "starts_at"], name="appointment_practitioner"),
            # What the practitioner's exclusion constraint leaves out, so that free slots see it too.
            models.Index(
                fields=["practitioner"],
                condition=Q(overbooked=True, status__in=LIVE_STATUSES),
                name="appointment_overbooked",
            ),
            models.Index(fields=["location", "starts_at"], condition=~Q(off_hours=""), name="appointment_off_hours"),
            # Who did not come: few among many, and every desk asks for them.
            models.Index(fields=["patient", "starts_at"], condition=Q(status="no_show"), name="appointment_missed"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.patient}"

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    @property
    def is_kept(self) -> bool:
        """Whether a person decided that it stays though its window moved away from it, or it takes longer by now."""
        return bool(self.kept_because)

    @property
    def decided_because(self) -> str:
        """Why it stands against a rule, in the words of those who decided: at its booking, and later; may be empty."""
        return "; ".join(filter(None, (self.override_reason, self.kept_because)))


@pghistory.track(append_only=True)
class AppointmentRevision(Record):
    """What the appointment said after each booking, move, cancellation and undo: what an undo goes back to, and what
    a patient who got the mail of that revision believes."""

    class Act(models.TextChoices):
        BOOKED = "booked", "Booked"
        MOVED = "moved", "Moved"
        CANCELLED = "cancelled", "Cancelled"
        UNDONE = "undone", "Undone"

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    act = models.CharField(max_length=10, choices=Act.choices)
    acted_at = models.DateTimeField()
    acted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    status_before = models.CharField(max_length=10, choices=Appointment.Status.choices, blank=True)
    status_after = models.CharField(max_length=10, choices=Appointment.Status.choices)
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+", null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    overbooked = models.BooleanField(default=False)
    is_early = models.BooleanField(default=False)
    override_reason = models.CharField(max_length=300, blank=True)
    kept_because = models.CharField(max_length=300, blank=True)
    window_start_when_booked = models.DateField(null=True)
    window_end_when_booked = models.DateField(null=True)
    minutes_when_booked = models.PositiveSmallIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True, help_text="When it had been confirmed before this act.")

    class Meta(Record.Meta):
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["appointment", "number"], name="appointment_revision_unique"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointment_revision_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_act_display()}"
