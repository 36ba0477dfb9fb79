"""Protocols, care advice and intervals in the console."""

import re
from html import unescape

import pytest

from clinic.access.roles import Role
from plans.protocols.models import CareTopic, IntervalRule, Protocol, ProtocolStep, StepComponent
from plans.protocols.queries import protocols_with_steps, step_inputs
from plans.protocols.services import protocol_write
from tests.console import House, said, url, words
from tests.factories import make_patient, make_plan
from tests.plans.protocols.drafts import first, session

MANAGER = Role.MANAGER
HTMX = {"HX-Request": "true"}


@pytest.fixture
def house(db, frozen):
    return House()


@pytest.fixture
def prp(db) -> Protocol:
    return Protocol.objects.get(code="prp")


def contents():
    return [list(model.objects.order_by("pk").values()) for model in (Protocol, ProtocolStep, StepComponent)]


def fields_of(page) -> dict[str, list[str]]:
    """The editor's form as a browser would send it."""
    body = page.content.decode()
    form = body[body.index('id="protocol-form"') :]
    form = form[: form.index("</form>")]
    sent: dict[str, list[str]] = {}

    def add(name: str, value: str) -> None:
        sent.setdefault(name, []).append(unescape(value))

    for tag in re.finditer(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag.group()))
        if attributes.get("type") != "checkbox" or re.search(r"\schecked(?=[\s>])", tag.group()):
            add(attributes["name"], attributes.get("value", ""))
    for tag in re.finditer(r'<textarea name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', form):
        add(tag.group(1), tag.group(2))
    for tag in re.finditer(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]*\bselected', tag.group(2))
        add(tag.group(1), chosen.group(1) if chosen else "")
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def editor(house: House, row: Protocol) -> dict[str, list[str]]:
    page = house.get(MANAGER, url(row, "edit"))
    assert page.status_code == 200
    return fields_of(page)


def send(house: House, row: Protocol, sent: dict, op: str, **headers):
    return house.clients[MANAGER].post(url(row, "edit"), {**sent, "op": op}, headers=headers or None)


def test_a_protocol_shows_its_versions_who_follows_them_and_its_calendar(house, prp):
    make_plan(make_patient(house.location), house.practitioner, status="draft")
    protocol_write(
        by=house.users[MANAGER],
        code="prp",
        title="PRP",
        description="",
        expectation="Nobody knows.",
        evidence="",
        steps=(first(), session()),
        change_note="Two are enough",
    )
    page = words(house.get(Role.FRONT_DESK, url(prp)))
    for text in (
        "1 plan follows it",
        "No plan follows it",
        "Two are enough",
        "Replaced",
        "28 days after the session before (−3, +3 days)",
        "Session 3 of 3 · PRP",
        "Maintenance · PRP",
        "12-month review",
        "Why not earlier",
    ):
        assert text in page
    assert "Edit as the next version" not in page
    assert words(house.get(MANAGER, "/admin/plans/protocol/")).count(">PRP<") == 1, "the list has the newest versions"


def test_the_editor_gives_back_what_the_version_says(house):
    for protocol in Protocol.objects.all():
        sent = editor(house, protocol)
        page = send(house, protocol, sent, "save")
        assert page.status_code == 200
        assert "Nothing is different from version 1." in words(page), protocol


def test_saving_makes_the_next_version_with_its_note(house, prp):
    sent = editor(house, prp)
    sent |= {"steps.1.offset_days": ["35"], "change_note": ["A week more"]}
    response = send(house, prp, sent, "save")
    after = Protocol.objects.get(code="prp", is_current=True)
    assert (response.status_code, response.headers["Location"]) == (303, url(after))
    assert said(response) == ["PRP: version 2 is what new plans take."]
    assert (after.version_number, after.change_note, after.made_by) == (2, "A week more", house.users[MANAGER])
    steps = step_inputs(protocols_with_steps().get(pk=after.pk))
    assert steps[1].offset_days == 35
    assert steps[0].care == step_inputs(protocols_with_steps().get(pk=prp.pk))[0].care


def test_a_preview_draws_the_draft_marks_its_faults_and_writes_nothing(house, prp):
    before = contents()
    sent = editor(house, prp) | {"start_date": ["2026-03-02"]}
    page = words(send(house, prp, sent | {"steps.1.offset_days": ["35"]}, "preview", **HTMX))
    assert "<html" not in page
    assert "6 Apr 2026" in page, "session 2, 35 days after the first"
    assert 'id="faults-1"' in page
    assert "hx-swap-oob" in page
    wrong = words(
        send(house, prp, sent | {"steps.1.offset_days": ["9"], "expectation": ["A cure."]}, "preview", **HTMX)
    )
    assert "Step 2 “PRP”: session 2 would come 9 days after session 1; at least 14 days must lie between them" in wrong
    assert 'href="#id_steps.1.offset_days"' in wrong
    assert "write it without “cure”" in wrong
    unreadable = words(send(house, prp, sent | {"steps.1.offset_days": ["soon"]}, "preview", **HTMX))
    assert "After, days: Enter a whole number." in unreadable
    assert contents() == before


