"""The protocols and screening items that every installation starts with (pure data).

All of it is a default that a clinic edits, and the clinician decides; docs/clinical-defaults.md names the sources.
`plans/apps.py` inserts after each migrate what is not there yet, and never changes what is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from clinic.people.models import Modality

PRP, STEM_CELL, MICRONEEDLING, EXOSOME = (
    Modality.PRP,
    Modality.STEM_CELL,
    Modality.MICRONEEDLING,
    Modality.EXOSOME,
)


@dataclass(frozen=True)
class SessionSeries:
    """`count` sessions, `interval` days apart, then one maintenance session after `maintenance` days."""

    modalities: Sequence[Modality]
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


EXPECTATION = (
    "Results differ from person to person, and some people see no change. Any change takes months: it is judged "
    "from the third month on, with the same measurements at the same place. The treatment may need repeating. "
    "You can stop at any time."
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
        SessionSeries((MICRONEEDLING,), 6, 14, 14, 14, 45, 180, 90, 185, "Microneedling"),
    ),
    ProtocolSeed(
        "prp-microneedling",
        "PRP with microneedling",
        "Microneedling and PRP in one session, four sessions four weeks apart.",
        "Yepuri 2021: 4–6 sessions at four weeks. The stricter interval of the two governs.",
        SessionSeries((MICRONEEDLING, PRP), 4, 28, 14, 21, 75, 180, 90, 185, "PRP + microneedling"),
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
        SessionSeries((MICRONEEDLING, EXOSOME), 3, 28, 14, 21, 75, 180, 90, 185, "Exosomes + microneedling"),
    ),
    ProtocolSeed(
        "adipose-svf",
        "Stem cells from fat (SVF)",
        "One session with stromal vascular fraction from the patient's own fat; again after 180 days at the earliest.",
        "STYLE 2020: no overall group difference at 24 weeks.",
        SessionSeries((STEM_CELL,), 1, 180, 180, 180, 180, 365, 185, 180, "Stem cells (fat)"),
    ),
    ProtocolSeed(
        "bone-marrow",
        "Stem cells from marrow",
        "One session with marrow concentrate; repeated after 365 days at the earliest.",
        "No controlled trial in hair loss is known to this system.",
        SessionSeries((STEM_CELL,), 1, 365, 365, 365, 180, 545, 180, 180, "Stem cells (marrow)"),
    ),
)

CHECK_INS: Sequence[tuple[int, int]] = ((1, 0), (3, 1), (7, 2))
"""Days after each session, and days of tolerance to both sides."""

ASSESSMENTS: Sequence[tuple[int, int]] = ((3, 14), (6, 21), (12, 30))
"""Months after the first session, and days of tolerance to both sides."""


@dataclass(frozen=True)
class ScreeningSeed:
    code: str
    label: str
    severity: str
    modalities: Sequence[Modality] = ()
    unremarkable: bool | Decimal = False
    unit: str = ""
    block_below: Decimal | None = None
    warn_below: Decimal | None = None
    applies_to_sexes: Sequence[str] = field(default_factory=tuple)
    can_override: bool = True


ABSOLUTE, RELATIVE = "absolute", "relative"
MAY_BE_PREGNANT = ("female", "other", "unknown")

SCREENING: Sequence[ScreeningSeed] = (
    ScreeningSeed("active-scalp-infection", "Active scalp infection", ABSOLUTE),
    ScreeningSeed("sepsis", "Sepsis", ABSOLUTE),
    ScreeningSeed("scalp-malignancy", "Malignancy of the scalp", ABSOLUTE),
    ScreeningSeed("active-cancer", "Active cancer or chemotherapy", ABSOLUTE),
    ScreeningSeed("has-capacity", "Able to decide and consent", ABSOLUTE, unremarkable=True, can_override=False),
    ScreeningSeed("component-allergy", "Allergy to a mandatory component", ABSOLUTE),
    ScreeningSeed(
        "platelet-count",
        "Platelet count",
        ABSOLUTE,
        (PRP,),
        unremarkable=Decimal(250),
        unit="×10³/µL",
        block_below=Decimal(100),
        warn_below=Decimal(150),
    ),
    ScreeningSeed("platelet-dysfunction", "Platelet dysfunction", ABSOLUTE, (PRP,)),
    ScreeningSeed("hypofibrinogenaemia", "Hypofibrinogenaemia", ABSOLUTE, (PRP,)),
    ScreeningSeed("haemodynamic-instability", "Haemodynamic instability", ABSOLUTE, (PRP,)),
    ScreeningSeed("anticoagulant", "Takes an anticoagulant or antiplatelet drug", RELATIVE),
    ScreeningSeed("nsaid-7-days", "Took an NSAID in the last 7 days", RELATIVE),
    ScreeningSeed("steroid-14-days", "Took a steroid in the last 14 days", RELATIVE),
    ScreeningSeed(
        "haemoglobin",
        "Haemoglobin",
        RELATIVE,
        unremarkable=Decimal(14),
        unit="g/dL",
        warn_below=Decimal(11),
    ),
    ScreeningSeed("pregnancy", "Pregnant or breast-feeding", RELATIVE, applies_to_sexes=MAY_BE_PREGNANT),
    ScreeningSeed(
        "pregnancy-harvest",
        "Pregnant or breast-feeding, and a harvest or exosomes are considered",
        ABSOLUTE,
        (STEM_CELL, EXOSOME),
        applies_to_sexes=MAY_BE_PREGNANT,
    ),
    ScreeningSeed("heavy-smoking", "Smokes heavily", RELATIVE),
    ScreeningSeed("liver-disease", "Liver disease", RELATIVE),
    ScreeningSeed("uncontrolled-diabetes", "Uncontrolled diabetes", RELATIVE),
    ScreeningSeed("immunosuppression", "Immunosuppression", RELATIVE),
    ScreeningSeed("inflammatory-dermatosis", "Active inflammatory skin disease", RELATIVE),
    ScreeningSeed("keloid-tendency", "Tendency to keloids", RELATIVE),
    ScreeningSeed("isotretinoin-6-months", "Took isotretinoin in the last 6 months", RELATIVE),
    ScreeningSeed("active-scarring-alopecia", "Scarring alopecia that is not quiescent", RELATIVE),
    ScreeningSeed("under-18", "Younger than 18", RELATIVE),
    ScreeningSeed("body-image-concern", "Concern about body image", RELATIVE),
    ScreeningSeed("coagulopathy", "Coagulopathy", ABSOLUTE, (STEM_CELL,)),
    ScreeningSeed("too-little-fat", "Too little fat to harvest", ABSOLUTE, (STEM_CELL,)),
    ScreeningSeed("harvest-site-infection", "Infection at the harvest site", ABSOLUTE, (STEM_CELL,)),
    ScreeningSeed("anaesthetic-risk", "Raised anaesthetic risk", RELATIVE, (STEM_CELL,)),
    ScreeningSeed("haematological-disorder", "Haematological disorder", ABSOLUTE, (STEM_CELL,)),
    ScreeningSeed("pelvic-radiation", "Radiation of the pelvis in the past", RELATIVE, (STEM_CELL,)),
    ScreeningSeed("herpes-outbreak", "Herpes outbreak", ABSOLUTE, (MICRONEEDLING,)),
    ScreeningSeed("psoriasis", "Psoriasis of the scalp", RELATIVE, (MICRONEEDLING,)),
    ScreeningSeed("open-wounds", "Open wounds on the scalp", ABSOLUTE, (MICRONEEDLING,)),
)
