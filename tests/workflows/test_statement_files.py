"""A long file of statements that is interrupted anywhere ends as if it had not been."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections

from nostro import formats
from nostro.domain.canonical import digest
from nostro.domain.errors import Invalid, Unavailable
from nostro.domain.match import MatchState
from nostro.domain.order import OrderState
from nostro.domain.statement import Statement
from nostro.domain.statement_identity import SeenFilter, identified
from nostro.storage import models, parties, statement_files
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, arrival, statement_intake, statement_portions
from nostro.workflows import statement_files as work
from nostro.workflows.statement_ingestion import store_lines
from tests.workflows.bank_words import DAY, Booking, camt_053
from tests.workflows.checks import ACCOUNT
from tests.workflows.company import Company
from tests.workflows.test_payments_by_check import MINOR, asked, has_numbers
from tests.workflows.test_statements import Books, owed

PORTION = 4
KINDS = ["statement.received", "transaction.matched", "match.suggested"]


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_portions, "PORTION", PORTION)


def content_of(company: Company, *, broken: bool = False) -> bytes:
    """Twenty lines; two pairs of equal fees lie in different portions."""
    fee = Booking(minor=-1_50, text="Fee")
    lines = [Booking(minor=n * 101, reference=f"B{n}", text=f"RE-{n}") for n in range(1, 17)]
    told = camt_053(company.accounts["DE-EUR"], [fee, *lines[:9], fee, fee, *lines[9:], fee])
    return told.replace(b'<Amt Ccy="EUR">16.16', b'<Amt Ccy="EUR">16.1x') if broken else told


def kept(company: Company, content: bytes) -> tuple[formats.Format, UUID]:
    return arrival.keep_stream(company.job, "long.xml", io.BytesIO(content))


def take(company: Company, content: bytes, **more: Any) -> statement_files.StatementFileRow:
    form, evidence_id = kept(company, content)
    return work.take(company.job, evidence_id, form, formats.Profile(), **more)


def state_of(company: Company) -> list[Any]:
    """Everything of which the end must be the same, without ids and the company's own."""
    with tenant(company.tenant_id):
        lines = models.BankTransaction.objects.order_by("line", "occurrence").values_list(
            "line", "amount_minor", "bank_reference", "remittance", "dedupe_digest", "occurrence",
            "match_state",
        )  # fmt: skip
        heads = models.Statement.objects.values_list(
            "statement_id", "verdict", "opening_minor", "closing_minor", "entry_count", "from_day",
            "to_day",
        )  # fmt: skip
        balances = models.Balance.objects.order_by("code").values_list("code", "amount_minor")
        events = models.Event.objects.filter(type__in=KINDS).values_list("type", flat=True)
        cases = models.Case.objects.values_list("kind", flat=True)
        return [*lines, *heads, *balances, sorted(events), sorted(cases)]


@pytest.fixture
def usual(company: Company) -> list[Any]:
    """What becomes of the same statement as a bank's message."""
    answers.receive_message(company.job, company.bank_id, "a.xml", content_of(company))
    return state_of(company)


def test_a_long_file_becomes_what_a_short_one_does(company: Company, usual: list[Any]) -> None:
    other = Company()
    heard: list[int] = []
    told = take(other, content_of(other), heard=heard.append)
    assert (told.state, told.lines_done, told.lines_new) == (work.DONE, 20, 20)
    assert heard[-1] == 20
    assert len(heard) > 3
    assert state_of(other) == usual


