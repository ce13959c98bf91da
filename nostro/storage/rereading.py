"""Lines of a statement as stored, and as they are written when it is read anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain.match import MatchState
from nostro.domain.statement_identity import Identified
from nostro.domain.statement_reread import LineChange, ReadLine, StoredLine, Value
from nostro.storage import bulk, models
from nostro.storage.statements import entry_columns
from nostro.storage.tenancy import current

TEXTS: Final = (
    *("bank_reference", "end_to_end_id", "payment_information_id", "counterparty_name"),
    *("counterparty_iban", "remittance", "transaction_code"),
)
SHOWN: Final = ("amount_minor", "currency", "booked", "value", "batch_count", *TEXTS)
_DETAILS: Final = "details"  # Compared as a whole: a reader that learns more adds fields.


def stored_lines(statement_id: UUID) -> list[StoredLine]:
    """The booked lines of a statement, those among them that another one told before."""
    own = models.BankTransaction.objects.filter(statement_id=statement_id)
    again = models.RepeatedLine.objects.filter(statement_id=statement_id)
    found = [_stored(row, row.line, own=True) for row in own]
    found += [
        _stored(row.transaction, row.line, own=False) for row in again.select_related("transaction")
    ]
    return sorted(found, key=lambda line: line.number)


def _stored(row: models.BankTransaction, number: int, *, own: bool) -> StoredLine:
    told = {name: _plain(getattr(row, name)) for name in SHOWN}
    return StoredLine(
        id=row.id,
        number=number,
        digest=row.dedupe_digest,
        occurrence=row.occurrence,
        told={**told, _DETAILS: _digest(row.details)},
        state=MatchState(row.match_state),
        own=own,
    )


def read_lines(lines: Sequence[Identified]) -> list[ReadLine]:
    """Lines as read, in the same words."""
    columns = entry_columns([line.entry for line in lines])
    return [
        ReadLine(
            number=line.number,
            digest=line.digest,
            occurrence=line.occurrence,
            told={
                **{name: _plain(columns[name][place]) for name in SHOWN},
                _DETAILS: _digest(columns[_DETAILS][place]),
            },
        )
        for place, line in enumerate(lines)
    ]


def _plain(value: Any) -> Value:
    return value.isoformat() if isinstance(value, date) else value


def _digest(details: Any) -> str:
    """What lies under an entry, in one word: equal where it is equal."""
    return msgspec.json.encode(msgspec.to_builtins(details), order="sorted").decode()


def taken(account_id: UUID, changes: Sequence[LineChange]) -> dict[tuple[str, int], UUID]:
    """Identities that these lines would have and that other stored lines of the account have."""
    mine = {one.stored.id for one in changes}
    rows = models.BankTransaction.objects.filter(
        bulk.one_of("dedupe_digest", {one.read.digest for one in changes}), account_id=account_id
    ).exclude(id__in=mine)
    wanted = {(one.read.digest, one.read.occurrence) for one in changes}
    return {
        (row.dedupe_digest, row.occurrence): row.id
        for row in rows
        if (row.dedupe_digest, row.occurrence) in wanted
    }


def rewrite(statement_id: UUID, changes: Sequence[LineChange], lines: Sequence[Identified]) -> None:
    """Give stored lines what was read; two that change places are no hindrance."""
    entries = {line.number: line.entry for line in lines}
    for one in changes:
        models.BankTransaction.objects.filter(id=one.stored.id).update(
            dedupe_digest=f"rereading/{one.stored.id}"
        )
    for one in changes:
        columns = entry_columns([entries[one.read.number]])
        told = {name: columns[name][0] for name in (*SHOWN, "source_line")}
        told |= {
            "dedupe_digest": one.read.digest,
            "occurrence": one.read.occurrence,
            "details": msgspec.to_builtins(columns[_DETAILS][0]),
        }
        if one.stored.own:
            told["line"] = one.read.number
        else:
            models.RepeatedLine.objects.filter(
                statement_id=statement_id, transaction_id=one.stored.id
            ).update(line=one.read.number)
        models.BankTransaction.objects.filter(id=one.stored.id).update(**told)


def with_history(ids: Collection[UUID]) -> set[UUID]:
    """Those of these lines that were matched once, whatever became of it."""
    rows = models.Match.objects.filter(bulk.one_of("transaction_id", ids))
    return set(rows.values_list("transaction_id", flat=True))


def remove(statement_id: UUID, lines: Sequence[StoredLine]) -> None:
    """Lines that a statement does not tell any more: what another one tells too stays with it."""
    gone = [line.id for line in lines if not line.own]
    models.RepeatedLine.objects.filter(
        bulk.one_of("transaction_id", gone), statement_id=statement_id
    ).delete()
    for line in lines:
        if not line.own:
            continue
        heir = models.RepeatedLine.objects.filter(transaction_id=line.id).order_by("id").first()
        if heir is not None:
            told = {"statement_id": heir.statement_id, "line": heir.line}
            models.BankTransaction.objects.filter(id=line.id).update(**told)
            heir.delete()
            continue
        _forget(line.id, None)


def merge(statement_id: UUID, line: StoredLine, number: int, other: UUID, new_id: UUID) -> None:
    """A line turns out to be one that is stored already: it is told again, and is no second one."""
    models.RepeatedLine.objects.filter(statement_id=statement_id, line=line.number).delete()
    if line.own:
        models.RepeatedLine.objects.filter(transaction_id=line.id).update(transaction_id=other)
        _forget(line.id, other)
    models.RepeatedLine.objects.create(
        id=new_id,
        tenant_id=current(),
        statement_id=statement_id,
        line=number,
        transaction_id=other,
    )


def _forget(line_id: UUID, other: UUID | None) -> None:
    models.MatchProposal.objects.filter(transaction_id=line_id).delete()
    models.PendingTransaction.objects.filter(booked_as_id=line_id).update(booked_as_id=other)
    models.BankTransaction.objects.filter(id=line_id).delete()


def open_anew(line_ids: Collection[UUID]) -> None:
    """What is proposed of these lines was proposed of other words; what people refused stays."""
    models.MatchProposal.objects.filter(
        bulk.one_of("transaction_id", line_ids), refused_at__isnull=True
    ).delete()
    models.BankTransaction.objects.filter(bulk.one_of("id", line_ids)).exclude(
        match_state=MatchState.MATCHED.value
    ).update(match_state=MatchState.UNMATCHED.value)


def forget_balances(statement_id: UUID) -> None:
    """Those that are read anew take their place."""
    models.Balance.objects.filter(statement_id=statement_id).delete()
