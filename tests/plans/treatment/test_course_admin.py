"""The course of a plan on the console's pages: drawn, as numbers, in lists; previews, pins and care advice."""

from datetime import date, timedelta

import pytest
import time_machine

from clinic import clock
from clinic.access.roles import Role
from plans.followups.services import follow_up_cancel
from plans.protocols.models import CareTopic, Protocol
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.queries import advice_for
from plans.treatment.services import plan_hold, plan_revise, session_cancel, session_pin, session_sign
from tests.console import House, said, url, words
from tests.factories import local, make_patient, make_plan, perform

DESK, PRACTITIONER, ASSISTANT, MANAGER = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER
START = date(2026, 3, 2)
LIST = "/admin/plans/treatmentplan/"


@pytest.fixture
def house(db, frozen):
    return House()


def plan_of(house, status="accepted", protocol="prp") -> TreatmentPlan:
    return make_plan(
        make_patient(house.location), house.practitioner, protocol=protocol, status=status, start_date=START
    )


def session(plan, number) -> ProcedureSession:
    return plan.sessions.get(sequence=number, aborted_at=None)


def book(plan, number, day):
    return appointment_book(
        by=plan.lead_practitioner.user,
        location=plan.location,
        practitioner=plan.lead_practitioner,
        session=session(plan, number),
        starts_at=local(plan.location, day, "09:30"),
    )


# The plan's page


def test_the_course_is_drawn_with_each_step_said_in_words_for_who_does_not_see_it(house):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    book(plan, 2, date(2026, 3, 30))
    page = words(house.get(PRACTITIONER, url(plan)))
    assert 'role="img" aria-label="Session 1 of 3 · PRP: Done today; window' in page
    assert "Session 2 of 3 · PRP: Booked Mon 30 Mar 09:30; window 27 Mar 2026 to 2 Apr 2026, best 30 Mar 2026." in page
    assert "Session 3 of 3 · PRP: Opens Fri 24 Apr;" in page
    assert "Check-in, day 1: Opens tomorrow" in page
    assert "style=" not in page.split('class="c-course"')[1].split("</figure>")[0]


def test_the_page_says_how_far_the_plan_is_what_is_next_and_what_blocks_it(house):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    page = words(house.get(PRACTITIONER, url(plan)))
    assert "1 of 3" in page
    assert "100 %" in page
    assert "Session 2 of 3 · PRP, opens Fri 27 Mar" in page
    assert "Session 1 of 3 · PRP is over, but its record is not signed." in page
    assert "Not before Fri 27 Mar: 28 days after session 1 (2 March 2026)." in page
    assert "Session 2 of 3 · PRP is not booked." in page


def test_a_session_that_waits_for_another_ones_booking_says_so(house):
    plan = plan_of(house)
    later = "Once the one above is booked"
    page = words(house.get(DESK, url(plan)))
    assert f"?session={session(plan, 1).pk}" in page
    assert f"?session={session(plan, 2).pk}" not in page
    assert page.count(later) == 2
    book(plan, 1, START + timedelta(days=1))
    page = words(house.get(DESK, url(plan)))
    assert f"?session={session(plan, 2).pk}" in page
    assert page.count(later) == 1


def test_the_desk_reads_dates_and_what_moved_and_neither_check_ins_nor_reasons(house, frozen):
    plan = plan_of(house)
    frozen.shift(timedelta(days=3))
    house.sign_in_again()
    perform(session(plan, 1), house.practitioner)
    session_pin(
        session_id=session(plan, 3).pk, by=house.practitioner.user, pinned_on=date(2026, 5, 4), reason="Secret wedding."
    )
    desk, clinician = words(house.get(DESK, url(plan))), words(house.get(PRACTITIONER, url(plan)))
    for page in (desk, clinician):
        assert "What moved and why" in page
        assert "A session was performed" in page
        assert "3 days later" in page
        assert "28 days after session 1 (5 March 2026)." in page
        assert "Pinned to 4 May 2026" in page
    assert "Secret wedding." in clinician
    assert "Secret wedding." not in desk
    assert "Check-ins answered" in clinician
    assert "Check-in" not in desk.split("<main")[-1]


def test_what_moved_longer_ago_than_a_week_stands_behind(house, frozen):
    plan = plan_of(house)
    frozen.shift(timedelta(days=3))
    perform(session(plan, 1), house.practitioner)
    frozen.shift(timedelta(days=8))
    house.sign_in_again()
    page = words(house.get(PRACTITIONER, url(plan)))
    assert "Nothing has moved since last week." in page
    assert "Before that" in page


