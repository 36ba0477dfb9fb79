"""Who waits for an earlier time in the demo, and a time that was given back and fits one of them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from clinic import clock
from patients.models import Patient
from plans.demo.house import House
from plans.demo.replay import Course, at, working_day
from plans.followups.models import FollowUp
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import appointment_book, appointment_cancel, waitlist_add
from plans.treatment.models import ProcedureSession

HOUR = "16:30"
"""Of the consultations: no course has Dr Rowan's time then."""


def waitlist(house: House, today: date) -> Course:
    """Three wait; the time that Alderson gave back, two days from today, fits Cedarman, who has a later one."""
    zone = house.location.zone
    gap = working_day(today + timedelta(days=2))

    def before(days: int, hour: str) -> datetime:
        return at(working_day(today - timedelta(days=days), back=True), hour, zone)

    def book(last_name: str, day: date) -> Appointment:
        return appointment_book(
            by=house.desk,
            location=house.location,
            practitioner=house.rowan,
            starts_at=at(day, HOUR, zone),
            consultation_for=Patient.objects.get(last_name=last_name),
        )

    def give_back() -> None:
        visit = Appointment.objects.get(patient__last_name="Alderson", starts_at=at(gap, HOUR, zone))
        appointment_cancel(appointment_id=visit.pk, by=house.desk, reason="patient", note="Has a cold.")

    yield before(8, "09:05"), lambda: book("Alderson", gap)
    yield before(7, "09:10"), lambda: book("Cedarman", working_day(gap + timedelta(days=12)))
    yield (
        before(6, "10:15"),
        lambda: _wait(
            house,
            patient=Patient.objects.get(last_name="Cedarman"),
            practitioner=house.rowan,
            time_from=time(15),
            note="Brings the letter of haematology; can be here within an hour.",
        ),
    )
    yield (
        before(3, "11:45"),
        lambda: _wait(
            house,
            follow_up=FollowUp.objects.get(patient__last_name="Dogwood"),
            weekdays=[1, 2, 3, 4],
            time_until=time(12),
            is_urgent=True,
            note="Call the sister if nobody answers.",
        ),
    )
    yield (
        before(1, "16:20"),
        lambda: _wait(
            house,
            session=ProcedureSession.objects.get(plan__patient__last_name="Birchwood", sequence=4),
            time_until=time(13),
            note="Flies home at the end of the month.",
        ),
    )
    yield before(1, "16:40"), give_back


def _wait(house: House, **wishes: Any) -> None:
    """Put somebody on the list at the moment that is replayed: their place follows from it."""
    entry = waitlist_add(by=house.desk, **wishes)
    WaitlistEntry.objects.filter(pk=entry.pk).update(created_at=clock.now())
