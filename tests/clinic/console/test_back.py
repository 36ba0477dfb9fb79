"""Where a page leads back to."""

import pytest
from django.test import RequestFactory

from clinic.console.back import back_to


@pytest.mark.parametrize(
    ("named", "leads_to"),
    [
        ("/admin/plans/followup/?state=due", "/admin/plans/followup/?state=due"),
        ("http://testserver/admin/?day=2026-03-02", "/admin/?day=2026-03-02"),
        ("", "/otherwise/"),
        ("admin/", "/otherwise/"),
        ("https://evil.example/admin/", "/otherwise/"),
        ("//evil.example/", "/otherwise/"),
        ("http://testserver//evil.example/", "/otherwise/"),
        ("http://testserver/\\evil.example/", "/otherwise/"),
        ("http:///evil.example/", "/otherwise/"),
        ("javascript:alert(1)", "/otherwise/"),
    ],
)
def test_it_never_leads_to_another_site(named: str, leads_to: str) -> None:
    assert back_to(RequestFactory().get("/", {"next": named}), "/otherwise/") == leads_to
    assert back_to(RequestFactory().post("/", {"next": named}), "/otherwise/") == leads_to
