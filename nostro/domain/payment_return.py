"""Money that comes back: what a return's reason says about the payee's account.

Sources: ISO 20022 ExternalReturnReason1Code; Nacha Operating Rules, appendix four (R01 to R85).
"""

from __future__ import annotations

from nostro.domain.money import Money

# Paying this account again cannot succeed: closed, unknown, blocked, or its owner has died.
BAD_ACCOUNT = frozenset(
    {
        *("AC01", "AC02", "AC03", "AC04", "AC06", "AC07", "AC13", "AC14", "AG01", "MD07"),
        *("R02", "R03", "R04", "R13", "R14", "R15", "R16", "R20"),
    }
)


def says_account_is_bad(reason: str) -> bool:
    return reason in BAD_ACCOUNT


def is_whole(paid: Money, came_back: Money, itemised_charges: Money) -> bool:
    """Did all of a payment come back, but for charges that the bank itemises? All positive."""
    return came_back + itemised_charges == paid
