"""What stands beside the list when a row is open: whom it is about, what can be booked, and what was tried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from clinic import words
from clinic.access.visibility import visible
from clinic.console.acts import Button, buttons
from clinic.console.reader import Reader
from clinic.errors import Refusal
from clinic.places.models import Location
from patients.models import Patient
from plans.followups.admin.rows import booking_url, call_url
from plans.followups.admin.worklist.drawing import Bar, bar
from plans.followups.admin.worklist.lines import (
    MISSED,
    PATIENT,
    VISIT,
    WAITING,
    is_on_hold,
    wait_in_words,
    why_to_move,
)
from plans.followups.looks import call_reasons, called_off_in_words
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import called_off_of, with_calling, with_state
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.waitlist.rows import offer_in_words
from plans.scheduling.models import Appointment, VisitKind, WaitlistEntry
from plans.scheduling.queries import (
    follow_ups_to_book,
    in_full,
    sessions_to_book,
    subject_of,
    title,
    visits_since,
)
from plans.scheduling.queries.waitlist import present_visits, subjects_of, title_of, waitlist_in_full
from plans.scheduling.subjects import Subject
from plans.scheduling.wishes import Over
from plans.treatment.models import ProcedureSession, TreatmentPlan

SHOWN_ATTEMPTS = 5


@dataclass(frozen=True)
class Opened:
    """One row of the worklist as it stands now."""

    kind: str
    key: UUID
    patient: Patient
    location: Location
    what: str
    subject: Subject | None = None
    """What a click on a time books; None where there is nothing to book."""
    booking: Mapping[str, Any] | None = None
    """The same as the service takes it."""
    visit: Any = None
    """The booked visit that a click on a time moves."""
    follow_up: Any = None
    entry: Any = None
    """The place on the waitlist that a click on a time settles."""
    present: Appointment | None = None
    """The visit that somebody who waits has by now."""
    seen_by: UUID | None = None
    """Who was to see the patient, where their plan does not say who knows them."""
    reasons: tuple[str, ...] = ()
    plan_on_hold: TreatmentPlan | None = None
    """What is to be resumed first."""
    gone: str = ""
    """What became of it since the list was drawn; empty where it is still to be seen to."""

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.key}"

    @property
    def known(self) -> UUID | None:
        """The practitioner who knows the patient."""
        return (self.subject.preferred_practitioner_id if self.subject is not None else None) or self.seen_by

    @property
    def verb(self) -> str:
        """What is to be done."""
        if self.entry is not None:
            return "Waits"
        if self.visit is not None:
            return "Move"
        return "Book" if self.subject is not None else "Call"

    @property
    def moves(self) -> bool:
        """Whether a click on a time moves a visit, rather than books one."""
        return self.visit is not None or self.present is not None

    @property
    def revision(self) -> int | None:
        """The revision of the visit that a click on a time moves; 0 where somebody who waits has none; None where it
        books one."""
        moved = self.visit or self.present
        if moved is not None:
            return moved.revision
        return None if self.entry is None else 0

    @property
    def minutes(self) -> int:
        """How long it takes, as its plan or its consultation says; 0 where that is the place's to say."""
        obligation = self.subject.obligation if self.subject is not None else None
        return obligation.duration_minutes if obligation is not None else 0

    def bar(self, who: Reader) -> Bar | None:
        """The window drawn."""
        obligation = self.subject.obligation if self.subject is not None else None
        if obligation is None:
            return None
        return bar(*obligation.window, who.today_at(self.location.zone))

    @property
    def blocked(self) -> str:
        """Why no time can be booked, in words; empty where one can."""
        if self.subject is None:
            return ""
        try:
            self.subject.check_bookable(except_for=self.subject.live_appointment if self.moves else None)
        except Refusal as refusal:
            gates = [gate["detail"] for gate in refusal.extra.get("gates", ()) if gate.get("detail")]
            return " ".join([refusal.detail, *gates])
        return ""

    def may_book(self, who: Reader) -> bool:
        """Whether a click on a time is the reader's to make."""
        if self.entry is not None:
            return who.may_on("accept", self.entry)
        if self.visit is not None:
            return who.may_on("reschedule", self.visit)
        return self.subject is not None and who.user.may("plans.appointment", "add", self.location.pk)

    def may_call(self, who: Reader) -> bool:
        """Whether writing down a call is."""
        if self.follow_up is not None:
            return who.may_on("attempt", self.follow_up)
        return who.user.may("plans.contactattempt", "add", self.location.pk)

    def may_work(self, who: Reader) -> bool:
        """Whether there is anything here for the reader to do: booking or calling."""
        return self.may_book(who) or self.may_call(who)

    def acts(self, who: Reader) -> list[Button]:
        """Other ways out: dialogs of the follow-up, or of the visit."""
        registry = admin.site._registry
        if self.entry is not None:
            return buttons(registry[WaitlistEntry], who.user, self.entry, ("decline", "withdraw"))
        if self.visit is not None:
            return buttons(registry[Appointment], who.user, self.visit, ("keep", "cancel"))
        if self.follow_up is not None:
            return buttons(registry[FollowUp], who.user, self.follow_up, ("attend", "cancel"))
        return []

    def full_page(self, back: str) -> str:
        """Where any time can be booked, with a note or against a rule; afterwards on to `back`."""
        if self.entry is not None:
            return reverse("admin:plans_waitlistentry_change", args=[self.entry.pk])
        if self.visit is not None:
            return reverse("admin:plans_appointment_reschedule", args=[self.visit.pk])
        if self.subject is None:
            return ""
        if isinstance(self.subject.obligation, FollowUp):
            return booking_url(self.subject.obligation, back)
        if self.subject.session is not None:
            asked = {"session": self.subject.session.pk}
        else:
            asked = {"patient": self.patient.pk, "location": self.location.pk}
        return f"{reverse('admin:plans_appointment_add')}?{urlencode({**asked, 'next': back}, safe='/')}"

    def call_page(self, back: str) -> str:
        return call_url(self.patient, back)

    def attempts(self) -> list[ContactAttempt]:
        """The last tries to reach the patient, about whatever: one query."""
        rows = ContactAttempt.objects.filter(patient=self.patient).select_related(
            "attempted_by", "follow_up", "session"
        )
        return list(rows.order_by("-attempted_at", "-pk")[:SHOWN_ATTEMPTS])


