"""A made-up company with a scripted bank, for tests of the workflows on the real database.

The bank is a hand-written fake of the ports: it does what a test tells it, remembers what it was
sent and may write that to a file, so that a process that is killed leaves its trace.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from nostro import connectors
from nostro.connectors import Connector
from nostro.domain.errors import NostroError
from nostro.domain.event import Actor
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Account, LegalEntity, Member, PayeeAccount, PostalAddress, Role
from nostro.domain.payment import PaymentRequest, Rail
from nostro.formats import Profile
from nostro.ops.calendar import HolidayCalendar
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ports import Incoming, Outgoing, Receipt, VerifiesPayees
from nostro.storage import due, evidence, models, orders, parties, people
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, context, dispatch, payment_intake, release, statement_gaps
from nostro.workflows.context import Acting, World
from nostro.workflows.payment_intake import RunReceipt
from tests import secret_canaries

FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ADDRESS = PostalAddress(street="Kade", building="1", post_code="1011", town="Utrecht", country="NL")
PROFILE = Profile(name="vesterholt_ap")
_IDS = TimeOrderedIds()


def iban(number: int, country: str = "NL", bank: str = "FIKT") -> str:
    """A made-up account with right check digits."""
    bban = f"{bank}{number:010}" if country == "NL" else f"{90000000:08}{number:010}"
    digits = "".join(str(int(c, 36)) for c in f"{bban}{country}00")
    return f"{country}{98 - int(digits) % 97:02}{bban}"


class SetClock:
    """A clock that stands until a test moves it."""

    def __init__(self, now: datetime = FRIDAY) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **step: Any) -> None:
        self._now += timedelta(**step)


class MemorySecrets:
    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def knows(self, name: str) -> bool:
        return name in self._kept

    def known(self, names: Collection[str]) -> dict[str, str]:
        return {name: self._kept[name] for name in names if name in self._kept}

    def read(self, name: str) -> str:
        return self._kept[name]

    def write(self, name: str, value: str) -> None:
        self._kept[name] = secret_canaries.register(name, value)


Answer = bool | None | NostroError


class ScriptedBank:
    """Does what it is told: `outcomes` of sends, `answers` to enquiries, `messages` to collect."""

    def __init__(self) -> None:
        self.received: list[Outgoing] = []
        self.outcomes: list[NostroError | None] = []
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        self.messages: list[Incoming] = []
        self.recalls: list[Outgoing] = []
        self.recall_outcomes: list[NostroError | None] = []
        self.taken = frozenset(Rail)
        self.on_send: Callable[[Outgoing], None] = lambda _: None

    def rails(self) -> frozenset[Rail]:
        return self.taken

    def payment_format(self, rail: Rail) -> str:
        return "pain_001"

    def send(self, outgoing: Outgoing) -> Receipt:
        self.received.append(outgoing)
        self.on_send(outgoing)
        if self.outcomes and (failure := self.outcomes.pop(0)):
            raise failure
        return Receipt(reference=f"BANK-{len(self.received)}")

    def recall_format(self) -> str:
        return "camt_055"

    def recall(self, outgoing: Outgoing) -> Receipt:
        self.recalls.append(outgoing)
        if self.recall_outcomes and (failure := self.recall_outcomes.pop(0)):
            raise failure
        return Receipt(reference="")

    def tell_checks(self, outgoing: Outgoing) -> Receipt:
        return self.send(outgoing)

    def knows(self, message_id: str) -> bool | None:
        self.asked.append(message_id)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, NostroError):
            raise answer
        return answer

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        for number, message in enumerate(self.messages, start=1):
            if number > int(cursor or 0):
                yield message, str(number)

    def says(self, content: bytes, name: str = "message.xml") -> None:
        self.messages.append(
            Incoming(name=name, media_type="application/xml", content=content, received_at=FRIDAY)
        )


class ScriptedErp:
    """An ERP that takes journals, or does what it is told."""

    def __init__(self, bank: ScriptedBank) -> None:
        self._bank = bank

    def post(self, outgoing: Outgoing) -> Receipt:
        return self._bank.send(outgoing)


class ScriptedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the bank in BANKS that this connection reaches."""

    name: str
    erp: bool = False

    @property
    def rails(self) -> frozenset[Rail]:
        return BANKS[self.name].taken

    @property
    def formats(self) -> dict[Rail, str]:
        return {rail: BANKS[self.name].payment_format(rail) for rail in Rail}

    @property
    def payment_format(self) -> str:
        return "pain_001"

    @property
    def payee_path(self) -> str:
        asks = not self.erp and isinstance(BANKS[self.name], VerifiesPayees)
        return "/names" if asks else ""


