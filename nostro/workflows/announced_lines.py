"""What banks announce before they book it: kept as pending, until a statement books it.

1. Each series (reports of the day, notices, what a statement itself calls pending) is kept for
   itself: the same booking told by two of them is never two, and never added up.
2. A booked line takes the place of what announced it, whichever came first.
3. What a statement of a week later has not booked either is a Case, until it is.
4. A receipt that is announced is matched tentatively: nothing is posted before it is booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.match import Proposal, ProposalStatus, Target
from nostro.domain.party import Account
from nostro.domain.pending_transaction import Booking, superseded
from nostro.domain.statement import EntryStatus, ReportKind, Statement
from nostro.domain.statement_identity import Days, announced
from nostro.storage import cases, confidential, evidence, pending, statements
from nostro.storage.pending import Waiting
from nostro.workflows import match_refitting, receipt_matching
from nostro.workflows.booked_lines import known
from nostro.workflows.case_work import move, new_case, open_again
from nostro.workflows.context import Acting
from nostro.workflows.statement_matching import line_of

BOOKED_WITHIN: Final = timedelta(days=7)
_CAME = "Everything that was announced is booked by now."


def announce(
    acting: Acting, account: Account, evidence_id: UUID, report: Statement
) -> tuple[int, int]:
    """Keep what a report, or a statement beside its booked lines, tells as not booked; in a unit
    of work that has locked the entity. Returns how many lines it tells, and how many are new."""
    told = list(enumerate(report.entries, start=1))
    if report.kind is ReportKind.PREVIOUS_DAY:
        told = [(number, entry) for number, entry in told if entry.status != EntryStatus.BOOK]
    lines = announced(told)
    if not lines:
        return 0, 0
    ids = [acting.world.ids.new() for _ in lines]
    now, series = acting.world.clock.now(), report.kind.value
    fresh = pending.insert(lines, ids, UUID(account.id), evidence_id, series, now)
    if any(confidential.among([("pending_transaction", one) for one in fresh])):
        evidence.hide(evidence_id)
    _match_tentatively(acting, account, fresh)
    return len(lines), len(fresh)


def settle(acting: Acting, account: Account, days: Days) -> None:
    """After lines of these days came, announced or booked, in a unit of work that has locked the
    entity: which booking took the place of what, and what is still to come."""
    account_id = UUID(account.id)
    if not pending.concern(account_id, days):
        return
    waiting = pending.near(account_id, days)
    if waiting:
        amounts = {one.booking.minor for one in waiting}
        booked = [_known(one) for one in pending.booked_near(account_id, days, amounts)]
        for series in sorted({one.series for one in waiting}):
            _supersede([one for one in waiting if one.series == series], booked)
    _say_what_is_late(acting, account)


def _supersede(waiting: Sequence[Waiting], booked: Sequence[Booking]) -> None:
    firm = [one for one in waiting if one.status == EntryStatus.BOOK]
    loose = [one for one in waiting if one.status != EntryStatus.BOOK]
    confirmed = superseded(_bookings(loose), _bookings(firm))
    left = [one for one in waiting if one.booking.id not in confirmed]
    taken = superseded(_bookings(left), booked)
    for one in waiting:
        key = one.booking.id
        after = confirmed.get(key), taken.get(key)
        if after != (one.confirmed_as, one.booked_as):
            pending.settle(key, confirmed_as=after[0], booked_as=after[1])


def _bookings(waiting: Sequence[Waiting]) -> list[Booking]:
    return [_known(one.booking) for one in waiting]


def _known(booking: Booking) -> Booking:
    """Without the words that say that there is no reference."""
    told = {name: known(getattr(booking, name)) for name in ("bank_reference", "end_to_end_id")}
    return Booking(**{**{n: getattr(booking, n) for n in booking.__struct_fields__}, **told})


def _say_what_is_late(acting: Acting, account: Account) -> None:
    account_id, prefix = UUID(account.id), f"never-booked/{account.id}/"
    newest = statements.newest_day(account_id, ReportKind.PREVIOUS_DAY.value)
    late = pending.series_with_late(account_id, newest - BOOKED_WITHIN) if newest else set()
    for series in sorted(late):
        told = new_case(
            acting,
            CaseKind.STATEMENT,
            f"{prefix}{series}",
            f"The bank announced entries of {account.iban or account.name}"
            f" ({series.replace('_', ' ')}) that its statements of more than a week later do not"
            " book.",
            "Look at what is pending of the account and ask the bank; the case closes by itself"
            " when all of it is booked.",
        )
        open_again(acting, told)
    for row in cases.open_of_keys(CaseKind.STATEMENT, prefix):
        if row.natural_key.removeprefix(prefix) not in late:
            move(acting, row, CaseMove.RESOLVE, outcome=_CAME)


def _match_tentatively(acting: Acting, account: Account, fresh: Sequence[UUID]) -> None:
    rows = pending.receipts(fresh) if fresh else []
    if not rows:
        return
    lines = [line_of(row) for row in rows]
    best: dict[str, Proposal] = {}
    for one in receipt_matching.propose(account, lines, *match_refitting.in_force(acting)):
        if one.status is not ProposalStatus.AMBIGUOUS:
            best.setdefault(one.transaction_id, one)
    for key, one in best.items():
        parts = [
            {"open_item_id": part.target_id, "settled_minor": part.amount.minor}
            for part in one.allocations
            if part.target is Target.OPEN_ITEM
        ]
        if parts:
            pending.set_tentative(UUID(key), parts, one.probability_millionths)
