"""What the programs write about themselves: one readable line, or one JSON object, per event."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor

VARIABLE: Final = "NOSTRO_LOG"
# They tell every job, request, connection and 404 at INFO; our own events say what matters.
_QUIET: Final = {
    "procrastinate": logging.WARNING,
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "httpx": logging.WARNING,
    "asyncssh": logging.WARNING,
    "django.request": logging.ERROR,
    "py.warnings": logging.ERROR,
}


def as_json() -> bool:
    """NOSTRO_LOG=json asks for one object a line, for a log collector."""
    return os.environ.get(VARIABLE, "").lower() == "json"


def configure(process: str, *, colours: bool | None = None, prefixed: bool = False) -> None:
    """Let structlog and the standard library's loggers write to our output in one form.

    `prefixed`: lines begin with the process's name, as `dressed` gives to its children's lines.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if as_json() else "%H:%M:%S", utc=as_json()),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,  # a forked process configures again
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(process, sys.stdout.isatty() if colours is None else colours, prefixed),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)


def dressed(process: str, line: str) -> str:
    """A line that a child printed, as it stands in the common log."""
    if not as_json():
        return f"{process:<7}| {line}"
    if line.startswith("{"):
        return line
    return json.dumps({"process": process, "event": line})


def _rendering(process: str, colours: bool, prefixed: bool) -> list[Processor]:
    if as_json():

        def named(_: Any, __: str, event: EventDict) -> EventDict:
            return {"process": process, **event}

        return [named, structlog.processors.JSONRenderer()]
    plain = structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=24)
    if not prefixed:
        return [plain]

    def with_prefix(logger: Any, name: str, event: EventDict) -> str:
        return dressed(process, str(plain(logger, name, event)))

    return [with_prefix]
