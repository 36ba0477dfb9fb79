"""The desk's worklist: a tab for each kind of work, with its number, at a fixed number of queries."""

from datetime import date, timedelta

import pytest

from clinic import clock
from clinic.access.roles import Role
from patients.models import Patient
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import by_urgency, follow_ups_owed, sessions_owed
from plans.followups.services import attempt_record, attempt_record_for_patient, follow_up_pin
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.treatment.models import ProcedureSession
from plans.treatment.services import plan_hold
from tests import factories
from tests.api import Api
from tests.console import sign_in, url, words
from tests.plans.followups.conftest import add_visit, utc

LIST = "/admin/plans/followup/"
IN_WINDOW = date(2026, 5, 26)
TABS = ["due", "overdue", "rebook", "no_show", "unreachable", "waitlist", "scheduled", "pending"]


@pytest.fixture
def clinic(clinic):
    """The first session was performed today, so that the second is owed from 23 March, the first review from May."""
    clinic.performed()
    return clinic


def counts(browser, query: str = "") -> dict[str, int]:
    return {str(tab): number for tab, _, number, _ in browser.get(LIST + query).context["tabs"] if number}


def rows(browser, tab: str) -> list[tuple[str, str]]:
    """Of whom and what the lines of a tab are, in order."""
    return [(line.name, line.what) for line in browser.get(f"{LIST}?state={tab}").context["lines"]]


def moved_away(clinic) -> None:
    """A booked review whose window moves past it."""
    clinic.book(IN_WINDOW)
    follow_up_pin(follow_up_id=clinic.follow_up.pk, by=None, pinned_on=date(2026, 8, 3), reason="Away.")


def booked_second(clinic) -> None:
    """The second session has its visit."""
    clinic.book(IN_WINDOW, "15:00", session=clinic.plan.sessions.get(sequence=2))


def test_follow_ups_and_sessions_that_are_owed_and_not_booked_stand_in_one_list(clinic, later):
    assert counts(later) == {"due": 1, "overdue": 1}
    assert rows(later, "due") == [("Mock Dogwood", "3-month review")]
    assert rows(later, "overdue") == [("Mock Dogwood", "Session 2 of 3 · PRP")]


def test_a_session_waits_for_the_one_before_it_to_be_booked(clinic, later):
    assert ("Mock Dogwood", "Session 3 of 3 · PRP") not in rows(later, "due") + rows(later, "overdue")
    booked_second(clinic)
    assert rows(later, "overdue") == [("Mock Dogwood", "Session 3 of 3 · PRP")]


def test_what_is_booked_or_of_a_paused_plan_is_nobodys_work(clinic, later):
    clinic.book(IN_WINDOW)
    assert counts(later) == {"overdue": 1}
    plan_hold(plan_id=clinic.plan.pk, reason="Away.")
    assert counts(later) == {"rebook": 1}


def test_overdue_and_missed_stand_together_and_say_which(clinic, frozen):
    frozen.move_to("2026-07-20T14:00:00Z")
    page = words(sign_in(clinic.desk).get(f"{LIST}?state=overdue"))
    assert "Missed · Overdue by 34 days" in page
    assert page.index("Session 2 of 3") < page.index("3-month review"), "what closed first comes first"


def test_a_row_says_who_phone_visit_window_and_what_was_tried(clinic, later):
    attempt_record(follow_up_id=clinic.follow_up.pk, by=clinic.desk, channel="call", outcome="no_answer")
    attempt_record_for_patient(
        patient_id=clinic.patient.pk,
        location=clinic.location,
        by=clinic.desk,
        channel="call",
        outcome="left_message",
        next_try_on=date(2026, 5, 22),
    )
    page = words(later.get(f"{LIST}?state=due"))
    for text in (
        "Mock Dogwood",
        'href="tel:+12125550141"',
        "3-month review",
        "Due until Tue 16 Jun",
        "Window Yesterday to Tue 16 Jun, best Tue 2 Jun; the dashed line is today",
        "2 tries · left a message (Person, today 10:00) · again Fri 22 May",
    ):
        assert text in page
    assert "1 try · left a message" in words(later.get(f"{LIST}?state=overdue")), "the call about the review is not its"


