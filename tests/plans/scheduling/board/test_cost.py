"""What the board costs, and when it looks again."""

import re
from datetime import date, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.places.models import OpeningHours, TimeOff
from patients.models import Guardian
from plans.scheduling.models import Appointment
from plans.scheduling.queries.board import _STATE
from plans.scheduling.services import (
    appointment_arrive,
)
from tests.console import words
from tests.factories import (
    local,
    make_patient,
    make_plan,
    make_practitioner,
)
from tests.plans.scheduling.board.desk import BOARD, DAY, DESK, MONDAY, book


def test_the_board_costs_the_same_for_5_and_for_60_visits(house, django_assert_max_num_queries):
    people = [make_practitioner(house.location) for _ in range(6)]
    patients = [make_patient(house.location) for _ in range(10)]

    def fill(count, already):
        for index in range(already, count):
            start = local(house.location, MONDAY, "08:00") + timedelta(minutes=40 * (index // 6))
            busy = (start, start + timedelta(minutes=30))
            Appointment.objects.create(
                patient=patients[index % 10],
                practitioner=people[index % 6],
                location=house.location,
                kind="consultation",
                starts_at=start,
                ends_at=busy[1],
                practitioner_busy=busy,
                room_busy=busy,
                status="no_show",
                no_show_at=start,
            )

    fill(5, 0)
    paths = [DAY, f"{DAY}&by=room", f"{DAY}&view=week", f"{DAY}&view=month", f"{DAY}&view=list&span=week"]
    counts = {}
    for path in paths:
        with django_assert_max_num_queries(16) as made:
            house.get(DESK, path)
        counts[path] = len(made)
    fill(60, 5)
    for path in paths:
        with django_assert_max_num_queries(counts[path]):
            page = words(house.get(DESK, path))
    assert page.count("Consultation") >= 60


def test_an_unchanged_board_answers_with_nothing_for_one_query(house, django_assert_num_queries):
    visit = book(house, "10:00")
    asked = poll_of(words(house.get(DESK, DAY)))
    with django_assert_num_queries(5):  # four say who asks, and where they work
        assert house.get(DESK, asked).status_code == 204
    appointment_arrive(appointment_id=visit.pk, by=None)
    changed = house.get(DESK, asked)
    assert changed.status_code == 200
    page = words(changed)
    assert "<html" not in page
    assert "b-tone--soon" in page
    assert "style=" not in page, "the content policy forbids it; positions are classes"
    assert house.get(DESK, poll_of(page)).status_code == 204


def poll_of(page):
    """The address that the board asks every few seconds."""
    return BOARD + page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")


def test_a_board_looks_again_when_hours_closures_and_names_change(house):
    visit = book(house, "10:00")

    def is_new(change):
        asked = poll_of(words(house.get(DESK, DAY)))
        change()
        return house.get(DESK, asked).status_code == 200

    assert is_new(lambda: OpeningHours.objects.filter(location=house.location).update(closes_at="17:00"))
    assert is_new(lambda: book(house, "15:00"))
    visit.patient.last_name = "Renamed"
    assert is_new(visit.patient.save)
    assert is_new(lambda: Guardian.objects.create(patient=visit.patient, name="Mona", relationship="mother"))
    at = local(house.location, MONDAY, "12:00")
    assert is_new(
        lambda: TimeOff.objects.create(practitioner=house.practitioner, starts_at=at, ends_at=at + timedelta(hours=1))
    )
    assert is_new(lambda: house.location.rooms.filter(name="Room 2").update(name="Blue room"))
    assert not is_new(lambda: book(house, "10:00", date(2026, 3, 10))), "another day"


TABLES = re.compile(r"""(?:FROM|JOIN) "?((?:clinic|patients|plans|django)_[a-z]+)""")
NOT_DRAWN = {"django_session"}
"""Read for who asks, and not for what stands on the board."""


def test_the_state_of_a_board_looks_at_every_table_that_the_board_is_drawn_from(house):
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    session = plan.sessions.get(sequence=1)
    book(house, session=session)
    looked_at = set(TABLES.findall(_STATE))
    with CaptureQueriesContext(connection) as drawn:
        for query in (DAY, f"{DAY}&by=room", f"{DAY}&view=week"):
            assert house.get(DESK, f"{query}&part=board").status_code == 200
    read = {table for one in drawn.captured_queries for table in TABLES.findall(one["sql"]) if _STATE not in one["sql"]}
    assert read - looked_at - NOT_DRAWN == set(), "a change there would not be seen: add it to queries/board.py"
