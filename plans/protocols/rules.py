"""What a protocol may say (pure). All faults are told at once.

A fault names its field as the API does (`steps.2.offset_days`, counted from 0), and its step to people by its place,
counted from 1, and its title.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from clinic.people.models import Modality
from clinic.text import says_nothing
from clinic.words import days as in_days
from plans.protocols.drafts import (
    ANCHORS,
    KINDS_IN_WORDS,
    LONGEST_NEEDLE_MM,
    LONGEST_STEP_TITLE,
    LONGEST_TITLE,
    LONGEST_VISIT,
    MOST_DAYS,
    MOST_SESSIONS,
    MOST_STEPS,
    NAMES_OF_ANCHORS,
    NUMBERS,
    ONE_SESSION,
    SHORTEST_NEEDLE_MM,
    SHORTEST_VISIT,
    SOURCES,
    TREATMENTS,
    Fault,
    StepInput,
    named,
    offset_field,
    shortest_days,
)
from plans.protocols.promises import promise_fault
from plans.protocols.spacing import faults_between
from plans.treatment.intervals import Intervals
from plans.treatment.timeline import CHECK_IN, MAINTENANCE, SESSION


def faults(
    *,
    title: str,
    expectation: str,
    steps: Sequence[StepInput],
    intervals: Intervals,
    topics: Collection[str],
) -> list[Fault]:
    """Everything that is wrong with this protocol. `topics` are the codes of the care topics that exist."""
    found = []
    if says_nothing(title) or len(title) > LONGEST_TITLE:
        found.append(Fault("title", f"A protocol has a title of at most {LONGEST_TITLE} letters."))
    if says_nothing(expectation):
        found.append(Fault("expectation", "Say what the patient may expect, and what not."))
    elif said := promise_fault(expectation):
        found.append(Fault("expectation", said))
    return [*found, *step_faults(steps, intervals, topics)]


def step_faults(steps: Sequence[StepInput], intervals: Intervals, topics: Collection[str]) -> list[Fault]:
    """Everything that is wrong with these steps, alone and together, in the order of the steps."""
    if len(steps) > MOST_STEPS:
        return [Fault("steps", f"There are {len(steps)} steps; a protocol has at most {MOST_STEPS}.")]
    alone = [fault for place, step in enumerate(steps) for fault in _Check(place, step).all(topics)]
    together = faults_between(steps, intervals, {fault.attr for fault in alone})
    return sorted([*together, *alone], key=lambda fault: fault.place)


def is_drawable(steps: Sequence[StepInput]) -> bool:
    """Whether a calendar can be worked out, whatever else is wrong: kinds and anchors are known, numbers in range."""
    sessions = sum(step.repetitions for step in steps if step.kind == SESSION)
    return (
        0 < len(steps) <= MOST_STEPS
        and 0 < sessions <= MOST_SESSIONS
        and all(step.anchor in ANCHORS.get(step.kind, ()) for step in steps)
        and all(low <= getattr(step, name) <= high for step in steps for name, _, low, high in NUMBERS)
    )


@dataclass(frozen=True, slots=True)
class _Check:
    """The checks of one step alone."""

    place: int
    step: StepInput

    def fault(self, field: str, detail: str) -> Fault:
        return Fault(f"steps.{self.place}.{field}", f"{named(self.place, self.step)}: {detail}")

    def all(self, topics: Collection[str]) -> Iterator[Fault]:
        step = self.step
        if says_nothing(step.title) or len(step.title) > LONGEST_STEP_TITLE:
            yield self.fault("title", f"a step has a title of at most {LONGEST_STEP_TITLE} letters.")
        if step.kind not in ANCHORS:
            yield self.fault("kind", f"“{step.kind}” is not a kind of step; it is one of {', '.join(ANCHORS)}.")
            return
        yield from self.numbers()
        yield from self.anchor()
        yield from self.visit()
        yield from self.components()
        yield from self.care(topics)

    def numbers(self) -> Iterator[Fault]:
        step = self.step
        in_range = True
        for name, words, low, high in NUMBERS:
            value = getattr(step, name)
            if not low <= value <= high:
                in_range = False
                yield self.fault(name, f"{words} is {value}; allowed is {low} to {high}.")
        if not in_range:
            return
        if shortest_days(step.offset_months) + step.offset_days > MOST_DAYS:
            yield self.fault(
                offset_field(step),
                f"{step.offset_months} months and {step.offset_days} days are more than two years; "
                f"allowed is {MOST_DAYS} days in all.",
            )
        if step.kind not in TREATMENTS:
            for name in ("minimum_interval_days", "advised_interval_days"):
                if getattr(step, name):
                    yield self.fault(
                        name, f"only a session has an interval; it is {getattr(step, name)}, allowed is 0."
                    )
        elif step.advised_interval_days < step.minimum_interval_days:
            yield self.fault(
                "advised_interval_days",
                f"the advised interval of {step.advised_interval_days} days is under the minimum of "
                f"{step.minimum_interval_days}; allowed is {step.minimum_interval_days} or more.",
            )
        if step.kind == MAINTENANCE and step.repetitions != 1:
            yield self.fault(
                "repetitions", f"maintenance comes again after each session by itself; it is {step.repetitions}, not 1."
            )
        elif step.kind not in TREATMENTS and step.repetitions != 1:
            yield self.fault("repetitions", f"only a session repeats; it is {step.repetitions}, allowed is 1.")
        if step.kind == CHECK_IN and not step.offset_months and step.tolerance_before_days > step.offset_days:
            yield self.fault(
                "tolerance_before_days",
                f"it would open {in_days(step.tolerance_before_days - step.offset_days)} before the session that it "
                f"follows; allowed is 0 to {step.offset_days}.",
            )

    def anchor(self) -> Iterator[Fault]:
        step = self.step
        allowed = ANCHORS[step.kind]
        if step.anchor not in allowed:
            names = " or ".join(NAMES_OF_ANCHORS[anchor] for anchor in allowed)
            now = NAMES_OF_ANCHORS.get(step.anchor, f"“{step.anchor}”")
            yield self.fault(
                "anchor", f"{KINDS_IN_WORDS[step.kind]} counts from {names} ({', '.join(allowed)}), not from {now}."
            )
        elif step.anchor == ONE_SESSION and (step.anchor_session is None or step.anchor_session < 1):
            yield self.fault("anchor_session", "say from which session it counts: 1 or a later one.")
        elif step.anchor != ONE_SESSION and step.anchor_session is not None:
            yield self.fault(
                "anchor_session",
                f"it counts from {NAMES_OF_ANCHORS[step.anchor]} and names session {step.anchor_session}: not both.",
            )

    def visit(self) -> Iterator[Fault]:
        minutes = self.step.duration_minutes
        if self.step.kind == CHECK_IN:
            if minutes is not None:
                yield self.fault(
                    "duration_minutes", f"a check-in is no visit; it lasts {minutes} minutes, leave it out."
                )
        elif minutes is None:
            yield self.fault("duration_minutes", f"say how long it takes: {SHORTEST_VISIT} to {LONGEST_VISIT} minutes.")
        elif not SHORTEST_VISIT <= minutes <= LONGEST_VISIT:
            yield self.fault(
                "duration_minutes", f"it takes {minutes} minutes; allowed is {SHORTEST_VISIT} to {LONGEST_VISIT}."
            )

    def components(self) -> Iterator[Fault]:
        given = self.step.components
        if self.step.kind not in TREATMENTS:
            if given:
                yield self.fault("components", "nothing is given at it; only sessions have components.")
            return
        if not given:
            yield self.fault("components", "say what is given: at least one modality.")
        seen: set[str] = set()
        for number, component in enumerate(given):
            field = f"components.{number}"
            if component.modality not in Modality.values:
                known = ", ".join(Modality.values)
                yield self.fault(f"{field}.modality", f"“{component.modality}” is not known; it is one of {known}.")
                continue
            if component.modality in seen:
                yield self.fault(
                    f"{field}.modality", f"{Modality(component.modality).label} is given twice; once is allowed."
                )
            seen.add(component.modality)
            needle = component.needle_length_mm
            if needle is not None and component.modality != Modality.MICRONEEDLING:
                yield self.fault(f"{field}.needle_length_mm", "only microneedling has a needle length; leave it out.")
            elif needle is not None and not SHORTEST_NEEDLE_MM <= needle <= LONGEST_NEEDLE_MM:
                yield self.fault(
                    f"{field}.needle_length_mm",
                    f"the needle is {needle} mm long; allowed is {SHORTEST_NEEDLE_MM} to {LONGEST_NEEDLE_MM} mm.",
                )
            if component.source and component.modality != Modality.STEM_CELL:
                yield self.fault(f"{field}.source", "only stem cells have a source; leave it out.")
            elif component.source and component.source not in SOURCES:
                yield self.fault(
                    f"{field}.source", f"“{component.source}” is not known; it is one of {', '.join(SOURCES)}."
                )

    def care(self, topics: Collection[str]) -> Iterator[Fault]:
        codes = self.step.care
        if self.step.kind == CHECK_IN and codes:
            yield self.fault("care", "a check-in carries no care advice; put it on the session.")
            return
        for number, code in enumerate(codes):
            if code not in topics:
                yield self.fault(f"care.{number}", f"there is no care advice “{code}”.")
            elif code in codes[:number]:
                yield self.fault(f"care.{number}", f"the care advice “{code}” is named twice.")


def interval_faults(
    *,
    after_modality: str,
    before_modality: str,
    is_across: bool,
    needle_over_mm: Decimal | None,
    needle_up_to_mm: Decimal | None,
    source: str,
) -> list[Fault]:
    """What is wrong with a rule of least intervals, beside what its columns refuse."""
    found = []
    for name, needle in (("needle_over_mm", needle_over_mm), ("needle_up_to_mm", needle_up_to_mm)):
        if needle is None:
            continue
        if after_modality != Modality.MICRONEEDLING:
            found.append(Fault(name, "A needle length is of microneedling: say that the rule stands after it."))
        elif not 0 <= needle <= LONGEST_NEEDLE_MM:
            found.append(Fault(name, f"The needle is {needle} mm long; allowed is 0 to {LONGEST_NEEDLE_MM} mm."))
    if source and after_modality != Modality.STEM_CELL:
        found.append(Fault("source", "A source is of stem cells: say that the rule stands after them."))
    elif source and source not in SOURCES:
        found.append(Fault("source", f"“{source}” is not known; it is one of {', '.join(SOURCES)}."))
    if is_across and after_modality and after_modality == before_modality:
        found.append(
            Fault("is_across", "Between different modalities, and the same one on both sides: it never applies.")
        )
    return found
