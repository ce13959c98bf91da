"""Where the work of this thread came from: the trace and the address of a request, or of a job.

Set once at the door and read when an event is written, so that no room in between hands it on.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from nostro.domain.event import NOWHERE, Origin

# W3C Trace Context, section 3.2: version, trace id, parent id, flags.
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current() -> Origin:
    """Where the work of this thread came from; empty outside of requests and jobs."""
    return _current.get()


@contextmanager
def coming_from(source_address: str = "", traceparent: str = "") -> Iterator[Origin]:
    """What is written inside says this trace, or a new one, and this address."""
    told = _TRACE.match(traceparent)
    trace_id = told.group(1) if told else secrets.token_hex(16)
    token = _current.set(Origin(trace_id=trace_id, source_address=source_address))
    try:
        yield _current.get()
    finally:
        _current.reset(token)


class RequestOrigin:
    """Middleware: every request of console and API has one trace and one address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with coming_from(_address(request), request.headers.get("traceparent", "")):
            return self.get_response(request)


def _address(request: HttpRequest) -> str:
    """The caller's address; behind the proxy that ends TLS, the one that this proxy names last."""
    told = str(request.META.get("REMOTE_ADDR") or "")
    if settings.SECURE_PROXY_SSL_HEADER:
        told = request.headers.get("X-Forwarded-For", told).rpartition(",")[2].strip()
    try:
        return str(ip_address(told))
    except ValueError:
        return ""
