"""Whom the desk calls: the pure rule and the SQL say the same, and nobody stays on the list without a cause."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Invalid
from clinic.places.wallclock import local_date
from patients.models import Patient
from patients.services import patient_update
from plans.followups.looks import call_reasons
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import call_list, with_calling, with_state
from plans.followups.rules import Call, CallFacts, Owing, calls
from plans.followups.services import attempt_record, attempt_record_for_patient
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.services import appointment_cancel, appointment_no_show, appointment_reschedule
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import plan_hold
from tests import factories
from tests.api import Api, errors
from tests.plans.followups.conftest import add_visit, utc

NOW = utc("2026-03-02T15:00")
NEW_YORK = ZoneInfo("America/New_York")


def days(number: float) -> datetime:
    """So many days from now."""
    return NOW + timedelta(days=number)


# The rule


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (CallFacts(email="a@b.example"), set()),
        (CallFacts(email="a@b.example", no_shows=[days(-9)]), set()),
        (CallFacts(email="a@b.example", no_shows=[days(-9), days(-2)]), {Call.NO_SHOWS}),
        (CallFacts(email="a@b.example", no_shows=[days(-9), days(-2)], is_booked=True), set()),
        (CallFacts(email="a@b.example", no_shows=[days(-9), days(-2)], reached_at=days(-1)), set()),
        (CallFacts(email="a@b.example", no_shows=[days(-9), days(-2)], reached_at=days(-5)), {Call.NO_SHOWS}),
        (CallFacts(email="a@b.example", visits=[days(-3)]), set()),
        (CallFacts(email="", visits=[days(-3)]), {Call.VISIT}),
        (CallFacts(email="a@b.example", has_opted_out=True, visits=[days(-3)]), {Call.VISIT}),
        (CallFacts(email="a@b.example", bounced_at=days(-1), visits=[days(-3)]), {Call.VISIT}),
        (CallFacts(email="", visits=[days(-3)], reached_at=days(-2)), set()),
        (CallFacts(email="", visits=[days(-3), days(-1)], reached_at=days(-2)), {Call.VISIT}),
        (CallFacts(email="a@b.example", bounced_at=days(-1), visits=[days(-3)], reached_at=days(-2)), {Call.VISIT}),
        (CallFacts(email="", owing=[Owing(Call.FOLLOW_UP, date(2026, 3, 1), NEW_YORK)]), {Call.FOLLOW_UP}),
        (CallFacts(email="a@b.example", owing=[Owing(Call.FOLLOW_UP, date(2026, 3, 1), NEW_YORK)]), set()),
        (
            CallFacts(email="", owing=[Owing(Call.SESSION, date(2026, 3, 1), NEW_YORK)], reached_at=days(-1)),
            set(),
        ),
        (
            CallFacts(email="", owing=[Owing(Call.SESSION, date(2026, 3, 2), NEW_YORK)], reached_at=days(-1)),
            {Call.SESSION},
        ),
        (
            CallFacts(email="", owing=[Owing(Call.SESSION, date(2026, 1, 1), NEW_YORK, days(-2))], reached_at=days(-3)),
            {Call.SESSION},
        ),
    ],
)
def test_the_rule(facts, expected):
    assert calls(facts) == expected


def test_reached_counts_from_the_local_day_on_which_the_window_opened():
    """At 03:00 UTC it is still the day before in New York."""
    owing = [Owing(Call.FOLLOW_UP, date(2026, 3, 2), NEW_YORK)]
    assert calls(CallFacts(owing=owing, reached_at=utc("2026-03-02T03:00"))) == {Call.FOLLOW_UP}
    assert calls(CallFacts(owing=owing, reached_at=utc("2026-03-02T06:00"))) == frozenset()


# The rule and the SQL


def facts_of(patient: Patient) -> CallFacts:
    """What the database holds of a patient, put together in Python."""
    now = clock.now()
    visits = list(Appointment.objects.filter(patient=patient).select_related("location"))
    came = max((visit.starts_at for visit in visits if visit.status == "fulfilled"), default=None)
    live = [visit for visit in visits if visit.is_live]
    coming = [
        visit
        for visit in live
        if local_date(visit.starts_at, visit.location.zone) >= local_date(now, visit.location.zone)
    ]
    reached = [
        attempt.attempted_at
        for attempt in ContactAttempt.objects.filter(patient=patient)
        if attempt.outcome in ("reached", "declined")
    ]
    return CallFacts(
        no_shows=[
            visit.no_show_at
            for visit in visits
            if visit.no_show_at is not None and (came is None or visit.starts_at > came)
        ],
        is_booked=bool(live),
        email=patient.email,
        has_opted_out=patient.email_opt_out,
        bounced_at=patient.email_bounced_at,
        visits=[_arranged_at(visit) for visit in coming],
        owing=[*_follow_ups(patient), *_sessions(patient)],
        reached_at=max(reached, default=None),
    )


def _arranged_at(visit: Appointment) -> datetime:
    revision = AppointmentRevision.objects.filter(appointment=visit).order_by("-number").first()
    return revision.acted_at if revision is not None else visit.created_at


def _lost_at(visits: Any) -> datetime | None:
    lost = [visit.no_show_at or visit.cancelled_at for visit in visits if visit.no_show_at or visit.cancelled_at]
    return max(lost, default=None)


def _follow_ups(patient: Patient) -> list[Owing]:
    rows = with_state(FollowUp.objects.filter(patient=patient).select_related("location"))
    return [
        Owing(Call.FOLLOW_UP, row.window_start, row.location.zone, _lost_at(row.appointments.all()))
        for row in rows
        if row.state in ("due", "overdue", "missed")
    ]


def _sessions(patient: Patient) -> list[Owing]:
    found = []
    for row in ProcedureSession.objects.filter(plan__patient=patient).select_related("plan__location"):
        zone = row.plan.location.zone
        is_open = row.status == "planned" and row.plan.status in ("accepted", "active")
        is_booked = any(visit.is_live for visit in row.appointments.all())
        if is_open and not is_booked and row.window_start <= clock.today(zone):
            found.append(Owing(Call.SESSION, row.window_start, zone, _lost_at(row.appointments.all())))
    return found


def found_in_sql(patient: Patient) -> set[Call]:
    row = with_calling(Patient.objects.filter(pk=patient.pk)).get()
    found = {Call.NO_SHOWS} if row.wants_call_for_no_shows else set()
    if row.unreachable:
        found |= {call for call in (Call.VISIT, Call.FOLLOW_UP, Call.SESSION) if getattr(row, call.value)}
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(["America/New_York", "Europe/Madrid", "Pacific/Auckland", "Pacific/Honolulu"]),
    email=st.sampled_from(["", "mock@example.com"]),
    opted_out=st.booleans(),
    bounced=st.sampled_from([None, -20.0, -6.5, -1.0]),
    visits=st.lists(
        st.tuples(
            st.sampled_from(["fulfilled", "no_show", "cancelled"]),
            st.floats(-30, -0.1),
            st.sampled_from(["consultation", "session"]),
        ),
        max_size=4,
    ),
    booked=st.sampled_from([None, -1.0, -0.2, 0.2, 9.0]),
    booked_at=st.floats(-12, 0),
    attempts=st.lists(st.tuples(st.sampled_from(["reached", "no_answer", "declined"]), st.floats(-25, 0)), max_size=3),
    opens=st.integers(-20, 5),
    plan_status=st.sampled_from(["accepted", "proposed"]),
)
def test_sql_and_rule_agree(
    clinic, zone, email, opted_out, bounced, visits, booked, booked_at, attempts, opens, plan_status
):
    patient, session = clinic.patient, clinic.plan.sessions.get(sequence=1)
    AppointmentRevision.objects.all().delete()
    Appointment.objects.all().delete()
    ContactAttempt.objects.all().delete()
    clinic.location.timezone = zone
    clinic.location.save()
    TreatmentPlan.objects.filter(pk=clinic.plan.pk).update(
        status=plan_status, accepted_on=None if plan_status == "proposed" else NOW.date(), proposed_at=NOW
    )
    opens_on = local_date(NOW, ZoneInfo(zone)) + timedelta(opens)
    for rows in (FollowUp.objects.filter(plan=clinic.plan), ProcedureSession.objects.filter(plan=clinic.plan)):
        rows.update(window_start=opens_on, target_date=opens_on, window_end=opens_on + timedelta(7))
    Patient.objects.filter(pk=patient.pk).update(
        email=email, email_opt_out=opted_out, email_bounced_at=None if bounced is None else days(bounced)
    )
    for status, when, kind in visits:
        add_visit(clinic, status, days(when), **({"session": session} if kind == "session" else {}))
    if booked is not None:
        visit = add_visit(clinic, "booked", days(booked), follow_up=clinic.follow_up)
        AppointmentRevision.objects.create(
            appointment=visit,
            number=1,
            act="booked",
            acted_at=days(booked_at),
            status_after="booked",
            practitioner=visit.practitioner,
            room=visit.room,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
        )
    for outcome, when in attempts:
        ContactAttempt.objects.create(
            patient=patient, location=clinic.location, channel="call", outcome=outcome, attempted_at=days(when)
        )
    patient.refresh_from_db()
    expected = calls(facts_of(patient))
    assert found_in_sql(patient) == expected
    assert set(call_list()) == ({patient} if expected else set())


# Coming and going


def listed(clinic: Any) -> list[str]:
    """Why the patient is on the list; empty where they are not."""
    return [reason.detail for row in call_list() for reason in call_reasons(row, clock.now())]


def reach(clinic: Any, outcome: str = "reached") -> None:
    attempt_record_for_patient(
        patient_id=clinic.patient.pk, location=clinic.location, by=clinic.desk, channel="call", outcome=outcome
    )


def miss_twice(clinic: Any, frozen: Any) -> None:
    frozen.move_to("2026-05-20T14:00:00Z")
    for day in (21, 22):
        visit = clinic.book(date(2026, 5, day))
        frozen.move_to(f"2026-05-{day}T15:00:00Z")
        appointment_no_show(appointment_id=visit.pk, by=clinic.desk)


def test_two_no_shows_put_a_patient_on_the_list_until_they_are_reached(clinic, frozen):
    miss_twice(clinic, frozen)
    assert listed(clinic) == ["Did not come twice; the last time: today 10:00. Nothing is booked."]
    reach(clinic, "no_answer")
    assert listed(clinic)
    frozen.shift(3600)
    reach(clinic)
    assert listed(clinic) == []


def test_a_booking_and_a_visit_that_took_place_take_them_off_the_list(clinic, frozen):
    miss_twice(clinic, frozen)
    visit = clinic.book(date(2026, 5, 26))
    assert listed(clinic) == []
    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="patient")
    assert listed(clinic)
    clinic.attend(clinic.follow_up)
    assert listed(clinic) == []


def test_another_no_show_after_they_were_reached_puts_them_back(clinic, frozen):
    miss_twice(clinic, frozen)
    reach(clinic)
    visit = clinic.book(date(2026, 5, 26))
    frozen.move_to("2026-05-26T15:00:00Z")
    appointment_no_show(appointment_id=visit.pk, by=clinic.desk)
    assert listed(clinic) == ["Did not come 3 times; the last time: today 10:00. Nothing is booked."]


def test_who_wants_no_email_is_called_about_a_visit_and_again_when_it_moves(clinic, frozen):
    patient_update(patient_id=clinic.patient.pk, changes={"email_opt_out": True})
    reach(clinic)
    assert listed(clinic) == []
    frozen.shift(60)
    visit = clinic.book(date(2026, 3, 9), session=clinic.plan.sessions.get(sequence=1))
    (said,) = listed(clinic)
    assert said.startswith("Wants no email. Session 1 of 3 · PRP: Mon 9 Mar 10:00")
    frozen.shift(60)
    reach(clinic)
    assert listed(clinic) == []
    frozen.shift(60)
    appointment_reschedule(
        appointment_id=visit.pk,
        by=clinic.desk,
        practitioner=clinic.practitioner,
        starts_at=factories.local(clinic.location, date(2026, 3, 10), "11:00"),
    )
    assert "Tue 10 Mar 11:00" in listed(clinic)[0]


def test_who_has_no_address_or_one_that_bounces_is_called_about_what_is_due(clinic, frozen):
    frozen.move_to("2026-05-20T14:00:00Z")
    assert listed(clinic) == []
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    (said,) = listed(clinic)
    assert said.startswith("Has no email address. 3-month review: due until Tue 16 Jun; Session 1 of 3 · PRP: overdue")
    Patient.objects.filter(pk=clinic.patient.pk).update(email="a@example.com", email_bounced_at=clock.now())
    assert listed(clinic)[0].startswith("Mail to their address comes back. 3-month")
    Patient.objects.filter(pk=clinic.patient.pk).update(email_bounced_at=None)
    assert listed(clinic) == []


def test_a_bounce_after_they_were_reached_is_a_new_cause(clinic, frozen):
    clinic.book(date(2026, 3, 9), session=clinic.plan.sessions.get(sequence=1))
    reach(clinic)
    frozen.shift(60)
    Patient.objects.filter(pk=clinic.patient.pk).update(email_bounced_at=clock.now())
    assert listed(clinic)
    frozen.shift(60)
    reach(clinic)
    assert listed(clinic) == []


def test_an_attempt_about_a_follow_up_counts_as_well(clinic, frozen):
    miss_twice(clinic, frozen)
    frozen.shift(60)
    attempt_record(follow_up_id=clinic.follow_up.pk, by=clinic.desk, channel="call", outcome="declined")
    assert listed(clinic) == []


def test_nothing_of_a_plan_on_hold_is_a_reason_to_call(clinic, frozen):
    clinic.performed()
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    frozen.move_to("2026-06-20T14:00:00Z")
    assert listed(clinic)
    plan_hold(plan_id=clinic.plan.pk, reason="Fever.")
    assert listed(clinic) == []


def test_an_attempt_for_a_patient_is_checked_as_any(clinic):
    with pytest.raises(Invalid) as refused:
        reach(clinic, "maybe")
    assert refused.value.attr == "outcome"
    assert not ContactAttempt.objects.exists()


# The API


@pytest.fixture
def api(clinic):
    return Api(clinic.desk)


def test_the_api_says_whom_to_call_why_and_what_came_of_it(clinic, api, frozen):
    miss_twice(clinic, frozen)
    api = Api(clinic.desk)
    (row,) = api.get("/call-list/").json()["results"]
    assert row == {
        "patient": str(clinic.patient.pk),
        "location": str(clinic.location.pk),
        "mrn": clinic.patient.mrn,
        "name": "Mock Dogwood",
        "phone": "+1 212 555 0141",
        "reasons": [
            {"code": "no_shows", "detail": "Did not come twice; the last time: today 10:00. Nothing is booked."}
        ],
        "tries": 0,
        "last_try": None,
        "next_try_on": None,
    }
    body = {"channel": "call", "outcome": "no_answer", "note": "Mailbox full", "next_try_on": "2026-05-25"}
    made = api.post(f"/call-list/{clinic.patient.pk}/attempts/", body)
    assert made.status_code == 201
    assert made.json() | {"id": "", "attempted_at": ""} == {
        **body,
        "id": "",
        "patient": str(clinic.patient.pk),
        "location": str(clinic.location.pk),
        "follow_up": None,
        "session": None,
        "attempted_at": "",
        "attempted_by": str(clinic.desk.pk),
    }
    (row,) = api.get(f"/call-list/?location={clinic.location.pk}").json()["results"]
    assert (row["tries"], row["next_try_on"]) == (1, "2026-05-25")
    assert {**row["last_try"], "at": ""} == {
        "channel": "call",
        "outcome": "no_answer",
        "note": "Mailbox full",
        "at": "",
    }
    attempts = api.get(f"/call-list/{clinic.patient.pk}/attempts/").json()["results"]
    assert [one["id"] for one in attempts] == [made.json()["id"]]
    frozen.shift(60)
    api.post(f"/call-list/{clinic.patient.pk}/attempts/", {"channel": "call", "outcome": "reached"})
    assert api.get("/call-list/").json()["results"] == []
    assert api.get(f"/call-list/{clinic.patient.pk}/").json()["reasons"] == []


def test_the_api_refuses_an_attempt_that_cannot_be(clinic, api):
    path = f"/call-list/{clinic.patient.pk}/attempts/"
    assert errors(api.post(path, {"channel": "call", "outcome": "maybe"})) == {"outcome": "invalid_choice"}
    late = api.post(path, {"channel": "call", "outcome": "no_answer", "next_try_on": "2026-03-01"})
    assert (late.status_code, errors(late)) == (400, {"next_try_on": "invalid"})
    assert not ContactAttempt.objects.exists()


def test_the_list_is_of_ones_own_locations_and_pages(clinic, api, frozen):
    patients = [
        factories.make_patient(clinic.location, email="", last_name=name) for name in ("Alder", "Birch", "Cedar")
    ]
    for patient in patients:
        factories.make_plan(patient, clinic.practitioner)
    attempt_record_for_patient(
        patient_id=patients[0].pk,
        location=clinic.location,
        by=clinic.desk,
        channel="call",
        outcome="no_answer",
        next_try_on=date(2026, 3, 3),
    )
    first = api.get("/call-list/?page_size=2").json()
    assert [row["name"] for row in first["results"]] == ["Mock Birch", "Mock Cedar"]
    assert [row["name"] for row in api.follow(first["next"]).json()["results"]] == ["Mock Alder"]
    elsewhere = factories.make_location()
    assert Api(factories.make_user((elsewhere, Role.FRONT_DESK))).get("/call-list/").json()["results"] == []
    assert api.get(f"/call-list/?location={elsewhere.pk}").json()["results"] == []


def test_the_list_costs_the_same_for_many(clinic, api, django_assert_num_queries):
    factories.make_plan(factories.make_patient(clinic.location, email=""), clinic.practitioner)
    api.get("/call-list/")
    with django_assert_num_queries(3):
        assert len(api.get("/call-list/").json()["results"]) == 1
    for _ in range(3):
        factories.make_plan(factories.make_patient(clinic.location, email=""), clinic.practitioner)
    with django_assert_num_queries(3):
        assert len(api.get("/call-list/").json()["results"]) == 4
