import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser

from clinic.access.roles import GRANTS, Role
from clinic.access.visibility import EVERYWHERE, LOCATION_PATHS, location_of, may, visible
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from tests.examples import EXAMPLES
from tests.factories import make_location, make_practitioner, make_user

pytestmark = pytest.mark.django_db


def is_model(resource: str) -> bool:
    try:
        apps.get_model(resource)
    except LookupError:
        return False
    return True


@pytest.mark.parametrize("resource", [resource for resource in GRANTS if is_model(resource)])
def test_every_line_of_the_role_table_says_where_its_rows_belong(resource):
    path = LOCATION_PATHS[resource]
    if path is not EVERYWHERE:
        model = apps.get_model(resource)
        assert not model._default_manager.filter(**{f"{path}__in": Location.objects.none()}).exists()


def test_no_line_is_of_a_model_that_does_not_exist():
    assert all(is_model(resource) for resource in LOCATION_PATHS)
    assert set(LOCATION_PATHS) <= set(GRANTS)


@pytest.mark.parametrize("label", [label for label in EXAMPLES if LOCATION_PATHS[label] is not EVERYWHERE])
def test_a_row_is_visible_and_open_to_acts_where_it_belongs_and_nowhere_else(label):
    here, elsewhere = make_location(), make_location()
    row = EXAMPLES[label](here)
    everybody, stranger = (make_user(*((place, role) for role in Role)) for place in (here, elsewhere))
    rows = type(row)._default_manager.filter(pk=row.pk)
    assert visible(rows, everybody).exists()
    assert may(everybody, "view", row)
    assert not visible(rows, stranger).exists()
    assert not may(stranger, "view", row)
    assert not visible(rows, AnonymousUser()).exists()
    assert not may(AnonymousUser(), "view", row)
    assert not may(everybody, "an act that no line lists", row)


def test_a_person_at_two_locations_is_listed_once():
    here, there = make_location(), make_location()
    practitioner = make_practitioner(here)
    practitioner.user.memberships.create(location=there, role=Role.PRACTITIONER)
    both = make_user((here, Role.MANAGER), (there, Role.MANAGER))
    assert visible(Practitioner.objects.all(), both).count() == 1


def test_a_row_of_one_location_costs_no_query_to_place(django_assert_num_queries):
    location = make_location()
    room = location.rooms.earliest("pk")
    with django_assert_num_queries(0):
        assert location_of(room) == location.pk
        assert location_of(location) == location.pk


def test_inactive_people_see_nothing():
    location = make_location()
    user = make_user((location, Role.MANAGER), is_active=False)
    assert not visible(Location.objects.all(), user).exists()


def test_a_superuser_sees_all_without_a_role():
    location = make_location()
    root = User.objects.create_superuser("root@clinic.example", "x", first_name="R", last_name="T")
    assert visible(Location.objects.all(), root).contains(location)
    assert may(root, "change", location)
