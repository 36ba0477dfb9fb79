import pytest
from django.db import DatabaseError, connection
from django.test import Client

from clinic import health

pytestmark = pytest.mark.django_db


def test_a_process_that_answers_is_alive_without_asking_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/health/live").json() == {"status": "ok"}


def test_ready_is_one_query_and_needs_no_sign_in(django_assert_max_num_queries):
    Client().get("/health/ready")
    with django_assert_max_num_queries(2):
        response = Client().get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_missing_migration_is_named_as_the_reason():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'plans'")
    response = Client().get("/health/ready")
    assert response.status_code == 503
    assert "migrations are not applied" in response.json()["reason"]


def test_a_database_that_does_not_answer_is_named_as_the_reason(monkeypatch):
    def down() -> int:
        raise DatabaseError

    monkeypatch.setattr(health, "unapplied_migrations", down)
    response = Client().get("/health/ready")
    assert (response.status_code, response.json()["reason"]) == (503, "the database does not answer")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", "Token right", "Bearer ÿ"])
def test_metrics_need_their_token(monkeypatch, header):
    monkeypatch.setenv("METRICS_TOKEN", "right")
    response = Client().get("/metrics", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_configured_token_nobody_reads_metrics(monkeypatch):
    monkeypatch.delenv("METRICS_TOKEN", raising=False)
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_metrics_are_prometheus_text(monkeypatch):
    monkeypatch.setenv("METRICS_TOKEN", "right")
    response = Client().get("/metrics", headers={"Authorization": "Bearer right"})
    assert response.status_code == 200
    lines = response.content.decode().splitlines()
    assert "# TYPE clinic_database_size_bytes gauge" in lines
    values = dict(line.split() for line in lines if not line.startswith("#"))
    assert float(values["clinic_database_size_bytes"]) > 0
    assert values["clinic_cache_up"] == "1"


def test_the_root_leads_to_the_console():
    assert Client().get("/").headers["Location"] == "/admin/"
