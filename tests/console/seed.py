"""A Monday morning at Vesterholt, made by the product's own workflows: something in every state.

The payment run of Friday was checked and partly approved. One file was booked, one was answered,
of one we do not know whether the bank has it. Nothing outside this process is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from nostro.app import world
from nostro.cli import demo_company, demo_data
from nostro.cli.demo_company import Company
from nostro.domain.bank_status import StatusReport, TransactionStatus
from nostro.domain.case import CaseKind
from nostro.domain.credit_note import NewCreditNote
from nostro.domain.errors import InDoubt
from nostro.domain.money import Money
from nostro.domain.operator_evidence import EvidenceKind
from nostro.domain.order import OrderState
from nostro.domain.party import Account, Member
from nostro.domain.payment import PaymentRequest, Urgency, Wishes
from nostro.domain.problem import Location
from nostro.domain.statement import (
    Balance,
    Entry,
    ReportKind,
    Statement,
    TransactionDetail,
)
from nostro.domain.submission import SubmissionMove
from nostro.formats import Profile
from nostro.ops import sealing
from nostro.ops.clock import ShiftedClock
from nostro.ops.demo_bank import DemoBank
from nostro.storage import (
    cases,
    evidence,
    open_item_listing,
    orders,
    parties,
    payee_changes,
    submissions,
    tracing,
)
from nostro.storage.cases import NewCase
from nostro.storage.open_item_listing import ItemsWanted
from nostro.storage.orders import OrderRow
from nostro.storage.payee_changes import NewChange
from nostro.storage.submissions import NewFact, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    approval,
    case_work,
    credit_notes,
    operator_evidence,
    payment_intake,
    receivables,
    release,
    statement_ingestion,
)
from nostro.workflows.context import Acting, job_for
from nostro.workflows.enquiry import RING_THE_BANK
from nostro.workflows.intraday_reports import take_report
from nostro.workflows.moves import move_submission
from nostro.workflows.status_reports import apply_status_report

FRIDAY = date(2026, 11, 20)
FRIDAY_NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
MONDAY = datetime.fromisoformat("2026-11-23T07:46:00+00:00")


class Vesterholt(msgspec.Struct, frozen=True, kw_only=True):
    """The customer of these tests, and where its interesting rows are."""

    tenant_id: UUID
    company: Company
    password: str
    order_ids: dict[str, UUID]  # By what is interesting about them.
    statement_ids: dict[str, UUID]
    file_ids: dict[str, UUID]  # By the account that they leave from.
    change_id: UUID  # The bank corrects an account; nobody has decided on it.

    def email(self, name: str) -> str:
        (found,) = (person.email for person in self.company.data.people if person.name == name)
        return found

    @property
    def maker(self) -> Member:
        return self.company.maker

    @property
    def first(self) -> Member:
        return self.company.approvers[0]

    @property
    def second(self) -> Member:
        return self.company.approvers[1]


def vesterholt(home: Path) -> Vesterholt:
    """Make all of it in the database of this module. The world must have the demo's clock."""
    data = demo_data.master_data()
    set_clock(data.starts_at)
    bank = DemoBank(home, start_at=data.starts_at, password="not started")
    bank.base_url = "http://127.0.0.1:9"
    company = demo_company.set_up(world(), bank, data)
    run = _receive(company)
    own = _made_by_an_approver(company)
    _approve(company)
    sent = _send(company)
    _answer(company, sent)
    set_clock(MONDAY)
    made = _statements(company, sent)
    _announced(company)
    _doubt(company, sent["Werke US dollar account"])
    change_id = _correct(company, sent["Werke US dollar account"])
    order_ids = _interesting(company, run, own)
    _owed(company, order_ids["waiting"])
    sealing.seal_all(world().clock.now())
    return Vesterholt(
        tenant_id=company.tenant_id,
        company=company,
        password=demo_company.password(),
        order_ids=order_ids,
        statement_ids=made,
        file_ids=sent,
        change_id=change_id,
    )


