"""Removes a stopped instance's state, for `make clean`: `python -m clinic.local.clean`."""

import os
import shutil
import sys
from contextlib import suppress

from clinic.local.home import CannotStart, Home

OURS = ("log", "mail", "secret_key", "running.json", "postgres.draft", "lock")
"""By name, in case CLINIC_HOME points at a directory that holds other things too."""


def remove(home: Home) -> None:
    """Raises CannotStart while an instance runs from there."""
    if not home.root.is_dir():
        return
    with home.claimed():
        data = home.root / "postgres"
        if data.is_symlink():  # root's, where PostgreSQL's user could not enter the home
            shutil.rmtree(data.resolve().parent, ignore_errors=True)
            data.unlink()
        shutil.rmtree(data, ignore_errors=True)
        for binaries in home.root.glob("postgresql-*"):
            shutil.rmtree(binaries)
        for name in OURS:
            path = home.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        home.remove_sockets()
    with suppress(OSError):  # not empty: somebody else's
        home.root.rmdir()


if __name__ == "__main__":
    try:
        remove(Home.of(os.environ))
    except CannotStart as error:
        sys.exit(str(error))
