"""The protocols that every installation starts with (pure data); docs/clinical-defaults.md names the sources."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from clinic.people.models import Modality
from plans.protocols.catalogue.care import topics_of
from plans.protocols.drafts import EACH_SESSION, LAST_SESSION, ONE_SESSION, PLAN_START, PREVIOUS_SESSION, StepInput
from plans.treatment.intervals import Component, Components
from plans.treatment.timeline import CHECK_IN, MAINTENANCE, SESSION

PRP, EXOSOME = Component(Modality.PRP), Component(Modality.EXOSOME)
NEEDLES = Component(Modality.MICRONEEDLING, Decimal("1.0"))
FAT, MARROW = Component(Modality.STEM_CELL, None, "adipose"), Component(Modality.STEM_CELL, None, "bone_marrow")


@dataclass(frozen=True)
class SessionSeries:
    """`count` sessions, `interval` days apart, then one maintenance session after `maintenance` days."""

    components: Components
    count: int
    interval: int
    blocked_under: int
    advised_from: int
    minutes: int
    maintenance: int
    maintenance_before: int
    maintenance_after: int
    title: str


@dataclass(frozen=True)
class ProtocolSeed:
    code: str
    title: str
    description: str
    evidence: str
    series: SessionSeries

    @property
    def steps(self) -> tuple[StepInput, ...]:
        """Sessions, maintenance, check-ins and reviews, in order."""
        return tuple(_steps(self.series))


EXPECTATION = (
    "Results differ from person to person, and some people see no change. Any change takes months: it is judged "
    "from the third month on, with the same measurements at the same place. The treatment may need repeating. "
    "You can stop at any time."
)

CHECK_INS: Sequence[tuple[int, int]] = ((1, 0), (3, 1), (7, 2))
"""Days after each session, and days of tolerance to both sides."""

ASSESSMENTS: Sequence[tuple[int, int]] = ((3, 14), (6, 21), (12, 30))
"""Months after the first session, and days of tolerance to both sides."""


def _steps(series: SessionSeries) -> Iterator[StepInput]:
    care = topics_of(series.components)
    yield StepInput(
        SESSION,
        series.title,
        PLAN_START,
        tolerance_after_days=3,
        duration_minutes=series.minutes,
        components=series.components,
        care=care,
    )
    if series.count > 1:
        yield StepInput(
            SESSION,
            series.title,
            PREVIOUS_SESSION,
            offset_days=series.interval,
            tolerance_before_days=3,
            tolerance_after_days=3,
            minimum_interval_days=series.blocked_under,
            advised_interval_days=series.advised_from,
            repetitions=series.count - 1,
            duration_minutes=series.minutes,
            components=series.components,
            care=care,
        )
    yield StepInput(
        MAINTENANCE,
        series.title,
        LAST_SESSION,
        offset_days=series.maintenance,
        tolerance_before_days=series.maintenance_before,
        tolerance_after_days=series.maintenance_after,
        minimum_interval_days=series.blocked_under,
        advised_interval_days=series.advised_from,
        duration_minutes=series.minutes,
        components=series.components,
        care=care,
    )
    for day, tolerance in CHECK_INS:
        yield StepInput(
            CHECK_IN,
            f"Check-in, day {day}",
            EACH_SESSION,
            offset_days=day,
            tolerance_before_days=tolerance,
            tolerance_after_days=tolerance,
        )
    for months, tolerance in ASSESSMENTS:
        yield StepInput(
            "assessment",
            f"{months}-month review",
            ONE_SESSION,
            anchor_session=1,
            offset_months=months,
            tolerance_before_days=tolerance,
            tolerance_after_days=tolerance,
            duration_minutes=30,
        )


PROTOCOLS: Sequence[ProtocolSeed] = (
    ProtocolSeed(
        "prp",
        "PRP",
        "Platelet-rich plasma, three sessions four weeks apart, then maintenance every six months.",
        "IADVL task force (Sharma et al., about 2021): 3–5 sessions a month apart. A null randomised trial exists "
        "(Gressenberger 2020, n = 30).",
        SessionSeries((PRP,), 3, 28, 14, 21, 60, 180, 90, 185, "PRP"),
    ),
    ProtocolSeed(
        "microneedling",
        "Microneedling",
        "Microneedling alone, six sessions two weeks apart.",
        "Dhurat 2013 (weekly); intervals by needle length are a default of this system.",
        SessionSeries((NEEDLES,), 6, 14, 14, 14, 45, 180, 90, 185, "Microneedling"),
    ),
    ProtocolSeed(
        "prp-microneedling",
        "PRP with microneedling",
        "Microneedling and PRP in one session, four sessions four weeks apart.",
        "Yepuri 2021: 4–6 sessions at four weeks. The stricter interval of the two governs.",
        SessionSeries((NEEDLES, PRP), 4, 28, 14, 21, 75, 180, 90, 185, "PRP + microneedling"),
    ),
    ProtocolSeed(
        "exosome",
        "Exosomes",
        "Exosomes, three sessions four weeks apart.",
        "No consensus exists; no exosome product is FDA-approved (notice of December 2019).",
        SessionSeries((EXOSOME,), 3, 28, 14, 21, 60, 180, 90, 185, "Exosomes"),
    ),
    ProtocolSeed(
        "exosome-microneedling",
        "Exosomes with microneedling",
        "Microneedling and exosomes in one session, three sessions four weeks apart.",
        "No consensus exists; no exosome product is FDA-approved (notice of December 2019).",
        SessionSeries((NEEDLES, EXOSOME), 3, 28, 14, 21, 75, 180, 90, 185, "Exosomes + microneedling"),
    ),
    ProtocolSeed(
        "adipose-svf",
        "Stem cells from fat (SVF)",
        "One session with stromal vascular fraction from the patient's own fat; again after 180 days at the earliest.",
        "STYLE 2020: no overall group difference at 24 weeks.",
        SessionSeries((FAT,), 1, 180, 180, 180, 180, 365, 185, 180, "Stem cells (fat)"),
    ),
    ProtocolSeed(
        "bone-marrow",
        "Stem cells from marrow",
        "One session with marrow concentrate; repeated after 365 days at the earliest.",
        "No controlled trial in hair loss is known to this system.",
        SessionSeries((MARROW,), 1, 365, 365, 365, 180, 545, 180, 180, "Stem cells (marrow)"),
    ),
)
