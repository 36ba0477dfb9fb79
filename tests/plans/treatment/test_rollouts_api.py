"""Roll-outs over HTTP: begun, read and stopped, by whom, and what is refused."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.access.roles import Role
from plans.treatment.models import ProtocolRollout, RolloutPlan
from plans.treatment.services import (
    rollout_advance,
    rollout_start,
)
from tests import factories
from tests.api import Api, errors
from tests.console import House, url, words
from tests.plans.treatment.rollouts import make_plans, roll_out, run
from tests.plans.treatment.versions import next_version

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def manager(location):
    return Api(factories.make_user((location, Role.MANAGER)))


def test_the_api_begins_one_and_says_how_far_it_is(practitioner, location, manager):
    prp_only = factories.make_practitioner(location, modalities=["prp"])
    make_plans(practitioner, 2)
    (refused,) = make_plans(prp_only)
    next_version(add="exosome", offset_days=42)
    answer = manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better evidence."})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["protocol"], body["protocol_version"], body["plans"], body["waiting"]) == ("prp", 2, 3, 3)
    assert body["finished_at"] is None
    run(ProtocolRollout.objects.get())
    detail = manager.get(f"/protocol-rollouts/{body['id']}/").json()
    assert (detail["waiting"], detail["moved"], detail["unchanged"], detail["refused"]) == (0, 2, 0, 1)
    assert detail["finished_at"] == "2026-03-02T15:00:00Z"
    assert detail["report"]["moved_windows"] == 4
    assert (detail["report"]["earliest_shift_days"], detail["report"]["latest_shift_days"]) == (14, 28)
    assert {band["by"]: band["windows"] for band in detail["report"]["shifts"]}["8 to 28 days later"] == 4
    (listed,) = manager.get("/protocol-rollouts/").json()["results"]
    assert listed == {name: value for name, value in detail.items() if name != "report"}
    (row,) = manager.get(f"/protocol-rollouts/{body['id']}/refused-plans/").json()["results"]
    assert row["plan"] == str(refused.pk)
    assert "not qualified for" in row["detail"]


def test_the_api_refuses_what_cannot_be_and_begins_nothing(practitioner, manager):
    unknown = manager.post("/protocol-rollouts/", {"protocol": "prp-9", "reason": "Better evidence."})
    assert unknown.status_code == 400
    assert errors(unknown) == {"protocol": "does_not_exist"}
    assert "“prp-9”" in unknown.content.decode()
    assert errors(manager.post("/protocol-rollouts/", {})) == {"protocol": "required", "reason": "required"}
    assert errors(manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "x" * 501})) == {
        "reason": "max_length"
    }
    nobody = manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better evidence."})
    assert (nobody.status_code, errors(nobody)) == (409, {"protocol": "no_running_plans"})
    make_plans(practitioner)
    assert manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better."}).status_code == 201
    twice = manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better."})
    assert (twice.status_code, errors(twice)) == (409, {"protocol": "rollout_running"})
    assert ProtocolRollout.objects.count() == 1


def test_a_manager_reads_the_refused_plans_of_their_own_locations_only(location):
    other = factories.make_location("Elsewhere")
    here = factories.make_practitioner(location, modalities=["prp"])
    there = factories.make_practitioner(other, modalities=["prp"])
    (own,), (foreign,) = make_plans(here), make_plans(there)
    rollout = roll_out(next_version(add="exosome"))
    assert rollout.refused == 2
    user = factories.make_user((location, Role.MANAGER))
    rows = Api(user).get(f"/protocol-rollouts/{rollout.pk}/refused-plans/").json()["results"]
    assert [row["plan"] for row in rows] == [str(own.pk)]
    house = House()
    house.clients[Role.MANAGER].force_login(user)
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert str(own.patient) in page
    assert str(foreign.patient) not in page
    assert "1 plan at locations that you do not see." in page
    table = house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_csv", args=[rollout.pk]))
    text = b"".join(table.streaming_content).decode()
    assert own.patient.mrn in text
    assert foreign.patient.mrn not in text


def test_lists_take_as_many_queries_with_more_rows(practitioner, location, manager):
    prp_only = factories.make_practitioner(location, modalities=["prp"])

    def add() -> ProtocolRollout:
        make_plans(prp_only)
        return roll_out(next_version(offset_days=ProtocolRollout.objects.count() + 40))

    def refused(rollout: ProtocolRollout, plans: int) -> None:
        for plan in make_plans(practitioner, plans, protocol="exosome"):
            RolloutPlan.objects.create(
                rollout=rollout, plan=plan, status="refused", detail="No.", settled_at=clock.now()
            )

    rollout = add()
    refused(rollout, 1)
    paths = ("/protocol-rollouts/", f"/protocol-rollouts/{rollout.pk}/refused-plans/")

    def queries() -> list[int]:
        numbers = []
        for path in paths:
            with CaptureQueriesContext(connection) as captured:
                assert manager.get(path).status_code == 200
            numbers.append(len(captured))
        return numbers

    queries()
    few = queries()
    add()
    refused(rollout, 3)
    assert queries() == few


def test_who_may_start_one_may_stop_it_over_the_api_and_nobody_else(practitioner, location, manager):
    make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    address = f"/protocol-rollouts/{rollout.pk}/stop/"
    for role in (Role.PRACTITIONER, Role.ASSISTANT, Role.FRONT_DESK):
        assert Api(factories.make_user((location, role))).post(address, {"reason": "No."}).status_code in (403, 404)
    assert errors(manager.post(address, {})) == {"reason": "required"}
    rollout_advance(rollout_id=rollout.pk, limit=1)
    answer = manager.post(address, {"reason": "The wrong version."})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["moved"], body["waiting"], body["finished_at"]) == (1, 1, None)
    assert (body["stopped_at"], body["stop_reason"]) == ("2026-03-02T15:00:00Z", "The wrong version.")
    assert ProtocolRollout.objects.get().stopped_by_id is not None
    again = manager.post(address, {"reason": "Again."})
    assert again.status_code == 409
