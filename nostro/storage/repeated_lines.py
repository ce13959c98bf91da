"""Lines that several statements of an account tell: stored once, and which statements told them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from django.db.models import Max

from nostro.domain.match import MatchState
from nostro.domain.statement_overlap import Head, Shared
from nostro.storage import bulk, models, queries
from nostro.storage.tenancy import current

Copies = dict[str, dict[UUID, int]]


def remember(told: Mapping[int, tuple[UUID, str, int]], statement_id: UUID, account: UUID) -> None:
    """Lines of a statement that were told before: by line a new id, the digest and occurrence."""
    digests = {digest for _, digest, _ in told.values()}
    rows = models.BankTransaction.objects.filter(
        bulk.one_of("dedupe_digest", digests), account_id=account
    )
    known = {
        (digest, nth): key
        for key, digest, nth in rows.values_list("id", "dedupe_digest", "occurrence")
    }
    tenant_id = current()
    bulk.insert(
        models.RepeatedLine,
        (
            {
                "id": new_id,
                "tenant_id": tenant_id,
                "statement_id": statement_id,
                "line": line,
                "transaction_id": known[digest, nth],
            }
            for line, (new_id, digest, nth) in told.items()
        ),
    )


def repeating(statement_id: UUID, account: UUID, kind: str, days: tuple[date, date]) -> list[UUID]:
    """Which statements tell lines again: this one, and those with days in common with it."""
    found = queries.rows(
        "repeating_statements",
        statement=statement_id,
        account=account,
        kind=kind,
        first=days[0],
        last=days[1],
    )
    return [row["id"] for row in found]


def shared(statements: Collection[UUID], account: UUID) -> list[Shared]:
    """Each pair of statements that share a line which one of these had found told before."""
    told = bulk.ids_literal(statements)
    found = queries.rows("shared_statement_lines", statements=told, account=account)
    return [Shared(**row) for row in found]


def heads(
    account: UUID, kind: str, days: tuple[date, date], named: Collection[UUID]
) -> dict[UUID, Head]:
    """The statements with days in common with a period, and these named ones."""
    found = queries.rows(
        "statement_heads",
        account=account,
        kind=kind,
        first=days[0],
        last=days[1],
        named=bulk.ids_literal(named),
    )
    return {row["id"]: Head(**row) for row in found}


def copies(statements: Collection[UUID], account: UUID) -> Copies:
    """By line, how often each statement tells it."""
    told = bulk.ids_literal(statements)
    found: Copies = {}
    for row in queries.rows("statement_line_copies", statements=told, account=account):
        found.setdefault(row["line"], {})[row["statement_id"]] = row["copies"]
    return found


def stored(digests: Collection[str], account: UUID) -> dict[str, int]:
    """How often each of these lines is stored."""
    rows = models.BankTransaction.objects.filter(
        bulk.one_of("dedupe_digest", digests), account_id=account
    )
    return dict(rows.values_list("dedupe_digest").annotate(count=Max("occurrence")))


def make_own(digest: str, account: UUID, new_ids: Sequence[UUID]) -> set[UUID]:
    """Make lines told again bookings of their own, as many as there are ids; returns the
    statements of which they are."""
    alike = models.BankTransaction.objects.filter(account_id=account, dedupe_digest=digest)
    last = alike.order_by("-occurrence").first()
    again = models.RepeatedLine.objects.filter(transaction__in=alike).order_by(
        "-statement__to_day", "-statement__statement_id", "-line"
    )
    owners = set()
    for step, (new_id, row) in enumerate(zip(new_ids, list(again), strict=False), start=1):
        if last is None:
            break
        told = {field.attname: getattr(last, field.attname) for field in last._meta.concrete_fields}
        told |= {"id": new_id, "statement_id": row.statement_id, "line": row.line}
        told |= {"occurrence": last.occurrence + step, "match_state": MatchState.UNMATCHED.value}
        models.BankTransaction.objects.create(**told)
        row.delete()
        owners.add(row.statement_id)
    return owners