def test_what_was_put_off_stands_last_and_is_no_try(clinic, later):
    other = factories.make_plan(
        factories.make_patient(clinic.location, last_name="Zelkova"), clinic.practitioner, start_date=date(2026, 5, 20)
    )
    first, second = rows(later, "due")
    assert (first[1], second[1]) == ("Session 1 of 3 · PRP", "3-month review")
    attempt_record_for_patient(
        patient_id=other.patient_id,
        location=clinic.location,
        by=clinic.desk,
        channel="other",
        outcome="put_off",
        next_try_on=date(2026, 5, 22),
    )
    assert rows(later, "due") == [second, first]
    page = words(later.get(f"{LIST}?state=due"))
    assert "Put off (Person, today 10:00) · again Fri 22 May" in page
    assert "1 try" not in page


def test_a_call_the_evening_before_the_window_opens_at_the_place_is_no_try_in_it(clinic, later):
    owed = follow_ups_owed(FollowUp.objects.filter(pk=clinic.follow_up.pk))
    rows = by_urgency(owed, sessions_owed(ProcedureSession.objects.none()))
    for at, tries in (("2026-05-19T01:00", 0), ("2026-05-19T04:00", 1)):  # 21:00 the day before, midnight
        ContactAttempt.objects.create(
            patient=clinic.patient, location=clinic.location, channel="call", outcome="no_answer", attempted_at=utc(at)
        )
        assert [row["tries"] for row in rows.all()] == [tries]


def test_a_missed_visit_stands_under_no_show_until_it_is_booked_again(clinic, later):
    add_visit(clinic, "no_show", utc("2026-05-19T14:00"), follow_up=clinic.follow_up)
    assert rows(later, "no_show") == [("Mock Dogwood", "3-month review")]
    page = words(later.get(f"{LIST}?state=no_show"))
    assert "Did not come yesterday 10:00 to Dr Rowan" in page
    assert "Once" in page
    clinic.book(IN_WINDOW)
    assert rows(later, "no_show") == []


def test_a_missed_consultation_stands_there_until_the_patient_comes_is_booked_or_declines(clinic, later):
    booked_second(clinic)
    other = factories.make_patient(clinic.location, first_name="Ada", last_name="Aspen")
    missed = add_visit(clinic, "no_show", utc("2026-05-18T14:00"))
    Appointment.objects.filter(pk=missed.pk).update(patient=other)
    assert rows(later, "no_show") == [("Ada Aspen", "Consultation")]
    said = {"patient_id": other.pk, "location": clinic.location, "by": clinic.desk, "channel": "call"}
    attempt_record_for_patient(**said, outcome="no_answer")
    assert len(rows(later, "no_show")) == 1
    attempt_record_for_patient(**said, outcome="declined")
    assert rows(later, "no_show") == []


def test_the_newest_miss_comes_first_and_one_of_three_months_ago_is_past(clinic, later):
    for name, day in (("Old", "2026-02-10"), ("Elder", "2026-04-20"), ("Newer", "2026-05-15")):
        missed = add_visit(clinic, "no_show", utc(f"{day}T14:00"))
        patient = factories.make_patient(clinic.location, last_name=name)
        Appointment.objects.filter(pk=missed.pk).update(patient=patient)
    assert [name for name, _ in rows(later, "no_show")] == ["Mock Newer", "Mock Elder"]


def test_who_did_not_come_twice_stays_there_however_long_ago(clinic, later):
    other = factories.make_patient(clinic.location, last_name="Alder")
    for day in ("2026-02-03", "2026-02-10"):
        missed = add_visit(clinic, "no_show", utc(f"{day}T14:00"))
        Appointment.objects.filter(pk=missed.pk).update(patient=other)
    assert rows(later, "no_show") == [("Mock Alder", "Consultation")]
    assert "Twice in a row" in words(later.get(f"{LIST}?state=no_show"))
    attempt_record_for_patient(
        patient_id=other.pk, location=clinic.location, by=clinic.desk, channel="call", outcome="reached"
    )
    assert rows(later, "no_show") == []


