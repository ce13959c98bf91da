"""Addenda 98 and 99 of Nacha: what the other bank sends back, and what it wants corrected.

Nacha Operating Rules, appendices three, four (returns, dishonored and contested returns) and five
(notifications of change, refused ones).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from nostro.domain.ach_return import NotificationOfChange, ReturnedEntry, ReturnStage
from nostro.domain.money import Money
from nostro.domain.payment_file import Payment
from nostro.domain.problem import Location, Problem, warning
from nostro.formats.american.nacha_layout import CURRENCY, bank_of, day_of, is_digits

# Return reasons by who uses them for what: 61-70 the ODFI's dishonor, 71-77 the RDFI's contest.
_DISHONORED = frozenset(("R61", "R62", "R67", "R68", "R69", "R70"))
_CONTESTED = frozenset(("R71", "R72", "R73", "R74", "R75", "R76", "R77"))
_KNOWN_REASONS = (
    _DISHONORED
    | _CONTESTED
    | {f"R{number:02d}" for number in (*range(1, 48), *range(50, 54), *range(80, 86), 90)}
)
_KNOWN_CHANGES = frozenset(f"C{number:02d}" for number in range(1, 15))
_REFUSALS = frozenset(f"C{number:02d}" for number in range(61, 70))
_LOOK = "Look at the entry before you act on it."
_BLANK_DAY = frozenset(("      ", "000000"))

# Where corrected data stand, by change code: field, first and last column of the text.
_CORRECTED: dict[str, tuple[tuple[str, int, int], ...]] = {
    "C01": (("account_number", 0, 17),),
    "C02": (("routing_number", 0, 9),),
    "C03": (("routing_number", 0, 9), ("account_number", 12, 29)),
    "C04": (("name", 0, 22),),
    "C05": (("transaction_code", 0, 2),),
    "C06": (("account_number", 0, 17), ("transaction_code", 17, 29)),
    "C07": (("routing_number", 0, 9), ("account_number", 9, 26), ("transaction_code", 26, 29)),
    "C08": (("routing_number", 0, 34),),
    "C09": (("identification", 0, 22),),
    "C10": (("name", 0, 16),),
    "C11": (("identification", 0, 10),),
    "C12": (("name", 0, 16), ("identification", 16, 26)),
}
_FOREIGN_BANK = "C08"
_FOREIGN_ACCOUNT = (("account_number", 0, 35),)


def return_of(
    payment: Payment, text: str, international: bool
) -> tuple[ReturnedEntry, list[Problem]]:
    """A returned entry from its addenda 99; dishonored and contested ones have own columns."""
    reason = text[3:6]
    problems: list[Problem] = []
    told: dict[str, Any]
    if reason not in _KNOWN_REASONS:
        happened = f"The return reason {reason!r} is unknown; it was kept as it is."
        problems.append(warning("return_reason_unknown", happened, _LOOK, payment.location))
    if reason in _DISHONORED:
        told = {"stage": ReturnStage.DISHONORED, "addenda_information": text[58:79].rstrip()}
        told |= _earlier(text)
    elif reason in _CONTESTED:
        told = _earlier(text) | {
            "stage": ReturnStage.CONTESTED,
            "original_returned": _day(text[21:27], payment.location, problems),
            "original_settlement_day": text[35:38].strip(),
            "dishonor_trace": text[58:73].strip(),
            "dishonor_settlement_day": text[73:76].strip(),
            "dishonor_reason": text[76:78].strip(),
        }
    else:
        amount = text[35:45] if international and is_digits(text[35:45]) else ""
        told = {
            "stage": ReturnStage.RETURNED,
            "date_of_death": _day(text[21:27], payment.location, problems),
            "original_amount": Money(int(amount), CURRENCY) if amount else None,
            "addenda_information": text[45 if amount else 35 : 79].rstrip(),
        }
    record = ReturnedEntry(
        entry=payment,
        reason=reason.rstrip(),
        original_trace=text[6:21].strip(),
        original_rdfi=text[27:35].strip(),
        addenda_trace=text[79:94].strip(),
        location=payment.location,
        **told,
    )
    return record, problems


def _earlier(text: str) -> dict[str, Any]:
    """What a dishonored or contested return says of the return before it."""
    return {
        "return_trace": text[38:53].strip(),
        "return_settlement_day": text[53:56].strip(),
        "return_reason": text[56:58].strip(),
    }


def _day(text: str, location: Location, problems: list[Problem]) -> date | None:
    day = day_of(text)
    if day is None and text not in _BLANK_DAY:
        happened = f"A date in the addenda cannot be read ({text!r}); it was left empty."
        problems.append(warning("date_unreadable", happened, _LOOK, location, text))
    return day


def change_of(
    payment: Payment, text: str, international: bool
) -> tuple[NotificationOfChange, list[Problem]]:
    """A notification of change from its addenda 98; a refused one has its own columns."""
    refusal = text[3:6] if text[3:6] in _REFUSALS else ""
    code = text[64:67] if refusal else text[3:6]
    data = text[35:64] if refusal or not international else text[35:70]
    problems: list[Problem] = []
    told: dict[str, str] = {}
    if code not in _KNOWN_CHANGES:
        happened = f"The change code {code!r} is unknown; its data were kept as they are."
        problems.append(warning("change_code_unknown", happened, _LOOK, payment.location))
    else:
        told = _corrected(code, data, international)
        if not _sound(code, told):
            happened = f"The corrected data {data.strip()!r} do not fit the change code {code}."
            problems.append(warning("corrected_data_odd", happened, _LOOK, payment.location))
            told = {}
    record = NotificationOfChange(
        entry=payment,
        change_code=code.strip(),
        corrected_data=data.rstrip(),
        original_trace=text[6:21].strip(),
        original_rdfi=text[27:35].strip(),
        addenda_trace=text[79:94].strip(),
        refusal_code=refusal,
        refused_sequence=text[67:74].strip() if refusal else "",
        location=payment.location,
        **told,
    )
    return record, problems


def _corrected(code: str, data: str, international: bool) -> dict[str, str]:
    places = _CORRECTED.get(code, ())
    if international and code == "C01":
        places = _FOREIGN_ACCOUNT
    return {field: data[start:end].strip() for field, start, end in places}


def _sound(change: str, told: dict[str, str]) -> bool:
    """Whether every piece is there and is of its kind: half a correction is worse than none."""
    code, routing = told.get("transaction_code"), told.get("routing_number")
    return (
        all(told.values())
        and (code is None or (is_digits(code) and len(code) == 2))
        and (routing is None or change == _FOREIGN_BANK or bank_of(routing) is not None)
    )