def test_the_same_again_changes_nothing(company: Company) -> None:
    take(company, content_of(company))
    before = state_of(company)
    take(company, content_of(company))
    take(company, content_of(company) + b"\n")
    answers.receive_message(company.job, company.bank_id, "a.xml", content_of(company) + b"\n\n")
    assert state_of(company) == before


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_killed_while_storing_it_goes_on(company: Company, after: int) -> None:
    """kill -9 after a portion: the next who looks stores the rest, no line twice, none lost."""
    other = Company()
    take(other, content_of(other))
    form, evidence_id = kept(company, content_of(company))
    connections.close_all()
    child = os.fork()
    if not child:
        told: list[int] = []

        def die(stored: int) -> None:
            told.append(stored)
            if len(told) >= after:
                os.kill(os.getpid(), signal.SIGKILL)

        work.take(company.job, evidence_id, form, formats.Profile(), die)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    with tenant(company.tenant_id):
        file_id = statement_files.of_evidence(evidence_id)
        assert file_id
        assert statement_files.load(file_id).lines_done > 0
    assert work.carry_on(company.job, file_id).state == work.DONE
    assert state_of(company) == state_of(other)


def test_a_file_that_breaks_off_is_taken_back_whole(company: Company) -> None:
    with pytest.raises(Invalid):
        take(company, content_of(company, broken=True))
    with tenant(company.tenant_id):
        assert models.BankTransaction.objects.count() == 0
        assert models.Statement.objects.count() == 0
        assert models.StatementFile.objects.get().state == work.REFUSED
    take(company, content_of(company))
    assert len(state_of(company)) > 20


def test_what_is_taken_back_stays_where_another_statement_tells_it(company: Company) -> None:
    """A short statement came while a long one was stored that then broke off."""
    long = content_of(company, broken=True)
    short = camt_053(
        company.accounts["DE-EUR"], [Booking(minor=101, reference="B1", text="RE-1")],
        statement_id="SHORT",
    )  # fmt: skip
    told: list[int] = []

    def meanwhile(stored: int) -> None:
        if not told:
            answers.receive_message(company.job, company.bank_id, "s.xml", short)
        told.append(stored)

    with pytest.raises(Invalid):
        take(company, long, heard=meanwhile)
    with tenant(company.tenant_id):
        (line,) = models.BankTransaction.objects.all()
        assert (line.amount_minor, line.statement.statement_id) == (101, "SHORT")
        assert models.RepeatedLine.objects.count() == 0


def joined(*told: bytes) -> bytes:
    """One file of the statements of several."""
    first, *others = told
    inner = b"".join(one[one.index(b"<Stmt>") : one.index(b"</BkToCstmrStmt>")] for one in others)
    return first.replace(b"</BkToCstmrStmt>", inner + b"</BkToCstmrStmt>")


def statement(company: Company, name: str, *lines: Booking, **more: Any) -> bytes:
    return camt_053(company.accounts["DE-EUR"], lines, statement_id=name, **more)


def ending_badly(*told: bytes) -> bytes:
    """A file of these statements, and of one more whose last line cannot be read."""
    account = told[0].partition(b"<IBAN>")[2].partition(b"<")[0].decode()
    last = camt_053(account, lines_like("Z", 20), statement_id="LAST")
    return joined(*told, last.replace(b'<Amt Ccy="EUR">20.20', b'<Amt Ccy="EUR">20.2x'))


def lines_like(text: str, count: int = 5, day: int = 0) -> list[Booking]:
    return [
        Booking(minor=n * 101, reference=f"{text}{n}", text=f"{text}-{n}", day=DAY + timedelta(day))
        for n in range(1, count + 1)
    ]


def test_a_broken_file_with_cases_is_taken_back(company: Company) -> None:
    """Its first statement does not close, its second breaks off: nothing is told of it."""
    told: list[int] = []
    with pytest.raises(Invalid):
        take(
            company,
            ending_badly(statement(company, "ONE", *lines_like("A"), missing=7)),
            heard=told.append,
        )
    assert told[-1] > 5  # The first was stored whole.
    with tenant(company.tenant_id):
        assert models.StatementFile.objects.get().state == work.REFUSED
        assert models.Statement.objects.count() == 0
        assert models.BankTransaction.objects.count() == 0
    assert company.cases() == []
    assert company.events("statement.received") == []


