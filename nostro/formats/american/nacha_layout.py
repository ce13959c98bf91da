"""What the columns and codes of Nacha records mean: one table for the reader and the writer.

Nacha Operating Rules, appendix three (ACH record format specifications). Columns are given as
Python slices: (39, 54) is positions 40 to 54 of the rules.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from nostro.domain.payment_file import Agent

RECORD_LENGTH = 94
BLOCKING_FACTOR = 10
FILLER = "9" * RECORD_LENGTH
HASH_MODULUS = 10**10
AMOUNT_MAX = 10**10 - 1
ADDENDA_MAX = 9999
ADDENDA_TEXT = 80
CURRENCY = "USD"
ROUTING = "USABA"
_ROUTING_DIGITS = 9
_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7)


class Kind(NamedTuple):
    """What a transaction code says: direction, account (ISO 20022 CashAccountType), use."""

    credit: bool
    account: str
    prenotification: bool = False
    zero: bool = False
    returned: bool = False


def _kinds() -> dict[str, Kind]:
    """Codes x1 to x9 of the four kinds of account, and the accounting advices 81 to 88."""
    kinds: dict[str, Kind] = {}
    for decade, account in (("2", "CACC"), ("3", "SVGS"), ("4", "OTHR"), ("5", "LOAN")):
        kinds |= {
            decade + "1": Kind(True, account, returned=True),
            decade + "2": Kind(True, account),
            decade + "3": Kind(True, account, prenotification=True, zero=True),
            decade + "4": Kind(True, account, zero=True),
        }
        if decade != "5":
            kinds |= {
                decade + "6": Kind(False, account, returned=True),
                decade + "7": Kind(False, account),
                decade + "8": Kind(False, account, prenotification=True, zero=True),
                decade + "9": Kind(False, account, zero=True),
            }
    kinds |= {"55": Kind(False, "LOAN"), "56": Kind(False, "LOAN", returned=True)}
    kinds |= {str(code): Kind(code % 2 == 1, "") for code in range(81, 89)}
    return kinds


KINDS = _kinds()
REVERSAL_ONLY = "55"

# Service class codes of batches: both directions, credits, debits, accounting advices.
MIXED, CREDITS, DEBITS, ADVICES = "200", "220", "225", "280"
SERVICE_CLASSES = frozenset((MIXED, CREDITS, DEBITS, ADVICES))

SEC_CODES = frozenset(
    [
        *("ACK", "ADV", "ARC", "ATX", "BOC", "CCD", "CIE", "COR", "CTX", "DNE", "ENR", "IAT"),
        *("MTE", "POP", "POS", "PPD", "RCK", "SHR", "TEL", "TRC", "TRX", "WEB", "XCK"),
    ]
)
# Entries that move no money by their nature.
ZERO_SEC_CODES = frozenset(("ACK", "ATX", "COR", "DNE", "ENR"))
# SEC codes whose entries go one way only, but for reversals.
CREDIT_ONLY = frozenset(("CIE",))
DEBIT_ONLY = frozenset(("ARC", "BOC", "POP", "RCK", "SHR", "TEL", "TRC", "TRX", "XCK"))
# How many 05 addenda an entry may have; those of other SEC codes may have one.
MANY_ADDENDA = {"CTX": ADDENDA_MAX, "ATX": ADDENDA_MAX, "ENR": ADDENDA_MAX, "TRX": ADDENDA_MAX}


class Column(NamedTuple):
    """A piece of positions 40 to 78 of an entry: a field of Payment, or the name of a code.

    `field` is "end_to_end_id", "name", "check_number", "addenda_count", or a code's name.
    """

    field: str
    start: int
    end: int


_DISCRETIONARY = Column("discretionary_data", 76, 78)
STANDARD = (Column("end_to_end_id", 39, 54), Column("name", 54, 76), _DISCRETIONARY)
_NAME_FIRST = (Column("name", 39, 54), Column("end_to_end_id", 54, 76), _DISCRETIONARY)
_CHECK = (Column("check_number", 39, 54), Column("name", 54, 76), _DISCRETIONARY)
COUNTED = (
    Column("end_to_end_id", 39, 54),
    Column("addenda_count", 54, 58),
    Column("name", 58, 74),
    Column("reserved", 74, 76),
    _DISCRETIONARY,
)
_TRUNCATED_CHECK = (
    Column("check_number", 39, 54),
    Column("process_control", 54, 60),
    Column("item_research_number", 60, 76),
    _DISCRETIONARY,
)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "CIE": _NAME_FIRST,
    "MTE": _NAME_FIRST,
    "ARC": _CHECK,
    "BOC": _CHECK,
    "RCK": _CHECK,
    "TRC": _TRUNCATED_CHECK,
    "XCK": _TRUNCATED_CHECK,
    "CTX": COUNTED,
    "ATX": COUNTED,
    "ENR": COUNTED,
    "TRX": COUNTED,
    "POP": (
        Column("check_number", 39, 48),
        Column("terminal_city", 48, 52),
        Column("terminal_state", 52, 54),
        Column("name", 54, 76),
        _DISCRETIONARY,
    ),
    "SHR": (
        Column("card_expiration_date", 39, 43),
        Column("document_reference_number", 43, 54),
        Column("card_account_number", 54, 76),
        Column("card_transaction_type", 76, 78),
    ),
}
# Addenda 02 (MTE, POS, SHR): where a card was used.
TERMINAL = (
    Column("reference_information_1", 3, 10),
    Column("reference_information_2", 10, 13),
    Column("terminal_identification", 13, 19),
    Column("transaction_serial_number", 19, 25),
    Column("transaction_date", 25, 29),
    Column("authorization_or_expiration", 29, 35),
    Column("terminal_location", 35, 62),
    Column("addenda_terminal_city", 62, 77),
    Column("addenda_terminal_state", 77, 79),
)


def check_digit(first_eight: str) -> str:
    """The ninth digit of a routing number (weights 3, 7, 1; multiple of ten)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_eight, strict=True))
    return str(-total % 10)


def is_digits(text: str) -> bool:
    """True for digits 0 to 9 alone, at least one of them."""
    return text.isascii() and text.isdigit()


class Bank(NamedTuple):
    """A bank by its routing number, and what it adds to an entry hash."""

    agent: Agent
    hashed: int


@lru_cache(maxsize=1 << 16)
def bank_of(routing: str) -> Bank | None:
    """The bank of a nine-digit routing number; None if that is not one."""
    if len(routing) != _ROUTING_DIGITS or not is_digits(routing):
        return None
    if check_digit(routing[:8]) != routing[8]:
        return None
    return Bank(Agent(clearing_system=ROUTING, member_id=routing), int(routing[:8]))


def code_of(codes: tuple[tuple[str, str], ...], name: str) -> str:
    """The text of a code by its name; "" if it is not there."""
    return next((text for known, text in codes if known == name), "")


def day_of(text: str) -> date | None:
    """A day written YYMMDD in this century; None for blanks, zeros and what is no day."""
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None
