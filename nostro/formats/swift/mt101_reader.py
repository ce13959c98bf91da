"""Requests for transfer (MT101) as payment files: one message, or a chain of them, is one file.

SWIFT Standards MT, MT101: sequence A (what all transfers share), then a sequence B for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    NO_AGENT,
    NOBODY,
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatchHeader,
    PaymentFileHeader,
)
from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats import Profile
from nostro.formats.source import Lines
from nostro.formats.swift.fin import KEPT, Field, Message, messages
from nostro.formats.swift.payment_fields import (
    Codes,
    Fields,
    account_problems,
    file_header,
    money_of,
    problem_of,
    remittance_of,
    take_agent,
    take_instructing,
    take_party,
    take_terms,
    totals,
    unusable,
)
from nostro.formats.swift.swift_dates import day_of
from nostro.formats.verdicts import Endings

_CHAIN = re.compile(r"([0-9]{1,5})/([0-9]{1,5})\Z")
_ASK = "Ask who made the file for a corrected one; the original text is with this problem."


class _Own:
    """Who pays, from which account, at which bank: of sequence A, or of one sequence B."""

    def __init__(self, party: Party, account: BankAccount, agent: Agent, codes: Codes) -> None:
        self.party, self.account, self.agent, self.codes = party, account, agent, codes

    def or_shared(self, shared: _Own) -> _Own:
        """What a sequence B does not say is as sequence A says it."""
        if self.party != NOBODY or self.account != NO_ACCOUNT:
            return self
        if self.agent == NO_AGENT:
            return shared
        return _Own(shared.party, shared.account, self.agent, [*shared.codes, *self.codes])

    def same(self, other: _Own | None) -> bool:
        return other is not None and vars(self) == vars(other)


def _own(fields: Fields) -> _Own:
    codes: Codes = []
    party, account = take_party(fields, "50", "FGHK", codes)
    return _Own(party, account, take_agent(fields, "52", codes), codes)


class _Chain:
    """The messages of one file: :28D: counts them, :21R: names what they belong to."""

    def __init__(self) -> None:
        self.header: PaymentFileHeader | None = None
        self.name = ""
        self.index = self.total = 0
        self.number = 0
        self.payments: list[Money] = []
        self.location = Location()

    def goes_on(self, name: str, index: int, total: int) -> bool:
        return bool(self.total) and (self.name, self.total) == (name, total) and index > 1


class _Reading:
    def __init__(self) -> None:
        self.chain = _Chain()
        self.endings = Endings()
        self.files = 0

    def message(self, message: Message) -> Iterator[object]:
        head, *transfers = _sequences(message.fields)
        fields = Fields(head)
        reference, name = fields.take("20"), fields.take("21R")
        found = _CHAIN.match(fields.take("28D"))
        index, total = (int(found[1]), int(found[2])) if found else (1, 1)
        codes: Codes = []
        initiator = take_instructing(fields, codes)
        shared = _own(fields)
        day = day_of(fields.take("30")).day
        where = Location(line=message.line, path=f"file {self.files + 1}")
        if not self.chain.goes_on(name, index, total):
            yield from self.end()
            self.files += 1
            self.chain = _Chain()
            self.chain.location = where
            codes += fields.rest()
            self.chain.header = file_header(message, name or reference, initiator, codes)
            yield self.chain.header
        yield from self._linked(name, index, total, where)
        if day is None:
            happened = "The message has no requested execution date (:30:) that can be read."
            yield error("execution_date_missing", happened, _ASK, where, message.raw())
        else:
            yield from self._transfers(transfers, shared, reference, day, where)
        if index >= total:
            yield from self.end()

    def _linked(self, name: str, index: int, total: int, where: Location) -> Iterator[Problem]:
        chain = self.chain
        if index != chain.index + 1:
            happened = f"Message {index} of {total} follows message {chain.index}."
            can_do = "Ask for the whole chain; check what was read against the sender's list."
            yield error("message_missing", happened, can_do, where)
        chain.name, chain.index, chain.total = name, index, total

    def _transfers(
        self, transfers: list[list[Field]], shared: _Own, reference: str, day: date, where: Location
    ) -> Iterator[object]:
        before: _Own | None = None
        for sequence in transfers:
            fields = Fields(sequence)
            own = _own(fields).or_shared(shared)
            if not own.same(before):
                before = own
                place = Location(line=where.line, path=self.chain.location.path)
                yield _batch(own, reference, day, place)
            chain = self.chain
            chain.number += 1
            path = f"{chain.location.path}, payment {chain.number}"
            location = Location(line=sequence[0][0], path=path)
            try:
                payment = _payment(fields, location)
            except Invalid as refusal:
                raw = "\n".join(f":{tag}:{text}" for _, tag, text in sequence)
                yield problem_of(refusal, location, raw)
                continue
            chain.payments.append(payment.amount)
            yield payment
            yield from account_problems(payment.counterparty_account, location)

    def end(self) -> Iterator[object]:
        """The trailer of the file that is open, if one is."""
        chain = self.chain
        if not chain.total:
            return
        if chain.index < chain.total:
            happened = f"The file ends with message {chain.index} of {chain.total}."
            can_do = "Ask for the messages that are missing."
            yield warning("message_missing", happened, can_do, chain.location)
        trailer = totals(chain.payments, chain.location)
        if chain.header is None:
            yield trailer
        else:
            yield from self.endings.payment_file(chain.header, trailer)
        self.chain = _Chain()


def _sequences(fields: tuple[Field, ...]) -> list[list[Field]]:
    """Sequence A, then one list for each :21:."""
    found: list[list[Field]] = [[]]
    for field in fields:
        if field[1] == "21":
            found.append([])
        found[-1].append(field)
    return found


def _batch(own: _Own, reference: str, day: date, where: Location) -> PaymentBatchHeader:
    return PaymentBatchHeader(
        batch_id=reference,
        method=Method.TRANSFER,
        requested_date=day,
        own=own.party,
        own_account=own.account,
        own_agent=own.agent,
        codes=tuple(own.codes),
        location=where,
    )


def _payment(fields: Fields, location: Location) -> Payment:
    """One sequence B; raises Invalid."""
    codes: Codes = []
    reference = fields.take("21")
    instructions = fields.all("23E")
    amount, ordered = money_of(fields.take("32B")), fields.take("33B")
    counterparty, account = take_party(fields, "59", "AF ", codes)
    if account == NO_ACCOUNT and not counterparty.name and not counterparty.identifier:
        raise unusable("beneficiary_missing", "The transfer names no beneficiary (:59a:).")
    agent, intermediary = take_agent(fields, "57", codes), take_agent(fields, "56", codes)
    told = remittance_of(fields.take("70"), location)
    told |= take_terms(fields, codes)
    equivalent = None
    if "EQUI" in instructions and not amount.minor and ordered:
        equivalent = money_of(ordered)
    elif ordered:
        codes.append(("33B", ordered))
    return Payment(
        end_to_end_id=told.pop("end_to_end_id", reference),
        rail_reference=reference,
        amount=amount,
        equivalent=equivalent,
        counterparty=counterparty,
        counterparty_account=account,
        counterparty_agent=agent,
        intermediary=intermediary,
        exchange_contract=fields.take("21F"),
        instructions_to_agent=instructions,
        codes=(*codes, *fields.rest()),
        location=location,
        **told,
    )


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield header, batches, payments and trailer of each MT101, chains joined by :28D: and :21R:.

    A batch is what one ordering customer pays of one message; its id is :20:, the file's is :21R:
    (else :20:). `end_to_end_id` is /ROC/ of :70:, else :21:, which also is `rail_reference`.
    Problems: `execution_date_missing`, `message_missing`, `beneficiary_missing`,
    `amount_unreadable`, `amount_too_fine`, `amount_too_large`, `unknown_currency`, `invalid_iban`;
    warning `file_end_missing`. Raises Invalid for whatever `source.Lines` and `fin.messages`
    refuse, and `no_payment`.
    """
    lines = Lines(stream, profile)
    reading = _Reading()
    for message in messages(lines):
        yield from lines.take_problems()
        if any(tag in ("28D", "32B") for _, tag, _ in message.fields):
            if not message.closed:
                happened = "Nothing ends the last message: transfers may be missing behind it."
                can_do = "Compare how many were read, and their sum, with the sender's."
                yield warning("file_end_missing", happened, can_do, Location(line=lines.number))
            yield from reading.message(message)
        else:
            where = Location(line=message.line)
            happened = "A message that is no MT101 stands among them; it was left out."
            yield error(
                "message_unexpected", happened, "Read it as its own type.", where, message.raw()
            )
    yield from lines.take_problems()
    yield from reading.end()
    if not reading.files:
        happened = "The file holds no request for transfer."
        can_do = "Check that this is the file you meant."
        raise Invalid("no_payment", happened, KEPT, can_do, location="line 1")
