"""Sets what a location sends and when, and lets what is planned already follow (docs/adr/0019)."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from clinic import clock
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid, Stale
from clinic.locking import lock, lock_all
from clinic.places.models import Location
from plans.followups.models import CheckIn, FollowUp
from plans.messages import rules
from plans.messages.alone import Done, connection_mend, each_alone
from plans.messages.models import DeliveryPass, MessageKind, MessagePolicy, PatientMessage
from plans.messages.policy import DAY, DEFAULTS, Timing
from plans.messages.services import messages_follow, messages_plan_overdue, messages_plan_recovery
from plans.scheduling.models import Appointment
from plans.treatment.models import ProcedureSession, TreatmentPlan

logger = logging.getLogger(__name__)

Status = PatientMessage.Status

FURTHEST_DAYS, FURTHEST_HOURS, LATEST_HOURS_AFTER = 60, 72, 168
MOST_OF_A_KIND = 6
VISITS_AT_ONCE = 50
"""What one transaction holds: some five mails each."""
OVERLAP = timedelta(minutes=2)
"""A change is dated when it was begun and seen when it is committed."""
FOLLOWED = "policies"
REASON = "Message policy"


def message_policies_set(
    *,
    location_id: UUID,
    visit_kind: str,
    choices: Mapping[MessageKind, Sequence[Timing] | None],
    seen: Mapping[MessageKind, Sequence[Timing] | None] | None = None,
) -> list[MessagePolicy]:
    """Set what a location sends of each kind in `choices` about this kind of visit (empty: every kind); returns its
    rows.

    None: back to the standard, or for one kind of visit to what holds for every visit. No timings: never. Visits that
    are booked already follow with the next sweep. Raises `Invalid` for each kind whose timings cannot be, all at once,
    and `Stale` where what stands is no longer what the caller has `seen`.
    """
    Invalid.gather([fault for kind, timings in choices.items() if timings for fault in timing_faults(kind, timings)])
    with recorded("Message policy"):
        location = lock(Location.objects.all(), location_id)
        standing = list(MessagePolicy.objects.filter(location=location, visit_kind=visit_kind))
        for kind, timings in (seen or {}).items():
            known = [] if timings is None else rows_for(location, visit_kind, kind, timings)
            if {_columns(row) for row in standing if row.kind == kind} != {_columns(row) for row in known}:
                raise Stale("Somebody has changed this since you opened it.")
        for kind, timings in choices.items():
            own = [row for row in standing if row.kind == kind]
            wanted = [] if timings is None else rows_for(location, visit_kind, kind, timings)
            if {_columns(row) for row in own} == {_columns(row) for row in wanted}:
                continue
            MessagePolicy.objects.filter(pk__in=[row.pk for row in own]).delete()
            for row in wanted:
                clean_model(row)
                row.save(force_insert=True)
        return list(MessagePolicy.objects.filter(location=location, visit_kind=visit_kind))


def rows_for(location: Location, visit_kind: str, kind: MessageKind, timings: Sequence[Timing]) -> list[MessagePolicy]:
    """The rows that say so, not saved. A kind that is never sent has one row, which is switched off."""
    shown = timings or [timing for timing in DEFAULTS if timing.kind == kind][:1]
    return [
        MessagePolicy(
            location=location,
            kind=kind,
            visit_kind=visit_kind,
            days_before=timing.days_before,
            send_at=timing.send_at,
            hours_before=timing.hours_before,
            hours_after=timing.hours_after,
            is_enabled=bool(timings),
        )
        for timing in shown
    ]


def timing_faults(kind: MessageKind, timings: Sequence[Timing]) -> list[Invalid]:
    """What of these timings cannot be, in words; `attr` is the kind."""
    found = []
    if len(timings) > MOST_OF_A_KIND:
        found.append(f"At most {MOST_OF_A_KIND} of a kind, not {len(timings)}.")
    if len({timing.offset for timing in timings}) < len(timings):
        found.append("Two of them leave the same time before the visit; keep one.")
    for timing in timings:
        for value, lowest, highest, what in (
            (timing.days_before, 1, FURTHEST_DAYS, "days before"),
            (timing.hours_before, 1, FURTHEST_HOURS, "hours before"),
            (timing.hours_after, 0, LATEST_HOURS_AFTER, "hours after"),
        ):
            if value is not None and not lowest <= value <= highest:
                found.append(f"{value} {what} is not possible; allowed is {lowest} to {highest}.")
    return [Invalid(detail, attr=kind.value) for detail in found]


def _columns(row: MessagePolicy) -> tuple[object, ...]:
    return (row.days_before, row.send_at, row.hours_before, row.hours_after, row.is_enabled)


def policies_follow() -> Done:
    """Let what is planned follow the policies and quiet hours that changed since the last time; the number is that of
    mails. Safe to run any number of times at once.

    Where something was locked, or failed as a whole, all that changed since is looked at again the next time: what is
    in line already costs little.
    """
    now = clock.now()
    last = DeliveryPass.objects.filter(name=FOLLOWED).values_list("finished_at", flat=True).first()
    # A mark that lies ahead was set by a clock that has been set back since.
    changed = _changed_since(min(last, now) - OVERLAP) if last is not None else set()
    done = Done()
    for location in Location.objects.filter(pk__in=changed):
        try:
            done += _follow(location, now)
        except Exception:
            logger.exception("The mail of %s could not follow its policies.", location.pk)
            connection_mend()
            done += Done(busy=1, failed=1)
    if not done.busy:
        DeliveryPass.objects.update_or_create(name=FOLLOWED, defaults={"finished_at": now})
    return done


def _changed_since(at: datetime) -> set[UUID]:
    """The locations of which the history knows a change of policies, or of themselves, since `at`."""
    policies = apps.get_model("plans.MessagePolicyEvent")._default_manager.filter(pgh_created_at__gt=at)
    places = apps.get_model("clinic.LocationEvent")._default_manager.filter(pgh_created_at__gt=at)
    return {*policies.values_list("location", flat=True), *places.values_list("pgh_obj", flat=True)}


def _follow(location: Location, now: datetime) -> Done:
    """Everything of this location whose mail may still leave, some visits at a time, the others one by one."""
    done, last = Done(), UUID(int=0)
    awaited = Appointment.objects.filter(location=location, status__in=rules.AWAITED, starts_at__gt=now).order_by("pk")
    while keys := list(awaited.filter(pk__gt=last).values_list("pk", flat=True)[:VISITS_AT_ONCE]):
        last = keys[-1]
        together = each_alone(_follow_visits, [keys], REASON)
        if together.busy or together.failed:
            together = each_alone(_follow_visits, [[key] for key in keys], REASON)
        done += together
    of_use = Q(performed_at__gt=now - timedelta(hours=LATEST_HOURS_AFTER) - 2 * DAY) | Q(
        check_ins__in=CheckIn.objects.filter(
            answered_at=None, cancelled_at=None, window_end__gte=(now - 3 * DAY).date()
        )
    )
    given = ProcedureSession.objects.filter(of_use, plan__location=location, status__in=rules.GIVEN)
    done += each_alone(recovery_complete, set(given.values_list("pk", flat=True)), REASON)
    nudges = PatientMessage.objects.filter(kind=MessageKind.OVERDUE, location=location, status=Status.PENDING)
    return done + each_alone(_nudge, list(nudges.values_list("follow_up", flat=True)), REASON)


def _follow_visits(keys: list[UUID]) -> int:
    return messages_follow(appointments=keys)


def recovery_complete(session_id: UUID) -> int:
    """What to mind after a session, and the questions of its open check-ins, in line with the policy; returns how many
    mails changed or are new."""
    lock(TreatmentPlan.objects.all(), ProcedureSession.objects.values_list("plan_id", flat=True).get(pk=session_id))
    session = lock(ProcedureSession.objects.select_related("plan__patient", "plan__location"), session_id)
    if session.performed_at is None or session.status not in rules.GIVEN:
        return 0
    asked = lock_all(CheckIn.objects.filter(session=session, answered_at=None, cancelled_at=None))
    return messages_plan_recovery(session=session, check_ins=asked, made_at=session.performed_at)


def _nudge(follow_up_id: UUID) -> int:
    return messages_plan_overdue(follow_up=lock(FollowUp.objects.select_related("patient", "location"), follow_up_id))
