"""Open customer invoices as an ERP exports them: what incoming money will be matched to.

Delimited text by a declared layout (profiles/*.toml).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.identifier import iban
from nostro.domain.money import Money
from nostro.domain.open_item import (
    INSTALMENT_MAX,
    DiscountTerm,
    ItemKind,
    OpenItem,
    check,
    item_id,
    references_of,
)
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.formats.tables.table import (
    Row,
    amount_of,
    date_of,
    identifies,
    money,
    read_rows,
    rows,
    table_of,
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[OpenItem | RejectedLine]:
    """Yield an OpenItem or a RejectedLine for each line.

    An item's id is its entity and document ("1000:90001234", an instalment "1000:90001234/2"), the
    same on every export; credit notes have negative amounts. Profile: the name of a layout
    ("vesterholt_ar" by default). Codes of rejected lines: `wrong_column_count`, `field_missing`,
    `invalid_iban`, `invalid_date`, `unknown_currency`, `amount_not_a_number`, `amount_too_fine`,
    `amount_too_large`, `duplicate_line`, `unknown_item_kind`, `instalment_not_a_number`,
    `too_many_references`, `sign_and_kind`, `document_currency`, `document_sign`,
    `more_open_than_due`, `discount_larger`. Raises Invalid with a location for the file as a
    whole: `empty_file`, `not_text`, `broken_quotes`, `missing_columns`.
    """
    table = table_of(profile, "vesterholt_ar")
    seen: set[str] = set()

    def make(row: Row) -> OpenItem:
        item = _item(row)
        if item.id in seen:
            raise Invalid(
                "duplicate_line",
                f"{item.id} stands in the file twice.",
                can_do="Export the list again, one line a document.",
            )
        seen.add(item.id)
        return item

    yield from read_rows(rows(stream, table), make)


def _item(row: Row) -> OpenItem:
    entity, document, payer = row.text("entity_code"), row.text("document"), row.text("payer_iban")
    open_amount, instalment = amount_of(row), _instalment(row)
    item = OpenItem(
        id=item_id(entity, document, instalment),
        entity_code=entity,
        document=document,
        customer_number=row.text("customer_number"),
        customer_name=row.text("customer_name"),
        open_amount=open_amount,
        due_date=date_of(row, "due_date"),
        payer_iban=iban(payer) if payer else "",
        line=row.line,
        kind=_kind(row, open_amount),
        instalment=instalment,
        document_amount=_money(row, "document_amount"),
        issue_date=date_of(row, "issue_date") if row.text("issue_date") else None,
        discount=_discount(row),
        references=references_of(row.text("references").split()),
        parent_number=row.text("parent_number"),
    )
    check(item)
    return item


def _kind(row: Row, open_amount: Money) -> ItemKind:
    """As the list says; a list that does not: what is negative is a credit note."""
    told = row.text("kind").lower()
    if not told:
        return ItemKind.CREDIT_NOTE if open_amount.minor < 0 else ItemKind.INVOICE
    try:
        return ItemKind(told)
    except ValueError:
        raise Invalid(
            "unknown_item_kind",
            f"{told[:40]!r} is not a kind of open item.",
            can_do=f"Use one of: {', '.join(ItemKind)}.",
            field="kind",
        ) from None


def _instalment(row: Row) -> int:
    told = row.text("instalment") or "0"
    if told.isascii() and told.isdigit() and int(told) <= INSTALMENT_MAX:
        return int(told)
    raise Invalid(
        "instalment_not_a_number",
        f"{told[:40]!r} is not the number of an instalment.",
        can_do=f"Use 1 to {INSTALMENT_MAX}, or nothing for the whole document.",
        field="instalment",
    )


def _money(row: Row, field: str) -> Money | None:
    told = row.text(field)
    return money(told, row.text("currency").upper(), row.table) if told else None


def _discount(row: Row) -> DiscountTerm | None:
    amount = _money(row, "discount_amount")
    if amount is None or not amount.minor:
        return None
    return DiscountTerm(amount=amount, until=date_of(row, "discount_until"))


FORMAT = Format(
    name="open_items_csv",
    media_type="text/csv",
    standard="RFC 4180, layout by profile",
    identify=identifies("open_items_csv"),
    read=read,
)
