"""Reads the care advice that belongs to a session, in the patient's language."""

from dataclasses import dataclass
from itertools import groupby

from plans.protocols.models import CareText, CareTopic, ProtocolStep

FALLBACK = "en"
"""Read where a topic has no text in the patient's language."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The texts of one kind: preparation, aftercare or lifestyle."""

    kind: CareTopic.Kind
    texts: list[CareText]


def advice_for(step: ProtocolStep, language: str) -> list[Advice]:
    """The advice of the step, before, after and beyond the visit, each topic in one language. One query.

    The words are those in force now. A topic without a text in `language` or in English is left out.
    """
    texts = (
        CareText.objects.filter(
            is_current=True, language__in={language, FALLBACK}, topic__in=step.care.values("topic_id")
        )
        .select_related("topic")
        .order_by("topic_id")
    )
    best: dict[object, CareText] = {}
    for text in texts:
        if text.language == language or text.topic_id not in best:
            best[text.topic_id] = text
    order = list(CareTopic.Kind)
    found = sorted(best.values(), key=lambda text: (order.index(CareTopic.Kind(text.topic.kind)), text.topic.code))
    return [Advice(CareTopic.Kind(kind), list(group)) for kind, group in groupby(found, key=lambda one: one.topic.kind)]
