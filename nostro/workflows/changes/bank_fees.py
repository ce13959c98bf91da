"""What banks charge for a payment: shown beside the ways that a payment could take."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.policies import routing_words
from nostro.domain.policies.bank_fees import BankFee, BankFees
from nostro.domain.policies.limits import spelled
from nostro.storage import parties
from nostro.workflows import granted
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

FEES_MAX = 500
_DECIMALS = 4
_PERCENT = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,4}))? ?%")


class WantedFee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`bank` is the name of the connection, `currency` that of the payment, `fee` like
    "0.20 EUR" for one payment or "0.25 EUR + 0.9 %" with a share of it, `up_to` like "50000.00"
    the largest payment that it is for, in the payment's currency; empty: any, and what is above
    the other tiers."""

    bank: str
    rail: str
    currency: str
    fee: str
    up_to: str = ""


class WantedFees(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All fees as they are to be; what is left out is not known any more."""

    fees: tuple[WantedFee, ...] = ()


def _read(wanted: WantedFees) -> BankFees:
    banks = {row.name: str(row.id) for row in parties.connections()}
    fees = tuple(_fee(one, banks) for one in wanted.fees)
    keys = {(one.connection_id, one.rail, one.currency, one.up_to) for one in fees}
    if len(keys) != len(fees) or len(fees) > FEES_MAX:
        raise _unfit(
            f"There are {len(fees)} fees for {len(keys)} banks, rails, currencies and amounts."
        )
    return BankFees(fees=fees)


def _fee(wanted: WantedFee, banks: dict[str, str]) -> BankFee:
    rail, (fee, share) = routing_words.rail(wanted.rail.strip()), _costs(wanted.fee)
    connection_id = banks.get(wanted.bank.strip())
    currency = wanted.currency.strip().upper()
    if connection_id is None or rail is None or fee.minor < 0:
        raise _unfit(f"{wanted.bank[:40]!r}, {wanted.rail[:40]!r} and {wanted.fee!r} are no fee.")
    granted.amount_of(f"0 {currency}")
    if share and fee.currency != currency:
        raise _unfit(f"A share of payments in {currency} cannot be added to {wanted.fee!r}.")
    up_to = (
        granted.amount_of(f"{wanted.up_to.strip()} {currency}") if wanted.up_to.strip() else None
    )
    if up_to is not None and up_to.minor <= 0:
        raise _unfit(f"{wanted.up_to!r} is no largest payment.")
    return BankFee(
        connection_id=connection_id,
        rail=rail,
        currency=currency,
        fee=fee,
        up_to=up_to,
        share_millionths=share,
    )


def _costs(text: str) -> tuple[Money, int]:
    """What is charged for each payment, and the millionths of its amount on top."""
    fixed, plus, share = text.partition("+")
    if not plus:
        return granted.amount_of(text), 0
    found = _PERCENT.fullmatch(share.strip())
    if found is None:
        raise _unfit(f"{share.strip()[:40]!r} is no share like 0.9 %, four decimals at most.")
    whole, part = found.groups(default="")
    return granted.amount_of(fixed.strip()), int(whole + part.ljust(_DECIMALS, "0"))


def _percent(millionths: int) -> str:
    whole, part = divmod(millionths, 10**_DECIMALS)
    decimals = f"{part:0{_DECIMALS}}".rstrip("0")
    return f"{whole}.{decimals} %" if decimals else f"{whole} %"


def _unfit(happened: str) -> Invalid:
    return Invalid(
        "fees_unfit",
        happened,
        "Nothing was asked for.",
        "Write each once, like: bank's connection | sepa_credit_transfer | EUR | 0.20 EUR |"
        " 5000.00, without the last for payments of any amount; a fee may be 0.25 EUR + 0.9 %.",
        field="fees",
    )


def _tell(fees: BankFees) -> dict[str, Any]:
    return {
        "fees": [
            f"{one.bank}, {one.rail}, {one.currency}"
            + (f" up to {one.up_to}" if one.up_to else "")
            + f": {spelled(fee)}"
            + (f" + {_percent(share)}" if share else "")
            for one in _written(fees)
            for fee, share in (_costs(one.fee),)
        ]
    }


def _written(fees: BankFees) -> tuple[WantedFee, ...]:
    names = {str(row.id): row.name for row in parties.connections()} if fees.fees else {}
    return tuple(
        WantedFee(
            bank=names.get(one.connection_id, one.connection_id),
            rail=one.rail,
            currency=one.currency,
            fee=str(one.fee)
            + (f" + {_percent(one.share_millionths)}" if one.share_millionths else ""),
            up_to=one.up_to.number() if one.up_to else "",
        )
        for one in fees.fees
    )


KIND = policy_kind(
    BankFees,
    name="bank_fees",
    title="What banks charge",
    wanted=WantedFees,
    read=_read,
    tell=_tell,
    write=lambda fees: WantedFees(fees=_written(fees)),
)