def test_whom_no_mail_reaches_is_told_by_somebody(clinic, later):
    Patient.objects.filter(pk=clinic.patient.pk).update(email_opt_out=True)
    ((name, what),) = rows(later, "unreachable")
    assert (name, what) == (
        "Mock Dogwood",
        "3-month review: due until Tue 16 Jun; Session 2 of 3 · PRP: overdue by 48 days.",
    )
    page = words(later.get(f"{LIST}?state=unreachable"))
    assert "Wants no email" in page
    attempt_record_for_patient(
        patient_id=clinic.patient.pk, location=clinic.location, by=clinic.desk, channel="call", outcome="reached"
    )
    assert rows(later, "unreachable") == []


def test_rebook_says_who_what_when_and_why(clinic, later):
    moved_away(clinic)
    page = words(later.get(f"{LIST}?state=rebook"))
    for text in (
        "Mock Dogwood",
        "3-month review",
        "Booked Tue 26 May 10:00",
        "Too early now: the window opens on 20 July 2026. Pinned to 3 August 2026.",
    ):
        assert text in page


def test_the_waitlist_has_the_urgent_first_then_who_waits_longest(clinic, later):
    for name, is_urgent in (("First", False), ("Second", False), ("Urgent", True)):
        patient = factories.make_patient(clinic.location, last_name=name)
        WaitlistEntry.objects.create(
            patient=patient, location=clinic.location, kind="consultation", is_urgent=is_urgent
        )
    done = factories.make_patient(clinic.location, last_name="Done")
    WaitlistEntry.objects.create(
        patient=done, location=clinic.location, kind="consultation", status="withdrawn", settled_at=clock.now()
    )
    assert [name for name, _ in rows(later, "waitlist")] == ["Mock Urgent", "Mock First", "Mock Second"]
    assert counts(later)["waitlist"] == 3


@pytest.mark.desk_number
def test_the_sidebar_says_what_the_tabs_add_up_to_whatever_is_searched_for(clinic, later):
    moved_away(clinic)
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    assert counts(later) == {"overdue": 1, "rebook": 1, "unreachable": 1}
    page = later.get(f"{LIST}?q=nobody")
    assert counts(later, "?q=nobody") == {}
    assert "Nobody matches here." in words(page)
    badges = {entry["title"]: entry.get("badge") for entry in page.context["sidebar_navigation"][0]["items"]}
    assert badges["Follow-ups"] == "3"
    assert counts(later, "?q=Dogwood&state=rebook") == {"overdue": 1, "rebook": 1, "unreachable": 1}


def test_today_shows_the_same_rows_and_leads_to_each(clinic, later):
    page = words(later.get("/admin/"))
    second = clinic.plan.sessions.get(sequence=2)
    assert f"?state=overdue&amp;open=session-{second.pk}" in later.get("/admin/").content.decode()
    for text in ("To book", "Session 2 of 3 · PRP", "3-month review"):
        assert text in page
    assert "Sessions to book" not in page


@pytest.mark.parametrize("tab", TABS)
def test_an_empty_tab_says_what_comes_there(db, frozen, tab):
    location = factories.make_location()
    page = words(sign_in(factories.make_user((location, Role.FRONT_DESK))).get(f"{LIST}?state={tab}"))
    assert "c-empty" in page


def test_the_desk_of_another_place_sees_nobody(clinic, later):
    moved_away(clinic)
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    add_visit(clinic, "no_show", utc("2026-05-19T14:00"))
    elsewhere = factories.make_user((factories.make_location(), Role.FRONT_DESK))
    assert counts(sign_in(elsewhere)) == {}


