"""Behind a visit's link: when and where, confirm, another time, cancel, a file for the calendar."""

import re
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from clinic.places.services import time_off_create
from patients.services import patient_merge, patient_revoke_links
from plans.messages.links import Purpose
from plans.messages.models import PatientMessage
from plans.portal.views import visit as views
from plans.scheduling.admin.story import story_of
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_cancel, appointment_no_show, appointment_reschedule
from plans.treatment.services import plan_hold
from tests import factories
from tests.console import sign_in, url
from tests.plans.portal.conftest import Browser, hidden, path_of, words

V = Purpose.VISIT


def times_on(page):
    return re.findall(r'name="time" value="([^"]+)"', page.content.decode())


def test_it_says_when_and_where_and_nothing_clinical(clinic, browser):
    session = clinic.sessions[0]
    visit = clinic.book(session=session)
    page = browser.get(path_of(V, visit))
    said = words(page)
    assert page.status_code == 200
    assert "Monday 9 March 2026 10:00 New York time, EDT" in said
    assert clinic.location.name in said
    assert "Confirm" in said
    assert "PRP" not in said
    assert "Session" not in said
    assert clinic.patient.last_name not in said


def test_headers_keep_the_address_to_itself(visit, browser):
    page = browser.get(path_of(V, visit))
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert "noindex" in page["X-Robots-Tag"]
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "sessionid" not in page.cookies
    outside = re.findall(r'<(?:img|link|script)[^>]+(?:src|href)="(https?:[^"]+)"', page.content.decode())
    assert outside == []


def test_confirming_twice_is_confirming_once(visit, browser):
    path = path_of(V, visit)
    form = hidden(browser.get(path))
    first, again = (browser.post(f"{path}confirm/", form) for _ in range(2))
    assert (first.status_code, first["Location"]) == (303, f"{path}?said=confirmed")
    assert (again.status_code, again["Location"]) == (303, first["Location"])
    visit.refresh_from_db()
    assert visit.status == "confirmed"
    assert "Thank you. We look forward to seeing you." in words(browser.get(first["Location"]))
    event = Appointment.pgh_event_model.objects.filter(pgh_obj_id=visit.pk).latest("pgh_id")
    assert event.pgh_context.metadata == {"channel": "patient", "reason": "The patient, behind a link in a mail"}


def test_who_is_signed_in_to_the_browser_is_not_who_acts(clinic, visit, browser):
    browser.force_login(clinic.desk)
    path = path_of(V, visit)
    browser.press(f"{path}confirm/", path)
    event = Appointment.pgh_event_model.objects.filter(pgh_obj_id=visit.pk).latest("pgh_id")
    assert "user" not in event.pgh_context.metadata


def test_a_form_without_our_seal_or_with_another_links_changes_nothing(clinic, visit, browser):
    path = path_of(V, visit)
    other = clinic.book("14:00", consultation_for=clinic.another_patient())
    foreign = hidden(browser.get(path_of(V, other)))["seal"]
    for seal in ("", "nonsense", foreign):
        for act in ("confirm", "cancel", "move"):
            page = browser.post(f"{path}{act}/", {"seal": seal, "revision": visit.revision, "time": "1-2"})
            assert "Nothing was changed." in words(page)
    visit.refresh_from_db()
    assert (visit.status, visit.revision) == ("booked", 1)


