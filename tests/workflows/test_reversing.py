"""Reversals: two people, one entry in the other direction, its window, its answers, its money."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from nostro import formats
from nostro.domain.errors import InDoubt, Refused, Unavailable
from nostro.domain.money import Money
from nostro.domain.party import Member
from nostro.domain.payment_file import (
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.policies.recall import RecallReason
from nostro.domain.policies.reversal import ReversalReason
from nostro.formats import Profile
from nostro.storage import due, evidence, models
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling, case_terms, case_work, dispatch, reversing
from nostro.workflows.cancelling import Wish
from nostro.workflows.tick import LEASE
from tests.workflows.bank_words import pain_002
from tests.workflows.company import Company
from tests.workflows.test_ach_answers import ODFI, Ach, ach_file

BANK = "091000019"


class Sent(Ach):
    """Dollar payments whose frozen file is an ACH file, as the bank got it."""

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        days = self.attempt(0).execution_date
        file = PaymentFile(
            message_id="REF00001",
            created_at="2026-11-20T09:00",
            initiator=Party(name="VESTERHOLT", identifier="1234567890", scheme="CUST"),
            forwarding_agent=Agent(clearing_system="USABA", member_id=BANK, name="GREAT LAKES"),
            batches=(
                PaymentBatch(
                    batch_id="0000001",
                    method=Method.TRANSFER,
                    requested_date=days,
                    own=Party(name="VESTERHOLT INC", identifier="1234567890", scheme="CUST"),
                    own_agent=Agent(clearing_system="USABA", member_id=ODFI),
                    local_instrument="CCD",
                    entry_description="PAYMENTS",
                    service_class="220",
                    payments=tuple(map(self._entry, range(2))),
                ),
            ),
        )
        content = formats.writer(formats.find()["nacha"])(file, Profile())
        with tenant(company.tenant_id):
            kept = evidence.keep(
                company.world.ids.new(), content, name="out.ach", media_type="text/plain",
                direction="out", now=company.clock.now(),
            )  # fmt: skip
            models.Submission.objects.filter(id=self.submission_id).update(evidence_id=kept)

    def _entry(self, number: int) -> Payment:
        return Payment(
            end_to_end_id=f"INV-{number}",
            amount=Money(self.amounts[number], "USD"),
            counterparty=Party(name="DORA EXAMPLE"),
            counterparty_account=BankAccount(number="24681357", kind="CACC"),
            counterparty_agent=Agent(clearing_system="USABA", member_id=BANK),
            rail_reference=self.traces[number],
            transaction_code="22",
        )

    def ask(self, member: Member | None = None, number: int = 0) -> UUID:
        who = member or self.company.maker
        return reversing.ask(
            self.company.acting(who),
            who,
            self.ids[number],
            ReversalReason.DUPLICATE,
            "paid in the old system too",
        )

    def confirm(self, case_id: UUID, member: Member | None = None) -> UUID:
        who = member or self.company.ann
        return reversing.confirm(self.company.acting(who), who, case_id)

    def leaves(self) -> tuple[UUID, UUID]:
        """A reversal that the bank has: its case and its file."""
        case_id = self.ask()
        file_id = self.confirm(case_id)
        dispatch.attend(self.company.job, file_id)
        return case_id, file_id

    def told(self) -> list[tuple[str, str]]:
        with tenant(self.company.tenant_id):
            rows = models.Case.objects.filter(kind="reversal").order_by("opened_at", "id")
            return [(row.stage, row.state) for row in rows]

    def attend(self, case_id: UUID) -> None:
        case_terms.attend(self.company.job, case_id)


@pytest.fixture
def sent(company: Company) -> Sent:
    return Sent(company)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def read(content: bytes) -> PaymentFile:
    form = formats.identify(content)
    (file,) = formats.documents(form, io.BytesIO(content), Profile())
    assert isinstance(file, PaymentFile)
    return file


def test_two_people_and_the_same_entry_leaves_once_the_other_way(sent: Sent) -> None:
    company, before = sent.company, len(sent.company.bank.received)
    case_id = sent.ask()
    assert len(company.bank.received) == before, "one person sends nothing"
    assert refusal(lambda: sent.confirm(case_id, company.maker)) == "own_reversal"
    file_id = sent.confirm(case_id)
    assert refusal(lambda: sent.confirm(case_id, company.bob)) == "reversal_decided"
    for _ in range(3):
        dispatch.attend(company.job, file_id)
    (left,) = company.bank.received[before:]
    (batch,) = read(left.content).batches
    (entry,) = batch.payments
    assert (batch.entry_description, batch.service_class) == ("REVERSAL", "225")
    assert (batch.own.identifier, batch.local_instrument) == ("1234567890", "CCD")
    assert (entry.transaction_code, entry.amount) == ("27", Money(sent.amounts[0], "USD"))
    assert entry.counterparty_account.number == "24681357"
    assert entry.end_to_end_id == "INV-0"
    assert entry.rail_reference.startswith(ODFI)
    assert entry.rail_reference not in sent.traces
    assert sent.told() == [("sent", "waiting")]
    assert sent.states == ["in_flight"] * 2, "a request is no result"


def test_its_money_gives_back_the_payment_and_ends_the_case(sent: Sent) -> None:
    company = sent.company
    with tenant(company.tenant_id):
        models.Rate.objects.create(
            id=company.world.ids.new(), tenant_id=company.tenant_id, source="t",
            base="USD", quote="EUR", day=date(2026, 11, 19), rate="0.9",
        )  # fmt: skip
    case_id, _ = sent.leaves()
    booked = sent.camt("053", sent.debit(0), sent.back(0, reason=""))
    marked = booked.replace(
        b"CRDT</CdtDbtInd><Sts>", b"CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>"
    )
    assert marked != booked
    sent.hears(marked)
    assert sent.states == ["returned", "in_flight"]
    assert sent.told() == [("booked", "resolved")]
    assert sent.case("return").parent_id == case_id
    events = [event for event, _, _ in sent.journals()]
    assert events == ["payment_returned", "payment_settled", "return_booked"]


def test_an_entry_is_undone_once(sent: Sent) -> None:
    case_id, _ = sent.leaves()
    assert refusal(sent.ask) == "reversal_not_possible"
    case_work.resolve(sent.company.acting(sent.company.cy), sent.company.cy, case_id, "closed")
    assert refusal(sent.ask) == "reversal_not_possible", "also when its case is closed"


def test_after_the_bank_refused_it_there_may_be_another(sent: Sent) -> None:
    case_id, file_id = sent.leaves()
    message_id = sent.company.submission(file_id).message_id
    sent.hears(pain_002(message_id, group="RJCT", group_reason="AM09"))
    assert sent.company.submission(file_id).state == "refused"
    assert sent.told() == [("refused", "open")]
    case_work.resolve(sent.company.acting(sent.company.cy), sent.company.cy, case_id, "again")
    assert sent.confirm(sent.ask()) != file_id


def test_the_returned_entry_of_a_reversal_is_no_return_of_the_payment(sent: Sent) -> None:
    case_id, _ = sent.leaves()
    with tenant(sent.company.tenant_id):
        trace = models.Case.objects.get(id=case_id).details["trace"]
    told = sent.returned(0, "R09", "UNCOLLECTED").replace(sent.traces[0], trace)
    for _ in range(2):
        sent.hears(ach_file(told))
    assert sent.attempts == ["delivered"] * 2
    assert sent.kinds() == ["reversal"]
    assert sent.told() == [("refused", "open")]


def test_the_payment_is_held_before_the_case_of_its_reversal_is_touched(sent: Sent) -> None:
    """So that nobody confirms, asks or books about the payment meanwhile, nor waits in a ring."""
    case_id, _ = sent.leaves()
    with tenant(sent.company.tenant_id):
        trace = models.Case.objects.get(id=case_id).details["trace"]
    locked: list[tuple[str, str]] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, *more: Any) -> Any:
        if found := re.search(r'FROM "(\w+)".*FOR NO KEY UPDATE', str(sql)):
            locked.append((found[1], str(params)))
        return execute(sql, params, *more)

    told = sent.returned(0, "R09").replace(sent.traces[0], trace)
    with connections["default"].execute_wrapper(watch):
        sent.hears(ach_file(told))
    tables = [table for table, _ in locked]
    of_case = tables.index("case_file")
    assert {"submission", "payment_order"} <= set(tables[:of_case])
    held = next(params for table, params in locked if table == "payment_order")
    assert sent.ids[0].hex in held.replace("-", "")


def test_in_doubt_it_is_asked_about_and_not_sent_again(sent: Sent) -> None:
    company = sent.company
    case_id = sent.ask()
    file_id = sent.confirm(case_id)
    before = len(company.bank.received)
    company.bank.outcomes = [InDoubt("cut", "Lost.")]
    company.bank.answers = [None, True]
    for _ in range(3):
        dispatch.attend(company.job, file_id)
        company.clock.advance(minutes=1)
    assert len(company.bank.received) == before + 1
    assert company.submission(file_id).state == "delivered"
    assert sent.told() == [("sent", "waiting")]


def test_what_has_not_left_in_its_window_never_leaves(sent: Sent) -> None:
    company = sent.company
    case_id = sent.ask()
    file_id = sent.confirm(case_id)
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    dispatch.attend(company.job, file_id)
    before = len(company.bank.received)
    closing = lambda: case_work.resolve(  # noqa: E731
        company.acting(company.cy), company.cy, case_id, "never mind"
    )
    assert refusal(closing) == "reversal_on_its_way"
    company.clock.advance(days=11)
    sent.attend(case_id)
    dispatch.attend(company.job, file_id)
    assert company.submission(file_id).state == "abandoned"
    assert len(company.bank.received) == before
    assert sent.told() == [("refused", "open")]


def test_a_retry_that_is_due_when_the_window_closes_does_not_leave(sent: Sent) -> None:
    """The file is woken before its case, in the last minute: a slow sender would be too late."""
    company = sent.company
    case_id = sent.ask()
    with tenant(company.tenant_id):
        closes = models.Case.objects.get(id=case_id).due_at
    file_id = sent.confirm(case_id)
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    dispatch.attend(company.job, file_id)
    before = len(company.bank.received)
    company.clock.advance(seconds=(closes - company.clock.now()).total_seconds() - 30)
    dispatch.attend(company.job, file_id)
    assert company.submission(file_id).state == "not_delivered"
    assert len(company.bank.received) == before
    company.clock.advance(minutes=1)
    sent.attend(case_id)
    assert company.submission(file_id).state == "abandoned"
    assert sent.told() == [("refused", "open")]


def test_the_house_clock_ends_what_has_not_left(sent: Sent) -> None:
    """It puts the timer of a row forward before it wakes whoever attends to it."""
    case_id = sent.ask()
    sent.company.clock.advance(days=11)
    assert (sent.company.tenant_id, case_id) in due.lease(
        "case_file", sent.company.clock.now(), LEASE, 1000
    )
    sent.attend(case_id)
    assert sent.told() == [("refused", "resolved")]


def test_nobody_confirms_it_in_time(sent: Sent) -> None:
    case_id = sent.ask()
    sent.attend(case_id)
    assert sent.told() == [("requested", "open")]
    sent.company.clock.advance(days=11)
    sent.attend(case_id)
    assert sent.told() == [("refused", "resolved")]
    assert refusal(lambda: sent.confirm(case_id)) == "reversal_decided"
    assert refusal(sent.ask) == "reversal_too_late"


def test_five_banking_days_from_settlement(sent: Sent) -> None:
    """Settled on Friday 20 November 2026; Thanksgiving, the 26th, is no banking day."""
    case_id = sent.ask()
    with tenant(sent.company.tenant_id):
        assert models.Case.objects.get(id=case_id).due_at.date() == date(2026, 11, 30)


def test_the_money_does_not_come(sent: Sent) -> None:
    case_id, _ = sent.leaves()
    for _ in range(2):  # Its window is over, then the term for the money.
        sent.company.clock.advance(days=11)
        sent.attend(case_id)
    assert sent.told() == [("sent", "open")]
    assert "has not come" in sent.case("reversal").sentence


def test_not_what_is_recalled_and_not_recalled_what_is_reversed(sent: Sent) -> None:
    company = sent.company
    wish = Wish(reason=RecallReason.CUSTOMER, text="ordered twice")
    cancelling.take_back(company.acting(), company.maker, [sent.ids[0]], wish)
    assert refusal(sent.ask) == "reversal_not_possible"
    sent.ask(number=1)
    taken = cancelling.take_back(company.acting(), company.maker, [sent.ids[1]], wish)
    assert "reversed" in taken.not_taken[0].sentence


def test_only_on_a_rail_that_knows_reversals(company: Company) -> None:
    _, ids = company.send(1)
    act = company.acting(company.ann)
    assert (
        refusal(
            lambda: reversing.ask(act, company.ann, ids[0], ReversalReason.WRONG_AMOUNT, "typo")
        )
        == "reversal_not_known_to_rail"
    )


def test_who_may(sent: Sent) -> None:
    company = sent.company
    nobody = Member(id=company.bob.id, name="N", roles=frozenset())
    assert refusal(lambda: sent.ask(nobody)) == "not_a_maker"
    case_id = sent.ask()
    key = Member(id=company.bob.id, name="Key", roles=company.bob.roles, is_person=False)
    assert refusal(lambda: sent.confirm(case_id, key)) == "not_an_approver"


def test_what_came_back_by_itself_is_not_asked_for_again(sent: Sent) -> None:
    """The file waited for its bank while the payment's return was booked."""
    company = sent.company
    with tenant(company.tenant_id):
        models.Rate.objects.create(
            id=company.world.ids.new(), tenant_id=company.tenant_id, source="t",
            base="USD", quote="EUR", day=date(2026, 11, 19), rate="0.9",
        )  # fmt: skip
    file_id = sent.confirm(sent.ask())
    before = len(company.bank.received)
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0, reason="AC04")))
    assert sent.told() == [("booked", "resolved")]
    company.clock.advance(minutes=5)
    dispatch.attend(company.job, file_id)
    assert company.submission(file_id).state == "abandoned"
    assert len(company.bank.received) == before


def test_a_recall_that_a_person_closed_still_keeps_a_reversal_back(sent: Sent) -> None:
    company = sent.company
    wish = Wish(reason=RecallReason.CUSTOMER, text="ordered twice")
    cancelling.take_back(company.acting(), company.maker, [sent.ids[0]], wish)
    with tenant(company.tenant_id):
        (case_id,) = models.Case.objects.filter(kind="recall").values_list("id", flat=True)
    case_work.resolve(company.acting(company.cy), company.cy, case_id, "gave up waiting")
    assert refusal(sent.ask) == "reversal_not_possible", "the bank may still say yes"
