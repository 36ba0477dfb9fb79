"""Reads recovery check-ins, with their derived state computed in SQL."""

from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from clinic import clock
from clinic.places.localtime import LocalDate
from plans.followups.models import CheckIn
from plans.followups.queries.dates import days_after
from plans.followups.rules import ASKED_FOR, CHECK_IN_GRACE

State = CheckIn.State


def with_check_in_state(check_ins: QuerySet[CheckIn], now: datetime | None = None) -> QuerySet[Any]:
    """Annotate `today` (local) and `state`, as `rules.check_in_state` defines it. Rows are `CheckIn`s with both."""
    return check_ins.annotate(today=LocalDate(Value(now or clock.now()), "session__plan__location__timezone")).annotate(
        state=Case(
            When(cancelled_at__isnull=False, then=Value(State.CANCELLED)),
            When(answered_at__isnull=False, then=Value(State.ANSWERED)),
            When(Q(today__gt=days_after("window_end", CHECK_IN_GRACE)), then=Value(State.OVERDUE)),
            When(today__gte=F("window_start"), then=Value(State.DUE)),
            default=Value(State.PENDING),
            output_field=CharField(),
        )
    )


def answered_later() -> Exists:
    """Whether a later check-in of the outer one's session is answered: who has told how they are now is not asked how
    they were before."""
    return Exists(
        CheckIn.objects.filter(
            session=OuterRef("session"), target_date__gt=OuterRef("target_date"), answered_at__isnull=False
        )
    )


def check_ins_in_full() -> QuerySet[Any]:
    """Check-ins with state, `is_overtaken` (`answered_later`), session, plan, patient, who wrote the answer down, and
    what the patient answered: one query."""
    return with_check_in_state(
        CheckIn.objects.select_related(
            "session__plan__patient", "session__plan__location", "answered_by", "report__acknowledged_by"
        )
    ).annotate(is_overtaken=answered_later())


def with_open_flags(check_ins: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate `has_open_flags`: whether red flags of it wait for somebody."""
    is_open = Q(report__acknowledge_by__isnull=False, report__acknowledged_at=None)
    return check_ins.annotate(has_open_flags=Case(When(is_open, then=True), default=False))


def red_flags_open() -> QuerySet[Any]:
    """The check-ins of `check_ins_in_full` whose red flags nobody has acknowledged, the most urgent first."""
    return (
        check_ins_in_full()
        .filter(report__acknowledge_by__isnull=False, report__acknowledged_at=None)
        .order_by("report__acknowledge_by", "pk")
    )


def check_ins_of_use() -> QuerySet[Any]:
    """The check-ins of `check_ins_in_full` without an answer, for which it is not yet too late to be of use."""
    return check_ins_in_full().filter(
        answered_at__isnull=True, cancelled_at__isnull=True, today__lte=days_after("window_end", ASKED_FOR)
    )


def check_ins_to_ask() -> QuerySet[Any]:
    """Those of `check_ins_of_use` for which it is time, and whose patient has not told since how they are."""
    return check_ins_of_use().filter(~answered_later(), state__in=(State.DUE, State.OVERDUE))


def check_in_state_of(check_in: CheckIn) -> CheckIn.State:
    """The check-in's state now."""
    row = with_check_in_state(CheckIn.objects.filter(pk=check_in.pk)).get()
    return CheckIn.State(row.state)
