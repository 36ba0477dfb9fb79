"""The timeline, the progress, previews and pins over the API."""

from datetime import date, timedelta

import pytest

from clinic.access.roles import Role
from plans.followups.services import check_in_answer
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.services import plan_hold, plan_revise, session_pin, session_sign
from tests import factories
from tests.api import Api, errors

START = date(2026, 3, 2)


@pytest.fixture
def location(db, frozen):
    return factories.make_location()


@pytest.fixture
def plan(location, practitioner):
    return factories.make_plan(factories.make_patient(location), practitioner, start_date=START)


@pytest.fixture
def api(practitioner):
    return Api(practitioner.user)


@pytest.fixture
def desk(location):
    return Api(factories.make_user((location, Role.FRONT_DESK)))


def session(plan, number) -> ProcedureSession:
    return plan.sessions.get(sequence=number, aborted_at=None)


def book(plan, number, day, hour="10:00"):
    return appointment_book(
        by=plan.lead_practitioner.user,
        location=plan.location,
        practitioner=plan.lead_practitioner,
        session=session(plan, number),
        starts_at=factories.local(plan.location, day, hour),
    )


def steps(answer, kind=None):
    assert answer.status_code == 200, answer.content
    return [step for step in answer.json()["steps"] if kind in (None, step["kind"])]


def test_a_timeline_holds_every_step_in_the_order_of_its_target(api, plan, practitioner):
    factories.perform(session(plan, 1), practitioner)
    visit = book(plan, 2, date(2026, 3, 30))
    answer = api.get(f"/plans/{plan.pk}/timeline/")
    assert answer.json()["today"] == "2026-03-02"
    assert answer.json()["status"] == "active"
    assert [step["kind"] for step in steps(answer)] == [
        "session",
        "check_in",
        "check_in",
        "check_in",
        "session",
        "session",
        "follow_up",
        "follow_up",
        "follow_up",
    ]
    first, second, third = steps(answer, "session")
    assert (first["state"], first["status"], first["performed_on"]) == ("done", "performed", "2026-03-02")
    assert (second["state"], second["status"]) == ("scheduled", "scheduled")
    assert second["booked_at"] == "2026-03-30T14:00:00Z"
    assert second["appointment"] == str(visit.pk)
    assert (third["window_start"], third["target_date"], third["window_end"]) == (
        "2026-04-24",
        "2026-04-27",
        "2026-04-30",
    )
    assert (third["rule"], third["because"]) == ("target_window", "28 days after session 2 (30 March 2026).")
    assert (third["state"], third["status"], third["performed_on"]) == ("pending", "planned", None)


def test_a_pin_and_why_it_cannot_be_met_are_shown_and_its_reason_to_clinicians_alone(api, desk, plan, practitioner):
    factories.perform(session(plan, 1), practitioner)
    too_early = date(2026, 3, 5)
    session_pin(session_id=session(plan, 2).pk, by=practitioner.user, pinned_on=too_early, reason="A wedding.")
    second = steps(api.get(f"/plans/{plan.pk}/timeline/"), "session")[1]
    assert (second["pinned_on"], second["pin_reason"]) == ("2026-03-05", "A wedding.")
    assert second["pin_conflict"].startswith("At least 14 days after 2 March 2026")
    assert second["target_date"] == second["window_start"] == "2026-03-16"
    seen = steps(desk.get(f"/plans/{plan.pk}/timeline/"), "session")[1]
    assert "pin_reason" not in seen
    assert seen["pin_conflict"] == second["pin_conflict"]


def test_what_moved_says_from_when_to_when_by_whom_and_why(api, plan, practitioner, frozen):
    frozen.shift(timedelta(days=3))
    factories.perform(session(plan, 1), practitioner)
    session_pin(session_id=session(plan, 3).pk, by=practitioner.user, pinned_on=date(2026, 5, 4), reason="Holidays.")
    moves = Api(practitioner.user).get(f"/plans/{plan.pk}/timeline/").json()["moves"]
    pinned = moves[0]
    assert pinned["act"] in ("pinned", "performed")
    by_title = {(move["act"], move["title"]): move for move in moves}
    second = by_title["performed", "Session 2 of 3 · PRP"]
    assert (second["target_before"], second["target_after"]) == ("2026-03-30", "2026-04-02")
    assert second["because"] == "28 days after session 1 (5 March 2026)."
    assert second["item_id"] == str(session(plan, 2).pk)
    third = by_title["pinned", "Session 3 of 3 · PRP"]
    assert (third["target_before"], third["target_after"]) == ("2026-04-30", "2026-05-04")
    assert {move["moved_at"] for move in moves} == {"2026-03-05T15:00:00Z"}
    assert CourseMove.objects.count() == len(moves)


