"""A kept statement is read anew, after a reader or a bank's dialect was mended: first what would
change, then, by a person with a reason, the change.

1. The bytes are those that came. What is read of them now is laid beside what is stored, line by
   line; unchanged lines keep their ids.
2. Matched lines get their new words and stay matched; where their money would change, or they would
   go, their matches are undone first, by people.
3. What is not explained yet is explained anew. What lines said of our payments when they came
   (executed, returned) is not said again.
"""

from __future__ import annotations

import io
from typing import Final
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.balance_gate import balance_verdict
from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.errors import Invalid, Refused
from nostro.domain.match import MatchState
from nostro.domain.party import Account, Member
from nostro.domain.policies import confidential as confidential_policy
from nostro.domain.policies import matching_rights
from nostro.domain.statement import Closing, Statement
from nostro.domain.statement_identity import Days, Identified, content_of, days_of, identified
from nostro.domain.statement_reread import Difference, LineChange, StoredLine, difference
from nostro.storage import (
    cases,
    confidential,
    events,
    evidence,
    parties,
    rereading,
    statement_files,
    statements,
)
from nostro.storage.statements import StoredHead
from nostro.storage.tenancy import tenant
from nostro.workflows import announced_lines, drawn_checks
from nostro.workflows.bank_bookings import apply_bookings, close_gate_for
from nostro.workflows.case_work import checked_reason, move
from nostro.workflows.channel import profile_of
from nostro.workflows.context import Acting
from nostro.workflows.revealing import check_shown
from nostro.workflows.statement_gaps import look_for_gaps
from nostro.workflows.statement_ingestion import does_not_close, store_lines
from nostro.workflows.statement_intake import LONG_BYTES
from nostro.workflows.statement_matching import explain
from nostro.workflows.statement_overlaps import settle_overlaps

