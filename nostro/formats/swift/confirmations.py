"""Single bookings that a bank confirms at once: MT900 (money left) and MT910 (money came in).

SWIFT Standards MT, MT900 Confirmation of Debit and MT910 Confirmation of Credit. Each message is a
statement of kind notification with one entry and no balances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from nostro.domain.balance_gate import BalanceGate
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem, error
from nostro.domain.statement import (
    Entry,
    EntryStatus,
    ReportKind,
    StatementHeader,
    StatementTrailer,
    TransactionDetail,
)
from nostro.formats import Profile
from nostro.formats.source import Lines
from nostro.formats.swift.fin import KEPT, Message, messages, sender_of
from nostro.formats.swift.payment_fields import (
    Codes,
    Fields,
    money_of,
    problem_of,
    take_agent,
    take_party,
)
from nostro.formats.swift.statement_heads import Account
from nostro.formats.swift.statement_lines import odd_date
from nostro.formats.swift.swift_dates import day_of, moment_of
from nostro.formats.verdicts import Endings


def reader(kind: str, sign: int) -> Callable[[BinaryIO, Profile], Iterator[object]]:
    """The reader of one of the two types: "900" with sign -1, "910" with sign 1."""

    def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
        """Yield header, entry and trailer of each message.

        Problems: `message_unexpected` (another type, whose sign would be wrong),
        `amount_unreadable`, `amount_too_fine`, `amount_too_large`, `unknown_currency`,
        `account_missing`; warnings `date_unreadable`, `date_after_month_end`. Raises Invalid for
        whatever `source.Lines` and `fin.messages` refuse, and `no_confirmation`.
        """
        lines = Lines(stream, profile)
        number, endings = 0, Endings()
        for message in messages(lines):
            yield from lines.take_problems()
            number += 1
            where = Location(line=message.line, path=f"statement {number}")
            if message.kind() not in ("", kind):
                happened = f"An MT{message.kind()} stands among MT{kind}; it was left out."
                can_do = "Read it as its own type."
                yield error("message_unexpected", happened, can_do, where, message.raw())
                continue
            yield from _records(message, sign, where, endings)
        yield from lines.take_problems()
        if not number:
            happened = f"The file holds no MT{kind}."
            can_do = "Check that this is the file you meant."
            raise Invalid("no_confirmation", happened, KEPT, can_do, location="line 1")

    return read


def _records(message: Message, sign: int, where: Location, endings: Endings) -> Iterator[object]:
    fields = Fields(list(message.fields))
    account = Account(fields.take("25", "25P"))
    created = fields.take("13D")
    reference = fields.take("20")
    try:
        entry, odd = _entry(fields, sign, Location(line=where.line, path=f"{where.path}, entry 1"))
    except Invalid as refusal:
        yield problem_of(refusal, where, message.raw())
        return
    header = StatementHeader(
        statement_id=reference,
        account=account.number,
        currency=entry.amount.currency,
        kind=ReportKind.NOTIFICATION,
        sequence=None,
        created_at=moment_of(created),
        from_day=None,
        to_day=None,
        location=where,
        bank_bic=account.bank_bic
        or sender_of(message.blocks.get("{1}", ""), message.blocks.get("{2}", "")),
        bank_code=account.bank_code,
    )
    yield header
    if not account.number:
        happened = "The confirmation names no account (:25:)."
        yield error("account_missing", happened, "Ask the bank for it again.", where)
    yield from odd
    yield entry
    gate = BalanceGate()
    gate.add(entry)
    trailer = StatementTrailer(
        balances=(),
        entry_count=1,
        verdict=gate.verdict((), ReportKind.NOTIFICATION),
        location=where,
        codes=tuple(message.blocks.items()),
    )
    yield from endings.statement(header, trailer, gate)


def _entry(fields: Fields, sign: int, where: Location) -> tuple[Entry, list[Problem]]:
    """The booking; raises Invalid."""
    settled = fields.take("32A")
    money = money_of(settled[6:])
    value = day_of(settled[:6])
    odd = [odd_date(value.odd, "value date", settled[:6], where)] if value.odd else []
    codes: Codes = []
    party, account = take_party(fields, "50", "AFK", codes)
    ordering = take_agent(fields, "52", codes)
    text = fields.take("72")
    amount = Money(sign * money.minor, money.currency)
    detail = TransactionDetail(
        amount=amount,
        counterparty_name=party.name or ordering.name,
        counterparty_iban=account.iban or account.number,
        counterparty_bic=party.identifier if party.scheme == "BIC" else ordering.bic,
        counterparty_address=party.address.lines,
        remittance=tuple(text.split("\n")) if text else (),
        location=where,
    )
    entry = Entry(
        amount=amount,
        status=EntryStatus.BOOK,
        booked=None,
        value=value.day,
        bank_reference="",
        entry_reference="",
        transaction_code="",
        proprietary_code="",
        reversal=False,
        text=text,
        details=(detail,),
        location=where,
        customer_reference=fields.take("21"),
        codes=(*codes, *fields.rest()),
    )
    return entry, odd
