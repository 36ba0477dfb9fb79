"""What moving a course costs in SQL: a fixed number of statements, however many windows move."""

from datetime import timedelta

import pytest
import time_machine

from clinic import clock
from clinic.audit.history import recorded
from clinic.locking import lock, lock_all
from plans.treatment.models import CourseMove, TreatmentPlan
from plans.treatment.services.recalculation import course_recalculate
from tests import factories

pytestmark = pytest.mark.django_db

RECALCULATION = 10
"""Steps, their components, intervals; what was given; open follow-ups, read and then locked; three that write."""


@pytest.mark.parametrize(("protocol", "moves"), [("prp", 5), ("microneedling", 8)])
def test_the_statements_of_a_recalculation_do_not_grow_with_what_moves(
    protocol: str, moves: int, frozen: time_machine.Traveller, django_assert_num_queries
):
    location = factories.make_location()
    practitioner = factories.make_practitioner(location)
    plan = factories.make_plan(factories.make_patient(location), practitioner, protocol=protocol)
    first = factories.perform(plan.sessions.get(sequence=1), practitioner)
    frozen.shift(timedelta(days=3))
    first.performed_at = clock.now()
    first.save()
    with recorded():
        plan = lock(TreatmentPlan.objects.select_related("location", "protocol"), plan.pk)
        sessions = lock_all(plan.sessions.select_related("step"))
        with django_assert_num_queries(RECALCULATION):
            assert len(course_recalculate(plan, sessions, CourseMove.Act.AMENDED)) == moves
        with django_assert_num_queries(RECALCULATION - 3):  # nothing moves any more, so nothing is written
            assert course_recalculate(plan, sessions, CourseMove.Act.AMENDED) == []
