"""Booked visits when hours, breaks, extra hours, closures and time off change: marked and named, and unmarked again."""

from datetime import date, time, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from clinic.audit.history import Actor, acting
from clinic.errors import Conflict, SoftWarning
from clinic.people.models import Membership, Practitioner
from clinic.places import services
from clinic.places.models import OpeningHours, Room
from plans.scheduling.models import Appointment
from plans.scheduling.queries import in_full, visits_to_rebook, why_rebook
from plans.scheduling.services import appointment_cancel, appointment_keep, appointment_reschedule, appointment_undo
from tests import factories
from tests.plans.scheduling.conftest import Clinic, refused

MONDAY, SATURDAY = date(2026, 3, 9), date(2026, 3, 14)


def state(visit: Appointment) -> tuple[str, bool]:
    visit.refresh_from_db()
    return visit.off_hours, visit.off_hours_accepted


def reason(visit: Appointment) -> str | None:
    """Why it wants rebooking; list and row say the same."""
    by_row = why_rebook(in_full(Appointment.objects.all()).get(pk=visit.pk))
    assert visits_to_rebook(Appointment.objects.filter(pk=visit.pk)).exists() is (by_row is not None)
    return by_row


def close(clinic: Clinic, first: str = "09:00", last: str = "12:00", reason: str = "Works") -> UUID:
    closure, _ = services.closure_create(
        location=clinic.location, starts_at=clinic.at(first), ends_at=clinic.at(last), reason=reason
    )
    return closure.pk


def test_a_closure_marks_the_visits_in_it_and_names_them_and_its_end_unmarks_them(clinic: Clinic) -> None:
    visit, later = clinic.book("10:00"), clinic.book("14:00")

    closure, warnings = services.closure_create(
        location=clinic.location, starts_at=clinic.at("10:15"), ends_at=clinic.at("11:00"), reason="Works"
    )

    assert warnings == [
        SoftWarning(
            "starts_at",
            "visits_outside_hours",
            f"1 booked visit stands outside working time now: {clinic.patient}, Mon 9 Mar 10:00 "
            f"with {clinic.practitioner}.",
        )
    ]
    assert (state(visit), state(later)) == (("closure", False), ("", False))
    assert reason(visit) == "The location is closed then: Works."
    assert reason(later) is None
    _, warnings = services.closure_update(
        closure_id=closure.pk, changes={"starts_at": clinic.at("13:00"), "ends_at": clinic.at("15:00")}
    )
    assert (state(visit), state(later)) == (("", False), ("closure", False))
    assert [warning.detail[:44] for warning in warnings] == ["1 booked visit stands outside working time n"]
    assert services.closure_delete(closure_id=closure.pk) == []
    assert (state(visit), state(later)) == (("", False), ("", False))


def test_weekly_hours_breaks_and_extra_hours_mark_and_unmark(clinic: Clinic) -> None:
    visit = clinic.book("12:00")
    monday = OpeningHours.objects.get(location=clinic.location, weekday=1)

    pause, warnings = services.break_create(
        location=clinic.location, weekday=1, starts_at=time(12), ends_at=time(12, 30)
    )
    assert (state(visit)[0], reason(visit)) == ("opening_hours", "The location is not open then.")
    assert [warning.attr for warning in warnings] == ["starts_at"]
    services.break_update(break_id=pause.pk, changes={"valid_from": MONDAY + timedelta(days=1)})
    assert state(visit)[0] == ""

    services.opening_hours_update(opening_hours_id=monday.pk, changes={"closes_at": time(12)})
    assert state(visit)[0] == "opening_hours"
    extra, warnings = services.extra_hours_create(
        location=clinic.location, on=MONDAY, opens_at=time(12), closes_at=time(13)
    )
    assert (state(visit)[0], warnings) == ("", [])
    warnings = services.extra_hours_delete(extra_hours_id=extra.pk)
    assert (state(visit)[0], len(warnings)) == ("opening_hours", 1)
    services.opening_hours_update(opening_hours_id=monday.pk, changes={"closes_at": time(18)})
    assert state(visit)[0] == ""
    assert len(services.opening_hours_delete(opening_hours_id=monday.pk)) == 1
    assert state(visit)[0] == "opening_hours"


