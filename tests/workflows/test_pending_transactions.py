"""What banks announce is pending until it is booked, each series for itself, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE
from nostro.domain.statement import Balance, Entry, ReportKind, Statement, TransactionDetail
from nostro.storage import confidential, evidence, models, pending_listing
from nostro.storage.pending_listing import Became, PendingWanted
from nostro.storage.tenancy import tenant
from nostro.workflows.intraday_reports import take_report
from nostro.workflows.statement_ingestion import ingest
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company, iban
from tests.workflows.test_statements import journals_of, owed, still_open

MONDAY = date(2026, 11, 16)


class Line(msgspec.Struct, frozen=True):
    minor: int
    day: int = 0
    status: str = "BOOK"
    reference: str = ""
    key: str = ""
    text: str = "Fee"
    payer: str = ""


def entry(line: Line) -> Entry:
    day = MONDAY + timedelta(days=line.day)
    detail = TransactionDetail(
        Money(line.minor, "EUR"), end_to_end_id=line.key, counterparty_iban=line.payer,
        remittance=(line.text,),
    )  # fmt: skip
    return Entry(
        amount=Money(line.minor, "EUR"), status=line.status,
        booked=day if line.status == "BOOK" else None, value=day, bank_reference=line.reference,
        entry_reference="", transaction_code="", proprietary_code="", reversal=False,
        text="", details=(detail,), location=NOWHERE,
    )  # fmt: skip


def _place(row: Any) -> tuple[Any, ...]:
    return (row.dedupe_digest, row.occurrence) if row else ()


class Told(msgspec.Struct, frozen=True):
    """A report of the day, or the statement of a day or several."""

    name: str
    lines: tuple[Line, ...]
    kind: ReportKind = ReportKind.INTRADAY
    last: int = 0


class Bank:
    """What an account's bank tells."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.iban = company.accounts["DE-EUR"]
        with tenant(company.tenant_id):
            self.account = models.Account.objects.get(iban=self.iban)

    def tells(self, *told: Told) -> None:
        for one in told:
            self._take(one)

    def _take(self, told: Told) -> None:
        company = self.company
        last = MONDAY + timedelta(days=told.last)
        booked = [line for line in told.lines if line.status == "BOOK"]
        days = [MONDAY + timedelta(days=line.day) for line in booked] or [last]
        closing = Money(sum(line.minor for line in booked), "EUR")
        opening = Balance(code="OPBD", amount=Money(0, "EUR"), day=min(days))
        balances: tuple[Balance, ...] = (opening, Balance(code="CLBD", amount=closing, day=last))
        if told.kind is not ReportKind.PREVIOUS_DAY:
            balances = (Balance(code="ITBD", amount=closing, day=last),)
        statement = Statement(
            statement_id=told.name, account=self.iban, currency="EUR", kind=told.kind,
            sequence=None, created_at=None, from_day=min(days), to_day=last, balances=balances,
            entries=tuple(map(entry, told.lines)), problems=(),
        )  # fmt: skip
        with tenant(company.tenant_id):
            kept = evidence.keep(
                company.world.ids.new(), msgspec.json.encode(statement), name="s.json",
                media_type="application/json", direction="in", now=company.clock.now(),
            )  # fmt: skip
        if told.kind is ReportKind.PREVIOUS_DAY:
            ingest(company.job, kept, statement)
        else:
            take_report(company.job, self.account.connection_id, kept, statement)

    def pending(self) -> list[tuple[Any, ...]]:
        """Every announced line, and what took its place."""
        with tenant(self.company.tenant_id):
            rows = models.PendingTransaction.objects.all().select_related(
                "booked_as", "confirmed_as"
            )
            return sorted(
                (
                    row.series, row.amount_minor, row.status, row.dedupe_digest, row.occurrence,
                    _place(row.booked_as), _place(row.confirmed_as),
                )
                for row in rows
            )  # fmt: skip

    def state(self) -> list[tuple[str, int, str, str]]:
        """Series, amount and status of each, and where it went: "", "report" or "statement"."""
        return [
            (series, minor, status, "statement" if booked else "report" if confirmed else "")
            for series, minor, status, _, _, booked, confirmed in self.pending()
        ]

    def cases(self) -> list[str]:
        with tenant(self.company.tenant_id):
            rows = models.Case.objects.filter(natural_key__startswith="never-booked/")
            return sorted(rows.exclude(state="resolved").values_list("natural_key", flat=True))


