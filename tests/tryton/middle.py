"""nostro in the middle of the loop: set up from what the ERP tells, then taken step by step."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from nostro import formats
from nostro.domain.attempt import AttemptState
from nostro.domain.errors import Refused
from nostro.domain.event import Actor
from nostro.domain.journal import JournalEvent
from nostro.domain.order import OrderState
from nostro.domain.party import Account, LegalEntity, Member, PayeeAccount, PostalAddress, Role
from nostro.formats import Profile
from nostro.ops import sealing
from nostro.ops.calendar import HolidayCalendar
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.secrets import FileSecrets
from nostro.storage import events, evidence, journals, listing, orders, parties, people, tracing
from nostro.storage.case_listing import OPEN, CaseFilter, cases
from nostro.storage.dossier import Dossier, dossier
from nostro.storage.months import make_months
from nostro.storage.orders import OrderRow
from nostro.storage.rows import StatementRow
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, approval, context, payment_intake, posting
from nostro.workflows.context import Acting, World, job_for
from tests.tryton import seed
from tests.tryton.bank import Bank
from tests.tryton.figures import BANK_DAY
from tests.tryton.loop import REJECTED
from tests.tryton.rpc import BankAccount, Supplier

PASSWORD = "a quite long pass phrase"
KNOWN_SINCE = datetime(2026, 9, 1, tzinfo=UTC)
PEOPLE = (
    ("Mara Maker", {Role.MAKER}),
    ("Anna First", {Role.APPROVER}),
    ("Theo Second", {Role.TREASURER}),
)
_NOTHING_BOOKED = (OrderState.REJECTED, OrderState.FAILED)
_PAID = (OrderState.EXECUTED, OrderState.SETTLED)


@dataclass
class MovableClock:
    """The time of the test; moved together with the bank's."""

    at: datetime = field(
        default_factory=lambda: datetime(BANK_DAY.year, BANK_DAY.month, BANK_DAY.day, 9, tzinfo=UTC)
    )

    def now(self) -> datetime:
        """Where it stands."""
        return self.at


@dataclass(frozen=True)
class Erp:
    """What nostro is told about the ERP: its name, its company's account, whom it pays."""

    source: str
    own: BankAccount
    suppliers: Sequence[Supplier]
    config: dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """What must not change when a step is repeated."""

    states: tuple[tuple[str, OrderState], ...]
    attempts: dict[str, int]
    journals: tuple[tracing.JournalCount, ...]
    statements: int
    cases: int
    events: int