def test_the_number_of_faults_stands_beside_save_and_leads_to_the_first(house, prp):
    sent = editor(house, prp)
    wrong = sent | {"steps.1.offset_days": ["9"], "steps.0.duration_minutes": [""]}
    to_first = r'<p id="faults-count"[^>]*>.*<a href="#id_steps\.0\.duration_minutes">2 faults: to the first</a></p>'
    for page in (send(house, prp, wrong, "save"), send(house, prp, wrong, "preview", **HTMX)):
        assert re.search(to_first, words(page))
    rows = words(send(house, prp, wrong | {"expectation": ["A cure."]}, "add:check_in", **HTMX))
    assert '<a href="#id_expectation">' in rows
    right = words(send(house, prp, sent, "preview", **HTMX))
    assert re.search(r'<p id="faults-count"[^>]*role="status"></p>', right)


def test_steps_of_one_title_are_told_apart_by_their_part_of_the_course(house, prp):
    page = words(house.get(MANAGER, url(prp)))
    for text in ("Session 1 · PRP", "Sessions 2 to 3 · PRP", "Maintenance · PRP"):
        assert f'<span class="c-strong">{text}</span>' in page
    sent = editor(house, prp)
    whole = words(send(house, prp, sent, "preview"))
    assert '<span id="part-1" class="c-step__part">Sessions 2 to 3</span>' in whole
    live = words(send(house, prp, sent | {"steps.1.repetitions": ["4"]}, "preview", **HTMX))
    assert '<span id="part-1" class="c-step__part" hx-swap-oob="true">Sessions 2 to 5</span>' in live
    assert '<span id="part-3" class="c-step__part" hx-swap-oob="true">Recovery check-in</span>' in live


def test_what_cannot_be_saved_stays_in_the_page_with_what_is_wrong(house, prp):
    before = contents()
    sent = editor(house, prp) | {"steps.1.offset_days": ["9"], "steps.0.duration_minutes": [""], "title": ["Ours"]}
    page = send(house, prp, sent, "save")
    assert page.status_code == 200
    text = words(page)
    assert "at least 14 days must lie between them" in text
    assert "say how long it takes" in text
    assert fields_of(page)["title"] == ["Ours"]
    assert fields_of(page)["steps.1.offset_days"] == ["9"]
    assert contents() == before


def titles(page) -> list[str]:
    sent = fields_of(page)
    return [sent[f"steps.{place}.title"][0] for place in range(len([name for name in sent if name.endswith(".kind")]))]


def test_rows_are_moved_removed_and_added_by_buttons_without_script(house, prp):
    before = contents()
    sent = editor(house, prp)
    at_first = [step.title for step in prp.steps.all()]
    page = send(house, prp, sent, "down:3")
    assert titles(page) == [*at_first[:3], at_first[4], at_first[3], *at_first[5:]]
    assert "<html" in words(page)
    page = send(house, prp, fields_of(page), "up:4")
    assert titles(page) == at_first
    page = send(house, prp, fields_of(page), "remove:8")
    assert titles(page) == at_first[:8]
    page = send(house, prp, fields_of(page), "add:session")
    assert titles(page) == [*at_first[:2], "PRP", *at_first[2:8]], "after the last session"
    added = fields_of(page)
    assert added["steps.2.anchor"] == ["previous_session"]
    assert added["steps.2.components.0.modality"] == ["prp"]
    assert added["steps.2.offset_days"] == [""]
    page = send(house, prp, added, "add:check_in")
    assert fields_of(page)["steps.9.kind"] == ["check_in"]
    assert contents() == before


def test_a_moved_row_keeps_the_keyboard(house, prp):
    sent = editor(house, prp)
    page = words(send(house, prp, sent, "up:1", **HTMX))
    assert re.search(r'id="down-0"[^>]* autofocus', page), "at the edge, the other way is what is left"
    page = words(send(house, prp, sent, "up:4", **HTMX))
    assert re.search(r'id="up-3"[^>]* autofocus', page)
    assert "<html" not in page


@pytest.mark.parametrize("op", ["up:0", "down:99", "remove:99", "remove:x", "add:nothing", "sing:1", "", "up:-1"])
def test_a_button_that_makes_no_sense_harms_nothing(house, prp, op):
    before = contents()
    assert send(house, prp, editor(house, prp), op).status_code == 200
    assert send(house, prp, {}, op).status_code == 200
    assert send(house, prp, {"steps.0.kind": ["x"], "steps.7.zzz": ["1"], "base_version": ["x"]}, op).status_code == 200
    assert contents() == before


