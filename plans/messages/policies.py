"""Sets what a location sends and when, and lets what is planned already follow (docs/adr/0019)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db import OperationalError
from django.db.models import F, Q

from clinic import clock
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid, Stale
from clinic.locking import lock
from clinic.places.models import Location
from plans.followups.models import CheckIn
from plans.messages import queries, rules
from plans.messages.models import DeliveryPass, MessageKind, MessagePolicy, PatientMessage
from plans.messages.policy import BEFORE_A_VISIT, DEFAULTS, Policy, Timing
from plans.messages.services import messages_plan_recovery
from plans.scheduling.models import Appointment, VisitKind
from plans.treatment.models import ProcedureSession

Status = PatientMessage.Status

FURTHEST_DAYS, FURTHEST_HOURS, LATEST_HOURS_AFTER = 60, 72, 168
MOST_OF_A_KIND = 6
AT_ONCE = 200
OVERLAP = timedelta(minutes=2)
"""A change is dated when it was begun and seen when it is committed."""
FOLLOWED = "policies"
AFTER = (MessageKind.AFTERCARE, MessageKind.CHECK_IN)
CHANGED_BY_POLICY = ("status", "status_reason", "settled_at", "due_at", "not_before", "expires_at", "updated_at")


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


def policies_follow() -> int:
    """Let what is planned follow the policies and quiet hours that changed since the last time; returns how many
    messages changed. Safe to run any number of times at once."""
    now = clock.now()
    last = DeliveryPass.objects.filter(name=FOLLOWED).values_list("finished_at", flat=True).first()
    changed = _changed_since(last - OVERLAP) if last is not None else set()
    number = sum(_follow(location) for location in Location.objects.filter(pk__in=changed))
    DeliveryPass.objects.update_or_create(name=FOLLOWED, defaults={"finished_at": now})
    return number


def _changed_since(at: datetime) -> set[UUID]:
    """The locations of which the history knows a change of policies, or of themselves, since `at`."""
    policies = apps.get_model("plans.MessagePolicyEvent")._default_manager.filter(pgh_created_at__gt=at)
    places = apps.get_model("clinic.LocationEvent")._default_manager.filter(pgh_created_at__gt=at)
    return {*policies.values_list("location", flat=True), *places.values_list("pgh_obj", flat=True)}


def _follow(location: Location) -> int:
    policies = {kind: queries.policy_of(location, kind) for kind in VisitKind.values}
    number, last = 0, UUID(int=0)
    while True:
        visits = Appointment.objects.filter(
            location=location, status__in=rules.AWAITED, starts_at__gt=clock.now(), pk__gt=last
        )
        keys = list(visits.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        if not keys:
            break
        last = keys[-1]
        number += _retime(keys, policies)
    return number + _follow_after(location, policies[VisitKind.SESSION])


def _retime(visits: Collection[UUID], policies: Mapping[str, Policy]) -> int:
    """Move, drop and take back the planned mails before these visits. Who is sending one keeps it."""
    now = clock.now()
    with recorded("Message policy"):
        planned = Q(status=Status.PENDING) | Q(status=Status.CANCELLED, status_reason=rules.NOT_SENT_HERE)
        rows = list(
            PatientMessage.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            .filter(
                planned,
                appointment__in=visits,
                appointment_revision=F("appointment__revision"),
                kind__in=BEFORE_A_VISIT,
                leased_until=None,
            )
            .select_related("appointment")
            .order_by("pk")
        )
        changed = [row for row in rows if _is_retimed(row, policies, now)]
        PatientMessage.objects.bulk_update(changed, CHANGED_BY_POLICY)
    return len(changed)


def _is_retimed(row: PatientMessage, policies: Mapping[str, Policy], now: datetime) -> bool:
    """Set the row's columns as its policy has them now; whether anything changed."""
    visit = row.appointment
    assert visit is not None
    mails = policies[visit.kind].before_visit(visit.starts_at, row.created_at)
    mail = next((one for one in mails if (one.kind, one.offset) == (row.kind, row.offset)), None)
    before = [getattr(row, name) for name in CHANGED_BY_POLICY]
    if mail is None:
        if row.status == Status.PENDING:
            _set(row, rules.settled_as(Status.CANCELLED, rules.NOT_SENT_HERE, now))
    elif mail.is_past(now):
        # One that was due and waits to be tried again goes on as it was.
        if row.due_at > now:
            _set(row, rules.settled_as(Status.EXPIRED, rules.LATE, now))
    elif row.status == Status.CANCELLED or (row.due_at, row.expires_at) != (mail.due_at, mail.expires_at):
        _set(row, {"status": Status.PENDING, "status_reason": "", "settled_at": None, "updated_at": now})
        row.due_at, row.not_before, row.expires_at = mail.due_at, max(mail.due_at, row.not_before), mail.expires_at
        if not row.attempts:
            row.not_before = mail.due_at
    return before != [getattr(row, name) for name in CHANGED_BY_POLICY]


def _set(row: PatientMessage, columns: Mapping[str, object]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)


def _follow_after(location: Location, policy: Policy) -> int:
    """The same of advice and questions after sessions that were given."""
    now = clock.now()
    pending = PatientMessage.objects.filter(location=location, staff=None, status=Status.PENDING, leased_until=None)
    dropped = [kind for kind in (*AFTER, MessageKind.OVERDUE) if not policy.of_kind(kind)]
    with recorded("Message policy"):
        number = pending.filter(kind__in=dropped).update(**rules.settled_as(Status.CANCELLED, rules.NOT_SENT_HERE, now))
    of_sessions = Q(messages__in=pending.filter(kind__in=AFTER)) | Q(
        check_ins__messages__in=pending.filter(kind__in=AFTER)
    )
    for key in ProcedureSession.objects.filter(of_sessions, performed_at__isnull=False).values_list("pk", flat=True):
        try:
            with recorded("Message policy"):
                session = lock(ProcedureSession.objects.select_related("plan__location", "plan__patient"), key)
                asked = CheckIn.objects.filter(session=session, answered_at=None, cancelled_at=None)
                number += len(messages_plan_recovery(session=session, check_ins=list(asked)))
        except OperationalError:
            continue
    return number
