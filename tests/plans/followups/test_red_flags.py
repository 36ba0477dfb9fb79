"""Red flags of an answer: acknowledged by clinical people, said again to the managers, seen by nobody else."""

import re
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Conflict, Invalid
from patients.models import Patient
from plans.followups import recovery
from plans.followups.models import CheckIn, CheckInPhoto, CheckInReport
from plans.followups.services import check_in_report_acknowledge, check_in_report_submit
from plans.messages.health import needing_a_person
from plans.messages.models import PatientMessage
from plans.messages.preview import preview
from plans.messages.sweep import reconcile
from tests import factories
from tests.api import Api, errors
from tests.console import sign_in, url, words

FINE = {question.code: next(iter(set(question.answers) - set(question.flags))) for question in recovery.QUESTIONS}


@pytest.fixture
def check_in(clinic, frozen):
    first = clinic.performed()[0]
    frozen.move_to("2026-03-03T15:00:00Z")
    return first


@pytest.fixture
def nurse(clinic):
    return factories.make_user((clinic.location, Role.ASSISTANT))


@pytest.fixture
def manager(clinic):
    return factories.make_user((clinic.location, Role.MANAGER))


def report(check_in, **answers):
    return check_in_report_submit(check_in_id=check_in.pk, answers={**FINE, **answers}, language="en")


def alerts():
    rows = PatientMessage.objects.filter(kind="escalation").order_by("created_at", "pk")
    return [(row.staff, row.status) for row in rows.select_related("staff")]


def test_who_sees_to_them_says_what_was_done_and_pending_alerts_end(clinic, check_in, nurse):
    report(check_in, fever="yes")
    assert {status for _, status in alerts()} == {"pending"}
    done = check_in_report_acknowledge(
        check_in_id=check_in.pk, by=nurse, acknowledgement=" Sent to the emergency room "
    )
    assert (done.acknowledged_by, done.acknowledgement) == (nurse, "Sent to the emergency room")
    assert {status for _, status in alerts()} == {"cancelled"}
    with pytest.raises(Conflict, match="acknowledged it already"):
        check_in_report_acknowledge(check_in_id=check_in.pk, by=clinic.practitioner.user, acknowledgement="Me too")


def test_there_is_something_to_acknowledge_and_something_to_say(check_in, nurse):
    with pytest.raises(Conflict, match="no red flags"):
        check_in_report_acknowledge(check_in_id=check_in.pk, by=nurse, acknowledgement="Called")
    report(check_in, fever="yes")
    for said in ("", " ", "x" * 1001):
        with pytest.raises(Invalid):
            check_in_report_acknowledge(check_in_id=check_in.pk, by=nurse, acknowledgement=said)
    assert CheckInReport.objects.get().acknowledged_at is None


def test_after_an_hour_the_managers_are_told_once(clinic, check_in, nurse, manager, frozen):
    report(check_in, fever="yes")
    told = len(alerts())
    frozen.shift(59 * 60)
    reconcile()
    assert len(alerts()) == told
    frozen.shift(2 * 60)
    reconcile()
    reconcile()
    assert alerts()[told:] == [(manager, "pending")]


def test_the_managers_are_not_told_of_what_somebody_saw_to(clinic, check_in, nurse, manager, frozen):
    report(check_in, fever="yes")
    check_in_report_acknowledge(check_in_id=check_in.pk, by=nurse, acknowledgement="Called")
    frozen.shift(2 * 60 * 60)
    reconcile()
    assert manager not in dict(alerts())


def test_the_api_takes_the_acknowledgement_of_clinical_roles(clinic, check_in, nurse):
    report(check_in, fever="yes", pus="yes")
    shown = Api(nurse).get(f"/check-ins/{check_in.pk}/").json()
    assert shown["report"]["red_flags"] == ["fever", "pus"]
    path = f"/check-ins/{check_in.pk}/acknowledge/"
    assert Api(clinic.desk).post(path, {"acknowledgement": "Called"}).status_code == 403
    assert errors(Api(nurse).post(path, {})) == {"acknowledgement": "required"}
    done = Api(nurse).post(path, {"acknowledgement": "Called"}).json()
    assert done["report"]["acknowledged_by"] == str(nurse.pk)


