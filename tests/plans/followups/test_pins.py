"""A follow-up's date set by hand: kept by recalculation, refused where it cannot be, and set free again."""

from datetime import date

import pytest

from clinic.access.roles import Role
from clinic.errors import Conflict, Invalid, InvalidTransition
from plans.followups.models import FollowUp
from plans.followups.services import follow_up_cancel, follow_up_create, follow_up_pin
from plans.treatment.services import plan_hold
from tests import factories
from tests.api import Api, errors
from tests.console import sign_in, url, words


@pytest.fixture
def usual(clinic):
    """Where the protocol puts the review: three months after the last session, 14 days either way."""
    return clinic.follow_up.window


def pin(clinic, day, reason="Away until then."):
    return follow_up_pin(follow_up_id=clinic.follow_up.pk, by=clinic.practitioner.user, pinned_on=day, reason=reason)


def test_a_pin_keeps_the_days_before_and_after(clinic, usual):
    row = pin(clinic, date(2026, 7, 1))
    move = clinic.plan.moves.get()
    assert (move.item_id, move.act) == (row.pk, "pinned")
    assert (move.start_before, move.target_before, move.end_before) == usual
    pinned = clinic.follow_up
    assert pinned.window == (date(2026, 6, 17), date(2026, 7, 1), date(2026, 7, 15))
    assert (pinned.window_rule, pinned.window_because) == ("pin", "Pinned to 1 July 2026.")
    assert (pinned.pinned_on, pinned.pin_reason) == (date(2026, 7, 1), "Away until then.")
    assert pinned.pinned_by == clinic.practitioner.user


def test_recalculation_keeps_a_pin_and_moves_what_is_not_pinned(clinic, usual, frozen):
    pin(clinic, date(2026, 7, 1))
    other = clinic.plan.follow_ups.order_by("target_date")[1].window
    frozen.move_to("2026-03-09T15:00:00Z")
    clinic.performed()
    assert clinic.follow_up.target_date == date(2026, 7, 1)
    assert clinic.plan.follow_ups.order_by("target_date")[1].window > other


def test_a_pin_that_is_set_free_goes_where_the_protocol_puts_it_by_now(clinic, usual, frozen):
    pin(clinic, date(2026, 7, 1))
    frozen.move_to("2026-03-09T15:00:00Z")
    clinic.performed()
    row = pin(clinic, None, "Is back.")
    assert clinic.plan.moves.get(act="unpinned").target_before == date(2026, 7, 1)
    freed = clinic.follow_up
    assert (freed.pinned_on, freed.pin_reason, freed.pinned_by) == (None, "", None)
    assert freed.window == tuple(day + (date(2026, 3, 9) - date(2026, 3, 2)) for day in usual)
    assert freed.window_rule == "target_window"
    assert row.window == freed.window


def test_pinning_to_where_it_is_moves_nothing_and_is_kept_all_the_same(clinic, usual):
    pin(clinic, usual[1])
    assert not clinic.plan.moves.exists()
    assert clinic.follow_up.pinned_on == usual[1]
    assert clinic.follow_up.window == usual


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (date(2026, 3, 1), "before the plan, which starts on 2 March 2026"),
        (date(2028, 3, 3), "too far ahead; pin to 2 March 2028 at the latest"),
    ],
)
def test_a_date_that_cannot_be_is_refused_and_nothing_changes(clinic, usual, day, says):
    with pytest.raises(Invalid, match=says) as refused:
        pin(clinic, day)
    assert refused.value.attr == "pinned_on"
    assert (clinic.follow_up.window, clinic.follow_up.pinned_on, clinic.follow_up.version) == (usual, None, 1)


def test_a_past_date_is_refused(clinic, frozen):
    frozen.move_to("2026-04-02T15:00:00Z")
    with pytest.raises(Invalid, match="1 April 2026 is past"):
        pin(clinic, date(2026, 4, 1))


def test_a_pin_says_why(clinic):
    with pytest.raises(Invalid) as refused:
        pin(clinic, date(2026, 7, 1), " ")
    assert refused.value.attr == "reason"


def test_a_closed_follow_up_is_not_pinned(clinic):
    follow_up_cancel(follow_up_id=clinic.follow_up.pk, by=clinic.desk, reason="Moved away.")
    with pytest.raises(InvalidTransition, match="The follow-up is cancelled"):
        pin(clinic, date(2026, 7, 1))


def test_a_pin_stands_during_a_hold(clinic):
    clinic.performed()
    plan_hold(plan_id=clinic.plan.pk, reason="Fever.")
    pin(clinic, date(2026, 7, 1))
    assert (clinic.follow_up.target_date, clinic.state) == (date(2026, 7, 1), "pending")


def test_there_is_no_pin_to_take_away(clinic, usual):
    with pytest.raises(Conflict) as refused:
        pin(clinic, None, "Why not.")
    assert (refused.value.code, clinic.follow_up.window) == ("not_pinned", usual)


