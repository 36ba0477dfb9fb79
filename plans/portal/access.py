"""From a link to a patient: what it was made for, whether it still opens, and what may be seen behind it.

The one place that decides it. A page asks `may`; what is clinical also asks for the date of birth (`birth.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from clinic.places.models import Location
from patients.models import Patient
from plans.followups.models import CheckIn, FollowUp
from plans.messages.links import Link, Purpose, link_of
from plans.portal.queries import (
    check_ins_linked,
    entries_linked,
    follow_ups_linked,
    is_attended,
    patients_linked,
    sessions_linked,
    visits_linked,
)
from plans.portal.rules import OPEN_FOR
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.treatment.models import ProcedureSession, TreatmentPlan


class Page(StrEnum):
    """What can stand behind a link."""

    VISIT = "visit"
    FOLLOW_UP = "follow_up"
    OFFER = "offer"
    HOME = "home"
    PROGRESS = "progress"
    CARE = "care"
    CHECK_IN = "check_in"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"


CLINICAL = frozenset({Page.PROGRESS, Page.CARE, Page.CHECK_IN})
"""Shown to those who know the date of birth."""
ALWAYS = frozenset({Page.UNSUBSCRIBE})
"""Behind every link that we ever signed, whatever became of it."""
OWN: Mapping[Purpose, Page] = {
    Purpose.VISIT: Page.VISIT,
    Purpose.AFTERCARE: Page.CARE,
    Purpose.CHECK_IN: Page.CHECK_IN,
    Purpose.FOLLOW_UP: Page.FOLLOW_UP,
    Purpose.OFFER: Page.OFFER,
    Purpose.HOME: Page.HOME,
    Purpose.UNSUBSCRIBE: Page.UNSUBSCRIBE,
}
"""The page that a link was made for."""


class Standing(StrEnum):
    """Whether a link still opens."""

    OPEN = "open"
    ENDED = "ended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that we signed, with whom it is for and what it is about."""

    token: str
    link: Link
    patient: Patient
    location: Location
    """Whose name, colour and phone stand on its pages."""
    standing: Standing
    subject: Any = None
    """The visit, session, check-in, follow-up or waitlist entry; None: the patient."""

    def may(self, page: Page) -> bool:
        """Whether `page` stands behind this link now."""
        if page in ALWAYS:
            return True
        return self.standing is Standing.OPEN and page in self._pages

    @property
    def _pages(self) -> frozenset[Page]:
        if self.link.purpose is Purpose.UNSUBSCRIBE:  # it never ends, so it opens as little as can be
            return frozenset({Page.UNSUBSCRIBE, Page.PREFERENCES})
        return frozenset({OWN[self.link.purpose], Page.PREFERENCES}) | CLINICAL

    @property
    def visit(self) -> Appointment:
        """What a visit's link is about."""
        assert isinstance(self.subject, Appointment)
        return self.subject

    @property
    def session(self) -> ProcedureSession | None:
        """The session that the link is about, if any: given, or booked by the visit."""
        if isinstance(self.subject, ProcedureSession):
            return self.subject
        if isinstance(self.subject, CheckIn):
            return self.subject.session
        return self.subject.session if isinstance(self.subject, Appointment) else None

    @property
    def check_in(self) -> CheckIn | None:
        return self.subject if isinstance(self.subject, CheckIn) else None

    @property
    def follow_up(self) -> FollowUp:
        """What a follow-up's link is about."""
        assert isinstance(self.subject, FollowUp)
        return self.subject

    @property
    def entry(self) -> Any:
        """What an offer's link is about: a row of `waitlist_in_full`."""
        assert isinstance(self.subject, WaitlistEntry)
        return self.subject


def open_link(token: str, now: datetime) -> Opened | None:
    """What stands behind `token`; None for what we have not signed, and for what is not there any more. One query."""
    link = link_of(token)
    if link is None:
        return None
    kind = KINDS[link.purpose]
    subject = kind.rows().filter(pk=link.key).first()
    if subject is None:
        return None
    patient, location = kind.whose(subject)
    return Opened(
        token,
        link,
        patient,
        location,
        _standing(link, patient, now, is_over=kind.is_over(subject, now)),
        None if isinstance(subject, Patient) else subject,
    )


def _standing(link: Link, patient: Patient, now: datetime, *, is_over: bool) -> Standing:
    if link.generation != patient.link_generation:
        return Standing.REVOKED
    if is_over or (link.last_day is not None and now.date() > link.last_day):
        return Standing.ENDED
    return Standing.OPEN


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the subject of one purpose is read, to whom it belongs, and when it is over."""

    rows: Callable[[], QuerySet[Any]]
    whose: Callable[[Any], tuple[Patient, Location]]
    is_over: Callable[[Any, datetime], bool]


def _visit_is_over(visit: Appointment, now: datetime) -> bool:
    """A cancelled one says so until it would have ended."""
    return now >= visit.ends_at or visit.status in (Appointment.Status.FULFILLED, Appointment.Status.NO_SHOW)


def _session_is_over(session: ProcedureSession, now: datetime) -> bool:
    return session.performed_at is None or now > session.performed_at + OPEN_FOR


def _check_in_is_over(check_in: CheckIn, now: datetime) -> bool:
    today = now.astimezone(check_in.session.plan.location.zone).date()
    return check_in.cancelled_at is not None or today > check_in.target_date + OPEN_FOR


def _follow_up_is_over(follow_up: FollowUp, now: datetime) -> bool:
    return follow_up.cancelled_at is not None or is_attended(follow_up)


def _entry_is_over(entry: WaitlistEntry, now: datetime) -> bool:
    """Answered or not, it says how it stands until the time that was offered has come."""
    if entry.status == WaitlistEntry.Status.WITHDRAWN:
        return True
    time = entry.appointment.starts_at if entry.appointment is not None else entry.offered_starts_at
    return time is not None and now >= time


def _standing_record(patient: Patient) -> tuple[Patient, Location]:
    """The record that a merged one went into."""
    patient = patient.merged_into or patient
    return patient, patient.home_location


def plan_of(subject: Any) -> TreatmentPlan | None:
    """The course of care that a visit, session or follow-up belongs to; no query for the subject of a link."""
    if isinstance(subject, Appointment):
        subject = subject.session or subject.follow_up
    return getattr(subject, "plan", None)


KINDS: Mapping[Purpose, _Kind] = {
    Purpose.VISIT: _Kind(visits_linked, lambda visit: (visit.patient, visit.location), _visit_is_over),
    Purpose.AFTERCARE: _Kind(sessions_linked, lambda one: (one.plan.patient, one.plan.location), _session_is_over),
    Purpose.CHECK_IN: _Kind(
        check_ins_linked, lambda one: (one.session.plan.patient, one.session.plan.location), _check_in_is_over
    ),
    Purpose.FOLLOW_UP: _Kind(follow_ups_linked, lambda one: (one.patient, one.location), _follow_up_is_over),
    Purpose.OFFER: _Kind(entries_linked, lambda entry: (entry.patient, entry.location), _entry_is_over),
    Purpose.HOME: _Kind(patients_linked, _standing_record, lambda patient, now: False),
    Purpose.UNSUBSCRIBE: _Kind(patients_linked, _standing_record, lambda patient, now: False),
}