def open_row(who: Reader, kind: str, key: UUID) -> Opened:
    """The row of this name. Raises Http404 where the reader sees none such."""
    opener = OPENERS.get(kind)
    if opener is None:
        raise Http404
    try:
        return opener(who, key)
    except ObjectDoesNotExist:
        raise Http404 from None


def booked_by(who: Reader, visit: Appointment) -> str:
    """“Booked by Ana Ortiz 2 min ago: Tue 24 Nov 09:30 with Dr Rowan, Room 2.”"""
    by = "you" if visit.booked_by_id == who.user.pk else str(visit.booked_by or "the system")
    when = words.within(who.moment(visit.starts_at, visit.location.zone))
    room = f", {visit.room}" if visit.room_id else ""
    return f"Booked by {by} {words.since(visit.created_at, who.now)}: {when} with {visit.practitioner}{room}."


def _gone(who: Reader, live: UUID | None) -> str:
    if live is None:
        return ""
    visit = Appointment.objects.select_related("booked_by", "practitioner__user", "room", "location").get(pk=live)
    return booked_by(who, visit)


def _follow_up(who: Reader, key: UUID) -> Opened:
    row = visible(_follow_ups(who), who.user).get(pk=key)
    gone = _gone(who, row.live_appointment)
    if row.state == FollowUp.State.CANCELLED:
        gone = f"It is not owed any more: {row.cancel_reason}"
    elif row.state == FollowUp.State.ATTENDED:
        gone = "It took place meanwhile."
    return Opened(
        kind=VisitKind.FOLLOW_UP.value,
        key=key,
        patient=row.patient,
        location=row.location,
        what=row.title,
        subject=Subject.of_follow_up(row),
        booking={"follow_up": row},
        follow_up=row,
        reasons=_called_off(who, row, row.location),
        gone=gone,
    )


def _called_off(who: Reader, row: Any, place: Location) -> tuple[str, ...]:
    """That the patient cancelled the visit there was for it, where they did."""
    said = called_off_in_words(row.called_off, place.zone, who.today_at(place.zone))
    return (f"{said}.",) if said else ()


def _follow_ups(who: Reader) -> QuerySet[Any]:
    return with_state(follow_ups_to_book(), who.now).annotate(called_off=called_off_of(VisitKind.FOLLOW_UP.value))


def _session(who: Reader, key: UUID) -> Opened:
    rows = sessions_to_book().annotate(called_off=called_off_of(VisitKind.SESSION.value))
    row: Any = visible(rows, who.user).get(pk=key)
    gone = _gone(who, row.live_appointment)
    if row.status != ProcedureSession.Status.PLANNED:
        gone = f"The session is {row.get_status_display().lower()}."
    return Opened(
        kind=VisitKind.SESSION.value,
        key=key,
        patient=row.plan.patient,
        location=row.plan.location,
        what=row.title,
        subject=Subject.of_session(row),
        booking={"session": row},
        reasons=_called_off(who, row, row.plan.location),
        gone=gone,
    )


