"""Transfers as files: what a bank is told to pay, written and read back before it is sent.

ISO 20022 pain.001.001 (CustomerCreditTransferInitiation), also from an ERP that makes its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from nostro.domain.payment_file import (
    NO_AGENT,
    NOBODY,
    Method,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.formats import Profile
from nostro.formats.iso20022.payments import payment_reader, payment_writer
from nostro.formats.iso20022.payments import payment_rules as rules
from nostro.formats.iso20022.payments.payment_format import payment_format
from nostro.formats.iso20022.payments.payment_paths import PREFIX_OF_TRANSFER, TRANSFERS
from nostro.formats.iso20022.payments.payment_shortcut import Shortcut
from nostro.formats.iso20022.payments.payment_texts import PaymentOptions, amount_of, day_of, refuse
from nostro.formats.iso20022.payments.payment_writer import Writing

# The first is what we write when nobody asks for another.
VERSIONS = ("pain.001.001.09", *(f"pain.001.001.{n:02d}" for n in (3, 4, 5, 6, 7, 8)),
            *(f"pain.001.001.{n}" for n in (10, 11, 12, 13)))  # fmt: skip
_METHODS = frozenset({Method.TRANSFER, Method.CHECK})
_PATH = "PmtInf/CdtTrfTxInf"

_MESSAGE = payment_reader.Message(
    names=("CstmrCdtTrfInitn", "pain.001.001.02"),
    piece=TRANSFERS,
    prefixes=PREFIX_OF_TRANSFER,
    methods=_METHODS,
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[Any]:
    """Yield PaymentFileHeader, then each PaymentBatchHeader with its Payments, PaymentFileTrailer.

    Versions .02 to .13. A payment that cannot be used is a Problem (`amount_missing`,
    `amount_not_a_number`, `amount_too_fine`, `amount_too_large`, `amount_negative`,
    `unknown_currency`, `date_unreadable`) with its own reference as `raw`; totals that do not fit
    are `control_sum_mismatch`; what is said too late is a warning, `element_out_of_place`;
    two batches with one id are one, `duplicate_batch`. Raises Invalid as `messages.records` does,
    and `payment_too_large`.
    """
    return payment_reader.read(stream, profile, _MESSAGE)


def write(file: PaymentFile, profile: Profile) -> bytes:
    """The bytes of one file of transfers; the options are PaymentOptions.

    Whatever would have to be cut or changed is refused. Raises Invalid: about the file
    `unknown_version`, `empty_payment_file`, `invalid_created_at`, `method_not_of_message`,
    `not_in_message`, `not_in_version`, `schema_violation`; about ids `duplicate_batch_id`,
    `duplicate_end_to_end_id`, `duplicate_instruction_id`, `reference_not_unique_when_cut`,
    `reference_slashes`, `invalid_uetr`; about texts `text_missing`, `text_too_long`,
    `text_not_sepa`, `text_edge_space`, `text_with_control`; about addresses `address_incomplete`,
    `address_unstructured`, `address_hybrid_not_allowed`, `address_too_many_lines`,
    `invalid_country`; about accounts `account_missing`, `invalid_iban`, `invalid_bic`,
    `bic_missing`, `invalid_lei`; about days `date_missing`; about money `amount_not_positive`,
    `amount_too_large`, `sepa_needs_euro`, `charge_bearer_not_allowed`,
    `document_amount_negative`; about references `remittance_twice`,
    `invalid_creditor_reference`, `invalid_qr_reference`, `qr_reference_needs_qr_iban`,
    `qr_iban_needs_qr_reference`.
    """
    return payment_writer.write(file, profile, _WRITER)


def _check(file: PaymentFile, options: PaymentOptions) -> None:
    rules.check_file(file, _METHODS, options)
    for batch in file.batches:
        if batch.sequence_type or batch.creditor_id:
            happened = "Transfers have no sequence type and no creditor identifier."
            where = f"batch {batch.batch_id}"
            raise refuse("not_in_message", happened, "Leave them out.", where)


def _head(writing: Writing, batch: PaymentBatch) -> str:
    where = f"batch {batch.batch_id}"
    day, time = day_of(batch, where), batch.requested_time
    zone = time[:1] in ("+", "-", "Z")
    if not writing.edition.date_choice:
        if time and not zone:
            happened = f"{writing.edition.version} knows no time of execution ({time[:20]!r})."
            can_do = "Choose a newer version."
            raise refuse("not_in_version", happened, can_do, where, "requested_time")
        dated = f"{day}{time}"
    elif time and not zone:
        dated = f"<DtTm>{day}T{time}</DtTm>"
    else:
        dated = f"<Dt>{day}{time}</Dt>"
    return writing.batch_head(batch, f"<ReqdExctnDt>{dated}</ReqdExctnDt>", "Dbtr", "")


def _payments(writing: Writing, batch: PaymentBatch) -> Callable[[Payment], str]:
    """The writing of each payment of a batch."""

    shortcut = Shortcut(batch, writing.edition.bic, bic_demanded=writing.bic_demanded)

    def written(payment: Payment) -> str:
        if typical := shortcut.written(payment):
            return typical
        where = f"payment {payment.end_to_end_id or payment.instruction_id}"
        rules.check_transfer(batch, payment, where)
        limit = writing.name_limit(rules.is_sepa(batch, payment))
        agent, account = payment.counterparty_agent, payment.counterparty_account
        bank = ""
        if writing.bic_demanded or agent != NO_AGENT:
            bank = f"<CdtrAgt>{writing.counterparty_agent(payment, where)}</CdtrAgt>"
        kind = writing.type_of(payment, where)
        made = (
            f"<CdtTrfTxInf>{writing.ids(payment, where)}{kind}"
            f"<Amt>{_amount(writing, payment, where)}</Amt>{_middle(writing, payment, where)}{bank}"
            f"{writing.party('Cdtr', payment.counterparty, limit, 'the creditor', where)}"
            f"{writing.account('CdtrAcct', account, 'the creditor', where)}"
            f"{_ultimate(writing, 'UltmtCdtr', payment, limit, where)}"
            f"{writing.tail(payment, where)}</CdtTrfTxInf>"
        )
        shortcut.learn(payment)
        return writing.grafted(made, _PATH, payment.codes, where) + "\n"

    return written


def _amount(writing: Writing, payment: Payment, where: str) -> str:
    cost = payment.equivalent
    if cost is None:
        return writing.amount(payment.amount, where)
    if payment.amount.minor:
        happened = "The payment names an amount, and an equivalent the bank shall convert."
        raise refuse("amount_not_positive", happened, "Keep one of them.", where)
    return (
        f'<EqvtAmt><Amt Ccy="{cost.currency}">{amount_of(cost, where)}</Amt>'
        f"<CcyOfTrf>{payment.amount.currency}</CcyOfTrf></EqvtAmt>"
    )


def _middle(writing: Writing, payment: Payment, where: str) -> str:
    """From the exchange rate to the creditor's bank: mostly nothing."""
    made, texts = "", writing.texts
    if payment.exchange_rate or payment.exchange_contract:
        rate = texts.maybe("XchgRate", payment.exchange_rate, 16, "the exchange rate", where)
        what = "the exchange contract"
        contract = texts.maybe("CtrctId", payment.exchange_contract, 35, what, where)
        made += f"<XchgRateInf>{rate}{contract}</XchgRateInf>"
    if payment.charge_bearer:
        made += writing.bearer(payment.charge_bearer, where)
    if payment.check_number:
        number = texts.text(payment.check_number, 35, "the cheque number", where)
        made += f"<ChqInstr><ChqNb>{number}</ChqNb></ChqInstr>"
    made += _ultimate(writing, "UltmtDbtr", payment, 140, where)
    if payment.intermediary != NO_AGENT:
        made += f"<IntrmyAgt1>{writing.agent(payment.intermediary, where)}</IntrmyAgt1>"
    return made


def _ultimate(writing: Writing, tag: str, payment: Payment, limit: int, where: str) -> str:
    debtor = tag == "UltmtDbtr"
    party = payment.ultimate_debtor if debtor else payment.ultimate_creditor
    if party is NOBODY:
        return ""
    what = "the ultimate debtor" if debtor else "the ultimate creditor"
    return writing.maybe(tag, party, limit, what, where)


_WRITER = payment_writer.Writer(
    message="CstmrCdtTrfInitn",
    batch="CdtTrfTxInf",
    own="Dbtr",
    versions=VERSIONS,
    check=_check,
    head=_head,
    payment=_payments,
)

FORMAT = payment_format(
    "pain.001", "CustomerCreditTransferInitiation", range(2, 14), VERSIONS, read, write
)