def test_the_desk_sees_dates_and_states_and_no_check_ins(desk, plan, practitioner):
    factories.perform(session(plan, 1), practitioner)
    timeline = desk.get(f"/plans/{plan.pk}/timeline/")
    assert {step["kind"] for step in steps(timeline)} == {"session", "follow_up"}
    progress = desk.get(f"/plans/{plan.pk}/progress/").json()
    assert progress["sessions"] == {"done": 1, "due": 0, "owed": 2, "total": 3}
    assert "check_ins" not in progress


def test_progress_counts_what_is_done_and_names_what_is_next(api, plan, practitioner, frozen):
    first = factories.perform(session(plan, 1), practitioner)
    frozen.shift(timedelta(days=1))
    api = Api(practitioner.user)
    check_in_answer(check_in_id=first.check_ins.first().pk, by=practitioner.user, note="All well.")
    progress = api.get(f"/plans/{plan.pk}/progress/").json()
    assert progress["follow_ups"] == {"kept": 0, "missed": 0, "open": 3}
    assert progress["check_ins"] == {"answered": 1, "overdue": 0, "open": 2}
    assert progress["adherence"] == {"kept": 1, "counted": 1, "pct": 100}
    assert (progress["median_days_late"], progress["mean_days_late"]) == (0.0, 0.0)
    assert progress["timing"] == [
        {
            "id": str(first.pk),
            "title": "Session 1 of 3 · PRP",
            "target_date": "2026-03-02",
            "performed_on": "2026-03-02",
            "days_late": 0,
        }
    ]
    assert progress["next"]["title"] == "Session 2 of 3 · PRP"
    assert progress["next"]["state"] == "pending"
    assert [(block["code"], block["until"]) for block in progress["blocks"]] == [
        ("unsigned", None),
        ("too_early", "2026-03-27"),
        ("not_booked", None),
    ]
    assert progress["flags"] == []


def test_a_missing_consent_blocks_the_next_session_and_is_named(api, plan, practitioner):
    factories.make_documents()
    protocol = factories.Protocol.objects.get(code="prp-microneedling", is_current=True)
    plan_revise(plan_id=plan.pk, by=practitioner.user, reason="More.", protocol=protocol)
    blocks = api.get(f"/plans/{plan.pk}/progress/").json()["blocks"]
    assert {"code": "consent_missing", "modality": "microneedling"} in [
        {"code": block["code"], "modality": block["modality"]} for block in blocks
    ]


def test_plans_are_found_by_their_progress(api, plan, practitioner, location, frozen):
    booked = factories.make_plan(factories.make_patient(location), practitioner, start_date=START)
    book(booked, 1, date(2026, 3, 4))
    held = factories.make_plan(factories.make_patient(location), practitioner, start_date=START)
    factories.perform(session(held, 1), practitioner)
    plan_hold(plan_id=held.pk, reason="Away.")

    def found(value, client=api):
        answer = client.get(f"/plans/?progress={value}")
        assert answer.status_code == 200, answer.content
        return {row["id"] for row in answer.json()["results"]}

    assert found("waiting") == {str(plan.pk)}
    assert found("slipping") == set()
    assert found("on_hold") == {str(held.pk)}
    assert found("on_hold,waiting") == {str(held.pk), str(plan.pk)}
    frozen.shift(timedelta(days=10))
    later = Api(practitioner.user)
    assert found("slipping", later) == {str(plan.pk)}
    refused = later.get("/plans/?progress=fine")
    assert (refused.status_code, errors(refused)) == (400, {"progress": "invalid_choice"})


