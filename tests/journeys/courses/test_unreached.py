"""Courses at whose end, or on whose way, somebody has to be called: nothing to treat, opt-out, no-shows."""

import pytest

from clinic.errors import Conflict, GateBlocked
from patients.services import patient_update
from plans.consultations.services import CauseInput, SeverityInput
from plans.followups.queries import call_list
from plans.followups.services import follow_up_cancel
from plans.scheduling.models import Appointment
from plans.treatment.services import plan_accept, plan_resume
from tests.journeys.courses.story import House, Story


def is_to_be_called(story: Story) -> bool:
    return call_list().filter(pk=story.patient.pk).exists()


def test_cedarman_has_too_few_platelets_and_owes_and_hears_nothing_all_year(house: House):
    story = Story(house, "Test Cedarman", "11:30")
    story.on("2026-03-04").consults(
        candidacy="not_candidate",
        findings={"platelet-count": 82},
        notes="Platelets 82 ×10³/µL: PRP is not possible. Referred to haematology.",
        severity=SeverityInput("norwood_hamilton", "V"),
    )
    with pytest.raises(Conflict) as refused:
        story.plans("prp", "2026-03-18")
    assert refused.value.code == "not_a_candidate"
    story.on("2027-03-04")
    assert not story.patient.plans.exists()
    assert not story.patient.follow_ups.exists()
    assert story.mail() == {}
    assert not is_to_be_called(story)


def test_dogwood_misses_her_review_is_reached_at_last_and_needs_no_treatment(house: House):
    story = Story(house, "Mock Dogwood", "13:00", person={"sex": "female"})
    story.on("2026-03-02").consults(
        candidacy="deferred",
        causes=[CauseInput("L65.0", "stress", is_primary=True)],
        severity=SeverityInput("pull_test", "9/55"),
        notes="Watch and wait; review after three months.",
    )
    story.owes_visit("3-month review", "2026-05-19", "2026-06-02", "2026-06-16")
    for day, state in (
        ("2026-05-18", "pending"),
        ("2026-05-19", "due"),
        ("2026-06-16", "due"),
        ("2026-06-17", "overdue"),
        ("2026-07-16", "overdue"),
        ("2026-07-17", "missed"),
    ):
        story.on(day, "00:01" if day.endswith(("19", "17")) else "23:59")
        assert story.state("3-month") == state, day
        if day == "2026-06-17":
            story.on("2026-06-22").calls("3-month", "no_answer", next_try_on=story.day("2026-06-29"))
            story.on("2026-06-29").calls("3-month", "no_answer")
    story.on("2026-07-20").calls("3-month", "reached", note="Forgot it; comes next week.")
    story.books("3-month", "2026-07-27")
    assert story.state("3-month") == "scheduled"
    story.on("2026-07-27").attends("3-month")
    assert story.follow_up("3-month").attempts.count() == 3

    story.consults(
        candidacy="deferred",
        causes=[CauseInput("L65.0", "stress", is_primary=True)],
        severity=SeverityInput("pull_test", "2/55"),
        notes="It grows again. One more look after a year.",
    )
    story.owes_visit("12-month review", "2027-02-01", "2027-03-01", "2027-03-31")
    story.on("2027-02-01")
    assert story.state("12-month") == "due"
    follow_up_cancel(
        follow_up_id=story.follow_up("12-month").pk, by=story.by, reason="She writes that all has grown back."
    )
    story.on("2027-05-03")
    assert story.state("12-month") == "cancelled"
    assert not is_to_be_called(story)


