"""Cash for programs: accounts, and the newest balances."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Account, Balance, Listed
from nostro.storage import listing
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT

router = Router(tags=["cash"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/accounts", response=Listed[Account], summary="The customer's own accounts")
def list_accounts(
    request: HttpRequest, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[Account]:
    allowed(request, Scope.ACCOUNTS_READ)
    page = listing.accounts(limit=limit, cursor=cursor)
    items = [Account.model_validate(row) for row in page.rows]
    return Listed[Account](items=items, next=page.next or None)


@router.get(
    "/balances",
    response=Listed[Balance],
    summary="The newest balance of each type on each account",
)
def list_balances(
    request: HttpRequest,
    account: UUID | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Balance]:
    allowed(request, Scope.ACCOUNTS_READ)
    page = listing.balances(account=account, limit=limit, cursor=cursor)
    items = [Balance.model_validate(row) for row in page.rows]
    return Listed[Balance](items=items, next=page.next or None)
