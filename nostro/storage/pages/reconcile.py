"""The reconcile page: the next lines that nothing explains yet, each with all that is proposed.

Read in one unit of work: a page of lines by an index of their own, then what is proposed of these
lines and the items and payments that it names, each in one question however many there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.storage import bulk, confidential, models, waiting_lines
from nostro.storage.matches import ProposalRow, proposed
from nostro.storage.models.cash import BOOKED_DAY
from nostro.storage.paging import Page, checked_limit, key_of, page_of

COUNTED_MOST: Final = 1000  # More are told as "over 1,000": nobody waits for an exact figure.


class Order(StrEnum):
    """In which order lines are worked through."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"  # Money in before money out.


class BankLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a statement as people recognise it; money out is negative."""

    id: UUID
    account_id: UUID
    statement_id: UUID
    amount: Money
    day: date | None
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    bank_reference: str
    end_to_end_id: str
    transaction_code: str
    match_state: MatchState


class ItemPart(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an open item a proposal settles, and what is open of it now. `gone`: the item
    is not there, or not for this reader."""

    id: UUID
    document: str
    customer_name: str
    customer_number: str
    due: date | None
    settled: Money
    is_open: Money | None

    @property
    def gone(self) -> bool:
        return self.is_open is None

    @property
    def enough(self) -> bool:
        """Whether so much of it is still open."""
        if self.is_open is None or self.is_open.currency != self.settled.currency:
            return False
        settled, left = self.settled.minor, self.is_open.minor
        return settled * left > 0 and abs(settled) <= abs(left)


class RestPart(msgspec.Struct, frozen=True, kw_only=True):
    """A difference between a line and what it settles, in the line's currency and sign."""

    kind: str
    code: str
    amount: Money


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of ours that a line names."""

    id: UUID
    number: str
    creditor_name: str
    amount: Money


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """One way to explain a line. `payment`: it is of a payment of ours, which only the bank's own
    word proves."""

    id: UUID
    rank: int
    rule: str
    probability_millionths: int
    status: str
    items: tuple[ItemPart, ...]
    rest: tuple[RestPart, ...]
    evidence: tuple[str, ...]
    payment: Named | None
    made_at: datetime

    @property
    def current(self) -> bool:
        """Whether all that it settles is still open."""
        return all(part.enough for part in self.items)

    def left_over(self, line: Money) -> Money | None:
        """What of the line it does not explain; None where it is in several currencies."""
        parts = [part.settled for part in self.items] + [part.amount for part in self.rest]
        if any(part.currency != line.currency for part in parts):
            return None
        return Money(line.minor - sum(part.minor for part in parts), line.currency)


class OpenLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that waits for a person, and what is proposed of it, the likeliest first."""

    line: BankLine
    guesses: tuple[Guess, ...]


