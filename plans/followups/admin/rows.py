"""One follow-up as lists show it. None of it asks the database."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse

from clinic.console.acts import Button, buttons
from clinic.console.badges import Badge
from clinic.console.reader import Reader
from patients.models import Patient
from plans.followups.looks import ASKED, attempts_in_words, called_off_in_words, follow_up_badge
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import called_off_of
from plans.followups.rules import NO_TRIES
from plans.scheduling.models import LIVE_STATUSES, Appointment, VisitKind
from plans.treatment.models import TreatmentPlan

State = FollowUp.State
WANTED = (State.OVERDUE, State.DUE, State.MISSED)
"""States that want a booking."""


def is_bookable(follow_up: Any) -> bool:
    """Whether a booking could be made for it now."""
    plan = follow_up.plan
    return follow_up.state in FollowUp.MAY_BOOK and (plan is None or plan.status in TreatmentPlan.MAY_BOOK)


def booking_url(follow_up: FollowUp, back: str = "") -> str:
    """Where a time is chosen for it; afterwards on to `back`."""
    return f"{reverse('admin:plans_appointment_add')}?{_query(follow_up=follow_up.pk, next=back)}"


def call_url(patient: Patient, back: str = "") -> str:
    """Where a call to the patient is written down; afterwards on to `back`."""
    return f"{reverse('admin:plans_contactattempt_add')}?{_query(patient=patient.pk, next=back)}"


def _query(**values: Any) -> str:
    return urlencode({name: value for name, value in values.items() if value}, safe="/")


def with_contact(follow_ups: QuerySet[FollowUp]) -> QuerySet[Any]:
    """Annotate `tries`, `last_try` (outcome, note, next day, as JSON), `booked_at`, `booked_id` and `called_off` (what
    the patient cancelled), in the same query."""
    attempts = ContactAttempt.objects.filter(follow_up=OuterRef("pk")).order_by("-attempted_at")
    tried = attempts.exclude(outcome__in=NO_TRIES).order_by()
    number = tried.values("follow_up").annotate(number=Count("pk")).values("number")
    document = JSONObject(outcome="outcome", note="note", next_try_on="next_try_on", at="attempted_at")
    booked = Appointment.objects.filter(follow_up=OuterRef("pk"), status__in=LIVE_STATUSES)
    return follow_ups.annotate(
        tries=Subquery(number),
        last_try=Subquery(attempts.values(document=document)[:1]),
        booked_at=Subquery(booked.values("starts_at")[:1]),
        booked_id=Subquery(booked.values("pk")[:1]),
        called_off=called_off_of(VisitKind.FOLLOW_UP.value),
    )


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """One follow-up as lists show it."""

    follow_up: Any
    badge: Badge
    flags: tuple[Badge, ...]
    """What makes it more pressing than its state says."""
    called_off: str
    """What the patient cancelled, in words."""
    contact: str
    book_url: str
    acts: list[Button]


def rows_of(who: Reader, follow_ups: Any, back: str, names: tuple[str, ...] = ("attempt",)) -> list[FollowUpRow]:
    """One row each, with the legal acts among `names`; booking leads on to `back`. No query."""
    return [_row(who, follow_up, back, names) for follow_up in follow_ups]


def _row(who: Reader, follow_up: Any, back: str, names: tuple[str, ...]) -> FollowUpRow:
    today = who.today_at(follow_up.location.zone)
    is_wanted, last = follow_up.state in WANTED, follow_up.last_try or {}
    is_open = follow_up.state in FollowUp.MAY_BOOK
    may_book = is_bookable(follow_up) and who.may_on("add", follow_up, "plans.appointment")
    return FollowUpRow(
        follow_up=follow_up,
        badge=follow_up_badge(follow_up.state, follow_up.window_start, follow_up.window_end, today),
        flags=(ASKED,) if is_wanted and last.get("outcome") == ContactAttempt.Outcome.ASKED else (),
        called_off=called_off_in_words(follow_up.called_off, follow_up.location.zone, today) if is_open else "",
        contact=attempts_in_words(follow_up.tries, follow_up.last_try, today),
        book_url=booking_url(follow_up, back) if may_book else "",
        acts=buttons(admin.site._registry[FollowUp], who.user, follow_up, names) if is_wanted else [],
    )
