"""The web process: granian serves the console and the API with a fixed number of threads."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from nostro.ops.process import end_with_parent

STOP_SECONDS = 10
# Requests beyond it wait in the socket's queue instead of in our memory.
REQUESTS_PER_THREAD = 8
_LOG: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}},
}


def run() -> None:
    """`nostro web`: start and serve until told to stop."""
    from nostro import app
    from nostro.ops import logging

    logging.configure("web")
    app.start()
    chosen = app.configuration()
    serve(chosen.host, chosen.port, chosen.web_threads)


def serve(host: str, port: int, threads: int) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests finish."""
    threads = max(1, threads)
    server = Granian(
        "nostro.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        blocking_threads=threads,
        backpressure=threads * REQUESTS_PER_THREAD,
        log_level=LogLevels.warning,
        log_dictconfig=_LOG,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.serve(target_loader=partial(_application, os.getpid()), wrap_loader=False)


def _application(parent: int) -> Callable[..., Any]:
    """Called in the process that answers; it must not outlive the one that listens to signals."""
    end_with_parent(parent)
    application: Callable[..., Any] = importlib.import_module("nostro.wsgi").application
    return application
