"""The console as people use it: in a browser, by keyboard, at a desk and on a phone, light and dark."""

from datetime import timedelta

import pytest
from django.conf import global_settings
from django.test import Client, override_settings
from playwright.sync_api import expect

from clinic import clock
from clinic.access.roles import Role
from clinic.places.models import OpeningHours
from plans.consultations.services import screening_items_seed
from plans.protocols.services import protocols_seed
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.services import session_start
from tests.factories import (
    make_consultation,
    make_location,
    make_patient,
    make_plan,
    make_practitioner,
    make_user,
)

PASSWORD = "a-password-for-a-browser"


class House:
    """A clinic that is open all day and where it is about noon, so that there is always a day to show."""

    def __init__(self) -> None:
        protocols_seed()
        screening_items_seed()
        ahead = 12 - clock.now().hour
        zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
        self.location = make_location("Linden House", timezone=zone, hours=("00:00", "23:45"))
        OpeningHours.objects.bulk_create(
            OpeningHours(location=self.location, weekday=day, opens_at="00:00", closes_at="23:45") for day in (6, 7)
        )
        self.practitioner = make_practitioner(self.location, first_name="Robin", last_name="Rowan")
        with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
            self.desk = make_user((self.location, Role.FRONT_DESK), email="desk@clinic.example")
            self.desk.set_password(PASSWORD)
            self.desk.save()
        today = clock.today(self.location.zone)
        self.patient = make_patient(self.location, first_name="Ada", last_name="Aspen", sex="male")
        self.plan = make_plan(self.patient, self.practitioner, protocol="prp-microneedling", start_date=today)
        self.session = self.plan.sessions.get(sequence=1)

    def visit(self, hours: int, **fields):
        start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
        return appointment_book(
            by=None, location=self.location, practitioner=self.practitioner, starts_at=start, **fields
        )


@pytest.fixture
def house(page):
    return House()


@pytest.fixture
def sign_in(page, web):
    """Give the browser somebody's signed-in session."""

    def give(user):
        client = Client()
        client.force_login(user)
        cookie = client.cookies["sessionid"]
        page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": f"http://localhost:{web.port}"}])

    return give


def test_the_desk_signs_in_and_sees_the_day(page, house):
    house.visit(1, session=house.session)
    page.goto("/admin/")
    page.get_by_label("Email").fill("desk@clinic.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    row = page.get_by_role("row").filter(has_text="Ada Aspen")
    expect(row).to_contain_text("Session 1 of 4 · PRP + microneedling")
    row.get_by_role("button", name="Is here").click()
    expect(page.get_by_text("Ada Aspen is here.")).to_be_visible()
    expect(row).to_contain_text("Here")


def test_a_dialog_is_used_by_keyboard_alone(page, house, sign_in):
    visit = house.visit(2, consultation_for=house.patient)
    sign_in(house.desk)
    page.goto(f"/admin/plans/appointment/{visit.pk}/change/")
    cancel = page.get_by_role("link", name="Cancel", exact=True)
    cancel.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Who cancels")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Who cancels")).to_be_focused()
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Cancel the visit").press("Enter")
    expect(page.get_by_text("Ada Aspen: cancelled.")).to_be_visible()
    assert Appointment.objects.get().status == "cancelled"


def test_a_refusal_stays_in_the_dialog(page, house, sign_in):
    visit = house.visit(2, consultation_for=house.patient)
    sign_in(house.desk)
    page.goto(f"/admin/plans/appointment/{visit.pk}/change/")
    page.get_by_role("link", name="Confirm", exact=True).click()
    Appointment.objects.filter(pk=visit.pk).update(status="confirmed", confirmed_at=clock.now())
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_role("alert")).to_contain_text("confirming is possible only when it is booked")


def test_a_free_time_is_booked_by_one_click_and_undone(page, house, sign_in):
    sign_in(house.desk)
    page.goto("/admin/")
    page.get_by_role("region", name="To book").get_by_role("link", name="Book Ada Aspen").click()
    page.get_by_role("link", name="Another time or room, or a note").click()
    page.get_by_role("button", name="Book: ").first.click()
    expect(page.get_by_text("Booked: Ada Aspen, Session 1 of 4")).to_be_visible()
    assert Appointment.objects.get().status == "booked"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Ada Aspen: undone.")).to_be_visible()
    assert Appointment.objects.get().status == "cancelled"


