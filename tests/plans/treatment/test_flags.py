"""Slipping, waiting and on hold: the pure rule and the SQL of the lists say the same."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from plans.followups.models import FollowUp
from plans.scheduling.models import Appointment, VisitKind
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.progress import Flag
from plans.treatment.queries import flagged, progress_of, with_course, with_flags
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
ON_HOLD = {"status": "on_hold", "held_at": datetime(2026, 3, 1, tzinfo=UTC)}
STATUSES: dict[str, dict[str, Any]] = {
    "proposed": {"status": "proposed", "accepted_on": None, "activated_at": None},
    "accepted": {"status": "accepted", "activated_at": None},
    "active": {"status": "active"},
    "on_hold": {"status": "on_hold", "held_at": datetime(2026, 3, 1, tzinfo=UTC)},
}
windows = st.tuples(st.integers(-50, 30), st.integers(0, 20))


@pytest.fixture
def plan():
    location = factories.make_location()
    return factories.make_plan(factories.make_patient(location), factories.make_practitioner(location))


def add_appointment(of: ProcedureSession | FollowUp, plan: TreatmentPlan, status: str, starts_at: datetime) -> None:
    ends_at = starts_at + timedelta(minutes=10)
    stamp: dict[str, Any] = {
        "fulfilled": {"arrived_at": starts_at, "fulfilled_at": starts_at},
        "no_show": {"no_show_at": starts_at},
        "booked": {},
    }
    Appointment.objects.create(
        patient=plan.patient,
        practitioner=plan.lead_practitioner,
        location=plan.location,
        room=plan.location.rooms.first(),
        kind=VisitKind.SESSION if isinstance(of, ProcedureSession) else VisitKind.FOLLOW_UP,
        session=of if isinstance(of, ProcedureSession) else None,
        follow_up=of if isinstance(of, FollowUp) else None,
        starts_at=starts_at,
        ends_at=ends_at,
        practitioner_busy=(starts_at, ends_at),
        room_busy=(starts_at, ends_at),
        status=status,
        **stamp[status],
    )


def put(row: ProcedureSession | FollowUp, window: tuple[int, int], **fields: Any) -> None:
    start = TODAY + timedelta(window[0])
    end = start + timedelta(window[1])
    changes = {"window_start": start, "target_date": start + timedelta(window[1] // 2), "window_end": end, **fields}
    type(row).objects.filter(pk=row.pk).update(**changes)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hour=st.integers(0, 23),
    zone=st.sampled_from(["America/New_York", "Pacific/Auckland", "Pacific/Honolulu"]),
    status=st.sampled_from(sorted(STATUSES)),
    sessions=st.lists(
        st.tuples(st.sampled_from(["planned", "booked", "in_progress", "cancelled", "performed"]), windows),
        min_size=3,
        max_size=3,
    ),
    visits=st.lists(
        st.tuples(st.sampled_from(["open", "booked", "attended", "no_show", "cancelled"]), windows),
        min_size=3,
        max_size=3,
    ),
)
def test_sql_and_rule_agree(plan, hour, zone, status, sessions, visits):
    now = datetime.combine(TODAY, time(hour), UTC)
    Appointment.objects.all().delete()
    plan.location.timezone = zone
    plan.location.save()
    usual = {"accepted_on": TODAY, "activated_at": now, "held_at": None, "proposed_at": now}
    TreatmentPlan.objects.filter(pk=plan.pk).update(**usual | STATUSES[status])
    for number, (row, (state, window)) in enumerate(zip(plan.sessions.order_by("sequence"), sessions, strict=True)):
        put(
            row,
            window,
            status="planned" if state == "booked" else state,
            started_at=now if state in ("in_progress", "performed") else None,
            performed_at=now if state == "performed" else None,
            cancelled_at=now if state == "cancelled" else None,
        )
        if state == "booked":
            add_appointment(row, plan, "booked", now + timedelta(days=2, hours=number))
    for number, (row, (state, window)) in enumerate(zip(plan.follow_ups.order_by("pk"), visits, strict=True)):
        is_cancelled = state == "cancelled"
        put(
            row,
            window,
            cancelled_at=now if is_cancelled else None,
            cancel_reason="not needed" if is_cancelled else "",
        )
        kinds = {"booked": ("booked", 3), "attended": ("fulfilled", -3), "no_show": ("no_show", -20)}
        if state in kinds:
            kind, days = kinds[state]
            add_appointment(row, plan, kind, now + timedelta(days=days, hours=number))
    with clock.moved_to(now):
        of_rule = progress_of(with_course(TreatmentPlan.objects.filter(pk=plan.pk)).get()).flags
        of_sql = with_flags(TreatmentPlan.objects.filter(pk=plan.pk)).get()
        assert (of_sql.is_slipping, of_sql.is_waiting) == (Flag.SLIPPING in of_rule, Flag.WAITING in of_rule)
        for flag in Flag:
            assert flagged(TreatmentPlan.objects.filter(pk=plan.pk), [flag]).exists() == (flag in of_rule)


def test_several_flags_find_what_any_of_them_finds_and_none_finds_nothing(plan):
    held = factories.make_plan(plan.patient, plan.lead_practitioner)
    TreatmentPlan.objects.filter(pk=held.pk).update(**ON_HOLD, activated_at=clock.now())
    plans = TreatmentPlan.objects.all()
    assert set(flagged(plans, [Flag.ON_HOLD, Flag.WAITING])) == {plan, held}
    assert set(flagged(plans, [Flag.ON_HOLD])) == {held}
    assert not flagged(plans, []).exists()
