"""A patient of the clinic with a visit, and browsers that hold nothing but what a page gave them."""

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from plans.messages.links import Link, Purpose
from plans.portal.views import lost
from tests.plans.scheduling.conftest import Clinic, clinic

__all__ = ["clinic"]

BORN = {"day": "17", "month": "5", "year": "1985"}


class Browser(Client):
    """Sends a form with what its page gave it."""

    def press(self, path: str, page: str = "", **values: Any) -> Any:
        """POST to `path` what the forms of `page` (or else of `path`) hide in them, with `values`."""
        found = self.get(page or path)
        return self.post(path, {**hidden(found), **values})

    def tell_birth(self, path: str, **born: str) -> Any:
        """Answer the question for the date of birth that stands on `path`."""
        page = self.get(path)
        action = re.search(r'action="([^"]+/birth/)"', page.content.decode())
        assert action, "this page does not ask for the date of birth"
        return self.post(action[1], {**hidden(page), **BORN, **born})


def hidden(page: Any) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.content.decode())
    return dict(found)


def words(page: Any) -> str:
    """What a page says, without its tags and with single spaces."""
    text = re.sub(r"<(style|script).*?</\1>", " ", page.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def path_of(purpose: Purpose, row: Any, name: str = "", *, generation: int = 1, last_day: date | None = None) -> str:
    """Where a link to `row` leads, or the page `name` below it."""
    token = Link(purpose, row.pk, generation, last_day).token
    return f"/p/{token}/{name}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing counted before, no waiting, and the language of the test's thread as it was."""
    monkeypatch.setattr(lost, "ANSWER_SECONDS", 0)
    cache.clear()
    language = translation.get_language()
    yield
    assert translation.get_language() == language


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def visit(clinic: Clinic) -> Any:
    """Monday 9 March, 10:00 in New York: the patient's consultation."""
    return clinic.book()
