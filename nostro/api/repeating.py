"""Every change through /v1 is made once: the same key and body get the same answer for ever."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja.params.functions import Header
from pydantic import BaseModel, WithJsonSchema

from nostro.api.reading import sent_body
from nostro.app import world
from nostro.storage.idempotency import Answer, given, once

# As storage.idempotency takes it, which says what is wrong with another.
_DESCRIBED: Final = WithJsonSchema({"type": "string", "pattern": "^[!-~]{1,255}$"})
IdempotencyKey = Annotated[str, _DESCRIBED, Header(alias="Idempotency-Key")]


def answered_once(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    work: Callable[[], BaseModel],
    status: int = HTTPStatus.OK,
    *,
    by: str = "",
) -> Answer:
    """Do the work of this address under its idempotency key, or give the first answer again.

    `by` is the person's id where each person's request is another one, as an approval is.
    """
    answer = once(
        f"{request.method} {request.path} {by}".rstrip(),
        key,
        sent_body(request),
        lambda: Answer(status=status, body=_plain(work())),
        now=world().clock.now(),
    )
    if answer.repeated:
        response["Idempotency-Replayed"] = "true"
    return answer


def answered_before(request: HttpRequest, response: HttpResponse, key: str) -> Answer | None:
    """The answer that was given under this key before, for work that may be done twice without
    harm and is not done in one unit of work; `answered_once` keeps what it came to."""
    answer = given(f"{request.method} {request.path}", key, sent_body(request))
    if answer:
        response["Idempotency-Replayed"] = "true"
    return answer


def _plain(told: BaseModel) -> Any:
    return told.model_dump(mode="json")