def test_a_practitioners_first_own_hours_concern_all_their_days_and_nobody_else(clinic: Clinic) -> None:
    tuesday = MONDAY + timedelta(days=1)
    colleague = clinic.another_practitioner()
    mine = clinic.book("10:00", tuesday)
    theirs = clinic.book("10:00", tuesday, practitioner=colleague, consultation_for=clinic.another_patient())

    hours, _ = services.opening_hours_create(
        location=clinic.location,
        practitioner=clinic.practitioner,
        weekday=1,
        opens_at=time(9),
        closes_at=time(12),
    )

    assert (state(mine)[0], state(theirs)[0]) == ("practitioner_hours", "")
    assert reason(mine) == "The practitioner does not work then."
    services.extra_hours_create(
        location=clinic.location, practitioner=clinic.practitioner, on=tuesday, opens_at=time(9), closes_at=time(11)
    )
    assert state(mine)[0] == ""
    services.opening_hours_delete(opening_hours_id=hours.pk)
    assert state(mine)[0] == ""


def test_time_off_counts_at_every_location_and_names_only_what_the_writer_may_see(clinic: Clinic) -> None:
    elsewhere = factories.make_location(timezone=factories.MADRID)
    Membership.objects.create(user=clinic.practitioner.user, location=elsewhere, role=Role.PRACTITIONER)
    here = clinic.book("14:00")
    there = clinic.book("09:00", location=elsewhere, consultation_for=factories.make_patient(elsewhere))
    manager = factories.make_user((clinic.location, Role.MANAGER))

    with acting(Actor("api", lambda: str(manager.pk))):
        time_off, warnings = services.time_off_create(
            practitioner=clinic.practitioner, starts_at=clinic.at("00:00"), ends_at=clinic.at("23:00")
        )

    assert (state(here)[0], state(there)[0]) == ("time_off", "time_off")
    (warning,) = warnings
    named = f"{clinic.patient}, Mon 9 Mar 14:00 with {clinic.practitioner}"
    assert warning.detail == f"2 booked visits stand outside working time now: {named}; and 1 more."
    assert reason(here) == "The practitioner is away then."
    services.time_off_update(time_off_id=time_off.pk, changes={"starts_at": clinic.at("12:00")})
    assert (state(here)[0], state(there)[0]) == ("time_off", "")
    services.time_off_delete(time_off_id=time_off.pk)
    assert state(here)[0] == ""


def test_another_zone_makes_other_hours(clinic: Clinic) -> None:
    visit = clinic.book("10:00")

    _, warnings = services.location_update(location_id=clinic.location.pk, changes={"timezone": "Asia/Tokyo"})

    assert (state(visit)[0], [warning.attr for warning in warnings]) == ("opening_hours", ["timezone"])


def test_what_is_over_or_cancelled_is_left_alone(clinic: Clinic) -> None:
    cancelled = clinic.book("10:00")
    appointment_cancel(appointment_id=cancelled.pk, by=clinic.desk, reason="patient")

    close(clinic)

    assert state(cancelled)[0] == ""


def test_a_visit_outside_hours_is_kept_by_decision_until_hours_change_under_it_again(clinic: Clinic) -> None:
    visit = clinic.book("10:00")
    closure = close(clinic)

    appointment_keep(appointment_id=visit.pk, by=clinic.desk, reason="Dr Rowan opens for her")

    assert state(visit) == ("closure", True)
    assert visit.kept_because == "Dr Rowan opens for her"
    assert reason(visit) is None
    refusal = refused(lambda: appointment_keep(appointment_id=visit.pk, by=clinic.desk, reason="Again"), Conflict)
    assert refusal.code == "nothing_to_keep"
    services.time_off_create(practitioner=clinic.practitioner, starts_at=clinic.at("09:00"), ends_at=clinic.at("11:00"))
    assert state(visit) == ("closure", True)
    services.closure_delete(closure_id=closure)
    assert (state(visit), reason(visit)) == (("time_off", False), "The practitioner is away then.")