def _missed(who: Reader, key: UUID) -> Opened:
    rows = Appointment.objects.filter(status=Appointment.Status.NO_SHOW)
    visit = visible(in_full(rows).prefetch_related(None), who.user).get(pk=key)
    is_consultation = visit.kind == VisitKind.CONSULTATION
    when = words.within(who.moment(visit.starts_at, visit.location.zone))
    return Opened(
        kind=MISSED,
        key=key,
        patient=visit.patient,
        location=visit.location,
        what=title(visit),
        subject=Subject.of_consultation(visit.patient) if is_consultation else None,
        booking={"consultation_for": visit.patient, "missed": visit},
        seen_by=visit.practitioner_id,
        reasons=(f"Did not come {when} to {visit.practitioner}.",),
        gone=_since(who, visit),
    )


def _since(who: Reader, missed: Appointment) -> str:
    """What the patient did since they missed this visit, or has booked; empty where nothing."""
    later = visits_since(missed.patient_id, missed.starts_at).order_by("-starts_at")
    found = list(later.select_related("booked_by", "practitioner__user", "room", "location"))
    live = next((visit for visit in found if visit.is_live), None)
    if live is not None or not found:
        return booked_by(who, live) if live is not None else ""
    when = words.within(who.moment(found[0].starts_at, found[0].location.zone))
    came = found[0].status == Appointment.Status.FULFILLED
    return f"They {'came' if came else 'did not come'} {when} to {found[0].practitioner}{'' if came else ' either'}."


def _visit(who: Reader, key: UUID) -> Opened:
    visit = visible(in_full(Appointment.objects.all()).prefetch_related(None), who.user).get(pk=key)
    why = why_to_move(visit)
    obligation = visit.session or visit.follow_up
    when = words.within(who.moment(visit.starts_at, visit.location.zone))
    return Opened(
        kind=VISIT,
        key=key,
        patient=visit.patient,
        location=visit.location,
        what=title(visit),
        subject=subject_of(visit).moving(visit),
        visit=visit,
        reasons=(f"Booked {when} with {visit.practitioner}, {visit.room}.", why) if why else (),
        plan_on_hold=obligation.plan if obligation is not None and is_on_hold(visit) else None,
        gone="" if why else f"It stands where it should now: {when} with {visit.practitioner}.",
    )


def _patient(who: Reader, key: UUID) -> Opened:
    rows = with_calling(Patient.objects.select_related("home_location"), who.now)
    patient = visible(rows, who.user).get(pk=key)
    reasons = tuple(reason.detail for reason in call_reasons(patient, who.now))
    opened = Opened(
        kind=PATIENT,
        key=key,
        patient=patient,
        location=patient.home_location,
        what="",
        reasons=reasons,
        gone="" if reasons else "Somebody has told them meanwhile.",
    )
    owed = (patient.follow_up, _follow_up), (patient.session, _session)
    for document, opener in owed:
        if document:
            try:
                of = opener(who, UUID(document["id"]))
            except ObjectDoesNotExist:
                continue
            return Opened(
                kind=PATIENT,
                key=key,
                patient=patient,
                location=of.location,
                what=of.what,
                subject=of.subject,
                booking=of.booking,
                follow_up=of.follow_up,
                reasons=reasons,
                gone=opened.gone,
            )
    return opened


def _waiting(who: Reader, key: UUID) -> Opened:
    entry: Any = visible(waitlist_in_full(WaitlistEntry.objects.all()), who.user).get(pk=key)
    present = present_visits([entry]).get(entry.present_id)
    subject = subjects_of([entry])[entry.pk]
    subject = subject.moving(present) if present is not None else subject
    gone = Over(entry.over).in_words if entry.over else ""
    if entry.status not in WaitlistEntry.OPEN:
        gone = entry.settled_because or f"{entry.get_status_display()} meanwhile."
    told = offer_in_words(who, entry)
    return Opened(
        kind=WAITING,
        key=key,
        patient=entry.patient,
        location=entry.location,
        what=title_of(entry),
        subject=subject,
        entry=entry,
        present=present,
        reasons=tuple(
            filter(
                None,
                (
                    wait_in_words(who, entry),
                    entry.note,
                    f"Has now: {words.within(visit_in_words(present))}." if present is not None else "",
                    f"Was told of {words.within(told)}, and is to answer." if told else "",
                ),
            )
        ),
        gone=gone,
    )


OPENERS: Mapping[str, Callable[[Reader, UUID], Opened]] = {
    VisitKind.FOLLOW_UP.value: _follow_up,
    VisitKind.SESSION.value: _session,
    MISSED: _missed,
    VISIT: _visit,
    PATIENT: _patient,
    WAITING: _waiting,
}
