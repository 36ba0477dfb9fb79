"""Patients and consents through their services."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic import clock
from clinic.errors import Invalid, InvalidTransition
from patients.models import Patient
from patients.queries import search
from patients.rules import phone_digits
from patients.services import (
    GuardianInput,
    consent_document_create,
    consent_give,
    consent_withdraw,
    patient_create,
    patient_update,
)
from tests import factories


@pytest.fixture
def location():
    return factories.make_location()


@pytest.mark.parametrize(
    ("written", "country", "digits"),
    [
        ("(212) 555-0141", "US", "12125550141"),
        ("+1 212 555 0141", "ES", "12125550141"),
        ("910 55 50 10", "ES", "34910555010"),
        ("0034 910 555 010", "ES", "34910555010"),
        ("call me", "US", ""),
        ("", "US", ""),
    ],
)
def test_a_phone_number_has_one_spelling(written, country, digits):
    assert phone_digits(written, country) == digits


@given(text=st.text(max_size=40), country=st.sampled_from(["US", "ES", ""]))
def test_any_text_is_a_phone_number_or_none(text, country):
    assert phone_digits(text, country).isdigit() or phone_digits(text, country) == ""


@pytest.mark.django_db
class TestRegistering:
    def test_a_patient_gets_a_record_number_of_their_own(self, location):
        one, other = factories.make_patient(location), factories.make_patient(location)
        assert one.mrn.startswith("MRN-")
        assert one.mrn != other.mrn

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("first_name", "  "),
            ("last_name", ""),
            ("date_of_birth", date(1899, 12, 31)),
            ("date_of_birth", date(2199, 1, 1)),
            ("sex", "martian"),
            ("email", "not an address"),
            ("email", "a@b.example\nBcc: c@d.example"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field(self, location, field, value):
        with pytest.raises(Invalid) as refused:
            factories.make_patient(location, **{field: value})
        assert refused.value.attr == field
        assert not Patient.objects.exists()

    def test_all_faults_are_named_at_once(self, location):
        with pytest.raises(Invalid) as refused:
            factories.make_patient(location, first_name="", sex="martian", email="x")
        assert {refused.value.attr, *(other.attr for other in refused.value.others)} == {"first_name", "sex", "email"}

    def test_a_likely_duplicate_is_a_warning_and_never_a_refusal(self, location):
        first = factories.make_patient(location, first_name="Mock", last_name="Dogwood")
        _, warnings = patient_create(
            first_name="mock",
            last_name="DOGWOOD",
            date_of_birth=first.date_of_birth,
            sex="female",
            home_location=location,
        )
        assert [warning.code for warning in warnings] == ["likely_duplicate"]
        assert first.mrn in warnings[0].detail
        assert Patient.objects.count() == 2

    def test_a_family_may_share_an_email_and_a_phone(self, location):
        for name in ("Ann", "Ben"):
            factories.make_patient(location, first_name=name, email="family@example.com", phone="+1 212 555 0123")
        assert Patient.objects.filter(email="family@example.com").count() == 2

    def test_a_guardian_is_kept_and_can_be_removed(self, location):
        patient = factories.make_patient(location, guardian=GuardianInput("Pat Parent", "mother"))
        assert patient.guardian.name == "Pat Parent"
        patient_update(patient_id=patient.pk, changes={"guardian": None})
        assert not Patient.objects.get(pk=patient.pk).__dict__.get("guardian")
        assert Patient.objects.filter(guardian__isnull=False).count() == 0

    def test_a_guardian_whom_no_mail_reaches_is_refused_whole(self, location):
        patient = factories.make_patient(location)
        guardian = GuardianInput("Pat Parent", "mother", email="pat@exa mple.com")
        with pytest.raises(Invalid, match="mail reaches") as refused:
            patient_update(patient_id=patient.pk, changes={"first_name": "Other", "guardian": guardian})
        assert refused.value.attr == "guardian.email"
        assert Patient.objects.get(pk=patient.pk).first_name == patient.first_name


@pytest.mark.django_db
class TestSearching:
    @pytest.mark.parametrize(
        "text",
        ["dogw", "Mock", "mock dog", "dogwood mock", "212 555 0141", "5550141", "+1-212-555-0141", "M.DOG@example.com"],
    )
    def test_finds_by_name_phone_and_email(self, location, text):
        wanted = factories.make_patient(
            location, first_name="Mock", last_name="Dogwood", phone="(212) 555-0141", email="m.dog@example.com"
        )
        factories.make_patient(location, first_name="Other", last_name="Person", phone="+1 212 555 0999")
        assert list(search(Patient.objects.all(), text)) == [wanted]

    def test_finds_by_record_number(self, location):
        wanted = factories.make_patient(location)
        factories.make_patient(location)
        assert list(search(Patient.objects.all(), wanted.mrn.lower())) == [wanted]

    def test_finds_nothing_for_what_nobody_is_called(self, location):
        factories.make_patient(location)
        assert not search(Patient.objects.all(), "zzz").exists()


@pytest.mark.django_db
class TestConsents:
    def test_the_text_is_kept_as_signed(self, location):
        patient = factories.make_patient(location)
        document = factories.make_documents()["prp"]
        consent = consent_give(
            patient=patient, document=document, signed_name="M. P.", signed_on=date(2026, 1, 5), by=None
        )
        document.text = "Something else"
        document.save()
        consent.refresh_from_db()
        assert consent.text_as_signed != "Something else"
        assert consent.signed_name == "M. P."

    def test_a_newer_version_supersedes_the_older_consent(self, location):
        patient = factories.make_patient(location)
        older = consent_give(
            patient=patient,
            document=factories.make_documents()["prp"],
            signed_name="M. P.",
            signed_on=date(2026, 1, 5),
            by=None,
        )
        newer = consent_document_create(
            purpose="treatment",
            modality="prp",
            version_label="2",
            title="Consent",
            text="New text",
            in_force_from=date(2026, 1, 6),
        )
        consent_give(patient=patient, document=newer, signed_name="M. P.", signed_on=date(2026, 1, 7), by=None)
        older.refresh_from_db()
        assert older.status == "superseded"

    def test_a_withdrawn_consent_is_not_withdrawn_again(self, location):
        consent = consent_give(
            patient=factories.make_patient(location),
            document=factories.make_documents()["prp"],
            signed_name="M. P.",
            signed_on=date(2026, 1, 5),
            by=None,
        )
        consent_withdraw(consent_id=consent.pk, reason="")
        with pytest.raises(InvalidTransition):
            consent_withdraw(consent_id=consent.pk, reason="")

    def test_a_signature_lies_neither_in_the_future_nor_before_birth(self, location):
        patient = factories.make_patient(location)
        for day in (clock.today(location.zone) + timedelta(2), patient.date_of_birth - timedelta(1)):
            with pytest.raises(Invalid) as refused:
                consent_give(
                    patient=patient,
                    document=factories.make_documents()["prp"],
                    signed_name="M. P.",
                    signed_on=day,
                    by=None,
                )
            assert refused.value.attr == "signed_on"
        assert not patient.consents.exists()