@pytest.fixture
def bank(company: Company) -> Bank:
    return Bank(company)


def statement(name: str, *lines: Line, last: int = 0) -> Told:
    return Told(name, lines, ReportKind.PREVIOUS_DAY, last)


def test_a_report_is_pending_until_the_statement_books_it_otherwise_worded(bank: Bank) -> None:
    early = Line(100_00, status="PDNG", key="E1", text="INVOICE 7")
    bank.tells(Told("R1", (early,)))
    assert bank.state() == [("intraday", 100_00, "PDNG", "")]
    with tenant(bank.company.tenant_id):
        assert not models.BankTransaction.objects.exists(), "nothing of it is booked"
    booked = Line(100_00, 1, reference="B-99", key="E1", text="Invoice 7 thank you")
    bank.tells(statement("S1", booked, last=1))
    assert bank.state() == [("intraday", 100_00, "PDNG", "statement")]


def test_a_report_that_comes_after_the_statement_is_booked_at_once(bank: Bank) -> None:
    line = Line(-5_00, reference="B1")
    bank.tells(statement("S1", line), Told("R1", (line,)))
    assert bank.state() == [("intraday", -5_00, "BOOK", "statement")]


def test_a_report_that_grows_tells_each_line_once_and_two_equal_fees_are_two(bank: Bank) -> None:
    fee, other = Line(-1_50), Line(30_00, key="E2", text="x")
    bank.tells(Told("R1", (fee,)), Told("R2", (fee, fee, other)), Told("R2", (fee, fee, other)))
    assert bank.state() == [
        ("intraday", -1_50, "BOOK", ""), ("intraday", -1_50, "BOOK", ""),
        ("intraday", 30_00, "BOOK", ""),
    ]  # fmt: skip
    assert len(bank.company.events("intraday_report.received")) == 2
    bank.tells(statement("S1", fee, fee))
    assert [where for *_, where in bank.state()] == ["statement", "statement", ""]


def test_pending_and_then_booked_of_one_report_are_one(bank: Bank) -> None:
    pending = Line(40_00, status="PDNG", key="E4")
    bank.tells(Told("R1", (pending,)), Told("R2", (Line(40_00, reference="X", key="E4"),)))
    assert bank.state() == [("intraday", 40_00, "BOOK", ""), ("intraday", 40_00, "PDNG", "report")]
    bank.tells(statement("S1", Line(40_00, reference="Y", key="E4", text="z")))
    assert [where for *_, where in bank.state()] == ["statement", "report"]


def test_each_series_is_its_own_and_both_end_in_the_one_booking(bank: Bank) -> None:
    line = Line(70_00, reference="N1", key="E5")
    bank.tells(Told("R1", (line,)), Told("N1", (line,), ReportKind.NOTIFICATION))
    assert {series for series, *_ in bank.state()} == {"intraday", "notification"}
    bank.tells(statement("S1", line))
    assert [where for *_, where in bank.state()] == ["statement", "statement"]
    with tenant(bank.company.tenant_id):
        assert models.BankTransaction.objects.count() == 1


def test_what_a_statement_itself_calls_pending_waits_for_a_later_one(bank: Bank) -> None:
    bank.tells(statement("S1", Line(9_00, 1, "PDNG", key="E9"), Line(1_00)))
    assert bank.state() == [("previous_day", 9_00, "PDNG", "")]
    bank.tells(statement("S2", Line(9_00, 1, key="E9", reference="B9"), last=1))
    assert bank.state() == [("previous_day", 9_00, "PDNG", "statement")]


def test_ids_of_the_payer_that_differ_are_two_payments(bank: Bank) -> None:
    bank.tells(Told("R1", (Line(10_00, key="E1", text="rent"),)))
    bank.tells(statement("S1", Line(10_00, key="E2", text="rent")))
    assert [where for *_, where in bank.state()] == [""]


def test_an_equal_booking_of_days_before_is_another_one(bank: Bank) -> None:
    rent = Line(10_00, text="Rent")
    again = msgspec.structs.replace(rent, day=3)
    bank.tells(statement("S1", rent), Told("R1", (again,), last=3))
    assert [where for *_, where in bank.state()] == [""]
    bank.tells(statement("S2", again, last=3))
    assert [where for *_, where in bank.state()] == ["statement"]


