"""A long file of statements that is interrupted anywhere ends as if it had not been."""

from __future__ import annotations

import io
import os
import signal
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from nostro import formats
from nostro.domain.canonical import digest
from nostro.domain.errors import Invalid
from nostro.domain.statement_identity import SeenFilter
from nostro.storage import models, statement_files
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, arrival, statement_portions
from nostro.workflows import statement_files as work
from tests.workflows.bank_words import Booking, camt_053
from tests.workflows.company import Company

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
