"""Advice and progress behind a link, as their patients read them."""

from datetime import date

import pytest

from plans.messages.links import Purpose
from plans.portal.queries import courses_of
from tests import factories
from tests.plans.portal.conftest import path_of, words

URGENT = "Call us at once if you have a fever of 38 °C (100.4 °F)"


@pytest.fixture
def combined(clinic):
    """A session of PRP with microneedling, given today."""
    patient = clinic.another_patient()
    patient.date_of_birth = clinic.patient.date_of_birth
    patient.save()
    plan = factories.make_plan(patient, clinic.practitioner, protocol="prp-microneedling", start_date=date(2026, 3, 2))
    return plan.sessions.order_by("sequence").first()


def care_of(browser, path):
    return browser.get(browser.tell_birth(path)["Location"])


def test_how_to_prepare_stands_first_behind_the_visits_advice(clinic, combined, browser):
    visit = clinic.book(day=combined.target_date, session=combined, practitioner=clinic.practitioner)
    said = words(care_of(browser, path_of(Purpose.VISIT, visit, "aftercare/")))
    assert 0 < said.index("Before your visit") < said.index("Eat a light meal") < said.index("After your visit")


def test_after_two_treatments_what_to_call_for_stands_first_with_the_number_and_each_thing_once(
    clinic, combined, browser
):
    done = factories.perform(combined, clinic.practitioner)
    page = care_of(browser, path_of(Purpose.AFTERCARE, done))
    after = page.content.decode()
    assert after.count(URGENT) == 1
    assert (
        after.index(URGENT)
        < after.index('href="tel:')
        < after.index("Do not wash or rub the scalp for 24 to 48 hours.")
    )
    assert "Do not wash or rub the scalp for 24 hours." not in after
    assert "! " not in words(page), "the mark of what is urgent"


def test_a_course_is_read_in_the_order_of_the_days_that_stand_there(clinic):
    def shown():
        [course] = courses_of(clinic.patient)
        zone = clinic.location.zone
        for steps in (course.treatments, course.others):
            yield [step.booked_at.astimezone(zone).date() if step.booked_at else step.earliest for step in steps]

    assert all(days == sorted(days) for days in shown())
    follow_up, later = clinic.follow_ups[0], clinic.follow_ups[0].window_end
    clinic.book("10:00", later, follow_up=follow_up)
    assert any(later in days for days in shown())
    assert all(days == sorted(days) for days in shown())
