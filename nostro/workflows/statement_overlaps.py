"""Lines that several statements tell: one booking unless the balances prove that there were more.

1. A line told again is stored once; which statements told it is remembered.
2. Where one statement goes on where the other ended, what looks alike is not the same: each keeps
   its line, and a Case says so.
3. Where the balances prove nothing, lines that the bank's own reference does not tell apart are a
   Case until they do.
Whatever the order in which statements come, the end is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind, CaseMove, CaseState
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.statement_overlap import (
    Head,
    Overlap,
    Shared,
    copies_that_are_real,
    follows,
    overlap_of,
)
from nostro.storage import cases, repeated_lines
from nostro.workflows.case_work import move, new_case, open_cases
from nostro.workflows.context import Acting

TOLD_TWICE, BOTH_STAY = "told-twice/", "both-stay/"  # Then the ids of the two statements.
_PROVEN = "The balances of the statements tell it now."


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two statements that share lines, and what that means."""

    one: Head
    other: Head
    shared: Shared
    overlap: Overlap

    @property
    def key(self) -> str:
        return f"{self.one.id}/{self.other.id}"


def settle_overlaps(
    acting: Acting, statement_id: UUID, account: Account, kind: str, days: tuple[date, date]
) -> set[UUID]:
    """Look anew at what statements of these days tell twice; in a unit of work that has locked the
    entity. Returns the other statements to which lines were given back."""
    account_id = UUID(account.id)
    repeating = repeated_lines.repeating(statement_id, account_id, kind, days)
    if not repeating:
        return set()
    found = repeated_lines.shared(repeating, account_id)
    named = {one for pair in found for one in (pair.one, pair.other)}
    heads = repeated_lines.heads(account_id, kind, days, named)
    pairs = _unless_chained(heads, [_pair(heads, shared) for shared in found])
    owners: set[UUID] = set()
    if any(pair.overlap is not Overlap.SAME for pair in pairs):
        owners, apart = _give_back(acting, account_id, heads, pairs, repeating)
        pairs = [_after(pair, apart) for pair in pairs]
    pairs = [_unless_nothing_is_left(pair) for pair in pairs]
    for pair in pairs:
        if pair.overlap is Overlap.SAME:
            _end(acting, f"{TOLD_TWICE}{pair.key}")
    _tell(acting, account, [pair for pair in pairs if pair.overlap is not Overlap.SAME])
    return owners - {statement_id}


def _pair(heads: Mapping[UUID, Head], shared: Shared) -> Pair:
    one, other = sorted(
        (heads[shared.one], heads[shared.other]),
        key=lambda head: (str(head.last), str(head.first), head.name, str(head.id)),
    )
    return Pair(one=one, other=other, shared=shared, overlap=overlap_of(one, other, shared))


def _unless_chained(heads: Mapping[UUID, Head], pairs: Sequence[Pair]) -> list[Pair]:
    """Two that end alike share what they tell, unless statements between them lead from the one to
    the other: then a booking that is dropped would break the balance of what lies between."""
    if len(heads) <= 2:
        return list(pairs)
    listed = list(heads.values())
    found = []
    for pair in pairs:
        ends_alike = pair.overlap is Overlap.SAME and pair.one.period != pair.other.period
        beside = follows(pair.one, pair.other) or follows(pair.other, pair.one)
        if ends_alike and not beside:
            told = {pair.one.id: 1, pair.other.id: 1}
            if copies_that_are_real(listed, told, ()) > 1:
                pair = msgspec.structs.replace(pair, overlap=Overlap.INSIDE)
        found.append(pair)
    return found


def _unless_nothing_is_left(pair: Pair) -> Pair:
    """What adds up to nothing leaves no trace in a balance: whether the one goes on after the other
    or repeats its end, nobody can tell."""
    goes_on = follows(pair.one, pair.other) or follows(pair.other, pair.one)
    ends_alike = pair.overlap is Overlap.SAME and pair.one.period != pair.other.period
    if ends_alike and goes_on and not pair.shared.minor:
        return msgspec.structs.replace(pair, overlap=Overlap.UNPROVEN)
    return pair


