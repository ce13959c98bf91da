"""A customer with everything a list can show, written through the doors that the product uses.

Each call makes one more customer; two of them side by side are what leak tests need.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from nostro.domain.balance_gate import balance_verdict
from nostro.domain.case import CaseKind
from nostro.domain.event import Actor, Event
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Account, LegalEntity, PostalAddress
from nostro.domain.payment import ChargeBearer, Instruction, Rail, RollRule, Route
from nostro.domain.policies.approval import version_name
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.problem import Location
from nostro.domain.statement import Balance, Entry, ReportKind, Statement
from nostro.domain.statement_identity import Identified
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import cases, events, evidence, orders, parties, statements
from nostro.storage.tenancy import tenant

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 2)
ADDRESS = PostalAddress(street="Kade", building="1", post_code="1011", town="Utrecht", country="NL")
IBANS = ("NL91ABNA0417164300", "NL20INGB0001234567", "NL02RABO0123456789", "NL44RABO0123456789")

_new = TimeOrderedIds().new


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of one made-up customer."""

    tenant_id: UUID
    code: str
    entity_id: UUID
    connection_id: UUID
    account_id: UUID
    order_ids: tuple[UUID, ...]
    statement_id: UUID
    transaction_ids: tuple[UUID, ...]


def customer(code: str, *, payments: int = 5, iban: str = IBANS[0]) -> Seeded:
    """One customer with an entity, an account, payments, a statement, a case and events."""
    tenant_id, entity_id, connection_id, account_id = _new(), _new(), _new(), _new()
    partner_id = parties.create_partner(_new(), "Demo partner")
    parties.create_customer(tenant_id, partner_id, name=f"Customer {code}", code=code)
    with tenant(tenant_id):
        entity = LegalEntity(
            id=str(entity_id), code=f"E-{code}", name=f"{code} B.V.", address=ADDRESS,
            functional_currency="EUR", receivables_account="1300",
        )  # fmt: skip
        parties.create_entity(entity)
        parties.create_connection(connection_id, f"Bank of {code}", "mock_bank", {})
        account = Account(
            id=str(account_id), legal_entity_id=str(entity_id), connection_id=str(connection_id),
            name=f"{code} current", iban=iban, bic="ABNANL2A", currency="EUR",
            ledger_account="1100", clearing_account="1190",
        )  # fmt: skip
        parties.create_account(account)
        placed = _orders(code, payments, entity_id, account)
        statement_id, lines = _statement(account)
        _case(statement_id)
    return Seeded(
        tenant_id=tenant_id, code=code, entity_id=entity_id, connection_id=connection_id,
        account_id=account_id, order_ids=placed, statement_id=statement_id, transaction_ids=lines,
    )  # fmt: skip


def order(code: str, number: int, entity_id: UUID, account: Account) -> orders.OrderRow:
    """One payment that waits for approval, with its digest as the approvers see it."""
    row = orders.OrderRow(
        id=_new(),
        number=f"P-{code}-{number:06}",
        state=OrderState.AWAITING_APPROVAL,
        source="seed",
        source_reference=f"{code}-{number}",
        run_id=None,
        entity_id=entity_id,
        payee_account_id=None,
        payee_account_version=0,
        payee_number=f"V{number}",
        instruction=Instruction(
            end_to_end_id=f"{code}-E2E-{number}",
            amount=Money(100_00 + number, "EUR"),
            creditor_name=f"Supplier {number} of {code}",
            creditor_address=ADDRESS,
            creditor_iban=IBANS[1],
            creditor_bic="",
            requested_date=TODAY,
            latest_date=TODAY + timedelta(days=5),
            roll_rule=RollRule.NEXT_BANK_DAY,
            remittance=f"Invoice {number}",
            creditor_reference="",
        ),
        route=Route(
            account_id=account.id,
            debtor_iban=account.iban,
            connection_id=account.connection_id,
            rail=Rail.SEPA_CREDIT_TRANSFER,
            charge_bearer=ChargeBearer.SLEV,
            rule="EUR from seed",
        ),
        invoices=(f"INV-{code}-{number}",),
        policy_version=version_name(0),
        approval_digest="",
        maker_id=str(_new()),
        maker_name="Mara Maker",
    )
    return msgspec.structs.replace(row, approval_digest=row.approvable().digest())


def _orders(code: str, count: int, entity_id: UUID, account: Account) -> tuple[UUID, ...]:
    placed = [order(code, number, entity_id, account) for number in range(1, count + 1)]
    if placed:
        held = msgspec.structs.replace(placed[0], state=OrderState.HELD)
        placed[0] = held
        finding = Finding(code="payee_unknown", effect=Effect.HOLD, sentence="Payee is new.")
        orders.insert(placed, NOW)
        orders.insert_holds([(_new(), held.id, finding)], NOW)
        events.record([event("payment.created", row.id) for row in placed])
    return tuple(row.id for row in placed)


def event(kind: str, subject_id: UUID) -> Event:
    return Event(
        id=str(_new()),
        type=kind,
        subject_kind="payment_order",
        subject_id=str(subject_id),
        actor=Actor(kind="job", id="seed", name="seed"),
        occurred_at=NOW,
        data={"why": "seed"},
    )


def _statement(
    account: Account, lines: Sequence[int] = (50_00, -20_00, 3_33)
) -> tuple[UUID, tuple[UUID, ...]]:
    statement_id, account_id = _new(), UUID(account.id)
    evidence_id = evidence.keep(
        _new(), account.id.encode(), name="statement.xml", media_type="application/xml",
        direction="in", now=NOW,
    )  # fmt: skip
    told = Statement(
        statement_id=f"ST-{account.name}", account=account.iban, currency="EUR",
        kind=ReportKind.PREVIOUS_DAY, sequence=1, created_at=NOW, from_day=TODAY, to_day=TODAY,
        balances=(
            Balance(code="OPBD", amount=Money(1000_00, "EUR"), day=TODAY),
            Balance(code="CLBD", amount=Money(1000_00 + sum(lines), "EUR"), day=TODAY),
        ),
        entries=tuple(_entry(number, minor) for number, minor in enumerate(lines, 1)),
        problems=(), location=Location(),
    )  # fmt: skip
    new = statements.NewStatement(
        id=statement_id, account_id=account_id, evidence_id=evidence_id,
        verdict=balance_verdict(told), content="", days=(TODAY, TODAY),
        entry_count=len(told.entries),
    )  # fmt: skip
    statements.insert(new, told, (), NOW)
    statements.insert_balances(
        [(_new(), balance) for balance in told.balances], statement_id, account_id, NOW
    )
    identified = [
        Identified(number=number, entry=entry, digest=f"{account.id}-{number}", occurrence=1)
        for number, entry in enumerate(told.entries, 1)
    ]
    ids = [_new() for _ in identified]
    statements.insert_transactions(identified, ids, statement_id, account_id)
    return statement_id, tuple(ids)


def _entry(number: int, minor: int) -> Entry:
    return Entry(
        amount=Money(minor, "EUR"), status="BOOK", booked=TODAY, value=TODAY,
        bank_reference=f"B{number}", entry_reference=str(number), transaction_code="PMNT",
        proprietary_code="", reversal=False, text=f"line {number}", details=(),
        location=Location(line=number),
    )  # fmt: skip


def _case(statement_id: UUID) -> None:
    case = cases.NewCase(
        id=_new(), kind=CaseKind.STATEMENT, natural_key=str(statement_id),
        sentence="Statement 2 is missing.", can_do="Ask the bank.",
        due_at=NOW + timedelta(days=1), statement_id=statement_id,
    )  # fmt: skip
    cases.open_all([case], NOW)
