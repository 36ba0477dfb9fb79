"""A signed-in browser for each role."""

import pytest

from tests.console import House


@pytest.fixture
def house(db, frozen):
    return House()
