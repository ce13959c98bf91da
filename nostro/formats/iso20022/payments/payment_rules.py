"""The rules of the schemes that a payment file must keep before we write it.

SEPA credit transfer EPC132-08, SEPA direct debit EPC130-08 and EPC131-08, Swiss QR-bill (SIX).
Rules of one rail are asked of that rail's payments only.
"""

from __future__ import annotations

from nostro.domain.identifier import (
    is_creditor_id,
    is_creditor_reference,
    is_lei,
    is_qr_iban,
    is_qr_reference,
    is_uetr,
)
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_AGENT,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.policies import limits
from nostro.formats.iso20022.payments.payment_parts import NOT_PROVIDED
from nostro.formats.iso20022.payments.payment_texts import PaymentOptions, refuse

SEPA = "SEPA"
_SEQUENCES = {"FRST", "RCUR", "OOFF", "FNAL"}
_SCHEMES = {"CORE", "B2B", "COR1"}
_BEARERS = {"", "DEBT", "CRED", "SHAR", "SLEV"}
# What other standards know and these messages do not: fields that must be empty.
_NOT_HERE = ("rail_reference", "transaction_code")
_NOT_IN_TRANSFERS = ("mandate", "creditor_id", "sequence_type")
_NOT_IN_COLLECTIONS = ("equivalent", "exchange_rate", "exchange_contract", "check_number")


def is_sepa(batch: PaymentBatch, payment: Payment) -> bool:
    return (payment.service_level or batch.service_level) == SEPA


def check_file(file: PaymentFile, methods: frozenset[Method], options: PaymentOptions) -> None:
    """What must hold over all payments of the file: none empty, every id once."""
    where = f"message {file.message_id}"
    if file.receiver:
        raise _not_here("receiver", where)
    if not file.batches or not all(batch.payments for batch in file.batches):
        happened = "The file, or a batch in it, holds no payment."
        raise refuse("empty_payment_file", happened, "Leave it out.", where)
    batches: set[str] = set()
    for batch in file.batches:
        if batch.batch_id in batches:
            happened = f"Two batches are both called {batch.batch_id}."
            raise refuse("duplicate_batch_id", happened, "Give each its own id.", where)
        batches.add(batch.batch_id)
        if batch.method not in methods:
            happened = f"A batch of method {batch.method} does not belong in this message."
            can_do = "Write transfers as pain.001 and direct debits as pain.008."
            raise refuse("method_not_of_message", happened, can_do, f"batch {batch.batch_id}")
        for name in ("entry_description", "service_class"):
            if getattr(batch, name):
                raise _not_here(name, f"batch {batch.batch_id}")
    _check_ids(file, options.reference_length, where)


def _check_ids(file: PaymentFile, length: int, where: str) -> None:
    ids: set[str] = set()
    kept: set[str] = set()
    own: set[str] = set()
    for batch in file.batches:
        for payment in batch.payments:
            name = payment.end_to_end_id
            if name != NOT_PROVIDED:
                if name in ids:
                    happened = f"Two payments both have the end-to-end id {name}."
                    can_do = "Give each its own id; a bank would take one for a duplicate."
                    raise refuse("duplicate_end_to_end_id", happened, can_do, where)
                if name[:length] in kept:
                    happened = f"{name} is not unique in its first {length} characters."
                    can_do = "Give it another id: the rail keeps no more of it."
                    raise refuse("reference_not_unique_when_cut", happened, can_do, where)
                ids.add(name)
                kept.add(name[:length])
            if (name := payment.instruction_id) and name in own:
                happened = f"Two payments both have the instruction id {name}."
                raise refuse("duplicate_instruction_id", happened, "Give each its own id.", where)
            own.add(name)


def _not_here(name: str, where: str) -> Exception:
    happened = f"This message has no place for the {name.replace('_', ' ')}."
    return refuse("not_in_message", happened, "Leave it out, or choose another format.", where)


def _check_fields(
    batch: PaymentBatch, payment: Payment, foreign: tuple[str, ...], where: str
) -> None:
    for name in foreign:
        if getattr(payment, name):
            raise _not_here(name, where)
    if payment.method is not None and payment.method is not batch.method:
        raise _not_here("method of a single payment", where)


def check_transfer(batch: PaymentBatch, payment: Payment, where: str) -> None:
    _check_fields(batch, payment, _NOT_HERE + _NOT_IN_TRANSFERS, where)
    if is_sepa(batch, payment):
        _check_sepa(batch, payment, where)
    else:
        _check_bearer(batch, payment, where)
    check_reference(payment, payment.counterparty_account.iban, where)


def check_collection(batch: PaymentBatch, payment: Payment, where: str) -> None:
    _check_fields(batch, payment, _NOT_HERE + _NOT_IN_COLLECTIONS, where)
    if payment.intermediary is not NO_AGENT and payment.intermediary != NO_AGENT:
        raise _not_here("intermediary", where)
    if is_sepa(batch, payment):
        _check_sepa(batch, payment, where)
        _check_direct_debit(batch, payment, where)
    else:
        _check_bearer(batch, payment, where)
    check_reference(payment, batch.own_account.iban, where)


