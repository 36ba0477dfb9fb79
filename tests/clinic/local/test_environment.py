import stat
from concurrent.futures import ThreadPoolExecutor

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from clinic.local.environment import ADDRESSES, fill_environment
from clinic.settings import cache_location


@pytest.fixture
def bare(home):
    return {"CLINIC_HOME": str(home.root)}


def test_an_empty_environment_gets_this_machines_own_parts(bare, home):
    fill_environment(bare)
    assert bare["DATABASE_URL"] == home.database_url
    assert bare["BROKER_URL"] == home.broker_url
    assert bare["EMAIL_URL"] == "smtp://127.0.0.1:1025"
    assert bare["PUBLIC_URL"] == "http://localhost:8000"
    assert bare["ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1]"
    assert len(bare["SECRET_KEY"]) >= 50


def test_ports_carry_into_addresses(bare):
    bare |= {"PORT": "8123", "SMTP_PORT": "2525"}
    fill_environment(bare)
    assert (bare["PUBLIC_URL"], bare["EMAIL_URL"]) == ("http://localhost:8123", "smtp://127.0.0.1:2525")


@pytest.mark.parametrize("name", [*ADDRESSES, "SECRET_KEY"])
def test_what_is_set_is_never_changed(bare, name):
    value = "8042" if name.endswith("PORT") else "set by hand"
    fill_environment(bare | {name: value})
    environment = bare | {name: value}
    fill_environment(environment)
    assert environment[name] == value


def test_an_empty_value_counts_as_missing(bare, home):
    bare["DATABASE_URL"] = ""
    fill_environment(bare)
    assert bare["DATABASE_URL"] == home.database_url


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80.5", "٨٠"])
def test_a_port_that_is_none_is_refused_by_name(bare, text):
    with pytest.raises(ImproperlyConfigured, match="SMTP_PORT is"):
        fill_environment(bare | {"SMTP_PORT": text})


def test_the_secret_key_is_made_once_and_private(bare, home):
    def key(_):
        environment = dict(bare)
        fill_environment(environment)
        return environment["SECRET_KEY"]

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(key, range(16)))
    assert len(keys) == 1
    assert stat.S_IMODE((home.root / "secret_key").stat().st_mode) == 0o600


def test_the_home_may_be_relative_and_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"CLINIC_HOME": "state of mine"}
    fill_environment(environment)
    assert environment["CLINIC_HOME"] == str(tmp_path / "state of mine")


def test_django_reads_the_database_address_as_a_socket_directory(home):
    parsed = environ.Env.db_url_config(home.database_url)
    assert (parsed["NAME"], parsed["USER"], parsed["HOST"]) == ("clinic", "clinic", "")
    assert parsed["OPTIONS"] == {"host": str(home.postgres_sockets)}


def test_the_cache_is_another_database_of_the_broker(home):
    assert cache_location(home.broker_url) == f"unix://{home.broker_socket}?db=1"


def test_a_second_terminal_joins_the_running_instance(bare, home):
    with home.claimed():
        home.announce({"PORT": "8123", "EMAIL_URL": "smtp://mail.example:25", "PUBLIC_URL": "http://localhost:8123"})
        fill_environment(bare)
    assert (bare["PORT"], bare["EMAIL_URL"]) == ("8123", "smtp://mail.example:25")


def test_what_a_killed_instance_announced_is_not_believed(bare, home):
    (home.root / "lock").touch()
    home.announce({"PORT": "8123"})
    fill_environment(bare)
    assert bare["PORT"] == "8000"
