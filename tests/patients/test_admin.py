from datetime import date

import pytest

from clinic.access.roles import Role
from patients.models import Allergy, Consent, ConsentDocument, Patient
from patients.services import patient_update
from tests.console import House, said, url, words
from tests.factories import make_consultation, make_documents, make_location, make_patient, make_plan

DESK, PRACTITIONER, ASSISTANT, MANAGER = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER
LIST, ADD = "/admin/patients/patient/", "/admin/patients/patient/add/"


@pytest.fixture
def house(db, frozen):
    return House()


def form(house: House, **changes: str) -> dict[str, str]:
    return {
        "first_name": "Mock",
        "last_name": "Dogwood",
        "date_of_birth": "1997-03-14",
        "sex": "female",
        "home_location": str(house.location.pk),
        "email": "mock@example.com",
        "phone": "+1 212 555 0141",
        "language": "en",
    } | changes


def test_the_desk_registers_a_patient_with_a_guardian(house):
    response = house.post(DESK, ADD, **form(house, guardian_name="Ada Dogwood", guardian_relationship="Mother"))
    patient = Patient.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, url(patient))
    assert (patient.mrn[:4], patient.guardian.name) == ("MRN-", "Ada Dogwood")


@pytest.mark.parametrize("name", ["Ωμέγα 🌿", "محمد", "O’Neill-Åström"])
def test_any_name_is_kept_as_it_is(house, name):
    house.post(DESK, ADD, **form(house, first_name=name))
    patient = Patient.objects.get()
    assert patient.first_name == name
    assert name in words(house.get(DESK, url(patient)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"date_of_birth": "2030-01-01"}, "is in the future"),
        ({"date_of_birth": "1850-01-01"}, "must be 1 January 1900 or later"),
        ({"email": "nonsense"}, "valid email"),
        ({"first_name": "a\x00b"}, "Null characters are not allowed"),
        ({"guardian_phone": "+1 212 555 0100"}, "A guardian has a name and a relationship"),
        ({"sex": "x"}, "Sex: “x” is not possible; allowed is Female, Male"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(house, changes, says):
    response = house.post(DESK, ADD, **form(house, **changes))
    assert response.status_code == 200
    assert says in words(response)
    assert not Patient.objects.exists()


def test_a_likely_duplicate_is_a_warning_and_no_refusal(house):
    house.post(DESK, ADD, **form(house))
    response = house.post(DESK, ADD, **form(house, email=""))
    assert Patient.objects.count() == 2
    assert any("may be the same person" in message for message in said(response))


def test_a_patient_cannot_be_put_where_one_has_no_right(house):
    elsewhere = make_location()
    response = house.post(DESK, ADD, **form(house, home_location=str(elsewhere.pk)))
    assert response.status_code == 200
    assert not Patient.objects.exists()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(house):
    patient = make_patient(house.location)
    page = words(house.get(DESK, url(patient)))
    assert f'name="_version" value="{patient.version}"' in page
    patient_update(patient_id=patient.pk, changes={"phone": "+1 212 555 0199"})
    response = house.post(DESK, url(patient), **form(house, _version=str(patient.version)))
    assert response.status_code == 200
    assert "has changed since it was read" in words(response)
    patient.refresh_from_db()
    assert patient.phone == "+1 212 555 0199"


@pytest.mark.parametrize("text", ["dogwood", "mock dog", "(212) 555-0141", "0141", "mock@example.com", "mrn"])
def test_a_patient_is_found_by_name_number_phone_and_email(house, text):
    house.post(DESK, ADD, **form(house))
    make_patient(house.location, first_name="Other", last_name="Person", phone="+1 212 555 0999")
    patient = Patient.objects.get(last_name="Dogwood")
    text = patient.mrn if text == "mrn" else text
    page = words(house.get(DESK, f"{LIST}?q={text}"))
    assert "Dogwood, Mock" in page
    assert "Person, Other" not in page
    assert "Mock Dogwood" in words(house.get(DESK, f"/admin/search/?s={text}"))


def test_the_list_shows_the_next_visit_and_the_plan(house):
    patient = make_patient(house.location)
    make_plan(patient, house.practitioner)
    page = words(house.get(DESK, LIST))
    assert "Next visit" in page
    assert "Accepted" in page


def test_the_list_costs_the_same_for_many_patients(house, django_assert_max_num_queries):
    with django_assert_max_num_queries(9) as few:
        house.get(DESK, LIST)
    for _ in range(8):
        make_patient(house.location)
    with django_assert_max_num_queries(len(few)):
        house.get(DESK, LIST)


def test_the_desk_sees_who_and_when_and_nothing_clinical(house):
    patient = make_patient(house.location)
    Allergy.objects.create(patient=patient, substance="Lidocaine")
    consultation = make_consultation(patient, house.practitioner, goals="Secret goals", notes="Secret notes")
    plan = make_plan(patient, house.practitioner, consultation=consultation)
    desk = "".join(words(house.get(DESK, url(row))) for row in (patient, plan, plan.sessions.earliest("sequence")))
    assert "Session 1 of 3 · PRP" in desk
    for secret in ("Lidocaine", "L64.9", "Secret", "III-vertex", "Consultation of"):
        assert secret not in desk
    assert "Lidocaine" in words(house.get(PRACTITIONER, url(patient)))
    assert "Secret goals" in words(house.get(PRACTITIONER, url(consultation)))


def test_an_assistant_adds_an_allergy_and_a_practitioner_removes_it(house):
    patient = make_patient(house.location)
    added = house.post(
        ASSISTANT, f"/admin/patients/allergy/add/?patient={patient.pk}", substance="Latex", severity="severe"
    )
    assert (added.status_code, added.headers["Location"]) == (303, url(patient))
    allergy = Allergy.objects.get(patient=patient, substance="Latex")
    assert house.post(ASSISTANT, url(allergy, "delete")).status_code == 403
    removed = house.post(PRACTITIONER, url(allergy, "delete"))
    assert (removed.status_code, removed.headers["Location"]) == (303, url(patient))
    assert not Allergy.objects.exists()


def test_an_allergy_needs_a_patient_that_the_reader_sees(house):
    elsewhere = make_patient(make_location())
    for key in (elsewhere.pk, "nonsense", ""):
        path = f"/admin/patients/allergy/add/?patient={key}"
        assert house.post(PRACTITIONER, path, substance="Latex", severity="mild").status_code == 404


def test_a_consent_is_recorded_and_withdrawn_with_its_reason(house):
    patient, documents = make_patient(house.location), make_documents()
    house.act(
        PRACTITIONER,
        patient,
        "give_consent",
        document=str(documents["prp"].pk),
        signed_name="Mock Patient",
        signed_on="2026-03-02",
    )
    consent = Consent.objects.get(patient=patient)
    assert consent.recorded_by == house.practitioner.user
    house.act(PRACTITIONER, consent, "withdraw", reason="Changed their mind")
    consent.refresh_from_db()
    assert (consent.status, consent.withdrawal_reason) == ("withdrawn", "Changed their mind")
    assert house.act(DESK, consent, "withdraw", reason="No").status_code == 403


def test_a_new_version_of_a_document_ends_the_one_before(house):
    old = make_documents()["prp"]
    response = house.post(
        MANAGER,
        "/admin/patients/consentdocument/add/",
        purpose="treatment",
        modality="prp",
        version_label="2",
        title="Consent to PRP",
        text="New words.",
        in_force_from="2026-03-02",
    )
    assert response.status_code == 303
    old.refresh_from_db()
    assert old.in_force_until == date(2026, 3, 2)
    assert ConsentDocument.objects.filter(modality="prp", in_force_until=None).get().version_label == "2"
    assert house.post(MANAGER, url(old), title="Other words").status_code == 403
