"""The records of one payment in an ACH file: the entry and its addenda.

Nacha Operating Rules, appendix three (entry detail and addenda records).
"""

from __future__ import annotations

from nostro.domain.payment_file import Method, Payment, PaymentBatch
from nostro.formats.american.nacha_international import international_addenda
from nostro.formats.american.nacha_layout import (
    ADDENDA_TEXT,
    AMOUNT_MAX,
    COLUMNS,
    CREDIT_ONLY,
    CREDITS,
    CURRENCY,
    DEBIT_ONLY,
    DEBITS,
    KINDS,
    MANY_ADDENDA,
    REVERSAL_ONLY,
    SEC_CODES,
    STANDARD,
    TERMINAL,
    ZERO_SEC_CODES,
    Kind,
    code_of,
)
from nostro.formats.american.nacha_text import alphameric, printable, refuse, routing

REVERSAL = "REVERSAL"
_TERMINAL_SEC_CODES = frozenset(("MTE", "POS", "SHR"))
_NO_ADDENDA = frozenset(("ARC", "BOC", "POP", "RCK", "TEL", "TRC", "XCK", "MTE", "POS", "SHR"))


def entry_lines(payment: Payment, batch: PaymentBatch, where: str) -> list[str]:
    """The entry record and its addenda; raises Invalid as `nacha_writer.write` says."""
    kind = KINDS[payment.transaction_code]
    _direction(payment, batch, kind, where)
    amount = _amount(payment, batch, kind, where)
    international = batch.local_instrument == "IAT"
    if international:
        addenda = international_addenda(payment, where)
        head = routing(_gateway(payment), "routing number", where)
        middle = f"{len(addenda):04d}{'':13}{amount}"
        account = alphameric(payment.counterparty_account.number, 35, "account", where)
        screening = alphameric(code_of(payment.codes, "ofac_screening"), 1, "OFAC screening", where)
        second = alphameric(
            code_of(payment.codes, "secondary_ofac_screening"), 1, "screening", where
        )
        rest = f"{account}  {screening}{second}"
    else:
        addenda = _addenda(payment, batch, where)
        head = routing(payment.counterparty_agent.member_id, "routing number", where)
        middle = alphameric(payment.counterparty_account.number, 17, "account", where) + amount
        rest = _columns(payment, batch, len(addenda), where)
    if not payment.counterparty_account.number.strip():
        happened = "The payment has no account number."
        raise refuse("account_missing", where, happened, "Complete the payee's account.")
    mark = "1" if addenda else "0"
    entry = f"6{payment.transaction_code}{head}{middle}{rest}{mark}{payment.rail_reference}"
    return [entry, *addenda]


def _gateway(payment: Payment) -> str:
    """The bank that takes an international entry: the gateway if one is named."""
    return code_of(payment.codes, "receiving_dfi") or payment.counterparty_agent.member_id


def _amount(payment: Payment, batch: PaymentBatch, kind: Kind, where: str) -> str:
    amount = payment.amount
    if amount.currency != CURRENCY:
        raise refuse(
            "currency_not_usd",
            where,
            f"The amount {amount} is not in {CURRENCY}.",
            "Send it over another rail; Nacha settles in US dollars.",
        )
    zero = kind.zero or batch.local_instrument in ZERO_SEC_CODES
    if (
        not 0 <= amount.minor <= AMOUNT_MAX
        or (not amount.minor and not zero)
        or (amount.minor and kind.prenotification)
    ):
        raise refuse(
            "amount_wrong",
            where,
            f"The amount {amount} is not between 0.01 and 99,999,999.99, or does not fit the"
            f" transaction code {payment.transaction_code}.",
            "Split it, or correct the transaction code; zero is for prenotifications.",
        )
    return f"{amount.minor:010d}"


def _direction(payment: Payment, batch: PaymentBatch, kind: Kind, where: str) -> None:
    """Does the entry go the way that its batch, its class and the payment itself say?"""
    code, sec_code = payment.transaction_code, batch.local_instrument
    said = payment.method or batch.method
    against_class = (kind.credit and batch.service_class == DEBITS) or (
        not kind.credit and batch.service_class == CREDITS
    )
    if against_class or (said is Method.DIRECT_DEBIT) == kind.credit:
        raise refuse(
            "service_class_differs",
            where,
            f"The transaction code {code} does not go the way of service class"
            f" {batch.service_class}.",
            "Use service class 200 for both directions, or leave it empty.",
        )
    if sec_code not in SEC_CODES or kind.returned or not kind.account:
        happened = f"Entries {code} of class {sec_code} are not sent by originators."
        can_do = "Returns and advices are written by banks; correct the code."
        raise refuse("transaction_code_wrong", where, happened, can_do)
    one_way = (kind.credit and sec_code in DEBIT_ONLY) or (
        not kind.credit and sec_code in CREDIT_ONLY
    )
    if (one_way or code == REVERSAL_ONLY) and batch.entry_description != REVERSAL:
        raise refuse(
            "direction_not_allowed",
            where,
            f"An entry {code} of class {sec_code} is a reversal, but the batch is described as"
            f" {batch.entry_description!r}.",
            f"Reversals must be described as {REVERSAL}, in capitals; correct whichever is wrong.",
        )


def _columns(payment: Payment, batch: PaymentBatch, addenda: int, where: str) -> str:
    """Positions 40 to 78."""
    written = ""
    columns = COLUMNS.get(batch.local_instrument, STANDARD)
    for column in columns:
        length = column.end - column.start
        if column.field == "name":
            value = payment.counterparty.name
        elif column.field in ("end_to_end_id", "check_number"):
            value = getattr(payment, column.field)
        elif column.field == "addenda_count":
            value = f"{addenda:04d}"
        else:
            value = code_of(payment.codes, column.field)
        written += alphameric(value, length, column.field.replace("_", " "), where)
    return written


def _addenda(payment: Payment, batch: PaymentBatch, where: str) -> list[str]:
    sec_code = batch.local_instrument
    lines: list[str] = []
    sequence = payment.rail_reference[-7:]
    if sec_code in _TERMINAL_SEC_CODES:
        told = [(column, code_of(payment.codes, column.field)) for column in TERMINAL]
        if any(value for _, value in told):
            pieces = (
                alphameric(value, column.end - column.start, column.field, where)
                for column, value in told
            )
            lines.append(f"702{''.join(pieces)}{payment.rail_reference}")
    if not payment.remittance:
        return lines
    running = printable("".join(payment.remittance), "remittance", where)
    pieces_of_text = [
        running[start : start + ADDENDA_TEXT].ljust(ADDENDA_TEXT)
        for start in range(0, max(len(running), 1), ADDENDA_TEXT)
    ]
    most = 0 if sec_code in _NO_ADDENDA else MANY_ADDENDA.get(sec_code, 1)
    if len(payment.remittance) > 1 or len(pieces_of_text) > most:
        raise refuse(
            "addenda_wrong",
            where,
            f"The remittance needs {len(pieces_of_text)} addenda; {sec_code} allows {most},"
            " as one running text.",
            "Shorten or join it, or send the payment as CTX.",
        )
    for place, piece in enumerate(pieces_of_text, 1):
        lines.append(f"705{piece}{place:04d}{sequence}")
    return lines
