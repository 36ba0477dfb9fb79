"""Whether the service lives, can serve, and what it measures. No sign-in; the figures have a token of their own."""

import hmac
import os
from collections.abc import Callable
from functools import cache

import redis
from django.core.cache import cache as shared_cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

_gauges: dict[str, tuple[str, Callable[[], float]]] = {}


def gauge(name: str, description: str) -> Callable[[Callable[[], float]], Callable[[], float]]:
    """Register what measures `name` (a Prometheus metric, unit in its name) whenever `/metrics` is read."""

    def register(measure: Callable[[], float]) -> Callable[[], float]:
        _gauges[name] = (description, measure)
        return measure

    return register


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and has every migration; 503 with the reason otherwise."""
    try:
        missing = unapplied_migrations()
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "reason": "the database does not answer"}, status=503)
    if missing:
        return JsonResponse({"status": "unavailable", "reason": f"{missing} migrations are not applied"}, status=503)
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Every registered gauge as Prometheus reads it; 401 without `Authorization: Bearer $METRICS_TOKEN`."""
    expected = os.environ.get("METRICS_TOKEN", "")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not expected or scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), expected.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    lines: list[str] = []
    for name, (description, measure) in sorted(_gauges.items()):
        try:
            value = measure()
        except DatabaseError:
            continue  # what cannot be measured is absent, which an alarm can see
        lines += [f"# HELP {name} {description}", f"# TYPE {name} gauge", f"{name} {value:g}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def unapplied_migrations() -> int:
    """How many migrations of this code the database has not. One query."""
    return len(_migrations() - set(MigrationRecorder(connection).applied_migrations()))


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


@gauge("clinic_database_connections", "Connections to this database, of every process.")
def _database_connections() -> float:
    return _one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")


@gauge("clinic_database_size_bytes", "Size of this database.")
def _database_size() -> float:
    return _one("SELECT pg_database_size(current_database())")


@gauge("clinic_longest_transaction_seconds", "Age of the oldest open transaction, which holds back every clean-up.")
def _longest_transaction() -> float:
    return _one(
        "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@gauge("clinic_cache_up", "1 while the cache server answers.")
def _cache_up() -> float:
    try:
        shared_cache.get("clinic_cache_up")
    except (redis.RedisError, OSError):
        return 0
    return 1


def _one(sql: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        (value,) = cursor.fetchone()
    return float(value)
