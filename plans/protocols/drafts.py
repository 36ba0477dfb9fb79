"""A protocol that is being written (pure): its steps as values, and how a fault in one is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from plans.treatment.intervals import Components
from plans.treatment.timeline import CHECK_IN, MAINTENANCE, SESSION, Step

PLAN_START, PREVIOUS_SESSION, ONE_SESSION = "plan_start", "previous_session", "session"
LAST_SESSION, EACH_SESSION = "last_session", "each_session"
ANCHORS: Mapping[str, Sequence[str]] = {
    SESSION: (PLAN_START, PREVIOUS_SESSION, ONE_SESSION),
    MAINTENANCE: (LAST_SESSION,),
    CHECK_IN: (EACH_SESSION,),
    "assessment": (PLAN_START, ONE_SESSION, LAST_SESSION),
    "follow_up": (PLAN_START, ONE_SESSION, LAST_SESSION),
}
"""What each kind of step may count from."""
TREATMENTS = frozenset({SESSION, MAINTENANCE})
NAMES_OF_ANCHORS = {
    PLAN_START: "the start of the plan",
    PREVIOUS_SESSION: "the session before",
    ONE_SESSION: "a session by its number",
    LAST_SESSION: "the last session",
    EACH_SESSION: "each session",
}

MOST_SESSIONS, MOST_STEPS, LONGEST_TITLE = 24, 60, 120
LONGEST_STEP_TITLE = 100
"""A session adds its number to it: “Session 10 of 24 · …”."""
MOST_MONTHS, MOST_DAYS = 24, 730
NUMBERS: Sequence[tuple[str, str, int, int]] = (
    ("offset_months", "the offset in months", 0, MOST_MONTHS),
    ("offset_days", "the offset in days", 0, MOST_DAYS),
    ("tolerance_before_days", "the days before the target", 0, 365),
    ("tolerance_after_days", "the days after the target", 0, 365),
    ("minimum_interval_days", "the minimum interval in days", 0, MOST_DAYS),
    ("advised_interval_days", "the advised interval in days", 0, MOST_DAYS),
    ("repetitions", "the number of sessions", 1, MOST_SESSIONS),
)
SHORTEST_VISIT, LONGEST_VISIT = 5, 720
SHORTEST_NEEDLE_MM, LONGEST_NEEDLE_MM = Decimal("0.2"), Decimal(3)
SOURCES_IN_WORDS = {"adipose": "fat", "bone_marrow": "bone marrow"}
SOURCES = tuple(SOURCES_IN_WORDS)


KINDS_IN_WORDS = {
    SESSION: "a session",
    MAINTENANCE: "a maintenance session",
    CHECK_IN: "a check-in",
    "assessment": "an assessment",
    "follow_up": "a follow-up visit",
}


@dataclass(frozen=True, slots=True)
class StepInput:
    """One step of a protocol that is being written. Its place in the list is its position."""

    kind: str
    title: str
    anchor: str
    anchor_session: int | None = None
    offset_months: int = 0
    offset_days: int = 0
    tolerance_before_days: int = 0
    tolerance_after_days: int = 0
    minimum_interval_days: int = 0
    advised_interval_days: int = 0
    repetitions: int = 1
    duration_minutes: int | None = None
    components: Components = ()
    care: tuple[str, ...] = ()
    """Codes of care topics, in the order in which they are read."""

    def on_calendar(self, position: int) -> Step:
        """The step as the calendar arithmetic takes it."""
        return Step(
            position=position,
            kind=self.kind,
            title=self.title,
            anchor=self.anchor,
            anchor_session=self.anchor_session,
            offset_months=self.offset_months,
            offset_days=self.offset_days,
            tolerance_before_days=self.tolerance_before_days,
            tolerance_after_days=self.tolerance_after_days,
            minimum_interval_days=self.minimum_interval_days,
            repetitions=self.repetitions,
            components=self.components,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: `attr` names the field as the API does."""

    attr: str
    detail: str

    @property
    def place(self) -> int:
        """The index of the step that it is about; -1 where it is about none."""
        first, _, rest = self.attr.partition(".")
        return int(rest.partition(".")[0]) if first == "steps" and rest else -1


def named(place: int, step: StepInput) -> str:
    """“Step 2 “PRP””, as people are told of it."""
    return f"Step {place + 1} “{step.title}”" if step.title.strip() else f"Step {place + 1}"


@lru_cache(maxsize=50_000)
def months_after(day: date, months: int) -> date:
    """The date this many calendar months after `day`, as the calendar arithmetic counts them."""
    return Step(1, SESSION, "", PLAN_START, offset_months=months).target_after(day)


@cache
def shortest_days(months: int) -> int:
    """The fewest days that this many calendar months can take."""
    return min((months_after(day, months) - day).days for day in STARTS) if months else 0


STARTS = tuple(date(2026, 1, 1) + timedelta(days) for days in range(4 * 365 + 1))
"""Every day of four years: among them is each way in which months, offsets and a leap day can meet."""


def offset_field(step: StepInput) -> str:
    return "offset_months" if step.offset_months and not step.offset_days else "offset_days"
