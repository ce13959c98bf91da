"""Open customer invoices as an ERP exports them: what incoming money will be matched to.

Delimited text by a declared layout (profiles/*.toml).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.identifier import iban
from nostro.domain.open_item import OpenItem
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.formats.tables.table import (
    Row,
    amount_of,
    date_of,
    identifies,
    read_rows,
    rows,
    table_of,
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[OpenItem | RejectedLine]:
    """Yield an OpenItem or a RejectedLine for each line.

    An item's id is its entity and document ("1000:90001234"), the same on every export; credit
    notes have negative amounts. Profile: the name of a layout ("vesterholt_ar" by default). Codes
    of rejected lines: `wrong_column_count`, `field_missing`, `invalid_iban`, `invalid_date`,
    `unknown_currency`, `amount_not_a_number`, `amount_too_fine`, `amount_too_large`,
    `duplicate_line`. Raises Invalid with a location for the file as a whole: `empty_file`,
    `not_text`, `broken_quotes`, `missing_columns`.
    """
    table = table_of(profile, "vesterholt_ar")
    seen: set[str] = set()

    def make(row: Row) -> OpenItem:
        item = _item(row)
        if item.id in seen:
            raise Invalid(
                "duplicate_line",
                f"The document {item.document} of {item.entity_code} stands in the file twice.",
                can_do="Export the list again, one line a document.",
            )
        seen.add(item.id)
        return item

    yield from read_rows(rows(stream, table), make)


def _item(row: Row) -> OpenItem:
    entity, document, payer = row.text("entity_code"), row.text("document"), row.text("payer_iban")
    return OpenItem(
        id=f"{entity}:{document}",
        entity_code=entity,
        document=document,
        customer_number=row.text("customer_number"),
        customer_name=row.text("customer_name"),
        open_amount=amount_of(row),
        due_date=date_of(row, "due_date"),
        payer_iban=iban(payer) if payer else "",
        line=row.line,
    )


FORMAT = Format(
    name="open_items_csv",
    media_type="text/csv",
    standard="RFC 4180, layout by profile",
    identify=identifies("open_items_csv"),
    read=read,
)
