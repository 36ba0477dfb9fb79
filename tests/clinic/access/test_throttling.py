import pytest

from clinic.access import throttling
from clinic.access.roles import Role
from tests.api import Api
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db


def test_past_the_limit_a_person_waits_and_their_colleague_does_not(broker, frozen, monkeypatch):
    monkeypatch.setitem(throttling.api_settings.DEFAULT_THROTTLE_RATES, "user", "30/min")
    location = make_location()
    api, colleague = (Api(make_user((location, Role.MANAGER))) for _ in range(2))
    assert {api.get("/me/").status_code for _ in range(30)} == {200}
    response = api.get("/me/")
    assert response.status_code == 429
    assert response.json()["errors"][0]["code"] == "throttled"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert colleague.get("/me/").status_code == 200


def test_the_limit_is_far_above_fifty_requests_a_second():
    number, _, period = str(throttling.api_settings.DEFAULT_THROTTLE_RATES["user"]).partition("/")
    assert (int(number) / 60, period) >= (50, "min")
