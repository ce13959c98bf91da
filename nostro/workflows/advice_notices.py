"""Telling payees: the bytes are frozen first, then handed over, then what came of it is written.

1. A notice is taken by its timer. What it says is looked up as it is now, written once and kept;
   a payment whose money came back meanwhile is taken out, and nothing is left of an empty notice.
2. It is handed over outside any transaction. Refused for good: a case. Surely not taken: later,
   to the address that is known then. Not known: the same bytes later, under the same Message-ID;
   the payee may get it twice.
3. A worker that dies meanwhile leaves a notice that is being sent. It may have been: as above.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from nostro.domain.advice_notice import (
    NoticeKind,
    NoticeMove,
    NoticeState,
    may_have_been_told,
    retry_at,
)
from nostro.domain.case import CaseKind
from nostro.domain.errors import InDoubt, NostroError, Refused, Unavailable
from nostro.ports import Outgoing, TellsPayees
from nostro.storage import advice_notices, cases, confidential, events, parties
from nostro.storage.advice_notices import NoticeRow
from nostro.storage.paid_payments import still_paid
from nostro.storage.tenancy import tenant
from nostro.workflows import advice_freezing, advice_planning
from nostro.workflows.case_work import new_case
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting

log = structlog.get_logger()
# Longer than handing one over can take, so that two workers seldom have the same notice.
TAKEN_FOR: Final = timedelta(minutes=4)
# One customer's notices may keep a worker this long, then the others have their turn.
TURN: Final = timedelta(seconds=30)
QUARANTINE_LOOKS: Final = timedelta(minutes=10)
CORRECTS_AFTER: Final = timedelta(minutes=1)
OTHERS_WAIT_AT_MOST: Final = timedelta(minutes=5)
# What ails one payee's address only, not the connection.
_HIS_ALONE: Final = frozenset({"mail_put_off"})


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A notice that is being sent: how, and its bytes."""

    row: NoticeRow
    channel: TellsPayees
    outgoing: Outgoing


def attend(acting: Acting) -> int:
    """Plan what the log has, then tell what is due; returns how many notices were tried.

    What is left after its turn is still due: the tick wakes it again.
    """
    while advice_planning.plan(acting) >= 0:
        pass
    tried, now = 0, acting.world.clock.now
    ends_at = now() + TURN
    while now() < ends_at and tell_next(acting):
        tried += 1
    return tried


def tell_next(acting: Acting) -> bool:
    """Take one notice that is due and tell it; False when none is."""
    taken = _take(acting)
    if isinstance(taken, _Taken):
        _tell(acting, taken)
    return taken is not None


