"""Plans the mails a visit asks for, in the transaction that changes the visit; and what a person may do with one."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, check_allowed
from clinic.locking import lock, lock_all
from clinic.people.models import User
from clinic.places.models import Location
from clinic.records import uuid7
from patients.models import Patient
from patients.services import patient_lock
from plans.followups.models import CheckIn, FollowUp
from plans.messages import queries, rules
from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.nudge import nudge
from plans.messages.policy import BEFORE_A_VISIT, PlannedMail
from plans.messages.rules import Recipient
from plans.messages.subjects import lock_subject
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind, WaitlistEntry
from plans.treatment.models import ProcedureSession

Act = AppointmentRevision.Act
Status = PatientMessage.Status

ALERTED = frozenset(Status) - {Status.CANCELLED, Status.EXPIRED}
JUST_NOW = timedelta(hours=1)
LINK_USEFUL_FOR = timedelta(hours=1)
ALERT_USEFUL_FOR = {
    MessageKind.ESCALATION: timedelta(days=2),
    MessageKind.STUCK: timedelta(hours=1),
    MessageKind.UNSEEN: timedelta(days=1),
}
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
    notice = _notice_after_undo(appointment) if act == Act.UNDONE else NOTICE_OF[act]
    if notice is None and not appointment.is_live:
        return []
    policy = queries.policy_of(appointment.location, appointment.kind)
    return _insert_about_visit(appointment, policy.about_visit(notice, appointment.starts_at, now), now)


def messages_complete(*, appointment: Appointment) -> list[PatientMessage]:
    """Plan the reminders and the preparation that the policy asks for and the present revision of `appointment` lacks;
    returns them.

    For a live visit whose row is locked. What the revision has already, in whatever status, stays as it is.
    """
    present = set(
        PatientMessage.objects.filter(
            appointment=appointment, appointment_revision=appointment.revision, kind__in=BEFORE_A_VISIT
        ).values_list("kind", "offset")
    )
    now = clock.now()
    mails = queries.policy_of(appointment.location, appointment.kind).before_visit(appointment.starts_at, now)
    return _insert_about_visit(appointment, [mail for mail in mails if (mail.kind, mail.offset) not in present], now)


def messages_plan_recovery(*, session: ProcedureSession, check_ins: Collection[CheckIn]) -> list[PatientMessage]:
    """Plan what follows a session that was given: what to mind, and the questions of each check-in; returns new rows.

    Where its day was corrected, what is still to be sent moves with it. Three queries, and one for each that moves.
    """
    now, plan = clock.now(), session.plan
    policy = queries.policy_of(plan.location, VisitKind.SESSION)
    assert session.performed_at is not None
    mails: list[tuple[PlannedMail, dict[str, Any]]] = [
        (mail, {"session": session}) for mail in policy.after_session(session.performed_at)
    ]
    for check_in in check_ins:
        found = policy.check_in(check_in.target_date, check_in.window_end, now)
        mails += [(mail, {"check_in": check_in}) for mail in found]
    about = Q(session=session) | Q(check_in__in=check_ins)
    standing = {
        (row.kind, row.offset, row.check_in_id): row for row in PatientMessage.objects.filter(about, staff=None)
    }
    lacking = []
    for mail, subject in mails:
        asked = subject.get("check_in")
        row = standing.get((mail.kind, mail.offset, asked.pk if asked is not None else None))
        if row is None:
            lacking.append((mail, subject))
        elif row.due_at != mail.due_at:
            PatientMessage.objects.filter(pk=row.pk, status=Status.PENDING).update(
                due_at=mail.due_at, not_before=mail.due_at, expires_at=mail.expires_at, updated_at=now
            )
    return _insert(lacking, plan.patient_id, plan.location_id, queries.patient_as_recipient(plan.patient), now)


def messages_plan_overdue(*, follow_up: FollowUp) -> list[PatientMessage]:
    """Plan the one nudge about a follow-up whose window has passed unbooked; returns the new rows.

    For a follow-up whose row is locked, with its patient and location.
    """
    now = clock.now()
    mails = queries.policy_of(follow_up.location, VisitKind.FOLLOW_UP).overdue(now)
    about = {"follow_up": follow_up}
    recipient = queries.patient_as_recipient(follow_up.patient)
    return _insert([(mail, about) for mail in mails], follow_up.patient_id, follow_up.location_id, recipient, now)


def messages_plan_offer(*, entry: WaitlistEntry) -> list[PatientMessage]:
    """Plan the mail about the time that stands offered to who waits; returns the new rows.

    What an earlier offer left is cancelled.
    """
    now = clock.now()
    messages_drop(reason=rules.NOT_OFFERED, waitlist_entry=entry)
    policy = queries.policy_of(entry.location, entry.kind)
    if not policy.of_kind(MessageKind.OFFER) or entry.offered_starts_at is None:
        return []
    mail = PlannedMail(MessageKind.OFFER, "", now + policy.grace, entry.offered_starts_at)
    about = {"waitlist_entry": entry, "offer_number": entry.offers}
    recipient = queries.patient_as_recipient(entry.patient)
    return _insert([(mail, about)], entry.patient_id, entry.location_id, recipient, now)


def messages_plan_link(*, patient: Patient) -> list[PatientMessage]:
    """Plan the mail with the link to a patient's own page, which somebody asked for; returns the new rows."""
    now = clock.now()
    mail = PlannedMail(MessageKind.LINK, "", now, now + LINK_USEFUL_FOR)
    recipient = queries.patient_as_recipient(patient)
    return _insert([(mail, {})], patient.pk, patient.home_location_id, recipient, now)


