"""No page of the console has a fault that axe-core calls serious or critical, in light and dark."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import global_settings
from django.test import Client, override_settings
from django.urls import reverse

from clinic import clock
from clinic.access.roles import Role
from clinic.places.models import OpeningHours
from plans.consultations.services import screening_items_seed
from plans.protocols.services import protocols_seed
from plans.scheduling.admin.gaps import gap_of, gap_url
from plans.scheduling.services import appointment_book, waitlist_add
from tests.factories import (
    local,
    make_consultation,
    make_location,
    make_patient,
    make_plan,
    make_practitioner,
    make_user,
)

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = {"serious", "critical"}


@pytest.fixture
def addresses(page, web):
    """A house with something on every page; the addresses of its pages, and somebody who may open them all."""
    protocols_seed()
    screening_items_seed()
    location = make_location("Linden House", hours=("00:00", "23:45"))
    practitioner = make_practitioner(location)
    today = clock.today(location.zone)
    patient = make_patient(location)
    plan = make_plan(patient, practitioner, start_date=today)
    session, later, *_ = plan.sessions.order_by("sequence")
    OpeningHours.objects.bulk_create(
        OpeningHours(location=location, weekday=day, opens_at="00:00", closes_at="23:45") for day in (6, 7)
    )
    start = local(location, today + timedelta(days=1), "12:00")
    appointment = appointment_book(
        by=None, location=location, practitioner=practitioner, starts_at=start, session=session
    )
    consultation = make_consultation(make_patient(location), practitioner)
    entry = waitlist_add(by=None, patient=make_patient(location), is_urgent=True)
    with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        person = make_user(*((location, role) for role in Role))
    client = Client()
    client.force_login(person)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": f"http://localhost:{web.port}"}
    page.context.add_cookies([cookie])
    lists = ("patients_patient", "plans_followup", "plans_appointment", "plans_treatmentplan", "plans_protocol")
    lists += ("plans_proceduresession", "plans_patientmessage", "clinic_location", "clinic_openinghours")
    lists += ("plans_messagewording", "plans_messagepolicy")
    rows = {
        "patients_patient": patient,
        "plans_treatmentplan": plan,
        "plans_proceduresession": later,
        "plans_appointment": appointment,
        "plans_followup": plan.follow_ups.first(),
        "plans_consultation": consultation,
        "plans_patientmessage": appointment.messages.earliest("due_at"),
        "clinic_location": location,
    }
    board = f"{reverse('admin:plans_appointment_changelist')}?day={start.astimezone(location.zone).date()}"
    return [
        reverse("admin:index"),
        *(f"{board}{look}" for look in ("", "&by=room", "&view=week", "&view=month", "&view=list")),
        *(reverse(f"admin:{name}_changelist") for name in lists),
        *(reverse(f"admin:{name}_change", args=[row.pk]) for name, row in rows.items()),
        f"{reverse('admin:plans_followup_changelist')}?state=due&open=session-{later.pk}",
        f"{reverse('admin:plans_followup_changelist')}?state=pending",
        reverse("admin:plans_patientmessage_calls"),
        reverse("admin:plans_messagewording_words", args=[location.pk, "offer"]),
        reverse("admin:patients_patient_add"),
        f"{reverse('admin:plans_appointment_add')}?session={later.pk}",
        f"{reverse('admin:plans_appointment_add')}?q=Mock&at={start.isoformat().replace('+', '%2B')}",
        f"{reverse('admin:plans_appointment_add')}?session={later.pk}&at={start.isoformat().replace('+', '%2B')}",
        reverse("admin:plans_appointment_reschedule", args=[appointment.pk]),
        reverse("admin:plans_treatmentplan_book_series", args=[plan.pk]),
        reverse("admin:plans_waitlistentry_changelist"),
        reverse("admin:plans_waitlistentry_change", args=[entry.pk]),
        f"{reverse('admin:plans_waitlistentry_add')}?patient={patient.pk}",
        gap_url(gap_of(appointment)),
        f"{reverse('admin:plans_appointment_caller')}?phone=%2B12125550141&date_of_birth=2020-01-01",
        f"{reverse('admin:plans_appointment_caller')}?here=1",
        f"{reverse('admin:plans_appointment_walk_in')}?patient={patient.pk}",
    ]


def test_no_page_has_a_serious_fault(page, addresses):
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = []
    for address in addresses:
        page.goto(address)
        found += [f"{address}: {fault}" for fault in faults(page, RULES)]
        page.locator("html").evaluate("page => page.classList.add('dark')")
        found += [f"{address}, dark: {fault}" for fault in faults(page, ["color-contrast"])]
    assert not found, "\n".join(found)


def faults(page, rules):
    """What axe-core finds grave, in its words, with the first place."""
    return [
        f"{fault['help']}: {fault['nodes'][0]['html'][:200]}"
        for fault in Axe().run(page, options={"runOnly": rules}).response["violations"]
        if fault["impact"] in GRAVE
    ]
