"""Payments less credit notes of the same supplier: what is proposed to the source, and its life.

Netting changes amounts that the source approved and cleared, so it is only ever proposed. The
source sends other payments; nothing here changes one.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.machine import Machine, table
from nostro.domain.money import Money


class NettingState(StrEnum):
    PROPOSED = "proposed"  # Somebody here wants it; the source has not heard of it.
    SENT = "sent"  # Whoever owns the source has it, and may send other amounts.
    TAKEN = "taken"  # The payments are gone or have the new amounts.
    DISMISSED = "dismissed"


class NettingMove(StrEnum):
    SEND = "send"
    TAKE = "take"
    DISMISS = "dismiss"


_S, _M = NettingState, NettingMove
LIVE = (_S.PROPOSED, _S.SENT)

NETTING: Machine[NettingState, NettingMove] = Machine(
    "netting proposal",
    _S.PROPOSED,
    table(
        NettingState,
        [
            ((_S.PROPOSED,), _M.SEND, _S.SENT),
            ((_S.SENT,), _M.TAKE, _S.TAKEN),
            (LIVE, _M.DISMISS, _S.DISMISSED),
        ],
    ),
)


class Payable(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that has not left, and may still be sent anew with another amount."""

    order_id: str
    number: str
    source: str
    reference: str
    entity_id: str
    payee_number: str
    amount: Money
    day: date


class OpenNote(msgspec.Struct, frozen=True, kw_only=True):
    """A credit note with what is left of it."""

    note_id: str
    source: str
    reference: str
    entity_id: str
    payee_number: str
    left: Money
    issued_on: date | None


class Reduced(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of a proposal, in minor units: as it stands, and less how much."""

    order_id: str
    number: str
    source: str
    reference: str
    day: date
    minor: int
    less: int

    @property
    def after(self) -> int:
        return self.minor - self.less


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """One credit note of a proposal, in minor units: what is left of it, and how much is used."""

    note_id: str
    source: str
    reference: str
    minor: int
    used: int

    @property
    def stays(self) -> int:
        return self.minor - self.used


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one payee, entity and currency, less credit notes of just these."""

    entity_id: str
    payee_number: str
    currency: str
    payments: tuple[Reduced, ...]
    notes: tuple[Used, ...]

    @property
    def total(self) -> Money:
        return Money(sum(one.minor for one in self.payments), self.currency)

    @property
    def less(self) -> Money:
        return Money(sum(one.less for one in self.payments), self.currency)

    @property
    def net(self) -> Money:
        return self.total - self.less

    @property
    def stays(self) -> Money:
        """What is left of the credit notes afterwards."""
        return Money(sum(one.stays for one in self.notes), self.currency)

    @property
    def sources(self) -> tuple[str, ...]:
        paid = {one.source for one in self.payments}
        return tuple(sorted(paid | {one.source for one in self.notes}))

    @property
    def digest(self) -> str:
        """The same payments and notes with the same amounts are the same proposal."""
        return digest(self)
