"""Hard and soft ranges of what is charted (pure data). Defaults of this system: docs/clinical-defaults.md.

Models make their validators and CHECK constraints from here, and services the warnings. Outside the hard range a value
is refused; outside the soft one it is kept with a warning.
"""

from collections.abc import Mapping
from decimal import Decimal

from clinic.limits import Number, Range, label_of


def between(low: str, high: str, unit: str, soft_low: str | None = None, soft_high: str | None = None) -> Range:
    """A `Range` from decimal literals."""
    return Range(
        Decimal(low),
        Decimal(high),
        unit,
        None if soft_low is None else Decimal(soft_low),
        None if soft_high is None else Decimal(soft_high),
    )


NAMES: Mapping[str, str] = {
    "prp_platelets_10e3_per_ul": "PRP platelets",
    "points": "injection points",
    "rcf_g": "force",
    "minutes": "time",
}
"""Fields whose name is not what people call them; the models have it as the verbose name."""


def name_of(field: str) -> str:
    """What people call a charted number, without its unit: “Injection points”."""
    name = NAMES.get(field) or label_of(field)
    return name[:1].upper() + name[1:]


PAIN = Number("Pain", between("0", "10", ""))
DOSE = Range(unit="mL/cm²", soft_low=Decimal("0.05"), soft_high=Decimal("0.1"))
"""What is injected over the area treated: never refused."""
AREA_CM2 = between("10", "400", "cm²")
PRP: Mapping[str, Range] = {
    "blood_drawn_ml": between("5", "180", "mL", "10", "60"),
    "yield_ml": between("0.5", "60", "mL", "3", "12"),
    "baseline_platelets_10e3_per_ul": between("10", "1500", "×10³/µL", "150", "450"),
    "prp_platelets_10e3_per_ul": between("50", "5000", "×10³/µL", "1000", "1500"),
    "injected_ml": between("0.5", "20", "mL", "3", "8"),
    "area_cm2": AREA_CM2,
    "depth_mm": between("0.5", "10", "mm", "1", "6"),
    "points": between("1", "500", "points", "20", "200"),
    "spacing_cm": between("0.1", "5", "cm"),
    "needle_gauge": between("18", "34", "G"),
}
PRP_SPIN: Mapping[str, Range] = {
    "rcf_g": between("50", "3500", "g", "100", "1500"),
    "minutes": between("1", "30", "min", "5", "15"),
}
STEM_CELL: Mapping[str, Range] = {
    "harvested_ml": between("5", "2000", "mL"),
    "viable_cells_10e6": between("0", "10000", "×10⁶"),
    "viability_pct": between("0", "100", "%", "70"),
    "passage": between("0", "20", "", None, "5"),
    "injected_ml": between("0.1", "50", "mL"),
    "area_cm2": AREA_CM2,
    "points": between("1", "500", "points"),
}
HARVEST_BY_SOURCE: Mapping[str, Range] = {
    "adipose": between("5", "2000", "mL", "30", "200"),
    "bone_marrow": between("5", "250", "mL", "30", "120"),
}
MICRONEEDLING: Mapping[str, Range] = {
    "needle_length_mm": between("0.2", "3", "mm", "0.5", "1.5"),
    "passes": between("1", "30", "passes"),
}
EXOSOME: Mapping[str, Range] = {
    "particles_per_ml": between("1000000", "10000000000000", "/mL"),
    "dose_ml": between("0.1", "20", "mL", "0.5", "10"),
    "storage_c": between("-196", "30", "°C"),
}
