"""One line of the worklist: whom to see to, about what, and what was tried. None of it asks the database."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from clinic import words
from clinic.console.badges import Badge, Tone
from clinic.console.reader import Reader
from clinic.places.wallclock import local_date
from plans.followups.admin.worklist.drawing import Bar, bar
from plans.followups.admin.worklist.tabs import Tab
from plans.followups.claims import Claim
from plans.followups.looks import ASKED, NO_MAIL, call_reasons, called_off_in_words, follow_up_badge, last_try_in_words
from plans.followups.models import FollowUp
from plans.followups.queries import OwedVisit
from plans.followups.rules import Unreachable
from plans.scheduling.admin.waitlist.rows import BADGES, URGENT, wishes_in_words
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries import title, why_rebook
from plans.scheduling.queries.waitlist import title_of
from plans.treatment.models import TreatmentPlan

MISSED, VISIT, PATIENT, WAITING = "missed", "visit", "patient", "waiting"
"""What a line stands for, beside the kinds of owed visits: a missed one, a visit to move, a patient to call,
somebody who waits."""
UNREACHABLE: Mapping[Unreachable, Badge] = {
    Unreachable.OPTED_OUT: Badge(Tone.SOON, "Wants no email", "unsubscribe"),
    Unreachable.NO_ADDRESS: Badge(Tone.SOON, "No email address", "alternate_email"),
    Unreachable.BOUNCED: Badge(Tone.STOP, "Mail comes back", "mail_off"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row, ready to be drawn."""

    kind: str
    key: UUID
    patient_key: UUID
    name: str
    phone: str
    what: str
    badge: Badge
    place: str
    flags: tuple[Badge, ...] = ()
    """What makes it more pressing than its state says."""
    why: str = ""
    """What a person wants to know of it besides."""
    bar: Bar | None = None
    contact: str = ""
    takes_mail: bool = True
    waits: bool = False
    """Somebody put it off to a day to come."""
    taken_by: str = ""
    """Who else is at work on the patient."""
    url: str = ""
    """Where it is seen to, if that is another page."""
    tab: str = ""
    """Under which tab an owed visit stands."""
    may_book: bool = False
    """Whether the reader can book it."""

    @property
    def id(self) -> str:
        """Its name in the page, and in an address."""
        return f"{self.kind}-{self.key}"


def lines(who: Reader, tab: Tab, rows: Collection[Any]) -> list[Line]:
    """The lines of a page of `tab`."""
    place = (lambda row: row.location.name) if who.several_locations else (lambda row: "")
    return [LINES[tab](who, row, place) for row in rows]


def taken(found: list[Line], claims: Mapping[UUID, Claim]) -> list[Line]:
    """The same, with who is at work on each."""
    return [
        replace(line, taken_by=claims[line.patient_key].name) if line.patient_key in claims else line for line in found
    ]


Place = Callable[[Any], str]


def owed_line(who: Reader, owed: OwedVisit) -> Line:
    """A follow-up or session that is to be booked."""
    badge = follow_up_badge(owed.stands, owed.opens, owed.closes, owed.day)
    return Line(
        kind=owed.kind,
        key=owed.key,
        patient_key=owed.patient_key,
        name=owed.patient_name,
        phone=owed.telephone,
        what=owed.what,
        badge=badge,
        place=owed.place_name if who.several_locations else "",
        flags=(ASKED,) if owed.asks else (),
        why=called_off_in_words(owed.called_off, ZoneInfo(owed.zone), owed.day),
        bar=bar(owed.opens, owed.best, owed.closes, owed.day),
        contact=last_try_in_words(owed.tries, owed.last_try, ZoneInfo(owed.zone), owed.day),
        takes_mail=owed.takes_mail,
        waits=owed.waits,
        tab=(Tab.DUE if owed.stands == FollowUp.State.DUE else Tab.OVERDUE).value,
        may_book=who.user.may("plans.appointment", "add", owed.place_key),
    )


def _owed(who: Reader, row: dict[str, Any], place: Place) -> Line:
    return owed_line(who, OwedVisit(**row))


def _rebook(who: Reader, visit: Appointment, place: Place) -> Line:
    obligation = visit.session or visit.follow_up
    zone = visit.location.zone
    return Line(
        kind=VISIT,
        key=visit.pk,
        patient_key=visit.patient_id,
        name=str(visit.patient),
        phone=visit.patient.phone,
        what=title(visit),
        badge=Badge(Tone.SOON, f"Booked {words.within(who.moment(visit.starts_at, zone))}", "event_repeat"),
        place=place(visit),
        why=why_to_move(visit),
        bar=bar(*obligation.window, who.today_at(zone)) if obligation is not None else None,
        takes_mail=visit.patient.is_reachable_by_email,
    )


