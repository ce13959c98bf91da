"""What the page of a payee says of his credit notes, and of netting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from nostro.console import rights
from nostro.console.visiting import Visit
from nostro.console.words import Status
from nostro.domain.money import Money
from nostro.domain.netting import LIVE, NETTING, NettingMove, NettingState, Proposal
from nostro.storage import credit_notes, nettings, parties
from nostro.storage.nettings import NettingRow
from nostro.workflows import netting as work

ENDED_SHOWN: Final = 5
_ROWS: Final = 50


STATES: Final[Mapping[NettingState, Status]] = {
    NettingState.PROPOSED: Status(kind="warn", icon="clock", word="To be given to its source"),
    NettingState.SENT: Status(kind="info", icon="send", word="With its source"),
    NettingState.TAKEN: Status(kind="ok", icon="circle-check", word="Followed"),
    NettingState.DISMISSED: Status(kind="mut", icon="minus", word="Dismissed"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of a proposal: as it stands, and with which amount its source would send it."""

    order_id: str
    number: str
    source: str
    before: Money
    after: Money


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One credit note of a proposal."""

    source: str
    reference: str
    left: Money
    used: Money
    stays: Money


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal in amounts; `several` names its sources where it has more than one."""

    proposal: Proposal
    entity: str
    lines: tuple[Line, ...]
    notes: tuple[Note, ...]
    several: str


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that somebody decided on, and what may be said of it now."""

    row: NettingRow
    state: Status
    sum: Sum
    may_send: bool
    may_take: bool
    may_dismiss: bool


def told(visit: Visit, number: str) -> dict[str, Any]:
    """His open notes, what could be netted, what waits for its source, and what ended lately."""
    entities = {entity.id: entity.code for entity in parties.entities()}
    rows = nettings.nettings(payee=number, limit=_ROWS).rows
    may = rights.may_make(visit.member)
    live = [*reversed(nettings.live_of(number))]
    ended = [row for row in rows if row.state not in LIVE][:ENDED_SHOWN]
    return {
        "notes": credit_notes.open_of(number, _ROWS),
        "possible_nettings": [_sum(one, entities) for one in work.possible(number)],
        "live_nettings": [_put(row, entities, may=may) for row in live],
        "ended_nettings": [_put(row, entities, may=False) for row in ended],
        "may_net": may,
    }


def _put(row: NettingRow, entities: dict[str, str], *, may: bool) -> Put:
    return Put(
        row=row,
        state=STATES[row.state],
        sum=_sum(row.proposal, entities),
        may_send=may and NETTING.allows(row.state, NettingMove.SEND),
        may_take=may and NETTING.allows(row.state, NettingMove.TAKE),
        may_dismiss=may and NETTING.allows(row.state, NettingMove.DISMISS),
    )


def _sum(one: Proposal, entities: dict[str, str]) -> Sum:
    def money(minor: int) -> Money:
        return Money(minor, one.currency)

    return Sum(
        proposal=one,
        entity=entities.get(one.entity_id, ""),
        lines=tuple(
            Line(
                order_id=paid.order_id,
                number=paid.number,
                source=paid.source,
                before=money(paid.minor),
                after=money(paid.after),
            )
            for paid in one.payments
        ),
        notes=tuple(
            Note(
                source=note.source,
                reference=note.reference,
                left=money(note.minor),
                used=money(note.used),
                stays=money(note.stays),
            )
            for note in one.notes
        ),
        several=", ".join(one.sources) if len(one.sources) > 1 else "",
    )