def test_a_slash_finds_a_patient_from_anywhere(page, house, sign_in):
    sign_in(house.desk)
    page.goto("/admin/plans/followup/")
    page.goto("/admin/")
    page.keyboard.press("/")
    page.keyboard.type("aspen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Aspen, Ada")).to_be_visible()


def test_a_consultations_form_helps(page, house, sign_in):
    sign_in(house.practitioner.user)
    page.goto(f"/admin/plans/consultation/add/?patient={house.patient.pk}")
    page.get_by_label("Scale").select_option("Ludwig")
    page.get_by_label("Value").select_option("II")
    page.get_by_label("Scale").select_option("SALT")
    page.get_by_label("Value").fill("35")
    page.get_by_role("radiogroup", name="Liver disease").get_by_label("Yes").check(force=True)
    page.get_by_role("button", name="The rest is unremarkable").click()
    expect(page.get_by_role("radiogroup", name="Liver disease").get_by_label("Yes")).to_be_checked()
    expect(page.get_by_role("radiogroup", name="Sepsis").get_by_label("No")).to_be_checked()
    expect(page.get_by_role("radiogroup", name="Able to decide and consent").get_by_label("Yes")).to_be_checked()
    expect(page.get_by_label("Platelet count")).to_have_value("")
    page.locator("#id_causes-0-icd10").select_option("L64.9")
    page.locator("#id_causes-0-factor").select_option("genetic")
    page.get_by_label("Goals").fill("Keep what is there.")
    page.get_by_label("Candidacy").select_option("Candidate")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Ada Aspen: consultation: saved.")).to_be_visible()
    expect(page.get_by_label("Value")).to_have_value("35")
    page.get_by_role("link", name="Sign", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Sign").click()
    expect(page.get_by_role("alert")).to_contain_text("Platelet count")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_every_daily_page_fits_the_screen_and_obeys_the_content_policy(page, house, sign_in, width, scheme):
    visit = house.visit(1, session=house.session)
    session_start(session_id=house.session.pk, by=house.practitioner.user)
    draft = make_consultation(house.patient, house.practitioner, signed=False)
    sign_in(house.practitioner.user)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    follow_up = house.plan.follow_ups.earliest("pk")
    for path in (
        "/admin/",
        "/admin/patients/patient/",
        "/admin/patients/patient/add/",
        f"/admin/patients/patient/{house.patient.pk}/change/",
        "/admin/plans/followup/?state=pending",
        f"/admin/plans/followup/{follow_up.pk}/change/",
        "/admin/plans/appointment/",
        f"/admin/plans/appointment/{visit.pk}/change/",
        f"/admin/plans/appointment/add/?follow_up={follow_up.pk}",
        "/admin/plans/treatmentplan/",
        f"/admin/plans/treatmentplan/{house.plan.pk}/change/",
        f"/admin/plans/treatmentplan/{house.plan.pk}/history/",
        "/admin/plans/proceduresession/",
        f"/admin/plans/proceduresession/{house.session.pk}/change/",
        f"/admin/plans/proceduresession/{house.session.pk}/perform/",
        f"/admin/plans/consultation/{draft.pk}/change/",
        "/admin/plans/patientmessage/",
        "/admin/plans/screeningitem/",
        "/admin/plans/protocol/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        unnamed = page.evaluate(
            """[...document.querySelectorAll('main, #main')].flatMap(main => [...main.querySelectorAll(
                'input:not([type=hidden]), select, textarea, button')]).filter(control => control.checkVisibility() &&
                !control.labels?.length && !control.getAttribute('aria-label') && !control.innerText?.trim()
                ).map(control => control.outerHTML.slice(0, 120))"""
        )
        assert unnamed == [], path


def test_the_console_works_without_script(page, house, web, chromium):
    visit = house.visit(1, session=house.session)
    context = chromium.new_context(base_url=f"http://localhost:{web.port}", java_script_enabled=False)
    client = Client()
    client.force_login(house.desk)
    value = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": f"http://localhost:{web.port}"}])
    plain = context.new_page()
    plain.goto(f"/admin/plans/appointment/{visit.pk}/cancel/")
    plain.get_by_label("Who cancels").select_option("Patient")
    plain.get_by_role("button", name="Cancel the visit").click()
    assert Appointment.objects.get().status == "cancelled"
    context.close()
