"""Every page of the console × role against the role table; a GET never changes anything."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from clinic.access.roles import GRANTS, Role
from clinic.access.visibility import LOCATION_PATHS
from clinic.console.reader import reading
from clinic.records import Record
from patients.models import Allergy, HistoryEntry
from plans.messages.models import MessagePolicy
from plans.scheduling.models import VisitType
from tests.clinic.console.walk import NO_LIST, pages
from tests.examples import EXAMPLES
from tests.factories import make_location, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.desk_number]

PAGES = list(pages())
OF_ROWS = [page for page in PAGES if page.is_of_a_row]


class World:
    """An example of each resource and somebody of each role at one location; at another one somebody with all."""

    def __init__(self) -> None:
        self.here, elsewhere = make_location("Here"), make_location("Elsewhere")
        self.clients = {role: signed_in(make_user((self.here, role))) for role in Role}
        self.stranger = signed_in(make_user(*((elsewhere, role) for role in Role)))
        self.watched = signed_in(
            make_user(*((self.here, role) for role in Role)), client=Client(enforce_csrf_checks=True)
        )
        self.rows: dict[str, Any] = {label: make(self.here) for label, make in EXAMPLES.items()}
        patient = self.rows["patients.patient"]
        self.rows |= {
            "clinic.user": make_user((self.here, Role.FRONT_DESK)),
            "patients.allergy": Allergy.objects.create(patient=patient, substance="Lidocaine"),
            "patients.historyentry": HistoryEntry.objects.create(
                patient=patient, kind="condition", description="Asthma"
            ),
            "plans.visittype": VisitType.objects.create(location=self.here, kind="session"),
            "plans.messagepolicy": MessagePolicy.objects.create(
                location=self.here, days_before=2, send_at=time(10), visit_kind="session"
            ),
        }


def signed_in(user: Any, client: Client | None = None) -> Client:
    client = client or Client()
    client.force_login(user)
    return client


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


OURS = "|".join(model._meta.db_table for model in apps.get_models() if issubclass(model, Record))
WRITES = re.compile(rf'^(INSERT INTO|UPDATE|DELETE FROM)\s+"?({OURS})\b', re.IGNORECASE)


@contextmanager
def changing_nothing() -> Iterator[None]:
    """Within this block a statement that writes one of our tables fails."""

    def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
        assert not WRITES.match(sql), f"reading a page wrote: {sql[:200]}"
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse):
        yield


def test_every_table_of_the_console_is_in_the_role_table_and_belongs_to_a_location():
    for model in admin.site._registry:
        assert model._meta.label_lower in GRANTS
        assert model._meta.label_lower in LOCATION_PATHS


def test_tables_of_django_and_of_packages_are_not_there():
    assert {model._meta.app_label for model in admin.site._registry} == {"clinic", "patients", "plans"}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_nobody_sees_a_page_without_signing_in(page, world):
    response = Client().get(page.path(world.rows))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_opens_for_those_whom_the_role_table_allows_and_nobody_else_and_changes_nothing(page, world):
    for role, client in world.clients.items():
        with changing_nothing():
            response = client.get(page.path(world.rows))
        if role not in page.allowed:
            assert response.status_code == 403, f"{role} may not: {response.status_code}"
        elif page.kind == "list" and page.resource in NO_LIST:
            assert response.status_code == 302
        else:
            assert response.status_code == 200, f"{role} may: {response.status_code}"
            body = response.content.decode()
            assert "| Clinic</title>" in body
            assert body.count("<h1") == 1


@pytest.mark.parametrize("page", OF_ROWS, ids=str)
def test_who_may_not_do_it_changes_nothing_by_posting(page, world):
    rows = type(world.rows[page.resource])._default_manager.filter(pk=world.rows[page.resource].pk)
    before = rows.values().get()
    for role, client in world.clients.items():
        if role not in page.allowed:
            assert client.post(page.path(world.rows), {"reason": "Because", "post": "yes"}).status_code == 403
    assert rows.values().get() == before


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_somebody_of_another_location_finds_nothing_here(page, world):
    response = world.stranger.get(page.path(world.rows))
    row = world.rows[page.resource]
    if not page.allowed or LOCATION_PATHS[page.resource] is None:
        assert response.status_code in ({200, 403} if page.allowed else {403, 404})
    elif page.is_of_a_row or "?" in page.path(world.rows):
        assert response.status_code == 404
        # 403 where nobody may post at all, whoever they are.
        posted = world.stranger.post(page.path(world.rows), {"reason": "Because", "post": "yes"})
        assert posted.status_code in ({404} if page.kind == "act" else {403, 404})
    else:
        assert response.status_code in {200, 302}
        assert str(row.pk) not in response.content.decode()


@pytest.mark.parametrize("page", OF_ROWS, ids=str)
def test_a_row_that_does_not_exist_is_not_found(page, world):
    for key in ("01890000-0000-7000-8000-000000000000", "nonsense"):
        path = page.path(world.rows).replace(str(world.rows[page.resource].pk), key)
        for role in sorted(page.allowed)[:1]:
            assert world.clients[role].get(path).status_code == 404


@pytest.mark.parametrize("path", ["/admin/", "/admin/search/?s=a", "/admin/password_change/"])
def test_a_page_of_everybody_opens_and_changes_nothing(path, world):
    for client in world.clients.values():
        with changing_nothing():
            assert client.get(path).status_code == 200


def test_a_page_that_wrote_would_be_caught(world):
    rows = type(world.here)._default_manager.filter(pk=world.here.pk)
    with pytest.raises(AssertionError, match="reading a page wrote"), changing_nothing():
        rows.update(name="Somewhere")


@pytest.mark.parametrize("query", ["?q=%00", "?o=99", "?p=abc", "?status=nonsense", "?location=x", "?e=1"])
def test_a_list_takes_any_address(query, world):
    for page in PAGES:
        if page.kind == "list":
            path = page.path(world.rows) + query
            response = world.clients[Role.MANAGER].get(path, follow=True)
            assert response.status_code in {200, 400, 403}, path


def test_every_declared_filter_of_a_list_works(world):
    for page in PAGES:
        model = type(world.rows[page.resource])
        model_admin = admin.site._registry[model]
        if page.kind == "list" and page.resource not in NO_LIST:
            client = world.clients[next(iter(page.allowed))]
            for one in model_admin.list_filter:
                path = f"{page.path(world.rows)}?{one.parameter_name}="
                response = client.get(f"{path}x", follow=True)
                assert response.status_code == 200, path
                request = response.wsgi_request
                with reading(request.user):
                    choices = [key for key, _ in one(request, {}, model, model_admin).lookup_choices]
                for value in choices or [world.here.pk]:
                    assert client.get(f"{path}{value}", follow=True).status_code == 200, f"{path}{value}"


def test_a_list_cannot_be_asked_about_columns_that_it_does_not_show(world):
    response = world.clients[Role.FRONT_DESK].get("/admin/plans/treatmentplan/?status_reason__icontains=a")
    assert response.status_code == 400


def test_the_sidebar_names_jobs_and_only_those_the_reader_has(world):
    def entries(role: Role) -> list[str]:
        context = world.clients[role].get("/admin/").context
        return [item["title"] for group in context["sidebar_navigation"] for item in group["items"]]

    daily = ["Today", "Patients", "Follow-ups", "Calendar", "Plans", "Sessions", "Messages"]
    for role in Role:
        assert entries(role)[:7] == daily
    assert "People" in entries(Role.MANAGER)
    assert "People" not in entries(Role.FRONT_DESK)


@pytest.mark.parametrize("page", [page for page in PAGES if page.act is not None], ids=str)
def test_a_transition_needs_the_token_against_forgery(page, world):
    assert world.watched.get(page.path(world.rows)).status_code == 200
    assert world.watched.post(page.path(world.rows), {"reason": "Because"}).status_code == 403


def test_an_address_of_an_application_leads_home(world):
    response = world.clients[Role.MANAGER].get("/admin/plans/")
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
