"""What every screen says of a visit that was booked, moved, cancelled or brought back: when the mail about it leaves,
the way back until then, and who on the waitlist fits the time that came free."""

from math import ceil

from django.urls import reverse

from clinic import clock
from clinic.console.toasts import Toast
from plans.messages.models import PatientMessage
from plans.messages.queries import NOTICES
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.gaps import who_fits
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title
from plans.scheduling.queries.gaps import Gap

ON_ITS_WAY = PatientMessage.MAY_SEND | PatientMessage.BEGUN
SLIP_SECONDS = 60
"""How long a toast offers to take an attendance back; the visit's own page does so for a day."""


def booked_toast(visit: Appointment, *, undo_url: str = "") -> Toast:
    return _told(f"Booked: {visit.patient}, {title(visit)}, {visit_in_words(visit)}.", visit, undo_url)


def moved_toast(visit: Appointment, before: Gap, *, undo_url: str = "") -> Toast:
    """`before` is the time that it had."""
    return _told(f"{visit.patient}. Moved to {visit_in_words(visit)}.", visit, undo_url, before)


def cancelled_toast(visit: Appointment, before: Gap) -> Toast:
    return _told(f"{visit.patient}: cancelled.", visit, "", before)


def noted_toast(visit: Appointment, words: str) -> Toast:
    """Of an attendance that was written down; nobody is mailed."""
    return Toast(
        f"{visit.patient} {words}.",
        about=str(visit.pk),
        undo_url=reverse("admin:plans_appointment_take_back", args=[visit.pk]),
        seconds=SLIP_SECONDS,
        waits="Can be taken back here for",
    )


def undone_toast(visit: Appointment) -> Toast:
    """`visit` as the undo left it."""
    now = f"{visit_in_words(visit)} again" if visit.is_live else "not booked any more"
    notice = _notice(visit)
    detail = "They are told by mail." if notice is not None else ""
    return Toast(f"{visit.patient}: undone. {now[0].upper()}{now[1:]}.", about=str(visit.pk), detail=detail)


def _told(words: str, visit: Appointment, undo_url: str, freed: Gap | None = None) -> Toast:
    """`undo_url`: where a POST takes it back; empty for the visit's own address."""
    grace = visit.location.grace_seconds
    notice = _notice(visit)
    waits_seconds = max(0, ceil((notice.due_at - clock.now()).total_seconds())) if notice is not None else 0
    detail = ""
    if notice is None and not visit.patient.is_reachable_by_email:
        detail = "No mail goes out: please tell them."
    elif notice is not None and not waits_seconds:
        detail = "Mail left at once."
    link_url, link_title = who_fits(freed) if freed is not None else ("", "")
    return Toast(
        words,
        about=str(visit.pk),
        detail=detail,
        undo_url=(undo_url or reverse("admin:plans_appointment_undo", args=[visit.pk])) if grace else "",
        seconds=waits_seconds or grace,
        waits="Mail leaves in" if waits_seconds else "Can be undone for",
        link_url=link_url,
        link_title=link_title,
    )


def _notice(visit: Appointment) -> PatientMessage | None:
    """The mail that tells the patient what was just done; None where none goes out. One query."""
    notices = visit.messages.filter(appointment_revision=visit.revision, kind__in=NOTICES)
    return notices.filter(status__in=ON_ITS_WAY).order_by("-due_at").first()
