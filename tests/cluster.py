"""The tests' PostgreSQL: a cluster that holds a migrated database, of which every worker gets a copy.

Making it takes as long as the migrations do. So it is made once and kept, until what it is made of changes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from clinic.local.home import PROJECT, CannotStart, Home
from clinic.local.postgres import PostgreSQL

TEMPLATE = "clinic_migrated"
KEPT = PROJECT / ".lint_cache" / "clusters"
KEPT_SECONDS = 7 * 86_400
MADE_OF = (
    "*/migrations/*.py",
    "clinic/audit/*.py",
    "clinic/records.py",
    "clinic/local/postgres.py",
    "tests/cluster.py",
    "requirements-dev.txt",
)
VOLATILE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "256MB",
}


class Cluster(PostgreSQL):
    """Begins as a copy of the kept one. Nothing in it outlives the run, so it never waits for the disk."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, VOLATILE)

    @property
    def kept(self) -> Path:
        found = hashlib.sha256(sys.version.encode())
        for path in sorted(path for pattern in MADE_OF for path in PROJECT.glob(pattern)):
            found.update(path.name.encode() + path.read_bytes())
        return KEPT / found.hexdigest()[:16]

    def start_with_template(self) -> None:
        """Start and wait until it answers; migrate the template and keep it, where none is kept yet."""
        is_kept = self.kept.exists()
        self.start()
        self.wait_until_answering(120)
        if not is_kept:
            self._make_template()
            self.stop()
            self._keep()
            self.start()
            self.wait_until_answering(120)

    def _initialise(self, data: Path, bin_directory: Path) -> None:
        if not self.kept.exists():
            super()._initialise(data, bin_directory)
            return
        shutil.copytree(self.kept, data)
        if self.account is not None:
            for path in (data, *data.rglob("*")):
                self.account.own(path)

    def _make_template(self) -> None:
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        url = urlsplit(self.home.database_url)._replace(path=f"/{TEMPLATE}").geturl()
        migrated = subprocess.run(
            [sys.executable, PROJECT / "manage.py", "migrate", "--verbosity=0"],
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "clinic.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        if migrated.returncode != 0:
            raise CannotStart(f"The tests' database was not migrated: {migrated.stderr}")

    def _keep(self) -> None:
        """Copied under another name first: a run beside this one finds the whole cluster or none."""
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.iterdir():
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(dir=KEPT))
        shutil.copytree((self.home.root / "postgres").resolve(), draft / "data")
        with suppress(OSError):  # a run beside this one was first
            (draft / "data").rename(self.kept)
        shutil.rmtree(draft)
