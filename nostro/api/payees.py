"""Whom the customer pays: payees with their accounts as versions, and what is open to them.

They are made and changed by change requests alone: two people.
"""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.stops import told_stop
from nostro.api.told import Listed, Payment
from nostro.api.told_payees import (
    AccountVersion,
    Confirmation,
    DetailsVersion,
    Payee,
    PayeeSource,
    PayeeSources,
    PayeeStory,
    Verification,
)
from nostro.app import world
from nostro.domain.errors import Invalid
from nostro.domain.freeze import FreezeScope
from nostro.domain.policies.touching import OPEN
from nostro.storage import freezes, payee_listing, payee_verifications, payment_search
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.storage.payee_listing import PayeeRow, Standing
from nostro.storage.payment_search import Wanted

router = Router(tags=["payees"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/payees", response=Listed[Payee], summary="Find payees, by name")
def list_payees(
    request: HttpRequest,
    q: str = "",
    standing: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Payee]:
    allowed(request, Scope.PAYEES_READ)
    page = payee_listing.payees(
        world().clock.now(), q=q, standing=_standing(standing), limit=limit, cursor=cursor
    )
    items = [Payee.model_validate(row) for row in page.rows]
    return Listed[Payee](items=items, next=page.next or None)


@router.get("/payees/{uuid:payee_id}", response=PayeeStory, summary="One with every version")
def read_payee(request: HttpRequest, payee_id: UUID) -> PayeeStory:
    allowed(request, Scope.PAYEES_READ)
    row = _row(payee_id)
    stops = [one for one in freezes.in_force() if one.freeze.scope is FreezeScope.PAYEE]
    return PayeeStory(
        as_of=world().clock.now(),
        payee=Payee.model_validate(row),
        accounts=[
            AccountVersion.model_validate(one) for one in payee_listing.account_versions(row.id)
        ],
        details=[
            DetailsVersion.model_validate(one) for one in payee_listing.details_versions(row.id)
        ],
        confirmations=[
            Confirmation.model_validate(one) for one in payee_listing.confirmations(row.id)
        ],
        verifications=[
            Verification.model_validate(one)
            for one in payee_verifications.of_payee(row.id, LIMIT_DEFAULT)
        ],
        stops=[told_stop(one) for one in stops if one.freeze.subject_id == str(payee_id)],
    )


@router.get(
    "/payees/{uuid:payee_id}/payments",
    response=Listed[Payment],
    summary="Payments to one, newest first; `open`: only those that are not at their end;"
    " `by_account`: also to his accounts under other numbers",
)
def list_payments_of_payee(
    request: HttpRequest,
    payee_id: UUID,
    open: bool = False,  # noqa: A002  # The name of the query parameter.
    by_account: bool = False,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Payment]:
    allowed(request, Scope.PAYMENTS_READ)
    wanted = _his(payee_id, is_open=open, by_account=by_account)
    page = payment_search.payments(wanted, limit=limit, cursor=cursor)
    items = [Payment.model_validate(row) for row in page.rows]
    return Listed[Payment](items=items, next=page.next or None)


@router.get(
    "/payees/{uuid:payee_id}/sources",
    response=PayeeSources,
    summary="Where payments to one come from, by his number and by his accounts, with their sums",
)
def read_sources_of_payee(
    request: HttpRequest,
    payee_id: UUID,
    open: bool = True,  # noqa: A002  # The name of the query parameter.
) -> PayeeSources:
    allowed(request, Scope.PAYMENTS_READ)
    found = payment_search.by_source(_his(payee_id, is_open=open, by_account=True))
    return PayeeSources(
        as_of=world().clock.now(),
        sources=[PayeeSource.model_validate(row) for row in found],
    )


def _his(payee_id: UUID, *, is_open: bool, by_account: bool) -> Wanted:
    """His payments: by his number, and if wanted also by any account that he has or had."""
    return Wanted(
        payee=_row(payee_id).number,
        paid_to=payee_listing.accounts_of(payee_id) if by_account else (),
        state=",".join(OPEN) if is_open else "",
    )


def _row(payee_id: UUID) -> PayeeRow:
    row = payee_listing.payee(payee_id, world().clock.now())
    if row is None:
        raise Http404
    return row


def _standing(text: str) -> Standing | None:
    try:
        return Standing(text) if text else None
    except ValueError as error:
        raise Invalid(
            "standing_unknown",
            f"{text[:40]!r} is nothing that payees are looked for by.",
            can_do=f"Use one of: {', '.join(Standing)}.",
            field="standing",
        ) from error
