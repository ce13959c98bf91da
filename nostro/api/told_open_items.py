"""What programs are told of open items."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Paid, Told
from nostro.domain.open_item import ItemKind


class DiscountTold(Told):
    amount: Paid
    until: date


class OpenItem(Told):
    """One document, or one instalment of it. `open_amount` is what is open to us: what its source
    told at `told_at` (`told_amount`), and no more than our own matches leave of the document."""

    id: UUID
    entity: str = Field(validation_alias="entity_code")
    source: str
    kind: ItemKind
    document: str
    instalment: int
    customer_number: str
    customer_name: str
    parent_number: str
    document_amount: Paid | None
    told_amount: Paid
    told_at: datetime | None
    open_amount: Paid
    issue_date: date | None
    due_date: date
    discount: DiscountTold | None
    references: list[str]
    payer_iban: str


class OpenItemsTaken(BaseModel):
    """What became of them. `older`: something later was told of these before; `closed`: items
    that a complete list no longer held."""

    told_at: datetime
    new: int
    changed: int
    older: int
    closed: int
