"""While somebody else holds what a page wants to change: it says so, gives the phone, and keeps what was typed."""

from datetime import timedelta
from functools import partial

import pytest

from patients.models import Patient
from plans.followups.models import CheckInReport
from plans.messages.links import Purpose
from plans.messages.models import PatientMessage
from plans.portal.services import links_ask
from plans.treatment.models import TreatmentPlan
from tests import factories
from tests.plans.portal.conftest import hidden, path_of, words
from tests.plans.treatment.rollouts import at_once, holding

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def impatient(settings):
    settings.LOCK_TIMEOUT = "30ms"


def refused_softly(page):
    assert page.status_code == 503
    assert page["Retry-After"] == "5"
    said = words(page)
    assert "Nothing was changed. Please try again, or call us." in said
    return said


def test_wishes_and_a_lost_link(clinic, browser, impatient):
    preferences = path_of(Purpose.HOME, clinic.patient, "preferences/")
    unsubscribe = path_of(Purpose.UNSUBSCRIBE, clinic.patient, "unsubscribe/")
    with holding(Patient.objects.filter(pk=clinic.patient.pk)):
        page = browser.press(preferences, kinds=["offer"], mail_language="de", none="yes")
        refused_softly(page)
        ticked = {"offer", "de", "yes"}
        body = page.content.decode()
        assert {value for value in ticked if f'value="{value}" checked' in body} == ticked
        assert body.count(" checked") == len(ticked)
        refused_softly(browser.post(unsubscribe))
        lost = browser.press("/p/", email=clinic.patient.email)
        refused_softly(lost)
        assert f'value="{clinic.patient.email}"' in lost.content.decode()
    assert not PatientMessage.objects.filter(kind="link").exists()
    patient = Patient.objects.get(pk=clinic.patient.pk)
    assert (patient.unwanted_mail, patient.email_opt_out, patient.language) == ([], False, clinic.patient.language)


def test_answers_and_red_flags(clinic, frozen, browser, impatient):
    check_in = factories.perform(clinic.sessions[0], clinic.practitioner).check_ins.earliest("target_date")
    frozen.shift(timedelta(days=1))
    path = path_of(Purpose.CHECK_IN, check_in)
    browser.tell_birth(path)
    form = {**hidden(browser.get(path)), "pain": "3", "redness": "some", "signs": ["pus"], "note": "It itches."}
    with holding(TreatmentPlan.objects.filter(pk=clinic.plan.pk)):
        page = browser.post(f"{path}check-in/", form)
        said = refused_softly(page)
        assert "Call us now: +1 212 555 0100" in said
        assert "We have told our clinical team." not in said
        assert "It itches." in said
        assert page.content.decode().count(" checked") == 3
    assert not CheckInReport.objects.exists()


def test_a_visit(clinic, browser, impatient):
    visit = clinic.book()
    path = path_of(Purpose.VISIT, visit)
    form = hidden(browser.get(path))
    with holding(type(visit).objects.filter(pk=visit.pk)):
        assert "Confirm" in refused_softly(browser.post(f"{path}confirm/", form))


def test_a_link_that_is_asked_for_twice_at_once_is_mailed_once(clinic):
    ask = partial(links_ask, email=clinic.patient.email)
    at_once(ask, ask, ask)
    assert PatientMessage.objects.filter(kind="link").count() == 1
