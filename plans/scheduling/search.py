"""Searches free slots for what a visit is for: its window, length, modalities and practitioners come from it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic import clock
from clinic.errors import Invalid, Refusal
from clinic.places.wallclock import local_date
from clinic.words import date_in_full
from plans.scheduling.availability import Frame, Request, free_slots
from plans.scheduling.models import VisitKind
from plans.scheduling.queries.wishes import wishes_of
from plans.scheduling.ranking import Preference, Slot
from plans.scheduling.rules import CALENDAR_YEARS, MAX_SEARCH_DAYS, MINUTE, check_search_days
from plans.scheduling.subjects import Subject

LATE_SEARCH = timedelta(days=28)
"""How far to look where the window has passed."""
FIRST_STEP = timedelta(days=14)
"""How far a search for the next few looks first; where that finds too few, one more statement looks at the rest."""


def slots_for(
    frame: Frame,
    subject: Subject | None,
    *,
    first: date | None = None,
    last: date | None = None,
    duration: timedelta | None = None,
    practitioners: Sequence[UUID] = (),
    best_first: bool = False,
    limit: int | None = None,
    may_be_early: bool = False,
) -> list[Slot]:
    """The slots at which `subject` can be booked now, or its live visit moved to; without one, a consultation's.

    `first` and `last` are local dates, both included; they default to the subject's window from today on, or to the 92
    days from today on where it has none. Without `practitioners` everybody who is qualified. `best_first` ranks them
    (`Preference`): who knows the patient, the target date (of a consultation: the first day), the patient's wishes.
    `may_be_early` offers also what only an override can book. Empty where the subject's state allows no booking.

    One query; two where the next few are asked for, and the first fortnight has fewer. Raises `Invalid` for days that
    cannot be searched.
    """
    is_open = last is None
    first, last = search_days(frame, subject, first, last)
    if is_open and last.year not in CALENDAR_YEARS:
        raise Invalid(f"A search from {date_in_full(first)} on leaves the calendar.", attr="from")
    check_search_days(first, last)
    if subject is not None:
        try:
            subject.check_bookable(except_for=subject.live_appointment)
        except Refusal:
            return []
        if not may_be_early:
            earliest, latest = subject.days()
            first, last = max(first, earliest or first), min(last, latest or last)
    first = max(first, clock.today(frame.zone))
    if first > last:
        return []
    kind = subject.kind if subject is not None else VisitKind.CONSULTATION
    modalities = subject.modalities if subject is not None else frozenset()
    usual = frame.visit_length(kind).duration
    request = Request(
        frame,
        kind,
        duration or (subject.length(usual) if subject is not None else usual),
        [key for key in frame.practitioners if not practitioners or key in practitioners],
        frame.capable_rooms(modalities),
        modalities=modalities,
        patient_id=subject.patient.pk if subject is not None else None,
        barred=subject.barred if subject is not None and not may_be_early else (),
        moving=subject.live_appointment if subject is not None else None,
    )
    if best_first and subject is not None:
        return free_slots(request, first, last, preference=preference_of(subject, first, frame.zone), limit=limit)
    if limit is None or last - first < FIRST_STEP:
        return free_slots(request, first, last, limit=limit)
    soon = first + FIRST_STEP
    found = free_slots(request, first, soon - timedelta(days=1), limit=limit)
    return found if len(found) >= limit else found + free_slots(request, soon, last, limit=limit - len(found))


def preference_of(subject: Subject, first: date, zone: ZoneInfo) -> Preference:
    """What makes a slot a good one for `subject`; what has no target date is best soon after `first`.

    What moves is best near the time that it has, unless that is outside its window.
    """
    at = subject.moves_from
    window = subject.window
    if at is not None and (window is None or window[0] <= local_date(at, zone) <= window[1]):
        return Preference(subject.preferred_practitioner_id, at=at)
    return Preference(subject.preferred_practitioner_id, subject.target or first, wishes_of(subject.patient))


def first_times_today(request: Request, begins_at: datetime) -> list[Slot]:
    """From when on each of the request's practitioners is free on the day of `begins_at`, the soonest first: one query.

    For somebody who is here: at any minute from `begins_at` on, whatever the lead time and the grid are.
    """
    frame = replace(request.frame, slot=MINUTE, lead=-timedelta(days=1))
    day = local_date(begins_at, frame.zone)
    first: dict[UUID, Slot] = {}
    for slot in free_slots(replace(request, frame=frame), day, day, not_before=begins_at):
        first.setdefault(slot.practitioner_id, slot)
    return list(first.values())


def search_days(frame: Frame, subject: Subject | None, first: date | None, last: date | None) -> tuple[date, date]:
    """The days to search where some were left open: the subject's window, or four weeks where that has passed; for
    what has no window, as far as a search goes."""
    today = clock.today(frame.zone)
    longest = timedelta(days=MAX_SEARCH_DAYS - 1)
    window = subject.window if subject is not None else None
    if first is None:
        first = max(window[0], today) if window is not None else today
        if last is not None:
            first = min(first, last)
    if last is None:
        last = first + longest
        if window is not None:
            last = min(last, window[1] if first <= window[1] else first + LATE_SEARCH)
    return first, last
