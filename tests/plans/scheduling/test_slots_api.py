"""Free slots over HTTP: what is asked, what comes back, and what it costs."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from clinic.people.models import Modality
from clinic.places.models import TimeOff
from patients.models import Patient
from plans.scheduling.models import Appointment
from plans.treatment.services import plan_discontinue
from tests import factories
from tests.api import Api, errors
from tests.plans.scheduling.conftest import Clinic, Written


@pytest.fixture
def desk(clinic: Clinic) -> Api:
    return Api(clinic.desk)


def ask(api: Api, **query: Any) -> Any:
    named = {name.rstrip("_"): value for name, value in query.items()}
    return api.get(f"/slots/?{urlencode(named, doseq=True)}")


def slots(api: Api, **query: Any) -> list[dict[str, str]]:
    response = ask(api, **query)
    assert response.status_code == 200, response.json()
    found: list[dict[str, str]] = response.json()["results"]
    return found


def test_a_day_of_a_location(clinic: Clinic, desk: Api) -> None:
    found = slots(desk, location=clinic.location.pk, from_="2026-03-09", to="2026-03-09", duration=60)

    assert len(found) == 37
    assert found[0] == {
        "practitioner": str(clinic.practitioner.pk),
        "room": str(clinic.rooms[0].pk),
        "starts_at": "2026-03-09T08:00:00-04:00",
        "ends_at": "2026-03-09T09:00:00-04:00",
    }
    assert found[-1]["starts_at"] == "2026-03-09T17:00:00-04:00"


def test_a_session_brings_window_length_practitioners_and_rooms(clinic: Clinic, desk: Api) -> None:
    unqualified = clinic.another_practitioner(modalities=[Modality.EXOSOME])
    factories.make_room(clinic.location, "Consulting", position=0, modalities=[])
    session = clinic.sessions[0]

    found = slots(desk, session=session.pk)

    days = {slot["starts_at"][:10] for slot in found}
    assert min(days) == session.window_start.isoformat()
    assert max(days) <= session.window_end.isoformat()
    assert {slot["practitioner"] for slot in found} == {str(clinic.practitioner.pk)} != {str(unqualified.pk)}
    assert {slot["room"] for slot in found} == {str(clinic.rooms[0].pk)}
    starts, ends = (datetime.fromisoformat(found[0][name]) for name in ("starts_at", "ends_at"))
    assert ends - starts == timedelta(minutes=session.duration_minutes)


def test_nothing_is_offered_before_the_window_or_too_near_to_a_neighbour(clinic: Clinic, desk: Api) -> None:
    first, second = clinic.sessions[:2]
    clinic.book("10:00", first.window_start + timedelta(days=25), session=first)
    soonest = first.window_start + timedelta(days=25 + second.step.minimum_interval_days)

    found = slots(desk, session=second.pk, from_="2026-03-09", to="2026-05-15")

    assert min(slot["starts_at"][:10] for slot in found) == soonest.isoformat()


def test_every_slot_of_a_follow_up_can_be_booked(clinic: Clinic, desk: Api) -> None:
    follow_up = clinic.follow_ups[0]

    slot = slots(desk, follow_up=follow_up.pk, order="best", limit=1)[0]

    assert slot["starts_at"][:10] == follow_up.target_date.isoformat()
    sent = {"location": str(clinic.location.pk), "follow_up": str(follow_up.pk), **slot}
    assert desk.post("/appointments/", sent).status_code == 201


def test_what_is_booked_already_is_shown_where_it_can_move_to(clinic: Clinic, desk: Api) -> None:
    session = clinic.sessions[0]
    appointment = clinic.book("10:00", session=session)

    starts = {slot["starts_at"] for slot in slots(desk, session=session.pk)}

    assert "2026-03-09T10:15:00-04:00" in starts
    moved = desk.post(f"/appointments/{appointment.pk}/reschedule/", {"starts_at": "2026-03-09T10:15:00-04:00"})
    assert moved.status_code == 200


def test_what_cannot_be_booked_has_no_slots(clinic: Clinic, desk: Api) -> None:
    session = clinic.sessions[0]
    plan_discontinue(plan_id=clinic.plan.pk, by=None, reason="Moved away")

    assert slots(desk, session=session.pk) == []


def test_a_window_that_has_passed_is_searched_from_today_on(clinic: Clinic, desk: Api) -> None:
    session = clinic.sessions[0]
    today = date(2026, 3, 2)
    type(session).objects.filter(pk=session.pk).update(
        window_start=today - timedelta(days=30), target_date=today - timedelta(days=28), window_end=today
    )

    assert slots(desk, session=session.pk)
    type(session).objects.filter(pk=session.pk).update(window_end=today - timedelta(days=25))
    late = slots(desk, session=session.pk)
    assert late[0]["starts_at"] == "2026-03-02T10:00:00-05:00"
    assert late[-1]["starts_at"][:10] == "2026-03-30"


def test_practitioners_are_chosen_by_repeating_them(clinic: Clinic, desk: Api) -> None:
    second, third = clinic.another_practitioner(), clinic.another_practitioner()
    day = {"location": clinic.location.pk, "from_": "2026-03-09", "to": "2026-03-09"}

    found = slots(desk, **day, practitioner=[second.pk, third.pk])

    assert {slot["practitioner"] for slot in found} == {str(second.pk), str(third.pk)}
    starts = [slot["starts_at"] for slot in found]
    assert starts == sorted(starts)


def test_a_practitioner_of_another_location_of_mine_has_no_slots_here(clinic: Clinic) -> None:
    elsewhere = factories.make_location()
    colleague = factories.make_practitioner(elsewhere)
    both = Api(factories.make_user((clinic.location, Role.FRONT_DESK), (elsewhere, Role.FRONT_DESK)))
    day = {"location": clinic.location.pk, "from_": "2026-03-09", "to": "2026-03-09"}

    assert slots(both, **day, practitioner=colleague.pk) == []


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"location": "nowhere"}, "location"),
        ({"location": "018f0000-0000-7000-8000-000000000000"}, "location"),
        ({"from_": "2026-02-30"}, "from"),
        ({"from_": "2026-03-10"}, "to"),
        ({"to": "2026-06-09"}, "to"),
        ({"from_": "0001-01-01", "to": "0001-01-02"}, "from"),
        ({"from_": "1850-01-01", "to": "1850-01-02"}, "from"),
        ({"duration": "0"}, "duration"),
        ({"duration": "721"}, "duration"),
        ({"duration": "half an hour"}, "duration"),
        ({"practitioner": "018f0000-0000-7000-8000-000000000000"}, "practitioner"),
        ({"practitioner": "me"}, "practitioner.0"),
        ({"follow_up": "018f0000-0000-7000-8000-000000000000"}, "follow_up"),
        ({"session": "x"}, "session"),
        ({"order": "random"}, "order"),
        ({"limit": "0"}, "limit"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_search_that_cannot_be_names_its_parameter(
    clinic: Clinic, desk: Api, query: dict[str, str], attr: str
) -> None:
    day: dict[str, Any] = {"location": clinic.location.pk, "from_": "2026-03-09", "to": "2026-03-09"}

    response = ask(desk, **day | query)

    assert response.status_code == 400
    assert attr in errors(response)


def test_an_order_that_cannot_be_is_refused_under_the_parameters_own_name(clinic: Clinic, desk: Api) -> None:
    response = ask(desk, location=clinic.location.pk, from_="2026-03-09", to="2026-03-09", order="foo")
    assert [error["detail"] for error in response.json()["errors"]] == [
        "order: “foo” is not possible; allowed is starts_at, best."
    ]


def test_a_search_for_nothing_needs_place_and_days(clinic: Clinic, desk: Api) -> None:
    assert errors(ask(desk)) == {"location": "required", "from": "required", "to": "required"}
    both = ask(desk, session=clinic.sessions[0].pk, follow_up=clinic.follow_ups[0].pk)
    assert set(errors(both)) == {"session"}


def test_slots_are_for_those_who_book(clinic: Clinic) -> None:
    day = {"location": clinic.location.pk, "from_": "2026-03-09", "to": "2026-03-09"}
    elsewhere = factories.make_location()

    for role, status in ((Role.FRONT_DESK, 200), (Role.PRACTITIONER, 200), (Role.ASSISTANT, 200), (Role.MANAGER, 403)):
        assert ask(Api(factories.make_user((clinic.location, role))), **day).status_code == status
    stranger = Api(factories.make_user((elsewhere, Role.FRONT_DESK)))
    assert errors(ask(stranger, **day)) == {"location": "does_not_exist"}
    mixed = Api(factories.make_user((clinic.location, Role.MANAGER), (elsewhere, Role.FRONT_DESK)))
    assert ask(mixed, **day).status_code == 403
    assert ask(Api(), **day).status_code == 401


def test_a_search_costs_six_queries_at_most_and_writes_nothing(clinic: Clinic, desk: Api) -> None:
    for _ in range(9):
        clinic.another_practitioner()
    clinic.book("10:00", consultation_for=clinic.another_patient())
    before = Written.now()
    for query in (
        {"location": clinic.location.pk, "from_": "2026-03-09", "to": "2026-03-22"},
        {"session": clinic.sessions[0].pk, "location": clinic.location.pk},
        {"follow_up": clinic.follow_ups[0].pk, "from_": "2026-03-09", "to": "2026-05-31"},
    ):
        with CaptureQueriesContext(connection) as queries:
            slots(desk, **query)
        assert len(queries) <= 6
        assert all(entry["sql"].lstrip().startswith(("SELECT", "WITH")) for entry in queries.captured_queries)

    assert Written.now() == before
    assert Appointment.objects.count() == 1


def test_the_next_five_need_no_days(clinic: Clinic, desk: Api) -> None:
    found = slots(desk, location=clinic.location.pk, limit=5)

    starts = [slot["starts_at"][11:16] for slot in found]
    assert starts == ["10:00", "10:15", "10:30", "10:45", "11:00"]
    assert {slot["starts_at"][:10] for slot in found} == {"2026-03-02"}


def test_the_next_five_are_found_however_far_ahead_and_in_two_statements_at_most(clinic: Clinic, desk: Api) -> None:
    clinic.book("10:00", date(2026, 3, 2), consultation_for=clinic.another_patient(), duration_minutes=450)
    TimeOff.objects.create(
        practitioner=clinic.practitioner,
        starts_at=clinic.at("00:00", date(2026, 3, 3)),
        ends_at=clinic.at("09:45", date(2026, 5, 15)),
    )

    with CaptureQueriesContext(connection) as queries:
        found = slots(desk, location=clinic.location.pk, limit=3, practitioner=clinic.practitioner.pk)

    assert [slot["starts_at"] for slot in found] == [
        "2026-03-02T17:30:00-05:00",
        "2026-05-15T09:45:00-04:00",
        "2026-05-15T10:00:00-04:00",
    ]
    searches = [entry for entry in queries.captured_queries if "generate_series" in entry["sql"]]
    assert len(searches) == 2
    assert len(queries) <= 6
    with CaptureQueriesContext(connection) as queries:
        slots(desk, location=clinic.location.pk, limit=1)
    assert len([entry for entry in queries.captured_queries if "generate_series" in entry["sql"]]) == 1


def test_the_next_ones_end_after_92_days(clinic: Clinic, desk: Api) -> None:
    TimeOff.objects.create(
        practitioner=clinic.practitioner,
        starts_at=clinic.at("00:00", date(2026, 3, 2)),
        ends_at=clinic.at("00:00", date(2026, 6, 2)),
    )
    assert slots(desk, location=clinic.location.pk, limit=5) == []
    TimeOff.objects.update(ends_at=clinic.at("17:15", date(2026, 6, 1)))
    assert [slot["starts_at"] for slot in slots(desk, location=clinic.location.pk, limit=5)] == [
        "2026-06-01T17:15:00-04:00",
        "2026-06-01T17:30:00-04:00",
    ]


def test_a_patients_consultation_is_not_while_they_have_another_visit(clinic: Clinic, desk: Api) -> None:
    elsewhere = factories.make_location()
    clinic.book("10:00", date(2026, 3, 2), location=elsewhere, practitioner=factories.make_practitioner(elsewhere))

    mine = slots(desk, location=clinic.location.pk, patient=clinic.patient.pk, limit=1)
    anybodys = slots(desk, location=clinic.location.pk, limit=1)

    assert mine[0]["starts_at"] == "2026-03-02T10:30:00-05:00"
    assert anybodys[0]["starts_at"] == "2026-03-02T10:00:00-05:00"
    sent = {"location": str(clinic.location.pk), "consultation_for": str(clinic.patient.pk), **mine[0]}
    assert desk.post("/appointments/", sent).status_code == 201


def test_the_best_for_a_patient_are_with_whom_they_know_and_as_suits_them(clinic: Clinic, desk: Api) -> None:
    aaron = clinic.another_practitioner(last_name="Aaron")
    Patient.objects.filter(pk=clinic.patient.pk).update(preferred_weekdays=[4], preferred_from="13:00")
    asked = {"location": clinic.location.pk, "patient": clinic.patient.pk, "limit": 2, "order": "best"}

    with CaptureQueriesContext(connection) as queries:
        known = slots(desk, **asked)
    assert len(queries) <= 6
    assert [(slot["practitioner"], slot["starts_at"][:16]) for slot in known] == [
        (str(clinic.practitioner.pk), "2026-03-05T13:00"),  # who held the consultation
        (str(clinic.practitioner.pk), "2026-03-05T13:15"),
    ]

    seen = clinic.book("10:00", date(2026, 3, 2), practitioner=aaron)
    Appointment.objects.filter(pk=seen.pk).update(
        status="fulfilled", arrived_at=seen.starts_at, fulfilled_at=seen.ends_at
    )
    assert {slot["practitioner"] for slot in slots(desk, **asked)} == {str(aaron.pk)}


def test_the_best_of_a_follow_up_are_near_its_target_on_days_that_suit(clinic: Clinic, desk: Api) -> None:
    follow_up = clinic.follow_ups[0]
    suits = follow_up.target_date + timedelta(days=1)
    Patient.objects.filter(pk=clinic.patient.pk).update(preferred_weekdays=[suits.isoweekday()])

    slot = slots(desk, follow_up=follow_up.pk, order="best", limit=1)[0]

    assert suits.isoweekday() <= 5
    assert slot["starts_at"][:10] == suits.isoformat()


def test_a_patient_is_one_whom_the_caller_sees_and_whose_record_stands(clinic: Clinic, desk: Api) -> None:
    strange = factories.make_patient(factories.make_location())
    merged = clinic.another_patient()
    Patient.objects.filter(pk=merged.pk).update(merged_into=clinic.patient, merged_at=clinic.at("08:00"))

    for patient in (strange, merged):
        response = ask(desk, location=clinic.location.pk, patient=patient.pk, limit=5)
        assert errors(response) == {"patient": "does_not_exist"}
    both = ask(desk, location=clinic.location.pk, patient=clinic.patient.pk, follow_up=clinic.follow_ups[0].pk)
    assert set(errors(both)) == {"patient"}
    assert errors(ask(desk, patient=clinic.patient.pk, limit=5)) == {"location": "required"}