def test_another_room_at_the_same_hour_keeps_the_decision_and_another_hour_ends_it(clinic: Clinic) -> None:
    visit = clinic.book("10:00", room=clinic.rooms[0])
    close(clinic)
    appointment_keep(appointment_id=visit.pk, by=clinic.desk, reason="Only she is here")

    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=visit.starts_at, room=clinic.rooms[1])
    assert state(visit) == ("closure", True)
    refusal = refused(
        lambda: appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("10:30")), Conflict
    )
    assert (refusal.code, refusal.extra) == ("outside_hours", {"what": "closure"})
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("15:00"))
    assert state(visit) == ("", False)


def test_an_undo_of_a_move_back_to_a_closed_time_marks_it_again(clinic: Clinic) -> None:
    visit = clinic.book("10:00")
    close(clinic)
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("15:00"))
    assert state(visit) == ("", False)

    appointment_undo(appointment_id=visit.pk, by=clinic.desk)

    assert (state(visit), reason(visit)) == (("closure", False), "The location is closed then: Works.")
    assert visit.starts_at == clinic.at("10:00")


def test_a_visit_whose_practitioner_or_room_takes_no_bookings_any_more_wants_another(clinic: Clinic) -> None:
    visit = clinic.book("10:00", room=clinic.rooms[0])
    who, where = str(clinic.practitioner), str(clinic.rooms[0])
    practitioner = Practitioner.objects.filter(pk=clinic.practitioner.pk)
    member = Membership.objects.filter(user=clinic.practitioner.user)

    practitioner.update(is_bookable=False)
    assert reason(visit) == f"{who} takes no bookings here any more."
    refusal = refused(lambda: appointment_keep(appointment_id=visit.pk, by=clinic.desk, reason="Hers"), Conflict)
    assert (refusal.code, refusal.detail) == (
        "cannot_be_kept",
        f"{who} takes no bookings here any more. Move the visit to somebody who does.",
    )
    practitioner.update(is_bookable=True)
    member.update(role=Role.ASSISTANT)
    assert reason(visit) == f"{who} takes no bookings here any more."
    member.update(role=Role.PRACTITIONER)
    Room.objects.filter(pk=clinic.rooms[0].pk).update(is_bookable=False)
    assert reason(visit) == f"{where} takes no bookings any more."


@pytest.mark.parametrize(
    ("clock", "own", "what", "says"),
    [
        ("12:15", False, "break", "There is a break then: on 9 March 2026 the location is open 08:00–12:00 and 12:30–"),
        ("12:15", True, "break", "The practitioner has a break then."),
        ("19:00", False, "opening_hours", "on 9 March 2026 the location is open 08:00–12:00 and 12:30–18:00 and 20:00"),
    ],
)
def test_a_refusal_counts_breaks_and_extra_hours_and_says_break_where_it_is_one(
    clinic: Clinic, clock: str, own: bool, what: str, says: str
) -> None:
    services.break_create(
        location=clinic.location,
        practitioner=clinic.practitioner if own else None,
        weekday=1,
        starts_at=time(12),
        ends_at=time(12, 30),
    )
    services.extra_hours_create(location=clinic.location, on=MONDAY, opens_at=time(20), closes_at=time(21))

    refusal = refused(lambda: clinic.book(clock), Conflict)

    assert (refusal.code, refusal.extra) == ("outside_hours", {"what": what})
    assert says in refusal.detail
    clinic.book("20:00")


def test_a_change_costs_as_many_statements_at_any_number_of_visits(clinic: Clinic) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            services.closure_create(
                location=clinic.location, starts_at=clinic.at("08:00"), ends_at=clinic.at("18:00"), reason="Works"
            )
        return len(queries)

    clinic.book("09:00")
    few = cost()
    services.closure_delete(closure_id=clinic.location.closures.get().pk)
    for hour in range(10, 16):
        clinic.book(f"{hour}:00")
    assert cost() == few <= 18


def test_the_visit_of_a_first_consultation_wants_rebooking_too(clinic: Clinic) -> None:
    visit = clinic.book("10:00", consultation_for=clinic.another_patient())
    close(clinic)

    assert list(visits_to_rebook(Appointment.objects.all())) == [visit]
