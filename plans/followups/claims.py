"""Who is at work on which patient of the worklist at this moment: a note in the shared cache, that blocks nobody.

A claim holds for three minutes from the last sign of life of the page that took it. Without the cache there are no
notes, and nothing else is missing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache

from clinic.cache import tried
from clinic.people.models import User

HOLDS_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody is at work on a patient."""

    user: UUID
    name: str
    """Their first name."""


def claim(patient: UUID, user: User) -> Claim | None:
    """Take the patient, or hold on to them; returns who has them already where that is somebody else."""
    key, own = _key(patient), (str(user.pk), user.first_name or str(user))

    def take() -> Claim | None:
        if cache.add(key, own, timeout=HOLDS_SECONDS):
            return None
        found = _read(cache.get(key))
        if found is None or found.user == user.pk:
            cache.set(key, own, timeout=HOLDS_SECONDS)
            return None
        return found

    return tried(take, None)


def release(patient: UUID, user: User) -> None:
    """Let go of the patient, where it is this person who has them."""
    key = _key(patient)

    def let_go() -> None:
        found = _read(cache.get(key))
        if found is not None and found.user == user.pk:
            cache.delete(key)

    tried(let_go, None)


def claims(patients: Collection[UUID], user: User) -> Mapping[UUID, Claim]:
    """Which of the patients others are at work on: one round trip."""
    keys = {_key(patient): patient for patient in patients}
    if not keys:
        return {}
    found: Mapping[str, tuple[str, str]] = tried(lambda: cache.get_many(keys), {})
    read = {keys[key]: _read(value) for key, value in found.items()}
    return {patient: one for patient, one in read.items() if one is not None and one.user != user.pk}


def _key(patient: UUID) -> str:
    return f"desk:{patient}"


def _read(value: tuple[str, str] | None) -> Claim | None:
    return Claim(UUID(value[0]), value[1]) if value else None
