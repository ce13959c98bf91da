"""One version of a payment message: what it has room for, and whether a batch keeps its schema."""

from __future__ import annotations

from typing import Any

from lxml import etree

from nostro.domain.payment_file import PaymentBatch
from nostro.formats.iso20022.payments.payment_documents import Room
from nostro.formats.iso20022.payments.payment_texts import refuse
from nostro.formats.iso20022.validation.schema_order import SchemaOrder, order_of

_VALIDATED_AT_ONCE = 1000  # Payments: a tree of all of them would take ten times the file's size.


class Edition:
    """One version of a message: what its schema has room for, and how it calls it."""

    def __init__(self, version: str, message: str, batch: str, own: str) -> None:
        self.version = version
        self.message = message
        self.order = order = order_of(version, message)
        self.path = f"PmtInf/{batch}"
        has = order.has
        self.bic = "BICFI" if has(f"PmtInf/{own}Agt/FinInstnId/BICFI") else "BIC"
        any_bic = has(f"PmtInf/{own}/Id/OrgId/AnyBIC")
        self.any_bic = "AnyBIC" if any_bic else "BICOrBEI"
        self.lei = has(f"PmtInf/{own}/Id/OrgId/LEI")
        self.new_address = has(f"PmtInf/{own}/PstlAdr/BldgNm")
        self.long_address = has(f"PmtInf/{own}/PstlAdr/CareOf")
        self.uetr = has(f"{self.path}/PmtId/UETR")
        self.coded_instructions = has(f"{self.path}/InstrForCdtrAgt/InstrInf")
        self.date_choice = has("PmtInf/ReqdExctnDt/Dt")
        strd = f"{self.path}/RmtInf/Strd"
        self.documents = Room(
            amounts=has(f"{strd}/RfrdDocAmt/DuePyblAmt"),
            typed_discount=has(f"{strd}/RfrdDocAmt/DscntApldAmt/Amt"),
            typed_day=has(f"{strd}/RfrdDocInf/RltdDt/Dt"),
        )


def validate_batch(
    made: list[str], head: str, tail: str, batch: PaymentBatch, order: SchemaOrder
) -> None:
    """Check a batch against the official schema, a thousand payments at a time.

    A file is valid if each part of its payments is valid between the same head and tail: the
    schema asks nothing of one payment that depends on another.
    """
    for at in range(1, len(made), _VALIDATED_AT_ONCE):
        part = made[at : at + _VALIDATED_AT_ONCE]
        text = "".join((head, made[0], *part, "</PmtInf>\n", tail))
        tree = etree.fromstring(text.encode())
        if not order.schema.validate(tree):
            _violated(order, batch, at, (head + made[0]).count("\n"))


def _violated(order: SchemaOrder, batch: PaymentBatch, at: int, before: int) -> None:
    log: Any = order.schema.error_log  # The stubs do not know that it is a list.
    first = log[0]
    number = at + first.line - before - 2
    inside = first.line > before and number < len(batch.payments)
    where = f"batch {batch.batch_id}"
    if inside:
        where = f"payment {batch.payments[number].end_to_end_id}"
    words = first.message.replace("{urn:iso:std:iso:20022:tech:xsd:" + order.version + "}", "")
    happened = f"The message would break the schema {order.version}: {words}"
    raise refuse("schema_violation", happened, "Correct it; a bank would refuse it.", where)
