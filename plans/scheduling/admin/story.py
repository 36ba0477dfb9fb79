"""What happened to one visit: its revisions, and what people decided about it in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from clinic.people.models import User
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.services.writing import AS_BOOKED

LIMIT = 200
"""Events of one visit that are read; the newest ones."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the story."""

    what: str
    at: datetime
    by: str
    revision: AppointmentRevision | None
    """What the visit said from then on; None where its time and place stayed."""
    because: str
    """Why, in the person's words, where it was against a rule."""


def story_of(appointment: Appointment) -> list[Happened]:
    """What happened to the visit, the newest first: three queries."""
    decisions = list(_decisions(appointment))
    users = {event.pgh_context.metadata.get("user") for event in decisions}
    names = {str(user.pk): str(user) for user in User.objects.filter(pk__in=users - {None})}
    decided_later = {event.revision for event in decisions}
    told = [
        Happened(
            "Kept" if event.status != Appointment.Status.FULFILLED else "Took place early",
            event.pgh_created_at,
            names.get(event.pgh_context.metadata.get("user"), ""),
            None,
            event.pgh_context.metadata.get("reason", ""),
        )
        for event in decisions
    ]
    for revision in appointment.revisions.select_related("acted_by", "practitioner__user", "room"):
        is_own = revision.number not in decided_later
        told.append(
            Happened(
                revision.get_act_display(),
                revision.acted_at,
                str(revision.acted_by or ""),
                revision,
                revision.override_reason if is_own else "",
            )
        )
    return sorted(told, key=lambda one: one.at, reverse=True)


def _decisions(appointment: Appointment) -> Iterator[Any]:
    """The events that changed what was decided of the visit without a new revision of it."""
    events = Appointment.pgh_event_model.objects.filter(pgh_obj_id=appointment.pk)  # type: ignore[attr-defined]
    newest = list(events.select_related("pgh_context").order_by("-pgh_id")[:LIMIT])
    for after, before in pairwise(newest):
        decided = any(getattr(after, name) != getattr(before, name) for name in AS_BOOKED)
        if after.revision == before.revision and decided and after.pgh_context is not None:
            yield after
