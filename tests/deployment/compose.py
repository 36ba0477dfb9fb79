"""The compose file as its services see it."""

import re
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent.parent
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
APPLICATION = ("web", "worker", "beat", "migrate")


def document() -> dict[str, Any]:
    """docker-compose.yml, anchors merged, variables as written."""
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    return loaded


def services() -> dict[str, dict[str, Any]]:
    """Every service by name."""
    found: dict[str, dict[str, Any]] = document()["services"]
    return found


def variables() -> dict[str, str | None]:
    """Each variable that the file takes from .env, with its default; None where it is required."""
    text = (PROJECT / "docker-compose.yml").read_text()
    return {found["name"]: found["rest"] if found["kind"] == "-" else None for found in VARIABLE.finditer(text)}


def interpolated(text: str, values: dict[str, str]) -> str:
    """`text` with its variables as compose fills them from `values`."""
    return VARIABLE.sub(lambda found: values.get(found["name"]) or found["rest"] or "", text)


def example() -> dict[str, str]:
    """.env.example, by name."""
    lines = (PROJECT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
