"""How a request's body is read: JSON as it was sent, kept for the idempotency check."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser


class KeepsBody(Parser):
    """ninja's parser that refuses NaN and Infinity and remembers what it read."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = json.loads(request.body.decode("utf-8"), parse_constant=_refuse)
        request.sent_body = body  # type: ignore[attr-defined]
        return body


def sent_body(request: HttpRequest) -> Any:
    """The body of this request as it was sent, before defaults were filled in; {} without one."""
    return getattr(request, "sent_body", {})


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
