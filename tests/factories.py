"""Valid objects for tests, made with as few words as the test needs to say.

People and places are inserted directly; everything clinical goes through the services, so a factory cannot make what
the product could not.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from clinic import clock
from clinic.access.roles import Role
from clinic.people.models import Membership, Modality, Practitioner, Qualification, User
from clinic.places.models import Location, OpeningHours, Room, Weekday
from patients.models import ConsentDocument, Patient
from patients.services import consent_document_create, patient_create
from plans.consultations.models import Consultation, ScreeningItem
from plans.consultations.services import CauseInput, SeverityInput, consultation_create, consultation_sign
from plans.protocols.models import Protocol
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import (
    ComponentInput,
    ConsentInput,
    plan_accept,
    plan_create,
    plan_propose,
    session_perform,
    session_start,
)

PASSWORD = "long-enough-for-tests"
NEW_YORK, MADRID = "America/New_York", "Europe/Madrid"
_numbers = count(1)

RECORDS: dict[str, dict[str, Any]] = {
    Modality.PRP: {
        "blood_drawn_ml": Decimal(30),
        "anticoagulant": "acd_a",
        "spins": [{"rcf_g": 300, "minutes": Decimal(10)}, {"rcf_g": 700, "minutes": Decimal(10)}],
        "yield_ml": Decimal(6),
        "leukocytes": "poor",
        "activation": "none",
        "injected_ml": Decimal(5),
    },
    Modality.STEM_CELL: {
        "source": "adipose",
        "method": "mechanical_svf",
        "harvest_site": "abdomen",
        "harvested_ml": Decimal(60),
        "viable_cells_10e6": Decimal(40),
        "viability_pct": Decimal(85),
        "passage": 0,
        "injected_ml": Decimal(5),
    },
    Modality.MICRONEEDLING: {
        "device": "pen",
        "needle_length_mm": Decimal("1.0"),
        "passes": 6,
        "endpoint": "erythema",
    },
    Modality.EXOSOME: {
        "source": "allogeneic",
        "particles_per_ml": 10**9,
        "dose_ml": Decimal(3),
        "route": "topical",
    },
}
"""A usual record of each modality: inside every soft range."""


def make_location(
    name: str = "", *, timezone: str = NEW_YORK, hours: tuple[str, str] = ("08:00", "18:00"), **fields: Any
) -> Location:
    """A location open on weekdays, with two rooms that take every modality."""
    location = Location.objects.create(
        name=name or f"Location {next(_numbers)}",
        timezone=timezone,
        phone="+1 212 555 0100",
        email="desk@linden.example",
        country="US" if timezone == NEW_YORK else "ES",
        **fields,
    )
    opens, closes = (time.fromisoformat(text) for text in hours)
    OpeningHours.objects.bulk_create(
        OpeningHours(location=location, weekday=day, opens_at=opens, closes_at=closes)
        for day in Weekday.values
        if day <= Weekday.FRIDAY
    )
    for position in (1, 2):
        make_room(location, f"Room {position}", position=position)
    return location


def make_room(location: Location, name: str = "", **fields: Any) -> Room:
    return Room.objects.create(
        location=location, name=name or f"Room {next(_numbers)}", **{"modalities": Modality.values, **fields}
    )


def make_user(*roles: tuple[Location, Role], email: str = "", **fields: Any) -> User:
    """A person who signs in with `PASSWORD` and holds these roles."""
    number = next(_numbers)
    user = User.objects.create_user(
        email or f"person{number}@clinic.example",
        PASSWORD,
        **{"first_name": "Person", "last_name": f"Number{number}", **fields},
    )
    Membership.objects.bulk_create(Membership(user=user, location=location, role=role) for location, role in roles)
    return user


def make_practitioner(location: Location, *, modalities: list[str] | None = None, **fields: Any) -> Practitioner:
    """A practitioner of this location, qualified for every modality unless told otherwise."""
    practitioner = Practitioner.objects.create(user=make_user((location, Role.PRACTITIONER), **fields), title="Dr")
    Qualification.objects.bulk_create(
        Qualification(practitioner=practitioner, modality=modality)
        for modality in (Modality.values if modalities is None else modalities)
    )
    return practitioner


def make_patient(location: Location, **fields: Any) -> Patient:
    number = next(_numbers)
    patient, _ = patient_create(
        **{
            "first_name": "Mock",
            "last_name": f"Patient{number}",
            "date_of_birth": date(1985, 5, 17),
            "sex": "female",
            "home_location": location,
            "email": f"patient{number}@example.com",
            "phone": "+1 212 555 0141",
            **fields,
        }
    )
    return patient


def make_documents() -> dict[str, ConsentDocument]:
    """The consent document in force for each modality, made where it is missing."""
    documents = {
        document.modality: document
        for document in ConsentDocument.objects.filter(purpose="treatment", in_force_until__isnull=True)
    }
    for modality in Modality:
        if modality not in documents:
            documents[modality] = consent_document_create(
                purpose="treatment",
                modality=modality,
                version_label="1",
                title=f"Consent to {modality.label}",
                text="What it is, what it can and cannot do, its risks.",
                in_force_from=date(2020, 1, 1),
            )
    return documents


def unremarkable_screening() -> dict[str, bool | Decimal]:
    """An answer to every item that raises nothing."""
    return {item.code: item.unremarkable for item in ScreeningItem.objects.filter(is_active=True)}


def make_consultation(
    patient: Patient, practitioner: Practitioner, *, signed: bool = True, **fields: Any
) -> Consultation:
    consultation = consultation_create(
        **{
            "by": practitioner.user,
            "patient": patient,
            "practitioner": practitioner,
            "location": patient.home_location,
            "occurred_at": clock.now() - timedelta(minutes=30),
            "causes": [CauseInput("L64.9", "genetic", is_primary=True)],
            "severity": SeverityInput("norwood_hamilton", "III-vertex"),
            "goals": "Keep what is there.",
            "screening": unremarkable_screening(),
            "candidacy": "candidate",
            **fields,
        }
    )
    return consultation_sign(consultation_id=consultation.pk, by=practitioner.user) if signed else consultation


def make_plan(
    patient: Patient,
    practitioner: Practitioner,
    *,
    protocol: str = "prp",
    status: str = "accepted",
    start_date: date | None = None,
    consultation: Consultation | None = None,
) -> TreatmentPlan:
    """A plan in *draft*, *proposed* or *accepted*, from a signed consultation."""
    plan = plan_create(
        by=practitioner.user,
        consultation=consultation or make_consultation(patient, practitioner),
        protocol=Protocol.objects.get(code=protocol, is_current=True),
        lead_practitioner=practitioner,
        start_date=start_date or clock.today(patient.home_location.zone),
    )
    if status == "draft":
        return plan
    plan = plan_propose(plan_id=plan.pk)
    if status == "proposed":
        return plan
    documents = make_documents()
    modalities = set(plan.sessions.values_list("components__modality", flat=True))
    return plan_accept(
        plan_id=plan.pk,
        by=practitioner.user,
        accepted_on=clock.today(patient.home_location.zone),
        consents=[
            ConsentInput(modality, documents[modality].version_label, patient.full_name) for modality in modalities
        ],
    )


def components_of(session: ProcedureSession) -> list[ComponentInput]:
    """A usual record for each component of this session."""
    return [ComponentInput(component.modality, RECORDS[component.modality]) for component in session.components.all()]


def perform(session: ProcedureSession, practitioner: Practitioner, *, at: datetime | None = None) -> ProcedureSession:
    """Start and perform a session with usual records."""
    session_start(session_id=session.pk, by=practitioner.user)
    return session_perform(
        session_id=session.pk,
        by=practitioner.user,
        performed_at=at or clock.now(),
        components=components_of(session),
        zones=["vertex"],
    )


def local(location: Location, day: date, hour: str) -> datetime:
    """The instant at which it is `hour` (HH:MM) on `day` at this location."""
    return datetime.combine(day, time.fromisoformat(hour), location.zone).astimezone(UTC)


def next_weekday(location: Location, *, after_days: int = 1) -> date:
    """The first weekday at least `after_days` from today at this location."""
    day = clock.today(location.zone) + timedelta(days=after_days)
    while day.isoweekday() > Weekday.FRIDAY:
        day += timedelta(days=1)
    return day
