"""Shorthand for the tests of free slots."""

from dataclasses import replace
from datetime import time, timedelta

from clinic.people.models import Practitioner
from clinic.places.models import Location, OpeningHours
from plans.scheduling.availability import Request, Slot, frame_of
from plans.scheduling.models import VisitKind


def request_for(location: Location, **fields: object) -> Request:
    """A half-hour consultation with anybody in any room, unless told otherwise."""
    frame = frame_of(location.pk)
    request = Request(
        frame, VisitKind.CONSULTATION, timedelta(minutes=30), list(frame.practitioners), list(frame.rooms)
    )
    return replace(request, **fields)  # type: ignore[arg-type]


def clocks(slots: list[Slot], location: Location) -> list[str]:
    return [f"{slot.starts_at.astimezone(location.zone):%H:%M}" for slot in slots]


def set_hours(location: Location, opens: str, closes: str, practitioner: Practitioner | None = None) -> None:
    """Every day of the week."""
    OpeningHours.objects.filter(location=location, practitioner=practitioner).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(
            location=location,
            practitioner=practitioner,
            weekday=weekday,
            opens_at=time.fromisoformat(opens),
            closes_at=time.fromisoformat(closes),
        )
        for weekday in range(1, 8)
    )
