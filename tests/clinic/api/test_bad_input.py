"""Nonsense in every field of every body and in every parameter of every list: refused or harmless, never a 500."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from rest_framework import serializers

from clinic.access.roles import Role
from clinic.access.visibility import EVERYWHERE, LOCATION_PATHS
from clinic.api.fields import VisibleRelatedField
from tests.api import Api
from tests.clinic.access.test_walk import GUARDED, World
from tests.clinic.access.walk import Route

pytestmark = pytest.mark.django_db

NONSENSE: list[Any] = [
    None,
    True,
    [],
    {},
    [[]],
    [None],
    [{"x": {}}],
    {"\ud800": 1},
    "",
    "x",
    "a\x00b",
    "\ud800",
    "ü🪷" * 5000,
    "9999-12-31T23:59:59+00:00",
    "0001-01-01",
    "2026-02-30",
    "01890000-0000-7000-8000-000000000000",
    -1,
    0,
    1.5,
    1e308,
    10**30,
    "1e400",
    "NaN",
]
QUERIES = ["", "x", "%00", "-1", "1e999", "NaN", "9999-12-31", "0001-01-01T00:00:00Z", "9" * 400, "%ff", ",", "a,b"]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def everybody(world: World) -> Api:
    """Somebody who holds every role here."""
    user = world.people[Role.PRACTITIONER]
    for role in set(Role) - {Role.PRACTITIONER}:
        user.memberships.create(location=world.here, role=role)
    return Api(user)


def body_of(route: Route) -> Any:
    """The shape of this route's body, if it takes one."""
    act = getattr(getattr(route.view, route.action or "", None), "act", None)
    if act is not None:
        return act.body
    attribute = {"create": "create_input", "partial_update": "change_input"}.get(route.action or "", "input")
    return getattr(route.view, attribute, None)


CHANGES = [route for route in GUARDED if route.method in {"POST", "PATCH"} and body_of(route)]
WRITES = [route for route in CHANGES if body_of(route)().fields]
LISTS = [route for route in GUARDED if route.method == "GET" and "{id}" not in route.path]


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_no_nonsense_in_a_body_is_a_500(route, world, everybody):
    path = world.path(route)
    fields = list(enumerate(body_of(route)().fields))
    bodies = [{field: value for _, field in fields} for value in NONSENSE]
    for start in range(2):
        bodies += [{field: NONSENSE[(7 * number + start) % len(NONSENSE)]} for number, field in fields]
    for body in bodies:
        with transaction.atomic():
            assert everybody.ask(route.method, path, body).status_code < 500, body
            transaction.set_rollback(True)


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_no_nonsense_in_a_query_is_a_500(route, world, everybody):
    filters = getattr(getattr(route.view, "filterset_class", None), "base_filters", {})
    declared = [parameter.name for parameter in getattr(route.view, "parameters", ())]
    for name in [*filters, *declared, "cursor", "page_size", "ordering"]:
        for value in QUERIES:
            assert everybody.get(f"{route.path}?{name}={value}").status_code < 500, f"{name}={value}"


def references(shape: Any, at: str) -> Iterator[str]:
    """Where this shape takes a reference to a row that belongs somewhere, whoever may see it."""
    rows = getattr(shape, "queryset", None)
    belongs = rows is not None and LOCATION_PATHS[rows.model._meta.label_lower] is not EVERYWHERE
    if belongs and not isinstance(shape, VisibleRelatedField):
        yield at
    for inner in ("child", "child_relation"):
        if (child := getattr(shape, inner, None)) is not None:
            yield from references(child, f"{at}[]")
    if isinstance(shape, serializers.Serializer):
        for name, field in shape.fields.items():
            yield from references(field, f"{at}.{name}")


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_every_reference_in_a_body_respects_who_may_see_what(route):
    assert list(references(body_of(route)(), str(route))) == []
