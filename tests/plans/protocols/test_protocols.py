"""Versions of protocols: written, read again, fixed once followed, deleted, retired."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from clinic.access.roles import Role
from clinic.errors import Conflict, Invalid, Refusal, Stale
from plans.protocols.models import CareText, CareTopic, IntervalRule, Protocol, ProtocolStep, StepCare, StepComponent
from plans.protocols.queries import protocols_with_steps, step_inputs, versions_of
from plans.protocols.services import (
    care_text_write,
    care_topic_create,
    protocol_delete,
    protocol_restore,
    protocol_retire,
    protocol_write,
    protocols_seed,
)
from plans.treatment.models import TreatmentPlan
from plans.treatment.services import interval_rule_create, interval_rule_edit, plan_edit
from tests.factories import make_location, make_patient, make_plan, make_practitioner, make_user
from tests.plans.protocols.drafts import check_in, first, maintenance, review, session

STEPS = (first(care=("prepare-prp", "lifestyle")), session(repetitions=2), maintenance(), check_in(), review())


def write(code="mine", steps=STEPS, **fields):
    texts = {"title": "Mine", "description": "", "expectation": "Nobody knows.", "evidence": ""}
    return protocol_write(**{"by": None, "code": code, "steps": steps, **texts, **fields})


def follow(protocol: Protocol, status="draft") -> TreatmentPlan:
    """A plan that follows this version."""
    location = make_location()
    return make_plan(make_patient(location), make_practitioner(location), protocol=protocol.code, status=status)


def current(code="mine"):
    return list(Protocol.objects.filter(code=code, is_current=True).values_list("version_number", flat=True))


@pytest.fixture
def prp(db) -> Protocol:
    return Protocol.objects.get(code="prp")


def test_a_protocol_is_kept_as_it_was_written(db):
    manager = make_user((make_location(), Role.MANAGER))
    protocol = write(by=manager, change_note="New here")
    kept = protocols_with_steps().get(pk=protocol.pk)
    assert step_inputs(kept) == STEPS
    assert (kept.version_number, kept.is_current, kept.made_by, kept.change_note) == (1, True, manager, "New here")
    assert [step.position for step in kept.steps.all()] == [1, 2, 3, 4, 5]


def test_a_change_writes_the_next_version_and_leaves_the_one_before_as_it_is(db):
    before = write()
    steps = (STEPS[0], replace(STEPS[1], offset_days=35), *STEPS[2:])
    after = write(steps=steps, change_note="A week more")
    assert after.pk != before.pk
    assert (after.version_number, current()) == (2, [2])
    kept = {one.version_number: step_inputs(one) for one in protocols_with_steps().filter(code="mine")}
    assert kept == {1: STEPS, 2: steps}


def test_plans_keep_their_version_and_new_ones_take_the_current_one(prp):
    plan = follow(prp)
    after = write("prp", steps=step_inputs(protocols_with_steps().get(pk=prp.pk))[:3])
    plan.refresh_from_db()
    assert plan.protocol_id == prp.pk
    assert follow(after).protocol_id == after.pk
    counts = {version.version_number: version.plan_count for version in versions_of("prp")}
    assert counts == {1: 1, 2: 1}


def test_a_wrong_protocol_is_refused_with_all_that_is_wrong_and_nothing_is_written(db):
    before = Protocol.objects.count()
    with pytest.raises(Invalid) as refused:
        write(steps=(first(duration_minutes=1), session(offset_days=2)), expectation="A cure.")
    found = [refused.value, *refused.value.others]
    assert [one.attr for one in found] == ["expectation", "steps.0.duration_minutes", "steps.1.offset_days"]
    assert Protocol.objects.count() == before


@pytest.mark.parametrize("code", ["", "Two words", "ä", "x" * 41])
def test_a_code_is_short_and_plain(db, code):
    with pytest.raises(Invalid) as refused:
        write(code)
    assert refused.value.attr == "code"


def test_who_worked_from_an_older_version_is_told_so(db):
    write()
    write(title="Theirs", base_version=1)
    with pytest.raises(Stale, match="Version 2 of “mine” was made meanwhile; this change is of version 1"):
        write(title="Ours", base_version=1)
    assert Protocol.objects.filter(code="mine").count() == 2


def test_a_new_protocol_does_not_take_the_code_of_another(db):
    write(base_version=0)
    with pytest.raises(Invalid, match="There is a protocol “mine” already"):
        write(title="Other", base_version=0)


def test_a_version_in_which_nothing_is_different_is_not_made(db):
    write()
    with pytest.raises(Invalid, match="Nothing is different from version 1"):
        write()


def test_a_version_that_a_plan_follows_is_not_deleted(prp):
    follow(prp)
    with pytest.raises(Conflict, match="1 plan follows it") as refused:
        protocol_delete(protocol_id=prp.pk)
    assert refused.value.code == "protocol_in_use"
    assert Protocol.objects.filter(pk=prp.pk).exists()


def test_a_version_that_a_plan_once_followed_is_not_deleted(prp):
    after = write("prp", steps=STEPS)
    plan = follow(after)
    plan_edit(plan_id=plan.pk, changes={"protocol": prp})
    with pytest.raises(Conflict, match="a plan followed it once") as refused:
        protocol_delete(protocol_id=after.pk)
    assert refused.value.code == "protocol_in_use"


def test_deleting_the_current_version_makes_the_newest_that_remains_current(db):
    write()
    second, third = write(title="Second"), write(title="Third")
    protocol_delete(protocol_id=second.pk)
    assert current() == [3]
    protocol_delete(protocol_id=third.pk)
    assert current() == [1]
    protocol_delete(protocol_id=Protocol.objects.get(code="mine").pk)
    assert not Protocol.objects.filter(code="mine").exists()
    assert not ProtocolStep.objects.filter(protocol__code="mine").exists()


def test_a_retired_protocol_is_not_taken_by_new_plans_and_can_come_back(prp):
    plan = follow(prp)
    protocol_retire(protocol_id=prp.pk)
    assert current("prp") == []
    with pytest.raises(Protocol.DoesNotExist):
        follow(prp)
    plan.refresh_from_db()
    assert plan.protocol_id == prp.pk
    with pytest.raises(Conflict, match="not the current version"):
        protocol_retire(protocol_id=prp.pk)
    assert protocol_restore(protocol_id=prp.pk).is_current
    with pytest.raises(Conflict, match="The current version is 1"):
        protocol_restore(protocol_id=prp.pk)


def test_only_the_newest_version_comes_back(db):
    old = write()
    new = write(title="Second")
    protocol_retire(protocol_id=new.pk)
    with pytest.raises(Conflict, match="The newest version is 2"):
        protocol_restore(protocol_id=old.pk)


# The database itself


CHANGES = [
    lambda one: Protocol.objects.filter(pk=one.pk).update(title="Other"),
    lambda one: Protocol.objects.filter(pk=one.pk).update(expectation="Other"),
    lambda one: ProtocolStep.objects.filter(protocol=one, position=2).update(offset_days=F("offset_days") + 1),
    lambda one: ProtocolStep.objects.filter(protocol=one, position=2).delete(),
    lambda one: StepComponent.objects.filter(step__protocol=one).update(modality="exosome"),
    lambda one: StepCare.objects.filter(step__protocol=one).delete(),
    lambda one: ProtocolStep.objects.create(
        protocol=one, position=99, kind="check_in", title="More", anchor="each_session", offset_days=9
    ),
    lambda one: Protocol.objects.filter(pk=one.pk).delete(),
]


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_the_database_refuses_any_change_of_a_version_that_a_plan_follows(prp, change):
    follow(prp)
    before = step_inputs(protocols_with_steps().get(pk=prp.pk))
    with pytest.raises(IntegrityError), transaction.atomic():
        change(prp)
    assert step_inputs(protocols_with_steps().get(pk=prp.pk)) == before


def test_the_database_refuses_sql_too(prp):
    follow(prp)
    with (
        pytest.raises(IntegrityError, match="A plan follows this protocol version: it is fixed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE plans_protocolstep SET offset_days = 1 WHERE protocol_id = %s", [prp.pk])


def test_a_followed_version_may_still_stop_being_the_current_one(prp):
    follow(prp)
    Protocol.objects.filter(pk=prp.pk).update(is_current=False)
    assert current("prp") == []


# What comes with the system


def test_seeding_twice_changes_nothing(db):
    def contents():
        models = (Protocol, ProtocolStep, StepComponent, StepCare, IntervalRule, CareTopic, CareText)
        return [list(model.objects.order_by("pk").values()) for model in models]

    before = contents()
    assert protocols_seed() == []
    assert contents() == before


def test_seeding_leaves_alone_what_a_clinic_changed(prp):
    interval_rule_edit(by=None, rule_id=IntervalRule.objects.get(code="prp").pk, changes={"minimum_days": 10})
    topic = CareTopic.objects.get(code="lifestyle")
    care_text_write(by=None, topic=topic, language="en", title="Ours", body="Our words.")
    protocol_retire(protocol_id=prp.pk)
    protocols_seed()
    assert IntervalRule.objects.get(code="prp").minimum_days == 10
    assert topic.texts.get(language="en", is_current=True).body == "Our words."
    assert current("prp") == []


def test_seeding_puts_back_what_is_missing(db):
    Protocol.objects.filter(code="exosome").delete()
    CareText.objects.filter(language="de", topic__code="lifestyle").delete()
    IntervalRule.objects.filter(code="across").delete()
    assert [protocol.code for protocol in protocols_seed()] == ["exosome"]
    assert CareText.objects.filter(language="de", topic__code="lifestyle").count() == 1
    assert IntervalRule.objects.get(code="across").is_across


def test_every_seeded_session_has_its_care_and_what_is_planned_of_it(db):
    for step in ProtocolStep.objects.filter(kind__in=["session", "maintenance"], protocol__version_number=1):
        assert step.care.count() >= 3, step
    needles = StepComponent.objects.filter(modality="microneedling")
    assert set(needles.values_list("needle_length_mm", flat=True)) == {1}
    sources = StepComponent.objects.filter(modality="stem_cell").values_list("step__protocol__code", "source")
    assert set(sources) == {("adipose-svf", "adipose"), ("bone-marrow", "bone_marrow")}


# Care advice


@pytest.fixture
def topic(db) -> CareTopic:
    return care_topic_create(code="tea", kind="lifestyle", title="Tea")


def test_a_text_has_versions_in_each_language(topic):
    care_text_write(by=None, topic=topic, language="en", title="Tea", body="Drink some.")
    care_text_write(by=None, topic=topic, language="de", title="Tee", body="Trinken Sie etwas.")
    care_text_write(by=None, topic=topic, language="en", title="Tea", body="Drink a little.")
    kept = topic.texts.values_list("language", "version_number", "is_current", "body")
    assert set(kept) == {
        ("en", 1, False, "Drink some."),
        ("en", 2, True, "Drink a little."),
        ("de", 1, True, "Trinken Sie etwas."),
    }


@pytest.mark.parametrize(
    ("fields", "attr", "said"),
    [
        ({"body": "It is a permanent cure."}, "body", "“permanent”, “cure”"),
        ({"title": "Guaranteed"}, "title", "“Guaranteed”"),
        ({"language": "es", "body": "Su pelo volverá a crecer."}, "body", "“volverá a crecer”"),
        ({"language": "xx"}, "language", "one of en, es, de, ar"),
        ({"body": "  "}, "body", "may not be empty"),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused_and_nothing_is_written(topic, fields, attr, said):
    with pytest.raises(Invalid) as refused:
        care_text_write(**{"by": None, "topic": topic, "language": "en", "title": "Tea", "body": "Drink.", **fields})
    assert refused.value.attr == attr
    assert said in refused.value.detail
    assert not topic.texts.exists()


def test_the_same_text_again_makes_no_version(topic):
    care_text_write(by=None, topic=topic, language="en", title="Tea", body="Drink.")
    with pytest.raises(Invalid, match="Nothing is different"):
        care_text_write(by=None, topic=topic, language="en", title="Tea", body="Drink.")


# Intervals


def test_a_stricter_interval_names_the_protocols_that_it_contradicts(db):
    rule = IntervalRule.objects.get(code="prp")
    ruled = interval_rule_edit(by=None, rule_id=rule.pk, changes={"minimum_days": 29})
    assert ruled.rule.minimum_days == 29
    told = " ".join(warning.detail for warning in ruled.warnings)
    assert "PRP v1: Step 2 “PRP”: session 2 would come 28 days after session 1; at least 29" in told
    assert "PRP with microneedling v1" in told
    assert "Exosomes v1" not in told
    assert interval_rule_edit(by=None, rule_id=rule.pk, changes={"is_in_force": False}).warnings == []


def test_an_interval_rule_binds_new_versions_at_once(db):
    interval_rule_create(
        by=None, code="slow", title="PRP slowly", minimum_days=40, after_modality="prp", before_modality="prp"
    )
    with pytest.raises(Invalid, match=r"at least 40 days must lie between them \(PRP slowly\)"):
        write()


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"minimum_days": 0}, "minimum_days"),
        ({"minimum_days": 731}, "minimum_days"),
        ({"needle_over_mm": 2, "after_modality": "microneedling", "needle_up_to_mm": 1}, None),
        ({"source": "adipose"}, "source"),
        ({"after_modality": "leeches"}, "after_modality"),
    ],
)
def test_an_interval_that_makes_no_sense_is_refused(db, changes, attr):
    rule = IntervalRule.objects.get(code="prp")
    with pytest.raises(Refusal) as refused:
        interval_rule_edit(by=None, rule_id=rule.pk, changes=changes)
    assert refused.value.attr in (attr, None)
    rule.refresh_from_db()
    assert rule.minimum_days == 14


# Codes


def test_codes_that_differ_only_in_case_are_one_code(db):
    for code in ("PRP", "Prp"):
        with pytest.raises(Invalid, match=f"“{code}” and “prp” are one code") as refused:
            write(code=code)
        assert (refused.value.attr, refused.value.code) == ("code", "unique")
        with pytest.raises(Invalid, match="are one code"):
            interval_rule_create(by=None, code=code, title="Again", minimum_days=14)
    with pytest.raises(Invalid, match="are one code"):
        care_topic_create(code="Aftercare-PRP", kind="aftercare", title="Again")
    assert not Protocol.objects.filter(code__iexact="prp").exclude(code="prp").exists()
    assert write(code="prp").version_number == 2


# Two people at once


@pytest.mark.django_db(transaction=True)
def test_two_people_who_write_at_once_make_two_versions(db):
    protocols_seed()

    def write_one(number: int) -> int | str:
        with closing(connection):
            try:
                return write(title=f"Number {number}").version_number
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor(4) as pool:
        made = sorted(pool.map(write_one, range(4)))
    assert made == [1, 2, 3, 4]
    assert current() == [4]


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_change_the_same_version_at_once_one_is_told_so(db):
    protocols_seed()
    write()

    def write_one(number: int) -> int | str:
        with closing(connection):
            try:
                return write(title=f"Number {number}", base_version=1).version_number
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(map(str, pool.map(write_one, range(2)))) == ["2", "stale"]