class TestWhomTheManagersAreToldOf:
    """Who, since when, and who was told; what was reported is for clinical roles."""

    PATIENT = {"first_name": "Ada", "last_name": "Aspen", "phone": "+12125550133"}

    @pytest.fixture
    def late(self, clinic, check_in, nurse, manager, frozen):
        Patient.objects.filter(pk=check_in.session.plan.patient_id).update(**self.PATIENT)
        report(check_in, fever="yes", note="Since this morning")
        frozen.shift(61 * 60)
        reconcile()
        return check_in

    def pages(self, manager, check_in):
        """Today, and where the link in the mail leads."""
        client = sign_in(manager)
        link = re.search(r"https?://[^/]+(/admin/\S+)", preview(self.mail_to(manager)).text).group(1)
        return client.get("/admin/"), client.get(link)

    def mail_to(self, person):
        found = PatientMessage.objects.select_related("staff", "patient", "location")
        return found.get(kind="escalation", staff=person)

    def test_the_mail_says_that_nobody_has_looked_and_leads_to_who_it_is(self, late, nurse, manager):
        text = preview(self.mail_to(manager)).text
        assert "more than an hour ago" in text
        assert "Ada" not in text
        for response in self.pages(manager, late):
            assert response.status_code == 200
            page = words(response)
            assert "Ada Aspen" in page
            assert "555" in page
            assert str(nurse) in page
            assert "oday 10:00" in page
            assert "fever" not in page.lower()
            assert "Since this morning" not in page

    def test_it_is_nothing_for_a_manager_before_the_hour_is_over_nor_after_somebody_saw_to_it(
        self, clinic, check_in, nurse, manager, frozen
    ):
        report(check_in, fever="yes")
        path = url(check_in, "alarm")
        client = sign_in(manager)
        assert client.get(path).status_code == 404
        frozen.shift(61 * 60)
        assert "Nobody has seen to" in words(client.get("/admin/"))
        check_in_report_acknowledge(check_in_id=check_in.pk, by=nurse, acknowledgement="Called her about the fever")
        assert "Nobody has seen to" not in words(client.get("/admin/"))
        page = words(client.get(path))
        assert f"{nurse} has seen to it" in page
        assert "Called her" not in page

    def test_it_opens_the_answers_for_clinical_people_and_is_not_there_for_others(self, clinic, late, nurse):
        path = url(late, "alarm")
        assert sign_in(nurse).get(path).headers["Location"] == url(late)
        assert sign_in(clinic.desk).get(path).status_code == 404
        elsewhere = factories.make_user((factories.make_location(), Role.MANAGER))
        assert sign_in(elsewhere).get(path).status_code == 404
        assert "Nobody has seen to" not in words(sign_in(elsewhere).get("/admin/"))

    def test_who_is_clinical_too_sees_them_once(self, clinic, late):
        both = factories.make_user((clinic.location, Role.MANAGER), (clinic.location, Role.PRACTITIONER))
        page = words(sign_in(both).get("/admin/"))
        assert "Nobody has seen to" not in page
        assert "Red flags" in page

    def test_a_manager_does_not_acknowledge_what_they_cannot_read(self, late, manager):
        sign_in(manager).post(url(late, "acknowledge"), {"acknowledgement": "Fine"})
        assert CheckInReport.objects.get().acknowledged_at is None


