"""Payment files as MT101, strictly: what the format cannot carry is refused, never left out.

SWIFT Standards MT, MT101 Request for Transfer. Batches of one id are one message; several messages
are a chain (:28D:), held together by :21R:.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    NO_AGENT,
    NOBODY,
    Agent,
    Method,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.remittance import ReferredDocument
from nostro.formats import Profile, options_of
from nostro.formats.swift.leave_out import without
from nostro.formats.swift.mt101_fitting import fit
from nostro.formats.swift.parties import (
    agent_field,
    beneficiary_field,
    customer_field,
    instructing_field,
)
from nostro.formats.swift.payment_fields import CHARGES, envelope_of, remittance_lines
from nostro.formats.swift.swift_dates import day_of, short
from nostro.formats.swift.text import amount_text, line_of, lines_of, reference_of, refused

MESSAGE_CHARACTERS_MAX = 10_000
_BEARERS = {iso: swift for swift, iso in CHARGES.items()}
# Fields of a sequence B that have no field of ours, as the reader keeps them, and their widths.
_KEPT = {"33B": 18, "25A": 35}
_BATCH_PLAIN = (
    "requested_time",
    "batch_booking",
    "priority",
    "service_level",
    "local_instrument",
    "category_purpose",
    "sequence_type",
    "creditor_id",
    "entry_description",
    "service_class",
    "codes",
    "ultimate_own",
    "charges_account",
)
_PAYMENT_PLAIN = (
    "instruction_id",
    "uetr",
    "transaction_code",
    "purpose",
    "creditor_reference_kind",
    "mandate",
    "service_level",
    "local_instrument",
    "category_purpose",
    "check_number",
    "ultimate_debtor",
    "ultimate_creditor",
)
_EMPTY = ("", None, (), NOBODY, NO_ACCOUNT)


class RequestOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`leave_out` (writing): names of fields that MT101 cannot carry and that may be left out
    knowingly, of the file, its batches and payments ("created_at", "service_level").
    `transliterate` (writing): names, addresses and remittance are written in the letters of SWIFT
    ("ü" as "u", "&" as "+"); `mt101_fitting.fit` tells each change."""

    leave_out: tuple[str, ...] = ()
    transliterate: bool = False


def write(file: PaymentFile, profile: Profile) -> bytes:
    """One payment file as one MT101 or a chain of them, CR LF at the line ends.

    With `forwarding_agent` (the sender's BIC) and `receiver` it has a FIN envelope. The law:
    reading it gives the file again, apart from locations, if each payment has its
    `rail_reference` (:21:; else it is made of `end_to_end_id`) and its own `charge_bearer`.
    Raises Invalid: `method_not_carried`, `not_carried`, `code_not_carried`,
    `reference_repeated`, `charges_missing`, `equivalent_wrong`, `date_not_carried`,
    `message_too_long`, `nothing_to_write`, and whatever `parties` and `text` refuse.
    """
    options = options_of(profile, RequestOptions)
    file = without(file, options.leave_out)
    if options.transliterate:
        file, _ = fit(file, profile)
    groups = [list(batches) for _, batches in groupby(file.batches, lambda b: b.batch_id)]
    _fits(file, groups)
    named = len(groups) > 1 or file.message_id != groups[0][0].batch_id
    parts = []
    for index, batches in enumerate(groups, 1):
        lines = [f":20:{reference_of(batches[0].batch_id, batches[0].batch_id)}"]
        if named:
            lines.append(f":21R:{reference_of(file.message_id, file.message_id)}")
        lines.append(f":28D:{index}/{len(groups)}")
        lines += _message(file, batches)
        parts.append(_framed(file, "\n".join(lines).replace("\n", "\r\n"), batches[0].batch_id))
    return "".join(parts).encode("ascii")


