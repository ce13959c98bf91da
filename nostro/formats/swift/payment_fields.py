"""What MT101 and MT103 share: parties, amounts, charges and the codes inside :70:.

SWIFT Standards MT, category 1. A field whose text our own form of it would not give back is kept
verbatim in `codes` as well, so that nothing that it says is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.identifier import IBAN_LENGTH, is_iban
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    NO_AGENT,
    NOBODY,
    Agent,
    BankAccount,
    Party,
    Payment,
    PaymentFileHeader,
    PaymentFileTrailer,
)
from nostro.domain.problem import Location, Problem, error
from nostro.domain.remittance import ReferredDocument
from nostro.formats.swift import parties
from nostro.formats.swift.fin import Field, Message, receiver_of, sender_of
from nostro.formats.swift.statement_lines import minor_of, too_large

CHARGES = {"OUR": "DEBT", "SHA": "SHAR", "BEN": "CRED"}
_AMOUNT = re.compile(r"([A-Z]{3})([0-9]+(?:,[0-9]*)?)\Z")
_MEANT_AS_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]*\Z")
_RATE = re.compile(r"[0-9]+(?:,[0-9]*)?\Z")
_REMITTANCE = re.compile(r"/(ROC|RFB|INV)/([^/]+(?:/[^/]+)*)\Z")
_ASK = "Ask who made the file for a corrected one; the original text is with this problem."
# Letters of MT103 that say the same as those of MT101.
_ALIKE = {"50A": "G", "50K": "H"}
Codes = list[tuple[str, str]]


def unusable(code: str, happened: str) -> Invalid:
    """Why one payment cannot be used; its reader makes a Problem of it and goes on."""
    return Invalid(code, happened, can_do=_ASK)


def money_of(text: str) -> Money:
    """EUR1234,56; raises Invalid."""
    found = _AMOUNT.match(text.strip())
    if found is None:
        raise unusable("amount_unreadable", f"The amount {text[:40]!r} cannot be read.")
    currency, digits = found[1], found[2]
    if currency not in EXPONENT:
        raise unusable("unknown_currency", f"{currency} is not a currency in use.")
    minor = minor_of(digits, currency)
    if minor is None and too_large(digits, currency):
        raise unusable("amount_too_large", f"{digits[:40]} is larger than any bank's amount.")
    if minor is None:
        raise unusable("amount_too_fine", f"{digits[:40]} has more digits than {currency} allows.")
    return Money(minor, currency)


def problem_of(refusal: Invalid, location: Location, raw: str) -> Problem:
    return error(refusal.code, refusal.happened, refusal.can_do, location, raw)


def account_problems(account: BankAccount, where: Location) -> Iterator[Problem]:
    """`invalid_iban` for an account that is meant as an IBAN and is none.

    An error, as the money would not arrive; the payment itself stays, so that the totals stay what
    the sender's are.
    """
    written = account.iban or account.number
    if not _MEANT_AS_IBAN.match(written):
        return
    if (written[:2] in IBAN_LENGTH or account.iban) and not is_iban(written):
        happened = f"{written[:40]} is meant as an IBAN and is none: a wrong length or digit."
        can_do = "Do not pay it; ask who made the file for the right account."
        yield error("invalid_iban", happened, can_do, where, written)


def rate_of(text: str) -> str:
    """1,0842 as decimal text; "" if it is not a rate."""
    if not _RATE.match(text.strip()):
        return ""
    return text.strip().replace(",", ".").rstrip(".")


class Fields(msgspec.Struct):
    """The fields of one message or sequence, taken one by one; what is left is not dropped."""

    left: list[Field]

    def take(self, *tags: str) -> str:
        """The text of the first of these tags, or ""."""
        return self.option(*tags)[1]

    def option(self, *tags: str) -> tuple[str, str]:
        """The tag that was found, and its text."""
        for index, (_, tag, text) in enumerate(self.left):
            if tag in tags:
                del self.left[index]
                return tag, text
        return "", ""

    def all(self, *tags: str) -> tuple[str, ...]:
        texts = tuple(text for _, tag, text in self.left if tag in tags)
        self.left = [field for field in self.left if field[1] not in tags]
        return texts

    def rest(self) -> Codes:
        return [(tag, text) for _, tag, text in self.left]


def _exactly(tag: str, text: str, write: Callable[[], tuple[str, str]], codes: Codes) -> None:
    """Keep the field as it is when writing what we read of it would give something else."""
    try:
        letter, written = write()
        same = written == text and letter == _ALIKE.get(tag, tag[2:])
    except Invalid:
        same = False
    if not same:
        codes.append((tag, text))


def take_party(
    fields: Fields, number: str, options: str, codes: Codes
) -> tuple[Party, BankAccount]:
    """50a (options F, G, H, K) or 59a (A, F, none), and its codes."""
    tags = [f"{number}{letter}".strip() for letter in options]
    tag, text = fields.option(*tags)
    if not tag:
        return NOBODY, NO_ACCOUNT
    party, account = parties.party_of(tag[2:], text)
    write = parties.customer_field if number == "50" else parties.beneficiary_field
    _exactly(tag, text, lambda: write(party, account, ""), codes)
    return party, account


def take_instructing(fields: Fields, codes: Codes) -> Party:
    """50C or 50L: who sends the request for the ordering customer."""
    tag, text = fields.option("50C", "50L")
    if not tag:
        return NOBODY
    party, _ = parties.party_of(tag[2:], text)
    _exactly(tag, text, lambda: parties.instructing_field(party, ""), codes)
    return party


def take_agent(fields: Fields, number: str, codes: Codes) -> Agent:
    """52a, 56a or 57a."""
    tag, text = fields.option(*(f"{number}{letter}" for letter in "ABCD"))
    if not tag:
        return NO_AGENT
    agent = parties.agent_of(tag[2:], text)
    _exactly(tag, text, lambda: parties.agent_field(agent, ""), codes)
    return agent


def take_terms(fields: Fields, codes: Codes) -> dict[str, Any]:
    """Who bears the charges (71A), the rate (36), and what the authorities want (77B)."""
    charges, rate, regulatory = fields.take("71A"), fields.take("36"), fields.take("77B")
    if charges and charges not in CHARGES:
        codes.append(("71A", charges))
    if rate and not rate_of(rate):
        codes.append(("36", rate))
    return {
        "charge_bearer": CHARGES.get(charges, ""),
        "exchange_rate": rate_of(rate),
        "regulatory": tuple(regulatory.split("\n")) if regulatory else (),
    }


def remittance_of(text: str, location: Location) -> dict[str, Any]:
    """:70: line by line: /ROC/ the payer's own reference, /RFB/ the payee's, /INV/ an invoice."""
    told: dict[str, Any] = {}
    lines: list[str] = []
    documents: list[ReferredDocument] = []
    for line in text.split("\n") if text else []:
        found = _REMITTANCE.match(line)
        if found and found[1] == "ROC" and "end_to_end_id" not in told:
            told["end_to_end_id"] = found[2]
        elif found and found[1] == "RFB" and "creditor_reference" not in told:
            told["creditor_reference"] = found[2]
        elif found and found[1] == "INV":
            documents.append(ReferredDocument(number=found[2], kind="CINV", location=location))
        elif line:
            lines.append(line)
    told["remittance"] = tuple(lines)
    told["documents"] = tuple(documents)
    return told


def remittance_lines(payment: Payment, own: str) -> list[str]:
    """:70: of a payment: the inverse of `remittance_of`; `own` is the reference told elsewhere."""
    roc = [f"/ROC/{payment.end_to_end_id}"] if payment.end_to_end_id != own else []
    rfb = [f"/RFB/{payment.creditor_reference}"] if payment.creditor_reference else []
    invoices = [f"/INV/{document.number}" for document in payment.documents]
    return [*roc, *rfb, *invoices, *payment.remittance]


def file_header(
    message: Message, message_id: str, initiator: Party, codes: Codes
) -> PaymentFileHeader:
    """The header of a message: who sent it to whom, by its envelope."""
    block_1, block_2 = message.blocks.get("{1}", ""), message.blocks.get("{2}", "")
    sender = sender_of(block_1, block_2)
    receiver = receiver_of(block_1, block_2)
    written = envelope_of(sender, receiver, message.kind())
    kept = [(name, text) for name, text in message.blocks.items() if written.get(name) != text]
    return PaymentFileHeader(
        message_id=message_id,
        created_at="",
        initiator=initiator,
        version=f"MT{message.kind()}" if message.kind() else "",
        forwarding_agent=Agent(bic=sender) if sender else NO_AGENT,
        receiver=receiver,
        codes=(*kept, *codes),
        location=Location(line=message.line),
    )


def envelope_of(sender: str, receiver: str, kind: str) -> dict[str, str]:
    """Blocks 1 and 2 of an input message between two BICs, with the session left to the sender."""
    if not (sender and receiver):
        return {}
    return {
        "{1}": f"F01{_terminal(sender, 'A')}0000000000",
        "{2}": f"I{kind}{_terminal(receiver, 'X')}N",
    }


def _terminal(bic: str, letter: str) -> str:
    return f"{bic[:8]}{letter}{bic[8:] or 'XXX'}"


def totals(payments: Iterable[Money], location: Location) -> PaymentFileTrailer:
    """The trailer: how many payments were read, and their sums by currency."""
    sums: dict[str, int] = {}
    count = 0
    for money in payments:
        count += 1
        sums[money.currency] = sums.get(money.currency, 0) + money.minor
    return PaymentFileTrailer(
        payments=count,
        sums=tuple(Money(minor, currency) for currency, minor in sorted(sums.items())),
        location=location,
    )