def test_each_revision_says_what_it_changed(house):
    plan = plan_of(house)
    protocol = Protocol.objects.get(code="prp-microneedling", is_current=True)
    plan_revise(plan_id=plan.pk, by=house.practitioner.user, reason="More.", protocol=protocol)
    page = words(house.get(PRACTITIONER, url(plan)))
    assert "<del>PRP v1</del>" in page
    assert "<ins>PRP with microneedling v1</ins>" in page
    assert "<ins>Microneedling, PRP</ins>" in page
    assert "Consent for Microneedling is missing." in page
    assert "More." not in words(house.get(DESK, url(plan)))


def test_the_page_costs_the_same_for_a_longer_course(house, django_assert_max_num_queries):
    short, long = plan_of(house), plan_of(house, protocol="microneedling")
    counts = {}
    for plan in (short, long):
        perform(session(plan, 1), house.practitioner)
    for role in (PRACTITIONER, DESK):
        with django_assert_max_num_queries(21) as made:
            house.get(role, url(short))
        counts[role] = len(made)
    session_pin(session_id=session(long, 4).pk, by=house.practitioner.user, pinned_on=date(2026, 5, 4), reason="Why.")
    for role, number in counts.items():
        with django_assert_max_num_queries(number):
            house.get(role, url(long))


# Lists and panels


def test_the_list_says_how_far_each_plan_is_and_what_comes_next(house):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    book(plan, 2, date(2026, 3, 30))
    page = words(house.get(DESK, LIST)).replace("\N{NO-BREAK SPACE}", " ")
    assert "1 of 3" in page
    assert "Session 2 of 3 · PRP, booked Mon 30 Mar 09:30" in page
    assert "100 %" in page


def test_the_list_is_filtered_by_how_the_course_goes(house, frozen):
    waiting, held = plan_of(house), plan_of(house)
    perform(session(held, 1), house.practitioner)
    plan_hold(plan_id=held.pk, reason="Away.")

    def shown(value):
        page = words(house.get(DESK, f"{LIST}?progress={value}"))
        return [str(plan.patient) in page for plan in (waiting, held)]

    assert shown("waiting") == [True, False]
    assert shown("on_hold") == [False, True]
    assert shown("slipping") == [False, False]
    assert shown("nonsense") == [True, True]
    frozen.shift(timedelta(days=10))
    house.sign_in_again()
    assert shown("slipping") == [True, False]


def test_the_list_costs_the_same_for_more_plans(house, django_assert_max_num_queries):
    plan_of(house)
    with django_assert_max_num_queries(16) as made:
        house.get(DESK, LIST)
    number = len(made)
    for protocol in ("prp", "microneedling", "prp-microneedling"):
        perform(session(plan_of(house, protocol=protocol), 1), house.practitioner)
    with django_assert_max_num_queries(number):
        house.get(DESK, LIST)


def test_a_patients_page_shows_each_plan_on_one_line_with_its_next_step(house):
    plan = plan_of(house)
    page = words(house.get(DESK, url(plan.patient)))
    assert "0 of 3 sessions done" in page
    assert "Next: Session 1 of 3 · PRP, due until Thu 5 Mar" in page
    assert f"session={session(plan, 1).pk}" in page


# What the patient is told


@pytest.mark.parametrize(("status", "act"), [("draft", "propose"), ("proposed", "accept")])
def test_what_the_patient_is_told_is_read_before_it_is_proposed_and_accepted(house, status, act):
    plan = plan_of(house, status)
    assert plan.protocol.expectation
    assert plan.protocol.expectation in words(house.get(PRACTITIONER, url(plan, act)))


def test_the_plan_keeps_what_was_shown(house):
    plan = plan_of(house)
    page = words(house.get(PRACTITIONER, url(plan)))
    assert plan.expectation_as_shown in page
    assert "As it was shown when the plan was accepted, 2 Mar 2026." in page


# Revising


