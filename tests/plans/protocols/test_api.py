"""Protocols, intervals and care advice over the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from plans.protocols.models import CareText, CareTopic, IntervalRule, Protocol, ProtocolStep
from tests.api import Api, errors
from tests.factories import make_location, make_patient, make_plan, make_practitioner, make_user

pytestmark = pytest.mark.django_db

SESSION = {
    "kind": "session",
    "title": "PRP",
    "anchor": "plan_start",
    "duration_minutes": 60,
    "components": [{"modality": "prp"}],
    "care": ["aftercare-prp"],
}
NEXT = {**SESSION, "anchor": "previous_session", "offset_days": 28, "repetitions": 2}
BODY = {"code": "mine", "title": "Mine", "expectation": "Nobody knows.", "steps": [SESSION, NEXT]}


@pytest.fixture
def location():
    return make_location()


@pytest.fixture
def manager(location) -> Api:
    return Api(make_user((location, Role.MANAGER)))


@pytest.fixture
def prp() -> Protocol:
    return Protocol.objects.get(code="prp")


def contents():
    return [list(model.objects.order_by("pk").values()) for model in (Protocol, ProtocolStep)]


def test_a_manager_writes_a_protocol_as_a_whole(manager):
    answer = manager.post("/protocols/", {**BODY, "change_note": "A first try"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["code"], made["version"], made["is_current"], made["change_note"]) == ("mine", 1, True, "A first try")
    assert [step["position"] for step in made["steps"]] == [1, 2]
    assert made["steps"][1]["offset_days"] == 28
    assert made["steps"][0]["components"] == [
        {"modality": "prp", "position": 1, "needle_length_mm": None, "source": ""}
    ]
    assert made["steps"][0]["care"] == ["aftercare-prp"]
    assert answer.headers["ETag"] == '"1"'


def test_what_the_api_shows_can_be_sent_back(manager, prp):
    shown = manager.get(f"/protocols/{prp.pk}/").json()
    answer = manager.post("/protocols/", {**shown, "code": "copy"})
    assert answer.status_code == 201
    without = ("id", "steps")
    ours, theirs = answer.json()["steps"], shown["steps"]
    assert [{k: v for k, v in step.items() if k not in without} for step in ours] == [
        {k: v for k, v in step.items() if k not in without} for step in theirs
    ]


def test_posting_a_code_that_exists_makes_its_next_version(manager, prp):
    answer = manager.post("/protocols/", {**BODY, "code": "prp"})
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert errors(manager.post("/protocols/", {**BODY, "code": "prp", "base_version": 0})) == {"code": "unique"}
    answer = manager.post("/protocols/", {**BODY, "code": "prp", "title": "X", "base_version": 1})
    assert answer.status_code == 412


def test_a_change_answers_the_next_version_and_keeps_what_was_left_out(manager, prp):
    answer = manager.patch(f"/protocols/{prp.pk}/", {"title": "PRP, ours", "change_note": "Our name"})
    assert answer.status_code == 200
    made = answer.json()
    assert made["id"] != str(prp.pk)
    assert (made["version"], made["title"], made["expectation"]) == (2, "PRP, ours", prp.expectation)
    assert len(made["steps"]) == prp.steps.count()
    assert manager.get(f"/protocols/{prp.pk}/").json()["title"] == "PRP"
    assert manager.get("/protocols/?code=prp&is_current=true").json()["results"][0]["id"] == made["id"]


def test_a_change_of_a_version_that_is_not_the_newest_is_refused(manager, prp):
    assert manager.patch(f"/protocols/{prp.pk}/", {"title": "Theirs"}).status_code == 200
    before = contents()
    answer = manager.patch(f"/protocols/{prp.pk}/", {"title": "Ours"})
    assert answer.status_code == 412
    assert "Version 2 of “prp” was made meanwhile" in answer.json()["errors"][0]["detail"]
    assert contents() == before


def test_a_change_honours_if_match(manager, prp):
    assert manager.patch(f"/protocols/{prp.pk}/", {"title": "Ours"}, If_Match='"7"').status_code == 412
    tag = manager.get(f"/protocols/{prp.pk}/").headers["ETag"]
    assert manager.patch(f"/protocols/{prp.pk}/", {"title": "Ours"}, If_Match=tag).status_code == 200


def test_a_change_that_changes_nothing_is_refused(manager, prp):
    answer = manager.patch(f"/protocols/{prp.pk}/", {})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unchanged")


def test_all_that_is_wrong_is_told_at_once_by_field(manager):
    before = contents()
    steps = [
        {**SESSION, "duration_minutes": 3},
        {**NEXT, "offset_days": 2, "components": [{"modality": "prp", "needle_length_mm": 1}]},
        {"kind": "check_in", "title": "Day 1", "anchor": "plan_start"},
    ]
    answer = manager.post("/protocols/", {**BODY, "expectation": "A cure, guaranteed.", "steps": steps})
    assert answer.status_code == 400
    told = {error["attr"]: error["detail"] for error in answer.json()["errors"]}
    assert list(told) == [
        "expectation",
        "steps.0.duration_minutes",
        "steps.1.offset_days",
        "steps.1.components.0.needle_length_mm",
        "steps.2.anchor",
    ]
    assert told["expectation"] == "No text promises an outcome: write it without “cure”, “guaranteed”."
    assert told["steps.1.offset_days"].startswith("Step 2 “PRP”: session 2 would come 2 days after session 1")
    assert contents() == before


@pytest.mark.parametrize(
    ("step", "attr"),
    [
        ({**SESSION, "kind": None}, "steps.0.kind"),
        ({**SESSION, "offset_days": "soon"}, "steps.0.offset_days"),
        ({**SESSION, "components": [{"modality": "prp", "needle_length_mm": "long"}]}, None),
        ({**SESSION, "components": "prp"}, None),
        ({**SESSION, "care": [7]}, "steps.0.care.0"),
        ({**SESSION, "position": 4}, "steps.0.position"),
        (7, None),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(manager, step, attr):
    answer = manager.post("/protocols/", {**BODY, "steps": [step]})
    assert answer.status_code == 400
    if attr:
        assert attr in errors(answer)


def test_an_unused_version_is_deleted_and_a_followed_one_is_not(manager, location, prp):
    made = manager.post("/protocols/", BODY).json()
    assert manager.delete(f"/protocols/{made['id']}/").status_code == 204
    assert manager.get(f"/protocols/{made['id']}/").status_code == 404
    make_plan(make_patient(location), make_practitioner(location), status="draft")
    answer = manager.delete(f"/protocols/{prp.pk}/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "protocol_in_use")
    assert manager.get(f"/protocols/{prp.pk}/").json()["plan_count"] == 1


def test_a_retired_protocol_is_not_to_be_had_until_it_is_restored(manager, location, prp):
    assert manager.post(f"/protocols/{prp.pk}/retire/").json()["is_current"] is False
    practitioner = make_practitioner(location)
    body = {"protocol": "prp"}
    assert errors(Api(practitioner.user).post("/plans/", body))["protocol"] == "does_not_exist"
    assert manager.post(f"/protocols/{prp.pk}/retire/").status_code == 409
    assert manager.post(f"/protocols/{prp.pk}/restore/").json()["is_current"] is True


def test_a_preview_shows_the_calendar_and_why_and_writes_nothing(manager, prp):
    before = contents()
    answer = manager.post(f"/protocols/{prp.pk}/preview/", {"start_date": "2026-03-02"})
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["faults"] == []
    first, *_ = shown["calendar"]
    assert first == {
        "position": 1,
        "kind": "session",
        "title": "Session 1 of 3 · PRP",
        "earliest": "2026-03-02",
        "target": "2026-03-02",
        "latest": "2026-03-05",
        "rule": "plan_start",
        "why": "The plan starts on 2 March 2026.",
    }
    titles = [entry["title"] for entry in shown["calendar"]]
    assert {"Session 3 of 3 · PRP", "Maintenance · PRP", "3-month review", "Check-in, day 7 · session 2"} < set(titles)
    assert contents() == before


def test_a_preview_of_a_draft_says_what_is_wrong_and_draws_what_can_be_drawn(manager, prp):
    before = contents()
    steps = [SESSION, {**NEXT, "offset_days": 5}]
    shown = manager.post(f"/protocols/{prp.pk}/preview/", {"start_date": "2026-03-02", "steps": steps}).json()
    assert [fault["attr"] for fault in shown["faults"]] == ["steps.1.offset_days"]
    second = shown["calendar"][1]
    assert (second["target"], second["rule"]) == ("2026-03-16", "minimum_interval")
    assert second["why"] == "At least 14 days after 2 March 2026 (PRP after PRP)."
    shown = manager.post(f"/protocols/{prp.pk}/preview/", {"steps": [{**SESSION, "offset_days": 9999}]}).json()
    assert shown["calendar"] == []
    assert contents() == before


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.ASSISTANT, Role.FRONT_DESK])
def test_only_a_manager_writes(location, role, prp):
    api = Api(make_user((location, role)))
    before = contents()
    assert api.get(f"/protocols/{prp.pk}/").status_code == 200
    assert api.get("/interval-rules/").status_code == 200
    assert api.get("/care-topics/").status_code == 200
    rule, topic = IntervalRule.objects.earliest("pk"), CareTopic.objects.earliest("pk")
    refused = [
        api.post("/protocols/", BODY),
        api.patch(f"/protocols/{prp.pk}/", {"title": "X"}),
        api.delete(f"/protocols/{prp.pk}/"),
        api.post(f"/protocols/{prp.pk}/retire/"),
        api.post("/interval-rules/", {}),
        api.patch(f"/interval-rules/{rule.pk}/", {"minimum_days": 1}),
        api.post("/care-topics/", {}),
        api.post(f"/care-topics/{topic.pk}/texts/", {}),
    ]
    assert {answer.status_code for answer in refused} == {403}
    assert contents() == before


def test_what_a_step_does_not_have_is_refused_by_name(manager, prp):
    before = contents()
    step, *others = BODY["steps"]
    given = [{**step["components"][0], "needle_mm": 1}]
    answer = manager.post("/protocols/", {**BODY, "steps": [{**step, "offset_day": 9, "components": given}, *others]})
    assert answer.status_code == 400
    told = {error["attr"]: error["detail"] for error in answer.json()["errors"]}
    assert set(told) == {"steps.0.offset_day", "steps.0.components.0.needle_mm"}
    assert told["steps.0.offset_day"].startswith("A step has no “offset_day”; it has position, kind, title")
    assert contents() == before
    shown = manager.get(f"/protocols/{prp.pk}/").json()
    assert {"id", "position"} <= shown["steps"][0].keys()
    again = manager.patch(f"/protocols/{prp.pk}/", {"title": "PRP again", "steps": shown["steps"]})
    assert again.status_code == 200, "what was read can be sent back"


def test_interval_rules_are_read_and_changed(manager):
    rules = {rule["code"]: rule for rule in manager.get("/interval-rules/").json()["results"]}
    assert {code: rule["minimum_days"] for code, rule in rules.items()} == {
        "prp": 14,
        "stem-cell": 180,
        "stem-cell-marrow": 365,
        "microneedling": 7,
        "microneedling-over-0-5-mm": 14,
        "microneedling-over-1-5-mm": 28,
        "across": 14,
        "exosome": 14,
    }
    answer = manager.patch(f"/interval-rules/{rules['prp']['id']}/", {"minimum_days": 30})
    assert answer.json()["minimum_days"] == 30
    assert any("PRP v1" in warning["detail"] for warning in answer.json()["warnings"])
    body = {"code": "exosome-prp", "title": "PRP after exosomes", "minimum_days": 21, "after_modality": "exosome"}
    assert manager.post("/interval-rules/", {**body, "before_modality": "prp"}).status_code == 201
    assert manager.post("/interval-rules/", {**body, "code": "x", "minimum_days": 0}).status_code == 400
    assert errors(manager.post("/interval-rules/", body))["code"] == "unique"


def test_care_topics_have_their_texts_in_force_by_language(manager):
    topics = {topic["code"]: topic for topic in manager.get("/care-topics/").json()["results"]}
    assert {text["language"] for text in topics["aftercare-prp"]["texts"]} == {"en", "es", "de", "ar"}
    german = {topic["code"]: topic for topic in manager.get("/care-topics/?language=de").json()["results"]}
    assert set(german) == set(topics)
    assert [text["title"] for text in german["aftercare-prp"]["texts"]] == ["Nach Ihrer PRP-Sitzung"]
    assert {topic["kind"] for topic in manager.get("/care-topics/?kind=lifestyle").json()["results"]} == {"lifestyle"}


def test_a_manager_writes_a_text_of_care_advice(manager):
    topic = CareTopic.objects.get(code="aftercare-prp")
    address = f"/care-topics/{topic.pk}/texts/"
    answer = manager.post(address, {"language": "en", "title": "After PRP", "body": "Take it easy."})
    assert answer.status_code == 200
    english = next(text for text in answer.json()["texts"] if text["language"] == "en")
    assert (english["version"], english["body"]) == (2, "Take it easy.")
    versions = manager.get(address).json()["results"]
    assert [text["version"] for text in versions if text["language"] == "en"] == [2, 1]
    refused = manager.post(address, {"language": "en", "title": "After PRP", "body": "It is permanent."})
    assert errors(refused) == {"body": "invalid"}
    assert "“permanent”" in refused.json()["errors"][0]["detail"]
    assert CareText.objects.filter(topic=topic, language="en").count() == 2


def test_a_manager_makes_a_topic(manager):
    answer = manager.post("/care-topics/", {"code": "tea", "kind": "lifestyle", "title": "Tea"})
    assert (answer.status_code, answer.json()["texts"]) == (201, [])
    assert (
        errors(manager.post("/care-topics/", {"code": "tea", "kind": "lifestyle", "title": "Tea"}))["code"] == "unique"
    )
    changed = manager.patch(f"/care-topics/{answer.json()['id']}/", {"title": "Green tea"})
    assert changed.json()["title"] == "Green tea"


@pytest.mark.parametrize("path", ["/protocols/", "/interval-rules/", "/care-topics/"])
def test_a_longer_list_costs_no_more_queries(manager, path):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager.get(f"{path}?page_size=200").status_code == 200
        return len(captured)

    queries()
    before = queries()
    for number in range(6):
        manager.post("/protocols/", {**BODY, "code": f"mine-{number}"})
        manager.post("/interval-rules/", {"code": f"mine-{number}", "title": "Mine", "minimum_days": 3})
        topic = manager.post("/care-topics/", {"code": f"mine-{number}", "kind": "lifestyle", "title": "Tea"}).json()
        manager.post(f"/care-topics/{topic['id']}/texts/", {"language": "en", "title": "Tea", "body": "Drink."})
    assert queries() == before