class AccountChoice(msgspec.Struct, frozen=True, kw_only=True):
    """An account, and whether a line of it waits for a person."""

    id: UUID
    name: str
    iban: str
    local_account: str
    currency: str
    waits: bool


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines of an account wait, of how many something is proposed, and since when. Above
    COUNTED_MOST nothing is counted any more, and no sum is told."""

    count: int
    proposed: int
    ambiguous: int
    total: Money | None
    oldest: BankLine | None

    @property
    def more(self) -> bool:
        return self.count > COUNTED_MOST


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """The statement that was received last for an account."""

    id: UUID
    name: str
    to_day: date | None
    verdict: str
    received_at: datetime


def accounts() -> list[AccountChoice]:
    """All accounts, those that wait for a person first."""
    waits = waiting_lines.open_lines().filter(account_id=OuterRef("id"))
    rows = models.Account.objects.annotate(waits=Exists(waits)).order_by("-waits", "name", "id")
    return [
        AccountChoice(**{name: getattr(row, name) for name in AccountChoice.__struct_fields__})
        for row in rows
    ]


def open_lines(
    account_id: UUID | None, order: Order, *, limit: int, cursor: str = ""
) -> Page[OpenLine]:
    """The next open lines of an account, None: of all, with what is proposed of them."""
    size, found = checked_limit(limit), waiting_lines.open_lines()
    if account_id is not None:
        found = found.filter(account_id=account_id)
    if cursor:
        found = _after(found, order, key_of(order.value, cursor, _KEYS[order]))
    rows = found.order_by(*_ORDERS[order])[: size + 1]
    lines = [bank_line(row) for row in rows]
    page = page_of(order.value, lines, size, lambda line: _key(order, line))
    return Page(rows=_with_guesses(page.rows), next=page.next)


def open_line(line_id: UUID) -> OpenLine | None:
    """One line, if it still waits for a person and this reader may see it."""
    row = waiting_lines.open_lines().filter(id=line_id).first()
    return _with_guesses([bank_line(row)])[0] if row else None


def waiting(account_id: UUID, currency: str) -> Waiting:
    """How much waits on an account."""
    found = (
        waiting_lines.open_lines().filter(account_id=account_id).order_by(BOOKED_DAY.asc(), "id")
    )
    told = found.values_list("match_state", "amount_minor", "currency")[: COUNTED_MOST + 1]
    rows = list(told)
    oldest = found.first() if rows else None
    states = [row[0] for row in rows]
    ambiguous = states.count(MatchState.AMBIGUOUS.value)
    whole = len(rows) <= COUNTED_MOST and all(row[2] == currency for row in rows)
    return Waiting(
        count=len(rows),
        proposed=states.count(MatchState.SUGGESTED.value) + ambiguous,
        ambiguous=ambiguous,
        total=Money(sum(row[1] for row in rows), currency) if whole else None,
        oldest=bank_line(oldest) if oldest else None,
    )


def newest_statement(account_id: UUID) -> Newest | None:
    row = models.Statement.objects.filter(account_id=account_id).order_by("-id").first()
    if row is None:
        return None
    return Newest(
        id=row.id,
        name=row.statement_id,
        to_day=row.to_day,
        verdict=row.verdict,
        received_at=row.received_at,
    )


def bank_line(row: models.BankTransaction) -> BankLine:
    own = set(BankLine.__struct_fields__) - {"amount", "day", "match_state"}
    return BankLine(
        amount=Money(row.amount_minor, row.currency),
        day=row.booked or row.value,
        match_state=MatchState(row.match_state),
        **{name: getattr(row, name) for name in own},
    )


_ORDERS: Final[Mapping[Order, tuple[Any, ...]]] = {
    Order.NEWEST: (BOOKED_DAY.desc(), "-id"),
    Order.OLDEST: (BOOKED_DAY.asc(), "id"),
    Order.LARGEST: (F("amount_minor").desc(), "-id"),
}


def _day_and_id(day: str, key: str) -> tuple[Any, ...]:
    return date.fromisoformat(day), UUID(key)


def _minor_and_id(minor: str, key: str) -> tuple[Any, ...]:
    return int(minor), UUID(key)


_KEYS: Final = {
    Order.NEWEST: _day_and_id,
    Order.OLDEST: _day_and_id,
    Order.LARGEST: _minor_and_id,
}


def _key(order: Order, line: BankLine) -> tuple[str, str]:
    if order is Order.LARGEST:
        return str(line.amount.minor), str(line.id)
    return (line.day or date.min).isoformat(), str(line.id)


def _after(
    found: QuerySet[models.BankTransaction], order: Order, key: tuple[Any, ...]
) -> QuerySet[models.BankTransaction]:
    """What comes after a line. The first condition alone is what the index is entered by."""
    value, last = key
    if order is Order.LARGEST:
        rest = Q(amount_minor__lt=value) | Q(id__lt=last)
        return found.filter(amount_minor__lte=value).filter(rest)
    found = found.alias(day=BOOKED_DAY)
    if order is Order.NEWEST:
        return found.filter(day__lte=value).filter(Q(day__lt=value) | Q(id__lt=last))
    return found.filter(day__gte=value).filter(Q(day__gt=value) | Q(id__gt=last))


def _with_guesses(lines: Collection[BankLine]) -> tuple[OpenLine, ...]:
    ids = [line.id for line in lines]
    confidential.note("transaction", ids)
    found = proposed(ids)
    rows = [row for told in found.values() for row in told]
    items, payments = items_of(rows), _payments(rows)
    return tuple(
        OpenLine(
            line=line,
            guesses=tuple(_guess(row, items, payments) for row in found.get(line.id, ())),
        )
        for line in lines
    )


def items_of(rows: Iterable[ProposalRow]) -> dict[UUID, models.OpenItem]:
    wanted = {part.open_item_id for row in rows for part in row.allocations}
    return {row.id: row for row in models.OpenItem.objects.filter(bulk.one_of("id", wanted))}


def _payments(rows: Iterable[ProposalRow]) -> dict[UUID, Named]:
    wanted = {row.order_id for row in rows if row.order_id}
    found = models.Order.objects.filter(bulk.one_of("id", wanted))
    confidential.note("order", wanted)
    return {
        row.id: Named(
            id=row.id,
            number=row.number,
            creditor_name=row.creditor_name,
            amount=Money(row.amount_minor, row.currency),
        )
        for row in found
    }


def _guess(
    row: ProposalRow, items: Mapping[UUID, models.OpenItem], payments: Mapping[UUID, Named]
) -> Guess:
    return Guess(
        id=row.id,
        rank=row.rank,
        rule=row.rule,
        probability_millionths=row.probability_millionths,
        status=row.status,
        items=tuple(
            item_part(
                items.get(part.open_item_id),
                part.open_item_id,
                Money(part.settled_minor, part.currency),
            )
            for part in row.allocations
        ),
        rest=tuple(
            RestPart(kind=one.kind, code=one.code, amount=Money(one.minor, one.currency))
            for one in row.adjustments
        ),
        evidence=row.evidence,
        payment=payments.get(row.order_id) if row.order_id else None,
        made_at=row.made_at,
    )


def item_part(item: models.OpenItem | None, item_id: UUID, settled: Money) -> ItemPart:
    """How much of an item is settled, beside what is open of it now."""
    if item is None:
        return ItemPart(
            id=item_id,
            document="",
            customer_name="",
            customer_number="",
            due=None,
            settled=settled,
            is_open=None,
        )
    return ItemPart(
        id=item_id,
        document=item.document + (f"/{item.instalment}" if item.instalment else ""),
        customer_name=item.customer_name,
        customer_number=item.customer_number,
        due=item.due_date,
        settled=settled,
        is_open=Money(item.open_minor, item.currency),
    )
