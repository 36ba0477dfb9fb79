"""What several people want at once: one retry."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError

from clinic.audit.history import is_recording
from clinic.errors import Busy
from clinic.locking import is_contention

P = ParamSpec("P")
R = TypeVar("R")


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Run `service` once more where it lost a deadlock or waited too long for a lock; then refuse with `Busy`.

    Inside another service's transaction the failure goes up to that service.
    """

    @wraps(service)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_recording():
            return service(*args, **kwargs)
        try:
            return service(*args, **kwargs)
        except OperationalError as error:
            if not is_contention(error):
                raise
        try:
            return service(*args, **kwargs)
        except OperationalError as error:
            if not is_contention(error):
                raise
            raise Busy("Somebody else is changing this right now. Nothing was changed; try again.") from error

    return attempt
