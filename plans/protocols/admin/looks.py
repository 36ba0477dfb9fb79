"""How protocols look on a screen (pure): steps in words, and their calendar as a drawing takes it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from clinic import words
from clinic.people.models import Modality
from plans.protocols.drafts import SOURCES_IN_WORDS, StepInput
from plans.protocols.preview import Entry
from plans.treatment.drawing import Mark
from plans.treatment.intervals import Component
from plans.treatment.timeline import CHECK_IN, MAINTENANCE, SESSION, VISITS

ANCHORS_IN_WORDS = {
    "plan_start": "the start of the plan",
    "previous_session": "the session before",
    "last_session": "the last session",
    "each_session": "each session",
}


def places(steps: Iterable[StepInput]) -> Iterator[str]:
    """Which part of the course each step is, by which those of one title are told apart: “Session 1”, “Sessions 2 to
    3”, “Maintenance”; empty for what its title alone tells."""
    number = 0
    for step in steps:
        if step.kind == SESSION:
            first, number = number + 1, number + max(step.repetitions, 1)
            yield f"Session {first}" if first == number else f"Sessions {first} to {number}"
        else:
            yield "Maintenance" if step.kind == MAINTENANCE else ""


def when(step: StepInput) -> str:
    """“28 days after the session before (−3, +3 days)”."""
    months = f"{step.offset_months} month{'s' if step.offset_months != 1 else ''}" if step.offset_months else ""
    days = words.days(step.offset_days) if step.offset_days else ""
    after = " and ".join(part for part in (months, days) if part)
    anchor = ANCHORS_IN_WORDS.get(step.anchor, f"session {step.anchor_session}")
    text = f"{after} after {anchor}" if after else f"At {anchor}"
    before, later = step.tolerance_before_days, step.tolerance_after_days
    if not before and not later:
        return text
    return f"{text} (−{before}, +{later} days)"


def given(step: StepInput) -> str:
    """“Microneedling 1 mm, then PRP”; empty where nothing is given."""
    return ", then ".join(_component(component) for component in step.components)


def _component(component: Component) -> str:
    name = str(Modality(component.modality).label)
    if component.needle_length_mm is not None:
        return f"{name} {component.needle_length_mm.normalize():f} mm"
    return f"{name} from {SOURCES_IN_WORDS[component.source]}" if component.source else name


def shown_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Without the check-ins after later sessions: they are like those after the first."""
    return [entry for entry in entries if entry.kind != CHECK_IN or entry.title.endswith("· session 1")]


def marks(entries: Iterable[Entry], today: date) -> Sequence[Mark]:
    """The entries as a drawing takes them; each says its best day in words."""
    return [
        Mark(
            title=entry.title,
            kind="visit" if entry.kind in VISITS else entry.kind,
            earliest=entry.window.earliest,
            target=entry.window.target,
            latest=entry.window.latest,
            note=entry.why,
            word=words.day(entry.window.target, today),
        )
        for entry in entries
    ]
