"""Each request signs with the key that signs now, and accepts all that are known."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

_one_at_a_time = Lock()


class NewestSigningKeys:
    """Middleware: a signing key that another process has made counts from the next request on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refresh()
        return self.get_response(request)


def refresh() -> None:
    """Take the keys from their file. What is accepted is told first: it holds what signs."""
    with _one_at_a_time:  # Or what was read a moment ago would be put over what is newer.
        _take()


def _take() -> None:
    signs, accepted = settings.SIGNING_KEYS.now()
    if accepted != settings.SECRET_KEY_FALLBACKS:
        settings.SECRET_KEY_FALLBACKS = accepted
    if signs != settings.SECRET_KEY:
        settings.SECRET_KEY = signs