def _no_show(who: Reader, visit: Any, place: Place) -> Line:
    zone = visit.location.zone
    obligation = visit.session or visit.follow_up
    if obligation is not None and visit.is_owed:
        kind, key = visit.kind, obligation.pk
    else:
        kind, key = MISSED, visit.pk
    again = f"{visit.in_a_row} times in a row" if visit.in_a_row > 2 else "Twice in a row"
    return Line(
        kind=kind,
        key=key,
        patient_key=visit.patient_id,
        name=str(visit.patient),
        phone=visit.patient.phone,
        what=title(visit),
        badge=Badge(
            Tone.STOP if visit.in_a_row > 1 else Tone.SOON, again if visit.in_a_row > 1 else "Once", "person_off"
        ),
        place=place(visit),
        flags=(ASKED,) if visit.asks else (),
        why=f"Did not come {words.within(who.moment(visit.starts_at, zone))} to {visit.practitioner}",
        contact=last_try_in_words(visit.tries, visit.last_try, zone, visit.today),
        takes_mail=visit.patient.is_reachable_by_email,
        waits=visit.waits,
    )


def _unreachable(who: Reader, patient: Any, place: Place) -> Line:
    zone = patient.home_location.zone
    today = who.today_at(zone)
    about = [reason.detail for reason in call_reasons(patient, who.now)]
    return Line(
        kind=PATIENT,
        key=patient.pk,
        patient_key=patient.pk,
        name=str(patient),
        phone=patient.phone,
        what=" ".join(_without_cause(text) for text in about),
        badge=UNREACHABLE[Unreachable(patient.unreachable)],
        place=patient.home_location.name if who.several_locations else "",
        contact=last_try_in_words(patient.tries, patient.last_try, zone, today),
        takes_mail=False,
        waits=bool(patient.next_try_on and patient.next_try_on > today),
    )


def _without_cause(reason: str) -> str:
    """What to tell, without why no mail says it: the badge does."""
    for cause in NO_MAIL.values():
        reason = reason.removeprefix(f"{cause}. ")
    return reason


def _waiting(who: Reader, entry: WaitlistEntry, place: Place) -> Line:
    return Line(
        kind=WAITING,
        key=entry.pk,
        patient_key=entry.patient_id,
        name=str(entry.patient),
        phone=entry.patient.phone,
        what=title_of(entry),
        badge=URGENT if entry.is_urgent else BADGES[WaitlistEntry.Status(entry.status)],
        place=place(entry),
        why=f"{wait_in_words(who, entry)} {entry.note}".strip(),
        takes_mail=entry.patient.is_reachable_by_email,
    )


def wait_in_words(who: Reader, entry: WaitlistEntry) -> str:
    """“Waits since yesterday. Monday and Tuesday, 09:00 to 12:00.”"""
    zone = entry.location.zone
    since = words.within(who.day(local_date(entry.created_at, zone), zone))
    return f"Waits since {since}. {wishes_in_words(who, entry)}."


def why_to_move(visit: Appointment) -> str:
    """Why a visit wants another time, and what comes first; empty where it may stay."""
    why = why_rebook(visit)
    if why is not None and is_on_hold(visit):
        return f"{why} It can be moved when the plan is resumed; cancel it if it is not to wait for that."
    return why or ""


def is_on_hold(visit: Appointment) -> bool:
    obligation = visit.session or visit.follow_up
    plan = obligation.plan if obligation is not None else None
    return plan is not None and plan.status == TreatmentPlan.Status.ON_HOLD


def _quiet(who: Reader, follow_up: Any, place: Place) -> Line:
    return Line(
        kind="later",
        key=follow_up.pk,
        patient_key=follow_up.patient_id,
        name=str(follow_up.patient),
        phone=follow_up.patient.phone,
        what=follow_up.title,
        badge=follow_up_badge(follow_up.state, follow_up.window_start, follow_up.window_end, follow_up.today),
        place=place(follow_up),
        why="" if follow_up.state != FollowUp.State.SCHEDULED else _booked(who, follow_up),
        bar=bar(follow_up.window_start, follow_up.target_date, follow_up.window_end, follow_up.today),
        takes_mail=follow_up.patient.is_reachable_by_email,
        url=reverse("admin:plans_followup_change", args=[follow_up.pk]),
    )


def _booked(who: Reader, follow_up: Any) -> str:
    return f"Booked {words.within(who.moment(follow_up.booked_at, follow_up.location.zone))}"


LINES: Mapping[Tab, Callable[[Reader, Any, Place], Line]] = {
    Tab.DUE: _owed,
    Tab.OVERDUE: _owed,
    Tab.REBOOK: _rebook,
    Tab.NO_SHOW: _no_show,
    Tab.UNREACHABLE: _unreachable,
    Tab.WAITLIST: _waiting,
    Tab.BOOKED: _quiet,
    Tab.LATER: _quiet,
}