def test_a_seal_of_yesterday_is_refused_kindly(frozen, visit, browser):
    path = path_of(V, visit)
    old = hidden(browser.get(path))
    frozen.shift(timedelta(hours=25))
    assert "open for too long" in words(browser.post(f"{path}confirm/", old))
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_moving_to_one_of_the_free_times_shows_it_behind_the_same_link(clinic, visit, browser):
    path = path_of(V, visit)
    page = browser.get(f"{path}move/")
    free = times_on(page)
    assert f"{int(visit.starts_at.timestamp())}-{visit.practitioner_id.hex}" not in free
    moved = browser.post(f"{path}move/", {**hidden(page), "time": free[0]})
    assert moved.status_code == 303
    visit.refresh_from_db()
    assert (int(visit.starts_at.timestamp()), visit.practitioner_id.hex) == (
        int(free[0].partition("-")[0]),
        free[0].partition("-")[2],
    )
    said = words(browser.get(moved["Location"]))
    assert "Your visit has been moved." in said
    assert f"{visit.starts_at.astimezone(clinic.location.zone):%H:%M}" in said
    assert browser.post(f"{path}move/", {**hidden(page), "time": free[0]}).status_code == 303, "sent twice"
    visit.refresh_from_db()
    assert visit.revision == 2


def test_who_knows_the_patient_comes_first_of_two_at_the_same_time(clinic, browser):
    clinic.another_practitioner()
    visit = clinic.book(session=clinic.sessions[0])
    free = times_on(browser.get(path_of(V, visit, "move/")))
    assert {one.partition("-")[2] for one in free} == {clinic.practitioner.pk.hex}


def test_days_on_which_the_practitioner_is_away_are_filled_with_others_by_name(clinic, browser):
    other = clinic.another_practitioner(last_name="Marlow")
    session = clinic.sessions[0]
    visit = clinic.book(session=session)
    time_off_create(
        practitioner=clinic.practitioner,
        starts_at=clinic.at("00:00", visit.starts_at.date() + timedelta(days=1)),
        ends_at=clinic.at("00:00", visit.starts_at.date() + timedelta(days=30)),
    )
    page = browser.get(path_of(V, visit, "move/"))
    assert {one.partition("-")[2] for one in times_on(page)} == {clinic.practitioner.pk.hex, other.pk.hex}
    said = words(page)
    assert "With a colleague" in said
    assert not [person for person in (clinic.practitioner, other) if str(person) in said], "before the date of birth"
    assert str(clinic.practitioner) not in words(browser.get(path_of(V, visit)))
    browser.tell_birth(path_of(V, visit, "aftercare/"))
    said = words(browser.get(path_of(V, visit, "move/")))
    assert "Dr Marlow" in said
    assert "With a colleague" not in said
    assert f"With {clinic.practitioner}" in words(browser.get(path_of(V, visit)))


def test_a_sessions_times_stay_inside_its_window(clinic, browser):
    session = clinic.sessions[0]
    visit = clinic.book(session=session)
    free = times_on(browser.get(path_of(V, visit, "move/?days=60")))
    days = {datetime.fromtimestamp(int(one.partition("-")[0]), clinic.location.zone).date() for one in free}
    assert session.window_start <= min(days)
    assert max(days) <= session.window_end
    late = clinic.at("10:00", session.window_end + timedelta(days=5))
    path = path_of(V, visit)
    sent = {**hidden(browser.get(f"{path}move/")), "time": f"{int(late.timestamp())}-{clinic.practitioner.pk.hex}"}
    assert browser.post(f"{path}move/", sent).status_code == 409
    visit.refresh_from_db()
    assert visit.revision == 1


def test_a_time_that_was_taken_meanwhile_shows_others_and_leaves_the_visit(clinic, visit, browser):
    path = path_of(V, visit)
    page = browser.get(f"{path}move/")
    chosen = times_on(page)[0]
    at = datetime.fromtimestamp(int(chosen.partition("-")[0]), UTC)
    clinic.book(
        f"{at.astimezone(clinic.location.zone):%H:%M}",
        at.astimezone(clinic.location.zone).date(),
        consultation_for=clinic.another_patient(),
    )
    answer = browser.post(f"{path}move/", {**hidden(page), "time": chosen})
    assert answer.status_code == 409
    assert "has just been taken. Your visit stands as it was." in words(answer)
    assert chosen not in times_on(answer)
    assert times_on(answer)
    visit.refresh_from_db()
    assert visit.revision == 1


