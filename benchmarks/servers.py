"""The servers of one run: PostgreSQL, broker and mail sink, in a temporary directory, gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.sink import Sink
from clinic.local.broker import Valkey
from clinic.local.environment import fill_environment
from clinic.local.home import Home
from clinic.local.postgres import PostgreSQL

SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "30min"}
"""Commits are as durable as in production; only checkpoints do not fall into a measure."""
VOLATILE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@contextmanager
def running_servers(*, is_durable: bool = True) -> Iterator[None]:
    """Start them and point this process's environment at them, whatever the shell says."""
    directory = Path(tempfile.mkdtemp(prefix="clinic-bench-"))
    if os.geteuid() == 0:
        directory.chmod(0o711)  # PostgreSQL drops to another user on its way to its data
    home = Home(directory / "home")
    home.create()
    postgres, valkey, sink = PostgreSQL(home, SETTINGS if is_durable else SETTINGS | VOLATILE), Valkey(home), Sink(home)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stack.callback(home.remove_sockets)
        for server in (postgres, valkey, sink):
            stack.callback(server.stop)
            server.start()
        for server in (postgres, valkey, sink):
            server.wait_until_answering()
        for name in ("SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "PORT", "SMTP_PORT"):
            os.environ.pop(name, None)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "CLINIC_LOCAL": "1",
            "CLINIC_HOME": str(home.root),
            "DATABASE_URL": home.database_url,
            "BROKER_URL": home.broker_url,
            "EMAIL_URL": sink.url,
            "LOG_LEVEL": "WARNING",
        }
        fill_environment(os.environ)
        yield
