"""Writes consents, and the documents under which they are given."""

from datetime import date
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Invalid, check_allowed
from clinic.locking import lock
from clinic.people.models import User
from clinic.text import says_nothing
from clinic.words import date_in_full
from patients.models import Consent, ConsentDocument, Patient
from patients.services.standing import patient_lock


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
        patient_lock(patient_id=patient.pk)
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