def test_a_revision_is_seen_beforehand_and_nothing_is_written(house):
    plan = plan_of(house)
    protocol = Protocol.objects.get(code="prp-microneedling", is_current=True)
    before = list(ProcedureSession.objects.order_by("pk").values()), TreatmentPlan.objects.values().get()
    preview = house.act(PRACTITIONER, plan, "revise", protocol=str(protocol.pk), preview="1")
    page = words(preview)
    assert preview.status_code == 200
    assert "nothing has changed yet." in page
    assert "<ins>PRP with microneedling v1</ins>" in page
    assert "This field is required." not in page
    assert (list(ProcedureSession.objects.order_by("pk").values()), TreatmentPlan.objects.values().get()) == before
    done = house.act(PRACTITIONER, plan, "revise", protocol=str(protocol.pk), reason="More.")
    assert done.status_code == 303
    assert plan.revisions.count() == 2


def test_a_preview_of_what_is_refused_says_so(house):
    plan = plan_of(house)
    house.practitioner.qualifications.filter(modality="microneedling").delete()
    protocol = Protocol.objects.get(code="prp-microneedling", is_current=True)
    refused = house.act(PRACTITIONER, plan, "revise", protocol=str(protocol.pk), preview="1")
    assert "is not qualified for Microneedling" in words(refused)


def test_a_preview_of_no_change_says_that_nothing_changes(house):
    preview = house.act(PRACTITIONER, plan_of(house), "revise", preview="1")
    assert "No session and no follow-up changes." in words(preview)


def test_a_revision_names_the_visits_that_it_cancels(house):
    plan = plan_of(house)
    visit = book(plan, 1, date(2026, 3, 3))
    protocol = Protocol.objects.get(code="prp-microneedling", is_current=True)
    page = words(house.act(PRACTITIONER, plan, "revise", protocol=str(protocol.pk), preview="1"))
    assert "Booked visits that would be cancelled" in page
    assert f"Session 1 of 3 · PRP, tomorrow 09:30 with {visit.practitioner}" in page


def test_a_hold_and_a_resumption_say_beforehand_what_they_do(house):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    book(plan, 2, date(2026, 3, 30))
    page = words(house.get(PRACTITIONER, url(plan, "hold")))
    assert "Booked visits that would want another time" in page
    assert "The plan is on hold." in page
    plan_hold(plan_id=plan.pk, reason="A rash.")
    with time_machine.travel(clock.now() + timedelta(days=60), tick=False):
        house.sign_in_again()
        page = words(house.get(PRACTITIONER, url(plan, "resume")))
        assert "Moved</span> Session 2 of 3 · PRP" in page
        assert "The plan was resumed on" in page


def test_completing_is_offered_once_nothing_is_owed_and_says_what_stays_to_be_done(house):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    for owed in plan.sessions.filter(status="planned"):
        session_cancel(session_id=owed.pk, by=None, reason="Enough.")
    assert url(plan, "complete") not in words(house.get(PRACTITIONER, url(plan)))
    for follow_up in plan.follow_ups.all():
        follow_up_cancel(follow_up_id=follow_up.pk, by=None, reason="Enough.")
    assert url(plan, "complete") in words(house.get(PRACTITIONER, url(plan)))
    done = house.act(PRACTITIONER, plan, "complete")
    assert said(done)[:2] == [f"{plan.patient}: the plan is complete.", "Session 1 of 3 · PRP is not signed."]


def test_a_session_says_before_it_starts_how_today_suits_it(house):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    page = words(house.get(PRACTITIONER, url(session(plan, 2))))
    assert "Its window opens on" in page
    assert "Today lies in its window" in words(house.get(PRACTITIONER, url(session(plan_of(house), 1))))


# Pins


def test_a_date_is_pinned_and_the_pin_is_taken_away_again(house):
    second = session(plan_of(house), 2)
    assert url(second, "unpin") not in words(house.get(PRACTITIONER, url(second)))
    done = house.act(PRACTITIONER, second, "pin", pinned_on="2026-04-06", reason="A wedding.")
    assert done.status_code == 303
    assert said(done) == ["Session 2 of 3 · PRP is aimed at Mon 6 Apr."]
    page = words(house.get(PRACTITIONER, url(second)))
    assert "Pinned to 6 Apr 2026" in page
    assert "A wedding." in page
    assert url(second, "unpin") in page
    house.act(PRACTITIONER, second, "unpin", reason="It was called off.")
    second.refresh_from_db()
    assert (second.pinned_on, second.target_date) == (None, date(2026, 3, 30))
    assert set(CourseMove.objects.values_list("act", flat=True)) == {"pinned", "unpinned"}