def test_what_no_protocol_asks_for_keeps_its_own_tolerances_and_cannot_be_set_free(clinic):
    consultation = factories.make_consultation(clinic.patient, clinic.practitioner, candidacy="deferred")
    owed = follow_up_create(
        consultation=consultation,
        title="Review",
        window_start=date(2026, 4, 1),
        target_date=date(2026, 4, 3),
        window_end=date(2026, 4, 8),
    )
    follow_up_pin(follow_up_id=owed.pk, by=None, pinned_on=date(2026, 5, 1), reason="Later.")
    owed = FollowUp.objects.get(pk=owed.pk)
    assert owed.window == (date(2026, 4, 29), date(2026, 5, 1), date(2026, 5, 6))
    with pytest.raises(Conflict) as refused:
        follow_up_pin(follow_up_id=owed.pk, by=None, pinned_on=None, reason="Never mind.")
    assert refused.value.code == "no_other_date"
    with pytest.raises(Invalid, match="1 March 2026 is before"):
        follow_up_pin(follow_up_id=owed.pk, by=None, pinned_on=date(2026, 3, 1), reason="Sooner.")


def test_the_api_pins_for_practitioners_and_hides_the_reason_from_the_desk(clinic):
    path = f"/follow-ups/{clinic.follow_up.pk}/pin/"
    body = {"pinned_on": "2026-07-01", "reason": "Eczema until June."}
    assert Api(clinic.desk).post(path, body).status_code == 403
    api = Api(clinic.practitioner.user)
    pinned = api.post(path, body).json()
    assert (pinned["pinned_on"], pinned["target_date"]) == ("2026-07-01", "2026-07-01")
    assert (pinned["pin_reason"], pinned["window_because"]) == ("Eczema until June.", "Pinned to 1 July 2026.")
    assert "pin_reason" not in Api(clinic.desk).get(f"/follow-ups/{clinic.follow_up.pk}/").json()
    assert errors(api.post(path, {"reason": "x"})) == {"pinned_on": "required"}
    assert errors(api.post(path, {"pinned_on": "2026-02-30", "reason": "x"})) == {"pinned_on": "invalid"}
    assert errors(api.post(path, {"pinned_on": "2029-01-01", "reason": "x"})) == {"pinned_on": "invalid"}
    freed = api.post(path, {"pinned_on": None, "reason": "Healed."}).json()
    assert (freed["pinned_on"], freed["window_rule"]) == (None, "target_window")


def test_the_console_pins_and_frees_in_a_dialog(clinic):
    row = clinic.follow_up
    doctor, desk = sign_in(clinic.practitioner.user), sign_in(clinic.desk)
    assert url(row, "pin") not in words(desk.get(url(row)))
    assert url(row, "pin") in words(doctor.get(url(row)))
    assert url(row, "unpin") not in words(doctor.get(url(row)))
    refused = doctor.post(url(row, "pin"), {"pinned_on": "2026-03-01", "reason": "Sooner."})
    assert refused.status_code == 409
    assert "before the plan" in words(refused)
    assert doctor.post(url(row, "pin"), {"pinned_on": "2026-07-01", "reason": "Eczema."}).status_code == 303
    page = words(doctor.get(url(row)))
    assert "Pinned to 1 July 2026." in page
    assert "Eczema." in page
    assert "Eczema." not in words(desk.get(url(row)))
    assert desk.get(url(row, "history")).status_code == 403
    assert doctor.post(url(row, "unpin"), {"reason": "Healed."}).status_code == 303
    assert clinic.follow_up.pinned_on is None


def test_a_manager_may_not_pin(clinic):
    manager = factories.make_user((clinic.location, Role.MANAGER))
    assert sign_in(manager).get(url(clinic.follow_up, "pin")).status_code == 403


def test_a_pin_near_the_start_opens_no_earlier_than_the_plan(clinic):
    pin(clinic, date(2026, 3, 6))
    pinned = clinic.follow_up
    assert pinned.window == (date(2026, 3, 2), date(2026, 3, 6), date(2026, 3, 20))
    assert (pinned.window_rule, pinned.window_because) == ("plan_start", "The plan starts on 2 March 2026.")
    clinic.performed()
    assert clinic.follow_up.window == pinned.window
    pin(clinic, date(2026, 3, 16))
    assert clinic.follow_up.window[0] == date(2026, 3, 2)
    assert clinic.follow_up.window_rule == "pin"


def test_a_pin_after_a_consultation_opens_no_earlier_than_it(clinic):
    owed = follow_up_create(
        consultation=factories.make_consultation(clinic.patient, clinic.practitioner),
        title="Review",
        window_start=date(2026, 4, 1),
        target_date=date(2026, 4, 15),
        window_end=date(2026, 4, 30),
    )
    pinned = follow_up_pin(follow_up_id=owed.pk, by=None, pinned_on=date(2026, 3, 5), reason="Sooner.")
    assert pinned.window == (date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 20))
    assert pinned.window_because == "On the day of the consultation (2 March 2026)."
