"""Whose wishes these are: read from a patient or an entry of the waitlist; and the rule of `Wishes` in SQL."""

from django.db.models import BooleanField, DateTimeField, ExpressionWrapper, F, Func, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from clinic.places.localtime import LocalDate, LocalMoment, LocalTime, LocalWeekday
from patients.models import Patient
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.wishes import Wishes


def wishes_of(whose: Patient | WaitlistEntry) -> Wishes:
    """What suits a patient at any time, or somebody who waits. No query."""
    if isinstance(whose, Patient):
        return Wishes(
            weekdays=whose.preferred_weekdays, time_from=whose.preferred_from, time_until=whose.preferred_until
        )
    return Wishes(
        whose.practitioner_id, whose.earliest, whose.latest, whose.weekdays, whose.time_from, whose.time_until
    )


class IsAmong(Func):
    """Whether a weekday is among an array of them; an empty one takes every day."""

    template = "(%(expressions)s, '{}'), '{1,2,3,4,5,6,7}')))"
    arg_joiner = " = ANY(coalesce(nullif("
    output_field = BooleanField()


def meeting(visits: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Those of `visits` that are as the outer row, an entry of the waitlist, wishes: `Wishes.met_by` in SQL."""
    zone = F("location__timezone")
    local = visits.alias(
        day=LocalDate("starts_at", zone), begins=LocalTime("starts_at", zone), ends=LocalMoment("ends_at", zone)
    )
    ends_at_most = ExpressionWrapper(F("day") + OuterRef("time_until"), output_field=DateTimeField())
    # Where a wish is empty, the visit is compared with itself.
    return local.filter(
        IsAmong(LocalWeekday("starts_at", zone), OuterRef("weekdays")),
        practitioner=Coalesce(OuterRef("practitioner"), F("practitioner")),
        day__gte=Coalesce(OuterRef("earliest"), F("day")),
        day__lte=Coalesce(OuterRef("latest"), F("day")),
        begins__gte=Coalesce(OuterRef("time_from"), F("begins")),
        ends__lte=Coalesce(ends_at_most, F("ends")),
    )