def test_a_pin_is_seen_beforehand_with_what_follows_it(house):
    second = session(plan_of(house), 2)
    preview = house.act(PRACTITIONER, second, "pin", pinned_on="2026-04-20", preview="1")
    assert "Moved</span> Session 3 of 3 · PRP" in words(preview)
    second.refresh_from_db()
    assert second.pinned_on is None


def test_a_pin_that_cannot_be_met_says_why(house):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    second = session(plan, 2)
    done = house.act(PRACTITIONER, second, "pin", pinned_on="2026-03-05", reason="A wedding.")
    (message,) = said(done)
    assert message.startswith("Session 2 of 3 · PRP cannot be on the day you pinned, and is aimed at Mon 16 Mar.")
    assert "The pin cannot be met. At least 14 days after 2 March 2026" in words(house.get(DESK, url(second)))


@pytest.mark.parametrize(
    ("day", "says"),
    [("2026-02-01", "2026"), ("2031-01-01", "2031"), ("", "required"), ("soon", "valid date")],
)
def test_a_pin_that_cannot_be_is_refused_in_the_dialog(house, day, says):
    second = session(plan_of(house), 2)
    refused = house.act(PRACTITIONER, second, "pin", pinned_on=day, reason="Why.")
    assert refused.status_code in (200, 409)
    assert says in words(refused)
    second.refresh_from_db()
    assert second.pinned_on is None


def test_only_who_leads_treatment_pins(house):
    second = session(plan_of(house), 2)
    for role in (DESK, ASSISTANT, MANAGER):
        assert house.act(role, second, "pin", pinned_on="2026-04-06", reason="x").status_code == 403
    assert session(second.plan, 2).pinned_on is None


# Care advice


def test_advice_is_read_in_the_patients_language_or_else_in_english(house):
    plan = plan_of(house, "draft")
    first = session(plan, 1)
    found = advice_for(first.step, "es")
    assert [part.kind for part in found] == sorted({part.kind for part in found}, key=list(CareTopic.Kind).index)
    assert found, "the protocol's steps carry advice"
    languages = {text.language for part in found for text in part.texts}
    assert languages <= {"es", "en"}
    assert {text.language for part in advice_for(first.step, "xx") for text in part.texts} == {"en"}
    topics = [text.topic_id for part in found for text in part.texts]
    assert len(topics) == len(set(topics))


def test_a_sessions_page_sets_preparation_aftercare_and_lifestyle_apart(house):
    page = words(house.get(PRACTITIONER, url(session(plan_of(house), 1))))
    places = [page.index(f"<h3>{title}</h3>") for title in ("Preparation", "Aftercare", "Lifestyle")]
    assert places == sorted(places)


def test_a_check_in_that_is_not_worth_asking_for_any_more_is_not_drawn(house, frozen):
    plan = plan_of(house)
    perform(session(plan, 1), house.practitioner)
    assert "Check-in, day 7: Opens" in words(house.get(PRACTITIONER, url(plan)))
    frozen.shift(timedelta(days=40))
    house.sign_in_again()
    page = words(house.get(PRACTITIONER, url(plan)))
    assert "Check-in, day 7:" not in page
    assert "3 without an answer" in page


def test_the_list_of_sessions_begins_with_what_is_still_to_be_done(house):
    plan = plan_of(house)
    first = perform(session(plan, 1), house.practitioner)

    def listed():
        page = words(house.get(PRACTITIONER, "/admin/plans/proceduresession/"))
        return sorted((1, 2, 3), key=lambda number: page.index(f"Session {number} of 3"))

    assert listed() == [1, 2, 3], "it is to be signed"
    session_sign(session_id=first.pk, by=house.practitioner.user)
    assert listed() == [2, 3, 1]


def test_the_plan_marks_a_visit_that_wants_another_time_and_one_that_was_booked_early(house):
    plan = plan_of(house)
    visit = book(plan, 1, date(2026, 3, 3))
    session_pin(session_id=session(plan, 1).pk, by=house.practitioner.user, pinned_on=date(2026, 3, 20), reason="Away.")
    page = words(house.get(PRACTITIONER, url(plan)))
    assert "Booked tomorrow 09:30, to rebook" in page
    assert page.count("event_repeat") == 2, "in the table of sessions, and among what stands in the way"
    visit.is_early, visit.kept_because = True, "Flies home"
    visit.save()
    assert "Early: Flies home" in words(house.get(PRACTITIONER, url(plan)))