@pytest.mark.parametrize("name", ["A", "SHORT"])
def test_a_case_of_another_statement_about_one_taken_back_ends(company: Company, name: str) -> None:
    """A short statement tells lines of a long one that is stored, and then breaks off."""
    bare = [Booking(minor=n * 101, text="Card") for n in range(1, 6)]
    long = ending_badly(statement(company, "ONE", *bare))
    short = statement(company, name, *bare[:3], opening=5)
    told: list[int] = []

    def meanwhile(stored: int) -> None:
        told.append(stored)
        if len(told) == 2:  # All of the first statement is stored.
            answers.receive_message(company.job, company.bank_id, "s.xml", short)

    with pytest.raises(Invalid):
        take(company, long, heard=meanwhile)
    assert len(told) >= 2
    with tenant(company.tenant_id):
        assert models.Statement.objects.get().statement_id == name
        assert models.BankTransaction.objects.count() == 3
        about = models.Case.objects.filter(natural_key__startswith="told-twice/")
        assert [one.state for one in about] == ["resolved"]


def test_a_gap_is_filled_by_a_whole_file_only(company: Company) -> None:
    first = statement(company, "ONE", *lines_like("A", 2), opening=0)
    third = statement(company, "THREE", *lines_like("C", 2, 4), opening=50_00)
    third = third.replace(b"<Dt><Dt>2026-11-20", b"<Dt><Dt>2026-11-24")
    long = statement(company, "TWO", *lines_like("B", 9, 2), opening=3_03)
    long = long.replace(b"<Dt><Dt>2026-11-20", b"<Dt><Dt>2026-11-22")
    for name, one in (("1", first), ("3", third)):
        answers.receive_message(company.job, company.bank_id, f"{name}.xml", one)
    company.gets_quiet()

    def gaps() -> int:
        company.gets_quiet()
        with tenant(company.tenant_id):
            open_ones = models.Case.objects.filter(resolved_at__isnull=True)
            return open_ones.filter(natural_key__contains=_key_of_first).count()

    with tenant(company.tenant_id):
        (case,) = models.Case.objects.filter(natural_key__startswith="gap/")
        _key_of_first = case.natural_key
    with pytest.raises(Invalid):
        take(company, ending_badly(long))
    assert gaps() == 1
    take(company, long)
    assert gaps() == 0


def test_what_passes_leaves_a_file_to_be_gone_on_with(company: Company) -> None:
    content = content_of(company)

    def fails(_stored: int) -> None:
        raise Unavailable("object_store_unreachable", "The object store does not answer.")

    with pytest.raises(Unavailable):
        take(company, content, heard=fails)
    with tenant(company.tenant_id):
        row = models.StatementFile.objects.get()
        assert row.state == work.STORING
        assert row.next_action_at is not None
    other = Company()
    take(other, content_of(other))
    assert work.carry_on(company.job, row.id).state == work.DONE
    assert state_of(company) == state_of(other)


def test_a_refused_file_is_refused_again(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_intake, "LONG_BYTES", 100)
    for _ in range(2):
        with pytest.raises(Invalid):
            statement_intake.take_file(
                company.job, "a.xml", io.BytesIO(content_of(company, broken=True))
            )
    with tenant(company.tenant_id):
        row = models.StatementFile.objects.get()
        assert (row.state, models.BankTransaction.objects.count()) == (work.REFUSED, 0)


def test_a_file_that_was_refused_can_be_taken_in_later(company: Company) -> None:
    """What a program of before could not read, one of today does."""
    content = content_of(company)
    take(other := Company(), content_of(other))
    _, evidence_id = kept(company, content)
    mt940 = formats.find()["mt940"]
    with pytest.raises(Invalid):
        work.take(company.job, evidence_id, mt940, formats.Profile())
    assert take(company, content).state == work.DONE
    assert state_of(company) == state_of(other)


def test_two_statements_of_one_id_are_both_explained(company: Company) -> None:
    books = Books(company, 2)
    told = joined(
        statement(company, "SAME", books.booking(0), *lines_like("A")),
        statement(company, "SAME", *lines_like("B", 9), books.booking(1)),
    )
    take(company, told)
    assert books.states == [OrderState.SETTLED, OrderState.SETTLED]


