"""Reads patients."""

from django.db.models import Q, QuerySet

from patients.models import ConsentDocument, Patient
from patients.rules import phone_digits


def patients_in_full() -> QuerySet[Patient]:
    """Patients with home location and guardian: one query."""
    return Patient.objects.select_related("home_location", "guardian")


def search(patients: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Patients whose name, record number, phone or email `text` begins or is; every word must be found.

    A phone number is found in any spelling, by its last digits too.
    """
    words = text.split()
    if not words:
        return patients
    digits = "".join(character for character in text if character.isdigit())
    by_name = Q()
    for word in words:
        by_name &= (
            Q(first_name__istartswith=word)
            | Q(last_name__istartswith=word)
            | Q(last_name__icontains=f" {word}")
            | Q(first_name__icontains=f" {word}")
        )
    found = by_name | Q(mrn__iexact=text.strip()) | Q(email__iexact=text.strip())
    if len(digits) >= 4:
        found |= Q(phone_digits__endswith=digits)
        if not any(character.isalpha() for character in text):
            found |= Q(mrn__endswith=digits)
    return patients.filter(found)


def likely_duplicates(
    *, first_name: str, last_name: str, date_of_birth: object, phone: str, country: str
) -> QuerySet[Patient]:
    """Patients who may be this person: same name and birth date, or same birth date and phone."""
    digits = phone_digits(phone, country)
    same = Q(first_name__iexact=first_name.strip(), last_name__iexact=last_name.strip(), date_of_birth=date_of_birth)
    if digits:
        same |= Q(phone_digits=digits, date_of_birth=date_of_birth)
    return Patient.objects.filter(same)


def documents_in_force() -> QuerySet[ConsentDocument]:
    """The treatment documents a patient signs at present, one a modality."""
    return ConsentDocument.objects.filter(
        purpose=ConsentDocument.Purpose.TREATMENT, in_force_until__isnull=True
    ).order_by("modality")
