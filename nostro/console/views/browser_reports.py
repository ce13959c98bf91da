"""Where browsers tell what our content security policy made them refuse.

Anybody may write here, so what is written is nobody's word: it is cut to a few plain words, counted
and logged, and decides nothing. A page of ours that is refused something has a fault or was
tampered with; whoever runs the installation sees it by `nostro browser-reports`.
"""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from nostro.app import world
from nostro.ops.rate_limit import Limiter, Rate
from nostro.storage import browser_reports
from nostro.storage.browser_reports import Refusal

log = structlog.get_logger()
BYTES_MAX: Final = 16 * 1024
TOGETHER_MAX: Final = 20  # Reports in one message.
# Of all browsers together: a page that is refused something tells it on every visit.
RATE: Final = Rate(2)
_limiter = Limiter()
_DIRECTIVE: Final = re.compile(r"[a-z]{2,12}(-[a-z]{2,12}){0,3}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9:/._-]{1,120}")
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/join/)[\w-]+")


@csrf_exempt
@require_POST
def collect(request: HttpRequest) -> HttpResponse:
    """One message of a browser: 204 when it was counted. It sends no token and no password."""
    if request.headers.get("Origin", "") not in ("", "null", _own(request)):
        return HttpResponse(status=HTTPStatus.FORBIDDEN)  # Told of another site's page.
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > BYTES_MAX:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if _limiter.take("all", RATE, time.monotonic_ns() // 1_000_000):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
    found = refusals(request.body)
    if not found:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    for one in found:
        log.warning("browser_refused", **msgspec.to_builtins(one))
    browser_reports.count(found, world().clock.now())
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def refusals(body: bytes) -> list[Refusal]:
    """What a message tells, in either form: `csp-report` (CSP 2) or a list (Reporting API).

    Query texts, ids, samples of code and whatever is not plain are left out.
    """
    try:
        told: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    parts = [told.get("csp-report")] if isinstance(told, dict) else []
    if isinstance(told, list):
        parts = [one.get("body") for one in told[:TOGETHER_MAX] if isinstance(one, dict)]
    return [found for one in parts if isinstance(one, dict) and (found := _refusal(one))]


def _refusal(said: dict[str, Any]) -> Refusal | None:
    directive = _text(said, "effective-directive", "effectiveDirective", "violated-directive")
    page = _path(_text(said, "document-uri", "documentURL"))
    if not _DIRECTIVE.fullmatch(directive) or not page:
        return None
    source = _path(_text(said, "source-file", "sourceFile"))
    line = said.get("line-number", said.get("lineNumber"))
    if source and isinstance(line, int) and 0 < line < 10**6:
        source = f"{source}:{line}"
    blocked = _blocked(_text(said, "blocked-uri", "blockedURL"))
    return Refusal(directive=directive, page=page, blocked=blocked, source=source)


def _text(said: dict[str, Any], *names: str) -> str:
    found = next((said[name] for name in names if said.get(name)), "")
    return found if isinstance(found, str) else ""


def _path(address: str) -> str:
    """The path of an address, its ids as {id}; "" for what is no plain one."""
    path = _ID.sub("{id}", _split(address)[1])
    return path if path and _PLAIN.fullmatch(path.replace("{id}", "id")) else ""


def _blocked(address: str) -> str:
    """`inline`, `eval`, `data`, or scheme and host of what was refused."""
    origin, path = _split(address)
    found = origin or path
    return found if _PLAIN.fullmatch(found) else ""


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "", parts.path


def _own(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
