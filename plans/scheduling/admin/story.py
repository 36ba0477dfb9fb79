"""What happened to one visit: its revisions, and what people decided about it in between."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from clinic.people.models import User
from patients.services import BY_THE_PATIENT
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.services.writing import AS_BOOKED

LIMIT = 200
"""Events of one visit that are read; the newest ones."""
ATTENDANCE = {
    Appointment.Status.CONFIRMED: "Confirmed",
    Appointment.Status.ARRIVED: "Came",
    Appointment.Status.FULFILLED: "Took place",
    Appointment.Status.NO_SHOW: "Did not come",
}
"""What a change is called that makes no revision; booking, moving and cancelling make one."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the story."""

    what: str
    at: datetime
    by: str
    revision: AppointmentRevision | None
    """What the visit said from then on; None where its time and place stayed."""
    decisions: tuple[tuple[str, str], ...]
    """What was decided against a rule then, and why in the person's words."""


def story_of(appointment: Appointment) -> list[Happened]:
    """What happened to the visit, the newest first: three queries."""
    events = _events(appointment)
    later = list(_decided_later(events))
    confirmed = _confirmed_with(events)
    came = [(event, what) for event, what in _attended(events) if event not in later and event.pgh_id not in confirmed]
    as_revised = {event.revision: event for event in events}  # of each revision the oldest: as its act left the visit
    users = {event.pgh_context.metadata.get("user") for event in [*later, *(event for event, _ in came)]}
    names = {str(user.pk): str(user) for user in User.objects.filter(pk__in=users - {None})}
    told = [
        Happened(
            "Kept" if event.status != Appointment.Status.FULFILLED else "Took place early",
            event.pgh_created_at,
            _who(event, names),
            None,
            _with_reason(("", event.pgh_context.metadata.get("reason", ""))),
        )
        for event in later
    ]
    told += [Happened(what, event.pgh_created_at, _who(event, names), None, ()) for event, what in came]
    for revision in appointment.revisions.select_related("acted_by", "practitioner__user", "room"):
        said = as_revised.get(revision.number, revision)
        told.append(
            Happened(
                f"{_act_of(revision)} and confirmed" if revision.number in confirmed.values() else _act_of(revision),
                revision.acted_at,
                str(revision.acted_by or (_who(said, names) if said is not revision else "")),
                revision,
                _with_reason((_against(said), said.override_reason), ("kept", said.kept_because)),
            )
        )
    return sorted(told, key=lambda one: one.at, reverse=True)


def _who(event: Any, names: Mapping[str, str]) -> str:
    """Whose act made this event: a colleague's name, the patient, or nobody's."""
    metadata = event.pgh_context.metadata if event.pgh_context is not None else {}
    if metadata.get("reason") == BY_THE_PATIENT and "user" not in metadata:
        return "the patient"
    return names.get(metadata.get("user"), "")


def _confirmed_with(events: list[Any]) -> dict[int, int]:
    """The events that confirmed a visit in the act that gave it its time, each with the number of that revision: who
    chooses a time has confirmed it."""
    return {
        after.pgh_id: after.revision
        for after, before in pairwise(events)
        if after.status == Appointment.Status.CONFIRMED != before.status
        and after.revision == before.revision
        and after.pgh_context_id is not None
        and after.pgh_context_id == before.pgh_context_id
    }


def _act_of(revision: AppointmentRevision) -> str:
    """What was done; a visit that began with the patient here was a walk-in."""
    was_here = revision.status_after in (Appointment.Status.ARRIVED, Appointment.Status.FULFILLED)
    if revision.act == AppointmentRevision.Act.BOOKED and was_here:
        return "Walked in"
    return revision.get_act_display()


def _against(said: Any) -> str:
    """Against which rules the visit was booked or moved."""
    if said.is_early:
        return "early and over another visit" if said.overbooked else "early"
    return "over another visit"


def _with_reason(*decisions: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((what, because) for what, because in decisions if because)


def _events(appointment: Appointment) -> list[Any]:
    events = Appointment.pgh_event_model.objects.filter(pgh_obj_id=appointment.pk)  # type: ignore[attr-defined]
    return list(events.select_related("pgh_context").order_by("-pgh_id")[:LIMIT])


def _decided_later(events: list[Any]) -> Iterator[Any]:
    """The events that changed what was decided of the visit without a new revision of it."""
    for after, before in pairwise(events):
        decided = any(getattr(after, name) != getattr(before, name) for name in AS_BOOKED)
        if after.revision == before.revision and decided and after.pgh_context is not None:
            yield after


def _attended(events: list[Any]) -> Iterator[tuple[Any, str]]:
    """The events that changed whether the patient comes, is here or was seen, and what they are called."""
    for after, before in pairwise(events):
        if after.revision != before.revision or after.status == before.status or after.pgh_context is None:
            continue
        is_taken_back = before.status in Appointment.MAY_TAKE_BACK and after.status != Appointment.Status.FULFILLED
        status = Appointment.Status(after.status)
        yield after, "Taken back" if is_taken_back else ATTENDANCE.get(status, status.label)
