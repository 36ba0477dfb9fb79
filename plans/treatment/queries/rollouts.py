"""Reads roll-outs: how far one is, what it moved, whom it could not, and whom the next one concerns."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Func, Max, OuterRef, Q, QuerySet, SmallIntegerField, Subquery, Sum
from django.db.models.functions import Coalesce

from clinic.words import count_of
from plans.protocols.models import IntervalRule, Protocol
from plans.treatment.models import ProtocolRollout, RolloutPlan, TreatmentPlan

Status = RolloutPlan.Status

BANDS: Sequence[tuple[int | None, str]] = (
    (-29, "More than 4 weeks earlier"),
    (-8, "8 to 28 days earlier"),
    (-1, "1 to 7 days earlier"),
    (0, "The same best day, another window"),
    (7, "1 to 7 days later"),
    (28, "8 to 28 days later"),
    (None, "More than 4 weeks later"),
)
"""The last shift, in days, that each band takes, and what it is called."""
QUIET = timedelta(minutes=1)
"""A roll-out of which nothing was settled for so long has nobody at work on it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many plans of a roll-out stand where."""

    waiting: int
    moved: int
    unchanged: int
    refused: int

    @property
    def settled(self) -> int:
        return self.moved + self.unchanged + self.refused

    @property
    def plans(self) -> int:
        return self.settled + self.waiting


@dataclass(frozen=True, slots=True)
class Report:
    """What a roll-out has moved so far. `shifts` is how many windows each of `BANDS` holds, empty bands included."""

    moved_windows: int
    added_visits: int
    dropped_visits: int
    cancelled_visits: int
    rebook_visits: int
    earliest_shift_days: int | None
    latest_shift_days: int | None
    shifts: Sequence["Band"]


@dataclass(frozen=True, slots=True)
class Band:
    """How many windows moved by about as much."""

    by: str
    windows: int


@dataclass(frozen=True, slots=True)
class Followed:
    """A version of a protocol, and how many plans of which kind follow it."""

    protocol: Protocol
    running: int
    proposed: int
    """Not accepted yet: a roll-out leaves them alone."""


def with_counts(rollouts: QuerySet[ProtocolRollout]) -> QuerySet[Any]:
    """Annotate `waiting`, `moved`, `unchanged` and `refused`, in the same query."""
    return rollouts.annotate(
        **{
            str(status): _counted(RolloutPlan.objects.filter(rollout=OuterRef("pk"), status=status).order_by())
            for status in Status
        }
    )


def counts_of(rollout: Any) -> Counts:
    """Of a row of `with_counts`. No query."""
    return Counts(rollout.waiting, rollout.moved, rollout.unchanged, rollout.refused)


def last_settled_at(rollout: ProtocolRollout) -> datetime:
    """When a plan was settled last, or else when the roll-out was asked for."""
    last: datetime | None = rollout.items.aggregate(last=Max("settled_at"))["last"]
    return last or rollout.requested_at


def report_of(rollout: ProtocolRollout) -> Report:
    """What moved so far: two queries."""
    names = ("added_visits", "dropped_visits", "cancelled_visits", "rebook_visits")
    sums = rollout.items.aggregate(**{name: Coalesce(Sum(name), 0) for name in names})
    days = Func(F("shifts_days"), function="unnest", output_field=SmallIntegerField())
    shifts = Counter(rollout.items.order_by().values_list(days, flat=True))
    return Report(
        moved_windows=shifts.total(),
        earliest_shift_days=min(shifts, default=None),
        latest_shift_days=max(shifts, default=None),
        shifts=banded(shifts),
        **sums,
    )


def banded(shifts: Counter[int]) -> list[Band]:
    """How many of these shifts, in days, fall into each of `BANDS` (pure)."""
    ends = [end for end, _ in BANDS if end is not None]
    numbers = [0] * len(BANDS)
    for days, number in shifts.items():
        numbers[bisect_left(ends, days)] += number
    return [Band(name, number) for (_, name), number in zip(BANDS, numbers, strict=True)]


def shift_in_words(days: Iterable[int | None]) -> str:
    """“7 days earlier to 14 days later”, “14 to 28 days later”; empty for none (pure)."""
    found = [day for day in days if day is not None]
    if not found:
        return ""
    least, most = min(found), max(found)
    if least == most:
        return _in_words(most)
    if least > 0 or most < 0:
        near, far = sorted((abs(least), abs(most)))
        return f"{near} to {_in_words(far if least > 0 else -far)}"
    return f"{_in_words(least)} to {_in_words(most)}"


def versions_before(rollout: ProtocolRollout) -> list[tuple[int, int]]:
    """The versions that its plans followed when it was asked for, the oldest first, each with how many: one query."""
    rows = rollout.items.order_by().values_list("protocol_before__version_number")
    return sorted((version, number) for version, number in rows.annotate(number=Count("pk")) if version is not None)


def moved_plans(rollout: ProtocolRollout) -> QuerySet[RolloutPlan]:
    """The plans that moved, those whose booked visits want a person first."""
    touched = F("cancelled_visits") + F("rebook_visits")
    return plans_of(rollout).filter(status=Status.MOVED).order_by(touched.desc(), "id")


def refused_plans(rollout: ProtocolRollout) -> QuerySet[RolloutPlan]:
    """The plans that could not be moved, with what a list shows of them."""
    return plans_of(rollout).filter(status=Status.REFUSED)


def plans_of(rollout: ProtocolRollout) -> QuerySet[RolloutPlan]:
    """Every plan of the roll-out, with what a list shows of it."""
    return rollout.items.select_related(
        "plan__patient", "plan__location", "plan__protocol", "protocol_before"
    ).order_by("id")


def running_plans() -> QuerySet[TreatmentPlan]:
    """The plans that a roll-out concerns: those under way or on hold, of every protocol."""
    return TreatmentPlan.objects.filter(status__in=TreatmentPlan.MAY_MOVE)


def with_last_rollout(rules: QuerySet[IntervalRule]) -> QuerySet[Any]:
    """Annotate `last_rollout`, the key of the roll-out that the rule asked for last, its `last_plans`, how many of
    them wait (`last_waiting`), and whether it is `last_under_way`; in the same query."""
    rollouts = ProtocolRollout.objects.filter(interval_rule=OuterRef("pk")).order_by("-pk")
    items = RolloutPlan.objects.filter(rollout=OuterRef("last_rollout")).order_by()
    return rules.annotate(
        last_rollout=Subquery(rollouts.values("pk")[:1]),
        last_under_way=Exists(ProtocolRollout.objects.filter(ProtocolRollout.UNDER_WAY, pk=OuterRef("last_rollout"))),
        last_plans=_counted(items),
        last_waiting=_counted(items.filter(status=Status.WAITING)),
    )


def versions_followed(protocol: Protocol) -> list[Followed]:
    """The versions of this protocol that running or proposed plans follow, the newest first: one query."""
    running = Count("plans", filter=Q(plans__status__in=TreatmentPlan.MAY_MOVE))
    open_states = (TreatmentPlan.Status.DRAFT, TreatmentPlan.Status.PROPOSED)
    versions = Protocol.objects.filter(code=protocol.code).annotate(
        running=running, proposed=Count("plans", filter=Q(plans__status__in=open_states))
    )
    followed = versions.filter(Q(running__gt=0) | Q(proposed__gt=0)).order_by("-version_number")
    return [Followed(version, version.running, version.proposed) for version in followed]


def _counted(rows: QuerySet[RolloutPlan]) -> Coalesce:
    """How many there are of these rows of one roll-out."""
    return Coalesce(Subquery(rows.values("rollout").annotate(number=Count("pk")).values("number")), 0)


def _in_words(days: int) -> str:
    if days == 0:
        return "the same day"
    return f"{count_of(abs(days), 'day')} {'later' if days > 0 else 'earlier'}"
