import pytest

from clinic.access.roles import Role
from clinic.errors import Invalid
from clinic.people.models import Membership, Practitioner, User
from clinic.people.services import (
    membership_end,
    membership_grant,
    practitioner_create,
    practitioner_update,
    user_create,
)
from clinic.places.models import Location
from tests.api import Api, errors
from tests.factories import make_location, make_practitioner, make_user

pytestmark = pytest.mark.django_db

NEW = {"email": "ana@clinic.example", "first_name": "Ana", "last_name": "Ruiz", "title": "Dr"}


@pytest.fixture
def location() -> Location:
    return make_location()


@pytest.fixture
def manager(location: Location) -> Api:
    return Api(make_user((location, Role.MANAGER)))


def test_a_new_practitioner_works_where_the_manager_manages(manager, location):
    response = manager.post("/practitioners/", {**NEW, "qualifications": [{"modality": "prp"}]})
    assert response.status_code == 201
    body = response.json()
    assert (body["display_name"], body["first_name"], body["last_name"]) == ("Dr Ruiz", "Ana", "Ruiz")
    assert body["modalities"] == ["prp"]
    assert body["locations"] == [str(location.pk)]
    user = User.objects.get(email="ana@clinic.example")
    assert not user.has_usable_password()
    assert user.memberships.get().role == Role.PRACTITIONER


def test_somebody_who_signs_in_already_becomes_a_practitioner(manager, location):
    user = make_user((location, Role.MANAGER), email="ana@clinic.example", last_name="Known")
    response = manager.post("/practitioners/", {"email": "Ana@clinic.example"})
    assert response.status_code == 201
    assert response.json()["last_name"] == "Known"
    assert set(user.memberships.values_list("role", flat=True)) == {"manager", "practitioner"}


def test_nobody_is_a_practitioner_twice(manager):
    assert manager.post("/practitioners/", NEW).status_code == 201
    assert errors(manager.post("/practitioners/", NEW)) == {"email": "unique"}


def test_somebody_new_has_a_name(manager):
    assert errors(manager.post("/practitioners/", {"email": "x@clinic.example"})) == {
        "first_name": "required",
        "last_name": "required",
    }
    assert not User.objects.filter(email="x@clinic.example").exists()


def test_names_and_titles_are_one_line_without_what_nobody_sees(location):
    practitioner = practitioner_create(
        email=" \u200bAna@clinic.example\n",
        first_name=" Ana\n",
        last_name="Ruiz\nSoto",
        title="Dr\u2060",
        locations=[location],
    )
    user = practitioner.user
    assert (user.email, user.first_name, user.last_name) == ("ana@clinic.example", "Ana", "Ruiz Soto")
    assert practitioner.title == "Dr"
    changed = practitioner_update(practitioner_id=practitioner.pk, changes={"last_name": "Soto\tRuiz "})
    assert changed.user.last_name == "Soto Ruiz"
    with pytest.raises(Invalid) as refused:
        practitioner_update(practitioner_id=practitioner.pk, changes={"first_name": "A" * 101})
    assert refused.value.attr == "first_name"
    user.refresh_from_db()
    assert (user.first_name, user.last_name) == ("Ana", "Soto Ruiz")


@pytest.mark.parametrize(
    "qualifications",
    [
        [{"modality": "prp"}, {"modality": "prp"}],
        [{"modality": "laser"}],
        [{}],
        [{"modality": "prp", "valid_from": "2026-02-01", "valid_until": "2026-01-01"}],
        "prp",
        [3],
    ],
)
def test_qualifications_that_cannot_be_are_refused_and_nobody_is_made(manager, qualifications):
    response = manager.post("/practitioners/", {**NEW, "qualifications": qualifications})
    assert response.status_code == 400
    assert all(str(attr).startswith("qualifications") for attr in errors(response))
    assert not Practitioner.objects.exists()
    assert not User.objects.filter(email=NEW["email"]).exists()


def test_a_manager_places_nobody_where_they_do_not_manage(manager, location):
    hidden = make_location()
    assert errors(manager.post("/practitioners/", {**NEW, "locations": [str(hidden.pk)]})) == {
        "locations.0": "does_not_exist"
    }
    both = Api(make_user((location, Role.MANAGER), (hidden, Role.ASSISTANT)))
    assert both.post("/practitioners/", {**NEW, "locations": [str(hidden.pk)]}).status_code == 403


def test_a_change_replaces_the_qualifications_and_counts_the_version(manager, location):
    practitioner = make_practitioner(location, modalities=["prp", "exosome"])
    response = manager.patch(
        f"/practitioners/{practitioner.pk}/",
        {"title": "Nurse", "qualifications": [{"modality": "prp", "valid_until": "2027-01-01"}]},
    )
    assert response.status_code == 200
    assert response.headers["ETag"] == '"2"'
    assert response.json()["title"] == "Nurse"
    assert response.json()["qualifications"] == [{"modality": "prp", "valid_from": None, "valid_until": "2027-01-01"}]


def test_locations_that_one_may_not_see_are_not_listed(manager, location):
    practitioner = make_practitioner(location)
    practitioner.user.memberships.create(location=make_location(), role=Role.PRACTITIONER)
    assert manager.get(f"/practitioners/{practitioner.pk}/").json()["locations"] == [str(location.pk)]


def test_practitioners_are_found_by_location_and_modality(location):
    other = make_location()
    api = Api(make_user((location, Role.FRONT_DESK), (other, Role.FRONT_DESK)))
    here = make_practitioner(location, modalities=["prp"])
    there = make_practitioner(other, modalities=["exosome"])

    def found(query: str) -> set[str]:
        return {row["id"] for row in api.get(f"/practitioners/?{query}").json()["results"]}

    assert found("") == {str(here.pk), str(there.pk)}
    assert found(f"location={location.pk}") == {str(here.pk)}
    assert found("modality=exosome") == {str(there.pk)}
    assert found("is_bookable=false") == set()
    assert errors(api.get("/practitioners/?modality=laser")) == {"modality": "invalid_choice"}


def test_a_role_is_given_once_and_taken_away(location):
    user = user_create(email="New@Clinic.example ", first_name="N", last_name="E")
    assert user.email == "new@clinic.example"
    given = membership_grant(user=user, location=location, role=Role.MANAGER)
    assert membership_grant(user=user, location=location, role=Role.MANAGER) == given
    membership_end(membership_id=given.pk)
    assert not Membership.objects.filter(user=user).exists()
