"""One phone for a family, a guardian for a minor, and when somebody likes to come."""

from datetime import date, time

import pytest

from clinic.access.roles import Role
from clinic.errors import Invalid
from patients.models import Patient
from patients.queries import family, search
from patients.services import GuardianInput, patient_create, patient_update
from tests.api import Api, errors
from tests.console import House, said, url, words
from tests.factories import make_location, make_patient, make_plan, make_user

DESK = Role.FRONT_DESK
PHONE = "+1 212 555 0123"


@pytest.fixture
def location(db, frozen):
    return make_location()


def codes(warnings):
    return [warning.code for warning in warnings]


class TestFamily:
    def test_one_phone_finds_everybody_of_the_family(self, location):
        for name in ("Ann", "Ben", "Cleo"):
            make_patient(location, first_name=name, phone=PHONE)
        make_patient(location, first_name="Dan", phone="+1 212 555 0124")
        assert {patient.first_name for patient in search(Patient.objects.all(), "0123")} == {"Ann", "Ben", "Cleo"}

    def test_the_page_of_one_leads_to_the_others_whom_the_reader_sees(self, db, frozen):
        house = House()
        ann = make_patient(house.location, first_name="Ann", phone="(212) 555-0123", email="")
        ben = make_patient(house.location, first_name="Ben", phone=PHONE)
        cleo = make_patient(make_location(), first_name="Cleo", phone=PHONE)
        page = words(house.get(DESK, url(ann)))
        assert "Also on this number:" in page
        assert url(ben) in page
        assert cleo.full_name not in page
        assert "Also on this" not in words(house.get(DESK, url(make_patient(house.location, phone="", email=""))))

    def test_an_email_may_be_shared_too(self, location):
        ann = make_patient(location, email="Family@example.com", phone="")
        ben = make_patient(location, email="family@example.com")
        make_patient(location, email="other@example.com", phone="")
        assert list(family(Patient.objects.all(), ann)) == [ben]

    def test_the_page_costs_the_same_for_a_large_family(self, db, frozen, django_assert_max_num_queries):
        house = House()
        patient = make_patient(house.location, phone=PHONE)
        make_plan(patient, house.practitioner)
        house.get(DESK, url(patient))
        with django_assert_max_num_queries(24) as few:
            house.get(DESK, url(patient))
        for _ in range(12):
            make_patient(house.location, phone=PHONE)
        with django_assert_max_num_queries(len(few)):
            page = words(house.get(DESK, url(patient)))
        assert "more" in page


class TestMinors:
    def test_a_minor_without_a_guardian_is_a_warning_and_no_refusal(self, location):
        born = {"date_of_birth": date(2008, 3, 3)}  # eighteen tomorrow
        names = {"first_name": "Kim", "last_name": "Alder", "sex": "female", "home_location": location}
        patient, warnings = patient_create(**names, **born)
        assert codes(warnings) == ["minor_without_guardian"]
        assert "17 years old" in warnings[0].detail
        assert codes(patient_update(patient_id=patient.pk, changes={"phone": ""})[1]) == ["minor_without_guardian"]
        guardian = {"guardian": GuardianInput("Pat Alder", "father")}
        assert codes(patient_update(patient_id=patient.pk, changes=guardian)[1]) == []
        assert codes(patient_update(patient_id=patient.pk, changes={"phone": ""})[1]) == []
        of_age = patient_create(**names | {"first_name": "Lou"}, date_of_birth=date(2008, 3, 2))
        assert codes(of_age[1]) == []

    def test_api_and_console_say_it(self, location):
        body = {
            "first_name": "Kim",
            "last_name": "Alder",
            "date_of_birth": "2015-03-01",
            "sex": "female",
            "home_location": str(location.pk),
        }
        answer = Api(make_user((location, DESK))).post("/patients/", body)
        assert answer.status_code == 201
        assert [warning["code"] for warning in answer.json()["warnings"]] == ["minor_without_guardian"]
        house = House()
        form = body | {"home_location": str(house.location.pk), "language": "en"}
        saved = house.post(DESK, "/admin/patients/patient/add/", **form)
        assert "Kim Alder is 11 years old and has no guardian on record." in said(saved)


class TestPreferredTimes:
    def test_they_are_kept_in_order_and_can_be_taken_away(self, location):
        api, patient = Api(make_user((location, DESK))), make_patient(location)
        path = f"/patients/{patient.pk}/"
        wishes = {"preferred_weekdays": [5, 1, 1], "preferred_from": "09:00", "preferred_until": "12:30"}
        answer = api.patch(path, wishes).json()
        assert (answer["preferred_weekdays"], answer["preferred_from"]) == ([1, 5], "09:00:00")
        patient.refresh_from_db()
        assert (patient.preferred_from, patient.preferred_until) == (time(9), time(12, 30))
        nothing = {"preferred_weekdays": [], "preferred_from": None, "preferred_until": None}
        assert api.patch(path, nothing).json() | nothing == api.get(path).json() | nothing | {"warnings": []}

    @pytest.mark.parametrize(
        ("wishes", "field"),
        [
            ({"preferred_weekdays": [0]}, "preferred_weekdays"),
            ({"preferred_weekdays": [8]}, "preferred_weekdays"),
            ({"preferred_weekdays": None}, "preferred_weekdays"),
            ({"preferred_from": "25:00"}, "preferred_from"),
            ({"preferred_from": "12:00", "preferred_until": "12:00"}, "preferred_until"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field(self, location, wishes, field):
        patient = make_patient(location)
        answer = Api(make_user((location, DESK))).patch(f"/patients/{patient.pk}/", wishes)
        assert answer.status_code == 400
        assert {name.split(".")[0] for name in errors(answer)} == {field}
        patient.refresh_from_db()
        assert (patient.preferred_weekdays, patient.preferred_from) == ([], None)

    def test_a_service_knows_the_days_of_a_week(self, location):
        with pytest.raises(Invalid) as refused:
            make_patient(location, preferred_weekdays=[9])
        assert refused.value.attr == "preferred_weekdays"

    def test_the_desk_writes_and_reads_them(self, db, frozen):
        house = House()
        patient = make_patient(house.location)
        form = {
            "first_name": "Mock",
            "last_name": "Dogwood",
            "date_of_birth": "1985-05-17",
            "sex": "female",
            "home_location": str(house.location.pk),
            "language": "en",
            "preferred_weekdays": ["1", "4"],
            "preferred_from": "09:00",
            "preferred_until": "12:00",
        }
        assert house.post(DESK, url(patient), **form).status_code == 303
        assert "Monday and Thursday, 09:00 to 12:00" in words(house.get(DESK, url(patient)))
        wrong = house.post(DESK, url(patient), **form | {"preferred_until": "08:00"})
        assert "is after the time to come" in words(wrong)
