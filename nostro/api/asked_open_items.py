"""What programs may tell of open items."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from nostro.api.asked import AmountText, Asked, Currency, Day, Moment
from nostro.domain.open_item import INSTALMENT_MAX, REFERENCES_MAX, ItemKind

AT_ONCE_MAX: Final = 1_000
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_Text = Annotated[str, Field(max_length=140, pattern=_NO_CONTROLS)]
_Name = Annotated[str, Field(min_length=1, max_length=140, pattern=_NO_CONTROLS)]


def _whole(value: Any) -> Any:
    """JSON does not tell 2 from 2.0; a text or true is no number of an instalment."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


Instalment = Annotated[int, Field(ge=0, le=INSTALMENT_MAX, strict=True), BeforeValidator(_whole)]


class Discount(Asked):
    """What may be deducted by whoever pays until a day, in the currency of the item."""

    amount: AmountText
    until: Day


class NewOpenItem(Asked):
    """One document, or one instalment of it. Credit notes have negative amounts."""

    kind: ItemKind = ItemKind.INVOICE
    document: _Name
    instalment: Instalment = 0
    customer_number: _Name
    customer_name: _Text = ""
    parent_number: _Text = Field(default="", description="The customer who may pay for this one.")
    currency: Currency
    open_amount: AmountText = Field(description="What is open as your system sees it.")
    document_amount: AmountText | None = Field(default=None, description="The whole document.")
    issue_date: Day | None = None
    due_date: Day
    discount: Discount | None = None
    references: list[_Name] = Field(default_factory=list, max_length=REFERENCES_MAX)
    payer_iban: Annotated[str, Field(max_length=42, pattern=_NO_CONTROLS)] = ""


class NewOpenItems(Asked):
    """Open items of one entity as a system sees them at `told_at`; without one: now. Of the same
    document the latest told counts, in whatever order they come. `complete`: these are all that
    are open there; items of this source that are not among them are closed."""

    entity: _Name
    source: _Text = Field(default="", description="The system that tells; each has its own items.")
    told_at: Moment | None = None
    complete: bool = False
    items: list[NewOpenItem] = Field(max_length=AT_ONCE_MAX)
