"""nostro between a real ERP and a bank, neither of them ours: from bill to posted statement.

The whole needs the seeded bed (see test_bed). The smoke form at the end needs only the bank: a
file of our own stands in for the ERP's.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.journal import (
    BusinessEvent,
    PostingAction,
    PostingOwner,
    PostingStyle,
    posting_rule,
)
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import PostalAddress
from nostro.domain.payment import (
    PaymentRequest,
)
from nostro.domain.payment_file import (
    Address,
    Agent,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.payment_file import BankAccount as FileAccount
from nostro.formats import Profile
from nostro.storage.tenancy import tenant
from nostro.workflows import payment_intake, posting
from nostro.workflows.context import job_for
from tests.tryton import seed
from tests.tryton.bank import Bank
from tests.tryton.bed import TrytonBed
from tests.tryton.figures import (
    AFTER_PAY,
    AFTER_SETTLING,
    AFTER_STATUS,
    BAD,
    BANK_DAY,
    DUE_UNTIL,
    GOOD,
    nothing_is_booked_twice,
    only_the_rejected_is_due,
)
from tests.tryton.loop import (
    bring_journals_back,
    bring_statement_back,
    bring_status_back,
    take_payment_file,
)
from tests.tryton.middle import Erp, Middle, own_id
from tests.tryton.rpc import BankAccount, Supplier, Tryton

BOOKS_STATEMENTS = {"posting": "statements_too"}
MOVES = ("order.moved", "attempt.moved", "submission.moved")
REASON = "Called the supplier on the number in the contract"

SENT = {
    "run.received",
    "order.received",
    "order.checked",
    "order.approval_given",
    "order.moved scheduled",
    "order.placed_in_file",
    "submission.built",
    "submission.moved delivered",
    "journal.written",
}
SETTLED = {
    "attempt.moved accepted",
    "statement.received",
    "transaction.matched",
    "order.moved settled",
}
REJECTED = {"attempt.moved rejected", "order.moved rejected"}


def of_tryton(tryton: Tryton) -> Erp:
    return Erp("tryton", tryton.own_account(), tryton.suppliers(), BOOKS_STATEMENTS)


def a_day_passes(middle: Middle, bank: Bank) -> None:
    bank.advance()
    middle.clock.at += timedelta(days=1)


# ---- The whole loop


def test_from_bill_to_posted_statement(
    bed: TrytonBed, bank: Bank, database: str, tmp_path: Path
) -> None:
    tryton = Tryton(bed.wire())
    middle = Middle(of_tryton(tryton), bank, tmp_path)
    payments = out_of_the_erp(bed, middle)
    assert {o.instruction.end_to_end_id for o in middle.orders()} == {str(p) for p in payments}
    assert middle.release_holds(REASON) == []
    to_the_bank_and_answered(middle, bank)
    status_comes_back(bed, middle)
    the_statement_settles(middle, bank)
    statement_comes_back(bed, middle, bank)
    journals_come_back(bed, middle)
    nothing_is_booked_twice(tryton, payments)
    the_story_is_whole(middle)


def test_an_id_in_use_and_a_supplier_we_do_not_know(
    bed: TrytonBed, bank: Bank, database: str, tmp_path: Path
) -> None:
    """Tryton's EndToEndIds are small numbers: another source has used "1" before."""
    tryton = Tryton(bed.wire())
    erp = of_tryton(tryton)
    known = [s for s in erp.suppliers if s.account.iban != seed.STAAL.iban]
    middle = Middle(Erp(erp.source, erp.own, known, erp.config), bank, tmp_path)
    used_before(middle, "1")
    payments = out_of_the_erp(bed, middle)
    (replaced,) = (o for o in middle.orders() if own_id(o) == "1")
    ours = replaced.instruction.end_to_end_id
    assert {"field": "end_to_end_id", "from": "1", "to": ours} in replaced.source_changes
    assert middle.release_holds(REASON) == ["payee_unknown"]
    to_the_bank_and_answered(middle, bank)
    status_comes_back(bed, middle)
    the_statement_settles(middle, bank)
    statement_comes_back(bed, middle, bank)
    nothing_is_booked_twice(tryton, payments)
    (held,) = (o for o in middle.orders() if o.instruction.creditor_iban == seed.STAAL.iban)
    (hold,) = middle.dossier(held).holds
    assert (hold.closed_by, hold.reason) == ("Anna First", REASON)


# ---- Its stations


def out_of_the_erp(bed: TrytonBed, middle: Middle) -> list[int]:
    """Tryton's own file is taken in, once."""
    tryton = Tryton(bed.wire())
    content, payments = take_payment_file(bed, due_until=DUE_UNTIL, day=BANK_DAY)
    assert tryton.balances() == AFTER_PAY
    receipt = middle.receive(content)
    assert [line.outcome for line in receipt.lines if line.order_id is None] == []
    assert sorted(middle.states()) == sorted(str(payment) for payment in payments)
    before = middle.snapshot()
    assert middle.receive(content).repeated
    assert middle.snapshot() == before
    return payments


