"""Statements, balances and bank transactions as stored, each line once."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Max, Q, QuerySet

from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.problem import Problem
from nostro.domain.statement import (
    Balance,
    BalanceVerdict,
    Closing,
    Entry,
    StatementHeader,
    TransactionDetail,
    charges_inside,
)
from nostro.domain.statement_chain import Link
from nostro.domain.statement_identity import Days, Identified
from nostro.storage import bulk, models
from nostro.storage.tenancy import current


class TransactionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One booked line, as matching wants to see it. Money out is negative."""

    id: UUID
    account_id: UUID
    statement_id: UUID
    amount: Money
    status: str
    booked: date | None
    end_to_end_id: str
    payment_information_id: str
    batch_count: int
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    bank_reference: str
    uetr: str = ""
    charges_minor: int = 0  # Those that the bank itemises inside the amount, positive.
    check_number: str = ""


def account_of_iban(iban: str, currency: str) -> UUID | None:
    """Our account that a statement speaks of; currency decides between twins.

    One without an IBAN is told by its number alone, as banks write it.
    """
    named = Q(iban=iban)
    if iban and not iban[:2].isalpha():
        named |= Q(local_account__regex=rf":{re.escape(iban)}(:SVGS)?$")
    rows = models.Account.objects.filter(named)
    found = list(rows.values_list("id", "currency"))
    exact = [account_id for account_id, held in found if held == currency]
    if exact:
        return exact[0]
    return found[0][0] if len(found) == 1 else None


class StoredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of some id that is stored: banks give the same id to different ones."""

    id: UUID
    evidence_id: UUID
    content: str
    days: Days | None


class NewStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement on its way into the table, besides what its header tells."""

    id: UUID
    account_id: UUID
    evidence_id: UUID
    verdict: BalanceVerdict
    content: str
    days: Days | None
    entry_count: int
    sample: bool = False


def versions(account_id: UUID, kind: str, statement_id: str) -> list[StoredVersion]:
    """The statements of that id, in the order in which they came."""
    rows = models.Statement.objects.filter(
        account_id=account_id, kind=kind, statement_id=statement_id
    ).order_by("id")
    return [
        StoredVersion(
            id=row.id,
            evidence_id=row.evidence_id,
            content=row.content,
            days=(row.from_day, row.to_day) if row.from_day and row.to_day else None,
        )
        for row in rows
    ]


def insert(
    new: NewStatement, header: StatementHeader, problems: Sequence[Problem], now: datetime
) -> None:
    verdict = new.verdict
    models.Statement.objects.create(
        id=new.id,
        tenant_id=current(),
        account_id=new.account_id,
        evidence_id=new.evidence_id,
        statement_id=header.statement_id,
        kind=header.kind.value,
        sequence=header.sequence,
        currency=header.currency,
        from_day=new.days[0] if new.days else None,
        to_day=new.days[1] if new.days else None,
        opening_minor=verdict.opening.minor if verdict.opening else None,
        closing_minor=verdict.closing.minor if verdict.closing else None,
        entry_count=new.entry_count,
        verdict=verdict.verdict.value,
        verdict_reason=verdict.reason,
        problems=msgspec.to_builtins(problems),
        bank_created_at=aware(header.created_at),
        received_at=now,
        sample=new.sample,
        content=new.content,
    )


def aware(bank_time: datetime | None) -> datetime | None:
    """A bank's local time without an offset is kept digit by digit, as if it were UTC."""
    if bank_time is None or bank_time.tzinfo is not None:
        return bank_time
    return bank_time.replace(tzinfo=UTC)


def insert_balances(
    balances: Sequence[tuple[UUID, Balance]], statement_id: UUID, account_id: UUID, now: datetime
) -> None:
    tenant_id = current()
    models.Balance.objects.bulk_create(
        models.Balance(
            id=balance_id,
            tenant_id=tenant_id,
            statement_id=statement_id,
            account_id=account_id,
            code=balance.code,
            amount_minor=balance.amount.minor,
            currency=balance.amount.currency,
            day=balance.day,
            received_at=now,
        )
        for balance_id, balance in balances
    )


