"""An address that leads nowhere, or not for the reader, says so where they are and leads on."""

import pytest
from django.test import Client

from clinic.access.roles import Role
from tests.console import House, url, words
from tests.factories import make_consultation, make_patient

WAY_ON = ">To Today</a>"


@pytest.fixture
def house(db, frozen):
    return House()


@pytest.mark.parametrize(
    "path",
    [
        "/admin/plans/nonexistent/",
        "/admin/patients/patient/nonsense/change/",
        "/admin/plans/appointment/nonsense/cancel/",
    ],
)
def test_a_wrong_address_in_the_console_keeps_the_menu_and_leads_to_today(house, path):
    response = house.get(Role.FRONT_DESK, path)
    assert response.status_code == 404
    assert "There is nothing at this address." in words(response)
    body = response.content.decode()
    assert WAY_ON in body
    assert '"/admin/patients/patient/"' in body


def test_a_page_of_another_role_says_so_and_leads_to_today(house):
    draft = make_consultation(make_patient(house.location), house.practitioner, signed=False)
    response = house.get(Role.FRONT_DESK, url(draft))
    assert response.status_code == 403
    assert "Your role does not open this page" in words(response)
    assert WAY_ON in response.content.decode()


def test_a_part_of_a_page_is_refused_without_a_whole_page(house):
    response = house.clients[Role.FRONT_DESK].get("/admin/plans/nonexistent/", headers={"HX-Request": "true"})
    assert response.status_code == 404
    assert WAY_ON not in response.content.decode()


def test_who_is_not_signed_in_sees_a_plain_page_that_asks_the_database_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Client().get("/nonexistent/")
    assert response.status_code == 404
    assert "There is nothing here" in words(response)
    assert "console/plain.css" in response.content.decode()
    assert Client().get("/api/v1/nonexistent/").headers["Content-Type"] == "application/json"
