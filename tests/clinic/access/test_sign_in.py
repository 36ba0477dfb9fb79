from datetime import timedelta

import pytest
from django.test import Client

from clinic.access.roles import Role
from clinic.access.services import tokens_forget
from clinic.access.signin import FAILURES_PER_ADDRESS, FAILURES_PER_EMAIL, WINDOW_SECONDS
from clinic.people.models import User
from clinic.places.models import Location
from tests.api import Api, errors
from tests.factories import MADRID, PASSWORD, make_location, make_practitioner, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache(broker):
    """No failures from before."""


@pytest.fixture
def location() -> Location:
    return make_location("Linden House")


@pytest.fixture
def user(location: Location) -> User:
    return make_user((location, Role.FRONT_DESK), email="desk@clinic.example")


def sign_in(email: str, password: str = PASSWORD, **headers: str):
    return Api().post("/auth/token/", {"email": email, "password": password}, **headers)


def test_signing_in_gives_a_token_that_signs_requests_until_it_ends(user, frozen):
    response = sign_in("Desk@Clinic.example")
    assert response.status_code == 200
    assert set(response.json()) == {"token", "expires_at"}
    assert response.json()["expires_at"] == "2026-03-03T03:00:00Z"
    header = f"Token {response.json()['token']}"
    assert Api().get("/me/", Authorization=header).json()["email"] == user.email
    frozen.shift(timedelta(hours=12))
    assert Api().get("/me/", Authorization=header).status_code == 401


@pytest.mark.parametrize(
    ("email", "password"),
    [("desk@clinic.example", "wrong"), ("nobody@clinic.example", PASSWORD)],
)
def test_wrong_credentials_are_a_401_that_does_not_say_which_was_wrong(user, email, password):
    response = sign_in(email, password)
    assert response.status_code == 401
    assert response.json() == {
        "type": "client_error",
        "errors": [{"code": "authentication_failed", "detail": "Email or password is wrong.", "attr": None}],
    }
    assert response.headers["WWW-Authenticate"] == "Token"


def test_who_left_cannot_sign_in_and_their_tokens_end_at_once(user):
    api = Api(user)
    assert api.get("/me/").status_code == 200
    user.is_active = False
    user.save()
    assert sign_in(user.email).status_code == 401
    assert api.get("/me/").status_code == 401


def test_a_sign_in_that_is_no_sign_in_names_the_fields(user):
    assert errors(Api().post("/auth/token/", {})) == {"email": "required", "password": "required"}
    assert set(errors(Api().post("/auth/token/", {"email": "x", "password": 5}))) == {"email", "password"}
    assert Api().post("/auth/token/", b'{"email": "a@b.example", "password": "\\u0000"}').status_code == 400


def test_an_ended_token_does_not_stand_in_the_way_of_signing_in_again(user):
    assert sign_in(user.email, Authorization="Token 00").status_code == 200


@pytest.mark.parametrize(
    "header", ["Token", "Token x", "Token a b", "Token ÿ", "Bearer x", "Basic eDp5", "Token " + "0" * 5000]
)
def test_bad_credentials_on_a_request_are_a_401(user, header):
    response = Api().get("/me/", Authorization=header)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Token"


def test_signing_out_ends_this_token_and_no_other(user):
    here, there = Api(user), Api(user)
    assert here.post("/auth/logout/").status_code == 200
    assert here.get("/me/").status_code == 401
    assert there.get("/me/").status_code == 200


def test_a_console_session_works_with_its_csrf_token_and_not_without(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.get("/api/v1/me/").status_code == 200
    refused = client.post("/api/v1/auth/logout/", {}, "application/json")
    assert refused.status_code == 403
    client.cookies["csrftoken"] = "a" * 32
    assert (
        client.post("/api/v1/auth/logout/", {}, "application/json", headers={"X-CSRFToken": "a" * 32}).status_code
        == 200
    )
    assert client.get("/api/v1/me/").status_code == 401


def test_me_says_who_i_am_and_where_i_may_do_what(location):
    madrid = make_location("Madrid", timezone=MADRID, position=1)
    practitioner = make_practitioner(location)
    user = practitioner.user
    user.memberships.create(location=madrid, role=Role.MANAGER)
    user.memberships.create(location=madrid, role=Role.ASSISTANT)
    assert Api(user).get("/me/").json() == {
        "id": str(user.pk),
        "email": user.email,
        "roles": ["assistant", "manager", "practitioner"],
        "practitioner": str(practitioner.pk),
        "locations": [
            {
                "id": str(location.pk),
                "name": "Linden House",
                "timezone": "America/New_York",
                "roles": ["practitioner"],
            },
            {"id": str(madrid.pk), "name": "Madrid", "timezone": "Europe/Madrid", "roles": ["assistant", "manager"]},
        ],
    }


def test_me_of_somebody_without_a_role_is_empty():
    assert Api(make_user()).get("/me/").json()["locations"] == []


def test_after_so_many_failures_even_the_right_password_waits(user, frozen):
    for _ in range(FAILURES_PER_EMAIL):
        assert sign_in(user.email, "wrong").status_code == 401
    response = sign_in(user.email)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= WINDOW_SECONDS
    frozen.shift(timedelta(seconds=int(response.headers["Retry-After"])))
    assert sign_in(user.email).status_code == 200


def test_signing_in_well_is_never_counted(user, frozen):
    for _ in range(FAILURES_PER_EMAIL + 5):
        assert sign_in(user.email).status_code == 200


def test_a_success_forgets_the_slips_before_it(user, frozen):
    for _ in range(2):
        for _ in range(FAILURES_PER_EMAIL - 1):
            sign_in(user.email, "wrong")
        assert sign_in(user.email).status_code == 200


def test_who_guesses_from_elsewhere_does_not_lock_a_colleague_out(user, frozen, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for _ in range(FAILURES_PER_EMAIL + 1):
        sign_in(user.email, "wrong", X_Forwarded_For="203.0.113.9")
    assert sign_in(user.email, "wrong", X_Forwarded_For="203.0.113.9").status_code == 429
    assert sign_in(user.email, X_Forwarded_For="198.51.100.7").status_code == 200


def test_the_forwarded_address_is_believed_only_from_our_own_proxy(user, frozen):
    for number in range(FAILURES_PER_EMAIL):
        sign_in(user.email, "wrong", X_Forwarded_For=f"203.0.113.{number}")
    assert sign_in(user.email, X_Forwarded_For="198.51.100.7").status_code == 429


def test_an_address_that_tries_many_emails_has_to_wait_too(user, frozen):
    for number in range(FAILURES_PER_ADDRESS):
        assert sign_in(f"guess{number}@clinic.example").status_code == 401
    assert sign_in(user.email).status_code == 429


def test_the_console_counts_the_same_failures(user, frozen):
    for _ in range(FAILURES_PER_EMAIL):
        Client().post("/admin/login/", {"username": user.email, "password": "wrong"})
    assert sign_in(user.email).status_code == 429
    client = Client()
    client.post("/admin/login/", {"username": user.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_without_the_cache_server_people_still_sign_in_and_work(user, broker):
    broker.stop()
    response = sign_in(user.email)
    assert response.status_code == 200
    assert Api().get("/me/", Authorization=f"Token {response.json()['token']}").status_code == 200


def test_tokens_that_have_ended_are_forgotten(user, frozen):
    api = Api(user)
    frozen.shift(timedelta(hours=11))
    from clinic import clock

    assert tokens_forget(now=clock.now()) == 0
    assert tokens_forget(now=clock.now() + timedelta(hours=2)) == 1
    assert api.get("/me/").status_code == 401
