"""Plans the mails a visit asks for, in the transaction that changes the visit; and what a person may do with one."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, check_allowed
from clinic.locking import lock
from clinic.records import uuid7
from patients.models import Patient
from plans.messages import policy, queries, rules
from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.nudge import nudge
from plans.scheduling.models import Appointment, AppointmentRevision

Act = AppointmentRevision.Act
Status = PatientMessage.Status

ON_HOLD = "The course of care is on hold."
NOTICE_OF = {Act.BOOKED: MessageKind.CONFIRMATION, Act.MOVED: MessageKind.CHANGED, Act.CANCELLED: MessageKind.CANCELLED}


def messages_plan(*, appointment: Appointment, act: AppointmentRevision.Act) -> list[PatientMessage]:
    """Plan what the present revision of `appointment` asks for and cancel what older ones left; returns the new rows.

    Called in the transaction that made the revision, with the appointment locked and its `AppointmentRevision`
    written. At most four queries. Rows for somebody who gets no mail are planned as suppressed, rows whose time is
    past as expired, so that the desk sees what would have been sent.
    """
    now = clock.now()
    if act != Act.BOOKED:
        PatientMessage.objects.filter(appointment=appointment, status=Status.PENDING).exclude(
            appointment_revision=appointment.revision
        ).update(**rules.settled_as(Status.CANCELLED, rules.REPLACED, now))
    mails = policy.planned(
        notice=_notice_after_undo(appointment) if act == Act.UNDONE else NOTICE_OF[act],
        starts_at=appointment.starts_at,
        zone=appointment.location.zone,
        made_at=now,
        grace=timedelta(seconds=appointment.location.grace_seconds),
        reminders=queries.reminders_of(appointment.location_id, appointment.kind) if appointment.is_live else (),
    )
    return _insert(appointment, mails, now)


def messages_complete(*, appointment: Appointment) -> list[PatientMessage]:
    """Plan the reminders that the policy asks for and the present revision of `appointment` lacks; returns them.

    For a live visit whose row is locked. What the revision has already, in whatever status, stays as it is.
    """
    present = set(
        PatientMessage.objects.filter(
            appointment=appointment, appointment_revision=appointment.revision, kind=MessageKind.REMINDER
        ).values_list("offset", flat=True)
    )
    mails = policy.planned_reminders(
        starts_at=appointment.starts_at,
        zone=appointment.location.zone,
        reminders=queries.reminders_of(appointment.location_id, appointment.kind),
    )
    return _insert(appointment, [mail for mail in mails if mail.offset not in present], clock.now())


def messages_close(*, appointment: Appointment) -> int:
    """Cancel what is still to be sent about a visit that is over, kept or missed; returns how many there were."""
    return PatientMessage.objects.filter(appointment=appointment, status=Status.PENDING).update(
        **rules.settled_as(Status.CANCELLED, rules.NOT_TO_COME, clock.now())
    )


def messages_cancel_reminders(*, appointments: Iterable[UUID]) -> int:
    """Cancel the reminders of these visits while their plan is on hold; returns how many there were."""
    return PatientMessage.objects.filter(
        appointment__in=list(appointments), kind=MessageKind.REMINDER, status__in=PatientMessage.MAY_CANCEL
    ).update(**rules.settled_as(Status.CANCELLED, ON_HOLD, clock.now()))


def messages_plan_again(*, appointments: Iterable[UUID]) -> int:
    """Lift what a hold did to the reminders of these visits; returns how many are pending again.

    Only those of the present revision of a live visit whose time is still to come: the others stay cancelled.
    """
    now = clock.now()
    lifted = PatientMessage.objects.filter(
        appointment__in=list(appointments),
        appointment__status__in=rules.AWAITED,
        appointment_revision=F("appointment__revision"),
        kind=MessageKind.REMINDER,
        status=Status.CANCELLED,
        status_reason=ON_HOLD,
        due_at__gt=now,
    )
    return PatientMessage.objects.filter(pk__in=lifted.values("pk")).update(
        status=Status.PENDING, status_reason="", settled_at=None, updated_at=now
    )


def messages_resume(*, appointment: Appointment) -> int:
    """The visit is to come after all: send what was cancelled because it was not; returns how many are pending again.

    Of its present revision, what is still of use. For a visit whose row is locked.
    """
    now = clock.now()
    if appointment.status not in rules.AWAITED:
        return 0
    dropped = PatientMessage.objects.filter(
        appointment=appointment,
        appointment_revision=appointment.revision,
        status=Status.CANCELLED,
        status_reason=rules.NOT_TO_COME,
        expires_at__gt=now,
    )
    return dropped.update(status=Status.PENDING, status_reason="", settled_at=None, updated_at=now)


def messages_suppress(*, patient: Patient) -> int:
    """Suppress what is still to be sent to `patient`, who gets no mail any more; returns how many there were.

    Opting in again does not revive them.
    """
    reason = _why_unreachable(patient) or rules.NO_EMAIL_WANTED
    return PatientMessage.objects.filter(patient=patient, status=Status.PENDING).update(
        **rules.settled_as(Status.SUPPRESSED, reason, clock.now())
    )


def message_retry(*, message: PatientMessage) -> PatientMessage:
    """Send a failed or unknown mail again, on a person's word; returns it, pending.

    Raises `InvalidTransition` in any other state, and `Conflict` where it would no longer tell the patient the truth
    or cannot reach them.
    """
    with recorded("Send again"):
        appointment = Appointment.objects.select_for_update(of=("self",)).get(messages=message)
        message = lock(PatientMessage.objects.select_related("patient"), message.pk)
        check_allowed("The message", message.status, "sending it again", PatientMessage.MAY_RETRY)
        now = clock.now()
        facts = rules.Facts(
            kind=message.kind,
            revision=message.appointment_revision,
            expires_at=message.expires_at,
            visit_status=appointment.status,
            visit_revision=appointment.revision,
            unreachable=_why_unreachable(message.patient),
        )
        ending = rules.ending(facts, now)
        if ending is not None:
            raise Conflict(f"It cannot be sent again. {ending.reason}", code="message_obsolete")
        message.status = Status.PENDING
        message.status_reason = ""
        message.settled_at = None
        message.attempts = 0
        message.not_before = now
        message.save()
        transaction.on_commit(partial(nudge, now), robust=True)
        return message


def message_cancel(*, message: PatientMessage, reason: str = "") -> PatientMessage:
    """Do not send a pending mail after all; returns it, cancelled. Raises `InvalidTransition` in any other state."""
    with recorded(reason):
        message = lock(PatientMessage.objects.all(), message.pk)
        check_allowed("The message", message.status, "cancelling it", PatientMessage.MAY_CANCEL)
        return _settle(message, Status.CANCELLED, reason or "Cancelled by a person.")


def message_mark_handled(*, message: PatientMessage, note: str = "") -> PatientMessage:
    """Take a failed or unknown mail off the list: somebody saw to it, by phone say. Returns it.

    Raises `InvalidTransition` in any other state.
    """
    with recorded(note):
        message = lock(PatientMessage.objects.all(), message.pk)
        check_allowed("The message", message.status, "marking it as handled", PatientMessage.MAY_HANDLE)
        return _settle(message, Status.HANDLED, note or "Handled by a person.")


def _settle(message: PatientMessage, status: PatientMessage.Status, reason: str) -> PatientMessage:
    for column, value in rules.settled_as(status, reason, clock.now()).items():
        setattr(message, column, value)
    message.save()
    return message


def _why_unreachable(patient: Patient) -> str:
    return rules.why_unreachable(
        email=patient.email,
        has_opted_out=patient.email_opt_out,
        has_bounced=patient.email_bounced_at is not None,
    )


def _notice_after_undo(appointment: Appointment) -> MessageKind | None:
    """What to tell the patient now, given what they were last told: only what has begun to go out counts."""
    told = queries.last_told(appointment)
    if told is None:
        return MessageKind.CONFIRMATION if appointment.is_live else None
    if not appointment.is_live:
        return None if told.is_cancelled else MessageKind.CANCELLED
    is_same = (told.starts_at, told.ends_at) == (appointment.starts_at, appointment.ends_at)
    return None if is_same and not told.is_cancelled else MessageKind.CHANGED


def _insert(appointment: Appointment, mails: Sequence[policy.PlannedMail], now: datetime) -> list[PatientMessage]:
    """Insert one row a mail, in one statement, and nudge a worker on commit where one is due soon."""
    unreachable = _why_unreachable(appointment.patient)
    rows = [_row(appointment, mail, unreachable, now) for mail in mails]
    PatientMessage.objects.bulk_create(rows)
    due = [row.due_at for row in rows if row.status == Status.PENDING]
    if due:
        transaction.on_commit(partial(nudge, min(due)), robust=True)
    return rows


def _row(appointment: Appointment, mail: policy.PlannedMail, unreachable: str, now: datetime) -> PatientMessage:
    key = uuid7()
    row = PatientMessage(
        id=key,
        patient_id=appointment.patient_id,
        location_id=appointment.location_id,
        kind=mail.kind,
        offset=mail.offset,
        appointment=appointment,
        appointment_revision=appointment.revision,
        due_at=mail.due_at,
        not_before=mail.due_at,
        expires_at=mail.expires_at,
        message_id=message_id(key),
    )
    if mail.is_past(now):
        row.status, row.status_reason, row.settled_at = Status.EXPIRED, rules.LATE, now
    elif unreachable:
        row.status, row.status_reason, row.settled_at = Status.SUPPRESSED, unreachable, now
    return row
