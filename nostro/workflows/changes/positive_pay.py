"""Which checks of which accounts their banks pay only when we say so, and who decides on others."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from nostro.domain.check_exception import Decision
from nostro.domain.errors import Invalid
from nostro.domain.local_time import closes_at
from nostro.domain.policies.positive_pay import (
    STALE_AFTER_DAYS,
    AccountTerms,
    PositivePayTerms,
)
from nostro.formats.american.check_exception_layout import answers_of
from nostro.formats.american.positive_pay_layout import layout_of
from nostro.storage import parties
from nostro.workflows import granted
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

_NOTHING = "Nothing was asked for."
_RANGE = re.compile(r"(\d{1,15}) ?- ?(\d{1,15})", re.ASCII)


class WantedTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account: its IBAN, what its bank calls it, and what was agreed with the bank.

    `decide_by` as "14:30 America/New_York"; `if_nobody` is pay or return; `second_above` as
    "10000.00 USD" ("": one person may have any check paid). `numbers` as "5001-5999": the checks
    that payments draw here, never another program's ("": no payment is paid by check).
    """

    account: str
    number: str
    layout: str
    answers: str = "generic"
    decide_by: str
    if_nobody: str
    second_above: str = ""
    company: str = ""
    stale_after_days: int = STALE_AFTER_DAYS
    numbers: str = ""


class WantedPositivePay(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of every account; what is left out has no positive pay any more."""

    terms: tuple[WantedTerms, ...] = ()


def _read(wanted: WantedPositivePay) -> PositivePayTerms:
    accounts = {row.iban: row.id for row in parties.accounts()}
    terms = PositivePayTerms(accounts=tuple(_one(one, accounts) for one in wanted.terms))
    numbers = [one.number.lstrip("0") for one in terms.accounts]
    ids = [one.account_id for one in terms.accounts]
    if len(set(numbers)) != len(numbers) or len(set(ids)) != len(ids):
        raise _wrong("terms", "an account, or a bank's number of one, is named twice")
    return terms


def _one(one: WantedTerms, accounts: dict[str, str]) -> AccountTerms:
    iban = "".join(one.account.split()).upper()
    if iban not in accounts:
        raise _wrong("account", f"{one.account[:40]!r} is not the IBAN of an account here")
    number = one.number.strip()
    if not (number.isascii() and number.isdigit()) or not number.strip("0"):
        raise _wrong("number", f"{number[:40]!r} is not a number of digits")
    if one.if_nobody not in set(Decision):
        raise _wrong("if_nobody", f"{one.if_nobody[:40]!r} is neither pay nor return")
    if not 1 <= one.stale_after_days <= 3660:
        raise _wrong("stale_after_days", f"{one.stale_after_days} days")
    layout_of(one.layout)
    answers_of(one.answers)
    at, zone = _clock(one.decide_by)
    first, last = _numbers(one.numbers)
    return AccountTerms(
        account_id=accounts[iban],
        number=number,
        layout=one.layout,
        answers=one.answers,
        decide_by=at,
        time_zone=zone,
        if_nobody=Decision(one.if_nobody),
        second_above=granted.amount_of(one.second_above) if one.second_above else None,
        company=one.company.strip(),
        stale_after_days=one.stale_after_days,
        first_number=first,
        last_number=last,
    )


def _numbers(told: str) -> tuple[int, int]:
    """The first and the last number of a range; zeros where none is told."""
    if not told.strip():
        return 0, 0
    found = _RANGE.fullmatch(told.strip())
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 0 < first <= last:
        raise _wrong("numbers", f"{told[:40]!r} is not a range like 5001-5999")
    return first, last


def _clock(told: str) -> tuple[time, str]:
    at, _, zone = told.strip().partition(" ")
    try:
        found = time.fromisoformat(at)
        ZoneInfo(zone)
        closes_at(date(2026, 1, 1), found, zone)
    except (ValueError, OSError, KeyError) as error:
        raise _wrong("decide_by", f"{told[:60]!r} cannot be used ({error})") from None
    return found, zone


def _wrong(field: str, why: str) -> Invalid:
    return Invalid(
        "positive_pay_wrong",
        f"Positive pay, {field}: {why}.",
        _NOTHING,
        'Name each account once, its clock like "14:30 America/New_York", and pay or return for'
        " what nobody decides on.",
        field=field,
    )


def _tell(terms: PositivePayTerms) -> dict[str, Any]:
    return {
        "accounts": [" | ".join(str(part) for part in _parts(one)) for one in _write(terms).terms]
    }


def _parts(one: WantedTerms) -> tuple[str, ...]:
    return tuple(str(getattr(one, name)) for name in one.__struct_fields__)


def _write(terms: PositivePayTerms) -> WantedPositivePay:
    ibans = {row.id: row.iban for row in parties.accounts()}
    return WantedPositivePay(
        terms=tuple(
            WantedTerms(
                account=ibans.get(one.account_id, one.account_id),
                number=one.number,
                layout=one.layout,
                answers=one.answers,
                decide_by=f"{one.decide_by:%H:%M} {one.time_zone}",
                if_nobody=one.if_nobody.value,
                second_above=str(one.second_above) if one.second_above else "",
                company=one.company,
                stale_after_days=one.stale_after_days,
                numbers=f"{one.first_number}-{one.last_number}" if one.draws else "",
            )
            for one in terms.accounts
        )
    )


KIND = policy_kind(
    PositivePayTerms,
    name="positive_pay",
    title="Positive pay of accounts",
    wanted=WantedPositivePay,
    read=_read,
    tell=_tell,
    write=_write,
)
