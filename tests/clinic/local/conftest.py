"""A home of its own for each test: these start, kill and orphan servers."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.local.home import Home


@pytest.fixture
def home() -> Iterator[Home]:
    """A home whose path has spaces, below a directory that PostgreSQL's user may pass through."""
    base = Path(tempfile.mkdtemp(prefix="a clinic's home "))
    if os.geteuid() == 0:
        base.chmod(0o711)
    home = Home(base / "local state")
    home.create()
    yield home
    home.remove_sockets()
    shutil.rmtree(base)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A bound port that nobody listens on yet."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound
