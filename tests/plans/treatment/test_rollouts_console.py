"""Roll-outs in the console: the sample beforehand, the page that follows one, its report and its CSV."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.access.roles import Role
from plans.protocols.models import Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.services import (
    rollout_advance,
)
from tests import factories
from tests.console import House, said, url, words
from tests.plans.treatment.rollouts import (
    make_plans,
    roll_out,
    run,
)
from tests.plans.treatment.versions import next_version

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def house():
    return House()


def begin(house: House, protocol: Protocol, **data: Any) -> Any:
    return house.act(Role.MANAGER, protocol, "roll_out", **{"reason": "Better evidence.", **data})


def test_the_protocol_s_page_says_whom_a_roll_out_concerns_and_tries_it_on_a_few(house):
    plans = make_plans(house.practitioner, 3)
    make_plans(house.practitioner, status="proposed")
    newer = next_version(offset_days=42)
    make_plans(house.practitioner)
    assert url(newer, "roll_out") in words(house.get(Role.MANAGER, url(newer)))
    page = words(house.get(Role.MANAGER, url(newer, "roll_out")))
    assert "Move 4 plans" in page
    assert "1 plan that nobody has accepted yet stays as written" in page
    assert "3 running plans of PRP would move to version 2. 1 running plan follows version 2 already" in page
    assert "What would happen: 2 plans tried, of 3 to move" in page
    assert page.count("2 visits would move: 14 to 28 days later.") == 2
    for plan in (plans[2], plans[1]):
        assert f'href="{url(plan)}">{plan.patient}</a>' in page
    assert url(plans[0]) not in page, "the newest stand for the others"
    for text in ("Session 2 of 3 · PRP", "Mon 30 Mar", "Mon 13 Apr", "14 days later", "28 days later"):
        assert page.count(text) >= 2
    assert {plan.protocol.version_number for plan in TreatmentPlan.objects.filter(pk__in=[p.pk for p in plans])} == {1}
    assert not CourseMove.objects.exists()
    assert not RolloutPlan.objects.exists()


def test_the_sample_says_which_booked_visits_would_be_cancelled_or_need_another_time(house):
    (plan,) = make_plans(house.practitioner)
    booked = [
        appointment_book(
            by=None,
            location=house.location,
            practitioner=house.practitioner,
            starts_at=factories.local(house.location, session.target_date, "10:00"),
            session=session,
        )
        for session in plan.sessions.filter(sequence__gt=1).order_by("sequence")
    ]
    page = words(house.get(Role.MANAGER, url(next_version(offset_days=60, repetitions=1), "roll_out")))
    too_early, gone = (page.index(url(visit)) for visit in booked)
    assert page.index("Would be cancelled:") < gone
    assert page.index("Would need another time:") < too_early
    assert "1 visit would move: 32 days later; 1 visit no longer owed." in page
    assert {visit.status for visit in Appointment.objects.all()} == {"booked"}
    assert not CourseMove.objects.exists()


def test_the_sample_names_who_would_be_refused(house):
    make_plans(factories.make_practitioner(house.location, modalities=["prp"]))
    page = words(house.get(Role.MANAGER, url(next_version(add="exosome"), "roll_out")))
    assert "Refused: " in page
    assert "is not qualified for" in page


def test_only_a_manager_is_offered_it_and_only_for_the_current_version(house):
    make_plans(house.practitioner)
    old = Protocol.objects.get(code="prp", is_current=True)
    newer = next_version(offset_days=42)
    assert url(old, "roll_out") not in words(house.get(Role.MANAGER, url(old)))
    assert url(newer, "roll_out") not in words(house.get(Role.PRACTITIONER, url(newer)))
    assert house.act(Role.PRACTITIONER, newer, "roll_out", reason="Better.").status_code == 403
    refused = begin(house, old)
    assert refused.status_code == 409
    assert "is not current" in words(refused)
    assert begin(house, newer, reason="").status_code == 200
    assert not ProtocolRollout.objects.exists()


def test_starting_leads_to_a_page_that_asks_again_until_it_has_finished(house):
    make_plans(house.practitioner, 3)
    newer = next_version(offset_days=42)
    answer = begin(house, newer)
    rollout = ProtocolRollout.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, url(rollout))
    assert said(answer) == ["3 plans of PRP will be moved to version 2."]
    rollout_advance(rollout_id=rollout.pk, limit=1)
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert "1 of 3 plans" in page
    assert '<progress class="c-meter" max="3" value="1"' in page
    assert 'hx-trigger="every 2s"' in page
    assert "What moved" not in page
    run(rollout)
    asks = house.clients[Role.MANAGER].get(url(rollout), headers={"HX-Request": "true"})
    assert asks.headers["HX-Refresh"] == "true"
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert 'hx-trigger="every' not in page
    assert "Finished today 10:00" in page
    assert "14 to 28 days later" in page
    listed = words(house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_changelist")))
    assert "3 of 3 plans done" in listed


def test_stopping_it_on_its_page_says_by_whom_why_and_how_many_were_left(house):
    make_plans(house.practitioner, 3)
    begin(house, next_version(offset_days=42))
    rollout = ProtocolRollout.objects.get()
    rollout_advance(rollout_id=rollout.pk, limit=1)
    assert url(rollout, "stop") in words(house.get(Role.MANAGER, url(rollout)))
    assert house.act(Role.PRACTITIONER, rollout, "stop", reason="No.").status_code == 403
    answer = house.act(Role.MANAGER, rollout, "stop", reason="The wrong version.")
    assert said(answer) == ["Stopped. 2 plans stay as they are."]
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert url(rollout, "stop") not in page
    assert 'hx-trigger="every' not in page
    assert f"Stopped by {house.users[Role.MANAGER]}: “The wrong version.” 2 plans were left as they were." in page
    assert "Stopped, 2 left as they were" in page
    assert "Version 1" not in page
    assert "version 1: 3 plans" in page
    assert url(TreatmentPlan.objects.earliest("pk")) in page, "the one that moved"
    assert house.act(Role.MANAGER, rollout, "stop", reason="Again.").status_code == 409


def test_a_second_one_is_refused_in_the_console_too(house):
    make_plans(house.practitioner)
    newer = next_version(offset_days=42)
    begin(house, newer)
    assert "are being moved already" in words(house.get(Role.MANAGER, url(newer, "roll_out")))
    again = begin(house, newer)
    assert again.status_code == 409
    assert "are being moved already" in words(again)
    assert ProtocolRollout.objects.count() == 1


def test_a_roll_out_that_stands_still_says_so(house, frozen):
    make_plans(house.practitioner)
    begin(house, next_version(offset_days=42))
    rollout = ProtocolRollout.objects.get()
    assert "Nothing has happened" not in words(house.get(Role.MANAGER, url(rollout)))
    frozen.shift(61)
    assert "Nothing has happened for a minute. Nothing is lost" in words(house.get(Role.MANAGER, url(rollout)))


def test_the_page_names_refused_plans_and_says_where_nothing_moved(house):
    (refused,) = make_plans(factories.make_practitioner(house.location, modalities=["prp"]))
    rollout = roll_out(next_version(add="exosome"))
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert url(refused) in page
    assert "is not qualified for" in page
    assert "No date moved" in page
    assert "Finished, 1 refused" in page


def test_the_page_leads_to_the_visits_to_rebook(house):
    (plan,) = make_plans(house.practitioner)
    session = plan.sessions.get(sequence=2)
    appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=factories.local(house.location, session.target_date, "10:00"),
        session=session,
    )
    page = words(house.get(Role.MANAGER, url(roll_out(next_version(offset_days=60)))))
    link = f"{reverse('admin:plans_followup_changelist')}?state=rebook"
    assert link in page
    assert str(plan.patient) in words(house.get(Role.MANAGER, link))


def test_the_csv_has_a_line_for_each_plan_and_no_formula(house):
    evil = factories.make_patient(house.location, first_name="=HYPERLINK(1)", last_name="+1")
    factories.make_plan(evil, house.practitioner)
    make_plans(factories.make_practitioner(house.location, modalities=["prp"]))
    rollout = roll_out(next_version(add="exosome", offset_days=21))
    answer = house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_csv", args=[rollout.pk]))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="prp-v2-2026-03-02.csv"'
    text = b"".join(answer.streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"))))
    assert [row["Result"] for row in rows] == ["Moved", "Refused"]
    assert rows[0]["Patient"].startswith("'=HYPERLINK")
    assert (rows[0]["Windows moved"], rows[0]["Moved by"]) == ("2", "7 to 14 days earlier")
    assert "is not qualified for" in rows[1]["Why"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_the_csv_is_for_who_may_see_the_roll_out_and_cannot_be_posted_to(house):
    make_plans(house.practitioner)
    address = reverse("admin:plans_protocolrollout_csv", args=[roll_out(next_version(offset_days=42)).pk])
    assert house.get(Role.FRONT_DESK, address).status_code == 403
    assert house.get(Role.PRACTITIONER, address).status_code == 403
    assert house.post(Role.MANAGER, address).status_code == 405
    unknown = address.replace(address.split("/")[-2], "01890000-0000-7000-8000-000000000000")
    assert house.get(Role.MANAGER, unknown).status_code == 404


@pytest.mark.parametrize("refused", [0, 60])
def test_the_page_takes_as_many_queries_with_more_refused_plans(house, refused):
    plans = make_plans(house.practitioner, 2)
    rollout = roll_out(next_version(offset_days=42))
    RolloutPlan.objects.filter(plan=plans[0]).update(status="refused", detail="No.")
    extra = TreatmentPlan.objects.bulk_create(
        TreatmentPlan(
            **{
                field.attname: getattr(plans[0], field.attname)
                for field in TreatmentPlan._meta.concrete_fields
                if field.attname not in {"id", "version"}
            }
        )
        for _ in range(refused)
    )
    RolloutPlan.objects.bulk_create(
        RolloutPlan(rollout=rollout, plan=plan, status="refused", detail="No.", settled_at=clock.now())
        for plan in extra
    )
    house.get(Role.MANAGER, url(rollout))
    with CaptureQueriesContext(connection) as captured:
        page = words(house.get(Role.MANAGER, url(rollout)))
    assert len(captured) == PAGE_QUERIES + (1 if refused else 0)
    assert ("11 more are in the CSV." in page) is bool(refused)


PAGE_QUERIES = 11
