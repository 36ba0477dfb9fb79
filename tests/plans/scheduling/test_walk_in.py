"""A patient who is here without a visit: one that begins now, and is never a double booking."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from clinic.access.roles import Role
from clinic.errors import Conflict, GateBlocked, Invalid, SlotTaken, TooEarly
from clinic.people.models import Modality
from patients.models import Consent
from patients.services import consent_withdraw
from plans.scheduling.admin.story import story_of
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_arrive, appointment_cancel, appointment_undo, walk_in_begin
from tests import factories
from tests.api import Api, errors
from tests.console import House, said, words
from tests.plans.scheduling.conftest import Clinic, Written

MONDAY = date(2026, 3, 2)
"""Today, 10:00 in New York."""
PAGE = "/admin/plans/appointment/walk-in/"


def begin(clinic: Clinic, **fields):
    if "session" not in fields:
        fields.setdefault("consultation_for", clinic.patient)
    return walk_in_begin(by=clinic.desk, location=clinic.location, **fields)


def test_a_walk_in_begins_at_this_minute_arrived_and_nobody_is_mailed(clinic, frozen):
    frozen.shift(timedelta(minutes=7, seconds=31))
    visit = begin(clinic, note="Bleeding gums")
    assert visit.starts_at == clinic.at("10:07", MONDAY)
    assert visit.ends_at - visit.starts_at == timedelta(minutes=30)
    assert (visit.status, visit.practitioner, visit.room) == ("arrived", clinic.practitioner, clinic.rooms[0])
    assert visit.note == "Bleeding gums"
    assert not visit.messages.exists()
    assert [told.what for told in story_of(visit)] == ["Walked in"]


def test_no_lead_time_stands_against_it(clinic):
    clinic.location.lead_minutes = 240
    clinic.location.save()
    assert begin(clinic).status == "arrived"


def test_the_first_who_is_free_takes_it_and_whoever_knows_the_patient_before_others(clinic, frozen):
    frozen.move_to(clinic.at("10:00"))
    other = clinic.another_practitioner(first_name="Aaron", last_name="Aaronson")
    session = clinic.sessions[0]
    assert begin(clinic).practitioner == other, "nobody knows a patient who comes for a consultation: by name"
    appointment_cancel(appointment_id=Appointment.objects.get().pk, by=None, reason="patient")
    assert begin(clinic, session=session).practitioner == clinic.practitioner
    assert begin(clinic, consultation_for=clinic.another_patient()).practitioner == other


def test_nobody_is_booked_twice_and_the_refusal_says_who_is_free_when(clinic):
    clinic.book("10:00", MONDAY, consultation_for=clinic.another_patient())
    other = clinic.another_practitioner(first_name="Zoe", last_name="Zuber")
    clinic.book("10:15", MONDAY, practitioner=other, consultation_for=clinic.another_patient())
    before = Written.now()
    with pytest.raises(SlotTaken) as refused:
        begin(clinic)
    assert refused.value.detail == (
        f"Nobody who could see them is free now. {clinic.practitioner} is free from 10:30, {other} is free from 10:45."
    )
    assert [one["starts_at"] for one in refused.value.extra["alternatives"]] == [
        "2026-03-02T10:30:00-05:00",
        "2026-03-02T10:45:00-05:00",
    ]
    with pytest.raises(SlotTaken, match=r"The practitioner is booked at this time\."):
        begin(clinic, practitioner=clinic.practitioner)
    assert Written.now() == before
    later = begin(clinic, practitioner=clinic.practitioner, starts_at=clinic.at("10:30", MONDAY))
    assert (later.status, later.starts_at) == ("arrived", clinic.at("10:30", MONDAY))


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2026, 3, 3)])
def test_who_is_here_is_seen_today(clinic, day):
    with pytest.raises(Invalid, match=r"seen today, now or later: from 10:00 on"):
        begin(clinic, starts_at=clinic.at("12:00", day))


def test_a_room_or_patient_that_is_taken_is_refused_even_by_right(clinic):
    clinic.book("10:15", MONDAY)
    boss = factories.make_user((clinic.location, Role.MANAGER), (clinic.location, Role.FRONT_DESK))
    with pytest.raises(SlotTaken, match=r"^The patient has another visit") as refused:
        walk_in_begin(
            by=boss,
            location=clinic.location,
            practitioner=clinic.another_practitioner(),
            consultation_for=clinic.patient,
            override_reason="Says it hurts",
        )
    assert refused.value.extra["taken"] == ["patient"]


def test_over_another_visit_only_by_right_with_a_reason_and_a_name(clinic):
    clinic.book("10:00", MONDAY, consultation_for=clinic.another_patient())
    with pytest.raises(PermissionDenied):
        begin(clinic, practitioner=clinic.practitioner, override_reason="Says it hurts")
    own = {"by": clinic.practitioner.user, "location": clinic.location, "consultation_for": clinic.patient}
    with pytest.raises(SlotTaken):
        walk_in_begin(**own, override_reason="Says it hurts")
    visit = walk_in_begin(**own, practitioner=clinic.practitioner, override_reason="Says it hurts")
    assert (visit.overbooked, visit.override_reason) == (True, "Says it hurts")


def test_a_session_is_refused_too_early_without_consent_and_without_somebody_qualified(clinic, frozen):
    session = clinic.sessions[0]
    with pytest.raises(TooEarly):
        begin(clinic, session=session)
    frozen.move_to(clinic.at("10:00"))
    clinic.practitioner.qualifications.all().delete()
    with pytest.raises(Conflict) as refused:
        begin(clinic, session=session)
    assert refused.value.code == "no_qualified_practitioner"
    factories.make_practitioner(clinic.location, modalities=[Modality.PRP])
    consent_withdraw(consent_id=Consent.objects.get(patient=clinic.patient).pk, reason="No")
    with pytest.raises(GateBlocked):
        begin(clinic, session=session)


def test_nobody_begins_outside_opening_hours(clinic, frozen):
    frozen.move_to(clinic.at("18:30"))
    with pytest.raises(Conflict) as refused:
        begin(clinic)
    assert refused.value.code == "outside_hours"


def test_a_walk_in_that_leaves_again_is_not_mailed_either(clinic):
    visit = begin(clinic)
    appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")
    assert not visit.messages.exists()
    appointment_undo(appointment_id=visit.pk, by=None)
    booked = clinic.book("14:00", MONDAY)
    appointment_arrive(appointment_id=booked.pk, by=None)
    appointment_cancel(appointment_id=booked.pk, by=None, reason="patient")
    assert booked.messages.filter(kind="cancelled").exists(), "who had a booking is told"


# Over HTTP


def test_the_api_begins_a_walk_in(clinic):
    body = {"location": str(clinic.location.pk), "consultation_for": str(clinic.patient.pk), "note": "On crutches"}
    response = Api(clinic.desk).post("/appointments/walk-in/", body)
    assert response.status_code == 201
    shown = response.json()
    assert (shown["status"], shown["starts_at"], shown["note"]) == (
        "arrived",
        "2026-03-02T10:00:00-05:00",
        "On crutches",
    )
    assert shown["messages"] == []
    again = Api(clinic.desk).post("/appointments/walk-in/", {**body, "consultation_for": None})
    assert (again.status_code, errors(again)) == (400, {"non_field_errors": "invalid"})


def test_the_api_names_the_missing_place_and_hides_what_is_elsewhere(clinic):
    elsewhere = factories.make_location()
    api = Api(clinic.desk)
    assert errors(api.post("/appointments/walk-in/", {})) == {"location": "required"}
    foreign = {"location": str(elsewhere.pk), "consultation_for": str(factories.make_patient(elsewhere).pk)}
    assert errors(api.post("/appointments/walk-in/", foreign)) == dict.fromkeys(foreign, "does_not_exist")


def test_a_taken_practitioner_answers_409_with_alternatives(clinic):
    clinic.book("10:00", MONDAY, consultation_for=clinic.another_patient())
    body = {"location": str(clinic.location.pk), "consultation_for": str(clinic.patient.pk)}
    response = Api(clinic.desk).post("/appointments/walk-in/", body)
    assert response.status_code == 409
    assert response.json()["extra"]["alternatives"][0]["starts_at"] == "2026-03-02T10:30:00-05:00"


# In the console


@pytest.fixture
def house(db, frozen):
    return House()


def test_the_desk_begins_a_walk_in_by_one_click_on_who_is_free(house):
    patient = factories.make_patient(house.location)
    page = words(house.get(Role.FRONT_DESK, f"{PAGE}?patient={patient.pk}"))
    assert "Free now" in page
    response = house.post(Role.FRONT_DESK, f"{PAGE}?patient={patient.pk}", wait=str(house.practitioner.pk), note="Rash")
    assert response.status_code == 303
    assert f"{patient} is here: today 10:00 with Dr Rowan, Room 1." in said(response)
    visit = Appointment.objects.get()
    assert (visit.status, visit.note) == ("arrived", "Rash")


def test_the_page_says_from_when_somebody_is_free_and_the_patient_waits(house):
    patient = factories.make_patient(house.location)
    house_visit = walk_in_begin(
        by=None, location=house.location, consultation_for=factories.make_patient(house.location)
    )
    page = words(house.get(Role.FRONT_DESK, f"{PAGE}?patient={patient.pk}"))
    assert "Free from 10:30" in page
    wait = page.split('name="wait" value="')[1].split('"')[0]
    assert house.post(Role.FRONT_DESK, f"{PAGE}?patient={patient.pk}", wait=wait).status_code == 303
    assert Appointment.objects.get(patient=patient).starts_at == house_visit.ends_at
    taken = factories.make_patient(house.location)
    refused = house.post(Role.FRONT_DESK, f"{PAGE}?patient={taken.pk}", wait=str(house.practitioner.pk))
    assert refused.status_code == 409
    assert "Dr Rowan is free from 11:00." in words(refused)


def test_the_page_books_over_a_visit_by_right_and_with_a_reason_and_enter_begins_nothing(house):
    walk_in_begin(by=None, location=house.location, consultation_for=factories.make_patient(house.location))
    patient = factories.make_patient(house.location)
    path, now = f"{PAGE}?patient={patient.pk}", {"wait": str(house.practitioner.pk)}
    assert "Now, over a visit" not in words(house.get(Role.FRONT_DESK, path))
    assert "Now, over a visit" in words(house.get(Role.PRACTITIONER, path))
    assert "Choose who sees them." in words(house.post(Role.PRACTITIONER, path, note="Rash"))
    assert house.post(Role.PRACTITIONER, path, **now).status_code == 409
    assert not Appointment.objects.filter(patient=patient).exists()
    assert house.post(Role.PRACTITIONER, path, **now, override_reason="Bleeds").status_code == 303
    assert Appointment.objects.get(patient=patient).overbooked


def test_the_page_offers_what_they_may_have_come_for(house):
    patient = factories.make_patient(house.location)
    plan = factories.make_plan(patient, house.practitioner, start_date=MONDAY)
    page = words(house.get(Role.FRONT_DESK, f"{PAGE}?patient={patient.pk}"))
    assert plan.sessions.get(sequence=1).title in page
    assert f"/admin/plans/followup/{plan.follow_ups.earliest('target_date').pk}/attend/" in page
    second = plan.sessions.get(sequence=2)
    early = words(house.get(Role.FRONT_DESK, f"{PAGE}?session={second.pk}"))
    assert "Too early" in early
    assert 'name="wait"' not in early
    assert 'name="wait"' in words(house.get(Role.PRACTITIONER, f"{PAGE}?session={second.pk}"))
    refused = house.post(Role.FRONT_DESK, f"{PAGE}?session={second.pk}", wait=str(house.practitioner.pk))
    assert refused.status_code == 409
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("wait", ["x", "x|y", "{key}|nonsense", "01890000-0000-7000-8000-000000000000"])
def test_a_choice_that_was_never_offered_begins_nothing(house, wait):
    patient = factories.make_patient(house.location)
    response = house.post(Role.FRONT_DESK, f"{PAGE}?patient={patient.pk}", wait=wait.format(key=house.practitioner.pk))
    assert response.status_code == 409
    assert not Appointment.objects.exists()


def test_the_page_is_for_those_who_book_here(house):
    patient = factories.make_patient(house.location)
    foreign = factories.make_patient(factories.make_location())
    for role in Role:
        allowed = role in (Role.FRONT_DESK, Role.PRACTITIONER)
        assert house.get(role, f"{PAGE}?patient={patient.pk}").status_code == (200 if allowed else 403)
        assert house.post(role, f"{PAGE}?patient={foreign.pk}").status_code == (404 if allowed else 403)
    assert house.get(Role.FRONT_DESK, PAGE).headers["Location"] == "/admin/plans/appointment/new-caller/?here=1"
