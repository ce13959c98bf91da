"""Matches on the terminal: what waits for a person, what was decided, and decisions by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from nostro.cli import terminal
from nostro.cli.output_file import quiet_pipe
from nostro.domain.errors import Invalid

if TYPE_CHECKING:
    from nostro.storage.match_listing import ListedMatch
    from nostro.storage.pages.reconcile import Guess, OpenLine


def waiting(customer: str, limit: int, cursor: str, *, as_json: bool) -> None:
    """Print lines that wait, each with its proposals; nothing confidential."""
    acting = terminal.acting(customer)
    from nostro.storage.pages import reconcile
    from nostro.storage.tenancy import looking

    with looking(acting.tenant_id, cleared=False):
        page = reconcile.open_lines(None, reconcile.Order.NEWEST, limit=limit, cursor=cursor)
    told = [text for line in page.rows for text in _line(line)]
    _tell(page.rows, told or ["No line waits for a person."], page.next, as_json=as_json)


def listed(
    customer: str,
    days: tuple[date | None, date | None],
    by_person: bool | None,
    limit: int,
    cursor: str,
    *,
    as_json: bool,
) -> None:
    """Print one page of matches; nothing confidential."""
    acting = terminal.acting(customer)
    from nostro.storage import match_listing
    from nostro.storage.tenancy import looking

    since, until = days
    wanted = match_listing.MatchesWanted(booked_from=since, booked_until=until, by_person=by_person)
    with looking(acting.tenant_id, cleared=False):
        page = match_listing.listed(wanted, limit=limit, cursor=cursor)
    told = [text for row in page.rows for text in _match(row)]
    _tell(page.rows, told or ["No match fits."], page.next, as_json=as_json)


def confirm(customer: str, named: Sequence[str], who: tuple[str, str]) -> int:
    """Confirm proposals; returns 0 when all were, 1 when one could not be."""
    ids = [_id(one, "proposal") for one in named]
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import line_deciding

    outcomes = line_deciding.confirm(acting, member, ids)
    for one in outcomes:
        if one.error is None:
            print(f"{one.proposal_id} is confirmed: match {one.match_id}.")
        else:
            print(f"{one.proposal_id} is not confirmed. {one.error}")
    return int(any(one.error is not None for one in outcomes))


def refuse(customer: str, proposal: str, reason: str, who: tuple[str, str]) -> None:
    proposal_id = _id(proposal, "proposal")
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import match_undoing

    line_id = match_undoing.refuse(acting, member, proposal_id, reason)
    print(f"Refused by {member.name}. It is not proposed again for line {line_id}.")


def undo(customer: str, match: str, reason: str, who: tuple[str, str]) -> None:
    match_id = _id(match, "match")
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import match_undoing

    line_id = match_undoing.undo(acting, member, match_id, reason)
    print(f"Undone by {member.name}. Line {line_id} and its items are open again.")


def _tell(
    rows: Iterable[OpenLine | ListedMatch], texts: list[str], following: str, *, as_json: bool
) -> None:
    with quiet_pipe():
        if as_json:
            told = {"items": list(rows), "next": following or None}
            print(msgspec.json.encode(told).decode())
            return
        for text in texts:
            print(text)
        if following:
            print(f"More: --cursor {following}")


def _line(found: OpenLine) -> list[str]:
    line = found.line
    said = " ".join(filter(None, (line.counterparty_name, line.remittance)))
    head = f"{_day(line.day)}  {line.amount}  {line.match_state.value}  {said}"
    return [head, *(_guess(one) for one in found.guesses)]


def _guess(one: Guess) -> str:
    parts = [f"{part.document or 'an item'} {part.settled}" for part in one.items]
    parts += [f"{rest.kind.replace('_', ' ')} {rest.amount}" for rest in one.rest]
    pays = ", ".join(parts) or "a payment of ours, by the bank's word only"
    gone = "" if one.current else "; no longer open as proposed"
    why = f" ({'; '.join(one.evidence)}{gone})" if one.evidence else gone
    return f"  {one.id}  {_percent(one.probability_millionths)}  {pays}{why}"


def _match(row: ListedMatch) -> list[str]:
    parts = [f"{part.document} {part.settled}" for part in row.allocations]
    parts += [
        " ".join(filter(None, (rest.kind.replace("_", " "), rest.code, str(rest.amount))))
        for rest in row.adjustments
    ]
    who = row.decided_by if row.by_person else f"matcher, {_percent(row.probability_millionths)}"
    told = [f"{row.id}  {_day(row.booked)}  {row.amount}  {', '.join(parts)}  by {who}"]
    if row.undone_at:
        told.append(f"  undone by {row.undone_by}: {row.undo_reason}")
    return told


def _percent(millionths: int) -> str:
    """Never more than was said: what is cut off is not rounded up."""
    return f"{millionths // 10_000}.{millionths // 1_000 % 10} %"


def _day(booked: date | None) -> str:
    return booked.isoformat() if booked else "not booked"


def _id(text: str, what: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(
            "id_not_text",
            f"{text[:40]!r} is not the id of a {what}.",
            "Nothing was changed.",
            "Copy it from `nostro matches waiting` or `nostro matches list`.",
            field=what,
        ) from None
