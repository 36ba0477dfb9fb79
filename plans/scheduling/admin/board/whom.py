"""An empty place on the board was clicked: for whom is it, and for which of their visits."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.errors import Invalid
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.words import moment
from patients.models import Patient
from patients.queries import patients_in_full, search
from plans.followups.models import FollowUp
from plans.followups.queries import with_state
from plans.scheduling.admin.times import when_asked
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import ProcedureSession, TreatmentPlan

CARRIED = ("at", "practitioner", "room", "location", "next")
"""What the address says of the place that was clicked, from page to page until the visit is booked."""
FOUND_AT_MOST = 8
FOLLOW_UPS_AT_MOST = 3
OPEN_FOLLOW_UPS = (FollowUp.State.OVERDUE, FollowUp.State.DUE, FollowUp.State.MISSED, FollowUp.State.PENDING)


@dataclass(frozen=True, slots=True)
class Choice:
    """A visit that can be booked for a patient."""

    title: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Person:
    patient: Patient
    choices: list[Choice]


def carried(request: HttpRequest) -> dict[str, str]:
    """The place that was clicked, as the address says it."""
    return {name: request.GET[name] for name in CARRIED if request.GET.get(name)}


def asked_at(request: HttpRequest, location: Location) -> datetime | None:
    """The time that was clicked; None where the address names none, or none that there is."""
    try:
        return when_asked(request.GET.get("at", ""), location)
    except Invalid:
        return None


def place_in_words(request: HttpRequest, who: Reader) -> str:
    """“Tue 24 Nov 10:15 with Dr Rowan” for the place that was clicked; empty where none was. At most two queries."""
    location = next((one for one in who.locations if str(one.pk) == request.GET.get("location")), None)
    at = asked_at(request, location) if location is not None else None
    if at is None or location is None:
        return ""
    said = moment(at, location.zone, who.today_at(location.zone))
    practitioner = _named(visible(Practitioner.objects.select_related("user"), who.user), request, "practitioner")
    room = _named(visible(Room.objects.all(), who.user), request, "room")
    return f"{said}{f' with {practitioner}' if practitioner else ''}{f', {room}' if room else ''}"


def unable(request: HttpRequest, able: Container[UUID]) -> Practitioner | None:
    """In whose column the place was clicked, where they are none of those who may do the visit: at most one query."""
    people = visible(Practitioner.objects.select_related("user"), cast(User, request.user))
    clicked = _named(people, request, "practitioner")
    return clicked if clicked is not None and clicked.pk not in able else None


def _named(rows: QuerySet[Any], request: HttpRequest, name: str) -> Any:
    """The one of `rows` that the address names; None without one."""
    try:
        return rows.filter(pk=UUID(request.GET.get(name, ""))).first()
    except ValueError:
        return None


def caller_url(request: HttpRequest) -> str:
    """Where somebody new is registered and booked, at the place that was clicked where it can be had."""
    keep = carried(request)
    asked = {"location": keep["location"]} if "location" in keep else {}
    if "at" in keep and "practitioner" in keep:
        asked["slot"] = f"{keep['practitioner']}|{keep['at']}"
    return f"{reverse('admin:plans_appointment_caller')}?{urlencode(asked)}"


def people_found(who: Reader, request: HttpRequest) -> list[Person]:
    """Who matches the search, each with what can be booked for them: three queries."""
    text = request.GET.get("q", "").replace("\x00", "").strip()
    if not text:
        return []
    rows = visible(patients_in_full(), who.user).order_by("last_name", "first_name", "id")
    patients = list(search(rows, text)[:FOUND_AT_MOST])
    keep = carried(request)
    sessions = _by_patient(_sessions(who, patients), lambda row: row.plan.patient_id)
    follow_ups = _by_patient(_follow_ups(who, patients), lambda row: row.patient_id)
    return [
        Person(
            patient,
            [
                *(_choice(who, "session", row, keep) for row in sessions.get(patient.pk, ())),
                *(_choice(who, "follow_up", row, keep) for row in follow_ups.get(patient.pk, ())[:FOLLOW_UPS_AT_MOST]),
                Choice("Consultation", "", f"?{urlencode({'patient': patient.pk, **keep})}"),
            ],
        )
        for patient in patients
    ]


def _choice(who: Reader, name: str, row: Any, keep: dict[str, str]) -> Choice:
    note = who.window(row.window_start, row.window_end)
    return Choice(row.title, note, f"?{urlencode({name: row.pk, **keep})}")


def _sessions(who: Reader, patients: Iterable[Patient]) -> Iterable[ProcedureSession]:
    """The next session of each plan that can be booked."""
    live = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    rows = ProcedureSession.objects.filter(
        ~Exists(live),
        plan__patient__in=patients,
        plan__status__in=TreatmentPlan.MAY_BOOK,
        status__in=ProcedureSession.MAY_BOOK,
    )
    rows = visible(rows, who.user).select_related("plan").order_by("plan_id", "sequence", "id")
    first: dict[Any, ProcedureSession] = {}
    for row in rows:
        first.setdefault(row.plan_id, row)
    return first.values()


def _follow_ups(who: Reader, patients: Iterable[Patient]) -> Iterable[FollowUp]:
    rows = with_state(visible(FollowUp.objects.filter(patient__in=patients), who.user), who.now)
    return rows.filter(state__in=OPEN_FOLLOW_UPS).order_by("window_start", "id")


def _by_patient(rows: Iterable[Any], key: Any) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
