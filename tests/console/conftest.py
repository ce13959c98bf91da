"""A console that answers: Vesterholt's Monday morning, a web server in a thread, and a browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

from nostro import app
from tests.console.seed import Vesterholt, vesterholt
from tests.needs import absent

# The shell is Chromium without its own windows: a page takes half the time of a core.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def demo_clock() -> Iterator[None]:
    """The world of this module has the demo's clock, which the seed sets."""
    before = os.environ.get("NOSTRO_DEMO")
    os.environ["NOSTRO_DEMO"] = "1"
    app.configuration.cache_clear()
    app.world.cache_clear()
    app.world()
    yield
    # A home with the demo's clock goes by it for ever: the tests after these must not.
    app.configuration().clock_file.unlink(missing_ok=True)
    if before is None:
        del os.environ["NOSTRO_DEMO"]
    app.configuration.cache_clear()
    app.world.cache_clear()
    app.world()


@pytest.fixture(scope="module")
def seeded(database: str, demo_clock: None, tmp_path_factory: pytest.TempPathFactory) -> Vesterholt:
    return vesterholt(tmp_path_factory.mktemp("bank"))


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Requests are no news."""


@pytest.fixture(scope="module")
def address(seeded: Vesterholt) -> Iterator[str]:
    """Where the console answers."""
    from nostro.wsgi import application

    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        absent("Chromium (apt-get install chromium-headless-shell)")
    # Playwright keeps a loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
        # Connections that were opened while the loop runs are kept apart by Django: nobody else
        # closes them, and the next module would meet them with their database gone.
        connections.close_all()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
