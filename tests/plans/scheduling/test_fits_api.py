"""Who fits a time that came free, over HTTP."""

from typing import Any
from urllib.parse import urlencode

import pytest

from plans.scheduling.services import appointment_cancel, appointment_reschedule, waitlist_add
from tests import factories
from tests.api import Api, errors
from tests.plans.scheduling.conftest import Clinic


@pytest.fixture
def desk(clinic: Clinic) -> Api:
    return Api(clinic.desk)


def gap(clinic: Clinic, **changes: Any) -> str:
    """The address of Monday 10:00 to 10:30, with `changes`; None leaves a parameter out."""
    named = {
        "location": clinic.location.pk,
        "practitioner": clinic.practitioner.pk,
        "starts_at": clinic.at("10:00").isoformat(),
        "ends_at": clinic.at("10:30").isoformat(),
        **changes,
    }
    return f"/waitlist/fits/?{urlencode({name: value for name, value in named.items() if value is not None})}"


def test_who_fits_stands_there_with_a_slot_that_accept_takes_and_the_others_with_why_not(
    clinic: Clinic, desk: Api
) -> None:
    fits = waitlist_add(by=clinic.desk, location=clinic.location, patient=clinic.another_patient(), is_urgent=True)
    other = waitlist_add(by=clinic.desk, location=clinic.location, patient=clinic.another_patient(), weekdays=[5])
    first, second = desk.get(gap(clinic)).json()["results"]
    assert (first["entry"], first["because"]) == (str(fits.pk), "")
    assert first["slot"]["starts_at"] == "2026-03-09T10:00:00-04:00"
    assert (second["entry"], second["slot"]) == (str(other.pk), None)
    assert second["because"]
    time = {name: first["slot"][name] for name in ("starts_at", "practitioner")}
    assert desk.post(f"/waitlist/{fits.pk}/accept/", time).status_code == 200
    assert not any(one["slot"] for one in desk.get(gap(clinic)).json()["results"]), "it is taken now"


def test_who_gave_a_time_back_is_not_asked_for_it_again(clinic: Clinic, desk: Api) -> None:
    visit = clinic.book("10:00")
    waitlist_add(by=clinic.desk, location=clinic.location, patient=clinic.patient)
    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="patient")
    assert len(desk.get(gap(clinic)).json()["results"]) == 1
    assert desk.get(gap(clinic, left_by=clinic.patient.pk)).json() == {"results": []}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"ends_at": None}, {"ends_at": "required"}),
        ({"ends_at": "2026-03-09T09:00:00-04:00"}, {"ends_at": "invalid"}),
        ({"ends_at": "2026-03-12T09:00:00-04:00"}, {"ends_at": "invalid"}),
        ({"starts_at": "2026-03-09T10:00:00"}, {"starts_at": "offset_missing"}),
        ({"room": "elsewhere"}, {"room": "does_not_exist"}),
        ({"lane": "1"}, {"lane": "unknown_parameter"}),
    ],
)
def test_a_gap_that_is_none_is_refused_with_its_field(
    clinic: Clinic, desk: Api, changes: dict[str, Any], refused: dict[str, str]
) -> None:
    if changes.get("room") == "elsewhere":
        changes = {"room": factories.make_location().rooms.earliest("name").pk}
    response = desk.get(gap(clinic, **changes))
    assert (response.status_code, errors(response)) == (400, refused)


def test_another_location_is_absent(clinic: Clinic, desk: Api) -> None:
    elsewhere = factories.make_location()
    response = desk.get(gap(clinic, location=elsewhere.pk))
    assert (response.status_code, errors(response)) == (400, {"location": "does_not_exist"})


def test_many_who_wait_cost_what_one_costs(clinic: Clinic, desk: Api, django_assert_max_num_queries: Any) -> None:
    def wait(count: int) -> None:
        for _ in range(count):
            waitlist_add(by=clinic.desk, location=clinic.location, patient=clinic.another_patient())

    wait(1)
    with django_assert_max_num_queries(18) as one:
        desk.get(gap(clinic))
    wait(6)
    with django_assert_max_num_queries(len(one)):
        assert len(desk.get(gap(clinic)).json()["results"]) == 7


def test_a_moved_visit_leaves_a_gap_like_a_cancelled_one(clinic: Clinic, desk: Api) -> None:
    visit = clinic.book("10:00")
    waitlist_add(by=clinic.desk, location=clinic.location, patient=clinic.another_patient())
    assert not any(one["slot"] for one in desk.get(gap(clinic)).json()["results"])
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("14:00"))
    assert any(one["slot"] for one in desk.get(gap(clinic)).json()["results"])
