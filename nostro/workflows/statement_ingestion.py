"""How statements come in: each line once, a balance verdict, then every line explained or open.

1. The statement is of one of our accounts and new; the same statement again changes nothing.
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
from nostro.domain.canonical import digest
from nostro.domain.case import CaseKind
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.statement import (
    BalanceVerdict,
    Closing,
    Entry,
    EntryStatus,
    Statement,
    TransactionDetail,
)
from nostro.formats import Profile
from nostro.storage import (
    events,
    evidence,
    parties,
    statements,
)
from nostro.storage.statements import NewTransaction
from nostro.storage.tenancy import tenant
from nostro.workflows import checks_booked, drawn_checks
from nostro.workflows.bank_bookings import apply_bookings, close_gate_for
from nostro.workflows.context import Acting
from nostro.workflows.statement_matching import explain, open_case


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
        account_id = statements.account_of_iban(statement.account, statement.currency)
        if account_id is None:
            _not_ours(acting, evidence_id, statement)
            return _nothing(verdict, None)
        account = next(a for a in parties.accounts() if a.id == str(account_id))
        if connection_id and account.connection_id != str(connection_id):
            _wrong_bank(acting, evidence_id, statement)
            return _nothing(verdict, None)
        parties.lock_entity(UUID(account.legal_entity_id))
        earlier = statements.find(account_id, statement.kind, statement.statement_id)
        if earlier:
            _say_if_different(acting, evidence_id, statement, earlier[1])
            return _nothing(verdict, earlier[0])
        return _take(acting, evidence_id, statement, verdict, account, sample)


def _take(
    acting: Acting,
    evidence_id: UUID,
    statement: Statement,
    verdict: BalanceVerdict,
    account: Account,
    sample: bool,
) -> Ingested:
    """A new statement of ours: stored, judged, explained."""
    row_id = acting.world.ids.new()
    new_lines = _store(acting, row_id, statement, verdict, UUID(account.id), evidence_id, sample)
    if verdict.verdict is Closing.DOES_NOT_CLOSE:
        _does_not_close(acting, row_id, statement, verdict)
    _overlaps(acting, row_id, statement, new_lines)
    apply_bookings(acting, evidence_id, statement, account, row_id)
    checks_booked.apply_checks(acting, statement, account)
    drawn_checks.settle(acting, row_id, account)
    matched, suggested = explain(acting, row_id, account)
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
        lines=_booked(statement),
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
        identity = digest(_told(entry))
        seen[identity] = seen.get(identity, 0) + 1
        found.append((entry, identity, seen[identity]))
    return found


def _told(entry: Entry) -> list[object]:
    """What makes a booking itself and no other."""
    return [
        entry.bank_reference,
        entry.amount,
        entry.booked,
        entry.value,
        entry.text,
        [_told_of(detail) for detail in entry.details],
    ]


# What a detail was known by when its line was first stored. Readers learn more fields with time;
# a line must stay the same line, so this list never grows.
_IDENTITY = (
    *("amount", "end_to_end_id", "uetr", "instruction_id", "payment_information_id"),
    *("message_id", "bank_reference", "counterparty_name", "counterparty_iban", "remittance"),
    *("creditor_reference", "return_reason", "counterparty_bic"),
)


def _told_of(detail: TransactionDetail) -> object:
    return {name: msgspec.to_builtins(getattr(detail, name)) for name in _IDENTITY}


def _say_if_different(
    acting: Acting, evidence_id: UUID, statement: Statement, earlier_evidence: UUID
) -> None:
    """A statement's id that comes back with other content is not the same statement again."""
    if evidence_id == earlier_evidence or _same_as_in(earlier_evidence, statement):
        return
    open_case(
        acting,
        f"other-content/{evidence_id}/{statement.statement_id}",
        f"Statement {statement.statement_id} of {statement.account} came again with other content;"
        " the first one stands.",
        "Compare the two files; ask the bank which of them is true.",
        None,
        CaseKind.CONTRADICTION,
    )


def _same_as_in(evidence_id: UUID, statement: Statement) -> bool:
    content = evidence.read(evidence_id)
    earlier = formats.documents(formats.identify(content), io.BytesIO(content), Profile())
    return any(
        isinstance(found, Statement) and _content(found) == _content(statement) for found in earlier
    )


def _content(statement: Statement) -> object:
    lines = [(digest(_told(entry)), entry.status) for entry in statement.entries]
    return statement.statement_id, statement.account, statement.balances, lines


def _does_not_close(
    acting: Acting, row_id: UUID, statement: Statement, verdict: BalanceVerdict
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


def _overlaps(acting: Acting, row_id: UUID, statement: Statement, new_lines: int) -> None:
    """Lines that came with another statement before are not booked again, but not in silence."""
    known = _booked(statement) - new_lines
    if known:
        open_case(
            acting,
            f"overlap/{row_id}",
            f"{known} lines of statement {statement.statement_id} of {statement.account} came in"
            " an earlier statement, exactly the same; they were not booked again.",
            "If the bank made the same booking twice, tell it; else nothing is to be done.",
            row_id,
        )


def _booked(statement: Statement) -> int:
    return sum(entry.status == EntryStatus.BOOK for entry in statement.entries)


def _wrong_bank(acting: Acting, evidence_id: UUID, statement: Statement) -> None:
    open_case(
        acting,
        f"wrong-bank/{evidence_id}/{statement.statement_id}",
        f"A statement of {statement.account} came over a connection that is not this account's.",
        "Ask the sender why; nothing was booked from it, the original is kept.",
        None,
    )


def _not_ours(acting: Acting, evidence_id: UUID, statement: Statement) -> None:
    open_case(
        acting,
        f"not-ours/{evidence_id}/{statement.statement_id}",
        f"A statement of {statement.account or 'an unnamed account'} came in; it is not one of"
        " our accounts.",
        "Add the account, or tell the bank; the original is kept.",
        None,
    )
