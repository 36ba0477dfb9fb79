"""The care advice of several treatments as one: each thing once, the strictest of it, what is urgent first (pure).

A line of a text that begins with `!` is what to call for at once. Two lines that differ in nothing but how many hours,
days or weeks they ask for are the same advice, and the longer time holds (docs/clinical-defaults.md, Care advice).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

URGENT = "!"
UNITS = (
    *("hour", "day", "week", "hora", "día", "semana", "Stunde", "Tag", "Woche"),
    *("ساع", "يوم", "أيام", "أسبوع", "أسابيع"),
)
"""How the words for them begin, in every language of the patients."""
_TIME = re.compile(rf"(\d+)(?:\s*(?:to|a|bis|إلى|–|-)\s*(\d+))?\s+({'|'.join(UNITS)})\w*")


@dataclass(frozen=True, slots=True)
class Words:
    """One text on one topic, in one language."""

    language: str
    title: str
    body: str

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.body.splitlines() if line.strip()]


@dataclass(slots=True)
class Part:
    """What is said of one thing, of one treatment or of several that share it."""

    language: str
    title: str
    """Empty where it came from several texts."""
    lines: list[str] = field(default_factory=list)
    """As they are written."""

    @property
    def urgent(self) -> list[str]:
        """When to call at once."""
        return [line.removeprefix(URGENT).strip() for line in self.lines if line.startswith(URGENT)]

    @property
    def rules(self) -> list[str]:
        """Everything else."""
        return [line for line in self.lines if not line.startswith(URGENT)]

    def take(self, lines: Iterable[str]) -> None:
        """Put these among the lines: in their order, and what is there already once."""
        place = 0
        for line in lines:
            same = next((at for at, own in enumerate(self.lines) if _gist(own) == _gist(line)), None)
            if same is None:
                self.lines.insert(place, line)
            else:
                place = same
                self.lines[place] = max(self.lines[place], line, key=_times)
            place += 1


def merged(texts: Iterable[Words]) -> list[Part]:
    """These texts; those in one language that share a line become one part."""
    parts: list[Part] = []
    for text in texts:
        gists = {_gist(line) for line in text.lines}
        shared = (part for part in parts if part.language == text.language and gists & set(map(_gist, part.lines)))
        part = next(shared, None)
        if part is None:
            parts.append(Part(text.language, text.title, text.lines))
        else:
            part.title = ""
            part.take(text.lines)
    return parts


def _gist(line: str) -> str:
    """The line without how many hours, days or weeks."""
    return _TIME.sub(r"\3", line)


def _times(line: str) -> list[tuple[int, int]]:
    """How long, time by time in the line: the longest it may be, then the shortest."""
    return [(int(most or least), int(least)) for least, most, _ in _TIME.findall(line)]
