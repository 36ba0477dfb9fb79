"""Behind the other links: book a follow-up, answer an offer, the patient's own page, wishes about mail, a lost link."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.models import Patient
from patients.services import patient_choose_mail, patient_merge, patient_revoke_links
from plans.followups.models import ContactAttempt
from plans.followups.queries import with_state
from plans.followups.services import follow_up_cancel
from plans.messages.links import Purpose
from plans.messages.models import PatientMessage
from plans.portal.queries import patients_at
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_cancel, waitlist_add, waitlist_offer, waitlist_withdraw
from plans.treatment.services import plan_hold
from tests import factories
from tests.console import sign_in
from tests.plans.portal.conftest import Browser, hidden, path_of, words

pytestmark = pytest.mark.django_db
F, O, H, U = Purpose.FOLLOW_UP, Purpose.OFFER, Purpose.HOME, Purpose.UNSUBSCRIBE  # noqa: E741


@pytest.fixture
def follow_up(clinic, frozen):
    """Its window has passed by a day, and nothing is booked."""
    for session in clinic.sessions:
        frozen.move_to(clinic.at("12:00", session.window_start))
        session.refresh_from_db()
        frozen.move_to(clinic.at("12:00", session.window_start))
        factories.perform(session, clinic.practitioner)
    found = clinic.follow_ups[0]
    frozen.move_to(clinic.at("12:00", found.window_end + timedelta(days=1)))
    return found


def first_time(page):
    return re.search(r'name="time" value="([^"]+)"', page.content.decode())[1]


def test_an_overdue_follow_up_is_booked_at_one_of_the_free_times(clinic, follow_up, browser):
    path = path_of(F, follow_up)
    page = browser.get(path)
    assert "It is time for your next visit." in words(page)
    assert "month" not in words(page), "its title is clinical"
    form = {**hidden(page), "time": first_time(page)}
    first, again = (browser.post(f"{path}book/", form) for _ in range(2))
    assert (first.status_code, again.status_code) == (303, 303)
    visit = Appointment.objects.get(follow_up=follow_up)
    assert visit.booked_by is None
    assert "Your visit is booked." in words(browser.get(first["Location"]))
    assert browser.get(path)["Location"] == path_of(Purpose.VISIT, visit)
    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="clinic")
    assert f'href="{path}"' in browser.get(path_of(Purpose.VISIT, visit)).content.decode(), "to choose another time"


def test_a_time_that_was_taken_meanwhile_books_nothing(clinic, follow_up, browser):
    path = path_of(F, follow_up)
    answer = browser.press(f"{path}book/", path, time=f"{int(clinic.at('07:00').timestamp())}-{'0' * 32}")
    assert answer.status_code == 409
    assert "Nothing is booked. Choose another time." in words(answer)
    assert not Appointment.objects.filter(follow_up=follow_up).exists()


def test_asking_to_be_called_stands_on_the_desks_list_once(clinic, follow_up, browser):
    path = path_of(F, follow_up)
    form = hidden(browser.get(path))
    for _ in range(2):
        assert browser.post(f"{path}call/", form)["Location"] == f"{path}?said=call"
    asked = ContactAttempt.objects.get(follow_up=follow_up)
    assert (asked.outcome, asked.attempted_by) == ("asked", None)
    assert "We will call you." in words(browser.get(f"{path}?said=call"))
    assert with_state(type(follow_up).objects.filter(pk=follow_up.pk)).get().state == "overdue"
    desk = sign_in(clinic.desk).get("/admin/plans/followup/?state=overdue").content.decode()
    assert "Asked to be called (today 12:00)" in " ".join(desk.replace("&#x27;", "'").split())


@pytest.mark.parametrize("act", ["call/", "book/"])
def test_a_follow_up_that_is_closed_while_the_patient_acts_says_that_it_has_ended(
    clinic, follow_up, browser, monkeypatch, act
):
    path = path_of(F, follow_up)
    page = browser.get(path)
    form = {**hidden(page), "time": first_time(page)}

    def close(*args, **kwargs):
        follow_up_cancel(follow_up_id=follow_up.pk, by=clinic.practitioner.user, reason="Moved away")
        return "overdue" if act == "call/" else None

    found = "state_of" if act == "call/" else "live_visit_of"
    monkeypatch.setattr(f"plans.portal.views.follow_up.{found}", close)
    assert browser.post(f"{path}{act}", form).status_code == 410
    assert not ContactAttempt.objects.exists()
    assert not Appointment.objects.filter(follow_up=follow_up).exists()


def test_a_follow_ups_link_ends_when_it_is_closed_and_pauses_with_its_plan(clinic, follow_up, browser):
    path = path_of(F, follow_up)
    plan_hold(plan_id=clinic.plan.pk, reason="Rash")
    said = words(browser.get(path))
    assert "paused at present" in said
    assert 'name="time"' not in browser.get(path).content.decode()
    follow_up_cancel(follow_up_id=follow_up.pk, by=clinic.practitioner.user, reason="Moved away")
    assert browser.get(path).status_code == 410


@pytest.fixture
def offered(clinic):
    """The patient waits for a consultation and was told of Monday 9 March, 10:00."""
    entry = waitlist_add(by=clinic.desk, patient=clinic.patient)
    return waitlist_offer(
        entry_id=entry.pk, by=clinic.desk, starts_at=clinic.at("10:00"), practitioner=clinic.practitioner
    )


def test_an_offer_that_is_taken_is_a_visit(offered, browser):
    path = path_of(O, offered)
    page = browser.get(path)
    assert "Monday 9 March 2026 10:00" in words(page)
    form = hidden(page)
    first, again = (browser.post(f"{path}accept/", form) for _ in range(2))
    assert first["Location"] == again["Location"]
    visit = Appointment.objects.get()
    offered.refresh_from_db()
    assert (offered.status, offered.appointment) == ("booked", visit)
    assert "Your visit is booked." in words(browser.get(first["Location"]))


def test_who_comes_second_is_told_kindly_and_keeps_waiting(clinic, offered, browser):
    path = path_of(O, offered)
    form = hidden(browser.get(path))
    clinic.book("10:00", consultation_for=clinic.another_patient())
    answer = browser.post(f"{path}accept/", form)
    assert answer.status_code == 409
    assert "Somebody else was a moment faster." in words(answer)
    assert "This time is taken" in words(browser.get(path))
    offered.refresh_from_db()
    assert offered.status == "offered"
    assert Appointment.objects.filter(patient=clinic.patient).count() == 0


def test_a_form_for_an_earlier_offer_books_nothing(clinic, offered, browser):
    path = path_of(O, offered)
    form = hidden(browser.get(path))
    waitlist_offer(entry_id=offered.pk, by=clinic.desk, starts_at=clinic.at("15:00"), practitioner=clinic.practitioner)
    for act in ("accept", "decline"):
        answer = browser.post(f"{path}{act}/", form)
        assert answer.status_code == 409
        assert "15:00" in words(answer)
    assert not Appointment.objects.exists()
    offered.refresh_from_db()
    assert offered.status == "offered"


@pytest.mark.parametrize(("keep", "status"), [("yes", "waiting"), ("no", "declined")])
def test_declining_keeps_waiting_or_not_and_twice_is_once(offered, browser, keep, status):
    path = path_of(O, offered)
    form = {**hidden(browser.get(path)), "keep": keep}
    for _ in range(2):
        assert browser.post(f"{path}decline/", form).status_code == 303
    offered.refresh_from_db()
    assert offered.status == status
    assert "Thank you for your answer" in words(browser.get(f"{path}?said=declined"))


def test_the_way_out_of_an_offer_stands_first_for_who_came_by_it(clinic, offered, browser):
    first = ["No, but keep me on the waiting list", "Yes, I’ll take it"]
    for name, is_first in (("", False), ("decline/", True)):
        body = browser.get(path_of(O, offered, name), follow=True).content.decode()
        assert (body.index(first[0]) < body.index(first[1])) == is_first


def test_an_offer_says_which_visit_it_takes_the_place_of(clinic, browser):
    clinic.book("15:00")
    entry = waitlist_add(by=clinic.desk, patient=clinic.patient)
    entry = waitlist_offer(
        entry_id=entry.pk, by=clinic.desk, starts_at=clinic.at("10:00"), practitioner=clinic.practitioner
    )
    assert "Your visit is now on Monday 9 March 2026, 15:00." in words(browser.get(path_of(O, entry)))


def test_an_offers_link_ends_with_the_time_and_with_the_wait(clinic, frozen, offered, browser):
    path = path_of(O, offered)
    frozen.move_to(clinic.at("10:00"))
    assert browser.get(path).status_code == 410
    frozen.move_to(clinic.at("09:00"))
    waitlist_withdraw(entry_id=offered.pk)
    assert browser.get(path).status_code == 410


def test_the_patients_own_page_shows_what_is_to_come_and_the_ways_to_it(clinic, offered, browser):
    visit = clinic.book("10:00", clinic.sessions[0].target_date, session=clinic.sessions[0])
    other = clinic.book("14:00", consultation_for=clinic.another_patient())
    page = browser.get(path_of(H, clinic.patient))
    body = page.content.decode()
    assert path_of(Purpose.VISIT, visit) in body
    assert path_of(Purpose.VISIT, other) not in body
    assert path_of(O, offered) in body
    assert "treatments done" not in words(page), "before the date of birth"
    browser.tell_birth(path_of(H, clinic.patient, "progress/"))
    assert "0 of 3 treatments done" in words(browser.get(path_of(H, clinic.patient)))


def test_a_link_with_a_last_day_ends_after_it(clinic, frozen, browser):
    path = path_of(H, clinic.patient, last_day=clinic.at("10:00").date())
    assert browser.get(path).status_code == 200
    frozen.move_to(clinic.at("20:00") + timedelta(days=1))
    assert browser.get(path).status_code == 410


def test_wishes_about_mail_are_kept_and_what_waits_obeys_them(clinic, browser):
    visit = clinic.book()
    path = path_of(Purpose.VISIT, visit, "preferences/")
    form = hidden(browser.get(path))
    sent = browser.post(path, {**form, "kinds": ["aftercare", "check_in"], "mail_language": "es"})
    assert sent.status_code == 303
    patient = Patient.objects.get(pk=clinic.patient.pk)
    assert patient.language == "es"
    assert set(patient.unwanted_mail) == set(Patient.OptionalMail) - {"aftercare", "check_in"}
    assert not patient.email_opt_out
    reminders = PatientMessage.objects.filter(appointment=visit, kind="reminder")
    assert set(reminders.values_list("status", flat=True)) <= {"suppressed", "expired"}
    browser.post(path, {**form, "none": "yes", "mail_language": "es"})
    patient.refresh_from_db()
    assert patient.email_opt_out
    refused = browser.post(path, {**form, "mail_language": "tlh"})
    assert refused.status_code == 409
    patient.refresh_from_db()
    assert patient.language == "es"


def test_one_post_without_page_or_cookie_ends_optional_mail_whatever_became_of_the_link(clinic):
    patient_revoke_links(patient_id=clinic.patient.pk)
    path = path_of(U, clinic.patient, "unsubscribe/")
    program = Browser(enforce_csrf_checks=True)
    for _ in range(2):
        sent = program.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert sent.status_code == 303
    clinic.patient.refresh_from_db()
    assert set(clinic.patient.unwanted_mail) == set(Patient.OptionalMail)
    assert not clinic.patient.email_opt_out
    assert "You will get no more reminders" in words(program.get(path))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("abc", "multipart/form-data"), ("a=&" * 1200, "application/x-www-form-urlencoded"), ("x" * 3_000_000, "text/x")],
)
def test_unsubscribing_reads_nothing_of_what_a_program_sends(clinic, body, content_type):
    path = path_of(U, clinic.patient, "unsubscribe/")
    assert Browser().post(path, body, content_type=content_type).status_code == 303
    clinic.patient.refresh_from_db()
    assert set(clinic.patient.unwanted_mail) == set(Patient.OptionalMail)


def test_unsubscribing_again_writes_nothing_and_is_counted_by_its_link(clinic, browser, monkeypatch):
    monkeypatch.setattr("plans.portal.views.base.PER_ADDRESS", {"POST": 2, "GET": 60})
    paths = [path_of(U, patient, "unsubscribe/") for patient in (clinic.patient, clinic.another_patient())]
    assert [browser.post(path).status_code for path in (*paths, *paths)] == [303] * 4, "a mail provider has one address"
    clinic.patient.refresh_from_db()
    version = clinic.patient.version
    assert version == 2
    assert browser.post(paths[0]).status_code == 429


def test_who_is_merged_while_they_unsubscribe_is_asked_to_try_again(clinic, browser, monkeypatch):
    kept = clinic.another_patient()

    def merged(**chosen):
        patient_merge(patient_id=clinic.patient.pk, into=kept, by=None)
        return patient_choose_mail(**chosen)

    with monkeypatch.context() as patch:
        patch.setattr("plans.portal.services.patient_choose_mail", merged)
        assert browser.post(path_of(U, clinic.patient, "unsubscribe/")).status_code == 503
    assert browser.post(path_of(U, clinic.patient, "unsubscribe/")).status_code == 303
    kept.refresh_from_db()
    assert set(kept.unwanted_mail) == set(Patient.OptionalMail)


def test_looking_at_the_unsubscribe_page_ends_nothing(clinic, browser):
    page = browser.get(path_of(U, clinic.patient))
    assert "Stop these emails" in words(page)
    clinic.patient.refresh_from_db()
    assert clinic.patient.unwanted_mail == []
    assert browser.get(path_of(U, clinic.patient, "progress/")).status_code == 404, "it never ends, so it opens little"
    assert browser.get(path_of(U, clinic.patient, "preferences/")).status_code == 200


def links():
    return PatientMessage.objects.filter(kind="link")


def test_a_lost_link_is_mailed_to_everybody_with_this_address_and_the_answer_is_always_the_same(clinic, browser):
    family = clinic.another_patient()
    Patient.objects.filter(pk=family.pk).update(email="shared@example.com")
    patient_choose_mail(patient_id=clinic.patient.pk, confidential_email="Shared@Example.com")
    answers = []
    for email in ("shared@example.com", "nobody@example.com"):
        sent = browser.press("/p/", email=email)
        answers.append((sent.status_code, sent["Location"], words(browser.get(sent["Location"]))))
    assert answers[0] == answers[1]
    assert "If we know this address" in answers[0][2]
    assert {link.patient for link in links()} == {clinic.patient, family}
    browser.press("/p/", email="shared@example.com")
    assert links().count() == 2, "one that waits is enough"


def test_whose_address_it_is_is_found_without_reading_every_patient(clinic):
    born = {"date_of_birth": clinic.patient.date_of_birth, "home_location": clinic.location}
    Patient.objects.bulk_create(
        Patient(first_name="Mock", last_name="Elm", email=f"p{number}@example.com", **born) for number in range(2000)
    )
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        cursor.execute("ANALYZE patients_patient")
        patients_at("somebody@example.com")
        cursor.execute(f"EXPLAIN {asked[-1]['sql']}")
        plan = " ".join(line for (line,) in cursor.fetchall())
    assert set(re.findall(r"Index Scan on (\w+)", plan)) == {"patient_email", "patient_confidential_email"}, plan


def test_an_address_is_mailed_three_times_an_hour_at_most_and_the_answer_stays_the_same(clinic, frozen, browser):
    for _ in range(5):
        sent = browser.press("/p/", email=clinic.patient.email)
        assert sent.status_code == 303
        links().update(status="expired", settled_at=links()[0].due_at)
    assert links().count() == 3


def test_a_patient_is_mailed_three_links_an_hour_however_their_address_is_spelt(clinic, browser):
    patient_choose_mail(patient_id=clinic.patient.pk, confidential_email="alone@example.com")
    for email in (clinic.patient.email, "alone@example.com", "ALONE@example.com", clinic.patient.email.upper()):
        browser.press("/p/", email=email)
        links().update(status="sent", sending_at=clinic.at("10:00"), settled_at=clinic.at("10:00"))
    assert links().count() == 3
    refused = browser.press("/p/", email="\u017fam@example.com")
    assert refused.status_code == 422


def test_who_asks_for_many_addresses_waits(browser, monkeypatch):
    monkeypatch.setattr("plans.portal.views.lost.PER_ADDRESS", 2)
    codes = [browser.press("/p/", email=f"p{number}@example.com").status_code for number in range(3)]
    assert codes == [303, 303, 429]


@pytest.mark.parametrize("email", ["", "x", "a@b", "a@example.com\nBcc: c@example.com", "ä@", "x" * 400])
def test_what_is_no_address_is_said_at_its_place(browser, email):
    sent = browser.press("/p/", email=email)
    assert sent.status_code == 422
    assert "This is not an email address." in words(sent)
    assert not links().exists()


def test_the_colour_of_a_location_is_a_stylesheet_and_nothing_else(clinic, browser):
    found = browser.get("/p/look/0f5f59.css")
    assert "--brand:#0f5f59" in found.content.decode()
    for bad in ("red", "0f5f5", "zzzzzz", "0f5f59}body{"):
        assert browser.get(f"/p/look/{bad}.css").status_code == 404
    assert browser.get(f"/p/look/{clinic.location.pk}/logo").status_code == 404
