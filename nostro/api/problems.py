"""What a program is told when something cannot be done: problem documents (RFC 9457).

Each has a code, what happened, what we did and what the reader can do. Internals never leave: an
unexpected error carries a reference under which the log has the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from nostro.api.wrong_fields import sentence
from nostro.app import world
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused, Unavailable

MEDIA_TYPE: Final = "application/problem+json"
log = structlog.get_logger()

# A refusal is a conflict with how things stand (409), unless its code says otherwise.
STATUS_OF_CODE: Final[Mapping[str, int]] = {
    "key_unknown": 401,
    "key_expired": 401,
    "key_revoked": 401,
    "not_signed_in": 401,
    "csrf_failed": 403,
    "not_a_member": 403,
    "not_cleared": 403,
    "scope_missing": 403,
    "keys_never_approve": 403,
    "not_an_approver": 403,
    "maker_cannot_approve": 403,
    "payee_editor_cannot_approve": 403,
    "lawmaker_cannot_approve": 403,
    "lawmaker_cannot_release": 403,
    "callback_refused": 401,
    "person_needed": 403,
    "presence_needed": 403,
    "not_yours_to_ask": 403,
    "access_not_yours": 403,
    "not_yours_to_decide": 403,
    "not_a_maker": 403,
    "beyond_grant": 403,
    "not_a_treasurer": 403,
    "not_a_reconciler": 403,
    "proposal_unknown": 404,
    "line_unknown": 404,
    "match_unknown": 404,
    "payment_unknown": 404,
    "case_unknown": 404,
    "submission_unknown": 404,
    "saved_filter_unknown": 404,
    "reads_only": 403,
    "not_found": 404,
    "idempotency_key_missing": 400,
    "body_unreadable": 400,
    "body_too_large": 413,
    "too_many_requests": 429,
    "database_nearly_full": 507,
}
STATUS_OF_KIND: Final = ((Invalid, 422), (Refused, 409), (Unavailable, 503), (InDoubt, 502))


def status_of(error: NostroError) -> int:
    known = STATUS_OF_CODE.get(error.code)
    if known:
        return known
    return next((status for kind, status in STATUS_OF_KIND if isinstance(error, kind)), 500)


def problem(
    request: HttpRequest, error: NostroError, status: int | None = None, **more: Any
) -> HttpResponse:
    """The problem document of an error."""
    status = status or status_of(error)
    told = {
        "type": f"urn:nostro:problem:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": str(error),
        "code": error.code,
        "happened": error.happened,
        "did": error.did,
        "can_do": error.can_do,
        "field": error.field,
        "instance": request.path,
        **more,
    }
    response = HttpResponse(msgspec.json.encode(told), content_type=MEDIA_TYPE, status=status)
    response["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="nostro"'
    if isinstance(error, Unavailable):
        response["Retry-After"] = str(error.retry_after_seconds or 5)
    return response


def not_found(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """What every address that means nothing to this caller answers, whoever else it means."""
    error = Refused(
        "not_found",
        "There is nothing at this address.",
        can_do="Check the address; the description of this API is at /v1/openapi.json.",
    )
    return problem(request, error)


def not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    error = Refused(
        "method_not_allowed",
        f"{request.method} cannot be used at this address.",
        can_do=f"Use {allowed}.",
    )
    response = problem(request, error, HTTPStatus.METHOD_NOT_ALLOWED)
    response["Allow"] = allowed
    return response


def register(api: NinjaAPI) -> None:
    """Let every error that a request can meet become a problem document."""
    api.add_exception_handler(NostroError, _raised)
    api.add_exception_handler(Http404, not_found)
    api.add_exception_handler(AuthenticationError, _not_signed_in)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(ValidationError, _not_valid)
    api.add_exception_handler(OperationalError, _database_away)
    api.add_exception_handler(InterfaceError, _database_away)
    api.add_exception_handler(Exception, _unexpected)


def _raised(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, error)


def _not_signed_in(request: HttpRequest, error: Any) -> HttpResponse:
    told = Refused(
        "not_signed_in",
        "The request carries neither a valid API key nor a session.",
        can_do="Send the header Authorization: Bearer nk_...",
    )
    return problem(request, told)


def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    if isinstance(error.__cause__, NostroError):  # Told while the body was read.
        return problem(request, error.__cause__)
    code = "body_unreadable" if error.status_code == HTTPStatus.BAD_REQUEST else "request_refused"
    told = Invalid(
        code,
        "The body is not JSON." if code == "body_unreadable" else str(error),
        can_do="Send one JSON object in UTF-8.",
        field="body" if code == "body_unreadable" else "",
    )
    return problem(request, told, error.status_code)


def _not_valid(request: HttpRequest, error: Any) -> HttpResponse:
    """The first thing that is wrong as the problem, and all of them in `errors`."""
    errors = [{"field": _path(found["loc"]), "message": sentence(found)} for found in error.errors]
    first = errors[0]
    missing_key = first["field"] == "Idempotency-Key"
    told = Invalid(
        "idempotency_key_missing" if missing_key else "request_invalid",
        "The header Idempotency-Key is missing."
        if missing_key
        else f"{first['field']}: {first['message']}",
        can_do="Send a new random UUID for each new request, and the same one to repeat it."
        if missing_key
        else "Correct the fields named in errors and send the request again.",
        field=first["field"],
    )
    return problem(request, told, errors=errors)


def _database_away(request: HttpRequest, error: Any) -> HttpResponse:
    log.error("the database does not answer", path=request.path, exc_info=error)
    told = Unavailable(
        "database_unreachable",
        "The database does not answer.",
        can_do="Try again shortly; the same Idempotency-Key is safe.",
    )
    return problem(request, told)


def _unexpected(request: HttpRequest, error: Any) -> HttpResponse:
    reference = str(world().ids.new())
    log.error("unexpected error", reference=reference, path=request.path, exc_info=error)
    told = NostroError(
        "unexpected",
        "Something went wrong inside; it is not your request's fault as far as we know.",
        "Nothing was changed; the log has the details under the reference.",
        f"Try again; if it stays, tell the operator the reference {reference}.",
    )
    return problem(request, told, HTTPStatus.INTERNAL_SERVER_ERROR, reference=reference)


# Parts of pydantic's locations that are names of ours, not of the sender's: see the body's union.
_NOT_FIELDS = frozenset({"body", "query", "path", "header", "one", "many"})


def _path(location: tuple[str | int, ...]) -> str:
    """A location as the sender would write it: payments[2].amount.value."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in _NOT_FIELDS:
            path += f".{part}" if path else part
    return path or "body"
