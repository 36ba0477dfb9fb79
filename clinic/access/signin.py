"""Limits on signing in: only failures count, and nobody can lock a colleague out for longer than a minute.

Failures are counted for each address, and for each email together with the address it was tried from: who guesses a
colleague's password from elsewhere does not stand in their way. Without the cache server nothing is counted.
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from clinic.access import counting

WINDOW_SECONDS = 60
FAILURES_PER_EMAIL, FAILURES_PER_ADDRESS = 10, 60
"""In one window; a practice behind one address shares the second."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in as `email` from `address`."""

    email: str
    address: str

    def seconds_to_wait(self) -> int:
        """How long until this may be tried; 0 means now."""
        for key, limit in self._limits():
            if counting.count(key, WINDOW_SECONDS) >= limit:
                return counting.seconds_left(WINDOW_SECONDS)
        return 0

    def failed(self) -> None:
        for key, _ in self._limits():
            counting.add(key, WINDOW_SECONDS)

    def succeeded(self) -> None:
        """Forget this person's own slips; what the address did stays counted."""
        counting.forget(self._email_key, WINDOW_SECONDS)

    @property
    def _email_key(self) -> str:
        return f"sign-in:{self.address}:{self.email.lower()}"

    def _limits(self) -> list[tuple[str, int]]:
        return [(self._email_key, FAILURES_PER_EMAIL), (f"sign-in:{self.address}", FAILURES_PER_ADDRESS)]


def address_of(request: HttpRequest) -> str:
    """The client's address: the peer's, or behind our own proxy the last one that proxy wrote down."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
