from datetime import date

import pytest

from clinic.access.roles import Role
from plans.followups.models import ContactAttempt, FollowUp
from tests.console import House, url, words
from tests.factories import make_consultation, make_patient, make_plan, perform

DESK, PRACTITIONER = Role.FRONT_DESK, Role.PRACTITIONER
LIST = "/admin/plans/followup/"


@pytest.fixture
def house(db, frozen):
    return House()


def owed(house, **patient):
    """The first review of an accepted plan: its window is 19 May to 16 June."""
    own = make_plan(make_patient(house.location, **patient), house.practitioner, start_date=date(2026, 3, 2))
    return own.follow_ups.earliest("target_date")


def later(house, frozen, day):
    frozen.move_to(f"{day}T15:00:00Z")
    house.sign_in_again()


def test_the_worklist_counts_each_state_and_shows_who_to_call(house, frozen):
    follow_up = owed(house, first_name="Ada", last_name="Aspen", phone="+1 212 555 0177")
    assert "3-month review" not in words(house.get(DESK, LIST))
    later(house, frozen, "2026-06-28")
    page = words(house.get(DESK, LIST))
    assert "Ada Aspen" in page
    assert "+1 212 555 0177" in page
    assert "Overdue by 12 days" in page
    assert f"open=follow_up-{follow_up.pk}" in house.get(DESK, LIST).content.decode()
    assert "Ada Aspen" in words(house.get(DESK, f"{LIST}?state=overdue&q=0177"))
    assert "Nobody matches here." in words(house.get(DESK, f"{LIST}?q=nobody"))


@pytest.mark.desk_number
def test_the_sidebar_counts_what_wants_a_booking(house, frozen):
    owed(house)  # and the first session
    later(house, frozen, "2026-06-28")
    context = house.get(DESK, "/admin/").context
    badges = {item["title"]: item.get("badge") for item in context["sidebar_navigation"][0]["items"]}
    assert badges["Follow-ups"] == "2"
    assert badges["Messages"] is None


def test_a_call_is_logged_and_read_on_the_list(house, frozen):
    follow_up = owed(house)
    later(house, frozen, "2026-06-28")
    house.act(DESK, follow_up, "attempt", channel="call", outcome="no_answer", note="", next_try_on="2026-06-30")
    attempt = ContactAttempt.objects.get()
    assert (attempt.attempted_by, attempt.next_try_on) == (house.users[DESK], date(2026, 6, 30))
    assert "1 try · no answer (Person, today 11:00) · again Tue 30 Jun" in words(house.get(DESK, LIST))
    assert "1 try, last: no answer, again Tue 30 Jun" in words(house.get(DESK, url(follow_up.patient)))


def test_a_walk_in_is_attended_in_one_step(house, frozen):
    follow_up = owed(house)
    perform(follow_up.plan.sessions.get(sequence=1), house.practitioner)
    later(house, frozen, "2026-06-01")
    assert 'name="reason"' not in house.get(DESK, url(follow_up, "attend")).content.decode()
    assert house.act(DESK, follow_up, "attend").status_code == 303
    assert "Attended" in words(house.get(DESK, url(follow_up)))


def test_before_its_window_the_dialog_asks_why_and_the_page_and_the_history_say_so(house, frozen):
    follow_up = owed(house)
    perform(follow_up.plan.sessions.get(sequence=1), house.practitioner)
    dialog = house.get(DESK, url(follow_up, "attend"))
    assert 'name="reason"' in dialog.content.decode()
    assert "The window opens on 19 May 2026." in words(dialog)
    assert house.act(DESK, follow_up, "attend").status_code == 200
    assert not follow_up.appointments.exists()
    assert house.act(DESK, follow_up, "attend", reason="Moves abroad.").status_code == 303
    page = words(house.get(DESK, url(follow_up)))
    assert "Attended" in page
    assert "Before its window because: “Moves abroad.”" in page
    history = words(house.get(PRACTITIONER, url(follow_up, "history")))
    assert "Moves abroad." in history
    assert str(house.users[DESK]) in history


def test_what_counts_from_a_session_still_to_come_says_so_in_its_dialog_and_asks_why(house):
    follow_up = owed(house)
    assert "has not been performed yet" in words(house.get(DESK, url(follow_up, "attend")))
    assert house.act(DESK, follow_up, "attend").status_code == 200
    assert not follow_up.appointments.exists()
    assert house.act(DESK, follow_up, "attend", reason="Moves abroad.").status_code == 303
    assert follow_up.appointments.get().override_reason == "Moves abroad."


def test_a_visit_that_no_protocol_asks_for_is_owed_after_a_consultation(house):
    consultation = make_consultation(make_patient(house.location), house.practitioner, candidacy="deferred")
    path = f"/admin/plans/followup/add/?consultation={consultation.pk}"
    dates = {"window_start": "2026-05-01", "target_date": "2026-06-01", "window_end": "2026-06-30"}
    wrong = house.post(
        PRACTITIONER, path, title="Review", duration_minutes="30", **dates | {"target_date": "2026-09-01"}
    )
    assert wrong.status_code == 200
    assert not FollowUp.objects.exists()
    response = house.post(PRACTITIONER, path, title="Review", duration_minutes="30", **dates)
    assert response.status_code == 303
    assert FollowUp.objects.get().consultation == consultation


def test_why_a_follow_up_is_not_needed_is_read_on_its_page(house):
    follow_up = owed(house)
    house.act(DESK, follow_up, "cancel", reason="Moved away")
    assert "Moved away" in words(house.get(DESK, url(follow_up)))


def test_the_worklist_costs_the_same_for_many(house, frozen, django_assert_max_num_queries):
    owed(house)
    later(house, frozen, "2026-06-28")
    with django_assert_max_num_queries(10) as few:
        house.get(DESK, LIST)
    later(house, frozen, "2026-03-02")
    for _ in range(3):
        owed(house)
    later(house, frozen, "2026-06-28")
    with django_assert_max_num_queries(len(few)):
        house.get(DESK, LIST)
