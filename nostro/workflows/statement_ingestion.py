"""How statements come in: each line once, a balance verdict, then every line explained or open.

1. The statement is of one of our accounts and new; the same statement again changes nothing, and
   lines that another one told before are not booked again (statement_overlaps).
2. Opening plus booked lines equals closing, or a Case says by how much it does not.
3. Lines are matched to our payments and to open items; what is proven is applied at once.
4. A payment that the statement books is settled: cash evidence, not the bank's word alone.
   What else the lines say of our payments (executed, returned, booked twice) is bank_bookings.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.balance_gate import balance_verdict
from nostro.domain.case import CaseKind
from nostro.domain.event import Event
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.statement import BalanceVerdict, Closing, Statement, StatementHeader
from nostro.domain.statement_identity import (
    Days,
    Identified,
    content_of,
    days_of,
    have_days_in_common,
    identified,
)
from nostro.formats import Profile
from nostro.storage import events, evidence, parties, repeated_lines, statements
from nostro.storage.statements import NewStatement
from nostro.storage.tenancy import tenant
from nostro.workflows import announced_lines, checks_booked, drawn_checks, expected_statements
from nostro.workflows.bank_bookings import apply_bookings, close_gate_for
from nostro.workflows.context import Acting
from nostro.workflows.statement_gaps import look_for_gaps
from nostro.workflows.statement_matching import explain, open_case
from nostro.workflows.statement_overlaps import settle_overlaps


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement became. `repeated`: we had it already, nothing changed."""

    statement_id: UUID | None
    verdict: BalanceVerdict
    new_lines: int
    matched: int
    suggested: int
    repeated: bool


def ingest(
    acting: Acting,
    evidence_id: UUID,
    statement: Statement,
    *,
    connection_id: UUID | None = None,
    sample: bool = False,
) -> Ingested:
    """Take in one statement and explain its lines, in one unit of work.

    A statement of an account that is not ours, or that came over another bank's connection
    (`connection_id`), opens a Case and is not booked.
    """
    verdict = balance_verdict(statement)
    with tenant(acting.tenant_id):
        close_gate_for(statement)
        account = account_of(acting, evidence_id, statement, connection_id)
        if account is None:
            return _nothing(verdict, None)
        parties.lock_entity(UUID(account.legal_entity_id))
        earlier = statements.versions(UUID(account.id), statement.kind, statement.statement_id)
        content = content_of(statement)
        for row in earlier:
            if content == (row.content or _content_of_kept(row.evidence_id, statement)):
                return _nothing(verdict, row.id)
        days = days_of(statement, statement.balances, statement.entries)
        say_if_different(acting, statement, days, account, earlier)
        new = NewStatement(
            id=acting.world.ids.new(),
            account_id=UUID(account.id),
            evidence_id=evidence_id,
            verdict=verdict,
            content=content,
            days=days,
            entry_count=len(statement.entries),
            sample=sample,
        )
        return _take(acting, new, statement, account)


def account_of(
    acting: Acting, evidence_id: UUID, statement: StatementHeader, connection_id: UUID | None
) -> Account | None:
    """The account of ours that a statement is of; None, and a Case, when there is none or it came
    over another bank's connection. Inside a unit of work."""
    account_id = statements.account_of_iban(statement.account, statement.currency)
    if account_id is None:
        _not_ours(acting, evidence_id, statement)
        return None
    account = next(a for a in parties.accounts() if a.id == str(account_id))
    if connection_id and account.connection_id != str(connection_id):
        _wrong_bank(acting, evidence_id, statement)
        return None
    return account


def _take(acting: Acting, new: NewStatement, statement: Statement, account: Account) -> Ingested:
    """A new statement of ours: stored, judged, explained."""
    row_id, verdict, kind = new.id, new.verdict, statement.kind
    new_lines = _store(acting, new, statement)
    if verdict.verdict is Closing.DOES_NOT_CLOSE:
        does_not_close(acting, row_id, statement, verdict)
    announced_lines.announce(acting, account, new.evidence_id, statement)
    given_back = settle_overlaps(acting, row_id, account, kind, new.days) if new.days else ()
    if new.days:
        announced_lines.settle(acting, account, new.days)
        look_for_gaps(acting, account, new.days)
        expected_statements.came(acting, account)
    matched, suggested = explain_lines(acting, new.evidence_id, statement, account, row_id)
    for other in sorted(given_back):
        explain(acting, other, account)
    return Ingested(
        statement_id=row_id,
        verdict=verdict,
        new_lines=new_lines,
        matched=matched,
        suggested=suggested,
        repeated=False,
    )