def messages_alert(
    *, kind: MessageKind, staff: Iterable[User], location: Location, about: CheckIn | None = None
) -> list[PatientMessage]:
    """Plan the mail to each of these colleagues, at once; returns the new rows. Those who were told stay untold."""
    now = clock.now()
    patient = about.session.plan.patient_id if about is not None else None
    told = PatientMessage.objects.filter(kind=kind, check_in=about, status__in=ALERTED)
    known = set(told.values_list("staff", flat=True)) if about is not None else set()
    mail = PlannedMail(kind, "", now, now + ALERT_USEFUL_FOR[kind])
    rows = []
    for person in staff:
        if person.pk in known:
            continue
        recipient = queries.colleague_as_recipient(person, location)
        columns = {"staff": person, "check_in": about}
        rows += _insert([(mail, columns)], patient, location.pk, recipient, now)
    return rows


def messages_drop(*, reason: str, **subject: Any) -> int:
    """Cancel what is still to be sent to patients about these sessions, follow-ups, check-ins or waitlist entries;
    returns how many there were. One query."""
    pending = PatientMessage.objects.filter(**subject, staff=None, status=Status.PENDING)
    return pending.update(**rules.settled_as(Status.CANCELLED, reason, clock.now()))


def messages_drop_alerts(*, reason: str, check_in: CheckIn) -> int:
    """Cancel what is still to be mailed to colleagues about this check-in; returns how many there were. One query."""
    pending = PatientMessage.objects.filter(check_in=check_in, staff__isnull=False, status=Status.PENDING)
    return pending.update(**rules.settled_as(Status.CANCELLED, reason, clock.now()))


def messages_close(*, appointment: Appointment) -> int:
    """Cancel what is still to be sent about a visit that is over, kept or missed; returns how many there were."""
    return PatientMessage.objects.filter(appointment=appointment, status=Status.PENDING).update(
        **rules.settled_as(Status.CANCELLED, rules.NOT_TO_COME, clock.now())
    )


def messages_cancel_reminders(*, appointments: Iterable[UUID]) -> int:
    """Cancel the reminders of these visits while their plan is on hold; returns how many there were."""
    return PatientMessage.objects.filter(
        appointment__in=list(appointments), kind__in=BEFORE_A_VISIT, status__in=PatientMessage.MAY_CANCEL
    ).update(**rules.settled_as(Status.CANCELLED, rules.ON_HOLD, clock.now()))


