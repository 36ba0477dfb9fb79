"""The rule of what suits somebody stands in Python and in SQL: both say the same of any wishes and any time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.places.models import Location
from clinic.places.wallclock import local_date
from clinic.records import TsTzRange
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries.wishes import meeting, wishes_of
from tests import factories
from tests.plans.scheduling.conftest import Clinic

ZONES = ("America/New_York", "Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
CHANGES = ("2026-03-08T07:00", "2026-11-01T06:00", "2026-03-29T01:00", "2026-10-25T01:00", "2026-04-04T15:00")
"""When clocks change in the first three of them."""
times: st.SearchStrategy[time] = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
hours = st.tuples(st.none() | times, st.none() | times).filter(lambda two: not two[0] or not two[1] or two[0] < two[1])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    after_minutes=st.integers(-36 * 4, 36 * 4).map(lambda quarters: quarters * 15),
    lasts_minutes=st.sampled_from([15, 30, 60, 240, 600]),
    is_with_the_wished_for=st.none() | st.booleans(),
    first_day=st.none() | st.integers(-2, 2),
    last_day=st.none() | st.integers(-2, 2),
    weekdays=st.frozensets(st.integers(1, 7)),
    of_day=hours,
)
def test_sql_and_python_agree_on_what_suits_on_both_sides_of_a_clock_change(
    clinic: Clinic,
    zone: str,
    change: str,
    after_minutes: int,
    lasts_minutes: int,
    is_with_the_wished_for: bool | None,
    first_day: int | None,
    last_day: int | None,
    weekdays: frozenset[int],
    of_day: tuple[time | None, time | None],
) -> None:
    visit, entry, stranger = rows_of(clinic)
    starts_at = datetime.fromisoformat(change).replace(tzinfo=UTC) + timedelta(minutes=after_minutes)
    ends_at = starts_at + timedelta(minutes=lasts_minutes)
    busy = TsTzRange(starts_at, ends_at)
    Location.objects.filter(pk=clinic.location.pk).update(timezone=zone)
    Appointment.objects.filter(pk=visit.pk).update(
        starts_at=starts_at, ends_at=ends_at, practitioner_busy=busy, room_busy=busy
    )
    visit = Appointment.objects.select_related("location").get(pk=visit.pk)
    on = local_date(starts_at, visit.location.zone)
    days = sorted(on + timedelta(days=offset) for offset in (first_day, last_day) if offset is not None)
    earliest = days[0] if first_day is not None else None
    latest = days[-1] if last_day is not None else None
    wished_for = {None: None, True: visit.practitioner_id, False: stranger}[is_with_the_wished_for]
    WaitlistEntry.objects.filter(pk=entry.pk).update(
        practitioner=wished_for,
        earliest=earliest,
        latest=latest,
        weekdays=sorted(weekdays),
        time_from=of_day[0],
        time_until=of_day[1],
    )
    found = WaitlistEntry.objects.annotate(suits=Exists(meeting(Appointment.objects.filter(pk=visit.pk)))).get()
    wishes = wishes_of(found)
    assert found.suits is wishes.met_by(visit, visit.location.zone), (wishes, visit.starts_at, visit.location.zone)


def rows_of(clinic: Clinic) -> tuple[Appointment, WaitlistEntry, Any]:
    """The one visit, the one entry and somebody else, made by the first example."""
    visit = Appointment.objects.first() or clinic.book("10:00", date(2026, 3, 9))
    entry = WaitlistEntry.objects.first() or WaitlistEntry.objects.create(
        patient=clinic.patient, location=clinic.location, kind="consultation"
    )
    others = type(clinic.practitioner).objects.exclude(pk=clinic.practitioner.pk)
    return visit, entry, (others.first() or factories.make_practitioner(clinic.location)).pk
