"""Courses that are kept to their end: sessions late and early, visits moved and cancelled, a date that was wrong."""

import pytest

from clinic.errors import Invalid, TooEarly
from plans.consultations.services import CauseInput, SeverityInput
from plans.treatment.services import session_perform, session_start
from tests.journeys.courses.story import House, Story

MARROW = {
    "source": "bone_marrow",
    "method": "marrow_concentrate",
    "harvest_site": "iliac_crest_left",
    "harvested_ml": 60,
    "viable_cells_10e6": 120,
    "viability_pct": 92,
}


def test_alderson_comes_four_days_late_then_three_early_and_finishes_his_year(house: House):
    story = Story(house, "Demo Alderson")
    story.on("2026-03-02", "10:00").consults(severity=SeverityInput("norwood_hamilton", "III-vertex"))
    story.plans("prp", "2026-03-09")
    assert story.owed() == [
        "Session 1 of 3 · PRP: 9 Mar",
        "Session 2 of 3 · PRP: 6 Apr",
        "Session 3 of 3 · PRP: 4 May",
        "3-month review: 9 Jun",
        "6-month review: 9 Sep",
        "12-month review: 9 Mar 2027",
    ]
    story.on("2026-03-03").books(1, "2026-03-09")
    assert story.reminders(1) == ["2026-03-08 10:00", "2026-03-09 06:00"]

    assert story.on("2026-03-09").performs(1) == []  # on its day: nothing moves
    assert story.check_ins(1) == ["pending", "pending", "pending"]
    story.books(2, "2026-04-06")
    story.on("2026-03-10")
    assert story.check_ins(1) == ["due", "pending", "pending"]
    story.answers(1, 1, "A little red, nothing else.")
    story.on("2026-03-20")
    assert story.check_ins(1) == ["answered", "overdue", "overdue"]

    story.on("2026-03-31")
    assert story.reminders(2) == ["2026-04-05 10:00", "2026-04-06 06:00"]  # the first one has gone out
    story.moves_visit(2, "2026-04-10")
    assert story.reminders(2) == ["2026-04-03 10:00", "2026-04-09 10:00", "2026-04-10 06:00"]
    assert story.mail()["reminder cancelled"] == 2
    assert story.on("2026-04-10").performs(2) == [
        "Session 3 of 3 · PRP: 4 May → 8 May (28 days after session 2 (10 April 2026).)",
    ]
    assert story.window(3) == ("2026-05-05", "2026-05-08", "2026-05-11")

    story.on("2026-04-20")
    with pytest.raises(TooEarly) as refused:
        story.books(3, "2026-05-04")
    assert refused.value.extra["earliest"] == "2026-05-05"
    story.books(3, "2026-05-05")
    assert story.on("2026-05-05").performs(3) == [
        "Maintenance 1 · PRP: new, 1 Nov (180 days after the last session (5 May 2026).)",
    ]
    assert story.window(4) == ("2026-08-03", "2026-11-01", "2027-05-05")

    story.on("2026-05-25")
    assert story.state("3-month") == "pending"
    story.on("2026-05-26")
    assert story.state("3-month") == "due"
    story.books("3-month", "2026-06-09")
    assert story.state("3-month") == "scheduled"
    story.on("2026-06-09").attends("3-month")
    story.on("2026-08-18")
    assert story.state("6-month") == "pending"
    story.on("2026-08-19").books("6-month", "2026-09-09")
    story.on("2026-09-09").attends("6-month")

    story.on("2026-10-05").books(4, "2026-11-02")  # summer time ends the day before
    assert story.reminders(4) == ["2026-10-26 10:00", "2026-11-01 10:00", "2026-11-02 06:00"]
    assert story.on("2026-11-02").performs(4) == [
        "Maintenance 2 · PRP: new, 1 May 2027 (180 days after the last session (2 November 2026).)",
    ]
    story.on("2027-02-08").books("12-month", "2027-03-09")
    story.on("2027-03-09").attends("12-month")
    assert story.owed() == ["Maintenance 2 · PRP: 1 May"]  # offered, not owed
    story.completes()
    story.ends("completed")
    assert story.mail() == {
        "confirmation sent": 7,
        "changed sent": 1,
        "reminder sent": 21,
        "reminder cancelled": 2,  # of the visit that moved
        "reminder expired": 1,  # a week before the first session it was not booked yet
        "preparation sent": 5,  # of four sessions, of which one was moved after it had gone out
        "aftercare sent": 4,
        "check_in sent": 11,
        "check_in cancelled": 1,  # answered before its mail was due
    }


