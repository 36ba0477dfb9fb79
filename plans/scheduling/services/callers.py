"""Somebody new, on the phone or at the desk: registered, and booked or begun, in one transaction or not at all."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from clinic.access.visibility import visible
from clinic.audit.history import recorded
from clinic.errors import Conflict, SoftWarning
from clinic.locking import hold
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from patients.models import Patient
from patients.queries import likely_duplicates
from patients.services import LIKELY_DUPLICATE, GuardianInput, patient_create
from plans.scheduling.models import Appointment
from plans.scheduling.services.booking import appointment_book
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.walk_in import walk_in_begin

SAME_AT_MOST = 5
_CALLERS = UUID("0d7c0a3e-6f0b-5f5a-9c0e-3f1f6c1d2b84")
"""Under this name two desks that register people of one birthday wait for each other."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A person who is not registered yet."""

    first_name: str
    last_name: str
    date_of_birth: date
    sex: str = Patient.Sex.UNKNOWN
    phone: str = ""
    email: str = ""
    language: str = ""
    guardian: GuardianInput | None = None


@retried
def caller_book(
    *,
    by: User | None,
    caller: Caller,
    location: Location,
    practitioner: Practitioner,
    starts_at: datetime,
    note: str = "",
    is_somebody_else: bool = False,
) -> tuple[Appointment, list[SoftWarning]]:
    """Register the caller and book their first consultation, both or neither. Returns the visit, and warnings.

    Raises `Conflict` (`likely_duplicate`) where the person may be registered already, unless `is_somebody_else` says
    that a person looked; what `patient_create` and `appointment_book` raise.
    """
    with recorded():
        patient, warnings = _register(by, caller, location, is_somebody_else)
        appointment = appointment_book(
            by=by,
            location=location,
            practitioner=practitioner,
            starts_at=starts_at,
            consultation_for=patient,
            note=note,
        )
    return appointment, warnings


@retried
def caller_walk_in(
    *,
    by: User | None,
    caller: Caller,
    location: Location,
    practitioner: Practitioner | None = None,
    starts_at: datetime | None = None,
    note: str = "",
    is_somebody_else: bool = False,
) -> tuple[Appointment, list[SoftWarning]]:
    """Register somebody who is here, and begin their consultation, both or neither. Returns the visit, and warnings.

    Raises as `caller_book` does, and what `walk_in_begin` raises.
    """
    with recorded():
        patient, warnings = _register(by, caller, location, is_somebody_else)
        appointment = walk_in_begin(
            by=by,
            location=location,
            practitioner=practitioner,
            consultation_for=patient,
            starts_at=starts_at,
            note=note,
        )
    return appointment, warnings


@retried
def caller_register(
    *, by: User | None, caller: Caller, location: Location, is_somebody_else: bool = False
) -> tuple[Patient, list[SoftWarning]]:
    """Register the caller without a visit: they will call back. Returns the patient, and warnings. Raises likewise."""
    with recorded():
        return _register(by, caller, location, is_somebody_else)


def likely_same(caller: Caller, location: Location, by: User | None) -> list[Patient]:
    """Registered patients, of those `by` may see, who may be the caller: a few at most."""
    found = likely_duplicates(
        first_name=caller.first_name,
        last_name=caller.last_name,
        date_of_birth=caller.date_of_birth,
        phone=caller.phone,
        email=caller.email,
        country=location.country,
    )
    found = visible(found, by) if by is not None else found.filter(home_location=location)
    return list(found.order_by("last_name", "first_name", "id")[:SAME_AT_MOST])


def _register(
    by: User | None, caller: Caller, location: Location, is_somebody_else: bool
) -> tuple[Patient, list[SoftWarning]]:
    hold(uuid5(_CALLERS, str(caller.date_of_birth)))
    same = [] if is_somebody_else else likely_same(caller, location, by)
    if same:
        names = ", ".join(f"{patient.full_name} ({patient.mrn})" for patient in same)
        raise Conflict(
            f"{names} may be the same person.",
            code=LIKELY_DUPLICATE,
            extra={"patients": [str(patient.pk) for patient in same]},
        )
    patient, warnings = patient_create(
        first_name=caller.first_name,
        last_name=caller.last_name,
        date_of_birth=caller.date_of_birth,
        sex=caller.sex,
        home_location=location,
        email=caller.email,
        phone=caller.phone,
        language=caller.language,
        guardian=caller.guardian,
    )
    # Whether it is the same person was decided a moment ago.
    return patient, [warning for warning in warnings if warning.code != LIKELY_DUPLICATE]
