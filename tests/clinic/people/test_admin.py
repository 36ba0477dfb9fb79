import pytest
from knox.models import AuthToken

from clinic.access.roles import Role
from clinic.people.models import Membership, Practitioner, User
from tests.console import House, sign_in, url, words
from tests.factories import make_location, make_user

MANAGER = Role.MANAGER
ADD = "/admin/clinic/user/add/"
PASSWORD = "a-long-first-password"


@pytest.fixture
def house(db, frozen):
    return House()


def new_person(house: House, **changes: str) -> dict[str, str]:
    return {
        "first_name": "Ada",
        "last_name": "Aspen",
        "email": "Ada@Clinic.example",
        "password": PASSWORD,
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-location": str(house.location.pk),
        "memberships-0-role": "front_desk",
    } | changes


def test_a_manager_adds_somebody_who_can_sign_in(house, client):
    assert house.post(MANAGER, ADD, **new_person(house)).status_code == 303
    person = User.objects.get(email="ada@clinic.example")
    assert [str(role) for role in person.memberships.all()] == ["Front desk at Linden House"]
    assert client.post("/admin/login/", {"username": "ada@clinic.example", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"password": "short"}, "too short"),
        ({"memberships-TOTAL_FORMS": "0"}, "Give this person one role at least."),
        ({"email": "nonsense"}, "valid email"),
    ],
)
def test_somebody_without_a_role_or_with_a_weak_password_is_refused(house, changes, says):
    response = house.post(MANAGER, ADD, **new_person(house, **changes))
    assert response.status_code == 200
    assert says in words(response)
    assert not User.objects.filter(last_name="Aspen").exists()


def test_nobody_gives_a_role_where_they_are_no_manager(house):
    elsewhere = make_location()
    response = house.post(MANAGER, ADD, **new_person(house, **{"memberships-0-location": str(elsewhere.pk)}))
    assert response.status_code == 200
    assert not User.objects.filter(last_name="Aspen").exists()


def test_a_manager_sees_only_the_roles_at_their_own_locations(house):
    elsewhere = make_location("Far away")
    make_user((house.location, Role.ASSISTANT), (elsewhere, Role.MANAGER))
    page = words(house.get(MANAGER, "/admin/clinic/user/"))
    assert "Assistant (Linden House)" in page
    assert "Far away" not in page


def test_a_new_password_ends_every_sign_in_of_that_person(house):
    person = make_user((house.location, Role.FRONT_DESK))
    browser = sign_in(person)
    AuthToken.objects.create(person)
    assert house.act(MANAGER, person, "set_password", password=PASSWORD).status_code == 303
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert browser.get("/admin/").status_code == 302
    assert not AuthToken.objects.exists()


def test_a_manager_has_no_power_over_who_also_works_elsewhere(house):
    person = make_user((house.location, Role.FRONT_DESK), (make_location(), Role.MANAGER))
    before = person.password
    response = house.act(MANAGER, person, "set_password", password=PASSWORD)
    assert response.status_code == 409
    person.refresh_from_db()
    assert person.password == before


def test_a_manager_cannot_change_a_superuser(house):
    person = make_user((house.location, Role.FRONT_DESK), is_superuser=True)
    assert house.post(MANAGER, url(person), first_name="Evil").status_code == 403
    assert house.act(MANAGER, person, "set_password", password=PASSWORD).status_code == 409


def test_roles_are_given_and_taken_with_a_history(house):
    person = make_user((house.location, Role.FRONT_DESK), first_name="Ada", last_name="Aspen")
    membership = Membership.objects.get(user=person)
    response = house.post(
        MANAGER,
        url(person),
        first_name="Ada",
        last_name="Aspen",
        email=person.email,
        is_active="on",
        **{
            "memberships-TOTAL_FORMS": "2",
            "memberships-INITIAL_FORMS": "1",
            "memberships-0-id": str(membership.pk),
            "memberships-0-user": str(person.pk),
            "memberships-0-location": str(house.location.pk),
            "memberships-0-role": "front_desk",
            "memberships-0-DELETE": "on",
            "memberships-1-user": str(person.pk),
            "memberships-1-location": str(house.location.pk),
            "memberships-1-role": "manager",
        },
    )
    assert response.status_code == 303
    assert [role.role for role in Membership.objects.filter(user=person)] == ["manager"]
    assert "Removed membership" in words(house.get(MANAGER, url(person, "history")))


def test_somebody_becomes_a_practitioner_with_qualifications(house):
    person = make_user((house.location, Role.PRACTITIONER))
    response = house.post(
        MANAGER,
        "/admin/clinic/practitioner/add/",
        user=str(person.pk),
        title="Dr",
        is_bookable="on",
        **{
            "qualifications-TOTAL_FORMS": "1",
            "qualifications-INITIAL_FORMS": "0",
            "qualifications-0-modality": "prp",
        },
    )
    assert response.status_code == 303
    practitioner = Practitioner.objects.get(user=person)
    assert [one.modality for one in practitioner.qualifications.all()] == ["prp"]