class Middle:
    """One customer of nostro and the steps of its main job."""

    def __init__(self, erp: Erp, bank: Bank, home: Path) -> None:
        self.erp = erp
        self.clock = MovableClock()
        self.outbox = home / "erp"
        self.outbox.mkdir()
        self.world = World(
            clock=self.clock,
            ids=TimeOrderedIds(),
            secrets=FileSecrets(home / "secrets"),
            calendar=HolidayCalendar(),
        )
        context.install(self.world)
        make_months(self.clock.now())
        self.tenant_id = self.world.ids.new()
        self.bank_connection, self.erp_connection = self.world.ids.new(), self.world.ids.new()
        self.members = self._set_up(bank)

    # ---- Set up

    def _set_up(self, bank: Bank) -> dict[str, Member]:
        partner = parties.create_partner(self.world.ids.new(), "Test partner")
        code = f"T{self.tenant_id.hex[-8:].upper()}"
        with tenant(self.tenant_id):
            parties.create_customer(self.tenant_id, partner, name=self.erp.own.name, code=code)
            staff = [self._person(name, roles) for name, roles in PEOPLE]
            self._accounts(bank)
            for supplier in self.erp.suppliers:
                self.take_over(supplier)
        found = [people.member(self.tenant_id, person) for person in staff]
        return {member.name: member for member in found}

    def _person(self, name: str, roles: set[Role]) -> UUID:
        address = f"{name.replace(' ', '.').lower()}@{self.tenant_id.hex[-8:]}.example"
        person = self.world.ids.new()
        people.create_person(
            person, email=address, name=name, password=PASSWORD, now=self.clock.now()
        )
        people.grant(self.world.ids.new(), person, roles)
        return person

    def _accounts(self, bank: Bank) -> None:
        entity, own = self.world.ids.new(), self.erp.own
        parties.create_entity(
            LegalEntity(
                id=str(entity), code="ALBA", name=own.name,
                address=PostalAddress(town="Town", country="DE"),
                functional_currency="EUR", receivables_account=seed.RECEIVABLE,
            )
        )  # fmt: skip
        at_bank = {"base_url": str(bank.http.base_url).rstrip("/"), "account_ids": [own.iban]}
        parties.create_connection(self.bank_connection, "The bank", "mock_bank", at_bank)
        at_erp = {"outbox_folder": str(self.outbox), **self.erp.config}
        parties.create_connection(self.erp_connection, "The ERP", "erp_folder", at_erp)
        parties.create_account(
            Account(
                id=str(self.world.ids.new()), legal_entity_id=str(entity),
                connection_id=str(self.bank_connection), name="Current account",
                iban=own.iban, bic=own.bic, currency="EUR",
                ledger_account=seed.BANK, clearing_account=seed.CLEARING,
            )
        )  # fmt: skip

    def take_over(self, supplier: Supplier) -> None:
        """Add a supplier of the ERP as a payee; inside a unit of work."""
        payee, account = self.world.ids.new(), supplier.account
        parties.add_payee(payee, supplier.number, account.name)
        parties.add_payee_account(
            PayeeAccount(
                id=str(self.world.ids.new()), payee_id=str(payee), payee_number=supplier.number,
                payee_name=account.name, version=1, iban=account.iban, bic=account.bic,
                valid_from=KNOWN_SINCE, changed_by="the ERP's master data", confirmed=False,
            )
        )  # fmt: skip

    def acting(self, name: str) -> Acting:
        """Somebody of the customer's people, at work."""
        member = self.members[name]
        actor = Actor(kind="person", id=member.id, name=member.name)
        return Acting(tenant_id=self.tenant_id, actor=actor, world=self.world)

    # ---- The steps

    def receive(self, content: bytes) -> payment_intake.RunReceipt:
        """The ERP's payment file comes in."""
        acting = self.acting("Mara Maker")
        return payment_intake.receive_run(
            acting, self.erp.source, f"{self.erp.source}.xml", content, Profile()
        )

    def release_holds(self, reason: str) -> list[str]:
        """A named person lets what is held go on; the reasons it was held for."""
        with tenant(self.tenant_id):
            held = orders.in_state(OrderState.HELD)
            codes = [hold.code for order in held for hold in tracing.open_holds(order.id)]
        for order in held:
            first = self.members["Anna First"]
            approval.release_hold(self.acting(first.name), first, order.id, reason)
        return codes

    def approve(self) -> int:
        """Two people approve what awaits it; how many payments are then complete."""
        done = [self.approve_as(name) for name in ("Anna First", "Theo Second")]
        return len(done[-1].approved)

    def approve_as(self, name: str) -> approval.Approved:
        """One person approves everything that awaits approval, having seen exactly that."""
        with tenant(self.tenant_id):
            waiting = approval.waiting()
        digest = approval.selection_digest({str(r.id): r.approval_digest for r in waiting})
        ids = [row.id for row in waiting]
        return approval.approve(self.acting(name), self.members[name], ids, digest)

    def refuses_the_maker(self) -> bool:
        """Whether the one who made the payments is kept from approving them."""
        try:
            self.approve_as("Mara Maker")
        except Refused as error:
            return error.code in {"maker_cannot_approve", "not_an_approver"}
        return False

    def work(self) -> None:
        """Let the job engine do everything that was woken."""
        asyncio.run(_work())
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status <> 'succeeded'")
            left = cursor.fetchall()
        if left:
            raise AssertionError(f"jobs failed or were left: {left}")

    def collect(self) -> int:
        """Fetch what the bank has for us and understand it; how many messages were new."""
        count = answers.collect(job_for(self.tenant_id), self.bank_connection)
        self.work()
        return count

    def understand_again(self) -> str:
        """Read the last statement's message once more, as after a crash; what it was."""
        kept, _ = self.original(self.statements()[0])
        return answers.understand(job_for(self.tenant_id), self.bank_connection, kept)

    def deliver_journals(self) -> list[JournalEvent]:
        """Write what the ERP must post into its folder; what the new file says, read back."""
        with tenant(self.tenant_id):
            posting.deliver_journals(job_for(self.tenant_id), self.erp_connection)
        before = set(self.outbox.iterdir())
        self.work()
        return [j for path in set(self.outbox.iterdir()) - before for j in _journals_in(path)]

    # ---- What is known

    def orders(self) -> list[OrderRow]:
        """The payments of the ERP's file."""
        with tenant(self.tenant_id):
            return orders.load(tracing.orders_of_run(self.erp.source, f"{self.erp.source}.xml"))

    def sent(self) -> list[bytes]:
        """Our own payment files, as they left."""
        with tenant(self.tenant_id):
            return [evidence.read(s.evidence_id) for s in tracing.submissions_of("payments")]

    def states(self) -> dict[str, OrderState]:
        """Where each payment stands, by the ERP's own id."""
        return {own_id(order): order.state for order in self.orders()}

    def statuses(self) -> dict[str, str]:
        """What the ERP is told of each payment, by its own id; nothing of those undecided."""
        told = {}
        for order in self.orders():
            with tenant(self.tenant_id):
                attempt = tracing.last_attempt(order.id)
            if order.state in _NOTHING_BOOKED:
                told[own_id(order)] = REJECTED
            elif order.state in _PAID or (attempt and attempt.state == AttemptState.ACCEPTED):
                told[own_id(order)] = "ACCP"
        return told

    def ids(self) -> dict[str, str]:
        """The ERP's own id by what the bank was told, and by our number."""
        rows = self.orders()
        return {r.instruction.end_to_end_id: own_id(r) for r in rows} | {
            r.number: own_id(r) for r in rows
        }

    def statements(self) -> tuple[StatementRow, ...]:
        """The bank's statements as taken in."""
        with tenant(self.tenant_id):
            return listing.statements(limit=50).rows

    def original(self, statement: StatementRow) -> tuple[UUID, bytes]:
        """The stored bytes that a statement was read from."""
        with tenant(self.tenant_id):
            (received,) = (e for e in events.about([statement.id]) if e.type.endswith(".received"))
            kept = UUID(str(received.data["evidence_id"]))
            return kept, evidence.read(kept)

    def journals_of(self, order: OrderRow) -> list[JournalEvent]:
        """What was written for a payment, sent to the ERP or not."""
        with tenant(self.tenant_id):
            return journals.of_order(order.id)

    def dossier(self, order: OrderRow) -> Dossier:
        """Everything known of one payment."""
        with tenant(self.tenant_id):
            found = dossier(order.id)
        if found is None:
            raise LookupError(order.number)
        return found

    def trace(self, order: OrderRow) -> list[tracing.TraceLine]:
        """The payment's story."""
        with tenant(self.tenant_id):
            return tracing.trace(order.id)

    def audit(self) -> sealing.Verification:
        """Seal what waits and prove the chain."""
        sealing.seal_all(self.clock.now())
        return sealing.verify(self.tenant_id)

    def snapshot(self) -> Snapshot:
        """Everything that a repeated step must leave alone."""
        sealed = self.audit().sealed
        with tenant(self.tenant_id):
            return Snapshot(
                states=tuple(sorted((o.number, o.state) for o in self.orders())),
                attempts=tracing.attempt_counts(),
                journals=tuple(tracing.journal_counts()),
                statements=len(listing.statements(limit=50).rows),
                cases=len(cases(CaseFilter(states=OPEN), limit=50).rows),
                events=sealed,
            )


def own_id(order: OrderRow) -> str:
    """The ERP's own id of a payment: our reference is its batch and that id, or that id alone."""
    return order.source_reference.rpartition("/")[2]


async def _work() -> None:
    engine = app.with_connector(DjangoConnector(alias="default").get_worker_connector())
    async with engine.open_async():
        await engine.run_worker_async(wait=False, install_signal_handlers=False)


def _journals_in(path: Path) -> list[JournalEvent]:
    content = path.read_bytes()
    form = formats.identify(content)
    return list(formats.documents(form, io.BytesIO(content), Profile()))