def set_clock(now: datetime) -> None:
    clock = world().clock
    assert isinstance(clock, ShiftedClock), "run inside the fixture `monday`"
    clock.set(now)


def person(company: Company, member: Member) -> Acting:
    return company.acting(world(), member.name)


def _receive(company: Company) -> UUID:
    acting, data = person(company, company.maker), company.data
    receipt = payment_intake.receive_run(
        acting, "erp", data.payment_run.file, demo_data.read(data.payment_run.file),
        Profile(name="vesterholt_ap"),
    )  # fmt: skip
    receivables.receive_open_items(
        acting, data.open_items.file, demo_data.read(data.open_items.file),
        Profile(name="vesterholt_ar"),
    )  # fmt: skip
    return receipt.run_id


def _made_by_an_approver(company: Company) -> UUID:
    """A payment that the first approver asked for himself: he must not be able to approve it."""
    acting = person(company, company.approvers[0])
    with tenant(company.tenant_id):
        like = orders.in_state(OrderState.AWAITING_APPROVAL)[-1]
    request = PaymentRequest(
        source_reference="CONSOLE-1",
        entity_code="1000",
        amount=Money(12_450_00, "EUR"),
        payee_number=like.payee_number,
        payee_name=like.instruction.creditor_name,
        payee_address=like.instruction.creditor_address,
        creditor_iban=like.instruction.creditor_iban,
        creditor_bic=like.instruction.creditor_bic,
        requested_date=MONDAY.date(),
        invoices=("ADV-2026-77",),
        remittance="Advance for tooling",
        wishes=Wishes(urgency=Urgency.URGENT, purpose="SUPP", category_purpose="SUPP"),
    )
    (order_id,) = payment_intake.create_payments(acting, "manual", [request])
    return order_id


def _approve(company: Company) -> None:
    with tenant(company.tenant_id):
        rows = orders.in_state(OrderState.AWAITING_APPROVAL)
    closed = {account.iban for account in company.data.closed_accounts}
    of_run = [row for row in rows if row.source == "erp"]
    open_ended = [row for row in of_run if row.instruction.creditor_iban not in closed]
    for_two, for_one = open_ended[3::8], open_ended[7::8]
    first, second = company.approvers[:2]
    _agree(company, first, [row for row in of_run if row not in for_two])
    _agree(company, second, [row for row in of_run if row not in (*for_two, *for_one)])


def _agree(company: Company, member: Member, rows: Sequence[OrderRow]) -> None:
    seen = approval.selection_digest({str(row.id): row.approval_digest for row in rows})
    approval.approve(person(company, member), member, [row.id for row in rows], seen)


def _send(company: Company) -> dict[str, UUID]:
    """The files of the three accounts on their way; of the dollar file the outcome is unknown."""
    acting = job_for(company.tenant_id)
    release.release(acting)
    by_account = {}
    with tenant(company.tenant_id):
        names = {account.id: account.name for account in parties.accounts()}
        for sent in tracing.submissions_of("payments"):
            row = submissions.lock(sent.id)
            assert row is not None
            name = names[str(row.account_id)]
            by_account[name] = row.id
            move_submission(acting, row, SubmissionMove.DISPATCH)
            row = submissions.lock(sent.id)
            assert row is not None
            if "dollar" in name:
                lost = InDoubt("connection_lost", "The connection was lost while sending.")
                move_submission(
                    acting, row, SubmissionMove.LOSE_TRACK, reason=lost.code, text=lost.happened
                )
                submissions.update(
                    row.id, enquiries=3, next_action_at=MONDAY + timedelta(minutes=14)
                )
            else:
                move_submission(acting, row, SubmissionMove.DELIVER)
    return by_account


