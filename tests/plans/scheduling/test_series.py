"""Several visits at once: the next sessions of a plan, all booked in their windows or none."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.errors import Conflict, DoesNotExist, GateBlocked, Invalid, Refusal, SlotTaken, TooEarly
from clinic.places.wallclock import local_date, local_time
from patients.models import Consent, Patient
from patients.services import consent_withdraw
from plans.messages.models import PatientMessage
from plans.protocols.models import IntervalRule
from plans.scheduling.models import Appointment
from plans.scheduling.series import Series, SeriesWishes
from plans.scheduling.services import SeriesVisit, plan_book_series, plan_preview_series
from plans.treatment.services import plan_discontinue
from tests import factories
from tests.api import Api, errors
from tests.console import sign_in, words
from tests.plans.scheduling.conftest import Clinic, Written


def preview(clinic: Clinic, **wishes: Any) -> Series:
    return plan_preview_series(plan_id=clinic.plan.pk, wishes=SeriesWishes(**wishes))


def book(clinic: Clinic, **fields: Any) -> list[Appointment]:
    return plan_book_series(plan_id=clinic.plan.pk, by=clinic.desk, **fields)


def days(found: list[Appointment], clinic: Clinic) -> list[date]:
    return [local_date(one.starts_at, clinic.location.zone) for one in found]


def test_every_session_is_booked_on_its_best_day_with_its_mails(clinic: Clinic) -> None:
    booked = book(clinic)
    sessions = clinic.sessions
    assert [one.session for one in booked] == sessions
    assert days(booked, clinic) == [session.target_date for session in sessions]
    assert {one.practitioner for one in booked} == {clinic.plan.lead_practitioner}
    assert {local_time(one.starts_at, clinic.location.zone) for one in booked} == {time(8)}
    assert PatientMessage.objects.filter(kind="confirmation").count() == len(sessions)


def test_a_preview_says_what_would_be_booked_and_writes_nothing(clinic: Clinic) -> None:
    before = Written.now()
    proposed = preview(clinic)
    assert Written.now() == before
    booked = book(clinic)
    assert [(one.session, one.practitioner, one.room, one.starts_at, one.ends_at) for one in proposed.visits] == [
        (one.session, one.practitioner, one.room, one.starts_at, one.ends_at) for one in booked
    ]


def test_wishes_are_kept_by_every_visit(clinic: Clinic) -> None:
    other = clinic.another_practitioner()
    booked = book(
        clinic,
        wishes=SeriesWishes(count=2, practitioner=other, weekdays=[3, 4], time_from=time(13, 20), time_until=time(16)),
    )
    assert len(booked) == 2
    assert {one.practitioner for one in booked} == {other}
    assert {day.isoweekday() for day in days(booked, clinic)} <= {3, 4}
    assert all(local_time(one.starts_at, clinic.location.zone) >= time(13, 20) for one in booked)
    assert all(local_time(one.ends_at, clinic.location.zone) <= time(16) for one in booked)


def test_what_the_patient_likes_comes_before_the_target(clinic: Clinic) -> None:
    Patient.objects.filter(pk=clinic.patient.pk).update(preferred_weekdays=[4], preferred_from=time(14))
    booked = book(clinic)
    assert {day.isoweekday() for day in days(booked, clinic)} == {4}
    assert {local_time(one.starts_at, clinic.location.zone) for one in booked} == {time(14)}


def test_a_series_keeps_the_intervals_where_the_first_visits_slip(clinic: Clinic) -> None:
    first, second = clinic.sessions[:2]
    late = SeriesWishes(weekdays=[4])
    booked = book(clinic, wishes=late)
    gaps = [later - earlier for earlier, later in pairwise(days(booked, clinic))]
    assert all(gap >= timedelta(days=second.step.minimum_interval_days) for gap in gaps)
    assert first.window_start <= days(booked, clinic)[0] <= first.window_end


def test_a_session_that_is_booked_already_is_left_and_kept_clear_of(clinic: Clinic) -> None:
    second = clinic.sessions[1]
    own = clinic.book("10:00", second.window_end, session=second)
    booked = book(clinic)
    assert second not in [one.session for one in booked]
    third = days(booked, clinic)[1]
    assert third - local_date(own.starts_at, clinic.location.zone) >= timedelta(
        days=clinic.sessions[2].step.minimum_interval_days
    )


def test_one_session_without_a_time_books_none_and_is_named(clinic: Clinic) -> None:
    third = clinic.sessions[2]
    clinic.location.closures.create(
        starts_at=factories.local(clinic.location, third.window_start, "00:00"),
        ends_at=factories.local(clinic.location, third.window_end + timedelta(days=1), "00:00"),
        reason="Painting",
    )
    before = Written.now()
    with pytest.raises(Conflict) as refused:
        book(clinic)
    assert (refused.value.code, refused.value.extra["session"]) == ("no_time", str(third.pk))
    assert refused.value.detail.startswith(f"{third.title}: no free time from")
    assert "everybody who may do it is booked or away then" in refused.value.detail
    assert Written.now() == before
    assert len(book(clinic, wishes=SeriesWishes(count=2))) == 2


def test_a_series_says_what_leaves_a_session_without_a_time(clinic: Clinic) -> None:
    with pytest.raises(Conflict) as unsuited:
        preview(clinic, weekdays=[7], practitioner=clinic.practitioner)
    assert f"would be free, but none as asked ({clinic.practitioner}, Sunday)" in unsuited.value.detail

    def painted(first: date, until: date) -> None:
        start, end = (factories.local(clinic.location, day, "00:00") for day in (first, until))
        clinic.location.closures.create(starts_at=start, ends_at=end, reason="Painting")

    first, second = clinic.sessions[:2]
    IntervalRule.objects.create(code="longer", title="Longer", minimum_days=28)
    painted(first.window_start, first.window_end)
    painted(first.window_start + timedelta(days=29), second.window_end + timedelta(days=1))
    with pytest.raises(Conflict) as near:
        preview(clinic, count=2)
    assert near.value.extra["session"] == str(second.pk)
    assert "would be free, but too near to the other visits" in near.value.detail


def test_a_session_whose_window_has_passed_is_proposed_late(clinic: Clinic, frozen: Any) -> None:
    first = clinic.sessions[0]
    frozen.move_to(factories.local(clinic.location, first.window_end + timedelta(days=3), "10:00"))
    found = preview(clinic).visits
    assert found[0].is_late
    assert [one.session for one in found] == clinic.sessions
    assert book(clinic)


def test_the_choices_of_one_visit_leave_all_the_others_where_they_are(clinic: Clinic) -> None:
    proposed = preview(clinic).visits
    for place, one in enumerate(proposed):
        for choice in (one.choices[0], one.choices[-1]):
            visits = [SeriesVisit(other.session, other.starts_at, other.practitioner) for other in proposed]
            visits[place] = SeriesVisit(one.session, choice.starts_at, one.practitioner)
            with transaction.atomic():
                assert book(clinic, visits=visits)[place].starts_at == choice.starts_at
                transaction.set_rollback(True)


def test_a_time_that_is_taken_takes_all_the_others_back_and_is_named(clinic: Clinic) -> None:
    visits = [SeriesVisit(one.session, one.starts_at) for one in preview(clinic).visits]
    clinic.book(consultation_for=clinic.another_patient(), clock="08:00", day=clinic.sessions[1].target_date)
    before = Written.now()
    with pytest.raises(SlotTaken) as refused:
        book(clinic, visits=visits)
    second = clinic.sessions[1]
    assert refused.value.detail == f"{second.title}: The practitioner is booked at this time."
    assert refused.value.extra["session"] == str(second.pk)
    assert refused.value.extra["alternatives"]
    assert refused.value.attr == "visits.1.starts_at"
    assert Written.now() == before


def test_what_a_booking_refuses_a_series_refuses(clinic: Clinic) -> None:
    first, second = clinic.sessions[:2]
    other = factories.make_plan(clinic.another_patient(), clinic.practitioner, start_date=date(2026, 3, 9))
    at = clinic.at("10:00", first.target_date)
    refused: list[tuple[list[SeriesVisit], type[Refusal], str | None]] = [
        ([], Invalid, "visits"),
        ([SeriesVisit(other.sessions.get(sequence=1), at)], DoesNotExist, "visits.0.session"),
        ([SeriesVisit(first, at), SeriesVisit(first, at)], Invalid, "visits.1.session"),
        ([SeriesVisit(first, at), SeriesVisit(second, at + timedelta(days=2))], TooEarly, "visits.1.starts_at"),
        ([SeriesVisit(first, clinic.at("22:00", first.target_date))], Conflict, "visits.0.starts_at"),
    ]
    before = Written.now()
    for visits, kind, attr in refused:
        with pytest.raises(kind) as found:
            book(clinic, visits=visits)
        assert found.value.attr == attr
    assert Written.now() == before


def test_gates_and_states_are_asked_before_any_time(clinic: Clinic) -> None:
    consent_withdraw(consent_id=Consent.objects.get(patient=clinic.patient).pk, reason="Changed their mind")
    with pytest.raises(GateBlocked) as gate:
        book(clinic)
    assert gate.value.extra["session"] == str(clinic.sessions[0].pk)
    plan_discontinue(plan_id=clinic.plan.pk, by=None, reason="Moved away")
    with pytest.raises(Conflict) as nothing:
        book(clinic)
    assert nothing.value.code == "nothing_to_book"


def test_a_preview_costs_one_query_a_visit_beside_a_few(clinic: Clinic) -> None:
    counts = []
    for count in (1, 3):
        with CaptureQueriesContext(connection) as queries:
            preview(clinic, count=count)
        counts.append(len(queries))
    assert counts[1] - counts[0] == 2
    assert counts[0] <= 10


def test_after_booking_all_each_time_is_said_and_leads_to_its_page(clinic: Clinic) -> None:
    browser = sign_in(clinic.desk)
    path = f"/admin/plans/treatmentplan/{clinic.plan.pk}/book-series/"
    proposed = preview(clinic).visits
    chosen = {f"visit-{one.session.pk}": f"{one.practitioner.pk}|{one.starts_at.isoformat()}" for one in proposed}
    page = words(browser.post(path, chosen, follow=True))
    assert f"{len(proposed)} visits booked." in page
    assert "Each can be undone on its page for 60 seconds." in page
    for visit in Appointment.objects.select_related("session", "practitioner__user", "location", "room"):
        assert f'href="/admin/plans/appointment/{visit.pk}/change/">{visit.session.title}: ' in page
        assert (
            f"{visit.starts_at.astimezone(visit.location.zone):%H:%M} with {visit.practitioner}, {visit.room}" in page
        )


def test_over_http_it_is_proposed_then_booked(clinic: Clinic) -> None:
    desk = Api(clinic.desk)
    path = f"/plans/{clinic.plan.pk}/book-series/"
    proposed = desk.post(path, {"preview": True, "count": 2, "weekdays": [2], "time_until": "12:00"})
    assert proposed.status_code == 200
    visits = proposed.json()["visits"]
    assert [(one["appointment"], one["title"]) for one in visits] == [
        (None, session.title) for session in clinic.sessions[:2]
    ]
    assert not Appointment.objects.exists()
    booked = desk.post(path, {"visits": [{name: one[name] for name in ("session", "starts_at")} for one in visits]})
    assert booked.status_code == 201
    assert [one["starts_at"] for one in booked.json()["visits"]] == [one["starts_at"] for one in visits]
    assert {one["appointment"] for one in booked.json()["visits"]} == {
        str(key) for key in Appointment.objects.values_list("pk", flat=True)
    }
    assert datetime.fromisoformat(visits[0]["starts_at"]).isoweekday() == 2
    assert desk.post(path, {}).status_code == 201
    assert errors(desk.post(path, {})) == {None: "nothing_to_book"}


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"count": 0}, "count"),
        ({"weekdays": [8]}, "weekdays.0"),
        ({"time_from": "25:00"}, "time_from"),
        ({"time_from": "12:00", "time_until": "09:00"}, "time_until"),
        ({"visits": []}, "visits"),
        ({"visits": [{"session": "x", "starts_at": "2026-03-09T10:00:00Z"}]}, "visits.0.session"),
        ({"visits": [], "count": 2}, "visits"),
    ],
)
def test_a_wrong_body_names_its_field(clinic: Clinic, body: dict[str, Any], attr: str) -> None:
    response = Api(clinic.desk).post(f"/plans/{clinic.plan.pk}/book-series/", body)
    assert (response.status_code, list(errors(response))) == (400, [attr])
    assert not Appointment.objects.exists()