def test_timeline_and_progress_cost_the_same_for_a_longer_course(
    api, location, practitioner, django_assert_num_queries
):
    short = factories.make_plan(factories.make_patient(location), practitioner, protocol="prp", start_date=START)
    long = factories.make_plan(
        factories.make_patient(location), practitioner, protocol="microneedling", start_date=START
    )
    for plan in (short, long):
        factories.perform(session(plan, 1), practitioner)
    book(long, 2, date(2026, 3, 16))
    session_pin(session_id=session(long, 4).pk, by=practitioner.user, pinned_on=date(2026, 5, 4), reason="Holidays.")
    for path, number in (("timeline", 9), ("progress", 8)):
        for plan in (short, long):
            with django_assert_num_queries(number):
                assert api.get(f"/plans/{plan.pk}/{path}/").status_code == 200


def test_the_list_costs_the_same_for_more_plans_when_it_is_filtered(
    api, location, practitioner, plan, django_assert_num_queries
):
    with django_assert_num_queries(6):
        assert len(api.get("/plans/?progress=waiting,slipping").json()["results"]) == 1
    for _ in range(3):
        factories.make_plan(factories.make_patient(location), practitioner, start_date=START)
    with django_assert_num_queries(6):
        assert len(api.get("/plans/?progress=waiting,slipping").json()["results"]) == 4


def test_a_preview_says_what_a_revision_would_change_and_writes_nothing(api, plan, practitioner):
    before = list(ProcedureSession.objects.order_by("pk").values()), TreatmentPlan.objects.values().get()
    answer = api.post(f"/plans/{plan.pk}/preview/", {"protocol": "prp-microneedling"})
    assert answer.status_code == 200, answer.content
    changes = answer.json()["changes"]
    assert changes[0]["what"] == "protocol"
    assert {change["item"] for change in changes} >= {"plan", "session"}
    assert (list(ProcedureSession.objects.order_by("pk").values()), TreatmentPlan.objects.values().get()) == before
    revised = api.post(f"/plans/{plan.pk}/revise/", {"protocol": "prp-microneedling", "reason": "More."})
    assert revised.status_code == 200
    (revision, *_) = api.get(f"/plans/{plan.pk}/revisions/").json()["results"]
    assert revision["reason"] == "More."
    assert [change["title"] for change in revision["changes"]] == [change["title"] for change in changes]


def test_a_session_is_pinned_and_let_go_again(api, desk, plan):
    second = session(plan, 2)
    path = f"/sessions/{second.pk}/pin/"
    pinned = api.post(path, {"pinned_on": "2026-04-06", "reason": "A wedding."})
    assert pinned.status_code == 200, pinned.content
    assert (pinned.json()["pinned_on"], pinned.json()["target_date"]) == ("2026-04-06", "2026-04-06")
    assert "pin_reason" not in desk.get(f"/sessions/{second.pk}/").json()
    let_go = api.post(path, {"pinned_on": None, "reason": "Not any more."})
    assert (let_go.json()["pinned_on"], let_go.json()["target_date"]) == (None, "2026-03-30")
    assert desk.post(path, {"pinned_on": None, "reason": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"reason": "x"}, "pinned_on"),
        ({"pinned_on": "2026-04-06"}, "reason"),
        ({"pinned_on": "2026-02-01", "reason": "x"}, "pinned_on"),
        ({"pinned_on": "2031-01-01", "reason": "x"}, "pinned_on"),
        ({"pinned_on": "soon", "reason": "x"}, "pinned_on"),
    ],
)
def test_a_pin_that_cannot_be_is_refused_and_changes_nothing(api, plan, body, attr):
    second = session(plan, 2)
    refused = api.post(f"/sessions/{second.pk}/pin/", body)
    assert refused.status_code == 400
    assert attr in errors(refused)
    assert session(plan, 2).pinned_on is None


def test_a_signed_session_cannot_be_pinned(api, plan, practitioner):
    first = factories.perform(session(plan, 1), practitioner)
    session_sign(session_id=first.pk, by=practitioner.user)
    refused = api.post(f"/sessions/{first.pk}/pin/", {"pinned_on": "2026-04-06", "reason": "x"})
    assert refused.status_code == 409


def test_another_clinics_plan_is_not_there(plan):
    elsewhere = factories.make_location("Elsewhere")
    stranger = Api(factories.make_user((elsewhere, Role.PRACTITIONER)))
    for path in ("timeline", "progress", "revisions"):
        assert stranger.get(f"/plans/{plan.pk}/{path}/").status_code == 404