@pytest.mark.parametrize("value", ["", "x", "1-2-3", f"{10**30}-{'0' * 32}", f"-5-{'0' * 32}", "\x00", "9" * 500])
def test_a_time_that_is_none_changes_nothing(visit, browser, value):
    path = path_of(V, visit)
    answer = browser.press(f"{path}move/", time=value)
    assert answer.status_code in {409, 422}
    visit.refresh_from_db()
    assert visit.revision == 1


def test_cancelling_asks_first_and_twice_is_once(visit, browser):
    path = path_of(V, visit)
    assert "Yes, cancel my visit" in words(browser.get(f"{path}cancel/"))
    page = browser.get(f"{path}cancel/")
    first = browser.post(f"{path}cancel/", hidden(page))
    again = browser.post(f"{path}cancel/", hidden(page))
    assert (first.status_code, again.status_code) == (303, 303)
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_reason) == ("cancelled", "patient")
    assert not PatientMessage.objects.filter(appointment=visit, kind="reminder", status="pending").exists()
    said = words(browser.get(first["Location"]))
    assert "This visit is cancelled" in said
    assert "+1 212 555 0100" in said


def test_in_the_last_hours_before_patients_call(clinic, frozen, visit, browser):
    path = path_of(V, visit)
    old = hidden(browser.get(f"{path}cancel/"))
    frozen.move_to(visit.starts_at - timedelta(hours=23, minutes=59))
    page = browser.get(path)
    assert "Another time" not in words(page)
    assert 'href="tel:+12125550100"' in page.content.decode()
    assert "Less than 24 hours before your visit" in words(page)
    fresh = hidden(page)["seal"]
    for act in ("cancel", "move"):
        answer = browser.post(f"{path}{act}/", {**old, "seal": fresh, "time": f"1-{'0' * 32}"})
        assert answer.status_code == 409
        assert "too late" in words(answer)
    visit.refresh_from_db()
    assert visit.status == "booked"
    assert browser.press(f"{path}confirm/", path).status_code == 303, "confirming is never too late"


def test_exactly_so_many_hours_before_is_early_enough(frozen, visit, browser):
    frozen.move_to(visit.starts_at - timedelta(hours=24))
    assert browser.press(path_of(V, visit, "cancel/")).status_code == 303


