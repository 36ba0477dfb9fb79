"""Shorthand for the tests of the worklist: what htmx asks for, and what a click sends."""

import re
from typing import Any

from tests.console import words

LIST = "/admin/plans/followup/"
DESK = f"{LIST}desk/"
HTMX = {"HX-Request": "true"}
HERE = f"{LIST}?state=due"


def row(clinic: Any) -> str:
    return f"{DESK}follow_up/{clinic.follow_up.pk}/"


def show(browser: Any, path: str) -> str:
    return words(browser.get(path, headers=HTMX))


def send(browser: Any, path: str, **data: str) -> Any:
    return browser.post(path, {"next": HERE, **data}, headers=HTMX)


def slots(text: str) -> list[str]:
    return re.findall(r'name="slot" value="([^"]+)"', text)
