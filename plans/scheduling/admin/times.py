"""Times in forms: what a free time is called there, read back, and drawn as something to choose."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinic.access.visibility import visible
from clinic.errors import Invalid
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.places.wallclock import at_wall_clock, check_written
from plans.scheduling.ranking import Slot
from plans.scheduling.rules import check_year, read_instant

GONE = "This time is no longer on offer. Choose another one."


@dataclass(frozen=True, slots=True)
class TimeChoice:
    """One free time to choose."""

    key: str
    text: str
    label: str = ""
    """The same for who does not see what stands around it."""
    is_chosen: bool = False
    suits: bool = False
    """It is as the patient likes it, where they said what they like."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A time that somebody chose, with whom, and where if they said so."""

    starts_at: datetime
    practitioner: Practitioner
    room: Room | None = None


def time_key(slot: Slot) -> str:
    """What a free time is called in a form: with whom, and from when on."""
    return key_of(slot.practitioner_id, slot.starts_at)


def key_of(practitioner_id: UUID | str, starts_at: datetime) -> str:
    return f"{practitioner_id}|{starts_at.isoformat()}"


def read_key(text: str, *, attr: str = "slot") -> tuple[UUID, datetime]:
    """The practitioner and the instant of a `time_key`. Raises `Invalid` for what is none."""
    practitioner, _, starts_at = text.partition("|")
    try:
        return UUID(practitioner), read_instant(starts_at, attr=attr)
    except (ValueError, Invalid):
        raise Invalid(GONE, attr=attr) from None


def chosen_time(user: User, text: str, *, attr: str = "slot") -> Chosen:
    """The time of a `time_key`, with a practitioner whom `user` sees. Raises `Invalid`. One query."""
    key, starts_at = read_key(text, attr=attr)
    practitioner = visible(Practitioner.objects.select_related("user"), user).filter(pk=key).first()
    if practitioner is None:
        raise Invalid(GONE, attr=attr)
    return Chosen(starts_at, practitioner)


def when_asked(text: str, location: Location) -> datetime:
    """The instant that a place on the board stands for: written with its offset, or as the place's wall clock shows it.

    Raises `Invalid`, also for a time that the clock skips.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"“{text[:40]}” is not a time, such as 2026-03-09T09:00.", attr="starts_at") from None
    if when.utcoffset() is not None:
        instant = read_instant(text, attr="starts_at")
        check_written(when, location.zone, attr="starts_at")
        return instant
    check_year(when, attr="starts_at")
    return at_wall_clock(when.date(), when.time(), location.zone, attr="starts_at")
