"""The plan and its revisions, the consents it rests on, and the log of what moved in it."""

from datetime import datetime

import pghistory
from django.db import models

from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from clinic.records import Record, stamped, stamped_once
from patients.models import Consent, Patient
from plans.consultations.models import Consultation
from plans.protocols.models import Protocol
from plans.treatment.comparison import Change


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
    MAY_PIN = frozenset({Status.ACCEPTED, Status.ACTIVE, Status.ON_HOLD})
    """Before the acceptance the course is made anew with each edit."""
    MAY_MOVE = frozenset({Status.ACCEPTED, Status.ACTIVE, Status.ON_HOLD})
    """To another version of its protocol."""
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
    lead_practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    changes = models.JSONField(default=list, help_text="What changed: see `plans/treatment/comparison.py`.")
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


@pghistory.track(append_only=True)
class CourseMove(Record):
    """One owed visit that was moved, added or dropped by what happened to its plan: what, when, by whom and why."""

    class Act(models.TextChoices):
        PERFORMED = "performed", "A session was performed"
        ABORTED = "aborted", "A session was aborted"
        CANCELLED = "cancelled", "A session was cancelled"
        AMENDED = "amended", "A session's record was amended"
        RESUMED = "resumed", "The plan was resumed"
        REVISED = "revised", "The plan was revised"
        PINNED = "pinned", "A date was pinned"
        UNPINNED = "unpinned", "A pin was taken away"
        ELSEWHERE = "elsewhere", "The patient was treated under another plan"
        ENDED = "ended", "The plan ended"
        RECALCULATED = "recalculated", "The course was worked out anew"

    class Item(models.TextChoices):
        SESSION = "session", "Session"
        FOLLOW_UP = "follow_up", "Follow-up"

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="moves")
    act = models.CharField(max_length=15, choices=Act.choices)
    moved_at = models.DateTimeField()
    moved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    item = models.CharField(max_length=10, choices=Item.choices)
    item_id = models.UUIDField()
    title = models.CharField(max_length=120)
    start_before = models.DateField(null=True)
    target_before = models.DateField(null=True)
    end_before = models.DateField(null=True)
    start_after = models.DateField(null=True)
    target_after = models.DateField(null=True)
    end_after = models.DateField(null=True)
    because = models.CharField(max_length=300, blank=True, help_text="What set the new earliest date.")

    class Meta(Record.Meta):
        ordering = ["moved_at", "id"]
        indexes = [models.Index(fields=["plan", "moved_at"], name="course_move_plan")]

    def __str__(self) -> str:
        return f"{self.title}: {self.target_before or 'new'} → {self.target_after or 'dropped'}"

    @classmethod
    def of(cls, plan: TreatmentPlan, act: str, change: Change, *, at: datetime, by_id: str | None) -> "CourseMove":
        """The row that says this; it is not saved yet."""
        either = change.either
        before = change.before.dates if change.before else (None, None, None)
        after = change.after.dates if change.after else (None, None, None)
        return cls(
            plan=plan,
            act=act,
            moved_at=at,
            moved_by_id=by_id,
            item=either.item,
            item_id=either.id,
            title=either.title,
            because=change.after.because if change.after else "",
            **dict(zip(("start_before", "target_before", "end_before"), before, strict=True)),
            **dict(zip(("start_after", "target_after", "end_after"), after, strict=True)),
        )