def test_a_mail_about_them_that_did_not_leave_is_settled_with_them(clinic, check_in, nurse, manager, frozen):
    report(check_in, fever="yes")
    mail = PatientMessage.objects.filter(kind="escalation").first()
    PatientMessage.objects.filter(pk=mail.pk).update(status="failed", settled_at=clock.now(), failure="550")
    for reader in (clinic.desk, nurse, manager):
        assert url(mail) not in words(sign_in(reader).get("/admin/"))
        assert Api(reader).post(f"/messages/{mail.pk}/handled/", {}).status_code in (403, 404)
    frozen.shift(3 * 60 * 60)
    reconcile()
    assert not PatientMessage.objects.filter(kind="unseen").exists(), "no manager could see which"
    assert needing_a_person()["failed"] == 1
    check_in_report_acknowledge(check_in_id=check_in.pk, by=nurse, acknowledgement="Called her")
    mail.refresh_from_db()
    assert (mail.status, mail.status_reason) == ("handled", "Somebody has seen to it.")
    assert needing_a_person()["failed"] == 0


class TestToday:
    def test_clinical_people_see_them_at_the_top_with_a_clock(self, clinic, check_in, nurse, frozen):
        report(check_in, fever="yes", pus="yes")
        frozen.shift(18 * 60)
        page = words(sign_in(nurse).get("/admin/"))
        assert "Fever of 38 °C or more, pus." in page
        assert "Acknowledge within 42 min" in page
        frozen.shift(55 * 60)
        assert "Not acknowledged, 13 min late" in words(sign_in(nurse).get("/admin/"))

    def test_the_list_shows_them_first_and_red_and_counts_them(self, clinic, check_in, nurse, frozen):
        client = sign_in(nurse)
        later = CheckIn.objects.exclude(pk=check_in.pk).latest("window_end")

        def listed():
            page = words(client.get("/admin/plans/checkin/"))
            rows = list(dict.fromkeys(re.findall(r"/plans/checkin/([0-9a-f-]{36})/change/", page)))
            sidebar = client.get("/admin/").context["sidebar_navigation"]
            (entry,) = [item for group in sidebar for item in group["items"] if item["title"] == "Check-ins"]
            return page, rows, entry.get("badge")

        before = listed()[2]
        report(check_in, fever="yes")
        page, rows, number = listed()
        assert "Red flag, not acknowledged" in page
        assert rows[0] == str(check_in.pk) != str(later.pk)
        assert number == before, "asked no more, but to be seen to"
        assert "Red flag, not acknowledged" in words(client.get(url(check_in)))
        check_in_report_acknowledge(check_in_id=check_in.pk, by=nurse, acknowledgement="Called")
        page, rows, number = listed()
        assert "Red flag, not acknowledged" not in page
        assert rows[0] == str(later.pk)

    def test_nobody_else_does(self, clinic, check_in, manager):
        report(check_in, fever="yes")
        for person in (clinic.desk, manager):
            page = words(sign_in(person).get("/admin/"))
            assert "Red flags" not in page
            assert "Fever" not in page

    def test_the_page_shows_the_answers_and_who_saw_to_them(self, clinic, check_in, nurse):
        report(check_in, fever="yes", note="Since this morning")
        client = sign_in(nurse)
        page = words(client.get(url(check_in)))
        assert "Yes</span>" in page
        assert "Since this morning" in page
        client.post(url(check_in, "acknowledge"), {"acknowledgement": "Called her"})
        page = words(client.get(url(check_in)))
        assert "Called her" in page
        assert f"Red flags acknowledged by {nurse}" in page

    def test_pictures_are_for_clinical_roles_alone(self, clinic, check_in, nurse, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        photo = CheckInPhoto(report=report(check_in))
        picture = BytesIO()
        Image.new("RGB", (4, 3)).save(picture, "JPEG")
        photo.image.save("skin.jpg", ContentFile(picture.getvalue()), save=False)
        photo.width, photo.height = 4, 3
        photo.save()
        path = f"/admin/plans/checkin/photo/{photo.pk}/"
        client = sign_in(nurse)
        assert path in words(client.get(url(check_in)))
        shown = client.get(path)
        assert b"".join(shown.streaming_content).startswith(b"\xff\xd8")
        assert "no-store" in shown["Cache-Control"]
        elsewhere = factories.make_user((factories.make_location(), Role.PRACTITIONER))
        for person in (clinic.desk, elsewhere):
            assert sign_in(person).get(path).status_code == 404


class TestPuttingThrough:
    """Who answers the phone, and is to know only that it must not wait."""

    SAID = "Put through to a clinician at once"

    def test_the_desk_reads_to_whom_and_since_when_and_nothing_of_what(self, clinic, check_in, nurse):
        browser = sign_in(clinic.desk)
        assert self.SAID not in words(browser.get("/admin/"))
        report(check_in, fever="yes", note="Shaking all night")
        today, page = words(browser.get("/admin/")), words(browser.get(url(clinic.patient)))
        assert today.index(self.SAID) < today.index("Visits today"), "above everything"
        assert "Put through at once</span> to Dr Rowan. Reported today 10:00." in today
        assert url(clinic.patient) in today
        assert "tel:+12125550141" in today
        assert f"{self.SAID}: Dr Rowan. Reported today 10:00." in page
        for said in (today, page):
            for secret in ("ever of 38", "Shaking", "red flag", "Red flag", "/checkin/"):
                assert secret not in said
        assert browser.get(url(check_in)).status_code in (403, 404)
        for who in (nurse, clinic.practitioner.user):
            assert self.SAID not in words(sign_in(who).get("/admin/")), "they have the red flag itself"
        check_in_report_acknowledge(check_in_id=check_in.pk, by=nurse, acknowledgement="Sent to hospital.")
        for path in ("/admin/", url(clinic.patient)):
            assert self.SAID not in words(browser.get(path))

    def test_a_manager_reads_it_at_once_and_after_the_hour_whom_to_chase_in_its_place(
        self, clinic, check_in, manager, frozen
    ):
        report(check_in, fever="yes")
        browser = sign_in(manager)
        assert self.SAID in words(browser.get("/admin/"))
        frozen.shift(60 * 60)
        today = words(browser.get("/admin/"))
        assert self.SAID not in today
        assert "Nobody has seen to these red flags" in today
        assert self.SAID in words(browser.get(url(clinic.patient))), "whoever calls is put through all the same"

    def test_a_desk_elsewhere_reads_nothing(self, clinic, check_in):
        report(check_in, fever="yes")
        elsewhere = factories.make_user((factories.make_location("Elm Court"), Role.FRONT_DESK))
        assert self.SAID not in words(sign_in(elsewhere).get("/admin/"))

    def test_it_costs_one_query_whoever_waits(self, clinic, check_in, django_assert_max_num_queries):
        browser = sign_in(clinic.desk)
        report(check_in, fever="yes")
        with django_assert_max_num_queries(60) as one:
            browser.get("/admin/")
        for _ in range(3):
            plan = factories.make_plan(factories.make_patient(clinic.location), clinic.practitioner)
            session = factories.perform(plan.sessions.get(sequence=1), clinic.practitioner)
            report(session.check_ins.earliest("target_date"), fever="yes")
        with django_assert_max_num_queries(len(one)):
            assert words(browser.get("/admin/")).count("Put through at once") == 4


def test_who_acknowledges_from_today_reads_there_what_was_reported_and_whom_to_call(clinic, check_in, nurse):
    report(check_in, fever="yes", note="Shaking all night")
    browser = sign_in(nurse)
    assert "“Shaking all night”" in words(browser.get("/admin/"))
    dialog = words(browser.get(url(check_in, "acknowledge"), headers={"HX-Request": "true"}))
    for said in ("Fever of 38 °C or more", "Shaking all night", "tel:+12125550141", "Reported today 10:00"):
        assert said in dialog
