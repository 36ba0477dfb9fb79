"""Courses that do not run smoothly: holds, a discontinued plan, a product that was not released, a revision."""

import pytest

from clinic.errors import Conflict, GateBlocked, InvalidTransition
from plans.consultations.services import CauseInput, SeverityInput
from plans.treatment.models import CourseMove
from plans.treatment.services import plan_preview, plan_resume
from tests.journeys.courses.story import House, Story

UNDER_STUDY = {
    "exosome": {"regulatory_basis": "IND DEMO-0417 (fictional)"},
}


def test_elmsworth_is_held_while_his_lot_is_looked_into_and_keeps_his_date(house: House):
    story = Story(house, "Placeholder Elmsworth", "14:00", records=UNDER_STUDY)
    story.on("2026-03-04").consults(severity=SeverityInput("norwood_hamilton", "IV"))
    story.plans("exosome-microneedling", "2026-03-18")
    story.books(1, "2026-03-18")
    assert story.on("2026-03-18").performs(1) == []
    story.books(2, "2026-04-15")
    assert story.on("2026-04-15").performs(2) == []
    story.books(3, "2026-05-13")
    assert story.reminders(3) == ["2026-05-06 10:00", "2026-05-12 10:00", "2026-05-13 11:00"]

    story.on("2026-04-24").holds("Lot EXO-DEMO-0417 is recalled; nothing more is given until that is clear.")
    assert story.reminders(3) == []
    assert story.rebook(3) == "The plan is on hold."
    with pytest.raises(Conflict, match="on hold"):
        story.books("3-month", "2026-06-18")
    story.on("2026-05-05")
    assert story.resumes() == []  # in time: nothing moves, and the visit is reminded of again
    assert story.rebook(3) is None
    assert story.reminders(3) == ["2026-05-06 10:00", "2026-05-12 10:00", "2026-05-13 11:00"]
    assert story.on("2026-05-13").performs(3) == [
        "Maintenance 1 · Exosomes + microneedling: new, 9 Nov (180 days after the last session (13 May 2026).)",
    ]
    for title, booked, day in (("3-month", "2026-06-04", "2026-06-18"), ("6-month", "2026-08-28", "2026-09-18")):
        story.on(booked).books(title, day)
        story.on(day).attends(title)
    assert story.on("2026-10-20").drops(4, "He wants no maintenance while the lot is being looked into.") == []
    story.on("2027-02-16").books("12-month", "2027-03-18")
    story.on("2027-03-18").attends("12-month")
    assert story.owed() == []  # maintenance that was let go does not come again
    story.completes()
    story.ends("completed")


def test_firley_has_fever_on_day_three_and_her_plan_ends(house: House):
    story = Story(house, "Fixture Firley", "15:30", person={"sex": "female"}, records=UNDER_STUDY)
    story.on("2026-03-16").consults(severity=SeverityInput("ludwig", "I"))
    story.plans("exosome-microneedling", "2026-03-30")
    story.books(1, "2026-03-30")
    story.on("2026-03-30").performs(1)
    story.on("2026-03-31").answers(1, 1, "Warm and red.")
    story.books(2, "2026-04-27")
    story.books("3-month", "2026-06-30")
    story.on("2026-04-02", "16:30").answers(1, 3, "Fever 38.4 °C since last night, pus at the crown.")
    story.holds("Day 3: fever and pus, grade 3; seen the same day.")
    assert story.reminders(2) == []
    story.on("2026-04-08")
    assert story.check_ins(1) == ["answered", "answered", "due"]  # recovery goes on while the plan does not
    story.answers(1, 7, "No fever any more, the wound is dry.")
    story.on("2026-04-20").discontinues("Not again after the infection; the lot is recalled.")
    assert story.mail()["cancelled pending"] == 2  # both visits
    story.ends("discontinued")
    with pytest.raises(InvalidTransition, match="discontinued"):
        plan_resume(plan_id=story.plan.pk)
    with pytest.raises(InvalidTransition):
        story.pins(1, "2026-05-04", "She changed her mind.")

    sent = story.on("2026-04-21").mail()
    assert (sent["cancelled sent"], sent["reminder pending"]) == (2, 0)
    story.on("2027-03-30")  # the whole year: silence
    assert story.mail() == sent
    assert not CourseMove.objects.filter(plan=story.plan).exclude(act=CourseMove.Act.ENDED).exists()
    story.ends("discontinued")