def messages_plan_again(*, appointments: Iterable[UUID]) -> int:
    """Lift what a hold did to the reminders of these visits; returns how many are pending again.

    Only those of the present revision of a live visit whose time is still to come: the others stay cancelled.
    """
    now = clock.now()
    lifted = PatientMessage.objects.filter(
        appointment__in=list(appointments),
        appointment__status__in=rules.AWAITED,
        appointment_revision=F("appointment__revision"),
        kind__in=BEFORE_A_VISIT,
        status=Status.CANCELLED,
        status_reason=rules.ON_HOLD,
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
            revived += again.update(status=Status.PENDING, status_reason="", settled_at=None, updated_at=now)
    if revived:
        transaction.on_commit(partial(nudge, now), robust=True)
    return suppressed, revived


def message_retry(*, message: PatientMessage) -> PatientMessage:
    """Send a failed or unknown mail again, on a person's word; returns it, pending.

    Raises `InvalidTransition` in any other state, and `Conflict` where it would no longer tell the patient the truth
    or cannot reach them.
    """
    with recorded("Send again"):
        found = message.subject
        with connection.cursor() as cursor:
            subject = lock_subject(cursor, *found) if found is not None else None
        message = lock(PatientMessage.objects.select_related("patient", "staff", "location"), message.pk)
        check_allowed("The message", message.status, "sending it again", PatientMessage.MAY_RETRY)
        now = clock.now()
        facts = rules.Facts(
            kind=message.kind,
            number=message.appointment_revision or message.offer_number,
            expires_at=message.expires_at,
            subject=subject,
            recipient=queries.recipient_of(message),
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


def messages_mark_handled(*, patient_id: UUID, note: str = "") -> list[PatientMessage]:
    """Take whatever failed or may not have arrived off the list: somebody told the patient. Returns these messages."""
    with recorded(note):
        patient_lock(patient_id=patient_id)
        waiting = PatientMessage.objects.filter(patient=patient_id, staff=None, status__in=PatientMessage.MAY_HANDLE)
        return [_settle(row, Status.HANDLED, note or "Handled by a person.") for row in lock_all(waiting)]


def _settle(message: PatientMessage, status: PatientMessage.Status, reason: str) -> PatientMessage:
    for column, value in rules.settled_as(status, reason, clock.now()).items():
        setattr(message, column, value)
    message.save()
    return message


def _notice_after_undo(appointment: Appointment) -> MessageKind | None:
    """What to tell the patient now, given what they were last told: only what has begun to go out counts."""
    told = queries.last_told(appointment)
    if told is None:
        return MessageKind.CONFIRMATION if appointment.is_live else None
    if not appointment.is_live:
        return None if told.is_cancelled else MessageKind.CANCELLED
    is_same = (told.starts_at, told.ends_at) == (appointment.starts_at, appointment.ends_at)
    return None if is_same and not told.is_cancelled else MessageKind.CHANGED


def _insert_about_visit(appointment: Appointment, mails: Iterable[PlannedMail], now: datetime) -> list[PatientMessage]:
    about = {"appointment": appointment, "appointment_revision": appointment.revision}
    recipient = queries.patient_as_recipient(appointment.patient)
    return _insert([(mail, about) for mail in mails], appointment.patient_id, appointment.location_id, recipient, now)


def _insert(
    mails: Iterable[tuple[PlannedMail, Mapping[str, Any]]],
    patient_id: UUID | None,
    location_id: UUID,
    recipient: Recipient,
    now: datetime,
) -> list[PatientMessage]:
    """Insert one row a mail, with the columns that say what it is about, in one statement, and nudge a worker on commit
    where one is due soon."""
    rows = []
    for mail, about in mails:
        key = uuid7()
        row = PatientMessage(
            id=key,
            patient_id=patient_id,
            location_id=location_id,
            kind=mail.kind,
            offset=mail.offset,
            due_at=mail.due_at,
            not_before=mail.due_at,
            expires_at=mail.expires_at,
            message_id=message_id(key),
            **about,
        )
        unreachable = recipient.why_unreachable(mail.kind)
        if mail.is_past(now):
            row.status, row.status_reason, row.settled_at = Status.EXPIRED, rules.LATE, now
        elif unreachable:
            row.status, row.status_reason, row.settled_at = Status.SUPPRESSED, unreachable, now
        rows.append(row)
    PatientMessage.objects.bulk_create(rows)
    due = [row.due_at for row in rows if row.status == Status.PENDING]
    if due:
        transaction.on_commit(partial(nudge, min(due)), robust=True)
    return rows
