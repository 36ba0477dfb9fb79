"""The screening's questions that every installation starts with (pure data)."""

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
