"""What a consultation must hold before it is signed, and what its screening raises (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from plans.consultations.models import ScreeningItem

Answer = bool | Decimal


@dataclass(frozen=True, slots=True)
class Finding:
    """A screening answer that raises something."""

    code: str
    label: str
    severity: str
    modalities: tuple[str, ...]
    detail: str


def applies(item: ScreeningItem, sex: str) -> bool:
    """Whether a patient of this sex is asked."""
    return item.is_active and (not item.applies_to_sexes or sex in item.applies_to_sexes)


def unanswered(items: Iterable[ScreeningItem], answers: Mapping[str, Answer], sex: str) -> list[ScreeningItem]:
    """The items that apply and have no answer."""
    return [item for item in items if applies(item, sex) and item.code not in answers]


def findings(items: Iterable[ScreeningItem], answers: Mapping[str, Answer]) -> list[Finding]:
    """What the answers raise, in the items' order. A number below `block_below` is absolute, else relative."""
    found = []
    for item in items:
        answer = answers.get(item.code)
        severity = None if answer is None else _severity(item, answer)
        if severity is not None:
            detail = item.label if isinstance(answer, bool) else f"{item.label}: {answer:f} {item.unit}".strip()
            found.append(Finding(item.code, item.label, severity, tuple(item.modalities), detail))
    return found


def _severity(item: ScreeningItem, answer: Answer) -> str | None:
    if item.kind == ScreeningItem.Kind.BOOLEAN:
        return None if answer == item.unremarkable else item.severity
    if item.block_below is not None and answer < item.block_below:
        return item.severity
    if item.warn_below is not None and answer < item.warn_below:
        return ScreeningItem.Severity.RELATIVE
    return None