def _take(acting: Acting) -> _Taken | NoticeRow | None:
    """The next notice with its bytes, committed as being sent; the row alone where there is
    nothing to send of it now; None when nothing is due."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        if parties.customer().quarantined:  # A restored database has forgotten what was told.
            advice_notices.put_off_all(now + QUARANTINE_LOOKS, now)
            return None
        row = advice_notices.lock_due(now)
        if row is None:
            return None
        if _waits_for_another(row) or _is_over(acting, row):
            return row
        doubts = row.doubts + (row.state is NoticeState.SENDING)  # Whoever had it died.
        try:
            row = msgspec.structs.replace(row, doubts=doubts)
            channel = _channel(acting, row)
            frozen = advice_freezing.frozen(acting, row, channel)
        except NostroError as error:
            _cannot(acting, row, error)
            return row
        advice_notices.move(
            row,
            NoticeMove.TAKE,
            tries=row.tries + 1,
            doubts=doubts,
            gathers=False,
            next_action_at=now + TAKEN_FOR,
        )
    taken = msgspec.structs.replace(frozen.row, tries=row.tries + 1, state=NoticeState.SENDING)
    return _Taken(row=taken, channel=channel, outgoing=frozen.outgoing)


def _waits_for_another(row: NoticeRow) -> bool:
    """A correction goes after what it corrects."""
    if row.corrects_id is None:
        return False
    first = advice_notices.look(row.corrects_id)
    if first is None or first.next_action_at is None or row.next_action_at is None:
        return False
    advice_notices.put_off(row.id, first.next_action_at + CORRECTS_AFTER)
    return True


def _is_over(acting: Acting, row: NoticeRow) -> bool:
    """Whether nothing that it says is so any more, and nobody can have been told: then it ends.
    What may have been told goes as it was, and its correction after it."""
    if row.doubts or row.state is NoticeState.SENDING:
        return False
    ids = advice_notices.orders_of(row.id)
    is_so = still_paid(ids) if row.kind is NoticeKind.ADVICE else _advised(row)
    gone = sorted(set(ids) - is_so)
    return bool(gone) and advice_planning.drop(acting, row, gone)


def _advised(row: NoticeRow) -> set[UUID]:
    """What the advice that this one corrects may have told of: what was taken out of it before, or
    could not be sent, needs no correction."""
    first = advice_notices.look(row.corrects_id) if row.corrects_id else None
    if first is None or not may_have_been_told(first.state, first.doubts):
        return set()
    return set(advice_notices.orders_of(first.id))


def _channel(acting: Acting, row: NoticeRow) -> TellsPayees:
    channel = open_channel(acting, row.connection_id)
    if isinstance(channel, TellsPayees):
        return channel
    raise Refused(
        "connection_tells_no_payees",
        "The connection of this notice does not tell payees any more.",
        "Nobody was told anything.",
        "Change the rule or the connection, then send the advice again.",
    )


def _cannot(acting: Acting, row: NoticeRow, error: NostroError) -> None:
    """There is nothing that could be handed over: nobody knows where to, or it cannot be written.
    Somebody has to act, so it is not tried again by itself; what is away for now is."""
    if error.code == advice_freezing.NO_ADDRESS:
        advice_notices.move(row, NoticeMove.MISS, next_action_at=None, said=error.happened)
        _told(acting, row, "order.advice_not_sent", why=error.happened)
        return
    taken = msgspec.structs.replace(row, state=NoticeState.SENDING, tries=row.tries + 1)
    advice_notices.move(row, NoticeMove.TAKE, tries=taken.tries)
    _later(acting, taken, error)


# What came of it.


def _tell(acting: Acting, taken: _Taken) -> None:
    try:
        receipt = taken.channel.tell_payee(taken.outgoing, taken.row.address)
    except NostroError as error:
        with tenant(acting.tenant_id):
            row = _still_ours(taken)
            if row is not None:
                _failed(acting, row, error)
        return
    with tenant(acting.tenant_id):
        row = _still_ours(taken)
        if row is not None:
            now = acting.world.clock.now()
            told = {"told_at": now, "next_action_at": None, "said": receipt.reference}
            advice_notices.move(row, NoticeMove.TELL, **told)
            more = {"message_id": row.message_id, "tries": row.tries, "doubts": row.doubts}
            _told(acting, row, "order.advice_sent", address=row.address, **more)


def _still_ours(taken: _Taken) -> NoticeRow | None:
    """The notice, locked; None where another worker took it over meanwhile: his word counts."""
    row = advice_notices.lock(taken.row.id)
    mine = row and row.state is NoticeState.SENDING and row.tries == taken.row.tries
    return row if mine else None


def _failed(acting: Acting, row: NoticeRow, error: NostroError) -> None:
    doubts = row.doubts + isinstance(error, InDoubt)
    _later(acting, msgspec.structs.replace(row, doubts=doubts), error)


def _later(acting: Acting, row: NoticeRow, error: NostroError) -> None:
    """Once more, where that may help and there is time left."""
    now = acting.world.clock.now()
    again = retry_at(row.id, row.tries, row.first_due_at, now)
    log.info("advice_failed", notice=str(row.id), tries=row.tries, code=error.code)
    if again is None or not isinstance(error, InDoubt | Unavailable):
        _give_up(acting, row, error)
        return
    told = {"next_action_at": again, "said": error.happened, "doubts": row.doubts}
    advice_notices.move(row, NoticeMove.PUT_OFF, **told)
    if isinstance(error, Unavailable) and error.code not in _HIS_ALONE:
        until = min(again, now + OTHERS_WAIT_AT_MOST)
        advice_notices.put_off_others(row.connection_id, until, now)


def _give_up(acting: Acting, row: NoticeRow, error: NostroError) -> None:
    """It is not tried again by itself: somebody has to see to it that the payee is told."""
    told = {"next_action_at": None, "said": error.happened, "doubts": row.doubts}
    advice_notices.move(row, NoticeMove.GIVE_UP, **told)
    _told(acting, row, "order.advice_not_sent", why=error.happened, doubts=row.doubts)
    ids = advice_notices.orders_of(row.id)
    doubt = " He may have it all the same." if row.doubts else ""
    case = new_case(
        acting,
        CaseKind.CONNECTION,
        f"advice/{row.id}",
        f"Payee {row.payee_number or 'without a number'} was not told of {len(ids)}"
        f" payment{'s' * (len(ids) > 1)}: {error.happened}{doubt}",
        f"{error.can_do} Or tell him yourself.",
        order_id=ids[0] if ids else None,
    )
    cases.open_all([case], acting.world.clock.now())


def _told(acting: Acting, row: NoticeRow, kind: str, **said: Any) -> None:
    ids = advice_notices.orders_of(row.id)
    confidential.note("order", ids)
    which = {"notice_id": str(row.id), "notice": row.kind.value}
    events.record_alike(acting.alike(kind, "order", ids, (), **which, **said))