_CLOSES: Final = "Read anew it closes."


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement tells now, and how that differs from what is stored of it."""

    head: StoredHead
    account: Account
    statement: Statement
    lines: tuple[Identified, ...]
    difference: Difference


def read_anew(acting: Acting, statement_id: UUID) -> Reread:
    """What would change; nothing is written. Inside a unit of work.

    Raises Refused for what is not there, not shown to whoever looks, or too long; and what the
    reader raises: the stored statement stays as it is.
    """
    head = statements.head(statement_id)
    if head is None:
        raise _unknown()
    check_shown(acting, "evidence", head.evidence_id)
    account = next(one for one in parties.accounts() if one.id == str(head.account_id))
    told = _statement(head, account)
    lines = tuple(identified(enumerate(told.entries, start=1), {}))
    stored = rereading.stored_lines(statement_id)
    found = difference(stored, rereading.read_lines(lines))
    return Reread(head=head, account=account, statement=told, lines=lines, difference=found)


def apply(acting: Acting, member: Member, statement_id: UUID, reason: str) -> Difference:
    """Write what is read anew; returns what that changed. The same again changes nothing.

    Raises Refused where matches are in the way, and what `read_anew` raises; then nothing changes.
    """
    matching_rights.check(member)
    why = checked_reason(reason)
    with tenant(acting.tenant_id):
        told = read_anew(acting, statement_id)
        hidden = confidential.is_confidential("evidence", told.head.evidence_id)
        confidential_policy.check(member, confidential=hidden)
        close_gate_for(told.statement)
        parties.lock_entity(UUID(told.account.legal_entity_id))
        told = read_anew(acting, statement_id)
        if told.difference.is_none and content_of(told.statement) == told.head.content:
            return told.difference
        _check(told)
        _write(acting, told)
        _tell(acting, told, why)
        _explain(acting, told)
    return told.difference


def _statement(head: StoredHead, account: Account) -> Statement:
    """The statement in its file, read with the reader and the dialect of today."""
    _, size = evidence.sized(head.evidence_id)
    if size > LONG_BYTES:
        raise Refused(
            "statement_too_long",
            "This statement is in a long file; such are not read anew.",
            "Nothing was changed.",
            "Ask the bank to send it day by day.",
        )
    content = evidence.read(head.evidence_id)
    form = formats.identify(content)
    profile = profile_of(UUID(account.connection_id), form.name)
    documents = formats.documents(form, io.BytesIO(content), profile)
    ours = [
        one
        for one in documents
        if isinstance(one, Statement)
        and one.kind == head.kind
        and statements.account_of_iban(one.account, one.currency) == head.account_id
    ]
    of_file = [
        one
        for one in statements.heads_of_file(head.evidence_id)
        if (one.account_id, one.kind) == (head.account_id, head.kind)
    ]
    named = [one for one in ours if one.statement_id == head.statement_id]
    if len(named) == 1:
        return named[0]
    if len(ours) == len(of_file):
        return ours[[one.id for one in of_file].index(head.id)]
    raise Refused(
        "statement_not_in_file",
        f"Statement {head.statement_id} is not found in its file as it is read now.",
        "Nothing was changed.",
        "Look at the profile of its bank: it reads other statements from the file.",
    )


def _check(told: Reread) -> None:
    _check_not_again(told)
    merged = _merged(told)
    going = [line for line in (*told.difference.removed, *merged) if line.own]
    history = rereading.with_history([line.id for line in going])
    in_the_way = [
        *told.difference.in_the_way,
        *(line for line in merged if line.state is MatchState.MATCHED),
        *(line for line in going if line.id in history),
    ]
    named = sorted({line.number for line in in_the_way})
    if named:
        raise Refused(
            "lines_are_matched",
            "Read anew, the money of matched lines would change, or lines that are or were matched"
            f" would go: {', '.join(map(str, named[:10]))}.",
            "Nothing was changed.",
            "Undo their matches, then read the statement anew.",
        )
    verdict = balance_verdict(told.statement)
    if verdict.verdict is Closing.DOES_NOT_CLOSE and told.head.verdict == Closing.CLOSES.value:
        raise Invalid(
            "reread_breaks_balance",
            "Read anew the statement would not close, and as stored it does.",
            "Nothing was changed.",
            "Look at the profile of its bank.",
        )


def _check_not_again(told: Reread) -> None:
    """The statement may have come again since, and was read as it is to be read then."""
    head = told.head
    content = content_of(told.statement)
    same = statements.versions(head.account_id, told.statement.kind, head.statement_id)
    if any(one.content == content and one.id != head.id for one in same):
        raise Refused(
            "statement_came_again",
            "This statement came again since, and tells there what would be read here.",
            "Nothing was changed.",
            "Work on with the one that came later; tell nobody of this one's lines twice.",
        )


def _merged(told: Reread) -> list[StoredLine]:
    """Lines that turn out to be ones that other statements told."""
    changes = told.difference.changed
    taken = rereading.taken(told.head.account_id, changes)
    return [one.stored for one in changes if (one.read.digest, one.read.occurrence) in taken]


def _write(acting: Acting, told: Reread) -> None:
    head, found, new_id = told.head, told.difference, acting.world.ids.new
    taken = rereading.taken(head.account_id, found.changed)
    own: list[LineChange] = []
    for one in found.changed:
        other = taken.get((one.read.digest, one.read.occurrence))
        if other is None:
            own.append(one)
        else:
            rereading.merge(head.id, one.stored, one.read.number, other, new_id())
    rereading.remove(head.id, found.removed)
    rereading.rewrite(head.id, own, told.lines)
    rereading.open_anew([one.stored.id for one in own if one.fields])
    numbers = {line.number for line in found.added}
    fresh = [line for line in told.lines if line.number in numbers]
    store_lines(acting, fresh, head.id, head.account_id)
    _write_head(acting, told)


def _write_head(acting: Acting, told: Reread) -> None:
    head, statement, new_id = told.head, told.statement, acting.world.ids.new
    statement_files.close_statement(
        head.id, balance_verdict(statement), content_of(statement), _days(statement),
        len(statement.entries), statement.problems,
    )  # fmt: skip
    rereading.forget_balances(head.id)
    balances = [(new_id(), balance) for balance in statement.balances]
    now = acting.world.clock.now()
    statements.insert_balances(balances, head.id, head.account_id, now)


def _days(statement: Statement) -> Days | None:
    return days_of(statement, statement.balances, statement.entries)


def _tell(acting: Acting, told: Reread, reason: str) -> None:
    found, verdict = told.difference, balance_verdict(told.statement)
    event = acting.event(
        "statement.reread",
        "statement",
        told.head.id,
        reason=reason,
        changed=len(found.changed),
        added=len(found.added),
        removed=len(found.removed),
        verdict_before=told.head.verdict,
        verdict=verdict.verdict.value,
    )
    events.record([event])
    if verdict.verdict is Closing.DOES_NOT_CLOSE:
        does_not_close(acting, told.head.id, told.statement, verdict)
        return
    case = cases.lock_by_key(CaseKind.STATEMENT, f"balance/{told.head.id}")
    if case is not None and case.resolved_at is None:
        move(acting, case, CaseMove.RESOLVE, outcome=_CLOSES)


def _explain(acting: Acting, told: Reread) -> None:
    """What is open now is explained; only lines that are new say what they do of our payments."""
    head, account, days = told.head, told.account, _days(told.statement)
    owners = settle_overlaps(acting, head.id, account, head.kind, days) if days else set()
    if days:
        announced_lines.settle(acting, account, days)
        look_for_gaps(acting, account, days)
    numbers = {line.number for line in told.difference.added}
    entries = tuple(line.entry for line in told.lines if line.number in numbers)
    if entries:
        new = msgspec.structs.replace(told.statement, entries=entries, balances=())
        apply_bookings(acting, head.evidence_id, new, account, head.id)
    drawn_checks.settle(acting, head.id, account, None)
    for statement_id in sorted({head.id, *owners}):
        explain(acting, statement_id, account)


def _unknown() -> Refused:
    return Refused(
        "statement_unknown",
        "There is no such statement for this customer.",
        "Nothing was changed.",
        "Take its id from the address of its page in the console, or from /v1/statements.",
    )
