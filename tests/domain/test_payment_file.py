"""Whole payment files out of records: nothing lost between reading, changing and writing."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
    assemble,
    take_apart,
)


def payment(number: int) -> Payment:
    return Payment(
        end_to_end_id=f"E{number}", amount=Money(number * 100, "EUR"), counterparty=Party(name="X")
    )


FILE = PaymentFile(
    message_id="M1",
    created_at="2026-11-20T08:30:00",
    initiator=Party(name="Vesterholt"),
    batches=(
        PaymentBatch(
            batch_id="B1",
            method=Method.TRANSFER,
            requested_date=date(2026, 11, 20),
            own=Party(name="Vesterholt"),
            payments=(payment(1), payment(2)),
        ),
    ),
)


def test_a_file_taken_apart_is_whole_again() -> None:
    assert list(assemble(take_apart(FILE))) == [FILE]


def test_a_payment_lost_or_changed_on_the_way_is_noticed() -> None:
    records = list(take_apart(FILE))
    with pytest.raises(Invalid) as lost:
        list(assemble([record for record in records if record != payment(2)]))
    assert lost.value.code == "trailer_differs"
    more = replace(payment(2), amount=Money(20100, "EUR"))
    with pytest.raises(Invalid, match=r"201\.00 EUR|202\.00 EUR"):
        list(assemble([more if record == payment(2) else record for record in records]))