def _fits(file: PaymentFile, groups: Sequence[list[PaymentBatch]]) -> None:
    where = f"file {file.message_id}"
    if not groups or not all(batch.payments for batch in file.batches):
        happened = "There is a file or a batch without payments."
        raise refused("nothing_to_write", happened, "Leave it out.", where)
    if len({batches[0].batch_id for batches in groups}) < len(groups):
        happened = "Two messages would have the same reference (:20:)."
        raise refused("reference_repeated", happened, "Give each batch its own id.", where)
    if file.created_at:
        raise _not_carried("a time of making", "created_at", where)
    if file.version and file.version != "MT101":
        raise _not_carried("another version", "version", where)
    if file.forwarding_agent != Agent(bic=file.forwarding_agent.bic):
        raise _not_carried("more of the sender than its BIC", "forwarding_agent", where)
    _envelope_fits(file, where)
    for name, _ in file.codes:
        if name != "{3}" or not file.receiver:
            raise _code_not_carried(name, where)


def _envelope_fits(file: PaymentFile, where: str) -> None:
    """Sender, receiver and version are all there, or none of them."""
    told = {
        "forwarding_agent": file.forwarding_agent.bic,
        "receiver": file.receiver,
        "version": file.version,
    }
    there = [name for name, text in told.items() if text]
    if there and len(there) < len(told):
        thing = "an envelope without sender, receiver and version MT101"
        raise _not_carried(thing, there[0], where)


def _framed(file: PaymentFile, text: str, where: str) -> str:
    if len(text) > MESSAGE_CHARACTERS_MAX:
        happened = (
            f"The message has {len(text):,} characters; SWIFT takes {MESSAGE_CHARACTERS_MAX:,}."
        )
        raise refused("message_too_long", happened, "Make smaller batches.", f"batch {where}")
    blocks = envelope_of(file.forwarding_agent.bic, file.receiver, "101")
    if not blocks:
        return f"{text}\r\n-\r\n"
    blocks |= dict(file.codes)
    head = "".join(f"{{{name[1]}:{value}}}" for name, value in sorted(blocks.items()))
    return f"{head}{{4:\r\n{text}\r\n-}}\r\n"


def _message(file: PaymentFile, batches: Sequence[PaymentBatch]) -> Iterator[str]:
    where = f"batch {batches[0].batch_id}"
    days = {batch.requested_date for batch in batches}
    (day,) = days if len(days) == 1 else (None,)
    if day is None or day_of(short(day)).day != day:
        happened = "The batches of one message need one execution date, from 1980 to 2079."
        raise refused("date_not_carried", happened, "Give other dates their own batch.", where)
    for batch in batches:
        _batch_fits(batch, f"batch {batch.batch_id}")
    if file.initiator != NOBODY:
        letter, text = instructing_field(file.initiator, f"file {file.message_id}")
        yield f":50{letter}:{text}"
    shared = len(batches) == 1
    if shared:
        yield from _own(batches[0], where)
    yield f":30:{short(day)}"
    references: set[str] = set()
    for batch in batches:
        for number, payment in enumerate(batch.payments, 1):
            place = f"batch {batch.batch_id}, payment {number}"
            reference = payment.rail_reference or payment.end_to_end_id
            if reference in references:
                happened = f"The reference {reference!r} is there twice."
                raise refused("reference_repeated", happened, "Give each its own.", place)
            references.add(reference)
            yield from _payment(payment, batch, reference, shared, place)


def _batch_fits(batch: PaymentBatch, where: str) -> None:
    if batch.method is not Method.TRANSFER:
        happened = f"MT101 asks for transfers; the method of this batch is {batch.method}."
        raise refused("method_not_carried", happened, "Write it in another format.", where)
    for name in _BATCH_PLAIN:
        if getattr(batch, name) not in _EMPTY:
            raise _not_carried(f"the {name.replace('_', ' ')}", name, where)


def _own(batch: PaymentBatch, where: str) -> Iterator[str]:
    if batch.own != NOBODY or batch.own_account != NO_ACCOUNT:
        letter, text = customer_field(batch.own, batch.own_account, f"{where}, own party")
        yield f":50{letter}:{text}"
    if batch.own_agent != NO_AGENT:
        letter, text = agent_field(batch.own_agent, f"{where}, own bank")
        if letter == "D":
            thing = "the name of our bank (52a has BIC or clearing number)"
            raise _not_carried(thing, "own_agent", where)
        yield f":52{letter}:{text}"


