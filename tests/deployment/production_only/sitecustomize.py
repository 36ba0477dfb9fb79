"""On PYTHONPATH, makes an interpreter one that has production's packages only, and no local mode.

Python imports a module of this name by itself when it starts.
"""

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

PROJECT = Path(__file__).resolve().parent.parent.parent.parent


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


PINNED = {
    normalised(name) for name in re.findall(r"^([\w.-]+)==", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
}
ABSENT = {
    module
    for module, owners in packages_distributions().items()
    if not {normalised(owner) for owner in owners} & PINNED
}


class Absence(MetaPathFinder):
    """Finds nothing, and lets nobody else find it, where production has nothing."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in ABSENT or fullname == "clinic.local":
            raise ModuleNotFoundError(f"No module named {fullname!r} in production", name=fullname)
        return None


sys.meta_path.insert(0, Absence())
