import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from clinic import clock
from clinic.access.roles import Role
from plans.consultations.models import Consultation, ScreeningItem
from plans.consultations.services import consultation_edit
from plans.scheduling.services import appointment_arrive, appointment_book
from tests.console import House, url, words
from tests.factories import make_consultation, make_location, make_patient

PRACTITIONER = Role.PRACTITIONER
ADD = "/admin/plans/consultation/add/"


@pytest.fixture
def house(db, frozen):
    return House()


def form(house, **changes):
    """A consultation whose screening is unremarkable, as the form sends it."""
    answers = {}
    for item in ScreeningItem.objects.filter(is_active=True):
        value = item.unremarkable
        answers[f"screening.{item.code}"] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return {
        "practitioner": str(house.practitioner.pk),
        "location": str(house.location.pk),
        "occurred_at_day": "2026-03-02",
        "occurred_at_time": "09:30",
        "severity_scale": "norwood_hamilton",
        "severity_value": "III-vertex",
        "goals": "Keep what is there.",
        "candidacy": "candidate",
        "notes": "",
        "causes-TOTAL_FORMS": "2",
        "causes-INITIAL_FORMS": "0",
        "causes-0-icd10": "L64.9",
        "causes-0-factor": "genetic",
        "causes-0-is_primary": "on",
        "causes-1-icd10": "",
        "causes-1-factor": "",
        **answers,
    } | changes


def test_a_consultation_is_drafted_signed_and_then_only_read(house):
    patient = make_patient(house.location, sex="male")
    response = house.post(PRACTITIONER, f"{ADD}?patient={patient.pk}", **form(house))
    draft = Consultation.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, url(draft))
    assert draft.occurred_at == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    assert [str(cause) for cause in draft.causes.all()] == ["L64.9 Androgenetic alopecia, unspecified"]
    assert draft.screening_answers.get(item__code="platelet-count").number == Decimal(250)
    assert "Draft: to sign" in words(house.get(PRACTITIONER, "/admin/"))
    assert house.act(PRACTITIONER, draft, "sign").status_code == 303
    draft.refresh_from_db()
    assert draft.signed_by == house.practitioner.user
    page = words(house.get(PRACTITIONER, url(draft)))
    assert "Everything is unremarkable." in page
    assert "Make a plan" in page
    assert "<textarea" not in page
    assert house.post(PRACTITIONER, url(draft), **form(house)).status_code == 403


def test_only_what_applies_to_the_patient_is_asked(house):
    def asked(sex):
        patient = make_patient(house.location, sex=sex)
        return words(house.get(PRACTITIONER, f"{ADD}?patient={patient.pk}"))

    assert "Pregnant or breast-feeding" in asked("female")
    assert "Pregnant or breast-feeding" not in asked("male")


@pytest.mark.parametrize(("born", "answer"), [("1984-03-02", "no"), ("2009-03-02", "yes")])
def test_whether_the_patient_is_of_age_is_answered_by_the_date_of_birth(house, born, answer):
    patient = make_patient(house.location, date_of_birth=date.fromisoformat(born))
    page = house.get(PRACTITIONER, f"{ADD}?patient={patient.pk}").content.decode()
    assert re.findall(r'name="screening\.under-18" value="(\w+)" checked', page) == [answer]


