"""A time that came free: who from the waitlist fits it, and how many, for who cancelled or moved a visit."""

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.urls import reverse

from clinic.access.visibility import visible
from clinic.console.reader import Reader, reader
from clinic.errors import Invalid
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from patients.models import Patient
from plans.scheduling.admin.times import time_key
from plans.scheduling.admin.waitlist.rows import rows_of
from plans.scheduling.availability import Slot
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries.gaps import Fit, Gap, fits_of, is_gap
from plans.scheduling.rules import read_instant


def gap_of(appointment: Appointment) -> Gap:
    """The time that a visit, as it stands here, gives back."""
    return Gap(
        appointment.location_id,
        appointment.practitioner_id,
        appointment.starts_at,
        appointment.ends_at,
        appointment.room_id,
        appointment.patient_id,
    )


def gap_url(gap: Gap) -> str:
    """The page of a free time."""
    named = {
        "location": gap.location_id,
        "practitioner": gap.practitioner_id,
        "room": gap.room_id,
        "starts_at": gap.starts_at.isoformat(),
        "ends_at": gap.ends_at.isoformat(),
        "left_by": gap.left_by,
    }
    query = urlencode({name: value for name, value in named.items() if value is not None})
    return f"{reverse('admin:plans_waitlistentry_gap')}?{query}"


def who_fits(gap: Gap) -> tuple[str, str]:
    """The page of this time, and how many on the waitlist fit it, in words; empty where nobody does, and for a reader
    who does not see the waitlist. Queries as `fits_of`."""
    who = reader()
    if not who.user.may("plans.waitlistentry", "view", gap.location_id):
        return "", ""
    count = sum(fit.slot is not None for fit in fits_of(gap, visible(WaitlistEntry.objects.all(), who.user)))
    if not count:
        return "", ""
    people = "1 person on the waitlist fits" if count == 1 else f"{count} people on the waitlist fit"
    return gap_url(gap), f"{people} the time that came free"


def gap_asked_for(request: HttpRequest) -> Gap:
    """The time that the address names. Raises Http404 where it names none, or the reader does not see whose it is."""
    user = cast(User, request.user)
    asked = request.GET
    try:
        location = visible(Location.objects.all(), user).get(pk=asked.get("location"))
        practitioner = visible(Practitioner.objects.all(), user).get(pk=asked.get("practitioner"))
        starts_at, ends_at = (read_instant(asked.get(name, ""), attr=name) for name in ("starts_at", "ends_at"))
        room = asked.get("room")
        left_by = asked.get("left_by")
        gap = Gap(
            location.pk,
            practitioner.pk,
            starts_at,
            ends_at,
            location.rooms.get(pk=room).pk if room else None,
            UUID(left_by) if left_by else None,
        )
    except (ValueError, ValidationError, Invalid, Location.DoesNotExist, Practitioner.DoesNotExist, Room.DoesNotExist):
        raise Http404 from None
    if not is_gap(starts_at, ends_at):
        raise Http404
    return gap


def gap_page(who: Reader, gap: Gap) -> dict[str, Any]:
    """What the page of a free time shows: who fits, in order, and why the others do not."""
    found = fits_of(gap, visible(WaitlistEntry.objects.all(), who.user))
    present = {fit.present.pk: fit.present for fit in found if fit.present is not None}
    shown = rows_of(who, [fit.entry for fit in found], present)
    rows = {fit.entry.pk: row for fit, row in zip(found, shown, strict=True)}
    location = Location.objects.get(pk=gap.location_id)
    left_by = Patient.objects.filter(pk=gap.left_by).first() if gap.left_by else None
    return {
        "gap": gap,
        "location": location,
        "practitioner": Practitioner.objects.select_related("user").get(pk=gap.practitioner_id),
        "room": Room.objects.filter(pk=gap.room_id).first() if gap.room_id else None,
        "left_by": left_by if left_by is not None and who.may_on("view", left_by) else None,
        "is_past": gap.ends_at <= who.now,
        "fits": [_offered(who, fit, rows[fit.entry.pk], gap) for fit in found if fit.slot is not None],
        "others": [(rows[fit.entry.pk], fit.because) for fit in found if fit.slot is None],
    }


def _offered(who: Reader, fit: Fit, row: Any, gap: Gap) -> dict[str, Any]:
    """One who fits: their row, the time they would get, and what can be done about it."""
    slot = cast(Slot, fit.slot)
    entry = fit.entry
    is_told = (
        entry.status == WaitlistEntry.Status.OFFERED
        and entry.offered_practitioner_id == gap.practitioner_id
        and entry.offered_starts_at == slot.starts_at
    )
    return {
        "row": row,
        "slot": slot,
        "key": time_key(slot),
        "is_told": is_told,
        "may_offer": who.may_on("offer", entry) and not is_told,
        "may_accept": who.may_on("accept", entry),
        "decline": [button for button in row.acts if button.url.endswith("/decline/")] if is_told else [],
    }