def _answer(company: Company, sent: dict[str, UUID]) -> None:
    """pain.002 of two files: accepted, but for the payment to a closed account."""
    acting = job_for(company.tenant_id)
    closed = {account.iban for account in company.data.closed_accounts}
    for name in ("Werke operating account", "Nederland operating account"):
        with tenant(company.tenant_id):
            row = submissions.lock(sent[name])
            assert row is not None
            inside = submissions.attempts_by_end_to_end_id(row.id)
            ids = {attempt.order_id for attempt in inside.values()}
            payees = {order.id: order.instruction.creditor_iban for order in orders.load(ids)}
            kept = _keep(acting, f"pain.002 for {row.message_id}".encode(), "pain002.xml")
        report = StatusReport(
            message_id=f"ANSWER-{row.message_id}",
            created_at="2026-11-20T08:05:00",
            original_message_id=row.message_id,
            group_status="PART",
            group_reason="",
            group_reason_text="",
            batches=(),
            transactions=tuple(
                TransactionStatus(
                    original_end_to_end_id=key,
                    original_payment_information_id=attempt.payment_information_id,
                    original_instruction_id="",
                    original_uetr=str(attempt.uetr),
                    status="RJCT" if payees[attempt.order_id] in closed else "ACSP",
                    reason="AC04" if payees[attempt.order_id] in closed else "",
                    reason_text="account closed" if payees[attempt.order_id] in closed else "",
                )
                for key, attempt in inside.items()
            ),
        )
        apply_status_report(acting, row.connection_id, kept, report)


def _doubt(company: Company, submission_id: UUID) -> None:
    """Of the dollar file people know more: a case is open, and somebody rang the bank."""
    with tenant(company.tenant_id):
        row = submissions.lock(submission_id)
        assert row is not None
        case = NewCase(
            id=world().ids.new(), kind=CaseKind.ENQUIRY, natural_key=str(row.id),
            sentence=f"The outcome of file {row.message_id} is still unknown.",
            can_do=RING_THE_BANK, due_at=MONDAY - timedelta(minutes=42), submission_id=row.id,
        )  # fmt: skip
        cases.open_all([case], FRIDAY_NOON)
    member = company.approvers[0]
    told = operator_evidence.Told(
        kind=EvidenceKind.BANK_NEVER_HAD_IT, submission_id=submission_id,
        told_by="Ms Ortega, payments desk", text="No file of that message id arrived on Friday.",
    )  # fmt: skip
    operator_evidence.state(person(company, member), member, told)


def _correct(company: Company, submission_id: UUID) -> UUID:
    """The bank corrects the account of a payee in dollars, after a payment that it did execute."""
    acting = job_for(company.tenant_id)
    with tenant(company.tenant_id):
        inside = submissions.attempts_by_end_to_end_id(submission_id)
        attempt = min(inside.values(), key=lambda one: one.end_to_end_id)
        (order,) = orders.load([attempt.order_id])
        payee = parties.current_payee_accounts([order.payee_number])[order.payee_number]
        case = case_work.new_case(
            acting, CaseKind.CORRECTION, "noc/seed",
            f"The bank corrects the details of payee {order.payee_number} (C01: 1918 1716), after"
            f" payment {order.number}. Nothing more is paid to this payee until it is decided.",
            "Check it with the payee, then accept or refuse the proposed change.",
            order_id=order.id, attempt_id=attempt.id, submission_id=submission_id, reason="C01",
        )  # fmt: skip
        case_work.open_cases(acting, [case])
        kept = _keep(acting, b"a file of notifications of change", "noc_20261123.ach")
        (row,) = submissions.load([submission_id])
        submissions.insert_facts([_noc(attempt.id, row, kept)], MONDAY)
        before = {"account": "24681357", "bank_code": "091000019", "iban": payee.iban}
        change = NewChange(
            id=world().ids.new(), payee_id=UUID(payee.payee_id), origin="nacha_noc",
            before=before, after=before | {"account": "19181716"}, code="C01", text="1918 1716",
            case_id=case.id, proposed_by=acting.actor.id, natural_key="noc/seed",
        )  # fmt: skip
        payee_changes.propose(change, MONDAY - timedelta(hours=2))
    return change.id