def test_a_line_that_a_long_file_gives_back_to_another_is_explained(company: Company) -> None:
    """Two statements tell one line, booked once; the long file between them proves that it came
    twice. It may pay a document, and somebody is asked."""
    owed(company, ("RE-2026-77", 600_00))
    paid = Booking(minor=500_00, text="RE-2026-77", party="Kunde")
    ends = [
        statement(company, "ONE", paid, opening=0),
        statement(company, "THREE", paid, opening=500_00 + 45 * 101),
    ]
    for number, one in enumerate(ends):
        answers.receive_message(company.job, company.bank_id, f"{number}.xml", one)
    with tenant(company.tenant_id):
        assert models.BankTransaction.objects.count() == 1
    before = explained(company)
    take(company, statement(company, "TWO", *lines_like("B", 9), opening=500_00))
    with tenant(company.tenant_id):
        again = models.BankTransaction.objects.filter(amount_minor=500_00)
        assert {row.match_state for row in again} == {MatchState.SUGGESTED}
        assert again.count() == 2
    assert explained(company) == before + 1


def explained(company: Company) -> int:
    return sum(len(company.events(kind)) for kind in KINDS[1:])


def test_a_check_that_a_long_file_books_settles_its_payment(company: Company) -> None:
    has_numbers(company)
    with tenant(company.tenant_id):
        rate_id = company.world.ids.new()
        parties.add_rate(rate_id, "USD", "EUR", DAY, Decimal("0.9"), "test")
    ids = asked(company)
    company.approve(ids)
    company.release()
    checks = camt_053(
        company.accounts[ACCOUNT],
        [*lines_like("A"), Booking(minor=-MINOR, text="Check"), *lines_like("B")],
        currency="USD",
    ).replace(b"<RmtInf><Ustrd>Check", b"<Refs><ChqNb>5001</ChqNb></Refs><RmtInf><Ustrd>Check")
    take(company, checks)
    assert company.states(ids) == [OrderState.SETTLED]


def test_a_long_file_and_a_short_one_wait_for_each_other_in_one_order(company: Company) -> None:
    """Another statement holds the entity and stores lines that the long file ends with."""
    short = statement(company, "SHORT", Booking(minor=999_99, reference="X", text="X"))
    answers.receive_message(company.job, company.bank_id, "s.xml", short)
    (same,) = formats.documents(
        formats.find()["camt_053"],
        io.BytesIO(statement(company, "ST-1", *lines_like("A", 9)[7:])),
        formats.Profile(),
    )
    assert isinstance(same, Statement)
    failed: list[BaseException] = []

    def long() -> None:
        try:
            take(company, statement(company, "LONG", *lines_like("A", 9)))
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=long)
    with tenant(company.tenant_id):
        held = models.Statement.objects.get()
        account = models.Account.objects.get(id=held.account_id)
        parties.lock_entity(account.entity_id)
        thread.start()
        _until_somebody_waits()
        store_lines(company.job, identified(enumerate(same.entries, 11), {}), held.id, account.id)
    thread.join(30)
    assert failed == []
    with tenant(company.tenant_id):
        assert models.BankTransaction.objects.count() == 10


def _until_somebody_waits() -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM"
                " pg_stat_activity WHERE datname = current_database())"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_a_file_of_somebody_else_is_a_case(company: Company) -> None:
    foreign = camt_053("NL91ABNA0417164300", [Booking(minor=n) for n in range(1, 9)])
    assert take(company, foreign).state == work.DONE
    with tenant(company.tenant_id):
        assert models.BankTransaction.objects.count() == 0
        assert models.Case.objects.get().kind == "statement"


def test_the_filter_never_forgets_a_line() -> None:
    seen = SeenFilter()
    digests = [digest(n) for n in range(1000)]
    first = [seen.met(told) for told in digests]
    assert all(seen.met(told) for told in digests)
    assert sum(first) == 0
