"""The whole of /v1: its routes, its description, and the rules that hold for every answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.operation import Operation

from nostro.api import (
    access,
    approvals,
    calendars,
    callbacks,
    cases,
    cash,
    check_exceptions,
    checks,
    credit_notes,
    debtors,
    events,
    evidence_packs,
    health,
    holds,
    match_model,
    matches,
    nettings,
    open_items,
    payee_changes,
    payees,
    payment_actions,
    payments,
    pending,
    policies,
    problems,
    rate_limits,
    remittance_advice,
    rereading,
    routes,
    saved_filters,
    sign_on,
    statements,
    stops,
    submissions,
    uploads,
    webhooks,
)
from nostro.api.callers import Key, Session
from nostro.api.reading import KeepsBody, knows_its_parameters, refuse_unknown_parameters
from nostro.api.told import Problem
from nostro.domain.errors import Invalid

DESCRIPTION = """\
Hand in payments, follow them, read statements, balances and events.

Every amount is decimal text with a currency. Lists come in pages: pass `next` as `cursor`. Errors
are problem documents (RFC 9457) with a stable `code`. A key never approves: that needs a person.
"""


class Door(NinjaAPI):
    """ninja's API with the problem document described on every operation."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name that generated clients give the call: list_payments, create_payment ..."""
        return str(operation.view_func.__name__)

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """Called once the caller is known, before anything of the request is used."""
        rate_limits.check(request)
        refuse_unknown_parameters(request)
        return super().create_temporal_response(request)

    def get_openapi_schema(self, **options: Any) -> Any:
        schema = super().get_openapi_schema(**{"path_prefix": "/v1/", **options})
        told = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = schema["components"].setdefault("schemas", {})
        schemas.update(told.pop("$defs", {}))
        schemas["Problem"] = told
        answer = {
            "description": "What happened, what we did, and what you can do",
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for operations in schema["paths"].values():
            for operation in operations.values():
                told_before = operation["responses"].items()
                operation["responses"] = {str(status): said for status, said in told_before}
                operation["responses"]["default"] = answer
        return schema


v1 = Door(
    title="nostro",
    version="1",
    description=DESCRIPTION,
    auth=[Key(), Session()],
    docs_url=None,  # A docs page needs scripts that our content security policy refuses.
    parser=KeepsBody(),
    urls_namespace="v1",
)
_ROOMS = (
    *(payments, payment_actions, routes, approvals, holds, saved_filters, submissions),
    *(cases, payees, payee_changes, stops, checks, check_exceptions, access),
    *(credit_notes, nettings),
    *(sign_on, policies),
    *(calendars, cash, statements, rereading, pending),
    *(open_items, debtors, match_model, matches),
    *(events, evidence_packs, remittance_advice),
    *(webhooks, callbacks, health),
)
for _room in _ROOMS:
    if _room not in (callbacks, health):  # Banks and probes call these with words of their own.
        _room.router.add_decorator(knows_its_parameters, mode="view")
    v1.add_router("", _room.router)
problems.register(v1)


def guarded(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """What holds for every address: a size limit, problem documents, and nothing kept in caches."""

    @wraps(view)
    def answer(request: HttpRequest, *given: Any, **named: Any) -> HttpResponseBase:
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if request.path in uploads.ADDRESSES:  # A file is never held in memory.
            most = uploads.FILE_BYTES_MAX
        if length.isdecimal() and int(length) > most:
            return problems.problem(request, _too_large(most))
        response = view(request, *given, **named)
        if isinstance(response, HttpResponseNotAllowed):
            return problems.not_allowed(request, response["Allow"])
        response.setdefault("Cache-Control", "no-store")
        return response

    answer.csrf_exempt = True  # type: ignore[attr-defined] # Sessions are checked in callers.Session.
    return answer


def _too_large(most: int) -> Invalid:
    return Invalid(
        "body_too_large",
        f"The body is larger than {most // 1024 // 1024} MB.",
        can_do="Send less in one request.",
        field="body",
    )
