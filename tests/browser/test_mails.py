"""Mails as a browser shows them: readable by day and by night, and on the narrowest phone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from plans.messages.models import MessageKind
from plans.messages.render import render
from plans.messages.samples import sample_mail
from tests.browser.test_accessibility import faults
from tests.plans.messages.test_render import LINDEN, RENDERED, any_sample

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
KINDS = [MessageKind.REMINDER, MessageKind.CANCELLED, MessageKind.OFFER, MessageKind.CHECK_IN]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_mail_can_be_read_by_everybody_in_any_colour(page, language):
    found = []
    for kind, colour in zip(KINDS, ["#0f5f59", "#ffe100", "#101010", "#ff7a59"], strict=True):
        html = render(any_sample(kind, language, replace(LINDEN, brand_colour=colour))).html
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_content(html)
            found += [f"{kind}, {colour}, {scheme}: {fault}" for fault in faults(page, RULES)]
    assert not found, "\n".join(found)


OUTSIDE = """[...document.querySelectorAll("body *")].filter(element => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && (box.left < 0 || box.right > innerWidth);
}).map(element => element.textContent.trim())"""
"""The text of what is cut off: a card hides what does not fit it, so that nothing scrolls."""
LONG_DAY = datetime(2026, 9, 16, 15, tzinfo=UTC)
"""A week before a Wednesday in September, the longest date there is."""


@pytest.mark.parametrize("language", ["en", "es", "de", "ar"])
def test_a_mail_fits_the_narrowest_phone(page, language):
    page.set_viewport_size({"width": 320, "height": 640})
    page.set_content("<p style='width:400px'>wide</p>")
    assert page.evaluate(OUTSIDE) == ["wide"]
    for kind in RENDERED:
        page.set_content(render(sample_mail(kind, LINDEN, now=LONG_DAY, language=language, name="Maximiliane")).html)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, kind
        assert page.evaluate(OUTSIDE) == [], kind
