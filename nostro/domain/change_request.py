"""A change of access, rules or bank details is asked for by one person and agreed to by another."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import msgspec

from nostro.domain.machine import Machine, table

OPEN_FOR = timedelta(days=14)  # Then it is asked for anew: who agrees knows what it is about.
BY_A_PERSON = 1  # Other people who have to agree.
BY_NOBODY_NAMED = 2  # The terminal is not a person: two people agree.


class RequestState(StrEnum):
    ASKED = "asked"
    APPLIED = "applied"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RequestMove(StrEnum):
    APPLY = "apply"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_S, _M = RequestState, RequestMove

CHANGE_REQUEST: Machine[RequestState, RequestMove] = Machine(
    "change request",
    _S.ASKED,
    table(
        RequestState,
        [
            ((_S.ASKED,), _M.APPLY, _S.APPLIED),
            ((_S.ASKED,), _M.REFUSE, _S.REFUSED),
            ((_S.ASKED,), _M.WITHDRAW, _S.WITHDRAWN),
            ((_S.ASKED,), _M.EXPIRE, _S.EXPIRED),
        ],
    ),
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Who is behind a change so far. `asked_for` and `agreed_for` are in whose place (person ids),
    `about` the person whose access it is about, or "". `kept_out` are those who do not decide on
    this one although their role does."""

    asked_by: str
    asked_for: frozenset[str]
    about: str
    agreed_by: frozenset[str] = frozenset()
    agreed_for: frozenset[str] = frozenset()
    kept_out: frozenset[str] = frozenset()

    @property
    def taken(self) -> frozenset[str]:
        """Everybody who has had his say, or is spoken about."""
        named = {self.asked_by, self.about} - {""}
        return frozenset(named | self.asked_for | self.agreed_by | self.agreed_for)
