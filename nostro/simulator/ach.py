"""How the simulated bank takes ACH files (Nacha): paid by settlement, answered by what comes back.

An ACH file names no account: its entries are paid from the bank's one account in dollars. There is
no status report. What the payee's bank does not want comes back after a bank day, and what must be
different next time is told by a notification of change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import BankAccount, Method, PaymentFile
from nostro.formats.american import nacha
from nostro.simulator.ach_messages import Answer, answer_file
from nostro.simulator.answer_messages import Word
from nostro.simulator.books import Account
from nostro.simulator.script import ACH as SCRIPTED
from nostro.simulator.state import Instructed, PaymentState, Plan, State, TakenFile

ACH: Final = "nacha"  # What stands for the message name of such a file.
RETURN_DAYS = 1
_CURRENCY = "USD"
_REASONS = ("R02", "R03", "R04", "R23")
# What is told of a whole file by pain.002 only: an ACH file has none.
_NOT_OVER_ACH = {"rejects", "duplicate_reason", "wrong_status", "out_of_order", "slow"}


def is_ach(content: bytes) -> bool:
    return bool(nacha.FORMAT.identify(content))


def named(document: PaymentFile, key: str) -> str:
    """What stands for the message id: the key that came with it, of which the file has the end."""
    reference = document.message_id.strip()
    if key and key.upper().endswith(reference.upper()):
        return key
    origin = document.initiator.identifier
    return reference or f"{origin}/{document.created_at}{dict(document.codes)['file_id_modifier']}"


def from_account(state: State, document: PaymentFile, message_id: str) -> PaymentFile:
    """The file with the account that its entries are paid from. Raises Invalid."""
    account = _account(state, document)
    total = sum(
        payment.amount.minor
        for batch in document.batches
        for payment in batch.payments
        if (payment.method or batch.method) is Method.TRANSFER
    )
    if account.available < total and state.known(message_id) is None:
        raise _unfit(f"{account.iban} does not cover {Money(total, _CURRENCY)}.")
    own = BankAccount(number=account.iban)
    batches = tuple(msgspec.structs.replace(one, own_account=own) for one in document.batches)
    return msgspec.structs.replace(document, message_id=message_id, version=ACH, batches=batches)


def _account(state: State, document: PaymentFile) -> Account:
    found = [one for one in state.accounts.values() if one.currency == _CURRENCY]
    if not found and state.opens_accounts and document.batches:
        made = state.account(document.batches[0].own.identifier, _CURRENCY)
        found = [made] if made else []
    if len(found) != 1:
        raise _unfit(f"The bank has {len(found)} accounts in dollars, and the file names none.")
    return found[0]


def _unfit(why: str) -> Invalid:
    return Invalid(
        "file_not_read", f"The file cannot be used. {why}", "It was not taken.", "Send another."
    )


def over_ach(traits: Mapping[str, str]) -> dict[str, str]:
    """The habits of a bank that an ACH file can show."""
    return {name: variant for name, variant in traits.items() if name not in _NOT_OVER_ACH}


def plan_of(state: State, one: Instructed, traits: Mapping[str, str]) -> Plan:
    """Every entry is paid; what the script or the dice say of it comes back afterwards."""
    said = traits.get(SCRIPTED, "")
    paid = Plan(word=Word("ACCP"), pays=one.payment.amount.minor > 0, return_days=RETURN_DAYS)
    if said.startswith("C"):
        return msgspec.structs.replace(paid, correction=said)
    refused = {"late_return", "partial_rejection", "contradictory"} & set(traits)
    if not said and refused:
        about = (one.file.message_id, one.payment.end_to_end_id, one.file.time)
        said = state.dice.one_of(_REASONS, "ach_return", *about)
    if said:
        return msgspec.structs.replace(paid, returned="whole", return_reason=said)
    return paid


def answer_later(state: State, one: Instructed) -> None:
    """The notification of change, where the payee's bank has one."""
    if one.plan.correction:
        due = state.now + timedelta(days=RETURN_DAYS)
        state.at(due, lambda: tell_change(state, one))


def tell_return(state: State, one: Instructed, reason: str) -> None:
    """The file that says why an entry came back; the money is booked beside it."""
    _tell(state, one, Answer(code=reason, minor=one.payment.amount.minor))


def tell_change(state: State, one: Instructed) -> None:
    if one.state is PaymentState.BOOKED:
        code, _, data = one.plan.correction.partition(" ")
        _tell(state, one, Answer(code=code, data=data or "1918171", minor=0))


def _tell(state: State, one: Instructed, answer: Answer) -> None:
    kind = "ach.change" if answer.code.startswith("C") else "ach.return"
    content = answer_file(one, answer, state.now, state.number("ACH"))
    state.tell(f"{answer.code} of {one.payment.end_to_end_id}: {one.payment.counterparty.name}")
    state.release(kind, one.payment.end_to_end_id, content, state.now)


def is_of_ach(file: TakenFile) -> bool:
    return file.message_name == ACH
