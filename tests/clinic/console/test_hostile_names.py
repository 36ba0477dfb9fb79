"""Names that would be markup, another line or another direction are text wherever the console shows them."""

import re

import pytest
from django.urls import reverse

from clinic.access.roles import Role
from clinic.people.models import User
from clinic.people.services import practitioner_update, user_create
from clinic.places.models import Location, Room
from clinic.places.services import location_update, room_create
from patients.models import Patient
from tests.clinic.console.test_walk import World, signed_in
from tests.clinic.console.walk import pages
from tests.factories import make_user

MARKUP = "<script>alert(1)</script>\"'&{{ 7 }}"
ALIVE = re.compile(r"<script>alert|\"'&\{\{")
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 2
LINES = "Ada\r\nBcc: x@y.example\u2028\u202egnol"
ON_ONE_LINE = "Ada Bcc: x@y.example gnol"

pytestmark = pytest.mark.django_db


def test_markup_in_a_name_is_text_on_every_page():
    world = World()
    for model in (Patient, User):
        model.objects.update(first_name=MARKUP, last_name=LONG + MARKUP[:20])
    Location.objects.filter(pk=world.here.pk).update(name=MARKUP)
    for number, room in enumerate(Room.objects.all()):
        Room.objects.filter(pk=room.pk).update(name=f"{MARKUP}{number}")
    everything = signed_in(make_user(*((world.here, role) for role in Role)))
    addresses = [page.path(world.rows) for page in pages() if page.kind == "change" and page.allowed]
    patient = world.rows["patients.patient"]
    addresses += [
        *(reverse(f"admin:{name}") for name in ("index", "plans_appointment_changelist", "plans_followup_changelist")),
        *(reverse(f"admin:clinic_{name}_changelist") for name in ("room", "openinghours", "practitioner")),
        f"{reverse('admin:patients_patient_changelist')}?q={MARKUP[:7]}",
        f"{reverse('admin:plans_appointment_caller')}?like={patient.pk}",
        f"{reverse('admin:plans_appointment_walk_in')}?patient={patient.pk}",
        f"{reverse('admin:plans_appointment_caller_matches')}?first_name=Wolfeschlegel&last_name=alert",
        reverse("admin:patients_patient_merge", args=[patient.pk]),
    ]
    for address in addresses:
        response = everything.get(address, follow=True)
        assert response.status_code == 200, address
        assert not ALIVE.search(response.content.decode()), address


def test_a_name_of_several_lines_or_another_direction_is_kept_on_one_line_and_straight():
    world = World()
    location, _ = location_update(
        location_id=world.here.pk, changes={"name": LINES, "street": "12\nLinden\u202e Street"}
    )
    assert (location.name, location.street) == (ON_ONE_LINE, "12 Linden Street")
    assert room_create(location=location, name=LINES).name == ON_ONE_LINE
    user = user_create(email="ada@demo.example", first_name=LINES, last_name="Elm\nwood")
    assert user.get_full_name() == f"{ON_ONE_LINE} Elm wood"
    practitioner = practitioner_update(practitioner_id=world.rows["clinic.practitioner"].pk, changes={"title": "Dr\n"})
    assert practitioner.title == "Dr"
