"""Severity scales and their values (pure). Sources: Norwood 1975, Ludwig 1977, Sinclair 2004, Savin 1992, SALT 2004."""

import re
from collections.abc import Callable

from django.db.models import TextChoices


class Scale(TextChoices):
    NORWOOD_HAMILTON = "norwood_hamilton", "Norwood–Hamilton"
    LUDWIG = "ludwig", "Ludwig"
    SINCLAIR = "sinclair", "Sinclair"
    SAVIN = "savin", "Savin"
    SALT = "salt", "SALT"
    PULL_TEST = "pull_test", "Pull test"


NORWOOD_HAMILTON = ("I", "II", "IIa", "III", "IIIa", "III-vertex", "IV", "IVa", "V", "Va", "VI", "VII")
LUDWIG = ("I", "II", "III")
SINCLAIR = ("1", "2", "3", "4", "5")
SAVIN_STAGES = ("I-1", "I-2", "I-3", "I-4", "II-1", "II-2", "III", "advanced")
SAVIN = SAVIN_STAGES + tuple(f"{stage} frontal" for stage in SAVIN_STAGES)


def _is_salt(value: str) -> bool:
    return re.fullmatch(r"\d{1,3}", value, re.ASCII) is not None and int(value) <= 100


def _is_pull_test(value: str) -> bool:
    match = re.fullmatch(r"(\d{1,3})/(\d{1,3})", value, re.ASCII)
    return match is not None and 0 < int(match[2]) <= 100 and int(match[1]) <= int(match[2])


_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    Scale.NORWOOD_HAMILTON: (NORWOOD_HAMILTON.__contains__, ", ".join(NORWOOD_HAMILTON)),
    Scale.LUDWIG: (LUDWIG.__contains__, ", ".join(LUDWIG)),
    Scale.SINCLAIR: (SINCLAIR.__contains__, ", ".join(SINCLAIR)),
    Scale.SAVIN: (SAVIN.__contains__, ", ".join(SAVIN_STAGES) + ", each with or without “ frontal”"),
    Scale.SALT: (_is_salt, "a whole number from 0 to 100"),
    Scale.PULL_TEST: (_is_pull_test, "hairs out / hairs grasped, such as 3/55, with 1 to 100 grasped"),
}


def allowed_values(scale: str) -> str:
    """In words, what `scale` takes."""
    return _RULES[scale][1]


def is_valid(scale: str, value: str) -> bool:
    """Whether `value` stands on `scale`."""
    return scale in _RULES and _RULES[scale][0](value)
