"""What a long file of statements says once all of it is stored, portion by portion.

Its statements are told of as they begin, with what they share with others; their lines are
explained as those of any other statement.
"""

from __future__ import annotations

from uuid import UUID

from nostro.domain.party import Account
from nostro.domain.statement import Closing, Statement, StatementHeader
from nostro.storage import events, parties, statement_files, statements
from nostro.storage.statement_files import StatementFileRow
from nostro.storage.statements import NewStatement
from nostro.workflows import announced_lines, expected_statements
from nostro.workflows.context import Acting
from nostro.workflows.statement_gaps import look_for_gaps
from nostro.workflows.statement_ingestion import (
    does_not_close,
    explain_lines,
    received,
    say_if_different,
)
from nostro.workflows.statement_matching import explain
from nostro.workflows.statement_overlaps import settle_overlaps
from nostro.workflows.statement_portions import Part


def explain_part(acting: Acting, row: StatementFileRow, part: Part) -> None:
    head = statements.look(statement_files.id_of_statement(row.id, part.number))
    if head is None:
        return  # It came before, or is of an account that is not ours.
    account = _account(head.account_id)
    given_back = _tell(acting, head, part.header, account) if part.begins else set()
    if part.entries:
        announced_lines.announce(acting, account, row.evidence_id, whole(part))
        last = part.first_line + len(part.entries) - 1
        lines = (part.first_line, last)
        explain_lines(acting, row.evidence_id, whole(part), account, head.id, lines)
    if part.ending and part.ending.trailer.verdict.verdict is Closing.DOES_NOT_CLOSE:
        does_not_close(acting, head.id, part.header, part.ending.trailer.verdict)
    if given_back:  # Those of this file whose turn comes are explained then.
        given_back -= statement_files.not_explained(row.id, part.number)
    for other in sorted(given_back):
        explain(acting, other, account)


def _tell(
    acting: Acting, head: NewStatement, header: StatementHeader, account: Account
) -> set[UUID]:
    """All of the file is stored: its statement counts, with what it has in common with others.
    Returns the others to which lines were given back."""
    own, again = statements.line_counts_of(head.id)
    events.record([received(acting, head, header, own + again, own)])
    others = others_of(head.account_id, header, head.id)
    say_if_different(acting, header, head.days, account, others)
    if head.days is None:
        return set()
    given_back = settle_overlaps(acting, head.id, account, header.kind, head.days)
    announced_lines.settle(acting, account, head.days)
    look_for_gaps(acting, account, head.days)
    expected_statements.came(acting, account)
    return given_back


def whole(part: Part) -> Statement:
    """A part as if it were a statement of its own."""
    told = {name: getattr(part.header, name) for name in StatementHeader.__struct_fields__}
    return Statement(**told, balances=(), entries=tuple(part.entries), problems=())


def others_of(
    account_id: UUID, header: StatementHeader, statement_id: UUID
) -> list[statements.StoredVersion]:
    """The other statements that carry the same id."""
    found = statements.versions(account_id, header.kind, header.statement_id)
    return [one for one in found if one.id != statement_id]


def _account(account_id: UUID) -> Account:
    return next(one for one in parties.accounts() if one.id == str(account_id))
