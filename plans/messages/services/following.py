"""Lets what is planned follow the policy, a hold, an undo and the patient's wishes (docs/adr/0019)."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from clinic import clock
from clinic.audit.history import recorded
from clinic.locking import lock_all
from patients.models import Patient
from plans.messages import queries, rules
from plans.messages.agreement import agree
from plans.messages.models import BEFORE_A_VISIT, MessageKind, PatientMessage
from plans.messages.nudge import nudge
from plans.messages.policy import NOTICES
from plans.messages.rules import Visit
from plans.messages.services.writing import about_visit, fate, row_of, standing, write
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.treatment.models import TreatmentPlan

Status = PatientMessage.Status

JUST_NOW = timedelta(hours=1)
IN_FULL = Appointment.objects.select_related("patient", "location", "session__plan", "follow_up__plan")


def messages_follow(*, appointments: Iterable[UUID]) -> int:
    """Bring the reminders and the preparation of these visits in line with what their policies ask for; returns how
    many mails changed or are new.

    Only of visits that are to come. What would have left before now is not sent late.
    """
    now = clock.now()
    with recorded("Message policy"):
        visits = lock_all(IN_FULL.filter(pk__in=list(appointments), status__in=rules.AWAITED, starts_at__gt=now))
        acts = AppointmentRevision.objects.filter(appointment__in=visits).values_list(
            "appointment", "number", "acted_at"
        )
        made = {(visit, number): acted_at for visit, number, acted_at in acts}
        return _follow([(visit, made.get((visit.pk, visit.revision), visit.created_at)) for visit in visits], now)


def messages_plan_again(*, appointments: Iterable[UUID]) -> int:
    """Lift what a hold did to the mails before these visits; returns how many changed or are new.

    A reminder whose time has passed stays cancelled. How to prepare is said now where its day fell into the hold.
    """
    now = clock.now()
    with recorded():
        visits = lock_all(IN_FULL.filter(pk__in=list(appointments), status__in=rules.AWAITED, starts_at__gt=now))
        return _follow([(visit, now) for visit in visits], now)


def messages_resume(*, appointment: Appointment) -> int:
    """The visit is to come after all: send what was cancelled because it was not; returns how many mails changed or
    are new.

    Of its present revision, what is still of use. For a visit whose row is locked.
    """
    now = clock.now()
    if appointment.status not in rules.AWAITED:
        return 0
    return _follow([(appointment, now)], now, with_notices=True)


def _follow(visits: Collection[tuple[Appointment, datetime]], now: datetime, *, with_notices: bool = False) -> int:
    """The same for visits that are locked, each with the time from which what it asks for at once is asked for."""
    rows: dict[UUID, list[PatientMessage]] = {visit.pk: [] for visit, _ in visits}
    notices = Q(kind__in=NOTICES, status_reason=rules.NOT_TO_COME) if with_notices else Q(pk__in=[])
    about = Q(appointment__in=list(rows)) & (Q(kind__in=BEFORE_A_VISIT) | notices)
    for row in standing(about):
        assert row.appointment_id is not None
        rows[row.appointment_id].append(row)
    policy_of = queries.policies_of({visit.location for visit, _ in visits})
    changed: list[PatientMessage] = []
    new: list[PatientMessage] = []
    for visit, made_at in visits:
        policy = policy_of[visit.location_id, visit.kind]
        own = [row for row in rows[visit.pk] if row.appointment_revision == visit.revision]
        before = [row for row in rows[visit.pk] if row.kind == MessageKind.PREPARATION and row not in own]
        is_prepared = any(row.status in rules.TOLD for row in before)
        mails = policy.before_visit(visit.starts_at, made_at, is_prepared=is_prepared)
        for row in own:
            if row.kind in NOTICES:
                mails += policy.notices(MessageKind(row.kind), visit.starts_at, made_at)
        recipient, fact = queries.patient_as_recipient(visit.patient), _fact(visit)
        found = agree(own, mails, partial(fate, recipient=recipient, now=now, subject=fact), now)
        changed += found.changed
        new += [row_of(mail, about_visit(visit), ending, now) for mail, ending in found.lacking]
    return write(changed, new)


def _fact(visit: Appointment) -> Visit:
    owner = visit.session or visit.follow_up
    plan = owner.plan if owner is not None else None
    return Visit(
        visit.pk,
        visit.kind,
        visit.status,
        visit.revision,
        visit.starts_at,
        visit.ends_at,
        is_on_hold=plan is not None and plan.status == TreatmentPlan.Status.ON_HOLD,
    )


def messages_follow_wishes(*, patient: Patient) -> tuple[int, int]:
    """Suppress what is still to be sent to `patient` and cannot or must not be any more, and send what was suppressed
    and is wanted again; returns how many there were of each.

    Of what was suppressed goes out what is still true and whose time is to come; and what was due within
    `JUST_NOW`, so that an address given right after the booking gets its confirmation.
    """
    recipient, now = queries.patient_as_recipient(patient), clock.now()
    to_patient = PatientMessage.objects.filter(patient=patient, staff=None)
    suppressed = revived = 0
    pending = to_patient.filter(status=Status.PENDING)
    for kind in set(pending.values_list("kind", flat=True)):
        reason = recipient.why_unreachable(kind)
        if reason:
            suppressed += pending.filter(kind=kind).update(**rules.settled_as(Status.SUPPRESSED, reason, now))
    waiting = queries.still_true(to_patient.filter(status=Status.SUPPRESSED, expires_at__gt=now)).filter(
        Q(due_at__gt=now) | Q(due_at__gt=now - JUST_NOW) & ~Q(kind=MessageKind.REMINDER)
    )
    for kind in set(waiting.values_list("kind", flat=True)):
        if not recipient.why_unreachable(kind):
            again = to_patient.filter(pk__in=waiting.filter(kind=kind).values("pk"))
            revived += again.update(
                status=Status.PENDING,
                status_reason="",
                settled_at=None,
                due_at=Greatest("due_at", now),  # it has not been owed since
                not_before=Greatest("due_at", now),
                updated_at=now,
            )
    if revived:
        transaction.on_commit(partial(nudge, now), robust=True)
    return suppressed, revived
