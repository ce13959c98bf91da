"""The way of the lowest known cost among those that are executed when the payment is wanted.

What a way costs and nobody has said is not known, and never taken for nothing. Nothing is
converted: fees in several currencies are not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec

from nostro.domain.money import Money
from nostro.domain.payment import PaymentRequest, Route
from nostro.domain.policies.limits import spelled

SHOWN_MAX = 3  # Other ways that are told beside the chosen one, of each sort.


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment costs by one way, and when it would be executed; None: not known."""

    fee: Money | None
    day: date | None


Quotes = Callable[[PaymentRequest, Route], Quote]


def cheapest(
    ways: Sequence[Route], request: PaymentRequest, quotes: Quotes, names: Mapping[str, str]
) -> tuple[Route, str] | str:
    """The way with its cost, and why in words; or why none can be called the cheapest.

    `ways` are those that fit, in the standard order, which decides between equal costs; `names`
    are those of accounts by id. Ways on the requested day count; where none is executed then, those
    on the first day that there is.
    """
    told = [(way, quotes(request, way)) for way in ways]
    days = [quote.day for _, quote in told if quote.day is not None]
    last = max(request.requested_date, min(days, default=request.requested_date))
    late = [way for way, quote in told if quote.day is not None and quote.day > last]
    timely = [(way, quote.fee) for way, quote in told if way not in late]
    known = [(way, fee) for way, fee in timely if fee is not None]
    currencies = sorted({fee.currency for _, fee in known})
    if not known:
        return "what the ways that fit cost is not known"
    if len(currencies) > 1:
        return f"fees in {' and '.join(currencies)} are not compared"
    known.sort(key=lambda one: one[1].minor)
    (way, fee), *dearer = known
    others = {
        "next": [f"{_named(one, names)} {spelled(other)}" for one, other in dearer],
        "cost not known": [_named(one, names) for one, other in timely if other is None],
        "too late": [_named(one, names) for one in late],
    }
    said = [f"{what}: {_listed(found)}" for what, found in others.items() if found]
    why = "; ".join((f"costs {spelled(fee)}, the lowest that is known", *said))
    return msgspec.structs.replace(way, cost=fee), why


def _named(way: Route, names: Mapping[str, str]) -> str:
    return f"{names.get(way.account_id, way.debtor_number)} by {way.rail}"


def _listed(words: Sequence[str]) -> str:
    more = len(words) - SHOWN_MAX
    return ", ".join(words[:SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
