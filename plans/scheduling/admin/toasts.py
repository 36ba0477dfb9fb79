"""What every screen says of a visit that was booked, moved, cancelled or brought back: when the mail about it leaves,
the way back until then, and who on the waitlist fits the time that came free."""

from django.urls import reverse

from clinic.console.toasts import Toast
from plans.scheduling.admin.booking import visit_in_words
from plans.scheduling.admin.gaps import who_fits
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title
from plans.scheduling.queries.gaps import Gap

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
    return Toast(f"{visit.patient}: undone. {now[0].upper()}{now[1:]}.", about=str(visit.pk))


def _told(words: str, visit: Appointment, undo_url: str, freed: Gap | None = None) -> Toast:
    """`undo_url`: where a POST takes it back; empty for the visit's own address."""
    grace = visit.location.grace_seconds
    is_told = visit.patient.is_reachable_by_email
    at_once = "" if grace else "Mail left at once."
    link_url, link_title = who_fits(freed) if freed is not None else ("", "")
    return Toast(
        words,
        about=str(visit.pk),
        detail=at_once if is_told else "No mail goes out: please tell them.",
        undo_url=(undo_url or reverse("admin:plans_appointment_undo", args=[visit.pk])) if grace else "",
        seconds=grace,
        waits="Mail leaves in" if is_told else "Can be undone for",
        link_url=link_url,
        link_title=link_title,
    )
