"""What a page of booking is asked for: the subject that its address names, its place, and whether it can be booked."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from clinic.access.visibility import visible
from clinic.errors import Refusal
from clinic.people.models import User
from clinic.places.models import Location
from plans.scheduling.admin.booking import visible_locations
from plans.scheduling.queries import follow_ups_to_book, patients_to_book, sessions_to_book
from plans.scheduling.subjects import Subject
from plans.treatment.models import ProcedureSession


def subject_asked_for(request: HttpRequest) -> tuple[Subject | None, dict[str, Any]]:
    """What the address names, and how the service calls it. Raises Http404 where the reader sees none such."""
    user = cast(User, request.user)
    kinds: dict[str, Callable[[], QuerySet[Any]]] = {
        "follow_up": follow_ups_to_book,
        "session": sessions_to_book,
        "patient": patients_to_book().select_related("home_location").all,
    }
    asked = [name for name in kinds if request.GET.get(name)]
    if not asked:
        return None, {}
    name = asked[0]
    try:
        row = visible(kinds[name](), user).get(pk=request.GET[name])
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise Http404 from None
    if name == "session":
        return Subject.of_session(row), {"session": row}
    if name == "follow_up":
        return Subject.of_follow_up(row), {"follow_up": row}
    return Subject.of_consultation(row, seen_by=row.seen_by), {"consultation_for": row}


def place_of(request: HttpRequest, subject: Subject, user: User) -> Location:
    """Where the visit is: where it is owed, or for a consultation where the reader books."""
    obligation = subject.obligation
    if isinstance(obligation, ProcedureSession):
        place = obligation.plan.location
    elif obligation is not None:
        place = obligation.location
    else:
        places = {str(one.pk): one for one in visible_locations(user, "add")}
        home = str(subject.patient.home_location_id)
        place = places.get(request.GET.get("location", "")) or places.get(home) or next(iter(places.values()))
    if not user.may("plans.appointment", "add", place.pk):
        raise PermissionDenied
    return place


def title_of(subject: Subject) -> str:
    return subject.obligation.title if subject.obligation else "Consultation"


def why_not(subject: Subject, *, except_for: UUID | None = None) -> Refusal | None:
    """Why it cannot be booked, or its visit moved, to any time, if so."""
    try:
        subject.check_bookable(except_for=except_for)
    except Refusal as refusal:
        return refusal
    return None


def seen_revision(request: HttpRequest) -> int | None:
    """The revision of the visit that the page showed, where the form or the address says so."""
    text = request.POST.get("revision") or request.GET.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
