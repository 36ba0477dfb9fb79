"""How the recovery goes: the date of birth first, one plain form, pictures, and red flags that nobody waits for."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from clinic.access.roles import Role
from clinic.errors import Invalid, InvalidTransition
from clinic.people.models import Membership
from plans.followups import recovery
from plans.followups.models import CheckInPhoto, CheckInReport
from plans.followups.services import check_in_answer
from plans.messages.links import Purpose
from plans.messages.models import PatientMessage
from plans.portal.questions import ASKED
from tests import factories
from tests.plans.portal.conftest import Browser, hidden, path_of, words

WELL = {
    "pain": "2",
    "swelling": "some",
    "redness": "some",
    "bleeding": "none",
    "fever": "none",
    **{sign.code: "no" for sign in recovery.SIGNS},
}


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
    again = browser.post(f"{path}check-in/", {**form, "pain": "9", "photos": []})
    assert again.status_code == 303
    report = CheckInReport.objects.get()
    assert report.answers == {**WELL, "note": "It itches."}
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
    def fail(**kwargs):
        assert list(files.rglob("*.jpg"))
        raise InvalidTransition("The check-in", "answered", "answering", ["due"])

    monkeypatch.setattr("plans.followups.services.check_ins.messages_drop", fail)
    assert answer(browser, path, photos=[picture()]).status_code == 303
    assert not CheckInReport.objects.exists()
    assert not list(files.rglob("*.jpg"))


def test_too_many_pictures_and_too_large_a_request_are_refused(path, browser, monkeypatch):
    assert "4 pictures at most" in words(answer(browser, path, photos=[picture() for _ in range(5)]))
    page = browser.get(path)
    monkeypatch.setattr("plans.portal.views.base.LARGEST_BODY", 1000)
    huge = browser.post(f"{path}check-in/", {**hidden(page), **WELL})
    assert huge.status_code == 413
    assert not CheckInReport.objects.exists()


def test_what_is_missing_is_said_at_its_place_and_nothing_is_lost(path, browser):
    sent = answer(browser, path, pain="", fever="42", note="It itches.")
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
    sent = answer(browser, path, fever="high", pus="yes")
    said = words(browser.get(sent["Location"]))
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
    sent = answer(browser, path, breathing="yes", photos=[picture(), bad])
    said = words(browser.get(sent["Location"]))
    assert "Call us now:" in said
    assert "left out" in said
    assert CheckInReport.objects.get().red_flags == ["breathing"]
    assert not CheckInPhoto.objects.exists()


def test_a_red_flag_among_unfinished_answers_says_call_now_too(path, browser):
    sent = answer(browser, path, pain="", chest_pain="yes")
    assert sent.status_code == 422
    assert "Call us now:" in words(sent)


def test_what_was_asked_by_phone_meanwhile_is_answered(clinic, path, check_in, browser):
    form = {**hidden(browser.get(path)), **WELL}
    check_in_answer(check_in_id=check_in.pk, by=clinic.practitioner.user, note="Is well")
    assert browser.post(f"{path}check-in/", form).status_code == 303
    assert not CheckInReport.objects.exists()
    assert "Is well" not in words(browser.get(path)), "staff's words are staff's"


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


def test_the_home_link_shows_the_questions_that_it_is_time_to_answer(clinic, check_in, browser):
    home = path_of(Purpose.HOME, clinic.patient)
    assert "We have a few questions." not in words(browser.get(home))
    browser.tell_birth(f"{home}check-in/")
    assert "We have a few questions." in words(browser.get(home))
    sent = browser.press(f"{home}check-in/", **WELL)
    assert sent.status_code == 303
    assert CheckInReport.objects.get().check_in == check_in


def test_every_question_has_words_for_every_answer():
    assert set(ASKED) == {question.code for question in recovery.QUESTIONS}
    for question in recovery.QUESTIONS:
        assert set(ASKED[question.code][1]) == set(question.answers)
        assert set(question.flags.values()) <= set(recovery.FLAGS)
        assert set(question.flags) <= set(question.answers)


def test_every_flag_can_be_raised_by_an_answer_and_no_flag_by_the_others():
    assert recovery.red_flags(WELL) == []
    raised = {
        flag
        for question in recovery.QUESTIONS
        for value in question.answers
        for flag in recovery.red_flags({**WELL, question.code: value})
    }
    assert raised == set(recovery.FLAGS)
    assert recovery.red_flags({**WELL, "pain": "7"}) == []
    assert recovery.red_flags({**WELL, "pain": "8"}) == ["severe_pain"]


def test_answers_that_nobody_offered_are_refused_by_name():
    with pytest.raises(Invalid) as refused:
        recovery.checked({**WELL, "pain": "11", "sight": ""})
    faults = {fault.attr: fault.code for fault in (refused.value, *refused.value.others)}
    assert faults == {"pain": "invalid_choice", "sight": "required"}


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
    assert "1 of 3 visits done" in said
    assert "Treatment 1 of 3 Done on 2 March 2026" in said
    assert "PRP" not in said
