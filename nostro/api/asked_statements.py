"""What programs may ask of booked entries."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from nostro.api.asked import AmountText, Asked, Currency, Day
from nostro.domain.match import MatchState
from nostro.storage.paging import LIMIT_DEFAULT


class TransactionPage(Asked):
    """Which entries; amounts are signed (money out is negative) and need their currency."""

    account: UUID | None = None
    booked_from: Day | None = None
    booked_until: Day | None = None
    currency: Currency | None = None
    amount_from: AmountText | None = None
    amount_to: AmountText | None = None
    match_state: MatchState | None = None
    q: str = Field(default="", description="Part of a name, an account, a reference or the text.")
    limit: int = LIMIT_DEFAULT
    cursor: str = ""
