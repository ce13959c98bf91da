"""Lines that wait for a person, with open items and proposals, as many as a test wants.

Written through the doors of storage that statements, items and the matcher use. Of four lines the
first has one proposal, the second two that fit alike, the third one with a discount, the fourth
none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import msgspec

from nostro.domain.balance_gate import balance_verdict
from nostro.domain.match import (
    Adjustment,
    AdjustmentKind,
    Allocation,
    MatchState,
    Proposal,
    ProposalStatus,
    Target,
)
from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm, OpenItem, item_id
from nostro.domain.problem import Location
from nostro.domain.statement import Balance, Entry, ReportKind, Statement, TransactionDetail
from nostro.domain.statement_identity import Identified
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import evidence, matches, models, open_items, parties, statements
from nostro.storage.tenancy import tenant
from tests.seed import NOW, TODAY

_new = TimeOrderedIds().new
NAMES = ("Nordvik Frakt AB", "Brandauer & Söhne KG", "Halloway Retail plc", "Pelletane SARL")
OPENING = 1_000_000_00


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: the lines in the order of the statement, and the items by document."""

    tenant_id: UUID
    account_id: UUID
    statement_id: UUID
    line_ids: tuple[UUID, ...]
    items: dict[str, UUID]


def amount_of(number: int) -> Money:
    """No two of them are alike by a swapped digit."""
    return Money(1_000_00 + number * 101, "EUR")


def waiting_lines(tenant_id: UUID, account_id: UUID, count: int) -> Waiting:
    with tenant(tenant_id):
        account = next(a for a in parties.accounts() if a.id == str(account_id))
        entity = next(e for e in parties.entities() if e.id == account.legal_entity_id)
        ours = [item for number in range(count) for item in _items(entity.code, number)]
        telling = open_items.Telling(source="erp", told_at=NOW)
        open_items.take(telling, ours, _new)
        documents = {item.document for item in ours}
        rows = models.OpenItem.objects.filter(document__in=documents, entity_id=UUID(entity.id))
        items = dict(rows.values_list("document", "id"))
        statement_id, lines = _statement(account_id, account.iban, count)
        made = [one for n, line in enumerate(lines) for one in _proposals(n, line, items)]
        matches.propose(made, _new, NOW)
        for status, state in (
            (ProposalStatus.SUGGEST, MatchState.SUGGESTED),
            (ProposalStatus.AMBIGUOUS, MatchState.AMBIGUOUS),
        ):
            of_status = {UUID(one.transaction_id) for one in made if one.status is status}
            statements.set_match_state(of_status, state)
    return Waiting(
        tenant_id=tenant_id,
        account_id=account_id,
        statement_id=statement_id,
        line_ids=lines,
        items=items,
    )


def _items(entity_code: str, number: int) -> Iterator[OpenItem]:
    kind, amount = number % 4, amount_of(number)
    first = OpenItem(
        id=item_id(entity_code, f"INV-{number}-A"),
        entity_code=entity_code,
        document=f"INV-{number}-A",
        customer_number=f"C-{number}",
        customer_name=NAMES[kind],
        open_amount=amount,
        due_date=TODAY + timedelta(days=10),
    )
    if kind == 2:
        off = DiscountTerm(amount=Money(20_00, "EUR"), until=TODAY + timedelta(days=3))
        whole = Money(amount.minor + 20_00, "EUR")
        first = msgspec.structs.replace(first, open_amount=whole, discount=off)
    yield first
    if kind == 1:
        name = f"INV-{number}-B"
        yield msgspec.structs.replace(first, id=item_id(entity_code, name), document=name)


def _proposals(number: int, line: UUID, items: dict[str, UUID]) -> Iterator[Proposal]:
    kind, amount = number % 4, amount_of(number)
    one = Proposal(
        transaction_id=str(line),
        allocations=(_part(items[f"INV-{number}-A"], amount),),
        rule="exact",
        evidence_class="reference",
        probability_millionths=981_000,
        status=ProposalStatus.SUGGEST,
        evidence=(f"names INV-{number}-A", "amount is exactly what is open"),
    )
    if kind == 0:
        yield one
    elif kind == 1:
        doubt = ("amount is exactly what is open", "another item of it is open, too")
        one = msgspec.structs.replace(
            one,
            status=ProposalStatus.AMBIGUOUS,
            probability_millionths=497_000,
            evidence=doubt,
        )
        yield one
        other = (_part(items[f"INV-{number}-B"], amount),)
        yield msgspec.structs.replace(one, allocations=other, probability_millionths=496_000)
    elif kind == 2:
        item = items[f"INV-{number}-A"]
        off = Money(-20_00, "EUR")
        yield msgspec.structs.replace(
            one,
            allocations=(_part(item, amount - off),),
            adjustments=(Adjustment(kind=AdjustmentKind.DISCOUNT, amount=off, item_id=str(item)),),
            rule="discount",
            evidence=(f"names INV-{number}-A", "exact after the discount of its terms"),
        )


def _part(item: UUID, amount: Money) -> Allocation:
    return Allocation(target=Target.OPEN_ITEM, target_id=str(item), amount=amount)


def _statement(account_id: UUID, iban: str, count: int) -> tuple[UUID, tuple[UUID, ...]]:
    statement_id = _new()
    evidence_id = evidence.keep(
        _new(), str(statement_id).encode(), name="lines.xml", media_type="application/xml",
        direction="in", now=NOW,
    )  # fmt: skip
    entries = tuple(_entry(number) for number in range(count))
    closing = OPENING + sum(entry.amount.minor for entry in entries)
    told = Statement(
        statement_id=f"LINES-{statement_id}", account=iban, currency="EUR",
        kind=ReportKind.PREVIOUS_DAY, sequence=None, created_at=NOW, from_day=TODAY, to_day=TODAY,
        balances=(
            Balance(code="OPBD", amount=Money(OPENING, "EUR"), day=TODAY),
            Balance(code="CLBD", amount=Money(closing, "EUR"), day=TODAY),
        ),
        entries=entries, problems=(), location=Location(),
    )  # fmt: skip
    statements.insert(
        statements.NewStatement(
            id=statement_id, account_id=account_id, evidence_id=evidence_id,
            verdict=balance_verdict(told), content="", days=(TODAY, TODAY), entry_count=count,
        ),
        told, (), NOW,
    )  # fmt: skip
    lines = [
        Identified(number=n, entry=entry, digest=f"{statement_id}-{n}", occurrence=1)
        for n, entry in enumerate(entries, 1)
    ]
    ids = [_new() for _ in lines]
    for at in range(0, count, 5000):
        some = slice(at, at + 5000)
        statements.insert_transactions(lines[some], ids[some], statement_id, account_id)
    return statement_id, tuple(ids)


def _entry(number: int) -> Entry:
    day = TODAY - timedelta(days=number // 400)
    detail = TransactionDetail(
        amount=amount_of(number),
        counterparty_name=NAMES[number % 4],
        counterparty_iban="",
        remittance=(f"INV-{number}-A THANK YOU",),
    )
    return Entry(
        amount=amount_of(number), status="BOOK", booked=day, value=day,
        bank_reference=f"B{number:06}", entry_reference=str(number), transaction_code="PMNT",
        proprietary_code="", reversal=False, text="", details=(detail,),
        location=Location(line=number + 1),
    )  # fmt: skip