def test_kapok_wants_no_mail_so_every_visit_is_told_by_phone(house: House):
    story = Story(house, "Faux Kapok", "16:30", person={"sex": "female", "email_opt_out": True})
    story.on("2026-03-10").consults(
        causes=[CauseInput("L64.9", "hormonal", is_primary=True)], severity=SeverityInput("savin", "I-4 frontal")
    )
    story.plans("microneedling", "2026-03-24")
    story.books(1, "2026-03-24")
    assert is_to_be_called(story)
    story.on("2026-03-23").calls_patient("reached", note="Knows of tomorrow.")
    assert not is_to_be_called(story)
    assert story.on("2026-03-24").performs(1) == []
    story.books(2, "2026-04-07")
    assert is_to_be_called(story)
    assert story.on("2026-04-07").performs(2) == []
    story.books(3, "2026-04-21")
    again = "At least 14 days after 21 April 2026"
    moves = story.on("2026-04-21").aborts(3, "Felt faint after two passes.", given=True)
    assert [move.partition(" (")[0] for move in moves] == [
        "Session 3 of 6 · Microneedling: 21 Apr → 5 May",
        "Session 4 of 6 · Microneedling: 5 May → 19 May",
        "Session 5 of 6 · Microneedling: 19 May → 2 Jun",
        "Session 6 of 6 · Microneedling: 2 Jun → 16 Jun",
    ]
    assert again in moves[0]
    assert story.window(4) == ("2026-05-19", "2026-05-19", "2026-05-22")  # 14 days after session 3 as it is aimed now
    with pytest.raises(Conflict) as refused:
        story.books(3, "2026-05-04")
    assert again in str(refused.value)
    for number, day in ((3, "2026-05-05"), (4, "2026-05-19"), (5, "2026-06-02")):
        story.books(number, day)
        assert story.on(day).performs(number) == []
    assert story.on("2026-06-09").drops(6, "Five are enough.") == [
        "Maintenance 1 · Microneedling: new, 29 Nov (180 days after the last session (2 June 2026).)",
    ]
    for title, booked, day in (("3-month", "2026-06-15", "2026-06-24"), ("6-month", "2026-09-10", "2026-09-24")):
        story.on(booked).books(title, day)
        story.on(day).attends(title)

    story.on("2026-11-16").books(7, "2026-11-30")
    story.on("2026-11-17")
    patient_update(patient_id=story.patient.pk, changes={"email_opt_out": False})
    assert story.mail()["reminder pending"] == 3  # what she wants again goes out if its time is still to come
    story.on("2026-11-30").performs(7)
    assert story.mail()["reminder sent"] == 3
    story.on("2027-02-22").books("12-month", "2027-03-24")
    story.on("2027-03-24").attends("12-month")
    assert story.mail()["reminder sent"] == 6  # she gets mail again
    story.completes()
    story.ends("completed")


def test_larchmont_misses_two_reviews_ends_his_plan_and_begins_anew(house: House):
    story = Story(house, "Trial Larchmont", "08:00")
    story.on("2026-03-11").consults(severity=SeverityInput("norwood_hamilton", "II"))
    first = story.plans("prp", "2026-03-25")
    for number, day in ((1, "2026-03-25"), (2, "2026-04-22"), (3, "2026-05-20")):
        story.books(number, day)
        story.on(day).performs(number)
    story.on("2026-06-11").books("3-month", "2026-06-25")
    story.on("2026-06-25", "09:00").does_not_come("3-month")
    assert story.state("3-month") == "due"  # the window is still open
    assert not is_to_be_called(story)
    story.books("3-month", "2026-07-06")
    story.on("2026-07-06", "09:00").does_not_come("3-month")
    assert is_to_be_called(story)
    for day, state in (
        ("2026-07-09", "due"),
        ("2026-07-10", "overdue"),
        ("2026-07-20", "overdue"),
        ("2026-07-21", "missed"),
    ):
        story.on(day)
        assert story.state("3-month") == state, day
    story.calls("3-month", "no_answer", next_try_on=story.day("2026-07-28"))
    assert is_to_be_called(story)
    story.on("2026-07-28").calls("3-month", "declined", note="Does not want to go on.")
    assert not is_to_be_called(story)
    story.on("2026-08-10").discontinues("He does not want to go on.")
    story.ends("discontinued")

    story.on("2026-10-05")
    with pytest.raises(Conflict):
        plan_resume(plan_id=first.pk)
    story.consults(severity=SeverityInput("norwood_hamilton", "IIa"))
    story.proposes("prp", "2026-10-12")
    with pytest.raises(GateBlocked, match="consent"):
        plan_accept(plan_id=story.plan.pk, by=story.by, accepted_on=story.today, consents=[])
    story.accepts()
    assert story.plan.consultation != first.consultation
    for number, day in ((1, "2026-10-12"), (2, "2026-11-09"), (3, "2026-12-07")):
        story.books(number, day)
        assert story.on(day).performs(number)[1:] == []
    for title, booked, day in (
        ("3-month", "2026-12-29", "2027-01-12"),
        ("6-month", "2027-03-22", "2027-04-12"),
    ):
        story.on(booked).books(title, day)
        story.on(day).attends(title)
    story.on("2027-05-24").books(4, "2027-06-07")
    story.on("2027-06-07").performs(4)
    story.on("2027-09-13").books("12-month", "2027-10-12")
    story.on("2027-10-12").attends("12-month")
    story.completes()
    story.ends("completed")
    first.refresh_from_db()
    assert first.status == "discontinued"
    assert Appointment.objects.filter(patient=story.patient, status="no_show").count() == 2