def test_ivyton_is_not_given_what_was_not_released_and_has_it_six_weeks_later(house: House):
    story = Story(house, "Dummy Ivyton", "13:00", person={"sex": "female"})
    story.on("2026-03-06").consults(
        causes=[CauseInput("L64.9", "age", is_primary=True)], severity=SeverityInput("sinclair", "3")
    )
    story.plans("adipose-svf", "2026-03-23")
    story.books(1, "2026-03-25")
    stopped = "It was stopped on 25 March 2026, and is owed again from then."
    assert story.on("2026-03-25").aborts(1, "Viability 64 %: the product was not released.") == [
        f"Session 1 of 1 · Stem cells (fat): 23 Mar → 25 Mar ({stopped})",
        "3-month review: 23 Jun → 25 Jun (3 months after session 1 (25 March 2026).)",
        "6-month review: 23 Sep → 25 Sep (6 months after session 1 (25 March 2026).)",
        "12-month review: 23 Mar 2027 → 25 Mar 2027 (12 months after session 1 (25 March 2026).)",
    ]
    assert story.check_ins(1) == []
    again = story.session(1)
    assert again.replaces.status == "signed"
    assert again.replaces.aborted_at is not None
    story.on("2026-04-20").books(1, "2026-05-04")
    assert story.on("2026-05-04").performs(1) == [
        "Maintenance 1 · Stem cells (fat): new, 4 May 2027 (365 days after the last session (4 May 2026).)",
        "3-month review: 25 Jun → 4 Aug (3 months after session 1 (4 May 2026).)",
        "6-month review: 25 Sep → 4 Nov (6 months after session 1 (4 May 2026).)",
        "12-month review: 25 Mar 2027 → 4 May 2027 (12 months after session 1 (4 May 2026).)",
    ]
    assert story.window(2) == ("2026-10-31", "2027-05-04", "2027-10-31")
    story.on("2026-07-21").books("3-month", "2026-08-04")
    story.on("2026-08-04").attends("3-month")

    story.on("2026-10-14").books("6-month", "2026-11-04")
    story.on("2026-10-19").walks_in("6-month")  # for something else; its purpose is met
    assert story.state("6-month") == "attended"
    assert story.mail()["reminder cancelled"] == 3  # of the visit in November
    story.on("2027-04-04").books("12-month", "2027-05-04", "15:30")
    story.books(2, "2027-05-04", "10:00")
    story.on("2027-05-04", "10:00").performs(2)
    story.on("2027-05-04", "15:30").attends("12-month")
    story.completes()
    story.ends("completed")


def test_juniper_heals_for_seven_weeks_and_goes_on_with_both_treatments(house: House):
    story = Story(house, "Sandbox Juniper", "15:00")
    story.on("2026-03-09").consults(severity=SeverityInput("norwood_hamilton", "IIIa"))
    story.plans("prp", "2026-03-23")
    for number, day in ((1, "2026-03-23"), (2, "2026-04-20")):
        story.books(number, day)
        assert story.on(day).performs(number) == []
    story.books(3, "2026-05-18")
    story.on("2026-04-27").holds("Folliculitis of grade 2; wait until it has healed.")
    story.on("2026-06-09")
    assert story.state("3-month") == "pending"  # its window is open, but nothing is due in a hold
    story.on("2026-06-12")
    story.does_not_come(3)  # the visit of 18 May, which nobody rebooked

    both = story.protocol("prp-microneedling")
    preview = plan_preview(plan_id=story.plan.pk, protocol=both).changes
    moves = story.revises("prp-microneedling", "Healed; goes on with microneedling as well.")
    assert story.plan.revisions.get(number=2).changes == preview
    assert [(change["what"], change["title"]) for change in preview] == [
        ("protocol", "Protocol"),
        ("changed", "Session 3 of 4 · PRP + microneedling"),
        ("added", "Session 4 of 4 · PRP + microneedling"),
    ]
    assert (preview[1]["before"]["content"], preview[1]["after"]["content"]) == (["prp"], ["microneedling", "prp"])
    assert moves == ["Session 4 of 4 · PRP + microneedling: new, 15 Jun (28 days after session 3 (18 May 2026).)"]
    assert story.on("2026-06-15").resumes() == [
        "Session 3 of 4 · PRP + microneedling: 18 May → 15 Jun (The plan was resumed on 15 June 2026.)",
        "Session 4 of 4 · PRP + microneedling: 15 Jun → 13 Jul (28 days after session 3 (15 June 2026).)",
    ]
    assert story.state("3-month") == "due"
    with pytest.raises(GateBlocked, match="Microneedling"):
        story.books(3, "2026-06-22")
    story.consents_to("microneedling")
    story.books(3, "2026-06-22")
    story.books("3-month", "2026-06-23")
    assert story.on("2026-06-22").performs(3) == [
        "Session 4 of 4 · PRP + microneedling: 13 Jul → 20 Jul (28 days after session 3 (22 June 2026).)",
    ]
    story.on("2026-06-23").attends("3-month")
    story.books(4, "2026-07-20")
    assert story.on("2026-07-20").performs(4) == [
        "Maintenance 1 · PRP + microneedling: new, 16 Jan 2027 (180 days after the last session (20 July 2026).)",
    ]
    story.on("2026-09-02").books("6-month", "2026-09-23")
    story.on("2026-09-23").attends("6-month")
    story.on("2027-01-04").books(5, "2027-01-18")
    story.on("2027-01-18").performs(5)
    story.on("2027-02-22").books("12-month", "2027-03-23")
    story.on("2027-03-23").attends("12-month")
    story.completes()
    story.ends("completed")
