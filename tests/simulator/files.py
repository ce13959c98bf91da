"""Files for the simulated bank: payments and recalls as a customer would send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import msgspec

from nostro.domain.bank_status import StatusReason
from nostro.domain.cancellation import (
    CancellationRequest,
    CancelledBatch,
    CancelledMessage,
    CancelledPayment,
    CaseParty,
)
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Agent,
    BankAccount,
    Mandate,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.formats import Profile
from nostro.formats.iso20022.answers import camt_055
from nostro.formats.iso20022.payments import pain_001, pain_008

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = MONDAY.date()
OURS = "NL91ABNA0417164300"
PAYEE = "DE89370400440532013000"
OTHER_PAYEE = "FR1420041010050500013M02606"


class Line(msgspec.Struct, frozen=True):
    """One payment: its end-to-end id, its amount in minor units, its payee."""

    key: str
    minor: int = 100_00
    payee: str = PAYEE
    currency: str = "EUR"


def pain_001_file(
    message_id: str,
    lines: Sequence[Line] = (Line("E2E-1"),),
    *,
    day: date = TODAY,
    account: str = OURS,
    batches: int = 1,
    batch_booking: bool | None = None,
    version: str = "pain.001.001.09",
) -> bytes:
    """A pain.001 of these payments, dealt to so many batches."""
    made = PaymentFile(
        message_id=message_id,
        created_at="2026-11-23T08:00:00",
        initiator=Party(name="Acme"),
        batches=tuple(
            PaymentBatch(
                batch_id=f"{message_id}-{number}",
                method=Method.TRANSFER,
                requested_date=day,
                own=Party(name="Acme"),
                own_account=BankAccount(iban=account),
                own_agent=Agent(bic="SIMBNL2A"),
                batch_booking=batch_booking,
                payments=tuple(map(_payment, lines[number::batches])),
            )
            for number in range(batches)
        ),
    )
    writer = pain_001.FORMAT.write
    assert writer is not None
    return writer(made, Profile(options={"version": version}))


def _payment(line: Line) -> Payment:
    return Payment(
        end_to_end_id=line.key,
        amount=Money(line.minor, line.currency),
        counterparty=Party(name=f"Payee of {line.key}"),
        counterparty_account=BankAccount(iban=line.payee),
        remittance=(f"Invoice {line.key}",),
    )


def pain_008_file(message_id: str, lines: Sequence[Line]) -> bytes:
    """A pain.008 that collects these sums from their payees."""
    made = PaymentFile(
        message_id=message_id,
        created_at="2026-11-23T08:00:00",
        initiator=Party(name="Acme"),
        batches=(
            PaymentBatch(
                batch_id=f"{message_id}-0",
                method=Method.DIRECT_DEBIT,
                requested_date=TODAY,
                own=Party(name="Acme"),
                own_account=BankAccount(iban=OURS),
                own_agent=Agent(bic="SIMBNL2A"),
                service_level="SEPA",
                local_instrument="CORE",
                sequence_type="RCUR",
                charge_bearer="SLEV",
                creditor_id="DE98ZZZ09999999999",
                payments=tuple(
                    msgspec.structs.replace(
                        _payment(line), mandate=Mandate(mandate_id="M-1", signed_on=TODAY)
                    )
                    for line in lines
                ),
            ),
        ),
    )
    writer = pain_008.FORMAT.write
    assert writer is not None
    return writer(made, Profile())


def recall_file(assignment_id: str, original: str, keys: Sequence[str]) -> bytes:
    """A camt.055 for these payments of a message."""
    request = CancellationRequest(
        assignment_id=assignment_id,
        created_at="2026-11-23T10:00:00",
        assigner=CaseParty(name="Acme"),
        assignee=CaseParty(bic="SIMBNL2A", bank=True),
        messages=(
            CancelledMessage(
                original_message_id=original,
                original_message_name="pain.001.001.09",
                batches=(
                    CancelledBatch(
                        batch_id=f"{original}-0",
                        payments=tuple(
                            CancelledPayment(
                                end_to_end_id=key, reasons=(StatusReason(code="DUPL"),)
                            )
                            for key in keys
                        ),
                    ),
                ),
            ),
        ),
    )
    writer = camt_055.FORMAT.write
    assert writer is not None
    return writer(request, Profile())
