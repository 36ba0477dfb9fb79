"""Writes consultations: draft, edit, sign, amend. A signed record changes only by amendment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, check_allowed, require_reason
from clinic.limits import not_among
from clinic.locking import lock
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from clinic.places.wallclock import local_date
from clinic.words import date_in_full
from patients.models import Patient
from patients.services import patient_lock
from plans.consultations.diagnoses import DIAGNOSES
from plans.consultations.models import (
    Cause,
    Consultation,
    ConsultationAmendment,
    ScreeningAnswer,
    ScreeningItem,
)
from plans.consultations.rules import Answer, unanswered
from plans.consultations.scales import Scale, allowed_values, is_valid
from plans.protocols.catalogue import SCREENING
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_record_consultation


@dataclass(frozen=True, slots=True)
class CauseInput:
    """One cause: an ICD-10 code of the catalogue and its contributing factor."""

    icd10: str
    factor: str
    is_primary: bool


@dataclass(frozen=True, slots=True)
class SeverityInput:
    """A value on a severity scale."""

    scale: str
    value: str


EDITABLE = frozenset({"occurred_at", "goals", "candidacy", "notes", "causes", "severity", "screening"})
"""What a draft takes by edit and a signed consultation by amendment."""


def screening_items_seed() -> list[ScreeningItem]:
    """Insert the screening items of the catalogue that were never here; return those inserted."""
    known = set(ScreeningItem.objects.values_list("code", flat=True))
    missing = [
        ScreeningItem(
            code=seed.code,
            label=seed.label,
            kind=ScreeningItem.Kind.BOOLEAN if isinstance(seed.unremarkable, bool) else ScreeningItem.Kind.NUMBER,
            unit=seed.unit,
            severity=seed.severity,
            modalities=list(seed.modalities),
            applies_to_sexes=list(seed.applies_to_sexes),
            unremarkable_boolean=seed.unremarkable if isinstance(seed.unremarkable, bool) else None,
            unremarkable_number=None if isinstance(seed.unremarkable, bool) else seed.unremarkable,
            block_below=seed.block_below,
            warn_below=seed.warn_below,
            can_override=seed.can_override,
            position=position,
        )
        for position, seed in enumerate(SCREENING, start=1)
        if seed.code not in known
    ]
    if not missing:
        return []
    with recorded("initial catalogue"):
        return ScreeningItem.objects.bulk_create(missing)


def consultation_create(
    *,
    by: User | None,
    patient: Patient,
    practitioner: Practitioner,
    location: Location,
    occurred_at: datetime,
    causes: Sequence[CauseInput],
    severity: SeverityInput,
    goals: str,
    screening: Mapping[str, Answer],
    candidacy: str,
    notes: str = "",
    appointment_id: UUID | None = None,
) -> Consultation:
    """Record a consultation as a draft; link it to its appointment where one is named.

    Raises `Invalid` for each field that cannot be, all at once.
    """
    _check_when(occurred_at, patient, location)
    answers = _screening_answers(screening)
    _check_content(causes, severity)
    with recorded():
        if appointment_id is not None:
            lock(Appointment.objects.all(), appointment_id)  # before the patient: the one order
        consultation = Consultation.objects.create(
            patient=patient_lock(patient_id=patient.pk),
            practitioner=practitioner,
            location=location,
            occurred_at=occurred_at,
            severity_scale=severity.scale,
            severity_value=severity.value,
            goals=goals,
            candidacy=candidacy,
            notes=notes,
        )
        _write_causes(consultation, causes)
        _write_answers(consultation, answers)
        if appointment_id is not None:
            appointment_record_consultation(appointment_id=appointment_id, consultation=consultation, by=by)
    return consultation


def consultation_edit(*, consultation_id: UUID, changes: Mapping[str, Any]) -> Consultation:
    """Change a draft. `changes` has keys of `EDITABLE`; lists and the screening replace what was there."""
    with recorded():
        consultation = lock(Consultation.objects.select_related("patient", "location"), consultation_id)
        check_allowed("The consultation", consultation.status, "editing", Consultation.MAY_EDIT)
        _apply(consultation, changes)
        consultation.save()
    return consultation


def consultation_sign(*, consultation_id: UUID, by: User) -> Consultation:
    """Sign a draft: from then on it changes only by amendment.

    Raises `InvalidTransition`, and `Conflict` (incomplete) naming the screening items that have no answer.
    """
    with recorded():
        consultation = lock(Consultation.objects.select_related("patient"), consultation_id)
        check_allowed("The consultation", consultation.status, "signing", Consultation.MAY_SIGN)
        _check_complete(consultation)
        consultation.status = Consultation.Status.SIGNED
        consultation.signed_at = clock.now()
        consultation.signed_by = by
        consultation.save()
    return consultation


def consultation_amend(*, consultation_id: UUID, by: User, reason: str, changes: Mapping[str, Any]) -> Consultation:
    """Change a signed consultation, with the reason; the history keeps what it said before."""
    require_reason(reason, "Say why the signed consultation changes.")
    with recorded(reason):
        consultation = lock(Consultation.objects.select_related("patient", "location"), consultation_id)
        check_allowed("The consultation", consultation.status, "amending", Consultation.MAY_AMEND)
        _apply(consultation, changes)
        _check_complete(consultation)
        consultation.status = Consultation.Status.AMENDED
        consultation.amended_at = clock.now()
        consultation.save()
        ConsultationAmendment.objects.create(
            consultation=consultation, reason=reason, amended_at=consultation.amended_at, amended_by=by
        )
    return consultation


def _apply(consultation: Consultation, changes: Mapping[str, Any]) -> None:
    unknown = set(changes) - EDITABLE
    if unknown:
        raise Invalid(f"Cannot change {', '.join(sorted(unknown))}.", attr=min(unknown))
    causes, severity = changes.get("causes"), changes.get("severity")
    _check_content(causes, severity)
    if "occurred_at" in changes:
        _check_when(changes["occurred_at"], consultation.patient, consultation.location)
    answers = _screening_answers(changes["screening"]) if "screening" in changes else None
    for name in ("occurred_at", "goals", "candidacy", "notes"):
        if name in changes:
            setattr(consultation, name, changes[name])
    if severity is not None:
        consultation.severity_scale, consultation.severity_value = severity.scale, severity.value
    if causes is not None:
        consultation.causes.all().delete()
        _write_causes(consultation, causes)
    if answers is not None:
        consultation.screening_answers.all().delete()
        _write_answers(consultation, answers)


def _check_when(occurred_at: datetime, patient: Patient, location: Location) -> None:
    if occurred_at > clock.now():
        raise Invalid("A consultation is recorded when it has happened; this is in the future.", attr="occurred_at")
    if local_date(occurred_at, location.zone) < patient.date_of_birth:
        raise Invalid(f"The patient was born on {date_in_full(patient.date_of_birth)}.", attr="occurred_at")


def _check_content(causes: Sequence[CauseInput] | None, severity: SeverityInput | None) -> None:
    Invalid.gather([*_cause_faults(causes), *_severity_faults(severity)])


def _cause_faults(causes: Sequence[CauseInput] | None) -> Iterable[Invalid]:
    if causes is None:
        return
    for index, cause in enumerate(causes):
        if cause.icd10 not in DIAGNOSES:
            yield Invalid(
                f"“{cause.icd10}” is not among the diagnoses: {', '.join(DIAGNOSES)}.", attr=f"causes.{index}.icd10"
            )
        if cause.factor not in Cause.Factor.values:
            yield Invalid(
                f"“{cause.factor}” is not a factor; use {', '.join(Cause.Factor.values)}.",
                attr=f"causes.{index}.factor",
            )
    if not causes:
        yield Invalid("Name at least one cause.", code="required", attr="causes")
    elif sum(cause.is_primary for cause in causes) != 1:
        yield Invalid("Exactly one cause is the primary one.", attr="causes")
    if len({(cause.icd10, cause.factor) for cause in causes}) < len(causes):
        yield Invalid("The same cause with the same factor stands there twice.", code="unique", attr="causes")


def _severity_faults(severity: SeverityInput | None) -> Iterable[Invalid]:
    if severity is None:
        return
    if severity.scale not in Scale.values:
        yield Invalid(f"“{severity.scale}” is not a scale; use {', '.join(Scale.values)}.", attr="severity.scale")
    elif not is_valid(severity.scale, severity.value):
        yield Invalid(
            f"“{severity.value}” is not on the {Scale(severity.scale).label} scale; it takes "
            f"{allowed_values(severity.scale)}.",
            attr="severity.value",
        )


def _screening_answers(screening: Mapping[str, Answer]) -> list[tuple[ScreeningItem, Answer]]:
    """The answers with their items; all unknown codes and wrong kinds are refused at once."""
    items = {item.code: item for item in ScreeningItem.objects.filter(code__in=list(screening))}
    faults, answers = [], []
    for code, answer in screening.items():
        item = items.get(code)
        if item is None or not item.is_active:
            faults.append(Invalid(f"“{code}” is not a screening item.", attr=f"screening.{code}"))
        elif item.kind == ScreeningItem.Kind.BOOLEAN and not isinstance(answer, bool):
            faults.append(Invalid(not_among(item.label, answer, ("true", "false")), attr=f"screening.{code}"))
        elif item.kind == ScreeningItem.Kind.NUMBER and not item.number.takes(answer):
            faults.append(Invalid(item.number.refuse(answer), attr=f"screening.{code}"))
        else:
            answers.append((item, answer))
    Invalid.gather(faults)
    return answers


def _check_complete(consultation: Consultation) -> None:
    answers = {
        answer.item.code: answer.value
        for answer in consultation.screening_answers.select_related("item")
        if answer.value is not None
    }
    open_items = unanswered(ScreeningItem.objects.filter(is_active=True), answers, consultation.patient.sex)
    if open_items:
        raise Conflict(
            f"The screening has no answer yet for: {', '.join(item.label for item in open_items)}.",
            code="incomplete",
            attr="screening",
            extra={"missing": [item.code for item in open_items]},
        )


def _write_causes(consultation: Consultation, causes: Sequence[CauseInput]) -> None:
    Cause.objects.bulk_create(
        Cause(consultation=consultation, icd10=cause.icd10, factor=cause.factor, is_primary=cause.is_primary)
        for cause in causes
    )


def _write_answers(consultation: Consultation, answers: Iterable[tuple[ScreeningItem, Answer]]) -> None:
    ScreeningAnswer.objects.bulk_create(
        ScreeningAnswer(consultation=consultation, item=item, boolean=answer)
        if isinstance(answer, bool)
        else ScreeningAnswer(consultation=consultation, item=item, number=answer)
        for item, answer in answers
    )
