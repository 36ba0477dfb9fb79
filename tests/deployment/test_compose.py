"""What docker-compose.yml, .env.example and the Dockerfile promise, as far as it can be known without Docker."""

import json
import re
import shlex

import jsonschema
import pytest

from clinic.settings import REQUIRED
from tests.deployment.compose import APPLICATION, PROJECT, document, example, services, variables

SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|_URL$")
NO_SECRET = {"PUBLIC_URL", "BROKER_URL"}
SPECIFICATION = json.loads((PROJECT / "tests/deployment/compose-spec.json").read_text())
"""The Compose Specification's own schema (Apache License 2.0), as Docker Compose 2.40 carries it."""


def lines_of(name: str) -> list[str]:
    """The lines of a file at the project's root that say something."""
    lines = (PROJECT / name).read_text().replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def test_the_compose_file_is_valid_by_the_compose_specification():
    jsonschema.Draft7Validator(SPECIFICATION).validate(document())


def test_the_specification_would_refuse_a_misspelt_option():
    broken = document()
    broken["services"]["web"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SPECIFICATION).validate(broken)


@pytest.mark.parametrize("name", services())
def test_every_service_runs_unprivileged_on_a_read_only_disk(name):
    service = services()[name]
    assert service["user"].partition(":")[0] not in ("", "0", "root")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", services())
def test_every_service_that_stays_has_a_health_check_and_comes_back(name):
    service = services()[name]
    if name == "migrate":
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", services())
def test_no_secret_stands_in_the_compose_file(name):
    for variable, value in (services()[name].get("environment") or {}).items():
        if SECRET.search(variable) and variable not in NO_SECRET:
            assert re.search(r"\$\{\w+:[?-][^}]*\}", value), variable
            assert not re.search(r"\$\{\w+:-[^}]+\}", value), f"{variable} has a default"


@pytest.mark.parametrize("name", APPLICATION)
def test_every_process_of_the_application_gets_what_the_settings_require(name):
    assert set(REQUIRED) <= set(services()[name]["environment"])


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_the_application_starts_on_a_migrated_database_only(name):
    assert services()[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services()["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_the_web_server_does_not_wait_for_a_healthy_broker():
    assert services()["web"]["depends_on"]["valkey"] == {"condition": "service_started"}


def test_the_database_keeps_its_data_where_the_image_of_version_18_puts_it():
    postgres = services()["postgres"]
    assert postgres["image"].startswith("postgres:18")
    assert "postgres:/var/lib/postgresql" in postgres["volumes"]
    assert "postgres" in document()["volumes"]


def test_database_and_broker_are_on_an_inner_network_only():
    assert document()["networks"]["servers"] == {"internal": True}
    for name in ("postgres", "valkey"):
        assert services()[name]["networks"] == ["servers"]
        assert "ports" not in services()[name]


def test_ports_are_published_on_this_machine_only_unless_somebody_says_otherwise():
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert published
    for port in published:
        assert port.startswith(("127.0.0.1:", "${HTTP_BIND:-127.0.0.1}:"))


def test_mailpit_is_there_for_trying_out_only():
    assert [name for name, service in services().items() if "profiles" in service] == ["mailpit"]
    assert services()["mailpit"]["profiles"] == ["try"]


def test_the_example_environment_names_each_variable_with_the_same_default():
    defaults = variables()
    assert set(example()) == set(defaults)
    differing = {name for name, default in defaults.items() if default and example()[name] != default}
    assert differing == {"BEHIND_PROXY"}  # the file is safe without a proxy, the example shows one


def test_the_example_environment_holds_no_secret():
    filled = {name for name, value in example().items() if value and SECRET.search(name)}
    assert filled == {"PUBLIC_URL"}


def test_git_ignores_the_real_environment():
    assert ".env" in lines_of(".gitignore")


def test_the_image_installs_nothing_that_is_not_pinned_with_its_hash():
    installs = [line for line in lines_of("Dockerfile") if "pip install" in line]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "requirements.txt" in installs[0]
    assert "requirements-dev" not in (PROJECT / "Dockerfile").read_text()


def test_the_image_runs_as_an_unprivileged_user_in_exec_form():
    instructions = [line.partition(" ") for line in lines_of("Dockerfile")]
    users = [value for name, _, value in instructions if name == "USER"]
    assert users[-1] == services()["web"]["user"]
    (command,) = [value for name, _, value in instructions if name == "CMD"]
    assert json.loads(command)[:2] == ["gunicorn", "clinic.wsgi"]


def test_no_secret_becomes_a_layer_of_the_image():
    for line in lines_of("Dockerfile"):
        instruction, _, rest = line.partition(" ")
        if instruction in ("ENV", "ARG"):
            assert not any(SECRET.search(word.partition("=")[0]) for word in shlex.split(rest))


def test_the_image_takes_in_only_what_production_runs():
    patterns = lines_of(".dockerignore")
    assert patterns[0] == "*"
    assert {"clinic/local", "clinic/static/local", "clinic/templates/local"} <= set(patterns)
    assert {pattern[1:] for pattern in patterns if pattern.startswith("!")} == {
        "manage.py",
        "requirements.txt",
        "clinic",
        "patients",
        "plans",
        "docker/healthcheck.py",
    }
