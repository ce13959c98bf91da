"""How a request is read: JSON as it was sent, kept for the idempotency check; no unknown words."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from nostro.domain.errors import Invalid


class KeepsBody(Parser):
    """ninja's parser that refuses NaN, Infinity and a field told twice, and keeps what it read."""

    def parse_body(self, request: HttpRequest) -> Any:
        text = request.body.decode("utf-8")
        body = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once_each)
        request.sent_body = body  # type: ignore[attr-defined]
        return body


def sent_body(request: HttpRequest) -> Any:
    """The body of this request as it was sent, before defaults were filled in; {} without one."""
    return getattr(request, "sent_body", {})


def knows_its_parameters(run: Callable[..., Any]) -> Callable[..., Any]:
    """Let an operation's requests know which query parameters it has."""
    operation = run.__self__  # type: ignore[attr-defined] # ninja gives a bound method.
    queries = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    names = sorted({name for model in queries for name in model.__ninja_flatten_map__})

    @wraps(run)
    def knowing(request: HttpRequest, **given: Any) -> Any:
        request.known_parameters = names  # type: ignore[attr-defined]
        return run(request, **given)

    return knowing


def refuse_unknown_parameters(request: HttpRequest) -> None:
    """Raises Invalid for a query parameter that the operation does not have: a filter that is
    misspelt must not give everything."""
    known = getattr(request, "known_parameters", None)
    unknown = [] if known is None else [name for name in request.GET if name not in known]
    if unknown:
        raise Invalid(
            "parameter_unknown",
            f"There is no query parameter {unknown[0][:40]!r} at this address.",
            can_do=f"Use only: {', '.join(known)}." if known else "Leave it out; there is none.",
            field=unknown[0][:40],
        )


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)[:40]
        raise Invalid(
            "field_repeated",
            f"The field {twice!r} is told more than once in the same object.",
            "Nothing was done.",
            "Send each field once.",
            field=twice,
        )
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
