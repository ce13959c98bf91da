"""Statements in any order, overlapping, split and sent again: the end is the same, and is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE
from nostro.domain.statement import Balance, Entry, ReportKind, Statement
from nostro.storage import evidence, models
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.statement_ingestion import ingest
from tests.workflows.company import Company, scripted_connector

MONDAY = date(2026, 11, 16)
OPENING = 1_000_00


class Line(msgspec.Struct, frozen=True):
    """What happened on the account, in its order. Without a reference it looks like others."""

    day: int
    minor: int
    reference: str = ""


class Cut(msgspec.Struct, frozen=True):
    """A statement of the lines from one to another; `balances` is whether it tells them."""

    first: int
    last: int
    name: str
    balances: bool = True


FEE = -1_50


def statement_of(ledger: Sequence[Line], cut: Cut, account: str) -> Statement:
    before = OPENING + sum(line.minor for line in ledger[: cut.first])
    told = ledger[cut.first : cut.last]
    days = [MONDAY + timedelta(days=line.day) for line in told]
    balances = (
        Balance(code="OPBD", amount=Money(before, "EUR"), day=days[0]),
        Balance(
            code="CLBD",
            amount=Money(before + sum(line.minor for line in told), "EUR"),
            day=days[-1],
        ),
    )
    return Statement(
        statement_id=cut.name, account=account, currency="EUR", kind=ReportKind.PREVIOUS_DAY,
        sequence=None, created_at=None, from_day=days[0], to_day=days[-1],
        balances=balances if cut.balances else (), problems=(),
        entries=tuple(entry_of(line, day) for line, day in zip(told, days, strict=True)),
    )  # fmt: skip


def entry_of(line: Line, day: date) -> Entry:
    return Entry(
        amount=Money(line.minor, "EUR"), status="BOOK", booked=day, value=day,
        bank_reference=line.reference, entry_reference="", transaction_code="",
        proprietary_code="", reversal=False, text="Fee", details=(), location=NOWHERE,
    )  # fmt: skip


def take_in(company: Company, told: Sequence[Statement]) -> None:
    for statement in told:
        with tenant(company.tenant_id):
            kept = evidence.keep(
                company.world.ids.new(), msgspec.json.encode(statement), name="s.json",
                media_type="application/json", direction="in", now=company.clock.now(),
            )  # fmt: skip
        ingest(company.job, kept, statement)


def stored(company: Company) -> list[tuple[Any, ...]]:
    with tenant(company.tenant_id):
        rows = models.BankTransaction.objects.values_list(
            "booked", "amount_minor", "bank_reference", "dedupe_digest", "occurrence", "match_state"
        )
        return sorted(rows)


def told_by(company: Company) -> list[tuple[str, int, int]]:
    """How often each statement tells each line, its own and those of others."""
    with tenant(company.tenant_id):
        own = models.BankTransaction.objects.values_list(
            "statement__statement_id", "line", "amount_minor"
        )
        again = models.RepeatedLine.objects.values_list(
            "statement__statement_id", "line", "transaction__amount_minor"
        )
        return sorted([*own, *again])


def open_cases(company: Company) -> list[tuple[str, str]]:
    with tenant(company.tenant_id):
        rows = models.Case.objects.exclude(state="resolved")
        return sorted(rows.values_list("kind", "sentence"))


def end_of(ledger: Sequence[Line], cuts: Sequence[Cut]) -> tuple[Company, dict[str, Any]]:
    company = Company()
    account = company.accounts["DE-EUR"]
    take_in(company, [statement_of(ledger, cut, account) for cut in cuts])
    seed = account
    return company, {
        "lines": stored(company),
        "told": told_by(company),
        "cases": [(kind, told.replace(seed, "ACCOUNT")) for kind, told in open_cases(company)],
    }


lines = st.builds(
    Line,
    st.integers(0, 2),
    st.sampled_from([FEE, FEE, 10_00, -1 * FEE]),
    st.sampled_from(["", "", "R1"]),
)
ledgers = st.lists(lines, min_size=2, max_size=7).map(
    lambda told: sorted(told, key=lambda line: line.day)
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Line], list[Cut], list[Cut]]:
    """A ledger, statements of parts of it, and the same statements in another order, some twice."""
    ledger = draw(ledgers)
    cuts = []
    for number in range(draw(st.integers(2, 4))):
        first = draw(st.integers(0, len(ledger) - 1))
        last = draw(st.integers(first + 1, len(ledger)))
        cuts.append(Cut(first, last, f"ST-{number}", draw(st.sampled_from([True, True, False]))))
    again = draw(st.lists(st.sampled_from(cuts), max_size=2))
    return ledger, cuts, [*draw(st.permutations(cuts)), *again]


@pytest.mark.usefixtures("database")
@given(story=stories())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_of_statements_ends_the_same(
    story: tuple[list[Line], list[Cut], list[Cut]],
) -> None:
    ledger, cuts, shuffled = story
    with scripted_connector():
        _, first = end_of(ledger, cuts)
        _, second = end_of(ledger, shuffled)
    assert second == first


@pytest.mark.usefixtures("database")
@given(ledger=ledgers, ends=st.lists(st.integers(1, 6), max_size=3), data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_statements_that_go_on_where_the_last_ended_lose_no_line(
    ledger: list[Line], ends: list[int], data: st.DataObject
) -> None:
    """However many lines look alike, and in whatever order they come: each happened once. What adds
    up to nothing no balance proves: it is a Case then, and never dropped in silence."""
    marks = sorted({0, *(end for end in ends if end < len(ledger)), len(ledger)})
    cuts = [Cut(first, last, f"ST-{first}") for first, last in pairwise(marks)]
    told = [statement_of(ledger, cut, "X") for cut in cuts]
    with scripted_connector():
        company, _ = end_of(ledger, data.draw(st.permutations(cuts)))
    found = Counter((row[0], row[1], row[2]) for row in stored(company))
    true = Counter((e.booked, e.amount.minor, e.bank_reference) for s in told for e in s.entries)
    doubts = [told for _, told in open_cases(company) if "do not tell whether" in told]
    assert found == true or doubts


def test_a_line_between_statements_that_end_alike_is_its_own(company: Company) -> None:
    """The last one looks like the end of the first, but a third lies between the two."""
    ledger = [Line(0, FEE), Line(0, FEE), Line(0, -FEE), Line(0, FEE)]
    cuts = [Cut(0, 2, "ST-0"), Cut(3, 4, "ST-3"), Cut(2, 3, "ST-2")]
    take_in(company, [statement_of(ledger, cut, company.accounts["DE-EUR"]) for cut in cuts])
    assert sorted(row[1] for row in stored(company)) == [FEE, FEE, FEE, -FEE]
    ((_, told),) = open_cases(company)
    assert "both stay" in told


def test_what_adds_up_to_nothing_is_told_once_and_to_a_person(company: Company) -> None:
    ledger = [Line(0, FEE), Line(0, FEE), Line(0, -FEE), Line(0, -FEE), Line(0, FEE)]
    cuts = [Cut(0, 3, "ST-0"), Cut(3, 5, "ST-3")]
    take_in(company, [statement_of(ledger, cut, company.accounts["DE-EUR"]) for cut in cuts])
    assert len(stored(company)) == 3
    ((_, told),) = open_cases(company)
    assert "do not tell whether" in told


def test_a_line_like_one_of_a_longer_statement_before_is_its_own(company: Company) -> None:
    """All that the last one tells, the second one tells too; but a third lies between them."""
    fees = [Line(0, FEE) for _ in range(4)]
    ledger = [*fees, Line(2, 10_00), Line(2, FEE), Line(2, 10_00)]
    cuts = [Cut(first, last, f"ST-{first}") for first, last in pairwise((0, 1, 5, 6, 7))]
    take_in(company, [statement_of(ledger, cut, company.accounts["DE-EUR"]) for cut in cuts])
    assert sorted(row[1] for row in stored(company)) == sorted(line.minor for line in ledger)


def test_two_fees_of_one_day_in_two_statements_are_two_fees(company: Company) -> None:
    account = company.accounts["DE-EUR"]
    ledger = [Line(0, FEE), Line(0, 5_00), Line(0, FEE)]
    morning, evening = Cut(0, 1, "ST-1"), Cut(1, 3, "ST-2")
    take_in(company, [statement_of(ledger, cut, account) for cut in (morning, evening)])
    assert sorted(row[1] for row in stored(company)) == [FEE, FEE, 5_00]
    ((kind, sentence),) = open_cases(company)
    assert kind == "statement"
    assert "both stay" in sentence


def test_a_statement_that_proves_it_ends_the_doubt(company: Company) -> None:
    """The one in the middle is missing: booked once, with a Case; it comes: both are real."""
    account = company.accounts["DE-EUR"]
    ledger = [Line(0, FEE), Line(0, 5_00), Line(0, FEE)]
    first, middle, last = (Cut(n, n + 1, f"ST-{n}") for n in range(3))
    take_in(company, [statement_of(ledger, cut, account) for cut in (first, last)])
    assert len(stored(company)) == 1
    assert any("booked once" in told for _, told in open_cases(company))
    take_in(company, [statement_of(ledger, middle, account)])
    assert len(stored(company)) == 3
    assert not any("booked once" in told for _, told in open_cases(company))
    assert any("both stay" in told for _, told in open_cases(company))


def test_a_statement_sent_again_under_another_name_books_nothing(company: Company) -> None:
    account = company.accounts["DE-EUR"]
    ledger = [Line(0, FEE), Line(0, FEE), Line(1, 5_00)]
    take_in(company, [statement_of(ledger, Cut(0, 3, name), account) for name in ("A", "B")])
    assert len(stored(company)) == 3
    assert open_cases(company) == []
    take_in(company, [statement_of(ledger, Cut(0, 2, "C"), account)])
    assert len(stored(company)) == 3


def gaps_of(company: Company) -> list[str]:
    company.gets_quiet()
    return [told for _, told in open_cases(company) if "missing" in told]


def test_a_missing_statement_is_a_case_until_it_comes(company: Company) -> None:
    account = company.accounts["DE-EUR"]
    ledger = [Line(day, 10_00, f"R{day}") for day in range(5)]
    days = [statement_of(ledger, Cut(n, n + 1, f"ST-{n}"), account) for n in range(5)]
    take_in(company, [days[0], days[3]])
    (told,) = gaps_of(company)
    assert "ST-3" in told
    assert "ST-0" in told
    take_in(company, [days[2]])
    (told,) = gaps_of(company)
    assert "Statement ST-2" in told
    take_in(company, [days[1]])
    assert gaps_of(company) == []
    take_in(company, [days[4], days[0]])
    company.gets_quiet()
    assert open_cases(company) == []


def test_files_of_one_pick_up_in_any_order_are_no_gap(company: Company) -> None:
    account = company.accounts["DE-EUR"]
    ledger = [Line(day, 10_00, f"R{day}") for day in range(5)]
    days = [statement_of(ledger, Cut(n, n + 1, f"ST-{n}"), account) for n in range(5)]
    take_in(company, [days[0], days[4], days[2]])
    assert open_cases(company) == [], "more may come"
    take_in(company, [days[3], days[1]])
    company.gets_quiet()
    with tenant(company.tenant_id):
        assert not models.Case.objects.filter(natural_key__startswith="gap/").exists()


def test_a_gap_that_a_person_closed_stays_closed_and_one_that_was_filled_opens_again(
    company: Company,
) -> None:
    account = company.accounts["DE-EUR"]
    ledger = [Line(day, 10_00, f"R{day}") for day in range(6)]
    days = [statement_of(ledger, Cut(n, n + 1, f"ST-{n}"), account) for n in range(6)]
    take_in(company, [days[0], days[3]])
    assert len(gaps_of(company)) == 1
    with tenant(company.tenant_id):
        case_id = models.Case.objects.get(natural_key__startswith="gap/").id
    case_work.resolve(company.acting(company.ann), company.ann, case_id, "the bank sends none")
    again = msgspec.structs.replace(days[3], statement_id="ST-3B")
    take_in(company, [again])
    assert gaps_of(company) == []


def test_missing_numbers_are_a_case_until_they_come(company: Company) -> None:
    account = company.accounts["DE-EUR"]
    ledger = [Line(day, 10_00 if day % 2 else -10_00, f"R{day}") for day in range(8)]
    told = [
        msgspec.structs.replace(
            statement_of(ledger, Cut(2 * n, 2 * n + 2, f"ST-{n}"), account), sequence=n + 7
        )
        for n in range(4)
    ]
    take_in(company, [told[0], told[3]])
    (case,) = gaps_of(company)
    assert "numbers 8 to 9" in case
    take_in(company, [told[2]])
    (case,) = gaps_of(company)
    assert "number 8" in case
    take_in(company, [told[1]])
    assert gaps_of(company) == []
