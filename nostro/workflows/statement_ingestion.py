"""How statements come in: each line once, a balance verdict, then every line explained or open.

1. The statement is of one of our accounts and new; the same statement again changes nothing.
2. Opening plus booked lines equals closing, or a Case says by how much it does not.
3. Lines are matched to our payments and to open items; what is proven is applied at once.
4. A payment that the statement books is settled: cash evidence, not the bank's word alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from nostro.domain.attempt import FREES_THE_ORDER, AttemptMove
from nostro.domain.canonical import digest
from nostro.domain.case import CaseKind
from nostro.domain.match import MATCH, MatchMove, MatchState, Proposal, Target
from nostro.domain.money import Money
from nostro.domain.order import OrderMove
from nostro.domain.party import Account
from nostro.domain.statement import (
    BalanceVerdict,
    Closing,
    Entry,
    EntryStatus,
    Statement,
    balance_verdict,
)
from nostro.matching import booking
from nostro.storage import cases, events, matches, orders, parties, statements, submissions
from nostro.storage.cases import NewCase
from nostro.storage.matches import MatchRow
from nostro.storage.statements import NewTransaction, TransactionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import posting
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN, move_attempts, move_orders


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement became. `repeated`: we had it already, nothing changed."""

    statement_id: UUID | None
    verdict: BalanceVerdict
    new_lines: int
    matched: int
    suggested: int
    repeated: bool


def ingest(
    acting: Acting, evidence_id: UUID, statement: Statement, *, sample: bool = False
) -> Ingested:
    """Take in one statement and explain its lines, in one unit of work.

    A statement of an account that is not ours opens a Case and is not booked.
    """
    verdict = balance_verdict(statement)
    with tenant(acting.tenant_id):
        account_id = statements.account_of_iban(statement.account, statement.currency)
        if account_id is None:
            _not_ours(acting, evidence_id, statement)
            return _nothing(verdict, None)
        earlier = statements.find(account_id, statement.kind, statement.statement_id)
        if earlier:
            return _nothing(verdict, earlier)
        row_id = acting.world.ids.new()
        new_lines = _store(acting, row_id, statement, verdict, account_id, evidence_id, sample)
        if verdict.verdict is Closing.DOES_NOT_CLOSE:
            _does_not_close(acting, row_id, statement, verdict)
        matched, suggested = _explain(acting, row_id, account_id)
        return Ingested(
            statement_id=row_id,
            verdict=verdict,
            new_lines=new_lines,
            matched=matched,
            suggested=suggested,
            repeated=False,
        )


def _nothing(verdict: BalanceVerdict, known: UUID | None) -> Ingested:
    return Ingested(
        statement_id=known,
        verdict=verdict,
        new_lines=0,
        matched=0,
        suggested=0,
        repeated=known is not None,
    )


def _store(
    acting: Acting,
    row_id: UUID,
    statement: Statement,
    verdict: BalanceVerdict,
    account_id: UUID,
    evidence_id: UUID,
    sample: bool,
) -> int:
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    statements.insert(
        row_id,
        statement,
        verdict,
        account_id=account_id,
        evidence_id=evidence_id,
        sample=sample,
        now=now,
    )
    statements.insert_balances(
        [(new_id(), balance) for balance in statement.balances], row_id, account_id, now
    )
    new_lines = _store_lines(acting, statement, row_id, account_id)
    received = acting.event(
        "statement.received",
        "statement",
        row_id,
        account_id=str(account_id),
        bank_statement_id=statement.statement_id,
        verdict=verdict.verdict.value,
        reason=verdict.reason,
        lines=sum(entry.status == EntryStatus.BOOK for entry in statement.entries),
        new_lines=new_lines,
        evidence_id=str(evidence_id),
        sample=sample,
    )
    events.record([received])
    return new_lines


def _store_lines(acting: Acting, statement: Statement, row_id: UUID, account_id: UUID) -> int:
    """Booked lines, each once per account; returns how many were new."""
    rows = [
        NewTransaction(
            id=acting.world.ids.new(),
            line=number,
            dedupe_digest=identity,
            occurrence=nth,
            entry=entry,
        )
        for number, (entry, identity, nth) in enumerate(_identified(statement.entries), start=1)
    ]
    return statements.insert_transactions(rows, row_id, account_id)


def _identified(entries: Sequence[Entry]) -> list[tuple[Entry, str, int]]:
    """Booked entries with their identity and occurrence: two equal fees are two fees."""
    seen: dict[str, int] = {}
    found = []
    for entry in entries:
        if entry.status != EntryStatus.BOOK:
            continue
        identity = digest(
            [
                entry.bank_reference,
                entry.amount,
                entry.booked,
                entry.value,
                entry.text,
                [msgspec.to_builtins(detail) for detail in entry.details],
            ]
        )
        seen[identity] = seen.get(identity, 0) + 1
        found.append((entry, identity, seen[identity]))
    return found


