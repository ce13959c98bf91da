"""What was paid to payees and their accounts before: one question for a whole set of payments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from nostro.domain.order import OrderState
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies.payee_checks import PayeeChecks, PayeeHistory
from nostro.storage import queries
from nostro.storage.tenancy import current

# Money was at the payee's bank, whatever came back of it later.
_PAID: Final = (
    OrderState.EXECUTED,
    OrderState.SETTLED,
    OrderState.PARTIALLY_RETURNED,
    OrderState.RECALLED,
)
_PAIRS = msgspec.json.Decoder(list[tuple[str, str]])
_AMOUNTS = msgspec.json.Decoder(list[tuple[str, str, tuple[int, ...]]])


def history(asked: Sequence[tuple[str, PaymentRequest]], rules: PayeeChecks) -> PayeeHistory:
    """What these rules need to know of requests with their payees' numbers; nothing is asked where
    they need nothing."""
    if not rules.ask_history or not asked:
        return PayeeHistory()
    sights = {request.confidential for _, request in asked}
    found = {sight: _history(asked, rules, sight=sight) for sight in sights}
    return PayeeHistory(
        paid_accounts=frozenset().union(*(one.paid_accounts for one in found.values())),
        payees_of=next(iter(found.values())).payees_of,
        amounts={key: amounts for one in found.values() for key, amounts in one.amounts.items()},
    )


def _history(
    asked: Collection[tuple[str, PaymentRequest]], rules: PayeeChecks, *, sight: bool
) -> PayeeHistory:
    pairs = sorted({(payee, request.amount.currency) for payee, request in asked})
    (row,) = queries.rows(
        "payee_history",
        tenant_id=current(),
        accounts=sorted({request.creditor_number for _, request in asked} - {""}),
        paid=list(_PAID),
        payees=[payee for payee, _ in pairs],
        currencies=[currency for _, currency in pairs],
        last=rules.usual_last,
        sight=sight,
    )
    payees_of: dict[str, tuple[str, ...]] = {}
    for account, payee in _PAIRS.decode(row["payees_of"]):
        payees_of[account] = (*payees_of.get(account, ()), payee)
    told = _AMOUNTS.decode(row["amounts"])
    return PayeeHistory(
        paid_accounts=frozenset((account, sight) for account in row["paid_accounts"]),
        payees_of=payees_of,
        amounts={(payee, currency, sight): amounts for payee, currency, amounts in told},
    )
