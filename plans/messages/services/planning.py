"""Plans the mails that an act asks for, in its transaction, and drops those that it makes untrue."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q

from clinic import clock
from patients.models import Patient
from plans.followups.models import CheckIn, FollowUp
from plans.messages import queries, rules
from plans.messages.agreement import agree
from plans.messages.models import BEFORE_A_VISIT, MessageKind, PatientMessage
from plans.messages.policy import PlannedMail
from plans.messages.services.writing import about_visit, fate, row_of, standing, write
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind, WaitlistEntry
from plans.treatment.models import ProcedureSession

Act = AppointmentRevision.Act
Status = PatientMessage.Status

LINK_USEFUL_FOR = timedelta(hours=1)
NOTICE_OF = {Act.BOOKED: MessageKind.CONFIRMATION, Act.MOVED: MessageKind.CHANGED, Act.CANCELLED: MessageKind.CANCELLED}
MOVES = (Act.MOVED, Act.UNDONE)


def messages_plan(
    *, appointment: Appointment, act: AppointmentRevision.Act, made_at: datetime | None = None
) -> list[PatientMessage]:
    """Plan what the present revision of `appointment` asks for and cancel what older ones left; returns the new rows.

    Called in the transaction that made the revision, with the appointment locked and its `AppointmentRevision`
    written; or later, with when it was made. At most four queries, five for a session's visit. Rows for somebody who
    gets no mail are planned as suppressed, rows whose time is past as expired, so that the desk sees what would have
    been sent.
    """
    now = clock.now()
    if act != Act.BOOKED:
        reason = rules.REPLACED if appointment.is_live else rules.NOT_TO_COME
        PatientMessage.objects.filter(appointment=appointment, status=Status.PENDING).exclude(
            appointment_revision=appointment.revision
        ).update(**rules.settled_as(Status.CANCELLED, reason, now))
    notice = _notice_after_undo(appointment) if act == Act.UNDONE else NOTICE_OF[act]
    if notice is None and not appointment.is_live:
        return []
    policy = queries.policy_of(appointment.location, appointment.kind)
    is_prepared = act in MOVES and appointment.kind == VisitKind.SESSION and queries.is_prepared(appointment)
    mails = policy.about_visit(notice, appointment.starts_at, made_at or now, is_prepared=is_prepared)
    return _insert(mails, about_visit(appointment), appointment.patient, now)


def messages_plan_recovery(
    *, session: ProcedureSession, check_ins: Collection[CheckIn], made_at: datetime | None = None
) -> int:
    """Plan what follows a session that was given: what to mind, and the questions of each of these open check-ins;
    returns how many mails changed or are new.

    What stands already is brought in line, so that it moves where the day was corrected, or comes back. What is past
    at `made_at` (now, unless told) comes at once. For a session whose row is locked. Three queries, and one for each
    that moves.
    """
    now, plan = clock.now(), session.plan
    performed_at = session.performed_at
    assert performed_at is not None
    policy = queries.policy_of(plan.location, VisitKind.SESSION)
    recipient = queries.patient_as_recipient(plan.patient)
    wanted: list[tuple[dict[str, Any], list[PlannedMail]]] = [
        ({"session": session}, policy.after_session(performed_at, made_at or now))
    ]
    for check_in in check_ins:
        mails = policy.check_in(check_in.target_date, check_in.window_end, made_at or now)
        wanted.append(({"check_in": check_in}, mails))
    rows = standing(Q(session=session) | Q(check_in__in=check_ins, staff=None))
    changed: list[PatientMessage] = []
    new: list[PatientMessage] = []
    for subject, mails in wanted:
        ((column, owner),) = subject.items()
        own = [row for row in rows if getattr(row, f"{column}_id") == owner.pk]
        found = agree(own, mails, partial(fate, recipient=recipient, now=now), now)
        changed += found.changed
        about = {"patient_id": plan.patient_id, "location_id": plan.location_id, **subject}
        new += [row_of(mail, about, ending, now) for mail, ending in found.lacking]
    return write(changed, new)


def messages_plan_overdue(*, follow_up: FollowUp) -> int:
    """Plan the one nudge about a follow-up whose window has passed unbooked, or bring it back where it never left;
    returns how many changed.

    For a follow-up whose row is locked, with its patient and location.
    """
    now = clock.now()
    mails = queries.policy_of(follow_up.location, VisitKind.FOLLOW_UP).overdue(now)
    recipient = queries.patient_as_recipient(follow_up.patient)
    found = agree(standing(Q(follow_up=follow_up)), mails, partial(fate, recipient=recipient, now=now), now)
    about = {"patient_id": follow_up.patient_id, "location_id": follow_up.location_id, "follow_up": follow_up}
    return write(found.changed, [row_of(mail, about, ending, now) for mail, ending in found.lacking])


def messages_plan_offer(*, entry: WaitlistEntry, made_at: datetime | None = None) -> list[PatientMessage]:
    """Plan the mail about the time that stands offered to who waits; returns the new rows.

    What an earlier offer left is cancelled. `made_at`: when it was offered, now unless told.
    """
    now = clock.now()
    messages_drop(reason=rules.NOT_OFFERED, waitlist_entry=entry)
    if entry.offered_starts_at is None:
        return []
    mails = queries.policy_of(entry.location, entry.kind).offer(entry.offered_starts_at, made_at or now)
    about = {
        "patient_id": entry.patient_id,
        "location_id": entry.location_id,
        "waitlist_entry": entry,
        "offer_number": entry.offers,
    }
    return _insert(mails, about, entry.patient, now)


def messages_plan_link(*, patient: Patient) -> list[PatientMessage]:
    """Plan the mail with the link to a patient's own page, which somebody asked for; returns the new rows."""
    now = clock.now()
    mail = PlannedMail(MessageKind.LINK, "", now, now + LINK_USEFUL_FOR)
    return _insert([mail], {"patient_id": patient.pk, "location_id": patient.home_location_id}, patient, now)


def messages_drop(*, reason: str, **subject: Any) -> int:
    """Cancel what is still to be sent to patients about these sessions, follow-ups, check-ins or waitlist entries;
    returns how many there were. One query."""
    pending = PatientMessage.objects.filter(**subject, staff=None, status=Status.PENDING)
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


def _insert(
    mails: Iterable[PlannedMail], about: Mapping[str, Any], patient: Patient, now: datetime
) -> list[PatientMessage]:
    recipient = queries.patient_as_recipient(patient)
    rows = [row_of(mail, about, fate(mail, recipient, now), now) for mail in mails]
    write([], rows)
    return rows


def _notice_after_undo(appointment: Appointment) -> MessageKind | None:
    """What to tell the patient now, given what they were last told: only what has begun to go out counts."""
    told = queries.last_told(appointment)
    if told is None:
        return MessageKind.CONFIRMATION if appointment.is_live else None
    if not appointment.is_live:
        return None if told.is_cancelled else MessageKind.CANCELLED
    is_same = (told.starts_at, told.ends_at) == (appointment.starts_at, appointment.ends_at)
    return None if is_same and not told.is_cancelled else MessageKind.CHANGED
