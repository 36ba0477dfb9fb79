"""Writes patients and their guardians: identity, contact, and when they like to come."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, time
from typing import Any
from uuid import UUID

from django.conf import settings

from clinic import clock
from clinic.audit.history import recorded
from clinic.constraints import trim_texts
from clinic.errors import Invalid, SoftWarning
from clinic.mailboxes import is_mailable
from clinic.places.models import Location, Weekday
from clinic.text import says_nothing
from clinic.words import age, date_in_full
from patients.models import Guardian, Patient
from patients.queries import likely_duplicates
from patients.rules import needs_guardian, phone_digits
from patients.services.standing import MailState, mail_changed, mail_goes_on_from, patient_lock

LIKELY_DUPLICATE = "likely_duplicate"
OLDEST = date(1900, 1, 1)
NOT_MAILABLE = "“{}” is not an email address that mail reaches."
FIELDS = (
    "first_name",
    "last_name",
    "date_of_birth",
    "sex",
    "home_location",
    "email",
    "phone",
    "language",
    "confidential_email",
    "email_opt_out",
    "unwanted_mail",
    "preferred_weekdays",
    "preferred_from",
    "preferred_until",
)


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
    confidential_email: str = "",
    email_opt_out: bool = False,
    unwanted_mail: Sequence[str] = (),
    preferred_weekdays: Sequence[int] = (),
    preferred_from: time | None = None,
    preferred_until: time | None = None,
    guardian: GuardianInput | None = None,
) -> tuple[Patient, list[SoftWarning]]:
    """Register a patient. Returns the patient, and warnings: a likely duplicate, a phone that is no number, a minor
    without a guardian.

    Raises `Invalid` for each field that cannot be, all at once.
    """
    patient = Patient(
        first_name=first_name,
        last_name=last_name,
        date_of_birth=date_of_birth,
        sex=sex,
        home_location=home_location,
        email=email,
        phone=phone,
        language=language or home_location.language,
        confidential_email=confidential_email,
        email_opt_out=email_opt_out,
        unwanted_mail=list(unwanted_mail),
        preferred_weekdays=list(preferred_weekdays),
        preferred_from=preferred_from,
        preferred_until=preferred_until,
    )
    check_patient(patient)
    warnings = _warnings(patient, has_guardian=guardian is not None)
    with recorded():
        patient.save()
        patient.refresh_from_db(fields=["mrn"])
        _set_guardian(patient, guardian)
    return patient, warnings


def patient_update(*, patient_id: UUID, changes: Mapping[str, Any]) -> tuple[Patient, list[SoftWarning]]:
    """Change identity, contact or guardian (`None` removes the guardian). Keys as in `patient_create`.

    Raises `Conflict` (`merged`) where the record went into another one.
    """
    with recorded():
        patient = patient_lock(patient_id=patient_id, rows=Patient.objects.select_related("home_location", "guardian"))
        before = MailState.of(patient)
        for name in FIELDS:
            if name in changes:
                setattr(patient, name, changes[name])
        check_patient(patient)
        mail_goes_on_from(patient, before)
        has_guardian = changes["guardian"] is not None if "guardian" in changes else hasattr(patient, "guardian")
        warnings = _warnings(patient, has_guardian=has_guardian)
        patient.save()
        if "guardian" in changes:
            _set_guardian(patient, changes["guardian"])
        mail_changed(patient, before)
    return patient, warnings


def check_patient(patient: Patient) -> None:
    """Trim the texts of the patient, then refuse what cannot be: `Invalid` for each column, all at once."""
    Invalid.gather(faults_of(patient))


def faults_of(patient: Patient) -> list[Invalid]:
    """What cannot be in any column of the patient, once its texts are trimmed and its lists in order."""
    trim_texts(patient)
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
    for name in ("email", "confidential_email"):
        address = getattr(patient, name)
        if address and not is_mailable(address):
            faults.append(Invalid(NOT_MAILABLE.format(address), attr=name))
    known = Patient.OptionalMail.values
    needed = [f"“{kind}”" for kind in patient.unwanted_mail if kind not in known]
    if needed:
        detail = f"{', '.join(needed)} is no mail that they may do without; allowed is {', '.join(known)}."
        faults.append(Invalid(detail, attr="unwanted_mail"))
    patient.unwanted_mail = [kind for kind in known if kind in patient.unwanted_mail]
    unknown = [day for day in patient.preferred_weekdays if day not in Weekday.values]
    if unknown:
        detail = f"{', '.join(map(str, unknown))} is no weekday; allowed is 1 (Monday) to 7 (Sunday)."
        faults.append(Invalid(detail, attr="preferred_weekdays"))
    patient.preferred_weekdays = sorted(set(patient.preferred_weekdays))
    begin, end = patient.preferred_from, patient.preferred_until
    if begin is not None and end is not None and begin >= end:
        detail = f"They cannot be done by {end:%H:%M} when they come at {begin:%H:%M} or later."
        faults.append(Invalid(detail, attr="preferred_until"))
    patient.phone_digits = phone_digits(patient.phone, patient.home_location.country)
    return faults


def _warnings(patient: Patient, *, has_guardian: bool) -> list[SoftWarning]:
    found = []
    years = age(patient.date_of_birth, clock.today(patient.home_location.zone))
    if needs_guardian(patient.date_of_birth, clock.today(patient.home_location.zone)) and not has_guardian:
        detail = f"{patient.full_name} is {years} years old and has no guardian on record."
        found.append(SoftWarning("guardian", "minor_without_guardian", detail))
    if patient.phone and not patient.phone_digits:
        found.append(SoftWarning("phone", "unusual", f"“{patient.phone}” does not look like a phone number."))
    duplicates = likely_duplicates(
        first_name=patient.first_name,
        last_name=patient.last_name,
        date_of_birth=patient.date_of_birth,
        phone=patient.phone,
        email=patient.email,
        country=patient.home_location.country,
    ).filter(home_location=patient.home_location_id)
    found += [
        SoftWarning("last_name", LIKELY_DUPLICATE, f"{other.full_name} ({other.mrn}) may be the same person.")
        for other in duplicates.exclude(pk=patient.pk)[:3]
    ]
    return found


def _set_guardian(patient: Patient, guardian: GuardianInput | None) -> None:
    if guardian is None:
        Guardian.objects.filter(patient=patient).delete()
        return
    if says_nothing(guardian.name) or says_nothing(guardian.relationship):
        raise Invalid("A guardian has a name and a relationship.", code="required", attr="guardian")
    if guardian.email.strip() and not is_mailable(guardian.email.strip()):
        raise Invalid(NOT_MAILABLE.format(guardian.email.strip()), attr="guardian.email")
    row = Guardian.objects.filter(patient=patient).first() or Guardian(patient=patient)
    for name, text in asdict(guardian).items():
        setattr(row, name, text)
    trim_texts(row)
    row.save()
