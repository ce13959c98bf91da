"""Single payments as SWIFT MT103, as banks confirm or forward them: each is a file of one payment.

SWIFT Standards MT, MT103 Single Customer Credit Transfer (also STP and REMIT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.payment_file import Method, Payment, PaymentBatchHeader
from nostro.domain.problem import Location, error
from nostro.formats import Format, Profile
from nostro.formats.source import Lines
from nostro.formats.swift.fin import KEPT, Message, head_of, messages
from nostro.formats.swift.payment_fields import (
    Codes,
    Fields,
    account_problems,
    file_header,
    money_of,
    problem_of,
    remittance_of,
    take_agent,
    take_party,
    take_terms,
    totals,
    unusable,
)
from nostro.formats.swift.swift_dates import day_of
from nostro.formats.verdicts import Endings

_UETR = re.compile(r"\{121:([^}]*)\}")


def identify(head: bytes) -> int:
    """Sure by the envelope; without one by the bank operation code and the settled amount."""
    seen = head_of(head)
    if seen.kind:
        return 100 if seen.kind == "103" else 0
    return 95 if seen.has("23B") and seen.has("32A") else 0


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield header, batch, payment and trailer of each MT103.

    `amount` and the date are those of :32A: (what is settled, when); :33B:, :71F:, :71G:, :13C:,
    :72: and the banks in between (53a to 55a) are `codes`, verbatim. Problems:
    `message_unexpected`, `settlement_date_missing`, `amount_unreadable`, `amount_too_fine`,
    `amount_too_large`, `unknown_currency`, `invalid_iban`. Raises Invalid for whatever
    `source.Lines` and `fin.messages` refuse, and `no_payment`.
    """
    lines = Lines(stream, profile)
    number, endings = 0, Endings()
    for message in messages(lines):
        yield from lines.take_problems()
        number += 1
        where = Location(line=message.line, path=f"payment {number}")
        if not any(tag in ("23B", "59", "59A", "59F") for _, tag, _ in message.fields):
            happened = "A message without beneficiary (:59a:) is no MT103; it was left out."
            can_do = "Read it as its own type."
            yield error("message_unexpected", happened, can_do, where, message.raw())
            continue
        try:
            yield from list(_records(message, where, endings))
        except Invalid as refusal:
            yield problem_of(refusal, where, message.raw())
    yield from lines.take_problems()
    if not number:
        happened = "The file holds no payment."
        can_do = "Check that this is the file you meant."
        raise Invalid("no_payment", happened, KEPT, can_do, location="line 1")


def _records(message: Message, where: Location, endings: Endings) -> Iterator[object]:
    fields = Fields(list(message.fields))
    reference, settled = fields.take("20"), fields.take("32A")
    day = day_of(settled[:6]).day
    if day is None:
        happened = f"The settlement date {settled[:6]!r} cannot be read."
        raise unusable("settlement_date_missing", happened)
    codes: Codes = []
    own, own_account = take_party(fields, "50", "AFK", codes)
    own_agent = take_agent(fields, "52", codes)
    payment = _payment(fields, message, settled[6:], reference, where)
    header = file_header(message, reference, own, [])
    yield header
    yield PaymentBatchHeader(
        batch_id=reference,
        method=Method.TRANSFER,
        requested_date=day,
        own=own,
        own_account=own_account,
        own_agent=own_agent,
        codes=tuple(codes),
        location=where,
    )
    yield payment
    yield from account_problems(payment.counterparty_account, where)
    yield from endings.payment_file(header, totals([payment.amount], where))


def _payment(
    fields: Fields, message: Message, settled: str, reference: str, where: Location
) -> Payment:
    codes: Codes = []
    amount = money_of(settled)
    counterparty, account = take_party(fields, "59", "AF ", codes)
    agent, intermediary = take_agent(fields, "57", codes), take_agent(fields, "56", codes)
    told = remittance_of(fields.take("70"), where)
    told |= take_terms(fields, codes)
    uetr = _UETR.search(message.blocks.get("{3}", ""))
    return Payment(
        end_to_end_id=told.pop("end_to_end_id", ""),
        rail_reference=reference,
        uetr=uetr[1] if uetr else "",
        transaction_code=fields.take("23B"),
        amount=amount,
        counterparty=counterparty,
        counterparty_account=account,
        counterparty_agent=agent,
        intermediary=intermediary,
        instructions_to_agent=fields.all("23E"),
        codes=(*codes, *fields.rest()),
        location=where,
        **told,
    )


FORMAT = Format(
    name="mt103",
    media_type="text/plain",
    standard="SWIFT MT103",
    section="category 1, Single Customer Credit Transfer",
    identify=identify,
    read=read,
)
