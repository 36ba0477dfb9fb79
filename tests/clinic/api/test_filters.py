"""Filters of lists: what a filter cannot take is refused by name, with what it can."""

from typing import Any

import django_filters
import pytest
from django import forms

from clinic.access.roles import Role
from clinic.api.filters import FlagField
from clinic.places.models import Location
from tests.api import Api, errors
from tests.clinic.access.test_walk import GUARDED
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db

LISTS = {
    route.path: route.view.filterset_class
    for route in GUARDED
    if route.method == "GET" and "{id}" not in route.path and getattr(route.view, "filterset_class", None)
}
FLAGS = [
    (path, name)
    for path, filterset in sorted(LISTS.items())
    for name, one in filterset.base_filters.items()
    if isinstance(one, django_filters.BooleanFilter)
]


@pytest.fixture
def api() -> Api:
    return Api(make_user((make_location(), Role.MANAGER)))


def refused(response: Any) -> str:
    assert response.status_code == 400, response.json()
    (error,) = response.json()["errors"]
    return str(error["detail"])


def test_there_are_flags_in_several_lists():
    assert {("/protocols/", "is_current"), ("/appointments/", "rebook"), ("/rooms/", "is_bookable")} <= set(FLAGS)


@pytest.mark.parametrize(("path", "name"), FLAGS, ids=str)
@pytest.mark.parametrize("value", ["maybe", "1", "0", "2", "yes", "null", "truee"])
def test_what_is_no_flag_is_refused_by_every_flag(path, name, value):
    form = LISTS[path](data={name: value}, queryset=Location.objects.none()).form
    assert not form.is_valid()
    assert form.errors == {name: [f"{name}: “{value}” is not possible; allowed is true, false."]}


@pytest.mark.parametrize(("path", "name"), FLAGS, ids=str)
def test_every_flag_takes_true_and_false_and_nothing(path, name):
    for value, meaning in (("true", True), ("false", False), ("True", True), ("", None)):
        form = LISTS[path](data={name: value}, queryset=Location.objects.none()).form
        assert form.is_valid()
        assert form.cleaned_data[name] is meaning


@pytest.mark.parametrize(
    ("query", "attr", "says"),
    [
        ("/rooms/?is_bookable=maybe", "is_bookable", "is_bookable: “maybe” is not possible; allowed is true, false."),
        ("/rooms/?location=7", "location", "location: “7” is not possible; allowed is an id such as 0195f4a2-"),
        ("/appointments/?date=03/02/2026", "date", "date: “03/02/2026” is not possible; allowed is a date such as"),
        ("/appointments/?date=20260302", "date", "date: “20260302” is not possible"),
        ("/appointments/?date=2026-W10-1", "date", "date: “2026-W10-1” is not possible; allowed is a date such as"),
        ("/appointments/?date=٢٠٢٦-٠٣-٠٢", "date", "date: “٢٠٢٦-٠٣-٠٢” is not possible"),
        ("/appointments/?starts_after=2026-W10-1T09:00:00Z", "starts_after", "starts_after: “2026-W10-1T09:00:00Z” is"),
        ("/appointments/?date=1066-10-14", "date", "from 1800 to 2200."),
        ("/appointments/?status=booked,gone", "status", "status: “gone” is not possible; allowed is booked, confirmed"),
        ("/appointments/?kind=BOOKED", "kind", "kind: “BOOKED” is not possible; allowed is consultation, session"),
        (
            "/appointments/?starts_after=soon",
            "starts_after",
            "allowed is an instant with its offset such as 2026-03-02T",
        ),
        ("/opening-hours/?weekday=8", "weekday", "weekday: 8 is not possible; allowed is 1–7."),
        ("/opening-hours/?weekday=1e30", "weekday", " is not possible; allowed is 1–7."),
        ("/opening-hours/?weekday=NaN", "weekday", "weekday: “NaN” is no number; allowed is 1–7."),
        ("/opening-hours/?weekday=Monday", "weekday", "weekday: “Monday” is no number; allowed is 1–7."),
        ("/closures/?ordering=name", "ordering", "ordering: “name” is not possible; allowed is starts_at, ends_at,"),
        ("/closures/?ordering=--starts_at", "ordering", "ordering: “--starts_at” is not possible"),
        ("/rooms/?page_size=many", "page_size", "page_size: “many” is not possible; allowed is 1 to 200."),
        ("/rooms/?is_bookable=true&is_bookable=maybe", "is_bookable", "is_bookable: given 2 times; give it once."),
    ],
)
def test_a_parameter_that_cannot_be_is_named_with_its_value_and_what_is_allowed(api, query, attr, says):
    response = api.get(query)
    assert says in refused(response)
    assert list(errors(response)) == [attr]


@pytest.mark.parametrize("path", sorted(LISTS))
def test_no_filter_has_djangos_leniency(path):
    lenient = forms.NullBooleanField | forms.DateField | forms.DateTimeField
    for name, field in LISTS[path](queryset=Location.objects.none()).form.fields.items():
        assert not isinstance(field, lenient), name
    assert FlagField(required=False).clean("") is None


def test_a_flag_filters(api):
    rooms = api.get("/rooms/?is_bookable=true").json()["results"]
    assert rooms
    assert api.get("/rooms/?is_bookable=false").json()["results"] == []
