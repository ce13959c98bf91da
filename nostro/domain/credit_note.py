"""What a supplier owes us back: a credit note as its source told it. It is never paid."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.machine import Machine, table
from nostro.domain.money import Money
from nostro.domain.problem import RejectedLine


class CreditNoteState(StrEnum):
    OPEN = "open"  # Something of it is left.
    USED = "used"  # Its source took all of it off payments.
    WITHDRAWN = "withdrawn"  # A person or its source says that it counts no more.


class CreditNoteMove(StrEnum):
    USE = "use"
    WITHDRAW = "withdraw"


_S, _M = CreditNoteState, CreditNoteMove

CREDIT_NOTE: Machine[CreditNoteState, CreditNoteMove] = Machine(
    "credit note",
    _S.OPEN,
    table(
        CreditNoteState,
        [
            ((_S.OPEN,), _M.USE, _S.USED),
            ((_S.OPEN,), _M.WITHDRAW, _S.WITHDRAWN),
        ],
    ),
)


class NewCreditNote(msgspec.Struct, frozen=True, kw_only=True):
    """A credit note as somebody gives it. `reference` is the source's own number of it, `document`
    what the supplier calls it; `line` is where it stood in a run, 0 if it came otherwise."""

    reference: str
    document: str
    entity_code: str
    payee_number: str
    amount: Money
    issued_on: date | None = None
    line: int = 0


class CreditNoteLine(RejectedLine, frozen=True, kw_only=True):
    """A line of a payment run with an amount below zero: it pays nobody, whoever reads it. `credit`
    is what the supplier owes, above zero."""

    reference: str
    document: str
    entity_code: str
    payee_number: str
    credit: Money
    day: date | None
