"""The least intervals that every installation starts with (pure data); docs/clinical-defaults.md names the sources."""

from collections.abc import Sequence
from decimal import Decimal

from clinic.people.models import Modality
from plans.treatment.intervals import Interval

PRP, STEM_CELL, MICRONEEDLING, EXOSOME = Modality.PRP, Modality.STEM_CELL, Modality.MICRONEEDLING, Modality.EXOSOME

INTERVALS: Sequence[Interval] = (
    Interval("prp", "PRP after PRP", 14, after=PRP, before=PRP),
    # Without a bound, so that a source or a needle that is not known has an interval too: the strictest governs.
    Interval("stem-cell", "Stem cells after stem cells", 180, after=STEM_CELL, before=STEM_CELL),
    Interval(
        "stem-cell-marrow",
        "Stem cells after stem cells from marrow",
        365,
        after=STEM_CELL,
        before=STEM_CELL,
        source="bone_marrow",
    ),
    Interval("microneedling", "Microneedling after microneedling", 7, after=MICRONEEDLING, before=MICRONEEDLING),
    Interval(
        "microneedling-over-0-5-mm",
        "Microneedling after needles over 0.5 mm",
        14,
        after=MICRONEEDLING,
        before=MICRONEEDLING,
        needle_over_mm=Decimal("0.5"),
        needle_up_to_mm=Decimal("1.5"),
    ),
    Interval(
        "microneedling-over-1-5-mm",
        "Microneedling after needles over 1.5 mm",
        28,
        after=MICRONEEDLING,
        before=MICRONEEDLING,
        needle_over_mm=Decimal("1.5"),
    ),
    Interval("exosome", "Exosomes after exosomes", 14, after=EXOSOME, before=EXOSOME),
    Interval("across", "One treatment of the scalp after another", 14, is_across=True),
)