BANKS: dict[str, ScriptedBank] = {}


def _open(config: ScriptedConfig, secrets: dict[str, str]) -> object:
    bank = BANKS[config.name]
    return ScriptedErp(bank) if config.erp else bank


SCRIPTED = Connector(
    name="scripted",
    title="A bank that does what a test tells it",
    document="tests, 2026",
    config=ScriptedConfig,
    open=_open,
    example=ScriptedConfig(name="example"),
)


@contextmanager
def scripted_connector() -> Iterator[None]:
    """Make the scripted bank a connector for the time of some tests."""
    connectors.find()[SCRIPTED.name] = SCRIPTED
    try:
        yield
    finally:
        del connectors.find()[SCRIPTED.name]


class Company:
    """One customer: two entities, three accounts, two currencies, three payees, four people."""

    def __init__(self, *, quarantined: bool = False) -> None:
        self.tenant_id = _IDS.new()
        self.code = f"C{self.tenant_id.hex[-8:].upper()}"
        self.clock = SetClock()
        self.world = World(
            clock=self.clock, ids=_IDS, secrets=MemorySecrets(), calendar=HolidayCalendar()
        )
        context.install(self.world)
        self.bank = BANKS[self.code] = ScriptedBank()
        self.erp = BANKS[f"{self.code}-erp"] = ScriptedBank()
        both = frozenset({Role.MAKER, Role.APPROVER})
        self.maker = self._member("Mara Maker", both)
        self.ann = self._member("Ann Approver", frozenset({Role.APPROVER}))
        self.bob = self._member("Bob Approver", frozenset({Role.APPROVER}))
        self.cy = self._member("Cy Treasurer", frozenset({Role.TREASURER}))
        self.seed = int(self.tenant_id.hex[-7:], 16) % 10**6 * 1000
        self.accounts = {
            name: iban(self.seed + number, bank="MOCK")
            for number, name in enumerate(("DE-EUR", "DE-USD", "NL-EUR"), start=1)
        }
        self.payee_ids: dict[str, UUID] = {}
        self.payees = {f"V{n}": iban(self.seed + 100 + n) for n in range(1, 7)}
        self._create(quarantined)

    # Who acts.

    def acting(self, member: Member | None = None) -> Acting:
        member = member or self.maker
        actor = Actor(kind="person", id=member.id, name=member.name)
        return Acting(tenant_id=self.tenant_id, actor=actor, world=self.world)

    @property
    def job(self) -> Acting:
        return Acting(tenant_id=self.tenant_id, actor=context.JOB, world=self.world)

    def _member(self, name: str, roles: frozenset[Role]) -> Member:
        return Member(id=str(_IDS.new()), name=name, roles=roles)

    def gets_quiet(self) -> None:
        """Nothing more comes for a minute: what waits for that is done, as the tick has it done."""
        self.clock.advance(minutes=2)
        with transaction.atomic(using="ops"):
            leased = due.lease("account", self.clock.now(), timedelta(seconds=1), 100_000)
        for tenant_id, account_id in leased:
            if tenant_id == self.tenant_id:
                statement_gaps.attend(self.job, account_id)

    # What there is.

    def _create(self, quarantined: bool) -> None:
        partner_id = parties.create_partner(_IDS.new(), "Test partner")
        self.bank_id, self.erp_id = _IDS.new(), _IDS.new()
        parties.create_customer(self.tenant_id, partner_id, name=self.code, code=self.code)
        with tenant(self.tenant_id):
            if quarantined:
                self.quarantine(True)
            parties.create_connection(self.bank_id, "Bank", "scripted", {"name": self.code})
            erp = {"name": f"{self.code}-erp", "erp": True}
            parties.create_connection(self.erp_id, "ERP", "scripted", erp)
            entities = {code: self._entity(code) for code in ("DE", "NL")}
            for name, number in self.accounts.items():
                code, currency = name.split("-")
                parties.create_account(self._account(name, entities[code], number, currency))
            for number, account in self.payees.items():
                self.add_payee(number, account)
            for member in (self.maker, self.ann, self.bob, self.cy):
                self.employ(member)

    def employ(self, member: Member) -> None:
        """A person with a membership; nobody signs in here, so there is no password."""
        person_id = UUID(member.id)
        models.Person.objects.create(
            id=person_id, email=f"{person_id}@example.com", name=member.name, joined_at=FRIDAY
        )
        people.grant(_IDS.new(), person_id, member.roles)

    def _entity(self, code: str) -> str:
        entity_id = str(_IDS.new())
        parties.create_entity(
            LegalEntity(
                id=entity_id,
                code=code,
                name=f"{code} Müller GmbH",
                address=ADDRESS,
                functional_currency="EUR",
                receivables_account="1400",
            )
        )
        return entity_id

    def _account(self, name: str, entity_id: str, number: str, currency: str) -> Account:
        return Account(
            id=str(_IDS.new()), legal_entity_id=entity_id, connection_id=str(self.bank_id),
            name=name, iban=number, bic="MOCKNL2A", currency=currency,
            ledger_account=f"18{name[:2]}", clearing_account=f"19{name[:2]}",
        )  # fmt: skip

    def add_payee(self, number: str, account: str) -> UUID:
        payee_id = self.payee_ids[number] = _IDS.new()
        parties.add_payee(payee_id, number, f"Payee {number}")
        self.add_payee_account(payee_id, number, account, 1)
        return payee_id

    def add_payee_account(
        self, payee_id: UUID, number: str, account: str, version: int, by: UUID | None = None
    ) -> None:
        parties.add_payee_account(
            PayeeAccount(
                id=str(_IDS.new()), payee_id=str(payee_id), payee_number=number,
                payee_name=f"Payee {number}", version=version, iban=account, bic="FIKTNL2A",
                valid_from=FRIDAY - timedelta(days=100 if version == 1 else 2),
                changed_by="ERP user X", confirmed=version == 1,
            ),
            by,
        )  # fmt: skip

    def quarantine(self, on: bool) -> None:
        with tenant(self.tenant_id):
            models.Customer.objects.filter(id=self.tenant_id).update(quarantined=on)

    # Payments.

    def request(self, reference: str, minor: int = 100_00, **more: Any) -> PaymentRequest:
        payee = more.pop("payee", "V1")
        fields: dict[str, Any] = {
            "source_reference": reference,
            "entity_code": "DE",
            "amount": Money(minor, more.pop("currency", "EUR")),
            "payee_number": payee,
            "payee_name": f"Payee {payee}",
            "payee_address": ADDRESS,
            "creditor_iban": self.payees.get(payee, iban(self.seed + 999)),
            "requested_date": self.clock.now().date(),
            "invoices": (f"INV-{reference}",),
        }
        return PaymentRequest(**{**fields, **more})

    def ask(self, *requests: PaymentRequest, source: str = "test") -> list[UUID]:
        return payment_intake.create_payments(self.acting(), source, requests)

    def pay(self, count: int = 1, prefix: str = "P", **more: Any) -> list[UUID]:
        """Payments asked for, approved by two, put in files; not yet sent."""
        ids = self.ask(*(self.request(f"{prefix}{n}", 100_00 + n, **more) for n in range(count)))
        self.approve(ids)
        return ids

    def approve(self, ids: list[UUID]) -> None:
        for member in (self.ann, self.bob):
            approval.approve(self.acting(member), member, ids, self.seen(ids))

    def seen(self, ids: list[UUID]) -> str:
        return approval.selection_digest(
            {str(row.id): row.approval_digest for row in self.orders(ids)}
        )

    def release(self) -> list[UUID]:
        return release.release(self.job)

    def send(self, count: int = 1, prefix: str = "P", **more: Any) -> tuple[UUID, list[UUID]]:
        """Payments that have left in one file: the submission and the orders."""
        ids = self.pay(count, prefix, **more)
        (submission_id,) = self.release()
        dispatch.attend(self.job, submission_id)
        return submission_id, ids

    # What became of it.

    def orders(self, ids: list[UUID]) -> list[OrderRow]:
        with tenant(self.tenant_id):
            found = {row.id: row for row in orders.load(ids)}
        return [found[order_id] for order_id in ids]

    def states(self, ids: list[UUID]) -> list[OrderState]:
        return [row.state for row in self.orders(ids)]

    def attempts(self, ids: list[UUID]) -> list[str]:
        """The state of the newest attempt of each order."""
        with tenant(self.tenant_id):
            rows = models.Attempt.objects.filter(order_id__in=ids).order_by("id")
            found = {row.order_id: row.state for row in rows}
        return [found[order_id] for order_id in ids]

    def submission(self, submission_id: UUID) -> models.Submission:
        with tenant(self.tenant_id):
            return models.Submission.objects.get(id=submission_id)

    def cases(self) -> list[tuple[str, str]]:
        """Kind and sentence of every case, oldest first."""
        with tenant(self.tenant_id):
            rows = models.Case.objects.order_by("opened_at", "id")
            return [(row.kind, row.sentence) for row in rows]

    def events(self, kind: str) -> list[dict[str, Any]]:
        with tenant(self.tenant_id):
            rows = models.Event.objects.filter(type=kind).order_by("occurred_at", "id")
            return [row.data for row in rows]

    def evidence(self, name: str) -> list[bytes]:
        with tenant(self.tenant_id):
            rows = models.Evidence.objects.filter(name=name).order_by("id")
            return [evidence.read(row.id) for row in rows]

    # Files.

    def run_file(self, *rows: dict[str, str], trailer: str | None = None) -> bytes:
        """A payment run as the ERP exports it; each row is filled up with what is usual."""
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, delimiter=";", lineterminator="\n")
        writer.writeheader()
        filled = [self._row(number, row) for number, row in enumerate(rows, start=1)]
        writer.writerows(filled)
        sums: dict[str, int] = {}
        for row in filled:
            money = Money.parse(row["AMOUNT"], row["CURRENCY"])
            sums[money.currency] = sums.get(money.currency, 0) + money.minor
        told = ",".join(f"{c}={Money(minor, c).number()}" for c, minor in sums.items())
        return (text.getvalue() + (trailer or f"TRAILER;{len(filled)};{told}\n")).encode()

    def _row(self, number: int, row: dict[str, str]) -> dict[str, str]:
        vendor = row.get("VENDOR", f"V{number}")
        usual = {
            "RUN_ID": "R1", "ITEM": str(number), "COMPANY_CODE": "DE", "VENDOR": vendor,
            "VENDOR_NAME": f"Payee {vendor}", "STREET": "Kade", "HOUSE_NO": "1",
            "POSTAL_CODE": "1011", "CITY": "Utrecht", "COUNTRY": "NL",
            "IBAN": self.payees.get(vendor, iban(self.seed + 999)), "BIC": "FIKTNL2A",
            "AMOUNT": f"{100 + number}.00", "CURRENCY": "EUR", "PAYMENT_DATE": "2026-11-20",
            "INVOICES": f"INV-{number}", "REFERENCE": "", "APPROVED_BY": "ERP",
        }  # fmt: skip
        return {**usual, **row}

    def receive(self, content: bytes, name: str = "run.csv", source: str = "erp") -> RunReceipt:
        return payment_intake.receive_run(self.acting(), source, name, content, PROFILE)


