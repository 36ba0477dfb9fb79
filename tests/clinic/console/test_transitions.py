"""Transitions in the console: done where they are legal, refused in the service's words where they are not."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from clinic import clock
from clinic.access.roles import Role
from clinic.records import Record
from patients.models import Consent
from patients.services import consent_withdraw
from plans.followups.services import check_in_cancel, follow_up_cancel
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_arrive, appointment_book, appointment_cancel
from tests.console import House, said, url, words
from tests.factories import local, make_consultation, make_patient, make_plan, perform

DESK, PRACTITIONER = Role.FRONT_DESK, Role.PRACTITIONER


@pytest.fixture
def house(db, frozen):
    return House()


def patient(house: House) -> Any:
    return make_patient(house.location)


def plan(house: House, status: str = "accepted") -> Any:
    return make_plan(patient(house), house.practitioner, status=status, start_date=date(2026, 3, 2))


def visit(house: House) -> Appointment:
    return appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=local(house.location, date(2026, 3, 9), "10:00"),
        consultation_for=patient(house),
    )


def cancelled_visit(house: House) -> Appointment:
    return appointment_cancel(appointment_id=visit(house).pk, by=None, reason="patient")


def arrived_visit(house: House) -> Appointment:
    return appointment_arrive(appointment_id=visit(house).pk, by=None)


def session(house: House) -> Any:
    return plan(house).sessions.get(sequence=1)


def signed_session(house: House) -> Any:
    return perform(session(house), house.practitioner)


def cancelled_follow_up(house: House) -> Any:
    follow_up = plan(house).follow_ups.earliest("pk")
    return follow_up_cancel(follow_up_id=follow_up.pk, by=None, reason="No.")


def cancelled_check_in(house: House) -> Any:
    owed = signed_session(house).check_ins.earliest("pk")
    return check_in_cancel(check_in_id=owed.pk, by=house.practitioner.user, reason="No.")


def sent_message(house: House) -> PatientMessage:
    message = PatientMessage.objects.filter(appointment=visit(house)).earliest("pk")
    PatientMessage.objects.filter(pk=message.pk).update(status="sent", sending_at=clock.now(), settled_at=clock.now())
    message.refresh_from_db()
    return message


def withdrawn_consent(house: House) -> Consent:
    given = Consent.objects.filter(patient=plan(house).patient).earliest("pk")
    return consent_withdraw(consent_id=given.pk, reason="Changed their mind")


WHY = {"reason": "Because"}
CHART = {"performed_at_day": "2026-03-02", "performed_at_time": "09:30"}
PRP = {
    f"components.0.record.{name}": value
    for name, value in {
        "blood_drawn_ml": "30",
        "anticoagulant": "acd_a",
        "yield_ml": "6",
        "leukocytes": "poor",
        "activation": "none",
        "injected_ml": "5",
    }.items()
}
ILLEGAL: list[tuple[str, Role, str, Callable[[House], Record], dict[str, str]]] = [
    # what it is about, who, the act, a row in a state that forbids it, what the form asks
    ("visit", DESK, "confirm", cancelled_visit, {}),
    ("visit", DESK, "arrive", cancelled_visit, {}),
    ("visit", DESK, "fulfil", visit, {}),
    ("visit", DESK, "cancel", cancelled_visit, {"reason": "patient"}),
    ("visit", DESK, "no_show", arrived_visit, {}),
    ("visit", DESK, "undo", arrived_visit, {}),
    ("visit", DESK, "take_back", visit, {}),
    ("visit", DESK, "reschedule", arrived_visit, {"own_time_day": "2026-03-10", "own_time_time": "10:00"}),
    ("plan", PRACTITIONER, "propose", plan, {}),
    ("plan", PRACTITIONER, "accept", plan, {"accepted_on": "2026-03-02", "signed_name": "Mock", "consent_prp": "on"}),
    ("plan", PRACTITIONER, "decline", plan, {}),
    ("plan", PRACTITIONER, "hold", plan, WHY),
    ("plan", PRACTITIONER, "resume", plan, {}),
    ("plan", PRACTITIONER, "complete", plan, {}),
    ("plan", PRACTITIONER, "discontinue", lambda house: plan(house, "proposed"), WHY),
    ("plan", PRACTITIONER, "revise", lambda house: plan(house, "draft"), WHY),
    ("session", PRACTITIONER, "start", signed_session, {}),
    ("session", PRACTITIONER, "perform", session, {**CHART, **PRP}),
    ("session", PRACTITIONER, "abort", session, WHY),
    ("session", PRACTITIONER, "cancel", signed_session, WHY),
    ("session", PRACTITIONER, "sign", session, {}),
    ("session", PRACTITIONER, "amend", session, WHY),
    ("consultation", PRACTITIONER, "sign", lambda house: make_consultation(patient(house), house.practitioner), {}),
    ("follow-up", DESK, "cancel", cancelled_follow_up, WHY),
    ("follow-up", DESK, "attend", cancelled_follow_up, {}),
    ("follow-up", DESK, "attempt", cancelled_follow_up, {"channel": "call", "outcome": "reached"}),
    ("follow-up", PRACTITIONER, "pin", cancelled_follow_up, {"pinned_on": "2026-07-01", **WHY}),
    ("follow-up", PRACTITIONER, "unpin", cancelled_follow_up, WHY),
    ("check-in", PRACTITIONER, "answer", cancelled_check_in, {"note": "Fine."}),
    ("check-in", PRACTITIONER, "cancel", cancelled_check_in, WHY),
    ("message", DESK, "retry", sent_message, {}),
    ("message", DESK, "handled", sent_message, {}),
    ("message", DESK, "cancel", sent_message, {}),
    ("consent", PRACTITIONER, "withdraw", withdrawn_consent, WHY),
]


@pytest.mark.parametrize(
    ("about", "role", "name", "make", "data"), ILLEGAL, ids=[f"{one[0]} {one[2]}" for one in ILLEGAL]
)
def test_an_illegal_transition_is_refused_by_its_address_too_and_nothing_changes(house, about, role, name, make, data):
    row = make(house)
    if name == "reschedule":
        data = {**data, "practitioner": str(house.practitioner.pk)}
    rows = type(row)._default_manager.filter(pk=row.pk)
    before = rows.values().get()
    page = house.get(role, url(row))
    assert url(row, name) not in page.content.decode(), "the button is not there"
    response = house.act(role, row, name, **data)
    assert response.status_code == 409
    assert f"The {about} is " in words(response)
    assert "possible only when it is" in words(response)
    assert rows.values().get() == before


def test_a_dialog_says_the_refusal_where_htmx_asked(house):
    row = cancelled_visit(house)
    response = house.clients[DESK].post(url(row, "arrive"), headers={"HX-Request": "true"})
    assert response.status_code == 200, "htmx shows no other answer"
    assert "arriving is possible only when it is booked or confirmed" in words(response)
    assert "<html" not in words(response)


def test_a_legal_transition_is_done_and_leads_back_to_where_it_was_asked(house):
    row = visit(house)
    response = house.clients[DESK].post(
        url(row, "arrive"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/?day=1"},
    )
    assert response.headers["HX-Redirect"] == "/admin/?day=1"
    assert said(response) == [f"{row.patient} is here."]
    row.refresh_from_db()
    assert row.status == "arrived"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_an_act_never_leads_to_another_site(house, elsewhere):
    row = visit(house)
    response = house.act(DESK, row, "confirm", next=elsewhere)
    assert (response.status_code, response.headers["Location"]) == (303, url(row))


def test_an_act_works_without_script(house):
    row = visit(house)
    page = house.get(DESK, url(row, "cancel"))
    assert "<html" in words(page)
    assert "Who cancels" in words(page)
    response = house.act(DESK, row, "cancel", reason="patient", note="Ill")
    assert response.status_code == 303
    row.refresh_from_db()
    assert (row.status, row.cancel_note) == ("cancelled", "Ill")


def test_a_missing_reason_is_asked_for_beside_its_field(house):
    row = plan(house).sessions.get(sequence=1)
    response = house.act(PRACTITIONER, row, "cancel", reason="  ")
    assert response.status_code == 200
    assert "This field is required." in words(response)
    row.refresh_from_db()
    assert row.status == "planned"


def test_a_transition_lands_in_the_history_with_who_and_why(house):
    row = plan(house)
    row = row.sessions.get(sequence=1)
    house.act(PRACTITIONER, row, "cancel", reason="Not wished for")
    history = words(house.get(PRACTITIONER, url(row, "history")))
    assert "Robin Rowan" in history
    assert "Not wished for" in history
    assert "Planned" in history
    assert "Cancelled" in history
