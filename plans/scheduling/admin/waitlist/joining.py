"""Getting on the waitlist: what a patient can wait for, and what they are taken to wish until they say more."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from clinic import clock
from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.people.models import User
from clinic.places.models import Location
from plans.followups.models import FollowUp
from plans.followups.queries import with_state
from plans.scheduling.models import WaitlistEntry
from plans.scheduling.queries.wishes import wishes_of
from plans.scheduling.services import waitlist_add
from plans.scheduling.subjects import Subject
from plans.treatment.models import ProcedureSession, TreatmentPlan

CHOICES_OF_A_KIND = 4


def first_wishes(subject: Subject, today: date) -> dict[str, Any]:
    """What suits the patient anyhow; and the last day of the window, while nothing is booked and it has not passed."""
    likes = wishes_of(subject.patient)
    window = subject.window
    is_to_book = window is not None and subject.live_appointment is None and window[1] >= today
    return {
        "weekdays": list(likes.weekdays),
        "time_from": likes.time_from,
        "time_until": likes.time_until,
        "latest": window[1] if window is not None and is_to_book else None,
    }


def join(by: User, subject: Subject, place: Location) -> WaitlistEntry:
    """Put the patient on the waitlist with what they are taken to wish; returns the entry. Raises what `waitlist_add`
    refuses."""
    wishes = first_wishes(subject, clock.today(place.zone))
    if subject.obligation is None:
        return waitlist_add(by=by, patient=subject.patient, location=place, **wishes)
    return waitlist_add(by=by, session=subject.session, follow_up=subject.follow_up, **wishes)


def choices_of(who: Reader, subject: Subject) -> list[tuple[str, str, bool]]:
    """What the patient can wait for: what it says, its address, and whether it is what is shown. Two queries."""
    sessions = visible(
        ProcedureSession.objects.filter(
            plan__patient=subject.patient,
            plan__status__in=TreatmentPlan.MAY_BOOK,
            status__in=ProcedureSession.MAY_BOOK,
        ),
        who.user,
    ).order_by("window_start", "sequence")[:CHOICES_OF_A_KIND]
    follow_ups = with_state(visible(FollowUp.objects.filter(patient=subject.patient), who.user), who.now)
    follow_ups = follow_ups.filter(state__in=FollowUp.OPEN).order_by("window_start", "id")[:CHOICES_OF_A_KIND]
    found = [
        *(("session", one) for one in sessions),
        *(("follow_up", one) for one in follow_ups),
    ]
    return [
        *((one.title, f"?{urlencode({name: one.pk})}", one == subject.obligation) for name, one in found),
        ("Consultation", f"?{urlencode({'patient': subject.patient.pk})}", subject.obligation is None),
    ]