def test_birchwood_has_both_modalities_each_time_a_visit_cancelled_and_a_date_amended(house: House):
    story = Story(house, "Sample Birchwood", "10:15", person={"sex": "female"})
    story.on("2026-03-03").consults(
        causes=[CauseInput("L64.9", "hormonal", is_primary=True), CauseInput("N95.1", "age", is_primary=False)],
        severity=SeverityInput("ludwig", "II"),
    )
    story.plans("prp-microneedling", "2026-03-16")
    story.books(1, "2026-03-18")

    story.on("2026-03-18")
    session = story.session(1)
    session_start(session_id=session.pk, by=story.by)
    with pytest.raises(Invalid) as refused:
        session_perform(
            session_id=session.pk, by=story.by, performed_at=story.now, components=story.charted(session)[:1], zones=[]
        )
    assert refused.value.attr == "components"
    assert story.performs(1) == [
        "Session 2 of 4 · PRP + microneedling: 13 Apr → 15 Apr (28 days after session 1 (18 March 2026).)",
        "Session 3 of 4 · PRP + microneedling: 11 May → 13 May (28 days after session 2 (15 April 2026).)",
        "Session 4 of 4 · PRP + microneedling: 8 Jun → 10 Jun (28 days after session 3 (13 May 2026).)",
        "3-month review: 16 Jun → 18 Jun (3 months after session 1 (18 March 2026).)",
        "6-month review: 16 Sep → 18 Sep (6 months after session 1 (18 March 2026).)",
        "12-month review: 16 Mar 2027 → 18 Mar 2027 (12 months after session 1 (18 March 2026).)",
    ]
    assert story.session(1).components.count() == 2

    story.books(2, "2026-04-15")
    story.on("2026-04-13").cancels_visit(2)
    assert story.state(2) == "planned"
    story.on("2026-04-21").books(2, "2026-04-24")  # the window closed on the 18th
    assert story.on("2026-04-24").performs(2) == [
        "Session 3 of 4 · PRP + microneedling: 13 May → 22 May (28 days after session 2 (24 April 2026).)",
        "Session 4 of 4 · PRP + microneedling: 10 Jun → 19 Jun (28 days after session 3 (22 May 2026).)",
    ]
    story.books(3, "2026-05-22")
    assert story.on("2026-05-22").performs(3) == []
    assert story.on("2026-05-25").amends(3, "2026-05-20") == [
        "Session 4 of 4 · PRP + microneedling: 19 Jun → 17 Jun (28 days after session 3 (20 May 2026).)",
    ]
    assert [f"{row.target_date}" for row in story.session(3).check_ins.order_by("target_date")] == [
        "2026-05-21",
        "2026-05-23",
        "2026-05-27",
    ]
    story.books(4, "2026-06-17")
    assert story.on("2026-06-17").performs(4) == [
        "Maintenance 1 · PRP + microneedling: new, 14 Dec (180 days after the last session (17 June 2026).)",
    ]
    for title, booked, day in (
        ("3-month", "2026-06-17", "2026-06-18"),
        ("6-month", "2026-09-01", "2026-09-18"),
    ):
        story.on(booked, "16:00").books(title, day)
        story.on(day).attends(title)
    story.on("2026-12-01").books(5, "2026-12-14")
    assert story.on("2026-12-14").performs(5) == [
        "Maintenance 2 · PRP + microneedling: new, 12 Jun 2027 (180 days after the last session (14 December 2026).)",
    ]
    story.on("2027-02-16").books("12-month", "2027-03-18")
    story.on("2027-03-18").attends("12-month")
    story.completes()
    story.ends("completed")


def test_hazelby_has_marrow_once_and_not_again_before_a_year_has_passed(house: House):
    story = Story(house, "Synthetic Hazelby", "11:00", records={"stem_cell": MARROW})
    story.on("2026-03-05").consults(severity=SeverityInput("norwood_hamilton", "IV"))
    story.plans("bone-marrow", "2026-03-16")
    story.books(1, "2026-03-17")
    assert story.on("2026-03-17").performs(1) == [
        "Maintenance 1 · Stem cells (marrow): new, 13 Sep 2027 (545 days after the last session (17 March 2026).)",
        "3-month review: 16 Jun → 17 Jun (3 months after session 1 (17 March 2026).)",
        "6-month review: 16 Sep → 17 Sep (6 months after session 1 (17 March 2026).)",
        "12-month review: 16 Mar 2027 → 17 Mar 2027 (12 months after session 1 (17 March 2026).)",
    ]
    story.on("2026-03-24")
    story.answers(1, 7, "Sore over the left hip, better every day (grade 1).")
    for title, booked, day in (("3-month", "2026-06-04", "2026-06-17"), ("6-month", "2026-08-27", "2026-09-17")):
        story.on(booked).books(title, day)
        story.on(day).attends(title)
    assert story.window(2) == ("2027-03-17", "2027-09-13", "2028-03-11")
    story.on("2027-02-15")
    with pytest.raises(TooEarly) as refused:
        story.books(2, "2027-03-16")
    assert refused.value.extra["earliest"] == "2027-03-17"
    story.books(2, "2027-03-17")
    story.books("12-month", "2027-03-17", "15:00")
    assert story.on("2027-03-17").performs(2) == [
        "Maintenance 2 · Stem cells (marrow): new, 12 Sep 2028 (545 days after the last session (17 March 2027).)",
    ]
    story.on("2027-03-17", "15:00").attends("12-month")
    story.completes()
    story.ends("completed")