def test_who_edited_an_older_version_is_told_and_loses_nothing(house, prp):
    sent = editor(house, prp) | {"title": ["Ours"]}
    send(house, prp, editor(house, prp) | {"title": ["Theirs"]}, "save")
    page = send(house, prp, sent, "save")
    assert page.status_code == 409
    assert "Version 2 of “prp” was made meanwhile" in words(page)
    assert fields_of(page)["title"] == ["Ours"]
    assert Protocol.objects.filter(code="prp").count() == 2


def test_a_manager_makes_a_new_protocol(house):
    client = house.clients[MANAGER]
    page = client.get("/admin/plans/protocol/add/")
    sent = fields_of(page) | {
        "code": ["ours"],
        "title": ["Ours"],
        "expectation": ["Nobody knows."],
        "steps.0.title": ["Exosomes"],
        "steps.0.components.0.modality": ["exosome"],
        "op": ["save"],
    }
    assert "code" in fields_of(page)
    response = client.post("/admin/plans/protocol/add/", sent)
    assert response.status_code == 303
    made = Protocol.objects.get(code="ours")
    assert (made.version_number, made.steps.get().components.get().modality) == (1, "exosome")
    again = client.post("/admin/plans/protocol/add/", sent)
    assert "There is a protocol “ours” already." in words(again)
    assert Protocol.objects.filter(code="ours").count() == 1


def test_only_a_manager_edits(house, prp):
    before = contents()
    sent = editor(house, prp) | {"title": ["Ours"], "op": ["save"]}
    for role in set(Role) - {MANAGER}:
        for path in (url(prp, "edit"), "/admin/plans/protocol/add/"):
            assert house.get(role, path).status_code == 403
            assert house.clients[role].post(path, sent).status_code == 403
    assert contents() == before


def test_versions_are_retired_restored_and_deleted_by_their_dialogs(house, prp):
    made = protocol_write(
        by=None, code="ours", title="Ours", description="", expectation="Nobody knows.", evidence="", steps=(first(),)
    )
    house.act(MANAGER, made, "retire")
    assert "Retired" in words(house.get(MANAGER, url(made)))
    house.act(MANAGER, made, "restore")
    made.refresh_from_db()
    assert made.is_current
    response = house.act(MANAGER, made, "remove")
    assert response.headers["Location"] == "/admin/plans/protocol/"
    assert not Protocol.objects.filter(pk=made.pk).exists()
    make_plan(make_patient(house.location), house.practitioner, status="draft")
    assert url(prp, "remove") not in words(house.get(MANAGER, url(prp)))
    response = house.act(MANAGER, prp, "remove")
    assert (response.status_code, "1 plan follows it" in words(response)) == (409, True)


def test_care_advice_is_written_version_by_version(house):
    topic = CareTopic.objects.get(code="aftercare-prp")
    form = words(house.get(MANAGER, f"{url(topic, 'write_text')}?language=de"))
    assert "Nach Ihrer PRP-Sitzung" in form
    response = house.act(MANAGER, topic, "write_text", language="de", title="Danach", body="Ruhen Sie sich aus.")
    assert said(response) == ["Danach (Deutsch): version 2 is in force."]
    page = words(house.get(Role.FRONT_DESK, url(topic)))
    assert "Ruhen Sie sich aus." in page
    assert "Earlier versions: 1" in page
    refused = house.act(MANAGER, topic, "write_text", language="en", title="After", body="Your hair will grow back.")
    assert refused.status_code == 409
    assert "write it without “will grow back”" in words(refused)
    assert house.act(Role.PRACTITIONER, topic, "write_text").status_code == 403


def test_a_topic_is_made_and_renamed(house):
    client = house.clients[MANAGER]
    client.post("/admin/plans/caretopic/add/", {"title": "Tea", "code": "tea", "kind": "lifestyle", "modality": ""})
    topic = CareTopic.objects.get(code="tea")
    client.post(url(topic), {"title": "Green tea", "kind": "lifestyle", "modality": "", "_version": topic.version})
    topic.refresh_from_db()
    assert topic.title == "Green tea"


def test_an_interval_is_changed_with_a_word_on_the_protocols_it_contradicts(house):
    rule = IntervalRule.objects.get(code="prp")
    sent = {"title": rule.title, "minimum_days": 40, "is_in_force": "on", "after_modality": "prp"}
    response = house.post(MANAGER, url(rule), **sent, before_modality="prp", source="", _version=rule.version)
    assert response.status_code == 303
    assert any("PRP v1: Step 2 “PRP”" in message for message in said(response))
    rule.refresh_from_db()
    assert rule.minimum_days == 40
    refused = house.post(
        MANAGER, url(rule), **(sent | {"minimum_days": 0}), before_modality="prp", _version=rule.version
    )
    assert refused.status_code == 200
    assert re.search(r"\b1( to |–)730 days", words(refused))