def test_a_form_for_a_visit_that_the_desk_moved_changes_nothing_and_shows_the_new_time(clinic, visit, browser):
    path = path_of(V, visit)
    old = hidden(browser.get(path))
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=clinic.at("15:00"))
    for act in ("confirm", "cancel"):
        answer = browser.post(f"{path}{act}/", old)
        assert answer.status_code == 409
        assert "15:00" in words(answer)
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_the_calendar_file_has_the_mails_uid_and_revision_and_nothing_clinical(clinic, browser):
    visit = clinic.book(session=clinic.sessions[0])
    answer = browser.get(path_of(V, visit, "calendar.ics"))
    assert answer["Content-Type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(answer.content)
    [event] = calendar.walk("VEVENT")
    assert calendar["method"] == "PUBLISH"
    assert event["organizer"] == f"mailto:{clinic.location.email}", "RFC 5546, 3.2.1"
    assert "attendee" not in event
    assert event["description"] == "Another time, or can’t come? Call us: +1 212 555 0100"
    assert str(event["uid"]).startswith(str(visit.pk))
    assert event["sequence"] == 1
    assert event["dtstart"].dt == visit.starts_at
    assert b"PRP" not in answer.content
    assert str(clinic.practitioner).encode() not in answer.content


@pytest.mark.parametrize("end", ["passed", "no_show"])
def test_a_link_whose_visit_is_over_says_so_with_the_phone_and_nothing_else(clinic, frozen, visit, browser, end):
    frozen.move_to(visit.ends_at)
    if end == "no_show":
        frozen.move_to(visit.starts_at + timedelta(minutes=5))
        appointment_no_show(appointment_id=visit.pk, by=clinic.desk)
    for name in ("", "move/", "cancel/", "calendar.ics", "progress/", "aftercare/", "check-in/", "preferences/"):
        page = browser.get(path_of(V, visit, name))
        said = words(page)
        assert page.status_code == 410
        assert "This link has ended" in said
        assert "+1 212 555 0100" in said
        assert "2026" not in said
        assert clinic.patient.first_name not in said
    assert browser.post(path_of(V, visit, "confirm/")).status_code == 410


def test_a_revoked_link_opens_nothing_and_a_new_one_does(clinic, visit, browser):
    patient_revoke_links(patient_id=clinic.patient.pk)
    page = browser.get(path_of(V, visit))
    assert page.status_code == 410
    assert "replaced by newer ones" in words(page)
    assert browser.get(path_of(V, visit, generation=2)).status_code == 200


def test_what_we_have_not_signed_opens_the_same_neutral_page(clinic, visit, browser):
    good = path_of(V, visit)
    forged = [good[:-2] + ("A" if good[-2] != "A" else "B") + "/", "/p/x/", "/p/x.y/", f"/p/{'A' * 72}/", "/p/é%00/"]
    pages = [browser.get(path) for path in forged] + [browser.get(good[:3] + "h" + good[4:])]
    assert {page.status_code for page in pages} == {404}
    assert {page.content for page in pages} == {pages[0].content}
    factories.make_location("Elsewhere")
    said = words(browser.get("/p/x/"))
    assert {place for place in (clinic.location.name, "Elsewhere") if place in said} == {
        clinic.location.name,
        "Elsewhere",
    }
    assert said.count("+1 212 555 0100") == 2


def test_a_link_opens_no_other_kind_of_page(visit, browser):
    for name in ("accept/", "decline/", "book/", "call/"):
        assert browser.get(path_of(V, visit, name)).status_code == 404
        assert browser.post(path_of(V, visit, name)).status_code == 404


def test_links_go_on_when_the_record_went_into_another(clinic, visit, browser):
    kept = clinic.another_patient()
    patient_merge(patient_id=clinic.patient.pk, into=kept, by=None)
    assert browser.get(path_of(V, visit)).status_code == 200
    home = browser.get(path_of(Purpose.HOME, clinic.patient))
    assert "Monday 9 March 2026" in words(home)


def test_a_merge_brings_no_revoked_link_back_to_life(clinic, visit, browser):
    patient_revoke_links(patient_id=clinic.patient.pk)
    kept = clinic.another_patient()
    patient_merge(patient_id=clinic.patient.pk, into=kept, by=None)
    assert browser.get(path_of(V, visit, generation=1)).status_code == 410
    assert browser.get(path_of(V, visit, generation=2)).status_code == 200


def test_a_course_on_hold_says_so_and_leaves_the_phone(clinic, frozen, browser):
    factories.perform(clinic.sessions[0], clinic.practitioner)
    frozen.shift(timedelta(days=1))
    second = clinic.sessions[1]
    visit = clinic.book(day=second.target_date, session=second)
    plan_hold(plan_id=clinic.plan.pk, reason="Rash")
    said = words(browser.get(path_of(V, visit)))
    assert "paused at present" in said
    assert "Another time" not in said
    assert "Rash" not in said
    path = path_of(V, visit)
    sent = {"revision": "1", "time": f"{int(clinic.at('15:00', second.target_date).timestamp())}-{'0' * 32}"}
    assert browser.press(f"{path}move/", f"{path}preferences/", **sent).status_code == 409


def test_the_page_speaks_the_patients_language_and_the_one_chosen_on_it(clinic, visit, browser):
    clinic.patient.language = "ar"
    clinic.patient.save()
    path = path_of(V, visit)
    page = browser.get(path)
    assert '<html lang="ar" dir="rtl">' in page.content.decode()
    assert '<html lang="de" dir="ltr">' in browser.get(f"{path}?language=de").content.decode()
    cookie = browser.cookies["patient_language"]
    assert (cookie.value, cookie["path"]) == ("de", "/p/")
    assert 'lang="de"' in browser.get(path).content.decode()[:200]
    assert 'lang="ar"' in Browser().get(f"{path}?language=xx").content.decode()[:200]


def test_sixty_pages_a_minute_and_address_and_then_a_wait(visit, browser):
    path = path_of(V, visit)
    assert {browser.get(path).status_code for _ in range(60)} == {200}
    page = browser.get(path)
    assert page.status_code == 429
    assert 1 <= int(page["Retry-After"]) <= 60
    assert "Too many pages" in words(page)
    assert browser.get(path, REMOTE_ADDR="192.0.2.9").status_code == 200


def test_a_cancelled_visit_is_brought_back_by_the_desk_behind_the_same_link(clinic, visit, browser):
    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="clinic")
    path = path_of(V, visit)
    assert "This visit is cancelled" in words(browser.get(path))
    answer = browser.post(f"{path}confirm/", hidden(browser.get(path)))
    assert answer.status_code in {200, 409}


