"""A real browser on a real server: Chromium against gunicorn on this worker's database."""

import os
import shutil
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from clinic.local.application import Web
from tests.servers import servers

PATIENCE = 30_000
"""Milliseconds; what comes is waited for no longer than it takes, so this only says when to give up."""
ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For one module at a time: while it is open its event loop runs in this thread, which the ORM would refuse."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "NO CHROMIUM: what a person sees goes untested here (Debian: apt install chromium)"
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web(child_environment: dict[str, str]) -> Iterator[Web]:
    """The application as local mode serves it, on this worker's database, broker and mailbox.

    It starts once: its start takes longer than most tests do.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://localhost:{listener.getsockname()[1]}"
        server = Web(servers.home, listener, env=child_environment | {"PUBLIC_URL": address})
        server.start()
        try:
            server.wait_until_answering(120)
            yield server
        finally:
            server.stop()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser said against the page: errors of scripts, of the content policy, and resources not found."""
    return []


@pytest.fixture
def page(transactional_db: None, web: Web, chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page in a fresh browser profile. Complaints that the test did not clear fail it."""

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    context = chromium.new_context(base_url=f"http://localhost:{web.port}")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
