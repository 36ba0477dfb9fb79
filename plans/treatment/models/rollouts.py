"""Working many plans out anew: the job, and one row for each plan, so that a restart goes on."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from clinic.people.models import User
from clinic.records import Record, stamped
from plans.protocols.models import IntervalRule, Protocol
from plans.treatment.models.plans import TreatmentPlan


@pghistory.track(append_only=True)
class ProtocolRollout(Record):
    """One request to work running plans out anew: those of a protocol, brought to this version of it, or all of them.

    Without a protocol the plans keep their versions and follow the interval rules in force; `what` then says in words
    what was asked for. It ends by itself, or a person stops it: then what waits stays as it is.
    """

    UNDER_WAY = Q(finished_at__isnull=True, stopped_at__isnull=True)

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, null=True, related_name="rollouts")
    interval_rule = models.ForeignKey(
        IntervalRule,
        on_delete=models.PROTECT,
        null=True,
        related_name="rollouts",
        help_text="The rule that asked for it.",
    )
    what = models.CharField(max_length=200, blank=True, help_text="What was asked for, where it is no version.")
    reason = models.CharField(max_length=500)
    requested_at = models.DateTimeField(editable=False)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    stopped_at = models.DateTimeField(null=True, editable=False)
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    stop_reason = models.CharField(max_length=500, blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = "protocol roll-out"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol"],
                condition=Q(finished_at__isnull=True, stopped_at__isnull=True),
                name="rollout_one_at_a_time",
                violation_error_code="rollout_running",
                violation_error_message="This version is being rolled out already.",
            ),
            models.CheckConstraint(
                condition=Q(protocol__isnull=False, what="") | (Q(protocol__isnull=True) & ~Q(what="")),
                name="rollout_of_a_version_or_said",
                violation_error_message="A roll-out is of a protocol version, or says what it is of.",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True, stopped_by__isnull=True, stop_reason="")
                | (Q(stopped_at__isnull=False, finished_at__isnull=True) & ~Q(stop_reason="")),
                name="rollout_stopped_with_a_reason",
                violation_error_message="A roll-out is stopped before it has finished, and with a reason.",
            ),
        ]

    def __str__(self) -> str:
        return f"Roll-out of {self.protocol}" if self.protocol is not None else self.what

    @property
    def is_under_way(self) -> bool:
        return self.finished_at is None and self.stopped_at is None


class RolloutPlan(models.Model):
    """One plan of a roll-out, settled in the transaction that moved the plan."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        MOVED = "moved", "Moved"
        UNCHANGED = "unchanged", "Unchanged"
        REFUSED = "refused", "Refused"

    rollout = models.ForeignKey(ProtocolRollout, on_delete=models.CASCADE, related_name="items")
    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="rollout_items")
    protocol_before = models.ForeignKey(
        Protocol, on_delete=models.PROTECT, null=True, related_name="+", help_text="What it followed when it was asked."
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    shifts_days = ArrayField(
        models.SmallIntegerField(), default=list, help_text="Of each window that moved: days by which its target did."
    )
    added_visits = models.PositiveSmallIntegerField(default=0, help_text="How many are owed that were not before.")
    dropped_visits = models.PositiveSmallIntegerField(default=0, help_text="How many are not owed any more.")
    cancelled_visits = models.PositiveSmallIntegerField(
        default=0, help_text="How many booked visits were cancelled with what they were for."
    )
    rebook_visits = models.PositiveSmallIntegerField(default=0, help_text="How many booked visits then want rebooking.")
    detail = models.CharField(max_length=300, blank=True, help_text="Why it was refused, or had nothing to move.")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["rollout", "plan"], name="rollout_plan_once"),
            models.CheckConstraint(
                condition=stamped("settled_at", ["moved", "unchanged", "refused"]), name="rollout_plan_settled_stamped"
            ),
        ]
        indexes = [models.Index(fields=["rollout", "id"], condition=Q(status="waiting"), name="rollout_waiting")]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.get_status_display()}"