def insert_transactions(
    lines: Sequence[Identified], ids: Sequence[UUID], statement_id: UUID, account_id: UUID
) -> int:
    """Insert booked lines under these ids; a line that is already known by its identity is passed
    over. Returns how many were new."""
    if not lines:
        return 0
    same = {
        "tenant_id": current(),
        "statement_id": statement_id,
        "account_id": account_id,
        "match_state": MatchState.UNMATCHED.value,
    }
    columns = {
        "id": ids,
        "line": [line.number for line in lines],
        "dedupe_digest": [line.digest for line in lines],
        "occurrence": [line.occurrence for line in lines],
        **entry_columns([line.entry for line in lines]),
    }
    return bulk.insert_columns(models.BankTransaction, same, columns)


def chain(account_id: UUID, kind: str, since: date) -> list[Link]:
    """The statements of an account that end on a day or later; none of a file that is still being
    stored, which may be taken back."""
    arriving = models.StatementFile.objects.filter(
        next_action_at__isnull=False, state="storing"
    ).values("evidence_id")
    rows = models.Statement.objects.filter(
        account_id=account_id, kind=kind, to_day__gte=since, from_day__isnull=False
    ).exclude(evidence_id__in=arriving)
    names = ("statement_id", "sequence", "from_day", "to_day", "opening_minor", "closing_minor")
    return [
        Link(name=name, sequence=number, first=first, last=last, opening=opening, closing=closing)
        for name, number, first, last, opening, closing in rows.values_list(*names)
        if first and last
    ]


def account_id_of(statement_id: UUID) -> UUID:
    found: UUID = models.Statement.objects.values_list("account_id", flat=True).get(id=statement_id)
    return found


def look(statement_id: UUID) -> NewStatement | None:
    """A statement as it was stored, without by how much it does not close."""
    row = models.Statement.objects.filter(id=statement_id).first()
    if row is None:
        return None
    return NewStatement(
        id=row.id,
        account_id=row.account_id,
        evidence_id=row.evidence_id,
        verdict=BalanceVerdict(verdict=Closing(row.verdict), reason=row.verdict_reason),
        content=row.content,
        days=(row.from_day, row.to_day) if row.from_day and row.to_day else None,
        entry_count=row.entry_count,
        sample=row.sample,
    )


class StoredHead(msgspec.Struct, frozen=True, kw_only=True):
    """Which statement of which account a row is."""

    id: UUID
    account_id: UUID
    evidence_id: UUID
    kind: str
    statement_id: str
    content: str
    verdict: str


def head(statement_id: UUID) -> StoredHead | None:
    return next(iter(_heads(models.Statement.objects.filter(id=statement_id))), None)


def heads_of_file(evidence_id: UUID) -> list[StoredHead]:
    """The statements that were read from a file, in its order."""
    return _heads(models.Statement.objects.filter(evidence_id=evidence_id).order_by("id"))


def _heads(rows: QuerySet[models.Statement]) -> list[StoredHead]:
    names = StoredHead.__struct_fields__
    return [StoredHead(**row) for row in rows.values(*names)]


def ids_of_file(evidence_id: UUID) -> list[UUID]:
    """The statements that were read from a file."""
    rows = models.Statement.objects.filter(evidence_id=evidence_id)
    return list(rows.order_by("id").values_list("id", flat=True))


def line_counts_of(statement_id: UUID) -> tuple[int, int]:
    """How many lines of a statement were new, and how many another one had told before."""
    own = models.BankTransaction.objects.filter(statement_id=statement_id).count()
    return own, models.RepeatedLine.objects.filter(statement_id=statement_id).count()


