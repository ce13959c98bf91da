"""How the lines of a statement are explained: our payments, open items, or a Case.

What is proven is applied at once; the rest stays a suggestion for a person. A line that names a
payment of ours and cannot be its booking is never passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import msgspec

from nostro.domain.attempt import FREES_THE_ORDER, AttemptMove, AttemptState
from nostro.domain.case import CaseKind
from nostro.domain.line_decision import Decision, Part
from nostro.domain.match import MATCH, MatchMove, MatchState, Proposal, ProposalStatus, Target
from nostro.domain.money import Money
from nostro.domain.order import OrderMove, OrderState
from nostro.domain.party import Account
from nostro.domain.policies.match_differences import DifferenceReasons
from nostro.domain.rail_reference import SHORTEST
from nostro.domain.statement import EntryStatus
from nostro.matching import booking
from nostro.storage import (
    cases,
    events,
    facts,
    matches,
    open_items,
    orders,
    parties,
    policies,
    statements,
    submissions,
)
from nostro.storage.cases import NewCase
from nostro.storage.matches import MatchRow
from nostro.storage.statements import TransactionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import match_refitting, posting, receipt_matching
from nostro.workflows.batch_bookings import explained
from nostro.workflows.booked_lines import Index, booked_line, keys_of, known
from nostro.workflows.context import Acting
from nostro.workflows.line_deciding import spelled
from nostro.workflows.lock_order import lock
from nostro.workflows.match_posting import Receipt, post_receipts
from nostro.workflows.moves import CASE_DUE_IN, move_attempts, move_orders
from nostro.workflows.posting_vetoes import held_back

# A booking of a payment that ended like this contradicts what the bank said before. What came
# back had been paid: its debit may be told later.
ENDED_UNPAID = FREES_THE_ORDER | {AttemptState.CANCELLED_STOP}
# Money that came back, but had left: its booking is posted, whichever of the two is told first.
_PAID_AND_BACK = frozenset(
    {OrderState.RETURNED, OrderState.PARTIALLY_RETURNED, OrderState.RECALLED}
)


def explain(
    acting: Acting,
    statement_id: UUID,
    account: Account,
    lines: tuple[int, int] | None = None,
) -> tuple[int, int]:
    """Match the statement's open lines; returns how many are matched and how many suggested.

    `lines` are the first and last to look at, where a statement is too long for one unit of work.

    Inside a unit of work that has locked the entity, and the payments that the lines name.
    """
    rows = {str(row.id): row for row in statements.unmatched(statement_id, lines)}
    if not rows:
        return 0, 0
    rows = _named_otherwise(rows, account)
    sent = _sent(rows, account)
    lines_told = [line_of(row) for row in rows.values()]
    own = booking.propose(lines_told, _payments(sent))
    ours = {one.transaction_id for one in own}
    others = [line for line in lines_told if line.id not in ours]
    reasons = policies.in_force(DifferenceReasons, acting.world.clock.now())
    learnt = match_refitting.in_force(acting)
    found = [*own, *receipt_matching.propose(account, others, *learnt)]
    proposals = held_back(acting, found, reasons)
    proven = [one for one in proposals if one.status is ProposalStatus.POST]
    written = write_matches(acting, proven)
    done = {one.transaction_id for one in proven}
    suggested = suggest(acting, [one for one in proposals if one.transaction_id not in done])
    _settle(acting, [p for p in proven if _pays(p)], rows, sent)
    _doubts(acting, proposals, rows, sent)
    received = {key: one for key, one in written.items() if not _pays(one)}
    receive(acting, received, rows, account, reasons)
    return len(proven), suggested


def _payments(sent: Sequence[submissions.SentPayment]) -> list[booking.Payment]:
    return [
        booking.Payment(
            order_id=str(payment.order_id),
            end_to_end_id=payment.end_to_end_id,
            payment_information_id=payment.payment_information_id,
            amount=payment.amount,
            live=payment.state not in ENDED_UNPAID,
            booked=payment.booked,
        )
        for payment in sent
    ]


def _sent(rows: dict[str, TransactionRow], account: Account) -> list[submissions.SentPayment]:
    """The payments of ours that these lines name."""
    return submissions.sent_payments(
        UUID(account.id),
        {row.end_to_end_id for row in rows.values()},
        {row.payment_information_id for row in rows.values() if row.payment_information_id},
    )


def explain_again(acting: Acting, lines: Collection[tuple[UUID, UUID]]) -> None:
    """Bookings of batches that came before the bank's word on which payments are in them, by
    (statement, account).

    Each statement in a unit of work of its own: the entity is locked before the payments.
    """
    for statement_id, account_id in sorted(lines):
        with tenant(acting.tenant_id):
            account = next(a for a in parties.accounts() if a.id == str(account_id))
            parties.lock_entity(UUID(account.legal_entity_id))
            _explain_again(acting, statement_id, account)


def _explain_again(acting: Acting, statement_id: UUID, account: Account) -> None:
    rows = {str(row.id): row for row in statements.unmatched(statement_id)}
    sent = _sent(_named_otherwise(rows, account), account)
    lock({one.submission_id for one in sent}, {one.order_id for one in sent})
    explain(acting, statement_id, account)
    after = {row.id for row in statements.unmatched(statement_id)}
    for row_id in sorted({row.id for row in rows.values()} - after):
        explained(acting, f"booking/{row_id}")


def line_of(row: TransactionRow) -> booking.Line:
    """A stored line as the matcher wants it."""
    return booking.Line(
        id=str(row.id),
        amount=row.amount,
        end_to_end_id=row.end_to_end_id,
        payment_information_id=row.payment_information_id,
        batch_count=row.batch_count,
        counterparty_iban=row.counterparty_iban,
        counterparty_name=row.counterparty_name,
        remittance=row.remittance,
        charges_minor=row.charges_minor,
        booked=row.booked,
        pending=row.status != EntryStatus.BOOK,
    )


def _named_otherwise(
    rows: dict[str, TransactionRow], account: Account
) -> dict[str, TransactionRow]:
    """Debits without an EndToEndId of ours, named by UETR, by the bank's own reference, or by the
    reference that a rail without room for the EndToEndId carries in its place."""
    nameless = {
        key: row
        for key, row in rows.items()
        if len(known(row.end_to_end_id)) <= SHORTEST and row.amount.minor < 0
    }
    lines = {key: booked_line(row) for key, row in nameless.items()}
    keys = keys_of(lines.values())
    if not keys.uetrs and not keys.bank_references and not keys.rail_references:
        return rows
    index = Index(facts.named(keys, account_id=UUID(account.id)))
    named = {key: index.of(line) for key, line in lines.items()}
    return rows | {
        key: msgspec.structs.replace(rows[key], end_to_end_id=payment.end_to_end_id)
        for key, payment in named.items()
        if payment
    }


def _pays(proposal: Proposal) -> bool:
    return proposal.allocations[0].target is Target.ORDER


def write_matches(acting: Acting, proven: Sequence[Proposal]) -> dict[UUID, Proposal]:
    """Lines that are surely explained are matched; returns their matches."""
    written = {acting.world.ids.new(): proposal for proposal in proven}
    matches.insert(
        [
            MatchRow(
                id=match_id,
                state=MATCH.after(MatchState.UNMATCHED, MatchMove.CONFIRM),
                proposal=proposal,
                decided_by=acting.actor.name,
            )
            for match_id, proposal in written.items()
        ],
        acting.world.ids.new,
        acting.world.clock.now(),
    )
    statements.set_match_state(_lines_of(proven), MatchState.MATCHED)
    _tell(acting, "transaction.matched", proven)
    return written


def suggest(acting: Acting, proposals: Sequence[Proposal]) -> int:
    """What is not sure is proposed to a person; returns of how many lines."""
    kept = matches.propose(proposals, acting.world.ids.new, acting.world.clock.now())
    by_line = {one.transaction_id: one for one in reversed(kept)}  # The likeliest of each line.
    for status, move in (
        (ProposalStatus.SUGGEST, MatchMove.PROPOSE),
        (ProposalStatus.AMBIGUOUS, MatchMove.PROPOSE_SEVERAL),
    ):
        of_status = [one for one in by_line.values() if one.status is status]
        state = MATCH.after(MatchState.UNMATCHED, move)
        statements.set_match_state(_lines_of(of_status), state)
    _tell(acting, "match.suggested", list(by_line.values()))
    return len(by_line)


def _lines_of(proposals: Sequence[Proposal]) -> list[UUID]:
    return [UUID(one.transaction_id) for one in proposals]


def _tell(acting: Acting, event_type: str, proposals: Sequence[Proposal]) -> None:
    events.record(
        [
            acting.event(
                event_type,
                "transaction",
                UUID(one.transaction_id),
                rule=one.rule,
                probability_millionths=one.probability_millionths,
                evidence=list(one.evidence),
                targets=[part.target_id for part in one.allocations],
                differences=[spelled(rest) for rest in one.adjustments],
            )
            for one in proposals
        ]
    )


def _settle(
    acting: Acting,
    proven: Sequence[Proposal],
    rows: dict[str, TransactionRow],
    sent: Sequence[submissions.SentPayment],
) -> None:
    """A booking is proof of execution and of cash: attempts execute, orders settle, once."""
    booked_by = {
        UUID(part.target_id): rows[proposal.transaction_id]
        for proposal in proven
        for part in proposal.allocations
    }
    attempts = [
        payment.attempt_id
        for payment in sent
        if payment.order_id in booked_by and payment.state not in ENDED_UNPAID
    ]
    move_attempts(acting, attempts, AttemptMove.EXECUTE, reason="BOOK")
    settled = move_orders(acting, list(booked_by), OrderMove.SETTLE, reason="BOOK")
    settled += [row.id for row in orders.load(list(booked_by)) if row.state in _PAID_AND_BACK]
    posting.post_settled(
        acting,
        [
            (order, booked_by[order.id].id, _day(acting, booked_by[order.id]))
            for order in orders.load(settled)
        ],
    )
    _post_charges(acting, proven, rows)


def _post_charges(
    acting: Acting, proven: Sequence[Proposal], rows: dict[str, TransactionRow]
) -> None:
    """What a booking took besides its payments: proven, so it is what the bank itemises in it."""
    for proposal in proven:
        row = rows[proposal.transaction_id]
        paid = sum(part.amount.minor for part in proposal.allocations)
        besides = Money(-row.amount.minor - abs(paid), row.amount.currency)
        if besides.minor > 0:
            (order,) = orders.load([UUID(proposal.allocations[0].target_id)])
            posting.post_charges(acting, order, row.id, _day(acting, row), besides)


def _doubts(
    acting: Acting,
    proposals: Sequence[Proposal],
    rows: dict[str, TransactionRow],
    sent: Sequence[submissions.SentPayment],
) -> None:
    """A debit that names a batch of ours and is not surely its booking is a Case, never a silence.

    A debit that names one payment by its own id is judged where every booking is (bank_bookings).
    """
    known_lines = {p.transaction_id for p in proposals}
    batches = {payment.payment_information_id for payment in sent}
    for key, row in rows.items():
        if row.amount.minor >= 0 or key in known_lines:
            continue
        if row.payment_information_id not in batches:
            continue
        why = (
            f"batch {row.payment_information_id} is ours, but its payments that are not yet booked"
            " and not rejected add up to another amount"
        )
        open_case(
            acting,
            f"booking/{row.id}",
            f"The bank booked {row.amount} on {_day(acting, row).isoformat()}: {why}.",
            "Compare it with the bank; nothing was settled by this line.",
            row.statement_id,
            CaseKind.DIFFERENCE,
        )


def receive(
    acting: Acting,
    received: dict[UUID, Proposal],
    rows: dict[str, TransactionRow],
    account: Account,
    reasons: DifferenceReasons,
) -> None:
    """Money in that is proven to pay documents reduces them and tells the ERP to clear them."""
    if not received:
        return
    entity = next(e for e in parties.entities() if e.id == account.legal_entity_id)
    documents = open_items.refresh(
        [UUID(part.target_id) for one in received.values() for part in one.allocations]
    )
    receipts = [
        Receipt(
            match_id=match_id,
            transaction_id=row.id,
            amount=row.amount,
            booked=_day(acting, row),
            decision=Decision(
                parts=tuple(Part(item_id=a.target_id, amount=a.amount) for a in one.allocations),
                differences=one.adjustments,
            ),
            account=account,
            entity=entity,
        )
        for match_id, one in received.items()
        for row in [rows[one.transaction_id]]
    ]
    post_receipts(acting, receipts, {str(key): one for key, one in documents.items()}, reasons)


def _day(acting: Acting, row: TransactionRow) -> date:
    return row.booked or acting.world.clock.now().date()


def open_case(
    acting: Acting,
    natural_key: str,
    sentence: str,
    can_do: str,
    statement_id: UUID | None,
    kind: CaseKind = CaseKind.STATEMENT,
) -> None:
    """Say once to a person what a statement says that cannot simply be booked."""
    now = acting.world.clock.now()
    cases.open_all(
        [
            NewCase(
                id=acting.world.ids.new(),
                kind=kind,
                natural_key=natural_key,
                sentence=sentence,
                can_do=can_do,
                due_at=now + CASE_DUE_IN,
                statement_id=statement_id,
            )
        ],
        now,
    )
