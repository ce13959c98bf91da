"""How long a sign-in lasts: it ends after so long without a request, and after so long anyhow.

The first is the age of the session's cookie and row; the second is looked after here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

SIGNED_IN_AT: Final = "signed_in_at"


class EndInTime:
    """Middleware: a sign-in that is too old is none. Who it was is asked to sign in again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.session.get("_auth_user_id") and _too_old(request):
            logout(request)
        return self.get_response(request)


def remember_when(request: HttpRequest | None, **_: Any) -> None:
    """Django's signal: somebody has signed in now."""
    if request is not None:
        request.session[SIGNED_IN_AT] = timezone.now().isoformat()


def _too_old(request: HttpRequest) -> bool:
    """Also when nobody knows since when."""
    text = request.session.get(SIGNED_IN_AT, "")
    if not text:
        return True
    longest = timedelta(seconds=settings.SESSION_LONGEST_SECONDS)
    return timezone.now() - datetime.fromisoformat(text) > longest
