"""Direct debits as files: what a bank is told to collect, under which mandates.

ISO 20022 pain.008.001 (CustomerDirectDebitInitiation). Telling the payer before (pre-notification)
is not the file's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from nostro.domain.payment_file import Mandate, Method, Payment, PaymentBatch, PaymentFile
from nostro.formats import Profile
from nostro.formats.iso20022.payments import payment_reader, payment_writer
from nostro.formats.iso20022.payments import payment_rules as rules
from nostro.formats.iso20022.payments.payment_format import payment_format
from nostro.formats.iso20022.payments.payment_paths import (
    COLLECTIONS,
    MANDATE,
    PREFIX_OF_COLLECTION,
)
from nostro.formats.iso20022.payments.payment_texts import PaymentOptions, day_of, iban_of, refuse
from nostro.formats.iso20022.payments.payment_writer import Writing

# The first is what we write when nobody asks for another.
VERSIONS = ("pain.008.001.08", *(f"pain.008.001.{n:02d}" for n in (2, 3, 4, 5, 6, 7, 9)),
            *(f"pain.008.001.{n}" for n in (10, 11, 12)))  # fmt: skip
_METHODS = frozenset({Method.DIRECT_DEBIT})
_PATH = "PmtInf/DrctDbtTxInf"

_MESSAGE = payment_reader.Message(
    names=("CstmrDrctDbtInitn", "pain.008.001.01"),
    piece=COLLECTIONS,
    prefixes=PREFIX_OF_COLLECTION,
    methods=_METHODS,
    payment_creditor_id="DrctDbtTx/CdtrSchmeId",
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[Any]:
    """Yield PaymentFileHeader, then each PaymentBatchHeader with its Payments, PaymentFileTrailer.

    Versions .01 to .12. Problems and refusals are those of `pain_001.read`.
    """
    return payment_reader.read(stream, profile, _MESSAGE)


def write(file: PaymentFile, profile: Profile) -> bytes:
    """The bytes of one file of direct debits; the options are PaymentOptions.

    Raises Invalid as `pain_001.write` does, and for SEPA direct debits `mandate_missing`,
    `sequence_type_wrong`, `local_instrument_wrong`, `creditor_id_missing`, `invalid_creditor_id`.
    """
    return payment_writer.write(file, profile, _WRITER)


def _check(file: PaymentFile, options: PaymentOptions) -> None:
    rules.check_file(file, _METHODS, options)


def _head(writing: Writing, batch: PaymentBatch) -> str:
    where = f"batch {batch.batch_id}"
    time = batch.requested_time
    if time and time[:1] not in ("+", "-", "Z"):
        happened = f"Direct debits are collected on a day, at no time of it ({time[:20]!r})."
        raise refuse("not_in_message", happened, "Leave the time out.", where)
    dated = f"<ReqdColltnDt>{day_of(batch, where)}{time}</ReqdColltnDt>"
    creditor = _creditor_id(writing, "CdtrSchmeId", batch.creditor_id, where)
    return writing.batch_head(batch, dated, "Cdtr", creditor)


def _creditor_id(writing: Writing, tag: str, identifier: str, where: str) -> str:
    if not identifier:
        return ""
    number = writing.texts.text(identifier, 35, "the creditor identifier", where)
    return (
        f"<{tag}><Id><PrvtId><Othr><Id>{number}</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr>"
        f"</PrvtId></Id></{tag}>"
    )


def _payments(writing: Writing, batch: PaymentBatch) -> Callable[[Payment], str]:
    """The writing of each direct debit of a batch."""

    def written(payment: Payment) -> str:
        where = f"payment {payment.end_to_end_id or payment.instruction_id}"
        rules.check_collection(batch, payment, where)
        limit = writing.name_limit(rules.is_sepa(batch, payment))
        account = payment.counterparty_account
        creditor, debtor = payment.ultimate_creditor, payment.ultimate_debtor
        made = (
            f"<DrctDbtTxInf>{writing.ids(payment, where)}{writing.type_of(payment, where)}"
            f"{writing.amount(payment.amount, where)}{writing.bearer(payment.charge_bearer, where)}"
            f"{_collection(writing, payment, where)}"
            f"{writing.maybe('UltmtCdtr', creditor, limit, 'the ultimate creditor', where)}"
            f"<DbtrAgt>{writing.counterparty_agent(payment, where)}</DbtrAgt>"
            f"{writing.party('Dbtr', payment.counterparty, limit, 'the debtor', where)}"
            f"{writing.account('DbtrAcct', account, 'the debtor', where)}"
            f"{writing.maybe('UltmtDbtr', debtor, limit, 'the ultimate debtor', where)}"
            f"{writing.tail(payment, where)}</DrctDbtTxInf>"
        )
        return writing.grafted(made, _PATH, payment.codes, where) + "\n"

    return written


def _collection(writing: Writing, payment: Payment, where: str) -> str:
    """DrctDbtTx: the mandate, and a creditor id of this payment's own."""
    made = ""
    if payment.mandate is not None:
        details = any(name.startswith(f"{MANDATE}/AmdmntInfDtls") for name, _ in payment.codes)
        made = _mandate(writing, payment.mandate, details, where)
    made += _creditor_id(writing, "CdtrSchmeId", payment.creditor_id, where)
    return f"<DrctDbtTx>{made}</DrctDbtTx>" if made else ""


def _mandate(writing: Writing, mandate: Mandate, details: bool, where: str) -> str:
    texts, what = writing.texts, "the mandate"
    signed = mandate.signed_on
    original = texts.maybe("OrgnlMndtId", mandate.original_mandate_id, 35, what, where)
    original += _creditor_id(writing, "OrgnlCdtrSchmeId", mandate.original_creditor_id, where)
    if iban := mandate.original_account_iban:
        account = f"<Id><IBAN>{iban_of(iban, where)}</IBAN></Id>"
        original += f"<OrgnlDbtrAcct>{account}</OrgnlDbtrAcct>"
    amended = "<AmdmntInd>true</AmdmntInd>" if original or details else ""
    if original:
        amended += f"<AmdmntInfDtls>{original}</AmdmntInfDtls>"
    signature = texts.maybe("ElctrncSgntr", mandate.electronic_signature, 1025, what, where)
    return (
        f"<MndtRltdInf>{texts.maybe('MndtId', mandate.mandate_id, 35, what, where)}"
        f"{f'<DtOfSgntr>{signed.isoformat()}</DtOfSgntr>' if signed else ''}{amended}{signature}"
        "</MndtRltdInf>"
    )


_WRITER = payment_writer.Writer(
    message="CstmrDrctDbtInitn",
    batch="DrctDbtTxInf",
    own="Cdtr",
    versions=VERSIONS,
    check=_check,
    head=_head,
    payment=_payments,
)

FORMAT = payment_format(
    "pain.008", "CustomerDirectDebitInitiation", range(1, 13), VERSIONS, read, write
)
