"""What is paid, to whom, from where and by which way: the part of a payment that people approve."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress


class ChargeBearer(StrEnum):
    """ISO 20022 ChargeBearerType1Code."""

    SLEV = "SLEV"
    SHAR = "SHAR"
    DEBT = "DEBT"
    CRED = "CRED"


class Rail(StrEnum):
    """The way a payment travels. Each rail has its own rules on references and settlement."""

    SEPA_CREDIT_TRANSFER = "sepa_credit_transfer"
    CROSS_BORDER_TRANSFER = "cross_border_transfer"


class RollRule(StrEnum):
    NONE = "none"
    NEXT_BANK_DAY = "next_bank_day"


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as its source asked for it, before any check.

    `source_reference` is the source's own number of the payment, unique within the source.
    `invoices` are the document numbers it pays. `end_to_end_id` is the source's own, or "".
    `debit_iban` is the account the source wants debited, or "": then routing chooses. An ERP's
    pain.001 names only that account: then `entity_code` is "" and the account tells the entity.
    `run_id` is the payment run it came in, `approved_by` who approved it in the source: told, not
    trusted, our own approvals come on top.
    """

    source_reference: str
    entity_code: str
    amount: Money
    payee_number: str
    payee_name: str
    payee_address: PostalAddress
    creditor_iban: str
    creditor_bic: str = ""
    requested_date: date
    invoices: tuple[str, ...] = ()
    remittance: str = ""
    creditor_reference: str = ""
    end_to_end_id: str = ""
    line: int = 0
    debit_iban: str = ""
    run_id: str = ""
    approved_by: str = ""


class RunTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment run's file says about itself, after every line of it was read.

    `lines` is how many payment lines there were, usable or not; `count` and `sums` are the totals
    that the file states, or None when it states none. Totals that do not fit never get this far.
    """

    run_id: str
    lines: int
    count: int | None
    sums: tuple[Money, ...] | None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The proposed way of a payment; part of what is approved."""

    account_id: str
    debtor_iban: str
    connection_id: str
    rail: Rail
    charge_bearer: ChargeBearer
    rule: str


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a bank will be told about one payment. Its digest is what an approval signs.

    Dates: execution on `requested_date`, rolled by `roll_rule`, never after `latest_date`.
    """

    end_to_end_id: str
    amount: Money
    creditor_name: str
    creditor_address: PostalAddress
    creditor_iban: str
    creditor_bic: str
    requested_date: date
    latest_date: date
    roll_rule: RollRule
    remittance: str
    creditor_reference: str


class Approvable(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of what an approver agrees to (lifecycle section 1: the approval digest)."""

    order_id: str
    instruction: Instruction
    route: Route
    payee_account_id: str
    payee_account_version: int
    policy_version: str

    def digest(self) -> str:
        return digest(self)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Instructions that share debit account, execution date and rail (ISO 20022 PmtInf)."""

    payment_information_id: str
    debtor_name: str
    debtor_address: PostalAddress
    debtor_iban: str
    debtor_bic: str
    execution_date: date
    rail: Rail
    charge_bearer: ChargeBearer
    instructions: tuple[Instruction, ...]


class PaymentFile(msgspec.Struct, frozen=True, kw_only=True):
    """One message to a bank: what a pain.001 writer writes and its reader reads back.

    `created_at` is ISO 8601 local date and time without offset, as pain.001 carries it.
    """

    message_id: str
    created_at: str
    initiator: str
    batches: tuple[Batch, ...]


class SentLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment file says about one payment, as our reader reads it back before it is sent."""

    payment_information_id: str
    end_to_end_id: str
    amount: Money
    debtor_iban: str
    creditor_name: str
    creditor_iban: str
    creditor_bic: str
    creditor_address: PostalAddress
    execution_date: date
    charge_bearer: str
    remittance: str
    creditor_reference: str


def line_of(batch: Batch, instruction: Instruction) -> SentLine:
    """What the file must say about an approved instruction, no more and no less."""
    return SentLine(
        payment_information_id=batch.payment_information_id,
        end_to_end_id=instruction.end_to_end_id,
        amount=instruction.amount,
        debtor_iban=batch.debtor_iban,
        creditor_name=instruction.creditor_name,
        creditor_iban=instruction.creditor_iban,
        creditor_bic=instruction.creditor_bic,
        creditor_address=instruction.creditor_address,
        execution_date=batch.execution_date,
        charge_bearer=batch.charge_bearer,
        remittance=instruction.remittance,
        creditor_reference=instruction.creditor_reference,
    )
