"""Turns other people's maps of banks' lists (column roles) into our layouts, and makes such lists.

Only for tests: it shows that the language of our layouts can say what 119 real lists need.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import msgspec

from nostro.formats.profiles.lists import BankList

_FIELDS = {
    "date_transaction": "booked",
    "date": "booked",
    "date_book": "value",
    "date_process": "value",
    "date_interest": "value",
    "date_payment": "value",
    "date_invoice": "value",
    "value_dat": "value",
    "amount": "amount",
    "amount_negated": "amount",
    "amount_debit": "debit",
    "debit_amount": "debit",
    "amount_credit": "credit",
    "credit_amount": "credit",
    "generic-debit-credit": "direction",
    "rabo-debit-credit": "direction",
    "ing-debit-credit": "direction",
    "currency-code": "currency",
    "amount_foreign": "instructed_amount",
    "foreign-currency-code": "instructed_currency",
    "account-iban": "account",
    "account-number": "account",
    "opposing-name": "counterparty_name",
    "opposing-iban": "counterparty_account",
    "opposing-number": "counterparty_account",
    "opposing-bic": "counterparty_bic",
    "description": "remittance",
    "note": "remittance",
    "narration": "remittance",
    "external-id": "reference",
    "internal_reference": "entry_reference",
    "sepa_ct_id": "end_to_end_id",
    "sepa_db": "mandate_id",
    "sepa_ci": "creditor_id",
    "sepa_ep": "purpose",
    "chq/ref_number": "check_number",
    "closing_balance": "balance",
}
_SEVERAL = {"remittance"}
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_DATE = {
    "d": "DD",
    "j": "D",
    "m": "MM",
    "n": "M",
    "Y": "YYYY",
    "y": "YY",
    "M": "MMM",
    "H": "hh",
    "g": "h",
    "i": "mm",
    "s": "ss",
    "v": "SSS",
    "a": "AM",
    "P": "Z",
    "#": "?",
}
_WRITTEN = {
    "YYYY": "2026",
    "YY": "26",
    "MMM": "Nov",
    "MM": "11",
    "M": "11",
    "DD": "20",
    "D": "20",
    "hh": "10",
    "h": "10",
    "mm": "30",
    "ss": "59",
    "SSS": "123",
    "AM": "am",
    "Z": "+01:00",
    "?": "/",
}


def date_spelling(pattern: str) -> str:
    """A PHP date format in our spelling: "d/m/Y H:i" is "DD/MM/YYYY hh:mm"."""
    pattern = re.sub(r"^[a-z]{2}:", "", pattern)  # A language, which our months do not need.
    found = re.findall(r"\\.|.", pattern)
    return "".join(one[1:] if one.startswith("\\") else _DATE.get(one, one) for one in found)


def layout_of(told: dict[str, Any]) -> BankList:
    """Our layout of a list, by column numbers: the maps do not name titles."""
    columns: dict[str, Any] = {}
    for number, role in enumerate(told["roles"], 1):
        field = _FIELDS.get(role)
        if field in _SEVERAL:
            columns.setdefault(field, []).append(number)
        elif field is not None:
            columns.setdefault(field, number)
    if "booked" not in columns and "value" in columns:
        columns["booked"] = columns.pop("value")
    if "amount" in columns:
        columns.pop("debit", None)
        columns.pop("credit", None)
    return msgspec.convert(
        {
            "columns": columns,
            "titles": False,
            "delimiter": _DELIMITERS[told["delimiter"]],
            "dates": [date_spelling(told["date"])],
            "sign": "negated" if "amount_negated" in told["roles"] else "as_written",
            "currency": "EUR",
            "directions": {"out": ["D", "Af", "-"], "into": ["C", "Bij", "+"]},
        },
        BankList,
    )


def list_in(layout: BankList, width: int, amounts: Sequence[str]) -> bytes:
    """A list in that layout: one row an amount (signed decimal text), made-up cells elsewhere."""
    out = StringIO()
    writer = csv.writer(out, delimiter=layout.delimiter)
    for amount in amounts:
        row = [f"text {column}" for column in range(1, width + 1)]
        for field, columns in layout.placed().items():
            for column in columns:
                assert isinstance(column, int)
                row[column - 1] = _cell(field, amount, layout, column)
        writer.writerow(row)
    return out.getvalue().encode()


def _cell(field: str, amount: str, layout: BankList, column: int) -> str:
    bare = amount.lstrip("-")
    negative = amount.startswith("-")
    if field in ("booked", "value"):
        tokens = "|".join(map(re.escape, sorted(_WRITTEN, key=len, reverse=True)))
        return re.sub(tokens, lambda found: _WRITTEN[found[0]], layout.dates[0])
    if field == "amount":
        if layout.columns.direction != "":
            return bare
        return amount if (layout.sign == "as_written") else (bare if negative else f"-{bare}")
    alone = (layout.columns.debit == "") != (layout.columns.credit == "")
    opposite = bare if negative else f"-{bare}"
    cells = {
        "debit": opposite if alone else bare if negative else "",
        "credit": amount if alone else "" if negative else bare,
        "direction": "D" if negative else "C",
        "currency": "EUR",
        "instructed_amount": bare,
        "instructed_currency": "USD",
        "account": "DE89370400440532013000",
        "counterparty_account": "AT611904300234573201",
        "balance": "",
    }
    return cells.get(field, f"{field} {column}")
