"""Who waits for an earlier time: added, told of a time, and booked where they accept; the first who accepts gets it.

Locks in the one order: plan → session or follow-up → waitlist entry → what the booking locks.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Conflict, Invalid, Refusal, check_allowed
from clinic.locking import lock, lock_all
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.places.wallclock import local_date
from clinic.words import date_in_full
from patients.models import Patient
from patients.services import patient_lock
from plans.followups.models import FollowUp
from plans.messages.rules import NOT_OFFERED
from plans.messages.services import messages_drop, messages_plan_offer
from plans.scheduling.availability import Frame, frame_of
from plans.scheduling.models import VisitKind, WaitlistEntry
from plans.scheduling.queries.waitlist import entries_for, present_visits, waitlist_in_full
from plans.scheduling.rules import check_lead_time, check_start
from plans.scheduling.services.booking import appointment_book, appointment_reschedule
from plans.scheduling.services.placing import candidate_rooms, check_who_and_where, place
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.staleness import check_present_seen
from plans.scheduling.services.subjects import lock_subject
from plans.scheduling.services.waitlist_closing import entry_save, entry_settle
from plans.scheduling.subjects import Subject, labels
from plans.scheduling.wishes import Over
from plans.treatment.models import ProcedureSession

Status = WaitlistEntry.Status
WHAT = "The waitlist entry"
WISHES = (
    *("practitioner", "earliest", "latest", "weekdays", "time_from", "time_until"),
    *("is_urgent", "note"),
)
"""What can be changed of an entry."""
OFFER = ("offered_starts_at", "offered_practitioner", "offered_room", "offered_at", "offered_by")


@retried
def waitlist_add(
    *,
    by: User | None,
    session: ProcedureSession | None = None,
    follow_up: FollowUp | None = None,
    patient: Patient | None = None,
    location: Location | None = None,
    practitioner: Practitioner | None = None,
    earliest: date | None = None,
    latest: date | None = None,
    weekdays: list[int] | None = None,
    time_from: time | None = None,
    time_until: time | None = None,
    is_urgent: bool = False,
    note: str = "",
) -> WaitlistEntry:
    """Put a patient on the waitlist, for one session, one follow-up or (with `patient`) a consultation; returns it.

    A session and a follow-up are waited for where they are owed; a consultation at `location`, or else at the patient's
    home location. An entry for the same that is over gives way. Raises `Invalid` (shape, wishes), what
    `Subject.check_bookable` refuses, and `Conflict` (already_waiting).
    """
    if sum(item is not None for item in (session, follow_up, patient)) != 1:
        raise Invalid("Somebody waits for one of session, follow_up and patient (for a consultation).")
    with recorded(note):
        subject = lock_subject(session=session, follow_up=follow_up, patient=patient)
        place_of = _place_of(subject)
        if location is not None and subject.obligation is not None and location.pk != place_of.pk:
            raise Invalid(f"This is owed at {place_of}; leave the location out.", attr="location")
        entry = WaitlistEntry(
            patient=subject.patient,
            location=location or place_of,
            kind=subject.kind,
            session=subject.session,
            follow_up=subject.follow_up,
            practitioner=practitioner,
            earliest=earliest,
            latest=latest,
            weekdays=sorted(set(weekdays or [])),
            time_from=time_from,
            time_until=time_until,
            is_urgent=is_urgent,
            note=note,
            added_by=by,
        )
        subject.check_bookable(except_for=subject.live_appointment)
        _make_way(subject, entry.location)
        _check_wishes(entry, subject)
        if subject.obligation is None:
            patient_lock(patient_id=subject.patient.pk)
        entry.save(force_insert=True)
    return entry


def waitlist_change(*, entry_id: UUID, changes: Mapping[str, Any]) -> WaitlistEntry:
    """Change the wishes, the urgency or the note of one who waits; returns the entry.

    Raises `InvalidTransition` once it is settled, `Invalid` for wishes that cannot be.
    """
    with recorded():
        entry, subject = _lock_entry(entry_id)
        check_allowed(WHAT, entry.status, "changing it", WaitlistEntry.MAY_CHANGE)
        for name in WISHES:
            if name in changes:
                setattr(entry, name, changes[name])
        entry.weekdays = sorted(set(entry.weekdays or []))
        _check_wishes(entry, subject)
        entry_save(entry, *WISHES)
    return entry


@retried
def waitlist_offer(
    *, entry_id: UUID, by: User | None, starts_at: datetime, practitioner: Practitioner, room: Room | None = None
) -> WaitlistEntry:
    """Tell the patient of a time; returns the entry, *offered*, with a mail where one may go. It holds nothing back.

    Refuses what a booking would refuse, so that nobody is told of a time that they cannot have; a later offer takes
    the place of one that stands.
    """
    with recorded():
        entry, subject = _lock_entry(entry_id)
        check_allowed(WHAT, entry.status, "offering a time", WaitlistEntry.MAY_OFFER)
        _check_can_be_had(entry, subject, starts_at, practitioner, room)
        entry.status = Status.OFFERED
        entry.offered_starts_at, entry.offered_practitioner, entry.offered_room = starts_at, practitioner, room
        entry.offered_at, entry.offered_by = clock.now(), by
        entry.offers += 1
        entry_save(entry, "status", "offers", *OFFER)
        messages_plan_offer(entry=entry)
    return entry


@retried
def waitlist_accept(
    *,
    entry_id: UUID,
    by: User | None,
    starts_at: datetime | None = None,
    practitioner: Practitioner | None = None,
    room: Room | None = None,
    revision: int | None = None,
) -> WaitlistEntry:
    """The patient takes the time that stands offered, or the one given here; returns the entry, *booked*.

    The visit that they have moves there; without one it is booked. Whoever accepts a time first gets it: the others are
    refused with `SlotTaken`, as a booking is, and go on waiting as they did. Raises `Invalid` without any time,
    `InvalidTransition` once it is settled, `Stale` where the visit that they have is of another `revision` than the
    caller saw (0: saw none), and whatever the booking refuses.
    """
    with recorded():
        entry, subject = _lock_entry(entry_id)
        check_allowed(WHAT, entry.status, "accepting a time", WaitlistEntry.MAY_ACCEPT)
        check_present_seen(subject.live_appointment, revision)
        starts_at, practitioner, room = _chosen(entry, starts_at, practitioner, room)
        if subject.live_appointment is not None:
            appointment = appointment_reschedule(
                appointment_id=subject.live_appointment,
                by=by,
                starts_at=starts_at,
                practitioner=practitioner,
                room=room,
                revision=revision,
            )
        else:
            appointment = appointment_book(
                by=by,
                location=entry.location,
                practitioner=practitioner,
                starts_at=starts_at,
                room=room,
                session=subject.session,
                follow_up=subject.follow_up,
                consultation_for=subject.patient if subject.obligation is None else None,
            )
        entry.status, entry.appointment, entry.settled_at = Status.BOOKED, appointment, clock.now()
        entry_save(entry, "status", "appointment", "settled_at")
        messages_drop(reason=NOT_OFFERED, waitlist_entry=entry)
    return entry


@retried
def waitlist_decline(*, entry_id: UUID, keep_waiting: bool = False, reason: str = "") -> WaitlistEntry:
    """The patient does not want the time that stands offered; returns the entry, *declined*.

    With `keep_waiting` they wait for another one. Raises `InvalidTransition` where no offer stands.
    """
    with recorded(reason):
        entry = lock(WaitlistEntry.objects.select_related("location"), entry_id)
        check_allowed(WHAT, entry.status, "declining", WaitlistEntry.MAY_DECLINE)
        if keep_waiting:
            entry.status = Status.WAITING
            for name in OFFER:
                setattr(entry, name, None)
            entry_save(entry, "status", *OFFER)
            messages_drop(reason=NOT_OFFERED, waitlist_entry=entry)
        else:
            entry_settle(entry, Status.DECLINED, reason)
    return entry


@retried
def waitlist_withdraw(*, entry_id: UUID, reason: str = "") -> WaitlistEntry:
    """Take a patient off the waitlist; returns the entry. What is booked stays. Raises `InvalidTransition`."""
    with recorded(reason):
        entry = lock(WaitlistEntry.objects.select_related("location"), entry_id)
        check_allowed(WHAT, entry.status, "withdrawing", WaitlistEntry.MAY_WITHDRAW)
        entry_settle(entry, Status.WITHDRAWN, reason)
    return entry


def _chosen(
    entry: WaitlistEntry, starts_at: datetime | None, practitioner: Practitioner | None, room: Room | None
) -> tuple[datetime, Practitioner, Room | None]:
    """The time that is accepted: as given, or as it stands offered."""
    if starts_at is None and practitioner is None and room is None:
        if entry.offered_starts_at is None or entry.offered_practitioner is None:
            raise Invalid("No time stands offered; say which one they take.", code="required", attr="starts_at")
        return entry.offered_starts_at, entry.offered_practitioner, entry.offered_room
    Invalid.gather(
        Invalid("Say which time they take, and with whom.", code="required", attr=attr)
        for attr, value in (("starts_at", starts_at), ("practitioner", practitioner))
        if value is None
    )
    assert starts_at is not None
    assert practitioner is not None
    return starts_at, practitioner, room


def _lock_entry(entry_id: UUID) -> tuple[WaitlistEntry, Subject]:
    """Lock what is waited for, then the entry; returns the entry and its subject, which knows the present visit."""
    known = WaitlistEntry.objects.select_related("session", "follow_up", "patient").get(pk=entry_id)
    is_consultation = known.kind == VisitKind.CONSULTATION
    subject = lock_subject(
        session=known.session, follow_up=known.follow_up, patient=known.patient if is_consultation else None
    )
    entry: Any = lock(waitlist_in_full(WaitlistEntry.objects.all()), entry_id)
    present = present_visits([entry]).get(entry.present_id) if is_consultation else None
    return entry, subject.moving(present) if present is not None else subject


def _place_of(subject: Subject) -> Location:
    if subject.session is not None:
        return subject.session.plan.location
    return subject.follow_up.location if subject.follow_up is not None else subject.patient.home_location


def _make_way(subject: Subject, place: Location) -> None:
    """Settle an entry for the same that is over; raise `Conflict` for one that is not."""
    for other in lock_all(waitlist_in_full(entries_for(subject, place))):
        over = getattr(other, "over", None)
        if over is None:
            raise Conflict(
                "The patient is on the waitlist for this already; change that entry.",
                code="already_waiting",
                extra={"entry": str(other.pk)},
            )
        entry_settle(other, Status.WITHDRAWN, Over(over).in_words)


def _check_wishes(entry: WaitlistEntry, subject: Subject) -> None:
    """Raises `Invalid` for wishes that no time can meet, and for what the columns do not take."""
    faults = []
    frame = frame_of(entry.location_id)
    today = clock.today(frame.zone)
    if entry.latest is not None and entry.latest < today:
        faults.append(Invalid(f"The last day that suits them has passed: it is {date_in_full(today)}.", attr="latest"))
    if entry.practitioner is not None:
        fault = _fault_of_practitioner(frame, entry.practitioner, subject)
        faults += [fault] if fault else []
    Invalid.gather(faults)
    clean_model(entry)


def _fault_of_practitioner(frame: Frame, practitioner: Practitioner, subject: Subject) -> Invalid | None:
    held = frame.practitioners.get(practitioner.pk)
    if held is None:
        return Invalid(f"{practitioner} takes no bookings at this location.", attr="practitioner")
    missing = sorted(subject.modalities - held.keys())
    if missing:
        detail = f"{practitioner} is not qualified for {labels(missing)}."
        return Invalid(detail, code="not_qualified", attr="practitioner")
    return None


def _check_can_be_had(
    entry: Any, subject: Subject, starts_at: datetime, practitioner: Practitioner, room: Room | None
) -> None:
    """Raises what a booking at this time would raise now."""
    frame = frame_of(entry.location_id)
    check_start(starts_at, frame.zone)
    day = local_date(starts_at, frame.zone)
    check_who_and_where(frame, subject.modalities, day, practitioner, room)
    subject.check_bookable(except_for=subject.live_appointment)
    refusal: Refusal | None = subject.too_early(day)
    if refusal is not None:
        raise refusal
    check_lead_time(starts_at, clock.now(), frame.lead)
    rooms = candidate_rooms(frame, subject.modalities, room)
    place(subject.request(frame, [practitioner.pk], rooms), starts_at, subject)
