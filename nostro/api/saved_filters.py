"""Saved filters of the payments list: each person's own, and those for everybody."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status

from nostro.api.asked_actions import NewSavedFilter, SavedFilters
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_cases import SavedFilter
from nostro.domain.errors import Refused
from nostro.domain.party import Member
from nostro.storage import saved_views
from nostro.storage.keys import Scope
from nostro.storage.saved_views import FOR_EVERYBODY, PAYMENTS, SavedRow
from nostro.workflows import saved_filters

router = Router(tags=["saved filters"])
router.add_decorator(in_one_customer, mode="operation")
# What a field of the list of payments is called in the address that is kept, in its order.
_KEPT_AS: Final = {
    "state": "state",
    "q": "q",
    "account": "account",
    "connection": "bank",
    "payee": "payee",
    "currency": "currency",
    "requested_from": "from",
    "requested_to": "to",
    "amount_from": "least",
    "amount_to": "most",
    "has_open_case": "case",
    "run": "run",
}
_UNKNOWN: Final = "unknown"  # Kept as a state; the list of payments asks `outcome_unknown`.


@router.get(
    "/saved-filters", response=Listed[SavedFilter], summary="By name; a key sees shared ones"
)
def list_saved_filters(request: HttpRequest) -> Listed[SavedFilter]:
    caller = allowed(request, Scope.PAYMENTS_READ)
    return Listed[SavedFilter](items=[_told(row) for row in _seen(caller)], next=None)


@router.post(
    "/saved-filters",
    response={201: SavedFilter},
    summary="Keep a filter under a name, as a person: for oneself or for everybody",
)
def create_saved_filter(
    request: HttpRequest, response: HttpResponse, body: NewSavedFilter, key: IdempotencyKey
) -> Status[SavedFilter]:
    caller = allowed(request, Scope.PAYMENTS_READ)

    def keep() -> SavedFilter:
        member, query = _person(caller), _query(body.filters)
        acting = caller.acting()
        return _told(saved_filters.keep(acting, member, body.name, query, shared=body.shared))

    answer = answered_once(request, response, key, keep, HTTPStatus.CREATED, by=caller.actor.id)
    return Status(answer.status, SavedFilter.model_validate(answer.body))


@router.delete(
    "/saved-filters/{uuid:filter_id}",
    response=SavedFilter,
    summary="Forget one's own, or one that is everybody's; answers with what it was",
)
def delete_saved_filter(
    request: HttpRequest, response: HttpResponse, filter_id: UUID, key: IdempotencyKey
) -> SavedFilter:
    caller = allowed(request, Scope.PAYMENTS_READ)

    def forget() -> SavedFilter:
        if filter_id not in {row.id for row in _seen(caller)}:
            raise Http404
        return _told(saved_filters.forget(caller.acting(), _person(caller), filter_id))

    answer = answered_once(request, response, key, forget, by=caller.actor.id)
    return SavedFilter.model_validate(answer.body)


def _seen(caller: Caller) -> list[SavedRow]:
    return saved_views.seen_by(PAYMENTS, caller.member.id if caller.member else FOR_EVERYBODY)


def _person(caller: Caller) -> Member:
    if caller.member:
        return caller.member
    raise Refused(
        "person_needed",
        "Saved filters are people's; a key has none of its own.",
        "Nothing was changed.",
        "Use a personal token, or the console.",
    )


def _query(asked: SavedFilters) -> str:
    told = {
        _KEPT_AS[name]: "open" if name == "has_open_case" else str(value)
        for name, value in asked.model_dump(exclude={"outcome_unknown"}).items()
        if value
    }
    if asked.outcome_unknown:
        told["state"] = _UNKNOWN
    return urlencode({name: told[name] for name in _KEPT_AS.values() if name in told})


def _told(row: SavedRow) -> SavedFilter:
    named = {kept: name for name, kept in _KEPT_AS.items()}
    filters = {named[kept]: text for kept, text in parse_qsl(row.query) if kept in named}
    if filters.get("state") == _UNKNOWN:
        filters = {**filters, "outcome_unknown": "true"}
        del filters["state"]
    if "has_open_case" in filters:
        filters["has_open_case"] = "true"
    for amount in filters.keys() & {"amount_from", "amount_to"}:
        filters[amount] = filters[amount].replace(",", "").replace(" ", "")
    return SavedFilter(id=row.id, name=row.name, shared=row.shared, filters=filters)
