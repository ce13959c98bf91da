"""BAI type codes: what each says of an amount, and which ISO 20022 transaction it is.

Cash Management Balance Reporting Specifications Version 2, Uniform BAI Information Reporting Type
Codes: the names and levels in bai2_codes.csv. A code that is not there is classified by its range,
never refused: banks have their own. The ISO 20022 bank transaction code is given only where the BAI
name leaves no doubt about the domain; its last parts are NTAV (not available) where it does.
"""

from __future__ import annotations

import csv
from functools import cache
from pkgutil import get_data
from typing import NamedTuple

CREDIT, DEBIT = 1, -1
NEITHER = 0
# From code, below code, direction of details: section "Type codes" of the standard; 900 and above
# are for the bank's own use.
_RANGES = (
    (1, 100, NEITHER),
    (100, 400, CREDIT),
    (400, 700, DEBIT),
    (700, 920, NEITHER),
    (920, 960, CREDIT),
    (960, 1000, DEBIT),
)
NON_MONETARY = "890"
TOTAL_CREDITS, TOTAL_DEBITS = "100", "400"
# ISO 20022 ExternalBalanceType1Code of the balances; other status codes are INFO.
BALANCES = {
    "010": "OPBD",
    "015": "CLBD",
    "030": "ITBD",
    "040": "OPAV",
    "045": "CLAV",
    "060": "ITAV",
}
OTHER_STATUS = "INFO"


class TypeCode(NamedTuple):
    """`direction` is +1 for a credit, -1 for a debit, 0 if the code itself does not say."""

    code: str
    level: str
    direction: int
    transaction_code: str
    name: str


@cache
def _named() -> dict[str, TypeCode]:
    data = get_data(__package__, "bai2_codes.csv") or b""
    words = {"credit": CREDIT, "debit": DEBIT}
    rows = csv.reader(data.decode().splitlines()[1:])
    return {
        code: TypeCode(code, level, words.get(direction, NEITHER), transaction_code, name)
        for code, level, direction, transaction_code, name in rows
    }


def type_code(code: str) -> TypeCode | None:
    """What a type code says; by its range if the standard does not name it; None if it is none."""
    if len(code) != 3 or not (code.isascii() and code.isdigit()):
        return None
    if known := _named().get(code):
        return known
    number = int(code)
    for begin, end, direction in _RANGES:
        if begin <= number < end:
            status = number < 100 or 900 <= number < 920
            return TypeCode(code, "status" if status else "detail", direction, "", "")
    return None


def is_status(code: TypeCode) -> bool:
    """Whether the amount of such a code is a state of the account, not money moved."""
    return code.level == "status"
