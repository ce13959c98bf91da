"""Statements: each line once, a verdict, cash that settles, and a Case for what cannot be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.domain.order import OrderState
from nostro.storage import journals, models, open_items, parties
from nostro.storage.open_items import Telling
from nostro.storage.tenancy import tenant
from nostro.workflows import answers
from tests.workflows.bank_words import Booking, camt_053, pain_002
from tests.workflows.company import Company, iban

SETTLED, IN_FLIGHT, REJECTED = OrderState.SETTLED, OrderState.IN_FLIGHT, OrderState.REJECTED


class Books:
    """Payments that have left, and the statements that come for them."""

    def __init__(self, company: Company, count: int = 3, **more: str) -> None:
        self.company = company
        self.submission_id, self.ids = company.send(count, **more)
        self.message_id = company.bank.received[-1].message_id
        self.batch = f"{self.message_id}-1"
        rows = company.orders(self.ids)
        self.keys = [row.instruction.end_to_end_id for row in rows]
        self.amounts = [row.instruction.amount.minor for row in rows]
        self.account = rows[0].route.debtor_iban
        self.currency = rows[0].instruction.amount.currency

    def booking(self, number: int, *, minor: int = 0, reference: str = "") -> Booking:
        return Booking(
            minor=-(minor or self.amounts[number]),
            end_to_end_id=self.keys[number],
            reference=reference or f"B{number}",
        )

    def whole_batch(self, minor: int, reference: str = "") -> Booking:
        return Booking(minor=-minor, batch=self.batch, count=len(self.ids), reference=reference)

    def reports(self, *lines: tuple[int, str, str], message_id: str = "S1") -> None:
        told = [(self.keys[number], word, code) for number, word, code in lines]
        self.hears(pain_002(self.message_id, lines=told, message_id=message_id))

    def statement(self, *bookings: Booking, statement_id: str = "ST-1", missing: int = 0) -> None:
        self.hears(
            camt_053(
                self.account, bookings, statement_id=statement_id, currency=self.currency,
                missing=missing,
            )
        )  # fmt: skip

    def hears(self, content: bytes) -> None:
        company = self.company
        answers.receive_message(company.job, company.bank_id, "b.xml", content)

    @property
    def states(self) -> list[OrderState]:
        return self.company.states(self.ids)

    def lines(self) -> list[tuple[int, str]]:
        return lines(self.company)


def lines(company: Company) -> list[tuple[int, str]]:
    with tenant(company.tenant_id):
        rows = models.BankTransaction.objects.order_by("statement__received_at", "line", "id")
        return [(row.amount_minor, row.match_state) for row in rows]


def journals_of(company: Company) -> list[tuple[str, str, str, int]]:
    """Event, owner, action and the debit of each journal, after checking that it balances."""
    with tenant(company.tenant_id):
        found = journals.lock_unposted()
    for journal in found:
        assert sum(line.functional.minor for line in journal.lines) == 0
        assert len({line.functional.currency for line in journal.lines}) <= 1
        assert sum(line.document.minor for line in journal.lines) == 0
    return [
        (j.event, j.owner, j.action, max((line.functional.minor for line in j.lines), default=0))
        for j in found
    ]


@pytest.fixture
def books(company: Company) -> Books:
    return Books(company)


def test_a_booking_settles_its_payment_and_tells_the_erp(books: Books) -> None:
    books.reports((0, "ACCP", ""), (1, "ACSC", ""), (2, "RJCT", "AC04"))
    books.statement(books.booking(0), books.booking(1))
    assert books.states == [SETTLED, SETTLED, REJECTED]
    assert books.company.attempts(books.ids) == ["executed", "executed", "rejected"]
    assert [state for _, state in books.lines()] == ["matched"] * 2
    assert journals_of(books.company) == [
        ("payment_rejected", "erp", "reset_and_reverse", 0),
        ("payment_settled", "nostro", "post", 100_00),
        ("payment_settled", "nostro", "post", 100_01),
    ]


def test_the_banks_word_alone_settles_nothing(books: Books) -> None:
    books.reports((0, "ACSC", ""))
    assert books.states[0] == OrderState.EXECUTED
    assert journals_of(books.company) == []


def test_a_booking_without_any_report_settles(books: Books) -> None:
    books.statement(books.booking(0))
    assert books.states == [SETTLED, IN_FLIGHT, IN_FLIGHT]
    books.reports((0, "ACCP", ""))
    assert books.states[0] == SETTLED, "a late word is kept and changes nothing"
    assert books.company.cases() == []


def test_the_same_statement_again_changes_nothing(books: Books) -> None:
    books.statement(books.booking(0))
    before = len(books.company.events("statement.received")), books.lines()
    books.statement(books.booking(0))
    books.hears(camt_053(books.account, [books.booking(0)], message_id="ANOTHER-FILE"))
    assert (len(books.company.events("statement.received")), books.lines()) == before
    assert len(journals_of(books.company)) == 1
    assert books.company.cases() == []


def test_the_same_statement_with_other_content_is_a_case(books: Books) -> None:
    books.statement(books.booking(0))
    books.statement(books.booking(0), books.booking(1))
    assert books.states == [SETTLED, SETTLED, IN_FLIGHT], "each line of both, once"
    assert len(books.lines()) == 2
    ((kind, sentence),) = books.company.cases()
    assert kind == "contradiction"
    assert "ST-1" in sentence


def test_statements_at_once_are_taken_once(books: Books) -> None:
    def act(_: int) -> None:
        try:
            books.statement(books.booking(0), books.booking(1))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(4)))
    assert books.states == [SETTLED, SETTLED, IN_FLIGHT]
    assert len(books.lines()) == 2
    assert len(journals_of(books.company)) == 2


def test_a_statement_that_does_not_close_is_shown_and_is_a_case(books: Books) -> None:
    books.statement(books.booking(0), missing=-50_00)
    assert books.states[0] == SETTLED
    with tenant(books.company.tenant_id):
        assert models.Statement.objects.get().verdict == "does_not_close"
    ((kind, sentence),) = books.company.cases()
    assert kind == "statement"
    assert "50.00 EUR" in sentence


def test_a_statement_of_somebody_else_is_a_case(company: Company) -> None:
    content = camt_053(iban(404), [Booking(minor=5)])
    answers.receive_message(company.job, company.bank_id, "b.xml", content)
    assert lines(company) == []
    assert [kind for kind, _ in company.cases()] == ["statement"]


def test_a_batch_is_booked_whole(books: Books) -> None:
    books.statement(books.whole_batch(sum(books.amounts)))
    assert books.states == [SETTLED] * 3
    assert len(journals_of(books.company)) == 3


def test_a_batch_is_booked_without_what_was_rejected(books: Books) -> None:
    books.reports((1, "RJCT", "AC04"))
    books.statement(books.whole_batch(books.amounts[0] + books.amounts[2]))
    assert books.states == [SETTLED, REJECTED, SETTLED]


@pytest.mark.parametrize("off", [-1, 1, 5_00])
def test_a_batch_that_does_not_add_up_settles_nothing_and_is_a_case(books: Books, off: int) -> None:
    books.statement(books.whole_batch(sum(books.amounts) + off))
    assert books.states == [IN_FLIGHT] * 3
    assert [state for _, state in books.lines()] == ["unmatched"]
    ((kind, sentence),) = books.company.cases()
    assert kind == "difference"
    assert books.batch in sentence


def test_two_equal_fees_are_two_fees(books: Books) -> None:
    fee = Booking(minor=-1_50, text="Fee")
    books.statement(fee, fee, books.booking(0))
    assert [minor for minor, _ in books.lines()] == [-1_50, -1_50, -100_00]
    assert [state for _, state in books.lines()] == ["unmatched", "unmatched", "matched"]
    assert books.company.cases() == []


def test_rejected_after_it_was_booked_is_a_contradiction(books: Books) -> None:
    books.statement(books.booking(0))
    books.reports((0, "RJCT", "AC04"))
    assert books.states[0] == SETTLED
    assert [kind for kind, _ in books.company.cases()] == ["contradiction"]
    assert [event for event, *_ in journals_of(books.company)] == ["payment_settled"]


def test_booked_after_it_was_rejected_is_a_case(books: Books) -> None:
    books.reports((0, "RJCT", "AC04"))
    books.statement(books.booking(0))
    assert books.states[0] == REJECTED
    assert [state for _, state in books.lines()] == ["suggested"]
    assert [kind for kind, _ in books.company.cases()] == ["rejection", "contradiction"]
    assert "is rejected" in books.company.cases()[-1][1]


@pytest.mark.parametrize("where", ["the same statement", "the next one"])
def test_booked_twice_is_a_case_and_settles_once(books: Books, where: str) -> None:
    first, second = books.booking(0), books.booking(0, reference="B9")
    if where == "the same statement":
        books.statement(first, second)
    else:
        books.statement(first)
        books.statement(second, statement_id="ST-2")
    assert books.states[0] == SETTLED
    assert [state for _, state in books.lines()] == ["matched", "suggested"]
    assert len(journals_of(books.company)) == 1
    ((kind, sentence),) = books.company.cases()
    assert kind == "contradiction"
    assert sentence.startswith("POSSIBLE DOUBLE PAYMENT")


def test_a_batch_booked_twice_settles_once(books: Books) -> None:
    books.statement(books.whole_batch(sum(books.amounts)))
    books.statement(books.whole_batch(sum(books.amounts), "B2"), statement_id="ST-2")
    assert len(journals_of(books.company)) == 3
    assert [kind for kind, _ in books.company.cases()] == ["contradiction", "difference"]
    assert books.company.cases()[0][1].startswith("POSSIBLE DOUBLE PAYMENT")


def test_statements_that_overlap_book_each_line_once_and_the_log_says_so(books: Books) -> None:
    books.statement(books.booking(0))
    books.statement(books.booking(0), books.booking(1), statement_id="ST-2")
    assert books.states == [SETTLED, SETTLED, IN_FLIGHT]
    assert len(books.lines()) == 2
    assert books.company.cases() == []
    second = books.company.events("statement.received")[-1]
    assert (second["lines"], second["new_lines"], second["told_before"]) == (2, 1, 1)


def test_another_amount_than_we_paid_is_a_case(books: Books) -> None:
    books.statement(books.booking(0, minor=99_00))
    assert books.states[0] == IN_FLIGHT
    assert [state for _, state in books.lines()] == ["suggested"]
    assert [kind for kind, _ in books.company.cases()] == ["difference"]


def test_dollars_of_a_euro_company_need_the_rate_of_the_day(company: Company) -> None:
    """Without it nothing of the statement is taken, somebody is told, and it can come again."""
    books = Books(company, 1, currency="USD")
    content = camt_053(books.account, [books.booking(0)], currency="USD")
    books.hears(content)
    assert books.states == [IN_FLIGHT]
    assert lines(company) == []
    ((_, sentence),) = company.cases()
    assert "USD/EUR" in sentence
    with tenant(company.tenant_id):
        parties.add_rate(
            company.world.ids.new(), "USD", "EUR", date(2026, 11, 19), Decimal("0.9"), "test"
        )
    books.hears(content)
    assert books.states == [SETTLED]
    assert journals_of(company) == [("payment_settled", "nostro", "post", 90_00)]


# Money in.


def owed(company: Company, *items: tuple[str, int], payer: str = "") -> None:
    with tenant(company.tenant_id):
        open_items.take(
            Telling(source="erp", told_at=company.world.clock.now()),
            [
                OpenItem(
                    id="", entity_code="DE", document=document, customer_number="K1",
                    customer_name="Kunde", open_amount=Money(minor, "EUR"),
                    due_date=date(2026, 11, 30), payer_iban=payer,
                )
                for document, minor in items
            ],
            company.world.ids.new,
        )  # fmt: skip


def still_open(company: Company) -> dict[str, int]:
    with tenant(company.tenant_id):
        return dict(models.OpenItem.objects.values_list("document", "open_minor"))


def comes(
    company: Company, *receipts: Booking, account: str = "DE-EUR", statement_id: str = "ST-1"
) -> list[tuple[int, str]]:
    content = camt_053(company.accounts[account], receipts, statement_id=statement_id)
    answers.receive_message(company.job, company.bank_id, "b.xml", content)
    return lines(company)


def paid(minor: int, text: str, party_iban: str = "") -> Booking:
    return Booking(minor=minor, text=text, party="Kunde", party_iban=party_iban)


def test_an_exact_receipt_clears_its_document(company: Company) -> None:
    owed(company, ("RE-2026-1", 500_00), payer=iban(8))
    assert comes(company, paid(500_00, "Zahlung RE 2026 1", iban(8))) == [(500_00, "matched")]
    assert still_open(company) == {"RE-2026-1": 0}
    assert journals_of(company) == [("receipt_matched", "nostro", "clear", 500_00)]


def test_one_receipt_clears_several_documents_and_a_credit_note(company: Company) -> None:
    owed(company, ("RE-2026-1", 500_00), ("RE-2026-2", 300_00), ("GU-2026-3", -100_00))
    text = "RE-2026-1 RE-2026-2 abzgl. GU-2026-3"
    assert comes(company, paid(700_00, text)) == [(700_00, "matched")]
    assert still_open(company) == {"RE-2026-1": 0, "RE-2026-2": 0, "GU-2026-3": 0}
    assert journals_of(company) == [("receipt_matched", "nostro", "clear", 700_00)]
    with tenant(company.tenant_id):
        shares = sorted(models.Allocation.objects.values_list("amount_minor", flat=True))
    assert shares == [-100_00, 300_00, 500_00], "the parts are the whole"


@pytest.mark.parametrize(
    ("receipt", "state"),
    [
        (paid(400_00, "RE-2026-1"), "suggested"),  # short
        (paid(600_00, "RE-2026-1"), "suggested"),  # too much
        (paid(500_00, "thank you"), "suggested"),  # by the payer and the amount
        (paid(500_00, "RE-2026-11"), "suggested"),  # a number with a slip
        (paid(450_00, "RE-2026-1 RE-2026-2"), "ambiguous"),  # neither of them, nor both
        (Booking(minor=500_00, text="RE-2026-1", party="Stranger Ltd"), "suggested"),
        (Booking(minor=500_00, text="thank you", party="Stranger Ltd"), "unmatched"),
    ],
)
def test_what_is_not_proven_clears_nothing(company: Company, receipt: Booking, state: str) -> None:
    owed(company, ("RE-2026-1", 500_00), ("RE-2026-2", 300_00), payer=iban(8))
    assert comes(company, receipt) == [(receipt.minor, state)]
    assert still_open(company) == {"RE-2026-1": 500_00, "RE-2026-2": 300_00}
    assert journals_of(company) == []
    assert company.cases() == []


def test_a_document_is_cleared_once_even_by_statements_at_once(company: Company) -> None:
    owed(company, ("RE-2026-1", 500_00))

    def act(number: int) -> None:
        try:
            comes(company, paid(500_00, f"RE-2026-1 ({number})"), statement_id=f"ST-{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(act, range(3)))
    assert sorted(state for _, state in lines(company)) == ["matched", "unmatched", "unmatched"]
    assert still_open(company) == {"RE-2026-1": 0}
    assert len(journals_of(company)) == 1


def test_a_document_of_another_entity_is_not_ours_to_clear(company: Company) -> None:
    owed(company, ("RE-2026-1", 500_00))
    assert comes(company, paid(500_00, "RE-2026-1"), account="NL-EUR") == [(500_00, "unmatched")]


def test_a_case_names_the_statement_it_came_from(books: Books) -> None:
    books.statement(books.booking(0, minor=1))
    with tenant(books.company.tenant_id):
        case = models.Case.objects.get()
        statement_id: UUID = models.Statement.objects.get().id
    assert case.statement_id == statement_id
    assert case.can_do


def test_an_erp_that_says_nothing_of_posting_stops_nothing(company: Company) -> None:
    """The documented default is an empty text."""
    with tenant(company.tenant_id):
        told = {"name": f"{company.code}-erp", "erp": True, "posting": ""}
        parties.configure_connection(company.erp_id, told)
    books = Books(company)
    books.statement(*(books.booking(number) for number in range(3)))
    assert company.states(books.ids) == [SETTLED] * 3
