"""Open items for programs: tell what customers owe, again and again; read what is still open."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status

from nostro.api.asked import Day
from nostro.api.asked_open_items import NewOpenItem, NewOpenItems
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_open_items import OpenItem, OpenItemsTaken
from nostro.domain import identifier, open_item
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm, ItemKind
from nostro.storage import open_item_listing
from nostro.storage.keys import Scope
from nostro.storage.open_item_listing import ItemsWanted
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows.receivables import take_open_items

router = Router(tags=["open items"])
router.add_decorator(in_one_customer, mode="operation")


@router.post(
    "/open-items",
    response=OpenItemsTaken,
    summary="Tell open items of one entity; all are taken or none",
)
def tell_open_items(
    request: HttpRequest, response: HttpResponse, body: NewOpenItems, key: IdempotencyKey
) -> Status[OpenItemsTaken]:
    caller = allowed(request, Scope.OPEN_ITEMS_WRITE)
    answer = answered_once(request, response, key, lambda: _take(caller, body))
    return Status(HTTPStatus.OK, OpenItemsTaken.model_validate(answer.body, by_name=True))


@router.get("/open-items", response=Listed[OpenItem], summary="Open items, those due first")
def list_open_items(
    request: HttpRequest,
    entity: str = "",
    source: str | None = None,
    customer: str = "",
    document: str = "",
    currency: str = "",
    kind: ItemKind | None = None,
    due_until: Day | None = None,
    settled: bool = False,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[OpenItem]:
    """`settled`: also those of which nothing is open any more."""
    allowed(request, Scope.OPEN_ITEMS_READ)
    wanted = ItemsWanted(
        entity=entity,
        source=source,
        customer=customer,
        document=document,
        currency=currency,
        kind=kind,
        due_until=due_until,
        settled=settled,
    )
    page = open_item_listing.items(wanted, limit=limit, cursor=cursor)
    items = [OpenItem.model_validate(row) for row in page.rows]
    return Listed[OpenItem](items=items, next=page.next or None)


@router.get("/open-items/{uuid:item_id}", response=OpenItem, summary="One open item")
def read_open_item(request: HttpRequest, item_id: UUID) -> OpenItem:
    allowed(request, Scope.OPEN_ITEMS_READ)
    row = open_item_listing.item(item_id)
    if row is None:
        raise Http404
    return OpenItem.model_validate(row)


def _take(caller: Caller, body: NewOpenItems) -> OpenItemsTaken:
    taken = take_open_items(
        caller.acting(),
        body.entity,
        [_item(body.entity, one, place) for place, one in enumerate(body.items)],
        source=body.source,
        told_at=body.told_at,
        complete=body.complete,
    )
    return OpenItemsTaken.model_validate(taken, from_attributes=True)


def _item(entity: str, asked: NewOpenItem, place: int) -> open_item.OpenItem:
    """The item as the core takes it; raises Invalid naming the field as it was sent."""
    try:
        found = _plain_item(entity, asked)
        open_item.check(found)
    except Invalid as error:
        error.field = f"items[{place}].{_FIELDS.get(error.field, error.field)}".rstrip(".")
        raise
    return found


# What the core calls a field, in the words of the request.
_FIELDS = {"amount": "open_amount", "discount_amount": "discount.amount"}


def _plain_item(entity: str, asked: NewOpenItem) -> open_item.OpenItem:
    def money(text: str) -> Money:
        return Money.parse(text, asked.currency)

    return open_item.OpenItem(
        id=open_item.item_id(entity, asked.document, asked.instalment),
        entity_code=entity,
        document=asked.document,
        customer_number=asked.customer_number,
        customer_name=asked.customer_name,
        open_amount=money(asked.open_amount),
        due_date=asked.due_date,
        payer_iban=_payer(asked.payer_iban),
        kind=asked.kind,
        instalment=asked.instalment,
        document_amount=None if asked.document_amount is None else money(asked.document_amount),
        issue_date=asked.issue_date,
        discount=DiscountTerm(amount=money(asked.discount.amount), until=asked.discount.until)
        if asked.discount
        else None,
        references=open_item.references_of(asked.references),
        parent_number=asked.parent_number,
    )


def _payer(told: str) -> str:
    try:
        return identifier.iban(told) if told else ""
    except Invalid as error:
        error.field = "payer_iban"
        raise
