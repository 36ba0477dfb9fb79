"""Every address of the portal, behind a link of every purpose: reading changes nothing, strangers find nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import get_resolver

from clinic.logs import Formatter
from patients.services import patient_revoke_links
from plans.messages.links import Link, Purpose
from plans.portal import urls
from plans.portal.access import CLINICAL, OWN, Page, open_link
from plans.scheduling.services import waitlist_add, waitlist_offer
from tests import factories
from tests.clinic.console.test_walk import changing_nothing
from tests.plans.portal.conftest import Browser, words

BELOW = {
    "": None,
    "confirm/": {Purpose.VISIT},
    "move/": {Purpose.VISIT},
    "cancel/": {Purpose.VISIT},
    "calendar.ics": {Purpose.VISIT},
    "book/": {Purpose.FOLLOW_UP},
    "call/": {Purpose.FOLLOW_UP},
    "accept/": {Purpose.OFFER},
    "decline/": {Purpose.OFFER},
    "birth/": set(Purpose) - {Purpose.UNSUBSCRIBE},
    "progress/": set(Purpose) - {Purpose.UNSUBSCRIBE},
    "aftercare/": set(Purpose) - {Purpose.UNSUBSCRIBE},
    "check-in/": set(Purpose) - {Purpose.UNSUBSCRIBE},
    "preferences/": set(Purpose),
    "unsubscribe/": set(Purpose),
}
"""What stands below a link, and the purposes behind which it opens; None: all."""


@pytest.fixture
def tokens(clinic: Any, frozen: Any) -> dict[Purpose, str]:
    """A link of every purpose to the same patient, all of which open now."""
    done = factories.perform(clinic.sessions[0], clinic.practitioner)
    frozen.shift(timedelta(days=1))
    visit = clinic.book(day=clinic.sessions[1].target_date, session=clinic.sessions[1])
    follow_up = clinic.follow_ups[0]
    entry = waitlist_add(by=clinic.desk, patient=clinic.patient)
    waitlist_offer(entry_id=entry.pk, by=clinic.desk, starts_at=clinic.at("15:00"), practitioner=clinic.practitioner)
    subjects = {
        Purpose.VISIT: visit,
        Purpose.AFTERCARE: done,
        Purpose.CHECK_IN: done.check_ins.earliest("target_date"),
        Purpose.FOLLOW_UP: follow_up,
        Purpose.OFFER: entry,
        Purpose.HOME: clinic.patient,
        Purpose.UNSUBSCRIBE: clinic.patient,
    }
    return {purpose: Link(purpose, row.pk, 1).token for purpose, row in subjects.items()}


def test_every_address_below_a_link_is_in_this_table():
    own = [str(pattern.pattern) for pattern in urls.urlpatterns]
    assert {path.removeprefix("<str:token>/") for path in own if path.startswith("<str:token>/")} == set(BELOW)
    assert {path for path in own if not path.startswith("<str:token>/")} == {
        "",
        "look/<str:colour>.css",
        "look/<uuid:location_id>/logo",
    }
    assert [str(one.pattern) for one in get_resolver().url_patterns].count("p/") == 1
    assert set(OWN) == set(urls.OPENS) == set(Purpose)


@pytest.mark.parametrize("is_known", [False, True], ids=["unknown", "known"])
def test_reading_any_page_behind_any_link_changes_nothing(clinic, tokens, is_known):
    browser = Browser()
    if is_known:
        browser.tell_birth(f"/p/{tokens[Purpose.HOME]}/progress/")
    for number, (purpose, token) in enumerate(tokens.items()):
        for name, opens in BELOW.items():
            path = f"/p/{token}/{name}"
            with changing_nothing():
                page = browser.get(path, REMOTE_ADDR=f"192.0.2.{number}")
            expected = {200, 302, 303} if opens is None or purpose in opens else {404}
            assert page.status_code in expected, path
            assert page["Cache-Control"] == "no-store"
            assert page["Referrer-Policy"] == "no-referrer"
            with changing_nothing():
                assert browser.options(path).status_code == 405
                assert browser.delete(path).status_code == 405


def test_nothing_clinical_opens_before_the_date_of_birth_behind_any_link(tokens):
    browser = Browser()
    for token in tokens.values():
        for name in ("progress/", "aftercare/", "check-in/"):
            page = browser.get(f"/p/{token}/{name}")
            assert page.status_code == 404 or "Is it you?" in words(page)


def test_a_post_with_nothing_in_it_changes_nothing_but_for_unsubscribing(tokens):
    browser = Browser()
    for number, token in enumerate(tokens.values()):
        for name in BELOW:
            if name == "unsubscribe/" or (name == "" and token == tokens[Purpose.UNSUBSCRIBE]):
                continue
            with changing_nothing():
                page = browser.post(f"/p/{token}/{name}", REMOTE_ADDR=f"192.0.2.{number}")
            assert page.status_code < 500
            assert page.status_code != 303, f"{name} did something"


def test_a_revoked_link_opens_unsubscribing_alone(clinic, tokens):
    patient_revoke_links(patient_id=clinic.patient.pk)
    for number, token in enumerate(tokens.values()):
        for name in BELOW:
            page = Browser().get(f"/p/{token}/{name}", REMOTE_ADDR=f"192.0.2.{number}")
            is_open = name == "unsubscribe/" or (name == "" and token == tokens[Purpose.UNSUBSCRIBE])
            assert page.status_code == (200 if is_open else 410)


def test_what_a_link_opens_is_one_query(frozen, tokens, django_assert_num_queries):
    from clinic import clock

    for purpose, token in tokens.items():
        with django_assert_num_queries(2 if purpose is Purpose.FOLLOW_UP else 1):
            opened = open_link(token, clock.now())
        assert opened is not None
        for page in CLINICAL - {OWN[purpose]}:
            assert opened.may(page) == (purpose is not Purpose.UNSUBSCRIBE)
        assert opened.may(Page.UNSUBSCRIBE)


def test_no_line_of_the_log_has_a_token(tokens, caplog):
    for token in tokens.values():
        Browser().get(f"/p/{token}/nonsense/")
        Browser().get(f"/p/{token[:-1]}/")
        Browser().delete(f"/p/{token}/")
    formatter = Formatter("%(message)s")
    lines = [formatter.format(record) for record in caplog.records]
    assert any("/p/…" in line for line in lines)
    assert not [line for line in lines for token in tokens.values() if token[:20] in line]


QUERIES = {
    (Purpose.VISIT, ""): 1,
    (Purpose.VISIT, "move/"): 5,
    (Purpose.VISIT, "preferences/"): 1,
    (Purpose.HOME, ""): 10,
    (Purpose.HOME, "progress/"): 6,
    (Purpose.AFTERCARE, ""): 2,
    (Purpose.CHECK_IN, ""): 2,
    (Purpose.FOLLOW_UP, ""): 7,
    (Purpose.OFFER, ""): 1,
}


def test_pages_cost_few_queries(tokens, django_assert_num_queries):
    browser = Browser()
    browser.tell_birth(f"/p/{tokens[Purpose.HOME]}/progress/")
    for (purpose, name), number in QUERIES.items():
        with django_assert_num_queries(number, info=f"{purpose.name} {name}"):
            assert browser.get(f"/p/{tokens[purpose]}/{name}").status_code == 200
