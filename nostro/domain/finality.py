"""Until when a rail's rules let money of an executed payment come back without our consent.

Final is not for ever (payment lifecycle, section 5 rule 10). Rails that are not named have no such
term that holds for all banks: their payments have no finality date, which is not the same as being
final.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from nostro.domain.payment import Rail
from nostro.domain.rail import TERMS

# Banking days after settlement in which the payee's bank may return a payment: SEPA credit
# transfers EPC125-05 section 4.3.2.2, ACH Nacha Operating Rules subsection 3.8.
RETURN_BANK_DAYS: Mapping[Rail, int] = {
    rail: terms.return_bank_days
    for rail, terms in TERMS.items()
    if terms.return_bank_days is not None
}


def finality_until(
    rail: Rail, executed_on: date, next_bank_day: Callable[[date], date]
) -> date | None:
    """The last day on which the rail lets the payment come back; None: the rail has no such term.

    `next_bank_day` gives the day itself when it is a bank day, else the next one.
    """
    days = RETURN_BANK_DAYS.get(rail)
    if days is None:
        return None
    last = executed_on
    for _ in range(days):
        last = next_bank_day(last + timedelta(days=1))
    return last
