"""Reads the waitlist: who still waits, what they have by now, and what decides when they can come.

That a wait is over is derived, never stored: a session, a follow-up or a consultation ends in many places (charting,
discontinuing, revising, attending, merging), and a time is got in several ways. A query that looks at what is true now
cannot be forgotten by any of them, and goes back by itself where one of them is undone.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from clinic import clock
from clinic.places.localtime import LocalDate
from clinic.places.models import Location
from plans.scheduling.models import (
    LIVE_STATUSES,
    OPEN_STATUSES,
    Appointment,
    AppointmentRevision,
    VisitKind,
    WaitlistEntry,
)
from plans.scheduling.queries import follow_ups_to_book, sessions_to_book
from plans.scheduling.queries.wishes import meeting
from plans.scheduling.subjects import Subject
from plans.scheduling.wishes import Over
from plans.treatment.models import ProcedureSession

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def waitlist_in_full(entries: QuerySet[WaitlistEntry]) -> QuerySet[Any]:
    """With everything a list shows, in one query.

    `present_id`: the key of the live visit that they have for the same purpose by now, or None. `over`: the value of an
    `Over`, None while they wait or once the entry is settled. `offer_is_taken`: whether somebody else has the time that
    stands offered.
    """
    return with_standing(entries).select_related(
        "patient__home_location",
        "location",
        "practitioner__user",
        "session__plan",
        "follow_up__plan",
        "offered_practitioner__user",
        "offered_room",
    )


def with_standing(entries: QuerySet[WaitlistEntry]) -> QuerySet[Any]:
    """Annotate `present_id`, `over` and `offer_is_taken`; see `waitlist_in_full`."""
    of_session = Appointment.objects.filter(session=OuterRef("session"), status__in=LIVE_STATUSES)
    of_follow_up = Appointment.objects.filter(follow_up=OuterRef("follow_up"), status__in=LIVE_STATUSES)
    consultation = Appointment.objects.filter(
        patient=OuterRef("patient"),
        location=OuterRef("location"),
        kind=VisitKind.CONSULTATION,
        status__in=LIVE_STATUSES,
    ).order_by("starts_at")
    present = Case(
        When(kind=VisitKind.SESSION, then=Subquery(of_session.values("pk")[:1])),
        When(kind=VisitKind.FOLLOW_UP, then=Subquery(of_follow_up.values("pk")[:1])),
        default=Subquery(consultation.values("pk")[:1]),
        output_field=UUIDField(),
    )
    before = AppointmentRevision.objects.filter(
        appointment=OuterRef("present_id"), acted_at__lte=OuterRef("created_at")
    ).order_by("-number")
    taken = Appointment.objects.filter(
        practitioner=OuterRef("offered_practitioner"),
        practitioner_busy__contains=OuterRef("offered_starts_at"),
        status__in=LIVE_STATUSES,
    ).exclude(patient=OuterRef("patient"))
    return entries.annotate(
        present_id=present,
        had_at=Subquery(before.values("starts_at")[:1], output_field=DateTimeField()),
        over=Case(
            When(~Q(status__in=OPEN_STATUSES), then=None),
            When(_is_done(), then=Value(Over.DONE.value)),
            When(latest__lt=LocalDate(Value(clock.now()), F("location__timezone")), then=Value(Over.PAST.value)),
            When(_is_met(), then=Value(Over.MET.value)),
            default=None,
            output_field=CharField(null=True),
        ),
        offer_is_taken=Exists(taken),
    )


def waiting(entries: QuerySet[WaitlistEntry]) -> QuerySet[Any]:
    """Those of `entries` who still wait; in the order in which they are asked, with what `with_standing` annotates."""
    rows = with_standing(entries).filter(status__in=OPEN_STATUSES, over__isnull=True)
    return rows.order_by("-is_urgent", "created_at", "id")


def entries_for(subject: Subject, place: Location) -> QuerySet[WaitlistEntry]:
    """Open entries for the same session or follow-up, or for a consultation of the patient at this place."""
    same = Q(session=subject.session) if subject.session is not None else Q(follow_up=subject.follow_up)
    if subject.obligation is None:
        same = Q(patient=subject.patient, location=place, kind=VisitKind.CONSULTATION)
    return WaitlistEntry.objects.filter(same, status__in=OPEN_STATUSES)


def _is_done() -> Q:
    """What they waited for is done, or not owed any more."""
    planned = Q(session__isnull=True) | Q(session__status__in=ProcedureSession.MAY_BOOK)
    fulfilled = Appointment.objects.filter(status=Appointment.Status.FULFILLED)
    consulted = fulfilled.filter(
        patient=OuterRef("patient"),
        location=OuterRef("location"),
        kind=VisitKind.CONSULTATION,
        fulfilled_at__gte=OuterRef("created_at"),
    )
    return (
        ~planned
        | Q(follow_up__cancelled_at__isnull=False)
        | Q(Q(follow_up__isnull=False), Exists(fulfilled.filter(follow_up=OuterRef("follow_up"))))
        | Q(Q(kind=VisitKind.CONSULTATION), Exists(consulted))
    )


def _is_met() -> Exists:
    """Since they are on the list their visit was booked, or moved to an earlier time, and suits every wish."""
    visits = Appointment.objects.filter(
        pk=OuterRef("present_id"),
        starts_at__lt=Coalesce(OuterRef("had_at"), Value(NEVER), output_field=DateTimeField()),
    )
    return Exists(meeting(visits))


def title_of(entry: WaitlistEntry) -> str:
    """What they wait for: “Session 2 of 3 · PRP”. Takes an entry of `waitlist_in_full`."""
    obligation = entry.session or entry.follow_up
    return obligation.title if obligation is not None else entry.get_kind_display()


def present_visits(entries: Iterable[Any]) -> dict[UUID, Appointment]:
    """The live visits that these have by now, by the visit's key: at most one query."""
    keys = {entry.present_id for entry in entries if entry.present_id is not None}
    if not keys:
        return {}
    return Appointment.objects.select_related("practitioner__user", "room", "location").in_bulk(list(keys))


def subjects_of(entries: Iterable[Any]) -> dict[UUID, Subject]:
    """What each waits for, with the facts that decide when it can be, by the entry's key: at most two queries."""
    entries = list(entries)
    session_keys = {entry.session_id for entry in entries if entry.session_id}
    follow_up_keys = {entry.follow_up_id for entry in entries if entry.follow_up_id}
    sessions = {row.pk: row for row in sessions_to_book().filter(pk__in=session_keys)} if session_keys else {}
    follow_ups = {row.pk: row for row in follow_ups_to_book().filter(pk__in=follow_up_keys)} if follow_up_keys else {}

    def subject(entry: Any) -> Subject:
        if entry.session_id:
            return Subject.of_session(sessions[entry.session_id])
        if entry.follow_up_id:
            return Subject.of_follow_up(follow_ups[entry.follow_up_id])
        return Subject.of_consultation(entry.patient)

    return {entry.pk: subject(entry) for entry in entries}