def explain_lines(
    acting: Acting,
    evidence_id: UUID,
    statement: Statement,
    account: Account,
    row_id: UUID,
    lines: tuple[int, int] | None = None,
) -> tuple[int, int]:
    """What the lines of a stored statement say of our payments and checks, and what explains them.

    Of a long one `statement` is a part, and `lines` its first and last. Returns how many are
    matched and how many suggested.
    """
    apply_bookings(acting, evidence_id, statement, account, row_id)
    checks_booked.apply_checks(acting, statement, account)
    drawn_checks.settle(acting, row_id, account, lines)
    return explain(acting, row_id, account, lines)


def _nothing(verdict: BalanceVerdict, known: UUID | None) -> Ingested:
    return Ingested(
        statement_id=known,
        verdict=verdict,
        new_lines=0,
        matched=0,
        suggested=0,
        repeated=known is not None,
    )


def _store(acting: Acting, head: NewStatement, statement: Statement) -> int:
    """The statement, its balances and its lines; returns how many lines were new."""
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    statements.insert(head, statement, statement.problems, now)
    statements.insert_balances(
        [(new_id(), balance) for balance in statement.balances], head.id, head.account_id, now
    )
    lines = identified(enumerate(statement.entries, start=1), {})
    new_lines = store_lines(acting, lines, head.id, head.account_id)
    events.record([received(acting, head, statement, len(lines), new_lines)])
    return new_lines


def received(
    acting: Acting, head: NewStatement, statement: StatementHeader, lines: int, new_lines: int
) -> Event:
    """The event of a statement that was taken in."""
    return acting.event(
        "statement.received",
        "statement",
        head.id,
        account_id=str(head.account_id),
        bank_statement_id=statement.statement_id,
        verdict=head.verdict.verdict.value,
        reason=head.verdict.reason,
        lines=lines,
        new_lines=new_lines,
        told_before=lines - new_lines,
        evidence_id=str(head.evidence_id),
        sample=head.sample,
    )


def store_lines(
    acting: Acting, lines: Sequence[Identified], statement_id: UUID, account_id: UUID
) -> int:
    """Booked lines, each once per account; returns how many were new. That a line was told before
    is remembered."""
    new_id = acting.world.ids.new
    ids = [new_id() for _ in lines]
    new_lines = statements.insert_transactions(lines, ids, statement_id, account_id)
    if new_lines < len(lines):
        fresh = statements.which_are_stored(ids)
        repeated_lines.remember(
            {
                line.number: (key, line.digest, line.occurrence)
                for key, line in zip(ids, lines, strict=True)
                if key not in fresh
            },
            statement_id,
            account_id,
        )
    return new_lines


def say_if_different(
    acting: Acting,
    statement: StatementHeader,
    days: Days | None,
    account: Account,
    earlier: Sequence[statements.StoredVersion],
) -> None:
    """A statement's id that comes back with other content is not the same statement again.

    Banks use their numbers again, every year say; for the same days it is a contradiction.
    """
    if not any(have_days_in_common(days, row.days) for row in earlier):
        return
    open_case(
        acting,
        f"other-content/{account.id}/{statement.statement_id}",
        f"Statement {statement.statement_id} of {statement.account} came again with other content;"
        " every line of both was taken in, each once.",
        "Compare the two; ask the bank which of them is true.",
        None,
        CaseKind.CONTRADICTION,
    )


def _content_of_kept(evidence_id: UUID, statement: Statement) -> str:
    """What a statement of before digests were kept told, read again."""
    content = evidence.read(evidence_id)
    earlier = formats.documents(formats.identify(content), io.BytesIO(content), Profile())
    alike = (
        found
        for found in earlier
        if isinstance(found, Statement) and found.statement_id == statement.statement_id
    )
    return next((content_of(found) for found in alike if found.account == statement.account), "-")


def does_not_close(
    acting: Acting, row_id: UUID, statement: StatementHeader, verdict: BalanceVerdict
) -> None:
    difference = verdict.difference or Money(0, statement.currency)
    open_case(
        acting,
        f"balance/{row_id}",
        f"Statement {statement.statement_id} of {statement.account} does not close: {difference}"
        " is missing between opening, lines and closing.",
        "Ask the bank for the missing page or line; the statement is shown with its difference.",
        row_id,
    )


def _wrong_bank(acting: Acting, evidence_id: UUID, statement: StatementHeader) -> None:
    open_case(
        acting,
        f"wrong-bank/{evidence_id}/{statement.statement_id}",
        f"A statement of {statement.account} came over a connection that is not this account's.",
        "Ask the sender why; nothing was booked from it, the original is kept.",
        None,
    )


def _not_ours(acting: Acting, evidence_id: UUID, statement: StatementHeader) -> None:
    open_case(
        acting,
        f"not-ours/{evidence_id}/{statement.statement_id}",
        f"A statement of {statement.account or 'an unnamed account'} came in; it is not one of"
        " our accounts.",
        "Add the account, or tell the bank; the original is kept.",
        None,
    )
