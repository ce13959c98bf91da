"""What banks announce, for programs: pending entries, and the balances of a moment."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Listed
from nostro.api.told_pending import IntradayReport, PendingTransaction
from nostro.domain.statement import ReportKind
from nostro.storage import pending_listing
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.storage.pending_listing import Became, PendingWanted

router = Router(tags=["cash"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/pending-transactions",
    response=Listed[PendingTransaction],
    summary="Entries that banks announced, those announced last first",
)
def list_pending(
    request: HttpRequest,
    account: UUID | None = None,
    series: ReportKind | None = None,
    became: Became | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[PendingTransaction]:
    """`became=waits` are those that nothing has booked yet. One booking may be told by several
    series: never add them up."""
    allowed(request, Scope.STATEMENTS_READ)
    wanted = PendingWanted(account=account, series=series.value if series else None, became=became)
    page = pending_listing.lines(wanted, limit=limit, cursor=cursor)
    items = [PendingTransaction.model_validate(row) for row in page.rows]
    return Listed[PendingTransaction](items=items, next=page.next or None)


@router.get(
    "/pending-transactions/{uuid:pending_id}",
    response=PendingTransaction,
    summary="One entry that a bank announced",
)
def read_pending(request: HttpRequest, pending_id: UUID) -> PendingTransaction:
    allowed(request, Scope.STATEMENTS_READ)
    row = pending_listing.line(pending_id)
    if row is None:
        raise Http404
    return PendingTransaction.model_validate(row)


@router.get(
    "/intraday-reports",
    response=Listed[IntradayReport],
    summary="Reports of the day with the balances of their moment, newest first",
)
def list_reports(
    request: HttpRequest,
    account: UUID | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[IntradayReport]:
    allowed(request, Scope.STATEMENTS_READ)
    page = pending_listing.reports(account, limit=limit, cursor=cursor)
    items = [IntradayReport.model_validate(row) for row in page.rows]
    return Listed[IntradayReport](items=items, next=page.next or None)
