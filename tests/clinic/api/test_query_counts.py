"""The number of SQL queries of a list does not depend on the length of its page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import GRANTS, Role
from tests.api import Api
from tests.clinic.access.walk import Route, routes
from tests.examples import EXAMPLES
from tests.factories import make_location, make_room, make_user

pytestmark = pytest.mark.django_db

COUNTED_IN_THEIR_ROOM = {"/call-list/", "/protocol-rollouts/"}
"""A row of these cannot be made twelve times over by an example; their rooms' own tests count with more rows."""
LISTS = [route for route in routes() if route.action == "list" and route.path not in COUNTED_IN_THEIR_ROOM]
MOST = 9
"""Two of them find out who is asking and where they may."""


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_a_longer_page_costs_no_more_queries(route: Route):
    location = make_location()
    assert route.required is not None
    resource, action = route.required
    api = Api(make_user(*((location, role) for role in GRANTS[resource][action])))
    EXAMPLES[route.model_label](location)
    api.get(route.path)  # content types and the like are read once a process
    with CaptureQueriesContext(
        connection,
    ) as short:
        rows = len(api.get(f"{route.path}?page_size=200").json()["results"])
    for _ in range(11):
        EXAMPLES[route.model_label](location)
    with CaptureQueriesContext(connection) as long:
        more = len(api.get(f"{route.path}?page_size=200").json()["results"])
    assert more >= rows >= 1
    assert len(long) == len(short), "\n".join(query["sql"][:200] for query in long)
    assert len(short) <= MOST, "\n".join(query["sql"][:200] for query in short)


def test_who_may_what_costs_one_query_besides_the_token(django_assert_num_queries):
    location = make_location()
    api = Api(make_user((location, Role.MANAGER)))
    room = make_room(location)
    with django_assert_num_queries(3):  # token and person, roles, the row
        assert api.get(f"/rooms/{room.pk}/").status_code == 200
