"""The measures of a plan's course: its calendar arithmetic, and moving what is owed when a fact changes."""

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
from django.db import connection

from benchmarks.scene import Measure, Scene, bare_connection, repeat, seconds_of
from clinic import clock
from clinic.audit.history import recorded
from clinic.locking import lock, lock_all
from plans.demo.case import Case
from plans.demo.courses import GENETIC
from plans.demo.house import open_house
from plans.treatment.intervals import Component, Given, Interval, Intervals
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.services.recalculation import course_recalculate
from plans.treatment.timeline import SESSION, Facts, Step, course

Dates = tuple[date, date, date]
Statements = Sequence[tuple[Any, Any]]

LATE = timedelta(days=6)


def plan_timeline(scene: Scene) -> Measure:
    """Every window of a plan of 12 steps, with intervals and facts, against the date arithmetic alone."""
    measure = Measure("timeline of 12 steps", "its date arithmetic")
    start = date(2026, 1, 31)
    prp, needling = Component("prp"), Component("microneedling", Decimal("1.0"))
    steps = [
        Step(
            position=position,
            kind=SESSION,
            title=f"Session {position}",
            anchor="plan_start" if position == 1 else "previous_session",
            offset_days=0 if position == 1 else 14 if position == 4 else 28,
            tolerance_before_days=7,
            tolerance_after_days=14,
            minimum_interval_days=12,
            components=(prp, needling) if position % 2 else (prp,),
        )
        for position in range(1, 9)
    ]
    steps += [
        Step(
            position=8 + number,
            kind="assessment",
            title=f"After {3 * number} months",
            anchor="session",
            anchor_session=1,
            offset_months=3 * number,
            tolerance_before_days=14,
            tolerance_after_days=28,
        )
        for number in range(1, 5)
    ]
    intervals = Intervals(
        [
            Interval("prp", "PRP after PRP", 14, after="prp", before="prp"),
            Interval("needle-short", "up to 0.5 mm", 7, after="microneedling", needle_up_to_mm=Decimal("0.5")),
            Interval(
                "needle-medium",
                "up to 1.5 mm",
                14,
                after="microneedling",
                needle_over_mm=Decimal("0.5"),
                needle_up_to_mm=Decimal("1.5"),
            ),
            Interval("needle-long", "above 1.5 mm", 28, after="microneedling", needle_over_mm=Decimal("1.5")),
            Interval("across", "between scalp procedures", 14, is_across=True),
        ]
    )
    second, stopped, pinned = (start + timedelta(days=days) for days in (34, 70, 100))
    facts = Facts(
        performed_on={1: start, 2: second},
        given={1: [Given(start, (prp, needling))], 2: [Given(second, (prp,))]},
        retry_from={3: stopped},
        pins={5: pinned},
        elsewhere=[Given(start - timedelta(days=20), (Component("exosome"),))],
    )

    def ours() -> list[Dates]:
        found = course(steps, start, facts, intervals)
        return [item.window.dates for item in found.sessions] + [visit.window.dates for visit in found.visits]

    def floor() -> list[Dates]:
        return _bare_dates(start, second, stopped, pinned)

    if ours() != floor():
        raise RuntimeError(f"The floor does not compute what the timeline does: {floor()} and not {ours()}.")
    for _ in range(scene.turns):
        measure.turn(partial(repeat, ours, scene.batch), partial(repeat, floor, scene.batch), acts=scene.batch)
    return measure


def _bare_dates(start: date, second: date, stopped: date, pinned: date) -> list[Dates]:
    """Sessions every 28 days, the fourth after 14, never within 14 of the one before; then every third month."""
    week, fortnight, month = (timedelta(days=days) for days in (7, 14, 28))
    found = [(start, start, start + fortnight)]
    given = start
    for number in range(2, 9):
        target = given + (fortnight if number == 4 else month)
        if number == 3 and stopped > target:
            target = stopped
        elif number == 5:
            target = pinned
        earliest = max(target - week, given + fortnight)
        target = max(target, earliest)
        found.append((earliest, target, target + fortnight))
        given = second if number == 2 else target
    for number in range(1, 5):
        years, months = divmod(start.month - 1 + 3 * number, 12)
        year = start.year + years
        target = date(year, months + 1, min(start.day, calendar.monthrange(year, months + 1)[1]))
        found.append((target - fortnight, target, target + month))
    return found


def plan_recalculation(scene: Scene) -> Measure:
    """A plan whose first session turns out to be six days later, or earlier: five windows move, and are logged."""
    measure = Measure("recalculating a plan", "its SQL statements")
    plan, first = running_plan()
    with bare_connection() as bare:
        for turn in range(scene.turns):
            first.performed_at = clock.now() - (LATE if turn % 2 else 2 * LATE)
            first.save()
            statements = _recalculated(measure, plan)
            CourseMove.objects.filter(plan=plan).delete()
            measure.floor.append(seconds_of(partial(_repeated, bare, statements)))
    writes = sum(not sql.lstrip().upper().startswith("SELECT") for sql, _ in statements)
    moves = CourseMove.objects.filter(plan=plan).count()
    measure.remark = f"{len(statements)} SQL statements, of which {writes} write; {moves} windows moved."
    return measure


def running_plan() -> tuple[TreatmentPlan, ProcedureSession]:
    """A plan of three sessions and three reviews, its first session performed."""
    house = open_house()
    case = Case(house, clock.today(house.location.zone), "Bench", "Mark", "male", 40, "09:00", house.rowan, "")
    case.consulted(causes=GENETIC, scale="norwood_hamilton", value="III", goals="To be measured.")
    case.planned("prp", clock.today(house.location.zone))
    case.started(1)
    case.performed(1)
    return case.plan, case.session(1)


def _recalculated(measure: Measure, plan: TreatmentPlan) -> Statements:
    """Time the recalculation, in a transaction that has the locks already; returns its statements."""
    statements: list[tuple[Any, Any]] = []

    def keep(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with recorded():
        plan = lock(TreatmentPlan.objects.select_related("location", "protocol"), plan.pk)
        sessions = lock_all(plan.sessions.select_related("step"))
        act = partial(course_recalculate, plan, sessions, CourseMove.Act.AMENDED)
        with connection.execute_wrapper(keep):
            measure.ours.append(seconds_of(act))
    return statements


def _repeated(bare: psycopg.Connection[Any], statements: Statements) -> None:
    with bare.transaction():
        for sql, params in statements:
            cursor = bare.execute(sql, params)
            if cursor.description:
                cursor.fetchall()