def to_the_bank_and_answered(middle: Middle, bank: Bank) -> None:
    """Two people approve; our own file leaves; the bank takes two payments and refuses one."""
    assert middle.refuses_the_maker()
    assert middle.approve() == 3
    middle.work()
    (sent,) = middle.sent()
    assert b"pain.001.001.09" in sent
    asked = {o.instruction.end_to_end_id: o.instruction.amount.minor for o in middle.orders()}
    assert bank.asked_for() == asked
    assert bank.files_received() == 1
    assert middle.collect() > 0
    rejected = [o for o in middle.orders() if o.state is OrderState.REJECTED]
    assert [o.instruction.amount for o in rejected] == [Money.parse(str(BAD), "EUR")]
    assert sorted(middle.statuses().values()) == ["ACCP", "ACCP", "RJCT"]
    before = middle.snapshot()
    assert middle.collect() == 0
    assert middle.snapshot() == before


def status_comes_back(bed: TrytonBed, middle: Middle) -> None:
    tryton = Tryton(bed.wire())
    for _ in range(2):
        bring_status_back(bed, middle.statuses(), BANK_DAY)
        assert tryton.balances() == AFTER_STATUS
    assert tryton.balances(posted=True) == AFTER_PAY, "clearing is a draft until the statement"
    only_the_rejected_is_due(tryton)


def the_statement_settles(middle: Middle, bank: Bank) -> None:
    """Cash evidence: the statement closes, every line is ours, its payments are settled."""
    a_day_passes(middle, bank)
    assert middle.collect() > 0
    (statement,) = middle.statements()
    assert (statement.verdict, statement.entry_count, statement.unmatched) == ("closes", 2, 0)
    closing = seed.OPENING_BALANCE - GOOD
    assert statement.closing == Money.parse(str(closing), "EUR")
    assert bank.balance(middle.erp.own.iban) == closing
    assert sorted(middle.states().values()) == ["rejected", "settled", "settled"]
    before = middle.snapshot()
    assert middle.collect() == 0
    assert middle.understand_again() == "camt_053"
    assert middle.snapshot() == before


def statement_comes_back(bed: TrytonBed, middle: Middle, bank: Bank) -> None:
    """Tryton takes the bank's own bytes, as nostro has kept them."""
    tryton = Tryton(bed.wire())
    (statement,) = middle.statements()
    _, original = middle.original(statement)
    (at_the_bank,) = bank.collect("camt.053", middle.erp.own.iban)
    assert original.strip() == at_the_bank.strip()
    (imported,) = bring_statement_back(bed, original, middle.ids())
    assert bring_statement_back(bed, original, middle.ids()) == []
    assert tryton.statement_state(imported) == "posted"
    assert tryton.balances() == AFTER_SETTLING
    assert tryton.balances(posted=True) == AFTER_SETTLING, "no draft is left behind"


def journals_come_back(bed: TrytonBed, middle: Middle) -> None:
    """Tryton has booked its payments and its statement: it is told only of the rejection."""
    tryton = Tryton(bed.wire())
    file = middle.deliver_journals()
    assert [(j.event, j.action) for j in file] == [
        (BusinessEvent.PAYMENT_REJECTED, PostingAction.RESET_AND_REVERSE)
    ]
    for _ in range(2):
        assert bring_journals_back(bed, file, middle.ids()) == 0, "the status had done it"
        assert tryton.balances(posted=True) == AFTER_SETTLING
    before = middle.snapshot()
    assert middle.deliver_journals() == []
    assert middle.snapshot() == before


def the_story_is_whole(middle: Middle) -> None:
    for order in middle.orders():
        (journal,) = middle.journals_of(order)
        settled = order.state is OrderState.SETTLED
        left_alone = (journal.owner, journal.action) == (PostingOwner.ERP, PostingAction.NONE)
        assert left_alone is settled
        events = [line.event for line in middle.trace(order)]
        told = {f"{e.type} {e.data.get('state_after', '')}".strip() for e in events}
        wanted = SENT | (SETTLED if settled else REJECTED)
        assert wanted - {t if t.startswith(MOVES) else t.split()[0] for t in told} == set()
        approvers = {e.actor.name for e in events if e.type == "order.approval_given"}
        assert approvers == {"Anna First", "Theo Second"}
    found = middle.audit()
    assert found.whole, found.why
    assert found.unsealed == 0


def used_before(middle: Middle, end_to_end_id: str) -> None:
    """A payment of another system, made before nostro came, under that id."""
    supplier = middle.erp.suppliers[0]
    earlier = PaymentRequest(
        source_reference="OLD-1",
        entity_code="ALBA",
        amount=Money.parse("12.00", "EUR"),
        payee_number=supplier.number,
        payee_name=supplier.account.name,
        payee_address=PostalAddress(town="Town", country="FR"),
        creditor_iban=supplier.account.iban,
        requested_date=BANK_DAY - timedelta(days=30),
        invoices=("OLD-1",),
        end_to_end_id=end_to_end_id,
    )
    payment_intake.import_history(job_for(middle.tenant_id), "payroll", [earlier])