def _payment(
    payment: Payment, batch: PaymentBatch, reference: str, shared: bool, where: str
) -> Iterator[str]:
    """A sequence B, in the order of the standard."""
    _payment_fits(payment, where)
    kept = dict(payment.codes)
    yield f":21:{reference_of(reference, where)}"
    if payment.exchange_contract:
        yield f":21F:{reference_of(payment.exchange_contract, where)}"
    for instruction in payment.instructions_to_agent:
        yield f":23E:{line_of(instruction, 35, where)}"
    yield f":32B:{_money(payment.amount, where)}"
    if not shared:
        yield from _own(batch, where)
    for number, agent in (("56", payment.intermediary), ("57", payment.counterparty_agent)):
        if agent != NO_AGENT:
            letter, text = agent_field(agent, where)
            yield f":{number}{letter}:{text}"
    letter, text = beneficiary_field(payment.counterparty, payment.counterparty_account, where)
    yield f":59{letter}:{text}"
    if remittance := remittance_lines(payment, reference):
        yield f":70:{lines_of(remittance, 35, 4, where)}"
    if payment.regulatory:
        yield f":77B:{lines_of(payment.regulatory, 35, 3, where)}"
    yield from _ordered(payment, kept.get("33B", ""), where)
    yield f":71A:{_bearer(payment, batch, where)}"
    if "25A" in kept:
        yield f":25A:{line_of(kept['25A'], 35, where)}"
    if payment.exchange_rate:
        yield f":36:{_rate(payment.exchange_rate, where)}"


def _payment_fits(payment: Payment, where: str) -> None:
    for name in _PAYMENT_PLAIN:
        if getattr(payment, name) not in _EMPTY:
            raise _not_carried(f"the {name.replace('_', ' ')}", name, where)
    for name, text in payment.codes:
        if name not in _KEPT or len(text) > _KEPT[name]:
            raise _code_not_carried(name, where)
    for document in payment.documents:
        plain = ReferredDocument(number=document.number, kind="CINV", location=document.location)
        if plain != document:
            thing = "more of a document than the number of an invoice"
            raise _not_carried(thing, "documents", where)
    for line in payment.remittance:
        if line.startswith(("/ROC/", "/RFB/", "/INV/")):
            raise _not_carried("remittance that looks like a code of :70:", "remittance", where)


def _money(money: Money, where: str) -> str:
    if money.minor < 0:
        raise _not_carried("a negative amount", "amount", where)
    return f"{money.currency}{amount_text(money, where)}"


def _ordered(payment: Payment, kept: str, where: str) -> Iterator[str]:
    """:33B: what is ordered in another currency; EQUI says that :32B: shall be its equivalent."""
    equivalent = payment.equivalent
    asks = "EQUI" in payment.instructions_to_agent
    if (equivalent is not None) != (asks and not payment.amount.minor):
        happened = "An equivalent needs the instruction EQUI and no amount, and the reverse."
        raise refused("equivalent_wrong", happened, "Say it in both places.", where)
    if equivalent is not None:
        yield f":33B:{_money(equivalent, where)}"
    elif kept:
        yield f":33B:{line_of(kept, 18, where)}"


def _bearer(payment: Payment, batch: PaymentBatch, where: str) -> str:
    told = payment.charge_bearer or batch.charge_bearer
    if told not in _BEARERS:
        happened = f"Who bears the charges must be DEBT, SHAR or CRED; it is {told!r}."
        raise refused("charges_missing", happened, "Say who bears them.", where)
    return _BEARERS[told]


def _rate(rate: str, where: str) -> str:
    text = rate.replace(".", ",")
    text = text if "," in text else f"{text},"
    digits = text.replace(",", "", 1)
    if len(text) > 12 or not (digits.isascii() and digits.isdigit()):
        raise _not_carried(f"the rate {rate!r} (12 characters)", "exchange_rate", where)
    return text


def _not_carried(thing: str, field: str, where: str) -> Invalid:
    happened = f"MT101 cannot carry {thing}."
    can_do = "Leave it out knowingly, or write pain.001."
    return refused("not_carried", happened, can_do, where, field)


def _code_not_carried(name: str, where: str) -> Invalid:
    happened = f"MT101 has no place for the code {name!r}, or not for all of it."
    return refused("code_not_carried", happened, "Leave it out knowingly.", where, "codes")
