"""What the commands take about matches: what is proposed of lines, and what people say of it."""

from __future__ import annotations

import sys
from datetime import date
from typing import Annotated

from cyclopts import App, Parameter

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
def confirm(
    proposal: str,
    *proposals: str,
    person: Annotated[str, Parameter(name="--as")],
    password_file: str = "",
    customer: str = "",
) -> None:
    """Confirm what is proposed, as a person: lines and items are settled, the ERP is told.

    Each has an outcome; one that cannot be stops no other. Ends with 1 when one could not be.

    Example: `nostro matches confirm 019aa... --as rita@acme.example`.

    Parameters
    ----------
    proposal
        The id of a proposal.
    proposals
        More of them, 500 in all; of several that want the same item the first gets it.
    person
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import matches_work

    who = (person, password_file)
    sys.exit(matches_work.confirm(customer, [proposal, *proposals], who))


@matches.command
def refuse(
    proposal: str,
    *,
    reason: str,
    person: Annotated[str, Parameter(name="--as")],
    password_file: str = "",
    customer: str = "",
) -> None:
    """Say why a proposal is wrong, as a person: it is not proposed again for its line.

    Example: `nostro matches refuse 019aa... --reason "another customer" --as rita@acme.example`.

    Parameters
    ----------
    proposal
        The id of the proposal.
    reason
        Why it is wrong; it stays in the log, and the matcher learns from it.
    person
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import matches_work

    matches_work.refuse(customer, proposal, reason, (person, password_file))


@matches.command
def undo(
    match: str,
    *,
    reason: str,
    person: Annotated[str, Parameter(name="--as")],
    password_file: str = "",
    customer: str = "",
) -> None:
    """Take a match back, as a person: its line and items are open again, the ERP books it back.

    Example: `nostro matches undo 019aa... --reason "wrong customer" --as rita@acme.example`.

    Parameters
    ----------
    match
        The id of the match.
    reason
        Why it was wrong; it stays in the log.
    person
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import matches_work

    matches_work.undo(customer, match, reason, (person, password_file))
