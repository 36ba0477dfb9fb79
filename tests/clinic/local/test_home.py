import os

import pytest

from clinic.local import home as home_module
from clinic.local.home import CannotStart, Home


def test_one_home_serves_one_instance_at_a_time(home):
    with home.claimed(), pytest.raises(CannotStart, match="already runs"), Home(home.root).claimed():
        pytest.fail("claimed twice")
    with home.claimed():
        pass  # free again


def test_sockets_live_at_a_short_path_however_long_the_homes_is(tmp_path):
    deep = Home(tmp_path.joinpath(*["a rather long directory name"] * 8))
    assert len(os.fsencode(deep.postgres_sockets / ".s.PGSQL.5432.lock")) < 100
    assert deep.sockets != Home(tmp_path).sockets


def test_a_socket_directory_that_somebody_else_prepared_is_refused(home, tmp_path):
    home.remove_sockets()
    home.sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(CannotStart, match="not this instance's own directory"):
            home.create()
    finally:
        home.sockets.unlink()


def test_others_may_not_write_among_the_sockets(home):
    home.sockets.chmod(0o777)
    with pytest.raises(CannotStart, match="remove it, or set CLINIC_HOME"):
        home.create()


def test_a_full_disk_is_named_before_anything_begins(home, monkeypatch):
    monkeypatch.setattr(home_module, "NEEDED_MB", 10**9)
    with pytest.raises(CannotStart, match=r"has \d+ MB left and 1000000000 MB are needed"):
        home.require_space()
