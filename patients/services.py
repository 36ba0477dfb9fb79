"""Writes patients, their guardians and consents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Invalid, SoftWarning, check_allowed
from clinic.locking import lock
from clinic.people.models import User
from clinic.places.models import Location
from clinic.text import says_nothing, trimmed
from clinic.words import date_in_full
from patients.models import Consent, ConsentDocument, Guardian, Patient
from patients.queries import likely_duplicates
from patients.rules import phone_digits

OLDEST = date(1900, 1, 1)
FIELDS = (
    "first_name",
    "last_name",
    "date_of_birth",
    "sex",
    "home_location",
    "email",
    "phone",
    "language",
    "email_opt_out",
)

_when_unreachable: list[Callable[[Patient], object]] = []


def when_unreachable(act: Callable[[Patient], object]) -> None:
    """Register what an upper package does, in the same transaction, when a patient stops taking mail."""
    _when_unreachable.append(act)


@dataclass(frozen=True, slots=True)
class GuardianInput:
    """Who speaks for the patient."""

    name: str
    relationship: str
    phone: str = ""
    email: str = ""


def patient_create(
    *,
    first_name: str,
    last_name: str,
    date_of_birth: date,
    sex: str,
    home_location: Location,
    email: str = "",
    phone: str = "",
    language: str = "",
    email_opt_out: bool = False,
    guardian: GuardianInput | None = None,
) -> tuple[Patient, list[SoftWarning]]:
    """Register a patient. Returns the patient, and warnings: a likely duplicate, a phone that is no number.

    Raises `Invalid` for each field that cannot be, all at once.
    """
    patient = Patient(
        first_name=trimmed(first_name),
        last_name=trimmed(last_name),
        date_of_birth=date_of_birth,
        sex=sex,
        home_location=home_location,
        email=trimmed(email),
        phone=trimmed(phone),
        language=language or home_location.language,
        email_opt_out=email_opt_out,
    )
    _check(patient)
    warnings = _warnings(patient)
    with recorded():
        patient.save()
        patient.refresh_from_db(fields=["mrn"])
        _set_guardian(patient, guardian)
    return patient, warnings


def patient_update(*, patient_id: UUID, changes: Mapping[str, Any]) -> tuple[Patient, list[SoftWarning]]:
    """Change identity, contact or guardian (`None` removes the guardian). Keys as in `patient_create`."""
    with recorded():
        patient = lock(Patient.objects.select_related("home_location"), patient_id)
        was_reachable = patient.is_reachable_by_email
        if changes.get("email", patient.email) != patient.email:
            patient.email_bounced_at = None
        for name in FIELDS:
            if name in changes:
                value = changes[name]
                setattr(patient, name, trimmed(value) if isinstance(value, str) else value)
        _check(patient)
        warnings = _warnings(patient)
        patient.save()
        if "guardian" in changes:
            _set_guardian(patient, changes["guardian"])
        if was_reachable and not patient.is_reachable_by_email:
            for act in _when_unreachable:
                act(patient)
    return patient, warnings


def consent_give(
    *, patient: Patient, document: ConsentDocument, signed_name: str, signed_on: date, by: User | None
) -> Consent:
    """Record a signature under `document`; a consent given under an older version of it is superseded.

    A document that the patient has signed already is not signed again: the standing consent is returned.
    """
    if says_nothing(signed_name):
        raise Invalid("The consent carries the signer's name.", code="required", attr="signed_name")
    if signed_on > clock.today(patient.home_location.zone):
        raise Invalid("A signature cannot be in the future.", attr="signed_on")
    if signed_on < patient.date_of_birth:
        raise Invalid(f"The patient was born on {date_in_full(patient.date_of_birth)}.", attr="signed_on")
    with recorded():
        lock(Patient.objects.all(), patient.pk)
        standing = Consent.objects.filter(patient=patient, document=document, status=Consent.Status.GIVEN).first()
        if standing is not None:
            return standing
        for older in Consent.objects.filter(
            patient=patient,
            document__purpose=document.purpose,
            document__modality=document.modality,
            status__in=Consent.MAY_SUPERSEDE,
        ):
            older.status, older.superseded_at = Consent.Status.SUPERSEDED, clock.now()
            older.save()
        return Consent.objects.create(
            patient=patient,
            document=document,
            signed_name=signed_name,
            signed_on=signed_on,
            text_as_signed=document.text,
            recorded_by=by,
        )


def consent_withdraw(*, consent_id: UUID, reason: str) -> Consent:
    """The patient withdraws: what rests on this consent cannot go on."""
    with recorded(reason):
        consent = lock(Consent.objects.all(), consent_id)
        check_allowed("The consent", consent.status, "withdrawing", Consent.MAY_WITHDRAW)
        consent.status, consent.withdrawn_at = Consent.Status.WITHDRAWN, clock.now()
        consent.withdrawal_reason = reason
        consent.save()
    return consent


def consent_document_create(
    *, purpose: str, modality: str, version_label: str, title: str, text: str, in_force_from: date
) -> ConsentDocument:
    """Put a new version in force; the one in force until now ends with it."""
    with recorded():
        for older in ConsentDocument.objects.select_for_update().filter(
            purpose=purpose, modality=modality, in_force_until__isnull=True
        ):
            older.in_force_until = in_force_from
            older.save()
        return ConsentDocument.objects.create(
            purpose=purpose,
            modality=modality,
            version_label=version_label,
            title=title,
            text=text,
            in_force_from=in_force_from,
        )


def _check(patient: Patient) -> None:
    today = clock.today(patient.home_location.zone)
    faults = [
        Invalid("A patient has a first and a last name.", code="required", attr=name)
        for name in ("first_name", "last_name")
        if says_nothing(getattr(patient, name))
    ]
    if patient.date_of_birth > today:
        faults.append(
            Invalid(
                f"{date_in_full(patient.date_of_birth)} is in the future; today is {date_in_full(today)}.",
                attr="date_of_birth",
            )
        )
    elif patient.date_of_birth < OLDEST:
        faults.append(Invalid(f"The date of birth must be {date_in_full(OLDEST)} or later.", attr="date_of_birth"))
    if patient.sex not in Patient.Sex.values:
        faults.append(Invalid(f"“{patient.sex}” is not one of {', '.join(Patient.Sex.values)}.", attr="sex"))
    languages = [code for code, _ in settings.LANGUAGES]
    if patient.language not in languages:
        faults.append(Invalid(f"“{patient.language}” is not one of {', '.join(languages)}.", attr="language"))
    if patient.email:
        try:
            validate_email(patient.email)
        except ValidationError:
            faults.append(Invalid(f"“{patient.email}” is not an email address.", attr="email"))
    patient.phone_digits = phone_digits(patient.phone, patient.home_location.country)
    Invalid.gather(faults)


def _warnings(patient: Patient) -> list[SoftWarning]:
    found = []
    if patient.phone and not patient.phone_digits:
        found.append(SoftWarning("phone", "unusual", f"“{patient.phone}” does not look like a phone number."))
    duplicates = likely_duplicates(
        first_name=patient.first_name,
        last_name=patient.last_name,
        date_of_birth=patient.date_of_birth,
        phone=patient.phone,
        country=patient.home_location.country,
    ).filter(home_location=patient.home_location_id)
    found += [
        SoftWarning("last_name", "likely_duplicate", f"{other.full_name} ({other.mrn}) may be the same person.")
        for other in duplicates.exclude(pk=patient.pk)[:3]
    ]
    return found


def _set_guardian(patient: Patient, guardian: GuardianInput | None) -> None:
    if guardian is None:
        Guardian.objects.filter(patient=patient).delete()
        return
    if says_nothing(guardian.name) or says_nothing(guardian.relationship):
        raise Invalid("A guardian has a name and a relationship.", code="required", attr="guardian")
    Guardian.objects.update_or_create(
        patient=patient,
        defaults={
            "name": guardian.name,
            "relationship": guardian.relationship,
            "phone": guardian.phone,
            "email": guardian.email,
        },
    )
