"""Every route × method × role against the role table; a route that the table does not list fails."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from clinic.access.roles import GRANTS, Role
from clinic.access.visibility import LOCATION_PATHS
from clinic.api.views import ResourceViewSet
from tests.api import Api
from tests.clinic.access.walk import Route, routes
from tests.examples import EXAMPLES
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db

OPEN = {"POST /auth/token/", "GET /schema/", "GET /docs/"}
"""Asked by anybody."""
OWN = {"POST /auth/logout/", "GET /me/"}
"""Asked by whoever is signed in: they concern nobody else."""
ALL = list(routes())
GUARDED = [route for route in ALL if str(route) not in OPEN | OWN]
CHANGES = [route for route in GUARDED if "{id}" in route.path and route.method != "GET"]


class World:
    """Two locations, an example of each resource and somebody of each role at the first; at the second somebody with
    every role."""

    def __init__(self) -> None:
        self.here, elsewhere = make_location("Here"), make_location("Elsewhere")
        self.people = {role: make_user((self.here, role)) for role in Role}
        self.clients = {role: Api(person) for role, person in self.people.items()}
        self.stranger = Api(make_user(*((elsewhere, role) for role in Role)))
        self.rows = {label: make(self.here) for label, make in EXAMPLES.items()}

    def path(self, route: Route) -> str:
        """The route's address with the key of the example here."""
        return route.path.replace("{id}", str(self.rows[route.model_label].pk)) if "{id}" in route.path else route.path


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once: it takes a second. Each test's own changes end with the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def roles_allowed(route: Route) -> frozenset[Role]:
    assert route.required is not None
    resource, action = route.required
    assert resource in GRANTS, f"{route}: the role table has no line {resource!r}"
    assert action in GRANTS[resource], f"{route}: the role table's {resource!r} does not list {action!r}"
    return GRANTS[resource][action]


def test_every_address_says_which_right_it_requires():
    assert {str(route) for route in ALL if route.required is None} == OPEN | OWN


@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_every_route_is_in_the_role_table_and_has_an_example(route):
    assert roles_allowed(route)
    if issubclass(route.view, ResourceViewSet):
        assert route.model_label in LOCATION_PATHS
        assert route.model_label in EXAMPLES


@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_a_route_answers_those_whom_the_role_table_allows_and_nobody_else(route, world):
    path, allowed = world.path(route), roles_allowed(route)
    assert Api().ask(route.method, path, {}).status_code == 401
    for role, client in world.clients.items():
        with transaction.atomic():
            status = client.ask(route.method, path, {}).status_code
            transaction.set_rollback(True)
        if role in allowed:
            # Empty bodies and present states refuse many of them, but nobody is turned away.
            assert status in {200, 201, 204, 400, 409}, f"{role} may: {status}"
        else:
            assert status == 403, f"{role} may not: {status}"


@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_a_member_of_another_location_finds_nothing_here(route, world):
    path = world.path(route)
    response = world.stranger.ask(route.method, path, {})
    if not issubclass(route.view, ResourceViewSet) or LOCATION_PATHS[route.model_label] is None:
        assert response.status_code in {200, 201, 204, 400, 409}
    elif "{id}" in route.path:
        assert response.status_code == 404
    elif route.method == "GET":
        assert response.status_code == 200
        assert str(world.rows[route.model_label].pk) not in response.content.decode()
    else:
        assert response.status_code in {201, 400}


@pytest.mark.parametrize("route", CHANGES, ids=str)
def test_who_is_turned_away_changes_nothing(route, world):
    row, path = world.rows[route.model_label], world.path(route)
    rows = type(row)._default_manager.filter(pk=row.pk)
    before = rows.values().get()
    refused = [Api(), *(client for role, client in world.clients.items() if role not in roles_allowed(route))]
    if LOCATION_PATHS[route.model_label] is not None:
        refused.append(world.stranger)
    for client in refused:
        client.ask(route.method, path, {})
    assert rows.values().get() == before


@pytest.mark.parametrize("route", [route for route in GUARDED if "{id}" in route.path], ids=str)
def test_an_id_that_does_not_exist_is_not_found_by_whoever_may_look(route, world):
    path = route.path.replace("{id}", "01890000-0000-7000-8000-000000000000")
    for role in roles_allowed(route):
        assert world.clients[role].ask(route.method, path, {}).status_code == 404


@pytest.mark.parametrize("route", [route for route in GUARDED if route.action == "retrieve"], ids=str)
def test_every_detail_has_its_version_as_etag(route, world):
    row = world.rows[route.model_label]
    row.refresh_from_db(fields=["version"])
    for role in roles_allowed(route):
        response = world.clients[role].get(world.path(route))
        assert response.status_code == 200
        assert response.headers["ETag"] == f'"{row.version}"'


@pytest.mark.parametrize("route", CHANGES, ids=str)
def test_a_change_on_a_version_that_is_not_the_present_one_is_refused(route, world):
    row = world.rows[route.model_label]
    rows = type(row)._default_manager.filter(pk=row.pk)
    before = rows.values().get()
    for role in roles_allowed(route):
        status = world.clients[role].ask(route.method, world.path(route), {}, If_Match='"999"').status_code
        assert status in {400, 412}, "400 where the act needs a body, which is read first"
    assert rows.values().get() == before