def _check_sepa(batch: PaymentBatch, payment: Payment, where: str) -> None:
    bearer = payment.charge_bearer or batch.charge_bearer
    if bearer not in ("", "SLEV"):
        happened = f"A SEPA payment cannot go with charges {bearer[:10]}."
        raise refuse("charge_bearer_not_allowed", happened, "Use SLEV, or nothing.", where)
    amount = payment.equivalent or payment.amount
    if amount.currency != "EUR" or payment.amount.currency != "EUR":
        happened = f"A SEPA payment cannot carry {payment.amount.currency}."
        raise refuse("sepa_needs_euro", happened, "Choose another rail.", where)
    if amount.minor > limits.SEPA_MAX_MINOR:
        most = limits.spelled(Money(limits.SEPA_MAX_MINOR, "EUR"))
        happened = f"A SEPA payment cannot carry {limits.spelled(amount)}; its limit is {most}."
        raise refuse("amount_too_large", happened, "Choose another rail.", where)
    if not payment.counterparty_account.iban:
        happened = "A SEPA payment needs the IBAN of the other side."
        raise refuse("account_missing", happened, "Ask for the IBAN.", where)
    texts = len(payment.remittance)
    if texts > 1 or (texts and (payment.creditor_reference or payment.documents)):
        happened = "The payment has both a structured reference and a text, or several texts."
        can_do = "SEPA carries one of them: keep one before approval."
        raise refuse("remittance_twice", happened, can_do, where)


def _check_bearer(batch: PaymentBatch, payment: Payment, where: str) -> None:
    """SLEV follows the rules of a service level: without one it means nothing."""
    bearer = payment.charge_bearer or batch.charge_bearer
    level = payment.service_level or batch.service_level
    named = any(name.startswith("PmtTpInf/SvcLvl") for name, _ in (*payment.codes, *batch.codes))
    if bearer not in _BEARERS or (bearer == "SLEV" and not (level or named)):
        happened = f"The charges {bearer[:10]} do not fit a payment of service level {level!r}."
        can_do = "Use SLEV within SEPA, SHAR, DEBT or CRED elsewhere."
        raise refuse("charge_bearer_not_allowed", happened, can_do, where)


def _check_direct_debit(batch: PaymentBatch, payment: Payment, where: str) -> None:
    mandate = payment.mandate
    if mandate is None or not mandate.mandate_id or mandate.signed_on is None:
        happened = "A SEPA direct debit needs its mandate: the id and the day it was signed."
        raise refuse("mandate_missing", happened, "Give both; collect nothing without.", where)
    sequence = payment.sequence_type or batch.sequence_type
    if sequence not in _SEQUENCES:
        happened = f"The sequence type {sequence[:10]!r} is none of SEPA direct debit."
        raise refuse("sequence_type_wrong", happened, "Use FRST, RCUR, FNAL or OOFF.", where)
    scheme = payment.local_instrument or batch.local_instrument
    if scheme not in _SCHEMES:
        happened = f"The local instrument {scheme[:10]!r} is no SEPA direct debit scheme."
        raise refuse("local_instrument_wrong", happened, "Use CORE or B2B.", where)
    for creditor in (payment.creditor_id or batch.creditor_id, mandate.original_creditor_id):
        if creditor and not is_creditor_id(creditor):
            happened = f"{creditor[:40]!r} is not a SEPA creditor identifier."
            can_do = "Correct it: its two check digits or its form are wrong."
            raise refuse("invalid_creditor_id", happened, can_do, where)
    if not (payment.creditor_id or batch.creditor_id):
        happened = "A SEPA direct debit needs the creditor identifier."
        raise refuse("creditor_id_missing", happened, "Give it for the batch.", where)


def check_reference(payment: Payment, iban: str, where: str) -> None:
    """RF and Swiss QR references hold, and go with the right kind of account."""
    text, kind = payment.creditor_reference, payment.creditor_reference_kind
    if not text and not kind and iban[:2] not in ("CH", "LI"):
        return
    qr_account = is_qr_iban(iban)
    if kind == "QRR":
        if not is_qr_reference(text):
            happened = f"{text[:40]!r} is not a QR reference of 27 digits with its check digit."
            can_do = "Copy it from the bill again."
            raise refuse("invalid_qr_reference", happened, can_do, where)
        if not qr_account:
            happened = "A QR reference goes with a QR-IBAN only."
            can_do = "Ask the payee which account the bill is for."
            raise refuse("qr_reference_needs_qr_iban", happened, can_do, where)
    elif qr_account:
        happened = "A payment to a QR-IBAN needs the QR reference of the bill."
        raise refuse("qr_iban_needs_qr_reference", happened, "Copy it from the bill.", where)
    if kind and not text:
        happened = f"The payment names a kind of reference ({kind[:10]}) without the reference."
        raise refuse("text_missing", happened, "Fill it in.", where)
    is_rf = text.upper().startswith("RF") and kind in ("SCOR", "")
    good = is_creditor_reference(text) and " " not in text and text.isupper()
    if is_rf and not good:
        happened = f"The creditor reference {text[:40]!r} is not a compact, valid RF reference."
        can_do = "Correct it, or send it as remittance text."
        raise refuse("invalid_creditor_reference", happened, can_do, where)


def check_party(party: Party, what: str, where: str) -> None:
    if party.scheme == "LEI" and not is_lei(party.identifier):
        happened = f"{party.identifier[:40]!r} of {what} is not a legal entity identifier."
        raise refuse("invalid_lei", happened, "Correct it: 20 characters, two check digits.", where)
    if party.scheme and not party.identifier:
        happened = f"{what.capitalize()} has a scheme ({party.scheme[:20]}) but no number."
        raise refuse("text_missing", happened, "Fill in the number.", where)


def check_uetr(text: str, where: str) -> None:
    if not is_uetr(text):
        happened = f"{text[:40]!r} is not a UETR."
        raise refuse("invalid_uetr", happened, "Give a UUID of version 4, or none.", where)