def which_are_stored(ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these ids under which a transaction is stored."""
    rows = models.BankTransaction.objects.filter(bulk.one_of("id", ids))
    return frozenset(rows.values_list("id", flat=True))


def _said(detail: TransactionDetail) -> tuple[str, ...]:
    """All that the payer says about what he pays; the bank's own text only if he says nothing."""
    numbers = (document.number for document in detail.documents)
    said = (*detail.remittance, detail.creditor_reference, *numbers)
    return said if any(said) else (detail.text,)


_NO_DETAIL = TransactionDetail(None)


def entry_columns(entries: Sequence[Entry]) -> dict[str, Sequence[Any]]:
    """What entries tell. Columns, not rows: a statement may have a million lines."""
    singles = [entry.details[0] if len(entry.details) == 1 else _NO_DETAIL for entry in entries]
    both = list(zip(entries, singles, strict=True))
    return {
        "amount_minor": [entry.amount.minor for entry in entries],
        "currency": [entry.amount.currency for entry in entries],
        "status": [entry.status for entry in entries],
        "booked": [entry.booked for entry in entries],
        "value": [entry.value for entry in entries],
        "bank_reference": [entry.bank_reference for entry in entries],
        "end_to_end_id": [single.end_to_end_id for single in singles],
        "payment_information_id": [
            entry.payment_information_id or single.payment_information_id for entry, single in both
        ],
        "batch_count": [
            entry.batch_count or (len(entry.details) if single is _NO_DETAIL else 0)
            for entry, single in both
        ],
        "counterparty_name": [single.counterparty_name for single in singles],
        "counterparty_iban": [single.counterparty_iban for single in singles],
        "remittance": [
            " ".join(filter(None, _said(single))) or entry.text for entry, single in both
        ],
        "transaction_code": [entry.transaction_code or entry.proprietary_code for entry in entries],
        "details": [entry.details for entry in entries],
        "source_line": [entry.location.line for entry in entries],
    }


def unmatched(statement_id: UUID, lines: tuple[int, int] | None = None) -> list[TransactionRow]:
    """Booked lines of a statement that nothing explains yet, in booking order."""
    rows = models.BankTransaction.objects.filter(
        statement_id=statement_id, match_state=MatchState.UNMATCHED
    ).order_by("line")
    if lines:
        rows = rows.filter(line__range=lines)
    return [transaction_of(row) for row in rows]


def open_batch_lines(batches: Collection[str]) -> set[tuple[UUID, UUID]]:
    """The (statement, account) of booked debits of these batches that nothing explains yet."""
    rows = models.BankTransaction.objects.filter(
        payment_information_id__in=batches, match_state=MatchState.UNMATCHED, amount_minor__lt=0
    )
    return set(rows.values_list("statement_id", "account_id"))


def set_match_state(transaction_ids: Collection[UUID], state: MatchState) -> int:
    return models.BankTransaction.objects.filter(id__in=transaction_ids).update(
        match_state=state.value
    )


def transaction_of(row: models.BankTransaction) -> TransactionRow:
    amount = Money(row.amount_minor, row.currency)
    single = row.details[0] if len(row.details) == 1 else None
    detail = msgspec.convert(single, TransactionDetail) if single else TransactionDetail(None)
    return TransactionRow(
        id=row.id,
        account_id=row.account_id,
        statement_id=row.statement_id,
        amount=amount,
        status=row.status,
        booked=row.booked,
        end_to_end_id=row.end_to_end_id,
        payment_information_id=row.payment_information_id,
        batch_count=row.batch_count,
        counterparty_name=row.counterparty_name,
        counterparty_iban=row.counterparty_iban,
        remittance=row.remittance,
        bank_reference=row.bank_reference,
        uetr=detail.uetr,
        charges_minor=charges_inside(amount, detail.charges).minor,
        check_number=detail.check_number,
    )


def has_day(iban: str, day: date) -> bool:
    """Is there a statement of this account that covers the day?"""
    return models.Statement.objects.filter(account__iban=iban, to_day__gte=day).exists()


def newest_day(account_id: UUID, kind: str) -> date | None:
    """The last day that a series of an account tells."""
    rows = models.Statement.objects.filter(account_id=account_id, kind=kind)
    day: date | None = rows.aggregate(day=Max("to_day"))["day"]
    return day


def newest_of_accounts(kind: str) -> dict[UUID, tuple[date | None, datetime | None]]:
    """The last day that a statement of each account tells, and when the last one came."""
    rows = models.Statement.objects.filter(kind=kind).values_list("account_id")
    told = rows.annotate(day=Max("to_day"), at=Max("received_at"))
    return {account_id: (day, at) for account_id, day, at in told}


def verdicts_of_file(evidence_id: UUID) -> dict[str, int]:
    """How many statements were read from a file, by their verdict."""
    rows = models.Statement.objects.filter(evidence_id=evidence_id).values_list("verdict")
    return dict(rows.annotate(count=Count("id")).order_by("verdict"))