_COLUMNS = (
    *("RUN_ID", "ITEM", "COMPANY_CODE", "VENDOR", "VENDOR_NAME", "STREET", "HOUSE_NO"),
    *("POSTAL_CODE", "CITY", "COUNTRY", "IBAN", "BIC", "AMOUNT", "CURRENCY", "PAYMENT_DATE"),
    *("INVOICES", "REFERENCE", "APPROVED_BY"),
)


class Pain001(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an ERP's own payment file."""

    end_to_end_id: str
    creditor_iban: str
    amount: str = "10.50"
    text: str = "Invoice 1"


def erp_pain_001(debit_iban: str, lines: list[Pain001], *, message_id: str = "ERP1") -> bytes:
    """An ERP's own pain.001.001.09, written by hand, with the batch id ERP-B whatever the file."""
    written = "".join(
        f"""<CdtTrfTxInf><PmtId><EndToEndId>{line.end_to_end_id}</EndToEndId></PmtId>
        <Amt><InstdAmt Ccy="EUR">{line.amount}</InstdAmt></Amt>
        <Cdtr><Nm>Café Müller</Nm><PstlAdr><TwnNm>Köln</TwnNm><Ctry>DE</Ctry></PstlAdr></Cdtr>
        <CdtrAcct><Id><IBAN>{line.creditor_iban}</IBAN></Id></CdtrAcct>
        <RmtInf><Ustrd>{line.text}</Ustrd></RmtInf></CdtTrfTxInf>"""
        for line in lines
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
    <GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-20T08:00:00</CreDtTm>
    <NbOfTxs>{len(lines)}</NbOfTxs><InitgPty><Nm>Us</Nm></InitgPty></GrpHdr>
    <PmtInf><PmtInfId>ERP-B</PmtInfId><PmtMtd>TRF</PmtMtd>
    <ReqdExctnDt><Dt>2026-11-20</Dt></ReqdExctnDt><Dbtr><Nm>Us</Nm></Dbtr>
    <DbtrAcct><Id><IBAN>{debit_iban}</IBAN></Id></DbtrAcct>
    <DbtrAgt><FinInstnId><BICFI>MOCKNL2A</BICFI></FinInstnId></DbtrAgt>
    {written}</PmtInf></CstmrCdtTrfInitn></Document>""".encode()


def day_of(clock: SetClock) -> date:
    return clock.now().date()


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text + "\n")
        file.flush()