def _owed(company: Company, order_id: UUID) -> None:
    """A credit note of the supplier of an open payment, and one that nothing stands against."""
    with tenant(company.tenant_id):
        (row,) = orders.load([order_id])
        codes = {UUID(one.id): one.code for one in parties.entities()}
    told = row.instruction.amount
    owed = (("CN-101", told.minor // 4, told.currency), ("CN-202", 50_00, "NOK"))
    notes = [
        NewCreditNote(
            reference=reference,
            document=f"Credit {reference[-3:]}",
            entity_code=codes[row.entity_id],
            payee_number=row.payee_number,
            amount=Money(minor, currency),
            issued_on=FRIDAY,
        )
        for reference, minor, currency in owed
    ]
    credit_notes.give(person(company, company.maker), company.maker, "erp", notes)


def _noc(attempt_id: UUID, row: SubmissionRow, kept: UUID) -> NewFact:
    return NewFact(
        id=world().ids.new(), connection_id=row.connection_id, evidence_id=kept,
        identity="nacha|seed", message_id="1", original_message_id=row.message_id,
        end_to_end_id="", status="C01", reason="C01", reason_text="1918 1716",
        attempt_id=attempt_id, submission_id=row.id, verdict="kept", kind="nacha_correction",
    )  # fmt: skip


def _keep(acting: Acting, content: bytes, name: str) -> UUID:
    return evidence.keep(
        acting.world.ids.new(), content, name=name, media_type="application/xml",
        direction="in", now=acting.world.clock.now(),
    )  # fmt: skip


def _statements(company: Company, sent: dict[str, UUID]) -> dict[str, UUID]:
    """Friday's statements: one closes, one does not; the dollar account's is a day older."""
    with tenant(company.tenant_id):
        accounts = {account.name: account for account in parties.accounts()}
    werke = accounts["Werke operating account"]
    bank_ids = {account.iban: account.bank_id for account in company.data.accounts}
    receipts = [
        _receipt(number, receipt.money(), receipt.debtor_name, receipt.debtor_iban, receipt.note)
        for number, receipt in enumerate(company.data.receipts, 500)
        if receipt.bank_id == bank_ids[werke.iban]
    ]
    nederland = accounts["Nederland operating account"]
    return {
        "closes": _ingest(
            company, werke, [*_debits(company, sent[werke.name]), *receipts], FRIDAY, 0
        ),
        "does_not_close": _ingest(
            company, nederland, _debits(company, sent[nederland.name])[:4], FRIDAY, -125_000
        ),
        "older": _ingest(
            company, accounts["Werke US dollar account"], [], FRIDAY - timedelta(days=1), 0
        ),
    }


def _announced(company: Company) -> None:
    """What Monday's report of the day tells of Friday's account."""
    with tenant(company.tenant_id):
        werke = next(one for one in parties.accounts() if one.name == "Werke operating account")
        owed = open_item_listing.items(ItemsWanted(currency="EUR")).rows[0]
    told = [
        _receipt(901, owed.open_amount, owed.customer_name, owed.payer_iban, owed.document),
        _entry(902, Money(-84_20, "EUR"), TransactionDetail(
            amount=None, counterparty_name="Card purchase", remittance=("Kantine Hamburg",)
        )),
    ]  # fmt: skip
    card = msgspec.structs.replace(told[1], status="PDNG", booked=None, value=MONDAY.date())
    today = msgspec.structs.replace(told[0], booked=MONDAY.date(), value=MONDAY.date())
    report = Statement(
        statement_id="C052-1", account=werke.iban, currency="EUR", kind=ReportKind.INTRADAY,
        sequence=None, created_at=MONDAY, from_day=None, to_day=None, entries=(today, card),
        balances=(Balance(code="ITBD", amount=Money(1_512_345_67, "EUR"), day=MONDAY.date()),),
        problems=(),
    )  # fmt: skip
    acting = job_for(company.tenant_id)
    with tenant(company.tenant_id):
        kept = _keep(acting, b"<Document/>", "camt.052-monday.xml")
    take_report(acting, UUID(werke.connection_id), kept, report)


def _debits(company: Company, submission_id: UUID) -> list[Entry]:
    """One booking for each payment of a file that the bank did not reject."""
    with tenant(company.tenant_id):
        inside = submissions.attempts_by_end_to_end_id(submission_id)
        rows = {row.id: row for row in orders.load({a.order_id for a in inside.values()})}
    alive = [a for a in inside.values() if rows[a.order_id].state is OrderState.IN_FLIGHT]
    return [
        _entry(
            number,
            -rows[attempt.order_id].instruction.amount,
            TransactionDetail(
                amount=-rows[attempt.order_id].instruction.amount,
                end_to_end_id=attempt.end_to_end_id,
                payment_information_id=attempt.payment_information_id,
                counterparty_name=rows[attempt.order_id].instruction.creditor_name,
                counterparty_iban=rows[attempt.order_id].instruction.creditor_iban,
                remittance=(rows[attempt.order_id].instruction.remittance,),
            ),
        )
        for number, attempt in enumerate(sorted(alive, key=lambda a: a.end_to_end_id), 1)
    ]


def _receipt(number: int, amount: Money, name: str, iban: str, note: str) -> Entry:
    told = TransactionDetail(
        amount=amount, counterparty_name=name, counterparty_iban=iban, remittance=(note,)
    )
    return _entry(number, amount, told)


def _entry(number: int, amount: Money, told: TransactionDetail) -> Entry:
    return Entry(
        amount=amount, status="BOOK", booked=FRIDAY, value=FRIDAY,
        bank_reference=f"MB{20261120:08}{number:04}", entry_reference=str(number),
        transaction_code="PMNT-ICDT-ESCT" if amount.minor < 0 else "PMNT-RCDT-ESCT",
        proprietary_code="", reversal=False, text="", details=(told,),
        location=Location(line=10 + number * 20),
    )  # fmt: skip


def _ingest(
    company: Company, account: Account, entries: Sequence[Entry], day: date, off_by: int
) -> UUID:
    (held,) = (row for row in company.data.accounts if row.iban == account.iban)
    opening = held.opening()
    closing = Money(
        opening.minor + sum(entry.amount.minor for entry in entries) + off_by, account.currency
    )
    told = Statement(
        statement_id=f"C053-{held.bank_id}-{day:%y%m%d}",
        account=account.iban,
        currency=account.currency,
        kind=ReportKind.PREVIOUS_DAY,
        sequence=224,
        created_at=MONDAY,
        from_day=day,
        to_day=day,
        balances=(
            Balance(code="OPBD", amount=opening, day=day),
            Balance(code="CLBD", amount=closing, day=day),
        ),
        entries=tuple(entries),
        problems=(),
        location=Location(),
    )
    acting = job_for(company.tenant_id)
    with tenant(company.tenant_id):
        content = f"<Document>camt.053 of {account.iban}, {day}</Document>".encode()
        kept = _keep(acting, content, f"camt053_{held.bank_id}_{day}.xml")
    made = statement_ingestion.ingest(acting, kept, told)
    assert made.statement_id is not None
    return made.statement_id


def _interesting(company: Company, run_id: UUID, own: UUID) -> dict[str, UUID]:
    """One order of each kind that a page must show well."""
    found = {"own": own}
    with tenant(company.tenant_id):
        for name, state in (
            ("held", OrderState.HELD),
            ("waiting", OrderState.AWAITING_APPROVAL),
            ("rejected", OrderState.REJECTED),
        ):
            found[name] = orders.in_state(state)[0].id
        (found["duplicate"],) = (
            row.id
            for row in orders.in_state(OrderState.HELD)
            if tracing.open_holds(row.id)[0].code == "duplicate_suspected"
        )
        found["settled"] = orders.in_state(OrderState.SETTLED, run_id)[0].id
        flying = orders.in_state(OrderState.IN_FLIGHT)
        found["unknown"] = next(r.id for r in flying if r.instruction.amount.currency == "USD")
    return found
