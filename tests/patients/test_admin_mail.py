"""What mail a patient takes, as the desk writes it down; and the end of older links."""

import pytest

from clinic.access.roles import Role
from tests.api import Api
from tests.console import House, said, url, words
from tests.factories import make_patient

DESK, ASSISTANT = Role.FRONT_DESK, Role.ASSISTANT


@pytest.fixture
def house(db, frozen):
    return House()


@pytest.fixture
def patient(house):
    return make_patient(house.location, first_name="Ada", last_name="Aspen", email="family@example.com")


def form(patient, **fields):
    names = ("first_name", "last_name", "date_of_birth", "sex", "email", "phone", "language")
    return {name: getattr(patient, name) for name in names} | {"home_location": patient.home_location_id, **fields}


def test_the_desk_writes_down_what_they_want_and_where(house, patient):
    data = form(patient, confidential_email="alone@example.com", unwanted_mail=["reminder", "offer"])
    assert house.post(DESK, url(patient), **data).status_code == 303
    patient.refresh_from_db()
    assert (patient.mail_address, patient.unwanted_mail) == ("alone@example.com", ["reminder", "offer"])
    page = words(house.get(DESK, url(patient)))
    assert "alone@example.com</b>" in page
    assert "family@example.com</b>" not in page
    assert "No mail about: reminders of visits, offers of an earlier time" in page
    assert "Reminders of visits, Offers of an earlier time" in words(house.get(DESK, url(patient, "history")))


def test_links_are_revoked_by_a_dialog(house, patient):
    house.get(DESK, url(patient, "revoke_links"))
    patient.refresh_from_db()
    assert patient.link_generation == 1
    response = house.act(DESK, patient, "revoke_links", reason="Somebody else reads her mail")
    assert said(response) == ["Ada Aspen: links in old mails stop working."]
    patient.refresh_from_db()
    assert patient.link_generation == 2
    assert house.act(ASSISTANT, patient, "revoke_links").status_code == 403


def test_the_api_takes_the_same(house, patient):
    api = Api(house.users[DESK])
    path = f"/patients/{patient.pk}/"
    body = {"confidential_email": "alone@example.com", "unwanted_mail": ["reminder"]}
    shown = api.patch(path, body).json()
    assert {name: shown[name] for name in body} == body
    refused = api.patch(path, {"unwanted_mail": ["confirmation"]})
    assert refused.status_code == 400
    assert "confirmation" in str(refused.json())
    assert api.post(f"{path}revoke-links/", {}).status_code == 200
    assert Api(house.users[ASSISTANT]).post(f"{path}revoke-links/", {}).status_code == 403
    patient.refresh_from_db()
    assert (patient.link_generation, patient.unwanted_mail) == (3, ["reminder"]), "by the address, and by revoking"
