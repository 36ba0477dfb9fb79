import contextlib
import importlib.util
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from clinic.local import postgres as postgres_module
from clinic.local.home import CannotStart
from clinic.local.postgres import PostgreSQL
from tests.cluster import VOLATILE


@pytest.fixture
def postgres(home, start_process):
    server = PostgreSQL(home, VOLATILE)
    start_process(server)
    return server


def query(home, statement):
    with psycopg.connect(home.database_url) as connection:
        return connection.execute(statement).fetchone()[0]


def remember(home):
    with psycopg.connect(home.database_url) as connection:
        connection.execute("CREATE TABLE memory AS SELECT 'kept' AS word")


def restart(server):
    server.start()
    server.wait_until_answering(120)


def test_it_serves_a_database_of_this_version_from_a_path_with_spaces(postgres, home):
    assert " " in str(home.root)
    assert query(home, "SHOW server_version").startswith(postgres_module.MAJOR)
    assert query(home, "SELECT count(*) FROM pg_available_extensions WHERE name = 'btree_gist'") == 1
    assert query(home, "SELECT datlocale FROM pg_database WHERE datname = 'clinic'") == "C.UTF-8"
    assert query(home, "SHOW timezone") == "UTC"


def test_what_a_refused_statement_carries_is_not_logged(postgres, home):
    with psycopg.connect(home.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE people (name text UNIQUE)")
        for _ in range(2):
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO people VALUES ('Dogwood')")
    log = postgres.log.read_text()
    assert "people_name_key" in log
    assert "Dogwood" not in log


def test_it_listens_nowhere_but_on_its_socket(postgres, home):
    assert query(home, "SHOW listen_addresses") == ""
    assert home.postgres_sockets.stat().st_mode & 0o077 == 0


def test_a_stop_leaves_no_process_and_the_next_start_has_the_data(postgres, home):
    remember(home)
    postgres.stop()
    assert not postgres.alive
    assert not (home.root / "postgres" / "postmaster.pid").exists()
    restart(postgres)
    assert query(home, "SELECT word FROM memory") == "kept"


def test_it_recovers_from_kill_9(postgres, home):
    remember(home)
    query(home, "SELECT pg_switch_wal()")
    postgres.kill()
    restart(postgres)
    assert query(home, "SELECT word FROM memory") == "kept"


def test_an_interrupted_first_start_is_begun_anew(home, start_process):
    half_made = home.root / "postgres.draft"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    start_process(PostgreSQL(home, VOLATILE))
    assert query(home, "SELECT 1") == 1
    assert not half_made.exists()


def test_a_pid_file_whose_pid_is_somebody_elses_by_now_is_no_obstacle(postgres, home):
    pid_file = home.root / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    socket_lock = next(home.postgres_sockets.glob("*.lock"))
    stale = socket_lock.read_text().splitlines(keepends=True)
    postgres.stop()
    ours = f"{os.getpid()}\n"
    pid_file.write_text(ours + "".join(lines[1:]))
    home.postgres_sockets.mkdir(mode=0o700)
    socket_lock.write_text(ours + "".join(stale[1:]))
    restart(postgres)
    assert query(home, "SELECT 1") == 1


def test_a_server_that_outlived_its_supervisor_is_replaced(postgres, home, start_process):
    remember(home)
    successor = start_process(PostgreSQL(home, VOLATILE))
    assert not postgres.alive
    assert successor.alive
    assert query(home, "SELECT word FROM memory") == "kept"


def test_data_of_another_version_are_left_alone(postgres, home):
    postgres.stop()
    version = home.root / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(CannotStart, match="was made by PostgreSQL 17"):
        postgres.start()
    assert version.read_text() == "17\n"


def test_a_failing_start_shows_the_end_of_the_log(home, start_process):
    with pytest.raises(CannotStart, match=r"(?s)postgres stopped while starting.*no_such_setting"):
        start_process(PostgreSQL(home, {"no_such_setting": "1"}))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to drop to")
def test_root_runs_it_as_somebody_else_even_where_only_root_may_enter(home, start_process, monkeypatch, tmp_path):
    """The packages and the home below directories of mode 0700, as in /root."""
    packages = tmp_path / "packages"
    installed = importlib.util.find_spec(postgres_module.PACKAGE)
    source = Path(installed.origin).parent
    shutil.copytree(source, packages / postgres_module.PACKAGE)
    shutil.copytree(source.parent / postgres_module.LIBRARIES, packages / postgres_module.LIBRARIES)
    packages.chmod(0o700)
    spec = SimpleNamespace(origin=str(packages / postgres_module.PACKAGE / "__init__.py"))
    monkeypatch.setattr(postgres_module.importlib.util, "find_spec", lambda name: spec)
    home.root.chmod(0o700)

    server = start_process(PostgreSQL(home, VOLATILE))
    data = (home.root / "postgres").resolve()
    try:
        assert query(home, "SELECT 1") == 1
        assert data.stat().st_uid != 0
        assert not data.is_relative_to(home.root)
    finally:
        server.stop()
        shutil.rmtree(data.parent)
