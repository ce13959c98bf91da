"""Holds for programs to read: a person lets a payment go or denies it, in the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from nostro.api.asked import Moment
from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Listed
from nostro.api.told_holds import HoldOfPayment, told_hold
from nostro.storage import hold_listing
from nostro.storage.hold_listing import HoldFilter, HoldLine
from nostro.storage.keys import Scope
from nostro.storage.listing import payments_of
from nostro.storage.pages.holds import holds_of
from nostro.storage.paging import LIMIT_DEFAULT

router = Router(tags=["holds"])
router.add_decorator(in_one_customer, mode="operation")


class HoldPage(BaseModel):
    """Which holds are wanted."""

    code: str = Field("", description="Why a payment is held: duplicate_suspected ...")
    since: Moment | None = Field(None, description="Opened then or later.")
    payee: str = Field("", description="The payee's number, or part of its name.")
    open: bool = Field(True, description="Those that still hold; false: those that were left.")
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


@router.get("/holds", response=Listed[HoldOfPayment], summary="What is held and why, oldest first")
def list_holds(request: HttpRequest, wanted: Annotated[HoldPage, Query()]) -> Listed[HoldOfPayment]:
    allowed(request, Scope.PAYMENTS_READ)
    asked = HoldFilter(code=wanted.code, since=wanted.since, payee=wanted.payee, open=wanted.open)
    page = hold_listing.holds(asked, limit=wanted.limit, cursor=wanted.cursor)
    return Listed[HoldOfPayment](items=_told(page.rows), next=page.next or None)


@router.get("/holds/{uuid:hold_id}", response=HoldOfPayment, summary="One hold with its evidence")
def read_hold(request: HttpRequest, hold_id: UUID) -> HoldOfPayment:
    allowed(request, Scope.PAYMENTS_READ)
    row = hold_listing.hold(hold_id)
    if row is None:
        raise Http404
    return _told([row])[0]


def _told(rows: Sequence[HoldLine]) -> list[HoldOfPayment]:
    payments = payments_of(list({row.order_id for row in rows}))
    views = {view.hold.id: view for found in holds_of(payments).values() for view in found}
    return [told_hold(row, views.get(row.id)) for row in rows]
