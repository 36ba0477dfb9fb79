"""What a form carries instead of a session's token against forged requests, so that it works without cookies.

The address itself is the secret; the seal proves that the form was on a page that we served for it, and not long ago.
(Django's own check refuses a page that sends no referrer: browsers then name their origin “null”.)
"""

from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer

VALID_FOR = timedelta(hours=24)


def seal(token: str, now: datetime) -> str:
    """What a form on a page of `token` carries."""
    return _signer(token).sign(str(int(now.timestamp())))


def is_sealed(token: str, given: str, now: datetime, valid_for: timedelta = VALID_FOR) -> bool:
    """Whether `given` was sealed for a page of `token`, and no longer ago than that."""
    try:
        made = int(_signer(token).unsign(given))
    except (BadSignature, ValueError):
        return False
    return 0 <= now.timestamp() - made + 1 <= valid_for.total_seconds()


def _signer(token: str) -> Signer:
    return Signer(salt=f"patient form {token}", sep=".")
