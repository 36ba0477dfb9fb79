"""What merging two patients means for their visits and for what they wait for: nobody is in two places at once."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from clinic.locking import hold, lock_all
from clinic.places.wallclock import local_date
from clinic.words import clock_time, date_in_full
from patients.models import Patient
from patients.services import MergePart, Obstacle
from plans.scheduling.models import LIVE_STATUSES, OPEN_STATUSES, Appointment, VisitKind, WaitlistEntry
from plans.scheduling.services.waitlist_closing import entry_save, entry_settle


def _lock(patients: Sequence[UUID]) -> None:
    lock_all(WaitlistEntry.objects.filter(patient__in=patients))
    hold(*patients)
    lock_all(Appointment.objects.filter(patient__in=patients))


def _obstacles(gone: Patient, kept: Patient) -> list[Obstacle]:
    """Each live visit of the one at the time of one of the other: a patient cannot be at both."""
    visits = Appointment.objects.filter(patient__in=[gone, kept], status__in=LIVE_STATUSES)
    in_order = list(visits.select_related("practitioner__user", "location").order_by("starts_at", "pk"))
    found = []
    for index, one in enumerate(in_order):
        for other in in_order[index + 1 :]:
            if other.starts_at >= one.ends_at:
                break
            if other.patient_id != one.patient_id:
                first, second = (one, other) if one.patient_id == kept.pk else (other, one)
                detail = (
                    f"Both have a visit at the same time: {kept.mrn} {_in_words(first)}, "
                    f"{gone.mrn} {_in_words(second)}. Move or cancel one of the two."
                )
                found.append(Obstacle("visits_overlap", detail))
    return found


def _settle(gone: Patient, kept: Patient) -> None:
    """Of two places on the list for a consultation the one that comes first stays, as urgent as either."""
    waiting = WaitlistEntry.objects.filter(
        patient__in=[gone, kept], kind=VisitKind.CONSULTATION, status__in=OPEN_STATUSES
    )
    for _, entries in groupby(waiting.order_by("location", "created_at", "pk"), key=lambda one: one.location_id):
        first, *others = sorted(entries, key=lambda one: one.status != WaitlistEntry.Status.OFFERED)
        if not others:
            continue
        first.is_urgent = first.is_urgent or any(other.is_urgent for other in others)
        entry_save(first, "is_urgent")
        for other in others:
            because = f"{gone.mrn} was merged into {kept.mrn}, which waits for the same."
            entry_settle(other, WaitlistEntry.Status.WITHDRAWN, because)


def _in_words(visit: Appointment) -> str:
    zone = visit.location.zone
    return (
        f"on {date_in_full(local_date(visit.starts_at, zone))} from {clock_time(visit.starts_at, zone)} to "
        f"{clock_time(visit.ends_at, zone)} with {visit.practitioner}"
    )


VISITS = MergePart(
    lock=_lock,
    obstacles=_obstacles,
    settle=_settle,
    names={"plans.appointment": "visits", "plans.waitlistentry": "places on the waitlist"},
)
