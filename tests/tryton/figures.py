"""What Tryton's and the bank's books must show at each station of the loop."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.tryton import seed
from tests.tryton.rpc import Balances, Tryton

BANK_DAY = date(2026, 9, 30)
DUE_UNTIL = date(2026, 10, 5)

BILLED = sum((bill.amount for bill in seed.BILLS), Decimal(0))
GOOD_AMOUNTS = sorted([Decimal("1240.50"), Decimal("980.00")])  # due by then, at open accounts
GOOD = sum(GOOD_AMOUNTS, Decimal(0))
BAD = Decimal("655.25")  # due by then, at a closed account


def expected(*, payable: Decimal, clearing: Decimal, bank: Decimal) -> Balances:
    """Balances given as what is owed, what is under way and what is in the bank."""
    return Balances(-payable, seed.INVOICE_AMOUNT, -clearing, bank)


AFTER_PAY = expected(payable=BILLED, clearing=Decimal(0), bank=seed.OPENING_BALANCE)
AFTER_STATUS = expected(payable=BILLED - GOOD, clearing=GOOD, bank=seed.OPENING_BALANCE)
AFTER_SETTLING = expected(
    payable=BILLED - GOOD, clearing=Decimal(0), bank=seed.OPENING_BALANCE - GOOD
)


def only_the_rejected_is_due(tryton: Tryton) -> None:
    """The bill that the bank refused is offered again, and no other."""
    (offered,) = tryton.due(DUE_UNTIL)
    assert (offered.reference, offered.amount) == ("4711", BAD)
    assert tryton.supplier(offered.party) == seed.CLOSED.name


def nothing_is_booked_twice(tryton: Tryton, payments: list[int]) -> None:
    """Line by line: each payment once on the bank account, once to clearing and once from it."""
    opening = seed.OPENING_BALANCE
    assert tryton.entries(seed.BANK) == sorted([opening, *(-a for a in GOOD_AMOUNTS)])
    assert tryton.entries(seed.CLEARING) == sorted([*GOOD_AMOUNTS, *(-a for a in GOOD_AMOUNTS)])
    found = {p.amount: p for p in tryton.payments(payments)}
    assert found[BAD].state == "failed"
    assert not found[BAD].clearing_reconciled
    assert all(found[a].state == "succeeded" and found[a].clearing_reconciled for a in GOOD_AMOUNTS)
    only_the_rejected_is_due(tryton)
