"""The same thing twice in one file is told, and so are the pages of one statement."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from nostro.domain.problem import Problem
from nostro.formats import Profile, find
from nostro.formats.verdicts import CHECK_FAILS

GOLDEN, ERRORS = (Path(__file__).parents[1] / name for name in ("golden", "errors"))


def told(name: str, data: bytes) -> list[Problem]:
    read = find()[name].read
    assert read is not None
    found = [one for one in read(io.BytesIO(data), Profile()) if isinstance(one, Problem)]
    return [one for one in found if one.code in CHECK_FAILS]


@pytest.mark.parametrize(
    ("sample", "code", "count"),
    [
        ("mt940/german_pages_and_traps", "duplicate_statement", 2),
        ("mt942/times_and_sums", "duplicate_statement", 1),
        ("mt900/fee_and_month_end", "duplicate_statement", 2),
        ("bai2/every_trap", "duplicate_statement", 3),
        ("mt101/two_messages_of_a_chain", "duplicate_file", 1),
        ("mt103/with_uetr_and_charges", "duplicate_file", 1),
        ("nacha/payments", "duplicate_file", 1),
    ],
)
def test_a_file_twice_in_one_file_is_told(sample: str, code: str, count: int) -> None:
    once = (GOLDEN / f"{sample}.in").read_bytes().rstrip(b"\r\n") + b"\n"
    name = sample.partition("/")[0]
    before = [one.code for one in told(name, once)]
    after = [one.code for one in told(name, once + once)]
    assert code not in before
    assert after.count(code) == count


def test_two_equal_statements_of_one_message_are_told() -> None:
    data = (ERRORS / "camt_053" / "duplicate_statement.in").read_bytes()
    assert [one.code for one in told("camt_053", data)] == ["duplicate_statement"]
    other = data.replace(b"<Id>S1<", b"<Id>S2<", 1)
    assert told("camt_053", other) == []


def test_another_file_is_read_anew() -> None:
    data = (ERRORS / "camt_053" / "page_of_a_statement.in").read_bytes()
    assert told("camt_053", data) == told("camt_053", data)


def test_the_pages_of_a_statement_are_told_and_checked_together() -> None:
    data = (ERRORS / "camt_053" / "page_of_a_statement.in").read_bytes()
    (page,) = told("camt_053", data)
    assert page.code == "page_of_a_statement"
    assert "together, opening plus 2 booked entries equals closing" in page.sentence
    wrong = told("camt_053", data.replace(b">110.00<", b">111.00<"))
    assert [one.code for one in wrong] == ["does_not_close", "page_of_a_statement"]


def test_a_currency_taken_from_the_account_is_told() -> None:
    data = (ERRORS / "camt_053" / "currency_missing.in").read_bytes()
    read = find()["camt_053"].read
    assert read is not None
    codes = [one.code for one in read(io.BytesIO(data), Profile()) if isinstance(one, Problem)]
    assert codes == ["currency_missing"]
