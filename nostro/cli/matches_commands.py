"""What the commands take about matches: what is proposed of lines, and what people say of it."""

from __future__ import annotations

import sys
from datetime import date

from cyclopts import App

from nostro.cli.shared_options import AsPerson

matches = App(name="matches", help="What bank lines pay: proposed, confirmed, refused, undone.")


@matches.command
def waiting(*, limit: int = 20, cursor: str = "", customer: str = "", json: bool = False) -> None:
    """Lines that wait for a person, with what is proposed of each.

    Example: `nostro matches waiting --limit 5`.

    Parameters
    ----------
    limit
        How many lines at most.
    cursor
        Where the page before ended.
    customer
        The code of the customer; not needed where there is only one.
    json
        One object on stdout, with the cursor of the next page.
    """
    from nostro.cli import matches_work

    matches_work.waiting(customer, limit, cursor, as_json=json)


@matches.command(name="list")
def list_matches(
    *,
    since: date | None = None,
    until: date | None = None,
    by_person: bool | None = None,
    limit: int = 20,
    cursor: str = "",
    customer: str = "",
    json: bool = False,
) -> None:
    """Matches, the newest first.

    Example: `nostro matches list --since 2026-11-01 --by-person`.

    Parameters
    ----------
    since
        Of lines that were booked on this day or later.
    until
        Of lines that were booked on this day or before.
    by_person
        Only what people decided; with --no-by-person only what the matcher did.
    limit
        How many at most.
    cursor
        Where the page before ended.
    customer
        The code of the customer; not needed where there is only one.
    json
        One object on stdout, with the cursor of the next page.
    """
    from nostro.cli import matches_work

    days = (since, until)
    matches_work.listed(customer, days, by_person, limit, cursor, as_json=json)


@matches.command
def confirm(proposal: str, *proposals: str, by: AsPerson) -> None:
    """Confirm what is proposed, as a person: lines and items are settled, the ERP is told.

    Each has an outcome; one that cannot be stops no other. Ends with 1 when one could not be.

    Example: `nostro matches confirm 0199... --email rita@acme.example`.

    Parameters
    ----------
    proposal
        The id of a proposal.
    proposals
        More of them, 500 in all; of several that want the same item the first gets it.
    """
    from nostro.cli import matches_work

    sys.exit(matches_work.confirm(by.customer, [proposal, *proposals], by.who))


@matches.command
def refuse(proposal: str, *, reason: str, by: AsPerson) -> None:
    """Say why a proposal is wrong, as a person: it is not proposed again for its line.

    Example: `nostro matches refuse 0199... --reason "another's" --email rita@acme.example`.

    Parameters
    ----------
    proposal
        The id of the proposal.
    reason
        Why it is wrong; it stays in the log, and the matcher learns from it.
    """
    from nostro.cli import matches_work

    matches_work.refuse(by.customer, proposal, reason, by.who)


@matches.command
def undo(match: str, *, reason: str, by: AsPerson) -> None:
    """Take a match back, as a person: its line and items are open again, the ERP books it back.

    Example: `nostro matches undo 0199... --reason "wrong customer" --email rita@acme.example`.

    Parameters
    ----------
    match
        The id of the match.
    reason
        Why it was wrong; it stays in the log.
    """
    from nostro.cli import matches_work

    matches_work.undo(by.customer, match, reason, by.who)
