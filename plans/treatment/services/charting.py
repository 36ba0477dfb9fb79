"""Writes what was given: the typed record of each component, and the warnings it raised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from clinic.constraints import faults_of
from clinic.errors import DoesNotExist, Invalid
from clinic.people.models import Modality
from plans.treatment import rules
from plans.treatment.models import (
    RECORDS,
    ComponentWarning,
    ProcedureSession,
    PrpRecord,
    PrpSpin,
    SessionComponent,
)


@dataclass(frozen=True, slots=True)
class ComponentInput:
    """What was given of one modality: the fields of its record, the lots used and the preparation."""

    modality: str
    record: Mapping[str, Any]
    lots: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    preparation: UUID | None = None


def components_chart(*, session: ProcedureSession, given: Sequence[ComponentInput], is_complete: bool) -> None:
    """Write the record of each component in `given`; with `is_complete`, each component of the session has one.

    Raises `Invalid` for all fields at once, named `components.<index>.record.<field>`.
    """
    components = {component.modality: component for component in session.components.all()}
    faults: list[Invalid] = []
    seen: set[str] = set()
    for index, item in enumerate(given):
        attr = f"components.{index}"
        if item.modality not in components:
            allowed = ", ".join(components)
            faults.append(
                Invalid(f"“{item.modality}” is not part of this session: {allowed}.", attr=f"{attr}.modality")
            )
        elif item.modality in seen:
            faults.append(Invalid("Each modality is charted once.", attr=f"{attr}.modality"))
        seen.add(item.modality)
        faults.extend(
            DoesNotExist(lot["lot"], attr=f"{attr}.lots.{position}.lot") for position, lot in enumerate(item.lots)
        )
        if item.preparation is not None:
            faults.append(DoesNotExist(item.preparation, attr=f"{attr}.preparation"))
    missing = [modality for modality in components if modality not in seen]
    if is_complete and missing:
        faults.append(Invalid(f"Chart also: {', '.join(missing)}.", code="required", attr="components"))
    Invalid.gather(faults)
    for index, item in enumerate(given):
        faults.extend(_write(components[item.modality], item.record, f"components.{index}.record"))
    Invalid.gather(faults)


def component_amend(*, component: SessionComponent, changes: Mapping[str, Any], attr: str) -> None:
    """Change fields of a component's record. Raises `Invalid`, fields named below `attr`."""
    model = RECORDS[Modality(component.modality)]
    record = model.objects.filter(component=component).first()
    values = {} if record is None else _values(record)
    ComponentWarning.objects.filter(component=component).delete()
    Invalid.gather(_write(component, {**values, **changes}, attr))


def _values(record: Any) -> dict[str, Any]:
    names = [
        column.name
        for column in record._meta.concrete_fields
        if column.editable and column.name not in ("id", "version", "component")
    ]
    values = {name: getattr(record, name) for name in names}
    if isinstance(record, PrpRecord):
        values["spins"] = [{"rcf_g": spin.rcf_g, "minutes": spin.minutes} for spin in record.spins.all()]
    return values


def _write(component: SessionComponent, values: Mapping[str, Any], attr: str) -> list[Invalid]:
    """Write one record; return what is wrong with it instead where something is."""
    modality = Modality(component.modality)
    model = RECORDS[modality]
    spins = list(values.get("spins", []))
    columns = {name: value for name, value in values.items() if name != "spins"}
    record = model.objects.filter(component=component).first() or model(component=component)
    for name, value in columns.items():
        setattr(record, name, value)
    faults = _field_faults(record, attr) + _spin_faults(spins, attr)
    if faults:
        return faults
    cleaned = {name: getattr(record, name) for name in columns} | {"spins": spins}
    faults = [Invalid(fault.detail, attr=f"{attr}.{fault.field}") for fault in rules.faults(modality, cleaned)]
    if faults:
        return faults
    record.save()
    if isinstance(record, PrpRecord):
        record.spins.all().delete()
        PrpSpin.objects.bulk_create(
            PrpSpin(record=record, position=position, rcf_g=spin["rcf_g"], minutes=spin["minutes"])
            for position, spin in enumerate(spins, start=1)
        )
    ComponentWarning.objects.bulk_create(
        ComponentWarning(component=component, attr=f"{attr}.{warning.attr}", code=warning.code, detail=warning.detail)
        for warning in rules.warnings(modality, cleaned)
    )
    return []


def _field_faults(record: Any, attr: str) -> list[Invalid]:
    return _cleaned(record, attr, frozenset({"component", "id"}))


def _spin_faults(spins: Sequence[Mapping[str, Any]], attr: str) -> list[Invalid]:
    faults = []
    for index, spin in enumerate(spins):
        row = PrpSpin(position=index + 1, rcf_g=spin.get("rcf_g"), minutes=spin.get("minutes"))
        faults += _cleaned(row, f"{attr}.spins.{index}", frozenset({"record", "id", "position"}))
    return faults


def _cleaned(row: Any, attr: str, exclude: frozenset[str]) -> list[Invalid]:
    """What is wrong with the fields of `row`, in words, each named below `attr`."""
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        return [Invalid(one.detail, code=one.code, attr=f"{attr}.{one.attr}") for one in faults_of(row, error)]
    return []
