"""The open payments of a payee that a change would touch, and what becomes of each.

What is shown is what whoever looks may see: confidential payments only to who is cleared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from nostro.domain.identifier import compact
from nostro.domain.policies.touching import OPEN, SENTENCES, Fate, Touch, fate
from nostro.storage import parties, payment_search
from nostro.storage.change_requests import RequestRow
from nostro.storage.paging import LIMIT_DEFAULT, Page
from nostro.storage.payment_search import Wanted
from nostro.storage.rows import PaymentRow
from nostro.workflows import changes

_STATES: Final = ",".join(state.value for state in OPEN)


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """One open payment, and what becomes of it when the change is made."""

    payment: PaymentRow
    fate: Fate
    sentence: str


def touched(
    touch: Touch, number: str, iban: str = "", *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[Touched]:
    """The open payments of the payee of this number, the newest first; `iban` is where he is paid
    then, where that changes."""
    wanted = Wanted(payee=number, state=_STATES)
    found = payment_search.payments(wanted, limit=limit, cursor=cursor)
    return Page(rows=tuple(_touched(touch, row, iban) for row in found.rows), next=found.next)


def by_request(
    row: RequestRow, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[Touched] | None:
    """The same for what somebody asked for; None where it is about no payee."""
    kind = changes.find().get(row.kind)
    if listed := _listed(row):
        return by_list(listed, limit=limit, cursor=cursor)
    number = row.wanted.get("number")
    if kind is None or kind.touches is None or not isinstance(number, str):
        return None
    iban = str(row.after.get("iban", ""))
    return touched(kind.touches, number, iban, limit=limit, cursor=cursor)


def by_list(
    listed: Sequence[tuple[str, str]], *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[Touched]:
    """The open payments of those payees, as (number, IBAN), whose account would be another one."""
    numbers = [number for number, _ in listed]
    now = parties.current_payee_accounts(numbers)
    moved = {
        number: compact(told)
        for number, told in listed
        if number in now and now[number].iban != compact(told)
    }
    found = payment_search.of_payees(list(moved), OPEN, limit=limit, cursor=cursor)
    rows = (_touched(Touch.ACCOUNT, row, moved[row.payee_number]) for row in found.rows)
    return Page(rows=tuple(rows), next=found.next)


def _listed(row: RequestRow) -> list[tuple[str, str]]:
    """The payees that a request lists; what was erased of them is not there."""
    told = row.wanted.get("payees")
    lines = told if isinstance(told, list) else []
    return [
        (str(one["number"]), str(one["iban"]))
        for one in lines
        if isinstance(one, dict) and {"number", "iban"} <= one.keys()
    ]


def _touched(touch: Touch, row: PaymentRow, iban: str) -> Touched:
    found = fate(touch, row.state, fits=bool(iban) and row.creditor_iban == iban)
    return Touched(payment=row, fate=found, sentence=SENTENCES[found])
