"""What holds between the fields of a charted record, and what is unusual about it (pure).

Hard ranges of single fields stand in `ranges.py` and in the models; these are the rules between fields. The database
holds the same rules as constraints.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from clinic.errors import SoftWarning
from clinic.limits import Number, Range
from clinic.people.models import Modality
from plans.treatment import ranges

DRAW_TO_INJECTION = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that cannot be, at a field of the record."""

    field: str
    detail: str


def faults(modality: str, record: Mapping[str, Any]) -> Iterator[Fault]:
    """What the fields of `record` say against each other."""
    if modality == Modality.PRP:
        yield from _prp_faults(record)
    elif modality == Modality.STEM_CELL:
        yield from _stem_cell_faults(record)


def warnings(modality: str, record: Mapping[str, Any]) -> Iterator[SoftWarning]:
    """Where `record` lies outside what is usual (the soft ranges)."""
    limits = dict(_SOFT_RANGES[Modality(modality)])
    if modality == Modality.STEM_CELL and record.get("source") in ranges.HARVEST_BY_SOURCE:
        limits["harvested_ml"] = ranges.HARVEST_BY_SOURCE[record["source"]]
    for field, limit in limits.items():
        value = record.get(field)
        if value is not None and not limit.is_usual(Decimal(value)):
            yield SoftWarning(field, "unusual", Number(ranges.name_of(field), limit).unusual(Decimal(value)))
    if modality == Modality.PRP:
        yield from _prp_warnings(record)


_SOFT_RANGES: Mapping[Modality, Mapping[str, Range]] = {
    Modality.PRP: ranges.PRP,
    Modality.STEM_CELL: ranges.STEM_CELL,
    Modality.MICRONEEDLING: ranges.MICRONEEDLING,
    Modality.EXOSOME: ranges.EXOSOME,
}


def _prp_faults(record: Mapping[str, Any]) -> Iterator[Fault]:
    drawn, gained, injected = record["blood_drawn_ml"], record["yield_ml"], record["injected_ml"]
    if injected > gained:
        yield Fault("injected_ml", f"Injected {injected} mL, but only {gained} mL were gained.")
    if gained >= drawn:
        yield Fault("yield_ml", f"{gained} mL cannot come from {drawn} mL of blood; the yield is less than the draw.")
    if len(record.get("spins", [])) > 2:
        yield Fault("spins", "PRP is spun at most twice; no spin means filtration.")
    drawn_at, injected_at = record.get("drawn_at"), record.get("injected_at")
    if drawn_at and injected_at and injected_at < drawn_at:
        yield Fault("injected_at", "Injection comes after the draw.")
    elif drawn_at and injected_at and injected_at - drawn_at > DRAW_TO_INJECTION:
        yield Fault("injected_at", "More than 4 hours after the draw: the material may not be given.")


def _prp_warnings(record: Mapping[str, Any]) -> Iterator[SoftWarning]:
    for index, spin in enumerate(record.get("spins", [])):
        for field, limit in ranges.PRP_SPIN.items():
            value = Decimal(spin[field])
            if not limit.is_usual(value):
                detail = Number(f"Spin {index + 1}, {ranges.name_of(field).lower()}", limit).unusual(value)
                yield SoftWarning(f"spins.{index}.{field}", "unusual", detail)
    area = record.get("area_cm2")
    if area:
        dose = record["injected_ml"] / area
        if not ranges.DOSE.is_usual(dose):
            detail = f"The dose of {dose:.3f} mL/cm² is unusual; usual is {ranges.DOSE.usual}."
            yield SoftWarning("area_cm2", "unusual", detail)


def _stem_cell_faults(record: Mapping[str, Any]) -> Iterator[Fault]:
    source = record["source"]
    is_marrow = source == "bone_marrow"
    if is_marrow != (record["method"] == "marrow_concentrate"):
        yield Fault("method", "Fat gives SVF or cultured cells; marrow gives a marrow concentrate.")
    if is_marrow != record["harvest_site"].startswith("iliac_crest"):
        yield Fault("harvest_site", "Fat comes from abdomen, flank or thigh; marrow from the iliac crest.")
    limit = ranges.HARVEST_BY_SOURCE[source]
    if not limit.holds(record["harvested_ml"]):
        label = "Harvested from marrow" if is_marrow else "Harvested from fat"
        yield Fault("harvested_ml", Number(label, limit, places=2).refuse(record["harvested_ml"]))