def _explain(acting: Acting, statement_id: UUID, account_id: UUID) -> tuple[int, int]:
    """Match the statement's open lines; returns how many are matched and how many suggested."""
    rows = {str(row.id): row for row in statements.unmatched(statement_id)}
    if not rows:
        return 0, 0
    account = next(a for a in parties.accounts() if a.id == str(account_id))
    live = submissions.live_payments(
        account_id,
        {row.end_to_end_id for row in rows.values()},
        {row.payment_information_id for row in rows.values() if row.payment_information_id},
    )
    items = matches.open_items(UUID(account.legal_entity_id), account.currency)
    proposals = booking.propose(
        [_line(row) for row in rows.values()],
        [
            booking.Payment(
                order_id=str(payment.order_id),
                end_to_end_id=payment.end_to_end_id,
                payment_information_id=payment.payment_information_id,
                amount=payment.amount,
                live=payment.state not in FREES_THE_ORDER,
            )
            for payment in live
        ],
        items,
    )
    proven = [p for p in proposals if p.probability_percent == booking.PROVEN]
    _write_matches(acting, proposals)
    _settle(acting, [p for p in proven if _pays(p)], rows, live)
    _receive(acting, [p for p in proven if not _pays(p)], rows, account)
    return len(proven), len(proposals) - len(proven)


def _line(row: TransactionRow) -> booking.Line:
    return booking.Line(
        id=str(row.id),
        amount=row.amount,
        end_to_end_id=row.end_to_end_id,
        payment_information_id=row.payment_information_id,
        batch_count=row.batch_count,
        counterparty_iban=row.counterparty_iban,
        counterparty_name=row.counterparty_name,
        remittance=row.remittance,
    )


def _pays(proposal: Proposal) -> bool:
    return proposal.allocations[0].target is Target.ORDER


def _write_matches(acting: Acting, proposals: Sequence[Proposal]) -> None:
    """Proven ones are confirmed, the others stay suggestions for a person."""
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    made = [
        MatchRow(
            id=new_id(),
            state=MATCH.after(
                MatchState.UNMATCHED,
                MatchMove.CONFIRM
                if proposal.probability_percent == booking.PROVEN
                else MatchMove.ANNOUNCE,
            ),
            proposal=proposal,
            decided_by=acting.actor.name,
        )
        for proposal in proposals
    ]
    parts = sum(len(row.proposal.allocations) for row in made)
    matches.insert(made, [new_id() for _ in range(parts)], now)
    for state in (MatchState.MATCHED, MatchState.TENTATIVE):
        of_state = [UUID(row.proposal.transaction_id) for row in made if row.state is state]
        statements.set_match_state(of_state, state)
    events.record(
        [
            acting.event(
                "transaction.matched" if row.state is MatchState.MATCHED else "match.suggested",
                "transaction",
                UUID(row.proposal.transaction_id),
                probability_percent=row.proposal.probability_percent,
                evidence=list(row.proposal.evidence),
                targets=[part.target_id for part in row.proposal.allocations],
            )
            for row in made
        ]
    )


def _settle(
    acting: Acting,
    proven: Sequence[Proposal],
    rows: dict[str, TransactionRow],
    live: Sequence[submissions.LivePayment],
) -> None:
    """A booking is proof of execution and of cash: attempts execute, orders settle, once."""
    booked_by = {
        UUID(part.target_id): rows[proposal.transaction_id]
        for proposal in proven
        for part in proposal.allocations
    }
    attempts = [payment.attempt_id for payment in live if payment.order_id in booked_by]
    move_attempts(acting, attempts, AttemptMove.EXECUTE, reason="BOOK")
    settled = move_orders(acting, list(booked_by), OrderMove.SETTLE, reason="BOOK")
    posting.post_settled(
        acting,
        [
            (order, booked_by[order.id].id, _day(acting, booked_by[order.id]))
            for order in orders.load(settled)
        ],
    )


def _receive(
    acting: Acting,
    proven: Sequence[Proposal],
    rows: dict[str, TransactionRow],
    account: Account,
) -> None:
    """Money in that is proven to pay a document reduces it and tells the ERP to clear it."""
    if not proven:
        return
    entity = next(e for e in parties.entities() if e.id == account.legal_entity_id)
    for proposal in proven:
        row = rows[proposal.transaction_id]
        for part in proposal.allocations:
            document = matches.reduce_open_item(UUID(part.target_id), part.amount.minor)
            posting.clear_receipt(
                acting, account, entity, document, part.amount, row.id, _day(acting, row)
            )


def _day(acting: Acting, row: TransactionRow) -> date:
    return row.booked or acting.world.clock.now().date()


def _does_not_close(
    acting: Acting, row_id: UUID, statement: Statement, verdict: BalanceVerdict
) -> None:
    difference = verdict.difference or Money(0, statement.currency)
    _open(
        acting,
        f"balance/{row_id}",
        f"Statement {statement.statement_id} of {statement.account} does not close: {difference}"
        " is missing between opening, lines and closing.",
        "Ask the bank for the missing page or line; the statement is shown with its difference.",
        row_id,
    )


def _not_ours(acting: Acting, evidence_id: UUID, statement: Statement) -> None:
    _open(
        acting,
        f"not-ours/{evidence_id}/{statement.statement_id}",
        f"A statement of {statement.account or 'an unnamed account'} came in; it is not one of"
        " our accounts.",
        "Add the account, or tell the bank; the original is kept.",
        None,
    )


def _open(
    acting: Acting, natural_key: str, sentence: str, can_do: str, statement_id: UUID | None
) -> None:
    now = acting.world.clock.now()
    cases.open_all(
        [
            NewCase(
                id=acting.world.ids.new(),
                kind=CaseKind.STATEMENT,
                natural_key=natural_key,
                sentence=sentence,
                can_do=can_do,
                due_at=now + CASE_DUE_IN,
                statement_id=statement_id,
            )
        ],
        now,
    )
