"""The care advice that every installation starts with (pure data): topics, and their texts in every language.

Each language is one file beside this one: a topic's code in brackets, its title, and one line a piece of advice. After
clinical practice as docs/clinical-defaults.md tells it: no wash for a day, no anti-inflammatory painkillers for
a week, nothing strenuous for two or three days. A clinic edits all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clinic.people.models import Modality
from plans.treatment.intervals import Components

PREPARATION, AFTERCARE, LIFESTYLE = "preparation", "aftercare", "lifestyle"


@dataclass(frozen=True)
class TopicSeed:
    code: str
    kind: str
    modality: str = ""

    @property
    def title(self) -> str:
        """As the staff read it."""
        return TEXTS["en"][self.code][0]


TOPICS: Sequence[TopicSeed] = (
    TopicSeed("prepare-prp", PREPARATION, Modality.PRP),
    TopicSeed("prepare-stem-cell", PREPARATION, Modality.STEM_CELL),
    TopicSeed("prepare-microneedling", PREPARATION, Modality.MICRONEEDLING),
    TopicSeed("prepare-exosome", PREPARATION, Modality.EXOSOME),
    TopicSeed("aftercare-prp", AFTERCARE, Modality.PRP),
    TopicSeed("aftercare-stem-cell", AFTERCARE, Modality.STEM_CELL),
    TopicSeed("aftercare-microneedling", AFTERCARE, Modality.MICRONEEDLING),
    TopicSeed("aftercare-exosome", AFTERCARE, Modality.EXOSOME),
    TopicSeed("aftercare-harvest-fat", AFTERCARE, Modality.STEM_CELL),
    TopicSeed("aftercare-harvest-marrow", AFTERCARE, Modality.STEM_CELL),
    TopicSeed("lifestyle", LIFESTYLE),
)


def _texts(language: str) -> Mapping[str, tuple[str, str]]:
    sections = (Path(__file__).parent / f"{language}.txt").read_text(encoding="utf-8").strip().split("\n\n")
    found = {}
    for section in sections:
        code, title, body = section.split("\n", 2)
        found[code.strip("[]")] = (title, body)
    return found


TEXTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    language: _texts(language) for language in ("en", "es", "de", "ar")
}
"""By language, then topic: the title and the body."""

HARVEST_TOPICS = {"adipose": "aftercare-harvest-fat", "bone_marrow": "aftercare-harvest-marrow"}


def topics_of(components: Components) -> tuple[str, ...]:
    """The advice that belongs to a session of these: before it, after it, where a harvest was, and between visits."""
    names = [component.modality.replace("_", "-") for component in components]
    harvests = [HARVEST_TOPICS[component.source] for component in components if component.source]
    before, after = [f"prepare-{name}" for name in names], [f"aftercare-{name}" for name in names]
    return (*before, *after, *harvests, "lifestyle")