def test_what_is_never_booked_is_a_case_that_closes_when_it_is(bank: Bank) -> None:
    bank.tells(Told("R1", (Line(10_00, key="E1"), Line(5_00, status="INFO", key="E2"))))
    bank.tells(statement("S1", Line(3_00, 7), last=7))
    assert bank.cases() == [], "a week is not over"
    bank.tells(statement("S2", Line(4_00, 8), last=8))
    assert bank.cases() == [f"never-booked/{bank.account.id}/intraday"]
    bank.tells(statement("S3", Line(10_00, 9, key="E1"), last=9))
    assert bank.cases() == []


def test_a_notice_that_a_statement_books_in_one_sum_with_others_is_no_case(bank: Bank) -> None:
    singles = (Line(10_00, key="E1"), Line(20_00, key="E2"))
    bank.tells(Told("N1", singles, ReportKind.NOTIFICATION))
    bank.tells(statement("S1", Line(30_00, text="Batch")), statement("S2", Line(1_00, 9), last=9))
    assert [where for *_, where in bank.state()] == ["", ""]
    assert bank.cases() == []


def test_balances_of_the_moment_are_kept_beside_and_change_no_position(bank: Bank) -> None:
    bank.tells(statement("S1", Line(10_00)), Told("R1", (Line(7_00, 1),), last=1))
    with tenant(bank.company.tenant_id):
        report = models.IntradayReport.objects.get()
        assert (report.booked_minor, report.available_minor) == (7_00, None)
        assert {row.code for row in models.Balance.objects.all()} == {"OPBD", "CLBD"}


def test_a_receipt_that_is_announced_is_matched_tentatively_and_posted_when_booked(
    bank: Bank,
) -> None:
    owed(bank.company, ("RE-2026-101", 500_00), payer=iban(8))
    line = Line(500_00, status="PDNG", key="E1", text="RE-2026-101", payer=iban(8))
    bank.tells(Told("R1", (line,)))
    with tenant(bank.company.tenant_id):
        (row,) = pending_listing.lines(PendingWanted(became=Became.WAITS)).rows
    assert [(part.document, part.settled) for part in row.tentative] == [
        ("RE-2026-101", Money(500_00, "EUR"))
    ]
    assert row.tentative_millionths
    assert still_open(bank.company)["RE-2026-101"] == 500_00
    assert journals_of(bank.company) == [], "what is announced is not cash"
    bank.tells(statement("S1", Line(500_00, key="E1", text="RE-2026-101", payer=iban(8))))
    assert [where for *_, where in bank.state()] == ["statement"]
    assert still_open(bank.company)["RE-2026-101"] == 0
    assert len(journals_of(bank.company)) == 1


def test_a_pending_debit_of_a_confidential_batch_is_hidden(company: Company) -> None:
    sent = Sent(company)
    sent.hears(sent.camt("052", sent.debit(0, status="PDNG")))
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=sent.ids[0]).update(confidential=True)
        (line,) = models.PendingTransaction.objects.all()
    with tenant(company.tenant_id):
        assert confidential.is_confidential("pending_transaction", line.id)
        assert confidential.is_confidential("evidence", line.evidence_id)


lines = st.builds(
    Line,
    st.sampled_from([-1_50, 10_00]),
    st.integers(0, 2),
    st.sampled_from(["BOOK", "PDNG"]),
    st.sampled_from(["", "R1"]),
    st.sampled_from(["", "E1", "E2"]),
    st.sampled_from(["Fee", "Rent"]),
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Told], list[Told]]:
    told = []
    for number in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from([ReportKind.INTRADAY, ReportKind.PREVIOUS_DAY]))
        some = tuple(draw(st.lists(lines, min_size=1, max_size=4)))
        told.append(Told(f"T{number}", some, kind, 2))
    return told, [*draw(st.permutations(told)), draw(st.sampled_from(told))]


def end(told: Sequence[Told]) -> list[tuple[Any, ...]]:
    bank = Bank(Company())
    bank.tells(*told)
    return bank.pending()


@given(stories())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_order_in_which_reports_and_statements_come_is_no_matter(
    company: Company, story: tuple[list[Told], list[Told]]
) -> None:
    one, other = story
    assert end(one) == end(other)