@pytest.mark.parametrize("act", ["confirm/", "move/", "cancel/"])
def test_the_second_of_two_presses_at_once_says_what_was_done(clinic, visit, browser, monkeypatch, act):
    path = path_of(V, visit)
    page = browser.get(f"{path}move/")
    form = {**hidden(page), "time": times_on(page)[0]}
    service = f"visit_{act.strip('/')}"
    original = getattr(views, service)

    def twice(**asked):
        original(**asked)
        return original(**asked)

    monkeypatch.setattr(views, service, twice)
    answered = browser.post(f"{path}{act}", form)
    assert answered.status_code == 303
    assert answered["Location"].startswith(f"{path}?said=")


def test_the_button_of_a_mail_asks_for_one_more_press(visit, browser):
    path = path_of(V, visit)
    asked = browser.get(f"{path}confirm/")
    assert asked.status_code == 302
    assert "Confirm your visit" in words(browser.get(asked["Location"]))
    browser.press(f"{path}confirm/", path)
    assert "Confirm your visit" not in words(browser.get(asked["Location"]))


def test_the_visits_own_page_says_what_the_patient_did_once_and_that_it_was_they(clinic, visit, browser, frozen):
    path = path_of(V, visit)
    browser.press(f"{path}confirm/", path)
    frozen.shift(timedelta(minutes=5))
    browser.press(f"{path}move/", time=times_on(browser.get(f"{path}move/"))[0])
    frozen.shift(timedelta(minutes=5))
    browser.press(f"{path}cancel/")
    visit.refresh_from_db()
    assert visit.status == "cancelled"
    assert sorted((one.what, one.by) for one in story_of(visit)) == [
        ("Booked", str(clinic.desk)),
        ("Cancelled", "the patient"),
        ("Confirmed", "the patient"),
        ("Moved and confirmed", "the patient"),
    ]
    page = words(sign_in(clinic.desk).get(url(visit)))
    assert "Patient: Behind a link in a mail." in page


def test_each_mail_names_the_time_that_it_was_about(clinic, visit, browser):
    path = path_of(V, visit)
    browser.press(f"{path}move/", time=times_on(browser.get(f"{path}move/"))[-1])
    visit.refresh_from_db()
    desk = sign_in(clinic.desk)
    before = PatientMessage.objects.get(appointment=visit, kind="confirmation")
    page = words(desk.get(url(before)))
    assert "Mon 9 Mar 10:00 now " in page
    [panel] = [one for one in desk.get(url(clinic.patient)).context["wide"] if one.title == "Messages"]
    times = {row[0].appointment_revision: row[0].visit_starts_at for row in panel.context["rows"]}
    assert times[2] == visit.starts_at
    assert times[1] == datetime(2026, 3, 9, 14, tzinfo=UTC)