def _give_back(
    acting: Acting,
    account_id: UUID,
    heads: Mapping[UUID, Head],
    pairs: Sequence[Pair],
    repeating: Sequence[UUID],
) -> tuple[set[UUID], set[frozenset[UUID]]]:
    """Lines that must have happened more often than they are stored; returns who got them, and
    between which statements nothing is the same."""
    same = {
        frozenset({pair.one.id, pair.other.id}) for pair in pairs if pair.overlap is Overlap.SAME
    }
    told = repeated_lines.copies(repeating, account_id)
    stored = repeated_lines.stored(list(told), account_id)
    owners: set[UUID] = set()
    apart: set[frozenset[UUID]] = set()
    for line, by in sorted(told.items()):
        real = copies_that_are_real(list(heads.values()), by, same)
        if real <= max(by.values()):
            continue
        apart |= _chained(heads, by, same)
        if missing := real - stored[line]:
            ids = [acting.world.ids.new() for _ in range(missing)]
            owners |= repeated_lines.make_own(line, account_id, ids)
    return owners, apart


def _chained(
    heads: Mapping[UUID, Head], by: Mapping[UUID, int], same: set[frozenset[UUID]]
) -> set[frozenset[UUID]]:
    """Which two of those that tell a line stand in one chain."""
    listed = list(heads.values())
    tellers = sorted(by)
    return {
        frozenset({one, other})
        for place, one in enumerate(tellers)
        for other in tellers[place + 1 :]
        if copies_that_are_real(listed, {one: 1, other: 1}, same) > 1
    }


def _after(pair: Pair, apart: set[frozenset[UUID]]) -> Pair:
    """A chain of balances proves more than that all lines of a short statement look like some of
    a longer one."""
    if frozenset({pair.one.id, pair.other.id}) in apart:
        return msgspec.structs.replace(pair, overlap=Overlap.CONSECUTIVE)
    if pair.overlap is Overlap.INSIDE:
        return msgspec.structs.replace(pair, overlap=Overlap.SAME)
    return pair


def _tell(acting: Acting, account: Account, pairs: Sequence[Pair]) -> None:
    """One Case for each two statements of which a person should know; what is proven ends."""
    for pair in pairs:
        sums = Money(pair.shared.minor, account.currency)
        lines = "1 line" if pair.shared.lines == 1 else f"{pair.shared.lines} lines"
        alike = f"{lines} ({sums}) of statements {pair.one.name} and {pair.other.name} of"
        if pair.overlap is Overlap.CONSECUTIVE:
            _end(acting, f"{TOLD_TWICE}{pair.key}")
            told = new_case(
                acting,
                CaseKind.STATEMENT,
                f"{BOTH_STAY}{pair.key}",
                f"{alike} {account.iban or account.name} are exactly alike, but the second goes on"
                " where the first ended: both stay.",
                "If the bank made the same booking twice, tell it; else nothing is to be done.",
                statement_id=pair.other.id,
            )
            open_cases(acting, [told])
        elif not pair.shared.referenced:
            told = new_case(
                acting,
                CaseKind.STATEMENT,
                f"{TOLD_TWICE}{pair.key}",
                f"{alike} {account.iban or account.name} are exactly alike, carry no reference of"
                " the bank, and the balances do not tell whether they are the same: they are"
                " booked once.",
                "Look whether a statement is missing between the two, or ask the bank.",
                statement_id=pair.other.id,
            )
            open_cases(acting, [told])


def _end(acting: Acting, natural_key: str) -> None:
    row = cases.lock_by_key(CaseKind.STATEMENT, natural_key)
    if row and row.state is not CaseState.RESOLVED:
        move(acting, row, CaseMove.RESOLVE, outcome=_PROVEN)