def test_a_query_that_means_nothing_shows_the_first_page_of_what_is_urgent(clinic, later):
    for query in ("?state=nonsense&p=x", "?state=due&p=99999", "?q=%00&open=follow_up-nonsense", "?open=x"):
        assert later.get(LIST + query).status_code == 200


def crowd(clinic, number: int) -> None:
    """So many patients more, each of whom stands once under every tab."""
    today = clock.today(clinic.location.zone)
    for place in range(Appointment.objects.count(), Appointment.objects.count() + number):
        patient = factories.make_patient(clinic.location)
        plan = factories.make_plan(patient, clinic.practitioner, start_date=today)
        due, booked, _ = plan.follow_ups.order_by("target_date")
        session = plan.sessions.get(sequence=1)
        late, soon, later = today - timedelta(days=9), today + timedelta(days=9), today + timedelta(days=60 + place)
        windows = ((due, today, soon), (session, late, today - timedelta(days=1)), (booked, later, later))
        for owed, opens, closes in windows:
            type(owed).objects.filter(pk=owed.pk).update(window_start=opens, target_date=opens, window_end=closes)
        visits = (
            add_visit(clinic, "no_show", clock.now() - timedelta(days=3), session=session),
            add_visit(clinic, "booked", clock.now() + timedelta(days=place + 1), follow_up=booked),
        )
        Appointment.objects.filter(pk__in=[visit.pk for visit in visits]).update(
            patient=patient, window_start_when_booked=today, window_end_when_booked=later
        )
        Patient.objects.filter(pk=patient.pk).update(email="")
        WaitlistEntry.objects.create(patient=patient, location=clinic.location, kind="consultation")
        attempt_record_for_patient(
            patient_id=patient.pk, location=clinic.location, by=clinic.desk, channel="call", outcome="no_answer"
        )


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_costs_the_same_for_many(clinic, later, django_assert_max_num_queries, tab):
    before = len(rows(later, tab))
    crowd(clinic, 1)
    with django_assert_max_num_queries(8) as few:
        assert len(rows(later, tab)) == before + 1
    crowd(clinic, 2)
    with django_assert_max_num_queries(len(few)):
        assert len(rows(later, tab)) == before + 3


def test_two_hundred_rows_are_four_pages_at_the_price_of_one(clinic, later, django_assert_max_num_queries):
    plan = clinic.plan
    follow_up = clinic.follow_up
    FollowUp.objects.bulk_create(
        FollowUp(
            patient=clinic.patient,
            location=clinic.location,
            plan=plan,
            title=f"Review {number}",
            target_date=follow_up.target_date,
            window_start=follow_up.window_start,
            window_end=follow_up.window_end + timedelta(days=number),
        )
        for number in range(1, 200)
    )
    with django_assert_max_num_queries(7):
        page = later.get(f"{LIST}?state=due&p=4")
    assert counts(later)["due"] == 200
    assert [line.what for line in page.context["lines"]][-1] == "Review 199"
    assert "Page 4 of 4" in words(page)


def test_the_api_filters_by_state_as_before(clinic, later):
    api = Api(clinic.desk)
    assert [row["title"] for row in api.get("/follow-ups/?state=due").json()["results"]] == ["3-month review"]
    assert len(api.get("/follow-ups/?state=due,pending").json()["results"]) == 3
    assert api.get("/follow-ups/counts/").json()["due"] == 1
    assert api.get("/follow-ups/?state=rebook").status_code == 400


def test_a_visit_of_a_plan_on_hold_can_be_given_back_but_not_moved(clinic, frozen):
    visit = clinic.book(date(2026, 3, 30), session=clinic.plan.sessions.get(sequence=2))
    plan_hold(plan_id=clinic.plan.pk, reason="Pus and fever.")
    browser = sign_in(clinic.desk)
    page = words(browser.get(f"{LIST}?state=rebook&open=visit-{visit.pk}"))
    assert "The plan is on hold." in page
    assert "Pus and fever" not in page
    assert url(visit, "cancel") in page
    assert 'name="slot"' not in page