# ---- Smoke form: no Tryton, a file of our own in its place


def our_own_file() -> bytes:
    """What Tryton's file says, written by our writer: ids, payees and amounts of the seed."""
    due = [bill for bill in seed.BILLS if bill.day + timedelta(days=30) <= DUE_UNTIL]
    told = [
        Payment(
            end_to_end_id=str(number), amount=Money.parse(str(bill.amount), "EUR"),
            counterparty=Party(
                name=bill.supplier.name,
                address=Address(town="Town", country=bill.supplier.country),
            ),
            counterparty_account=FileAccount(iban=bill.supplier.iban),
            counterparty_agent=Agent(bic=bill.supplier.bic), remittance=(bill.reference,),
        )
        for number, bill in enumerate(due, start=1)
    ]  # fmt: skip
    own = Party(name=seed.COMPANY, address=Address(town="Town", country="DE"))
    batch = PaymentBatch(
        batch_id="OURS-1", method=Method.TRANSFER, requested_date=BANK_DAY, own=own,
        own_account=FileAccount(iban=seed.OWN_IBAN), own_agent=Agent(bic=seed.OWN_BIC),
        service_level="SEPA", charge_bearer="SLEV", payments=tuple(told),
    )  # fmt: skip
    file = PaymentFile(
        message_id="OURS", created_at="2026-09-30T09:00:00", initiator=Party(name=seed.COMPANY),
        batches=(batch,),
    )  # fmt: skip
    profile = Profile(options={"version": "pain.001.001.03"})
    return formats.writer(formats.find()["pain_001"])(file, profile)


def stand_in(config: dict[str, str]) -> Erp:
    def account(partner: seed.Partner) -> BankAccount:
        return BankAccount(partner.name, partner.iban, partner.bic)

    own = BankAccount(seed.COMPANY, seed.OWN_IBAN, seed.OWN_BIC)
    suppliers = [Supplier(str(n), account(p)) for n, p in enumerate(seed.SUPPLIERS, start=1)]
    return Erp("tryton", own, suppliers, config)


BOOK = (BusinessEvent.PAYMENT_SETTLED, PostingAction.POST)
RESET = (BusinessEvent.PAYMENT_REJECTED, PostingAction.RESET_AND_REVERSE)


@pytest.mark.parametrize(
    ("config", "posted"),
    [
        ({}, [RESET, BOOK, BOOK]),
        ({"posting": "payment_run_only"}, [RESET, BOOK, BOOK]),
        ({"posting": "statements_too"}, [RESET]),
        ({"posting": "statements_too", "source": "tryton"}, [RESET]),
        ({"posting": "statements_too", "source": "another"}, [RESET, BOOK, BOOK]),
    ],
    ids=lambda given: "-".join(given.values()) or "nothing said" if isinstance(given, dict) else "",
)
def test_what_the_erp_books_by_itself_is_not_sent_to_it(
    config: dict[str, str],
    posted: list[tuple[BusinessEvent, PostingAction]],
    bank: Bank,
    database: str,
    tmp_path: Path,
) -> None:
    middle = Middle(stand_in(config), bank, tmp_path)
    middle.receive(our_own_file())
    to_the_bank_and_answered(middle, bank)
    the_statement_settles(middle, bank)
    file = middle.deliver_journals()
    assert sorted((j.event, j.action) for j in file) == posted
    written = [j for order in middle.orders() for j in middle.journals_of(order)]
    assert len(written) == 3, "what the ERP books by itself is still expected of it"
    assert middle.audit().whole


def test_an_unclear_posting_style_stops_before_anything_is_booked(
    bank: Bank, database: str, tmp_path: Path
) -> None:
    middle = Middle(stand_in({"posting": "everything"}), bank, tmp_path)
    with tenant(middle.tenant_id), pytest.raises(Invalid, match="everything"):
        posting.post_settled(job_for(middle.tenant_id), [])


@pytest.mark.parametrize("style", PostingStyle)
def test_every_event_has_a_rule_in_every_style(style: PostingStyle) -> None:
    rules = {event: posting_rule(event, "tryton", {"": style}) for event in BusinessEvent}
    assert rules[BusinessEvent.PAYMENT_REJECTED].action is PostingAction.RESET_AND_REVERSE
    for rule in rules.values():
        assert rule.owner is PostingOwner.ERP or rule.action is not PostingAction.NONE
    ours = {event for event, rule in rules.items() if rule.owner is PostingOwner.NOSTRO}
    assert bool(ours) is (style is PostingStyle.PAYMENT_RUN_ONLY)
