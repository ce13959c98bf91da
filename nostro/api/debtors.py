"""Customers of an entity for programs: tell who they are and who pays for whom; read them."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status

from nostro.api.asked_debtors import NewDebtor, NewDebtors
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_debtors import Debtor, DebtorsTaken
from nostro.domain import debtor, identifier
from nostro.domain.errors import Invalid
from nostro.storage import debtors
from nostro.storage.debtors import DebtorsWanted
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows.debtors import take_debtors

router = Router(tags=["open items"])
router.add_decorator(in_one_customer, mode="operation")


@router.post(
    "/customers",
    response=DebtorsTaken,
    summary="Tell customers of one entity who owe; all are taken or none",
)
def tell_customers(
    request: HttpRequest, response: HttpResponse, body: NewDebtors, key: IdempotencyKey
) -> Status[DebtorsTaken]:
    caller = allowed(request, Scope.OPEN_ITEMS_WRITE)
    answer = answered_once(request, response, key, lambda: _take(caller, body))
    return Status(HTTPStatus.OK, DebtorsTaken.model_validate(answer.body, by_name=True))


@router.get("/customers", response=Listed[Debtor], summary="Customers who owe, by number")
def list_customers(
    request: HttpRequest,
    entity: str = "",
    number: str = "",
    parent: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Debtor]:
    """`parent`: those for whom the customer of this number may pay."""
    allowed(request, Scope.OPEN_ITEMS_READ)
    wanted = DebtorsWanted(entity=entity, number=number, parent=parent)
    page = debtors.debtors(wanted, limit=limit, cursor=cursor)
    items = [Debtor.model_validate(row) for row in page.rows]
    return Listed[Debtor](items=items, next=page.next or None)


@router.get("/customers/{uuid:debtor_id}", response=Debtor, summary="One customer who owes")
def read_customer(request: HttpRequest, debtor_id: UUID) -> Debtor:
    allowed(request, Scope.OPEN_ITEMS_READ)
    row = debtors.debtor(debtor_id)
    if row is None:
        raise Http404
    return Debtor.model_validate(row)


def _take(caller: Caller, body: NewDebtors) -> DebtorsTaken:
    taken = take_debtors(
        caller.acting(),
        body.entity,
        [_plain(one, place) for place, one in enumerate(body.customers)],
        source=body.source,
        told_at=body.told_at,
    )
    return DebtorsTaken.model_validate(taken, from_attributes=True)


def _plain(asked: NewDebtor, place: int) -> debtor.Debtor:
    return debtor.Debtor(
        number=asked.number,
        name=asked.name,
        parent_number=asked.parent_number,
        ibans=tuple(
            _iban(one, f"customers[{place}].ibans[{at}]") for at, one in enumerate(asked.ibans)
        ),
        further_names=tuple(asked.further_names),
    )


def _iban(told: str, field: str) -> str:
    try:
        return identifier.iban(told)
    except Invalid as error:
        error.field = field
        raise
