"""What people decide beside the protocol: two plans at once, a pin that an interval forbids, a newer version."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from clinic.errors import Invalid, TooEarly
from clinic.places.wallclock import local_date
from plans.protocols.queries import step_inputs
from plans.protocols.services import protocol_write
from plans.treatment.models import ProcedureSession
from plans.treatment.services import plan_preview
from tests.journeys.courses.story import House, Story


def spaced(day: str, rule: str = "One treatment of the scalp after another") -> str:
    return f"(At least 14 days after {day} 2026 ({rule}).)"


def test_what_one_plan_gives_keeps_the_other_plan_fourteen_days_away(house: House):
    story = Story(house, "Sample Maplewood")
    story.on("2026-03-02", "10:00").consults()
    prp = story.plans("prp", "2026-03-16")
    needling = story.plans("microneedling", "2026-03-23")

    def performs(plan, number: int, day: str) -> list[str]:
        story.on(day).plan = plan
        story.books(number, day)
        story.performs(number)
        return story.moves_in(needling if plan is prp else prp)

    moves = performs(prp, 1, "2026-03-16")
    assert moves[:2] == [
        f"elsewhere: Session 1 of 6 · Microneedling: 23 Mar → 30 Mar {spaced('16 March')}",
        f"elsewhere: Session 2 of 6 · Microneedling: 6 Apr → 13 Apr {spaced('30 March', 'the protocol')}",
    ]
    story.plan = needling
    with pytest.raises(TooEarly) as refused:
        story.books(1, "2026-03-27")
    assert (refused.value.extra["earliest"], refused.value.extra["rule"]) == ("2026-03-30", "minimum_interval")
    assert performs(needling, 1, "2026-03-30") == [
        f"elsewhere: Session 2 of 3 · PRP: 13 Apr, opens 10 Apr → 13 Apr {spaced('30 March')}",
    ]
    story.plan = prp
    story.books(2, "2026-04-13")
    story.plan = needling
    with pytest.raises(TooEarly, match="Session 2 of 3 · PRP of another plan"):
        story.books(2, "2026-04-13", "11:00")
    story.on("2026-04-13").plan = prp
    story.performs(2)
    assert story.moves_in(needling)[0] == (
        f"elsewhere: Session 2 of 6 · Microneedling: 13 Apr → 27 Apr {spaced('13 April')}"
    )
    performs(needling, 2, "2026-04-27")
    performs(prp, 3, "2026-05-11")
    for number, day in ((3, "2026-05-25"), (4, "2026-06-08"), (5, "2026-06-22"), (6, "2026-07-06")):
        performs(needling, number, day)
    days = sorted(
        local_date(session.performed_at, house.location.zone)
        for session in ProcedureSession.objects.filter(plan__patient=story.patient, performed_at__isnull=False)
    )
    assert len(days) == 9
    assert all(later - earlier >= timedelta(days=14) for earlier, later in pairwise(days))
    story.plan = prp
    assert story.window(4)[1] == "2026-11-07"


def test_another_plan_counts_by_the_rules_between_treatments_and_not_by_this_plan_s_own_spacing(house: House):
    story = Story(house, "Dummy Hazelwood")
    story.on("2026-03-02", "10:00").consults()
    cells = story.plans("adipose-svf", "2026-03-16")
    story.books(1, "2026-03-16")
    story.on("2026-03-16").performs(1)
    assert story.window(2) == ("2026-09-12", "2027-03-16", "2027-09-12")  # stem cells after stem cells: 180 days
    story.plans("prp", "2026-06-15")
    story.books(1, "2026-06-15")
    story.on("2026-06-15").performs(1)
    story.plan = cells
    assert story.window(2) == ("2026-09-12", "2027-03-16", "2027-09-12")  # PRP asks for 14 days, not for 180


def test_a_pin_that_an_interval_forbids_is_kept_and_flagged_until_somebody_takes_it_away(house: House):
    story = Story(house, "Mock Oakley")
    story.on("2026-03-02", "10:00").consults()
    story.plans("prp", "2026-03-16")
    story.books(1, "2026-03-16")
    story.on("2026-03-16").performs(1)
    for day in ("2026-03-09", "2026-03-15"):
        with pytest.raises(Invalid) as refused:
            story.pins(2, day, "A wedding.")
        assert refused.value.attr == "pinned_on"

    because = "At least 14 days after 16 March 2026"
    moves = story.on("2026-03-17").pins(2, "2026-03-23", "A wedding in April.")
    assert [move.partition(" (")[0] for move in moves] == [
        "Session 2 of 3 · PRP: 13 Apr → 30 Mar",
        "Session 3 of 3 · PRP: 11 May → 27 Apr",
    ]
    pinned = story.session(2)
    assert (f"{pinned.pinned_on}", pinned.pin_reason, pinned.pinned_by) == (
        "2026-03-23",
        "A wedding in April.",
        story.by,
    )
    assert pinned.pin_conflict.startswith(because)
    with pytest.raises(TooEarly, match="14 days"):
        story.books(2, "2026-03-23")
    story.on("2026-03-18").holds("A cold.")
    assert story.on("2026-03-20").resumes() == []  # the pin stands
    assert story.session(2).pin_conflict.startswith(because)
    assert story.pins(2, "2026-04-08", "Two days before the wedding.") == [
        "Session 2 of 3 · PRP: 30 Mar → 8 Apr (Pinned to 8 April 2026.)",
        "Session 3 of 3 · PRP: 27 Apr → 6 May (28 days after session 2 (8 April 2026).)",
    ]
    assert story.session(2).pin_conflict == ""
    assert story.pins(2, None, "The wedding is off.") == [
        "Session 2 of 3 · PRP: 8 Apr → 13 Apr (28 days after session 1 (16 March 2026).)",
        "Session 3 of 3 · PRP: 6 May → 11 May (28 days after session 2 (13 April 2026).)",
    ]
    assert story.session(2).pinned_on is None


def test_a_plan_keeps_its_version_until_it_is_moved_to_the_newer_one(house: House):
    story = Story(house, "Trial Rowanson")
    story.on("2026-03-02", "10:00").consults()
    plan = story.plans("prp", "2026-03-16")
    story.books(1, "2026-03-16")
    story.on("2026-03-16").performs(1)
    story.books(2, "2026-04-13")

    old = story.protocol("prp")
    first, others, *rest = step_inputs(old)
    newer = protocol_write(
        by=story.by,
        code="prp",
        title=old.title,
        description=old.description,
        expectation=old.expectation,
        evidence=old.evidence,
        steps=[first, replace(others, offset_days=35, repetitions=3), *(one for one in rest if one.offset_months != 6)],
        change_note="Four sessions, five weeks apart.",
    )
    story.on("2026-03-23")
    plan.refresh_from_db()
    assert (plan.protocol, newer.version_number) == (old, 2)
    assert story.window(2) == ("2026-04-10", "2026-04-13", "2026-04-16")

    preview = plan_preview(plan_id=plan.pk, protocol=newer).changes
    assert story.window(2) == ("2026-04-10", "2026-04-13", "2026-04-16")
    moves = story.moves_to(newer, "Five weeks are kinder to the scalp.")
    assert plan.revisions.get(number=2).changes == preview
    assert [(change["what"], change["title"]) for change in preview] == [
        ("protocol", "Protocol"),
        ("moved", "Session 2 of 4 · PRP"),
        ("moved", "Session 3 of 4 · PRP"),
        ("added", "Session 4 of 4 · PRP"),
        ("dropped", "6-month review"),
    ]
    assert moves == [
        "Session 2 of 4 · PRP: 13 Apr → 20 Apr (35 days after session 1 (16 March 2026).)",
        "Session 3 of 4 · PRP: 11 May → 25 May (35 days after session 2 (20 April 2026).)",
        "Session 4 of 4 · PRP: new, 29 Jun (35 days after session 3 (25 May 2026).)",
        "6-month review: 16 Sep, dropped",
    ]
    assert story.visit(2).starts_at == house.at("2026-04-13", "09:00")  # not moved by itself
    assert story.rebook(2) == (
        "Too early now: the window opens on 17 April 2026. 35 days after session 1 (16 March 2026)."
    )
    story.moves_visit(2, "2026-04-20")
    assert story.rebook(2) is None
    assert story.on("2026-04-20").performs(2) == []
    for number, day in ((3, "2026-05-25"), (4, "2026-06-29")):
        story.books(number, day)
        story.on(day).performs(number)
    story.on("2026-07-01").walks_in("3-month")
    story.on("2027-02-15").books("12-month", "2027-03-16")
    story.on("2027-03-16").attends("12-month")
    story.completes()
    story.ends("completed")