def test_a_draft_may_be_open_but_signing_names_what_is_missing(house):
    patient = make_patient(house.location)
    house.post(PRACTITIONER, f"{ADD}?patient={patient.pk}", **form(house, **{"screening.platelet-count": ""}))
    draft = Consultation.objects.get()
    response = house.act(PRACTITIONER, draft, "sign")
    assert response.status_code == 409
    assert "has no answer yet for: Platelet count." in words(response)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_what_is_signed_is_what_the_signature_was_asked_for(house):
    draft = make_consultation(make_patient(house.location), house.practitioner, signed=False)
    seen = draft.version
    assert "nothing stands out" in words(house.get(PRACTITIONER, url(draft, "sign")))
    answers = {answer.item.code: answer.value for answer in draft.screening_answers.select_related("item")}
    consultation_edit(consultation_id=draft.pk, changes={"screening": answers | {"sepsis": True}})
    response = house.act(PRACTITIONER, draft, "sign", _version=str(seen))
    assert (response.status_code, "has changed since it was read" in words(response)) == (409, True)
    draft.refresh_from_db()
    assert draft.status == "draft"
    asked = words(house.get(PRACTITIONER, url(draft, "sign")))
    assert "Stands out" in asked
    assert "Sepsis" in asked
    assert house.act(PRACTITIONER, draft, "sign", _version=str(draft.version)).status_code == 303


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"severity_value": "IX"}, "is not on this scale; it takes I, II"),
        ({"causes-0-icd10": "Z99.9"}, "Diagnosis (ICD-10): “Z99.9” is not possible; allowed is "),
        ({"causes-TOTAL_FORMS": "0"}, "Name at least one cause."),
        ({"causes-0-is_primary": ""}, "Exactly one cause is the primary one."),
        ({"occurred_at_day": "2026-03-03"}, "this is in the future"),
        ({"occurred_at_day": "1900-01-01"}, "The patient was born on"),
        ({"occurred_at_day": "nonsense"}, "Enter a valid date."),
        ({"screening.platelet-count": "-1"}, ": -1 ×10³/µL is not possible; allowed is 0–9,999,999.99"),
        ({"screening.sepsis": "perhaps"}, "“perhaps” is not possible; allowed is No, Yes."),
        ({"goals": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(house, changes, says):
    patient = make_patient(house.location, sex="male")
    response = house.post(PRACTITIONER, f"{ADD}?patient={patient.pk}", **form(house, **changes))
    assert response.status_code == 200
    assert says in words(response)
    assert not Consultation.objects.exists()


def test_a_draft_is_edited_and_its_causes_are_replaced(house):
    draft = make_consultation(make_patient(house.location), house.practitioner, signed=False)
    cause = draft.causes.get()
    changes = {
        "goals": "More hair.",
        "causes-INITIAL_FORMS": "1",
        "causes-0-id": str(cause.pk),
        "causes-0-consultation": str(draft.pk),
        "causes-0-icd10": "L65.0",
        "causes-0-factor": "stress",
        "causes-1-consultation": str(draft.pk),
        "causes-1-icd10": "L64.9",
        "causes-1-factor": "genetic",
    }
    assert house.post(PRACTITIONER, url(draft), **form(house, **changes)).status_code == 303
    draft.refresh_from_db()
    assert draft.goals == "More hair."
    assert {(one.icd10, one.is_primary) for one in draft.causes.all()} == {("L65.0", True), ("L64.9", False)}


def test_a_signed_consultation_changes_by_amendment_with_its_reason(house):
    signed = make_consultation(make_patient(house.location), house.practitioner)
    cause = signed.causes.get()
    changes = {
        "goals": "More hair.",
        "causes-TOTAL_FORMS": "1",
        "causes-INITIAL_FORMS": "1",
        "causes-0-id": str(cause.pk),
        "causes-0-consultation": str(signed.pk),
    }
    without = house.act(PRACTITIONER, signed, "amend", **form(house, **changes))
    assert without.status_code == 200
    assert "This field is required." in words(without)
    response = house.act(PRACTITIONER, signed, "amend", **form(house, **changes, reason="Misheard"))
    assert response.status_code == 303
    signed.refresh_from_db()
    assert (signed.status, signed.goals) == ("amended", "More hair.")
    assert "Misheard" in words(house.get(PRACTITIONER, url(signed)))
    history = words(house.get(PRACTITIONER, url(signed, "history")))
    assert "Keep what is there." in history
    assert "More hair." in history


def test_a_draft_cannot_be_amended(house):
    draft = make_consultation(make_patient(house.location), house.practitioner, signed=False)
    changes = {"causes-TOTAL_FORMS": "1", "reason": "Why not"}
    response = house.act(PRACTITIONER, draft, "amend", **form(house, **changes))
    assert "amending is possible only when it is amended or signed" in words(response)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_a_consultation_is_written_up_from_its_visit(house, frozen):
    patient = make_patient(house.location)
    visit = appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=clock.now(),
        consultation_for=patient,
    )
    appointment_arrive(appointment_id=visit.pk, by=None)
    link = f"{ADD}?patient={patient.pk}&appointment={visit.pk}"
    assert link in words(house.get(PRACTITIONER, "/admin/"))
    assert house.post(PRACTITIONER, link, **form(house)).status_code == 303
    visit.refresh_from_db()
    assert (visit.status, visit.consultation) == ("fulfilled", Consultation.objects.get())


@pytest.mark.parametrize("query", ["", "?patient=nonsense", "?patient={elsewhere}", "?patient={here}&appointment=x"])
def test_a_consultation_needs_a_patient_that_the_reader_sees(house, query):
    here, elsewhere = make_patient(house.location), make_patient(make_location())
    path = ADD + query.format(here=here.pk, elsewhere=elsewhere.pk)
    assert house.post(PRACTITIONER, path, **form(house)).status_code == 404
    assert not Consultation.objects.exists()
