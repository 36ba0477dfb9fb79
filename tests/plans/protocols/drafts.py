"""Steps of protocols for tests, with as few words as the test needs to say."""

from decimal import Decimal
from typing import Any

from plans.protocols.catalogue import INTERVALS, TOPICS
from plans.protocols.drafts import StepInput
from plans.treatment.intervals import Component, Intervals

PRP = Component("prp")
NEEDLES = Component("microneedling", Decimal("1.0"))
FAT = Component("stem_cell", None, "adipose")
SEEDED = Intervals(INTERVALS)
TOPIC_CODES = {topic.code for topic in TOPICS}


def first(**fields: Any) -> StepInput:
    """The first session."""
    return session(**{"anchor": "plan_start", "offset_days": 0, **fields})


def session(**fields: Any) -> StepInput:
    """A session 28 days after the one before."""
    return StepInput(
        **{
            "kind": "session",
            "title": "PRP",
            "anchor": "previous_session",
            "offset_days": 28,
            "tolerance_before_days": 3,
            "tolerance_after_days": 3,
            "duration_minutes": 60,
            "components": (PRP,),
            **fields,
        }
    )


def maintenance(**fields: Any) -> StepInput:
    return session(**{"kind": "maintenance", "title": "Upkeep", "anchor": "last_session", "offset_days": 180, **fields})


def check_in(**fields: Any) -> StepInput:
    return StepInput(**{"kind": "check_in", "title": "Day 3", "anchor": "each_session", "offset_days": 3, **fields})


def review(**fields: Any) -> StepInput:
    """A review three months after the first session."""
    return StepInput(
        **{
            "kind": "assessment",
            "title": "Review",
            "anchor": "session",
            "anchor_session": 1,
            "offset_months": 3,
            "duration_minutes": 30,
            **fields,
        }
    )


def visit(**fields: Any) -> StepInput:
    """A follow-up visit two weeks after the last session."""
    return StepInput(
        **{
            "kind": "follow_up",
            "title": "Look",
            "anchor": "last_session",
            "offset_days": 14,
            "duration_minutes": 15,
            **fields,
        }
    )
