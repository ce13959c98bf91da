"""What a statement's page says beyond its rows: what explains each line, and the original file."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Count, Q, Sum

from nostro.domain.case import CaseKind
from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.statement import EntryStatus
from nostro.storage import matches, models
from nostro.storage.pages.trace import StoredFile, stored_file

CASES_MAX = 2000


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a line was matched to: payments (id and number) and documents, and why."""

    payments: tuple[tuple[UUID, str], ...]
    documents: tuple[str, ...]
    because: tuple[str, ...]
    probability_millionths: int
    decided_by: str


class LineCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines of a statement are explained, suggested and open."""

    matched: int
    suggested: int
    ambiguous: int
    tentative: int
    unmatched: int

    @property
    def all(self) -> int:
        return self.matched + self.tentative + self.proposed + self.unmatched

    @property
    def proposed(self) -> int:
        return self.suggested + self.ambiguous


def explanations(transaction_ids: Collection[UUID]) -> dict[UUID, Explanation]:
    """The live match of each line that has one."""
    found = models.Match.objects.filter(transaction_id__in=transaction_ids).exclude(
        state=MatchState.UNMATCHED.value
    )
    parts: dict[UUID, list[models.Allocation]] = {}
    ids = [row.id for row in found]
    allocations = models.Allocation.objects.filter(match_id__in=ids)
    for part in allocations.select_related("order", "open_item").order_by("id"):
        parts.setdefault(part.match_id, []).append(part)
    return {
        row.transaction_id: Explanation(
            payments=tuple(
                (part.order.id, part.order.number) for part in parts.get(row.id, ()) if part.order
            ),
            documents=tuple(
                part.open_item.document for part in parts.get(row.id, ()) if part.open_item
            ),
            because=tuple(row.evidence),
            probability_millionths=row.probability_millionths,
            decided_by=row.decided_by,
        )
        for row in found
    } | _proposed(transaction_ids)


def _proposed(transaction_ids: Collection[UUID]) -> dict[UUID, Explanation]:
    """What is proposed first of each line that waits for a person."""
    waiting = models.BankTransaction.objects.filter(
        id__in=transaction_ids, match_state__in=(MatchState.SUGGESTED, MatchState.AMBIGUOUS)
    )
    listed = matches.proposed(waiting.values_list("id", flat=True))
    first = {line: rows[0] for line, rows in listed.items()}
    items = {part.open_item_id for row in first.values() for part in row.allocations}
    documents = dict(models.OpenItem.objects.filter(id__in=items).values_list("id", "document"))
    named = {row.order_id for row in first.values() if row.order_id}
    payments = dict(models.Order.objects.filter(id__in=named).values_list("id", "number"))
    return {
        line: Explanation(
            payments=((row.order_id, payments[row.order_id]),) if row.order_id in payments else (),
            documents=tuple(documents[part.open_item_id] for part in row.allocations),
            because=row.evidence,
            probability_millionths=row.probability_millionths,
            decided_by="",
        )
        for line, row in first.items()
    }


def booked_sum(statement_id: UUID, currency: str) -> Money:
    """What the booked lines of a statement add up to, in its own currency."""
    found = models.BankTransaction.objects.filter(
        statement_id=statement_id, status=EntryStatus.BOOK.value, currency=currency
    ).aggregate(minor=Sum("amount_minor"))
    return Money(int(found["minor"] or 0), currency)


def line_counts(statement_id: UUID) -> LineCounts:
    counted = models.BankTransaction.objects.filter(statement_id=statement_id).aggregate(
        **{state.value: Count("id", filter=Q(match_state=state.value)) for state in MatchState}
    )
    return LineCounts(**counted)


class AccountCase(msgspec.Struct, frozen=True, kw_only=True):
    """An unresolved case about the statements of an account. `about` is the first word of its key:
    what is missing ("gap", "expected") or in doubt."""

    id: UUID
    about: str
    sentence: str
    opened_at: datetime


def open_cases_by_account() -> dict[str, list[AccountCase]]:
    """The unresolved cases about accounts' statements, the oldest first: their keys name both."""
    rows = models.Case.objects.filter(kind=CaseKind.STATEMENT.value, resolved_at__isnull=True)
    found: dict[str, list[AccountCase]] = {}
    names = ("id", "natural_key", "sentence", "opened_at")
    for case_id, key, sentence, opened_at in rows.order_by("id").values_list(*names)[:CASES_MAX]:
        about, _, rest = str(key).partition("/")
        account = rest.partition("/")[0]
        case = AccountCase(id=case_id, about=about, sentence=sentence, opened_at=opened_at)
        found.setdefault(account, []).append(case)
    return found


def original(statement_id: UUID) -> StoredFile:
    """The bank's own bytes that the statement was read from."""
    return stored_file(models.Statement.objects.values_list("evidence_id").get(id=statement_id)[0])
