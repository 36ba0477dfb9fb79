"""Writes what signing in leaves behind."""

from datetime import datetime

from knox.models import AuthToken


def tokens_forget(*, now: datetime) -> int:
    """Delete the tokens that have ended; returns how many."""
    forgotten: int = AuthToken.objects.filter(expiry__lte=now).delete()[0]
    return forgotten
