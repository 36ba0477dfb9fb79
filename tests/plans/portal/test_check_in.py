"""How the recovery goes: the date of birth first, one plain form, pictures, and red flags that nobody waits for."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from clinic.access.roles import Role
from clinic.errors import Invalid, InvalidTransition
from clinic.people.models import Membership
from patients.services import patient_revoke_links
from plans.followups import recovery
from plans.followups.models import CheckInPhoto, CheckInReport
from plans.followups.services import check_in_answer, check_in_cancel, check_in_report_acknowledge
from plans.messages.links import Purpose
from plans.messages.models import PatientMessage
from plans.portal.questions import ASKED, NOTICED
from plans.portal.views.check_in import CheckInView
from tests import factories
from tests.plans.portal.conftest import Browser, hidden, path_of, words

COURSE = {"pain": "2", "swelling": "some", "redness": "some", "bleeding": "none"}
WELL = {**COURSE, "signs": ["none"]}
"""What a form sends."""
KEPT = {**COURSE, **{sign.code: "no" for sign in recovery.SIGNS}}
"""What is kept of it."""


def picture(size=(600, 400), name="scalp.jpg", kind="JPEG"):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    file = BytesIO()
    Image.new("RGB", size, (200, 120, 100)).save(file, kind, exif=exif)
    return SimpleUploadedFile(name, file.getvalue(), "image/jpeg")


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def check_in(clinic, frozen):
    """The first one after the first session, on its day."""
    done = factories.perform(clinic.sessions[0], clinic.practitioner)
    first = done.check_ins.earliest("target_date")
    frozen.shift(timedelta(days=1))
    return first


@pytest.fixture
def path(check_in, browser):
    """Its link, in a browser that gave the date of birth."""
    found = path_of(Purpose.CHECK_IN, check_in)
    assert browser.tell_birth(found).status_code == 303
    return found


def answer(browser, path, **values):
    return browser.press(f"{path}check-in/", path, **{**WELL, **values})


def test_nothing_clinical_stands_there_before_the_date_of_birth(clinic, check_in, browser):
    session = check_in.session
    for path in (
        path_of(Purpose.CHECK_IN, check_in),
        path_of(Purpose.AFTERCARE, session),
        *(path_of(Purpose.HOME, clinic.patient, name) for name in ("check-in/", "aftercare/", "progress/")),
    ):
        page = browser.get(path)
        said = words(page)
        assert "Is it you?" in said
        for clinical in ("PRP", "session", "treatment", "pain", "scalp", clinic.patient.last_name):
            assert clinical not in said, path
    answered = browser.post(path_of(Purpose.CHECK_IN, check_in, "check-in/"), WELL)
    assert "Is it you?" in words(answered)
    assert not CheckInReport.objects.exists()


def test_a_way_back_leads_somewhere_else(clinic, check_in, browser):
    for path, leads_back in (
        (path_of(Purpose.CHECK_IN, check_in), False),
        (path_of(Purpose.CHECK_IN, check_in, "progress/"), False),
        (path_of(Purpose.AFTERCARE, check_in.session), False),
        (path_of(Purpose.HOME, clinic.patient, "progress/"), True),
    ):
        page = browser.get(path)
        assert "Is it you?" in words(page)
        assert (b'class="back"' in page.content) is leads_back, "the link itself asks the same"


def test_the_date_of_birth_is_remembered_for_twelve_hours_for_this_patient_alone(clinic, frozen, check_in, browser):
    path = path_of(Purpose.CHECK_IN, check_in)
    told = browser.tell_birth(path)
    assert (told.status_code, told["Location"]) == (303, f"{path}check-in/")
    [cookie] = [one for name, one in browser.cookies.items() if name.startswith("known_")]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["samesite"], cookie["max-age"]) == ("/p/", "Lax", 12 * 60 * 60)
    assert "How much does it hurt now?" in words(browser.get(path))
    assert "Is it you?" in words(browser.get(path_of(Purpose.HOME, clinic.another_patient(), "progress/")))
    stolen = Browser()
    stolen.cookies[cookie.key.replace("known_", "known_0")] = cookie.value
    assert "Is it you?" in words(stolen.get(path))
    frozen.shift(timedelta(hours=12, minutes=1))
    assert "Is it you?" in words(browser.get(path))


@pytest.mark.parametrize("born", [{"year": "1986"}, {"day": "31", "month": "2"}, {"day": "x"}, {"year": ""}])
def test_another_date_lets_nobody_in(check_in, browser, born):
    path = path_of(Purpose.CHECK_IN, check_in)
    told = browser.tell_birth(path, **born)
    assert told.status_code == 422
    assert not [name for name in browser.cookies if name.startswith("known_")]
    assert "Is it you?" in words(browser.get(path))


def test_after_ten_wrong_dates_even_the_right_one_waits(frozen, check_in, browser):
    path = path_of(Purpose.CHECK_IN, check_in)
    for _ in range(10):
        assert browser.tell_birth(path, year="1990").status_code == 422
    told = browser.tell_birth(path)
    assert told.status_code == 429
    assert int(told["Retry-After"]) > 0
    assert "+1 212 555 0100" in words(told)
    assert Browser().tell_birth(path).status_code == 429, "from wherever it is tried"
    frozen.shift(timedelta(minutes=16))
    assert browser.tell_birth(path).status_code == 303


def test_an_address_that_guesses_for_many_patients_waits(clinic, check_in, browser, monkeypatch):
    monkeypatch.setattr("plans.portal.birth.WRONG_PER_ADDRESS", 3)
    for _ in range(3):
        other = path_of(Purpose.HOME, clinic.another_patient(), "progress/")
        assert browser.tell_birth(other, year="1990").status_code == 422
    path = path_of(Purpose.CHECK_IN, check_in)
    assert browser.tell_birth(path).status_code == 429
    page = browser.get(path, REMOTE_ADDR="192.0.2.7")
    told = browser.post(
        f"{path}birth/", {**hidden(page), "day": "17", "month": "5", "year": "1985"}, REMOTE_ADDR="192.0.2.7"
    )
    assert told.status_code == 303


def test_while_nobody_counts_nobody_is_let_in(check_in, browser, monkeypatch):
    path = path_of(Purpose.CHECK_IN, check_in)
    monkeypatch.setattr("clinic.access.counting.tried", lambda ask, otherwise: otherwise)
    assert browser.tell_birth(path).status_code == 429


def test_answers_are_kept_once_and_shown_afterwards(clinic, check_in, path, browser):
    form = {**hidden(browser.get(path)), **WELL, "note": " It itches.\0", "photos": [picture(), picture()]}
    sent = browser.post(f"{path}check-in/", form)
    assert (sent.status_code, sent["Location"]) == (303, f"{path}check-in/?said=thanks")
    again = browser.post(f"{path}check-in/", {**form, "pain": "7", "photos": []})
    assert again.status_code == 303
    report = CheckInReport.objects.get()
    assert report.answers == {**KEPT, "note": "It itches."}
    assert (report.red_flags, report.acknowledge_by, report.language) == ([], None, "en")
    check_in.refresh_from_db()
    assert check_in.answered_at is not None
    assert check_in.answered_by is None
    assert not PatientMessage.objects.filter(kind="escalation").exists()
    assert not PatientMessage.objects.filter(check_in=check_in, status="pending").exists()
    said = words(browser.get(path))
    for part in ("It itches.", "No bleeding", "Pictures 2"):
        assert part in said


def test_pictures_are_made_anew_without_what_the_camera_wrote(path, browser, files):
    answer(browser, path, photos=[picture((3000, 2000))])
    photo = CheckInPhoto.objects.get()
    content = (files / photo.image.name).read_bytes()
    assert b"taken at home" not in content
    assert (photo.width, photo.height) == Image.open(BytesIO(content)).size == (1600, 1067)
    assert "scalp" not in photo.image.name


@pytest.mark.parametrize(
    "bad",
    [
        SimpleUploadedFile("report.jpg", b"%PDF-1.7 not a picture", "image/jpeg"),
        SimpleUploadedFile("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    ],
    ids=["pdf", "svg"],
)
def test_what_is_no_picture_is_refused_and_the_answers_stay_on_the_page(path, browser, bad, files):
    sent = answer(browser, path, note="It itches.", photos=[picture(), bad])
    assert sent.status_code == 422
    assert bad.name in words(sent)
    assert "It itches." in words(sent)
    assert sent.content.decode().count(" checked") == len(WELL)
    assert not CheckInReport.objects.exists()
    assert not list(files.rglob("*.jpg"))


def test_an_answer_that_cannot_be_kept_leaves_no_picture_behind(path, browser, files, monkeypatch):
    def fail(self, **kwargs):
        assert list(files.rglob("*.jpg"))
        raise InvalidTransition("The check-in", "answered", "answering", ["due"])

    monkeypatch.setattr(CheckInPhoto, "save", fail)
    assert answer(browser, path, photos=[picture()]).status_code == 303
    assert not CheckInReport.objects.exists()
    assert not list(files.rglob("*.jpg"))


def test_too_many_pictures_and_too_large_a_request_are_refused(path, browser, monkeypatch):
    said = words(answer(browser, path, note="It itches.", photos=[picture() for _ in range(5)]))
    assert "4 pictures at most" in said
    assert "It itches." in said
    page = browser.get(path)
    monkeypatch.setattr(CheckInView, "largest_body", 100)
    huge = browser.post(f"{path}check-in/", {**hidden(page), **WELL})
    assert huge.status_code == 413
    assert not CheckInReport.objects.exists()


@pytest.mark.parametrize("number", [1, 101], ids=["too large", "too many"])
def test_however_much_stands_beside_it_a_red_flag_is_told(path, check_in, browser, monkeypatch, number):
    monkeypatch.setattr("plans.portal.uploads.MOST_BYTES", 1000)
    photos = [SimpleUploadedFile("x.jpg", b"x" * 2000, "image/jpeg") for _ in range(number)]
    fine = answer(browser, path, photos=photos)
    assert fine.status_code == 422
    assert ("“x.jpg” is too large." if number == 1 else "4 pictures at most") in words(fine)
    said = words(answer(browser, path, signs=["breathing"], photos=photos))
    assert "Call us now:" in said
    assert "left out" in said
    assert alarms(check_in).count() == 1


def test_no_picture_is_unpacked_beside_one_that_is_none(path, browser, monkeypatch):
    def unpack(*args, **kwargs):
        raise AssertionError("unpacked")

    monkeypatch.setattr("plans.portal.views.check_in.encoded_anew", unpack)
    bad = SimpleUploadedFile("x.jpg", b"nothing", "image/jpeg")
    assert answer(browser, path, photos=[picture(), picture(), bad]).status_code == 422


def test_what_is_missing_is_said_at_its_place_and_nothing_is_lost(path, browser):
    sent = answer(browser, path, pain="", signs=["nonsense"], note="It itches.")
    said = words(sent)
    assert sent.status_code == 422
    assert "2 questions still need an answer." in said
    assert said.count("Please choose an answer.") == 2
    assert "It itches." in said
    assert not CheckInReport.objects.exists()


def test_a_red_flag_says_call_now_and_is_told_to_the_clinical_people_at_once(clinic, path, check_in, browser):
    assistant = factories.make_user((clinic.location, Role.ASSISTANT))
    Membership.objects.create(user=assistant, location=clinic.location, role=Role.PRACTITIONER)
    factories.make_user((clinic.location, Role.ASSISTANT), is_active=False)
    elsewhere = factories.make_location()
    factories.make_practitioner(elsewhere)
    sent = answer(browser, path, signs=["fever", "pus", "none"])
    said = words(sent)
    assert sent.status_code == 200
    assert "Call us now: +1 212 555 0100" in said
    assert "call your emergency number" in said
    report = CheckInReport.objects.get()
    assert report.red_flags == ["fever", "pus"]
    check_in.refresh_from_db()
    assert report.acknowledge_by - check_in.answered_at == timedelta(hours=1)
    alerts = PatientMessage.objects.filter(kind="escalation", check_in=check_in)
    assert {alert.staff for alert in alerts} == {clinic.practitioner.user, assistant}
    assert {alert.status for alert in alerts} == {"pending"}


def test_a_bad_picture_holds_up_no_red_flag(path, browser):
    bad = SimpleUploadedFile("x.jpg", b"nothing", "image/jpeg")
    said = words(answer(browser, path, signs=["breathing"], photos=[picture(), bad]))
    assert "Call us now:" in said
    assert "left out" in said
    assert CheckInReport.objects.get().red_flags == ["breathing"]
    assert not CheckInPhoto.objects.exists()


def alarms(check_in):
    return PatientMessage.objects.filter(kind="escalation", check_in=check_in)


def flagged():
    report = CheckInReport.objects.get()
    return report.red_flags, report.acknowledge_by is not None


def test_a_red_flag_waits_for_no_other_answer(path, check_in, browser):
    sent = answer(browser, path, pain="", redness="", signs=["chest_pain"], note="x" * 1001)
    said = words(sent)
    assert sent.status_code == 200
    assert "Call us now:" in said
    assert "We have told our clinical team." in said
    assert flagged() == (["chest_pain"], True)
    kept = CheckInReport.objects.get().answers
    assert (kept["swelling"], len(kept["note"])) == ("some", 1000)
    assert not {"pain", "redness"} & set(kept)
    assert alarms(check_in).count() == 1


def test_a_red_flag_that_is_sent_twice_is_told_once(path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL, "bleeding": "does_not_stop"}
    for _ in range(2):
        assert "Call us now:" in words(browser.post(f"{path}check-in/", form))
    assert flagged() == (["uncontrolled_bleeding"], True)
    assert alarms(check_in).count() == 1
    assert "Call us now:" in words(browser.get(path))


def test_what_was_asked_by_phone_meanwhile_is_answered(clinic, path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL}
    check_in_answer(check_in_id=check_in.pk, by=clinic.practitioner.user, note="Is well")
    assert browser.post(f"{path}check-in/", form).status_code == 303
    assert not CheckInReport.objects.exists()
    assert "Is well" not in words(browser.get(path)), "staff's words are staff's"


def test_a_red_flag_is_told_although_somebody_asked_by_phone_meanwhile(clinic, path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL, "signs": ["sight"]}
    check_in_answer(check_in_id=check_in.pk, by=clinic.practitioner.user, note="Is well")
    check_in.refresh_from_db()
    answered = check_in.answered_at, check_in.answered_by
    assert "Call us now:" in words(browser.post(f"{path}check-in/", form))
    assert flagged() == (["sight"], True)
    assert alarms(check_in).count() == 1
    check_in.refresh_from_db()
    assert (check_in.answered_at, check_in.answered_by) == answered


def test_a_red_flag_is_told_although_nobody_asks_any_more(clinic, path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL}
    check_in_cancel(check_in_id=check_in.pk, by=clinic.practitioner.user, reason="By mistake")
    assert browser.post(f"{path}check-in/", form).status_code == 410
    assert not CheckInReport.objects.exists()
    sent = browser.post(f"{path}check-in/", {**form, "signs": ["pus"]})
    assert "Call us now:" in words(sent)
    assert flagged() == (["pus"], True)
    assert alarms(check_in).count() == 1
    check_in.refresh_from_db()
    assert (check_in.answered_at, check_in.cancelled_at is not None) == (None, True)


def test_a_red_flag_after_answers_without_one_is_told(path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL, "note": "It itches."}
    assert browser.post(f"{path}check-in/", form).status_code == 303
    assert "Call us now:" in words(browser.post(f"{path}check-in/", {**form, "pain": "9"}))
    assert flagged() == (["severe_pain"], True)
    assert CheckInReport.objects.get().answers == {**KEPT, "pain": "9", "note": "It itches."}
    assert alarms(check_in).count() == 1


def test_another_red_flag_after_the_first_was_seen_to_is_told_anew(clinic, frozen, path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL, "signs": ["fever"]}
    browser.post(f"{path}check-in/", form)
    doctor = clinic.practitioner.user
    check_in_report_acknowledge(check_in_id=check_in.pk, by=doctor, acknowledgement="Called")
    frozen.shift(timedelta(minutes=5))
    browser.post(f"{path}check-in/", form)
    assert CheckInReport.objects.get().acknowledged_by == doctor, "nothing new"
    browser.post(f"{path}check-in/", {**form, "signs": ["breathing"]})
    report = CheckInReport.objects.get()
    assert (report.red_flags, report.acknowledged_at) == (["fever", "breathing"], None)
    assert sorted(alarms(check_in).values_list("status", flat=True)) == ["cancelled", "pending"]


def test_a_form_that_lay_open_longer_than_the_date_of_birth_is_remembered_is_heard(frozen, path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL}
    frozen.shift(timedelta(days=3))
    assert "Is it you?" in words(browser.get(path))
    said = words(browser.post(f"{path}check-in/", {**form, "signs": ["nerves"]}))
    assert "Call us now:" in said
    assert "Not swollen" not in said
    assert "A little" not in said, "the answers stand behind the date of birth"
    assert flagged() == (["nerves"], True)
    assert alarms(check_in).count() == 1


def test_answers_from_a_form_that_lay_open_for_long_are_kept_too(frozen, path, browser):
    form = {**hidden(browser.get(path)), **WELL}
    frozen.shift(timedelta(days=2))
    assert "Our clinical team reads your answers." in words(browser.post(f"{path}check-in/", form))
    assert CheckInReport.objects.get().answers == KEPT


def test_only_a_form_that_we_made_is_heard_and_every_other_red_flag_is_answered_with_the_phone(
    clinic, path, check_in, browser
):
    seal = hidden(browser.get(f"{path}preferences/"))["seal"]
    form = {**WELL, "signs": ["pus"], "check_in": str(check_in.pk)}
    for sealed in ({}, {"seal": seal}):
        said = words(Browser().post(f"{path}check-in/", {**form, **sealed}))
        assert "Is it you?" in said
        assert "Call us now: +1 212 555 0100" in said
        assert "We have told our clinical team." not in said
    form = {**form, **hidden(browser.get(path))}
    patient_revoke_links(patient_id=clinic.patient.pk)
    revoked = browser.post(f"{path}check-in/", form)
    assert revoked.status_code == 410
    assert "Call us now:" in words(revoked)
    assert not CheckInReport.objects.exists()


def test_five_questions_stand_there_and_one_of_them_lists_the_warning_signs(path, browser):
    page = browser.get(path).content.decode()
    assert page.count("<legend>") == 5
    assert len(re.findall(r'type="checkbox" name="signs"', page)) == len(recovery.SIGNS) + 1
    assert "None of these" in page
    answer(browser, path)
    said = words(browser.get(path))
    assert "Have you noticed one of these? None of these" in said


def test_it_opens_for_thirty_days(frozen, check_in, path, browser):
    frozen.move_to(check_in.created_at)
    frozen.shift(timedelta(days=30))
    browser.tell_birth(path)
    assert browser.get(path).status_code == 200
    frozen.shift(timedelta(days=3))
    assert browser.get(path).status_code == 410


def test_another_patients_check_in_cannot_be_answered_behind_ones_own_link(clinic, check_in, browser):
    stranger = clinic.another_patient()
    home = path_of(Purpose.HOME, stranger, "check-in/")
    browser.tell_birth(home)
    seal = hidden(browser.get(path_of(Purpose.HOME, stranger, "preferences/")))["seal"]
    browser.post(home, {**WELL, "seal": seal, "check_in": str(check_in.pk)})
    assert not CheckInReport.objects.exists()


def test_the_home_link_shows_the_questions_that_it_is_time_to_answer(clinic, check_in, browser, frozen):
    home = path_of(Purpose.HOME, clinic.patient)
    assert "We have a few questions." not in words(browser.get(home))
    browser.tell_birth(f"{home}check-in/")
    assert "We have a few questions." in words(browser.get(home))
    frozen.shift(timedelta(days=2))
    browser.tell_birth(f"{home}check-in/")
    page = browser.get(f"{home}check-in/")
    assert "your visit on Monday 2 March 2026" in words(page)
    form = {**hidden(page), **WELL}
    for _ in range(2):
        sent = browser.post(f"{home}check-in/", form)
        assert "Not swollen" not in words(sent)
        assert "Your answers" in words(sent), "not the next questions"
    third = check_in.session.check_ins.get(report__isnull=False)
    assert third.target_date > check_in.target_date, "the freshest"
    assert "We have no questions for you at present." in words(browser.get(f"{home}check-in/")), "not the older ones"


def test_every_question_has_words_for_every_answer():
    assert [*ASKED, *NOTICED] == [question.code for question in recovery.QUESTIONS]
    for question in recovery.QUESTIONS:
        if question.code in ASKED:
            assert set(ASKED[question.code][1]) == set(question.answers)
        assert set(question.flags.values()) <= set(recovery.FLAGS)
        assert set(question.flags) <= set(question.answers)


def test_every_flag_can_be_raised_by_an_answer_and_no_flag_by_the_others():
    assert recovery.red_flags(KEPT) == []
    raised = {
        flag
        for question in recovery.QUESTIONS
        for value in question.answers
        for flag in recovery.red_flags({**KEPT, question.code: value})
    }
    assert raised == set(recovery.FLAGS)
    assert recovery.red_flags({**KEPT, "pain": "7"}) == []
    assert recovery.red_flags({**KEPT, "pain": "8"}) == ["severe_pain"]


def test_answers_that_nobody_offered_are_refused_by_name():
    with pytest.raises(Invalid) as refused:
        recovery.checked({**KEPT, "pain": "11", "sight": ""})
    faults = {fault.attr: fault.code for fault in (refused.value, *refused.value.others)}
    assert faults == {"pain": "invalid_choice", "sight": "required"}


def test_with_a_red_flag_nothing_is_missing():
    assert recovery.checked({"pus": "yes", "pain": "11", "note": "x" * 2000}) == {"pus": "yes", "note": "x" * 1000}


def test_the_advice_stands_in_the_patients_language_and_says_what_it_is_not(clinic, check_in, browser):
    path = path_of(Purpose.AFTERCARE, check_in.session)
    browser.tell_birth(path)
    said = words(browser.get(path))
    assert "After your PRP session" in said
    assert "does not replace medical advice" in said
    german = words(browser.get(f"{path}?language=de"))
    assert "Nach Ihrer PRP" in german
    assert "After your PRP session" not in german


def test_progress_counts_what_is_done_in_plain_words(clinic, check_in, browser):
    path = path_of(Purpose.HOME, clinic.patient, "progress/")
    browser.tell_birth(path)
    said = words(browser.get(path))
    assert "1 of 3 treatments done" in said
    assert "Treatment 1 of 3 Done on 2 March 2026" in said
    assert "PRP" not in said
