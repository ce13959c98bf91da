"""Files of issued checks: what is written comes back in each layout, totals are checked."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nostro.domain.errors import Invalid
from nostro.domain.issued_check import (
    CheckAction,
    IssuedCheck,
    IssueFile,
    IssueFileTrailer,
    assemble,
)
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Problem
from nostro.formats import Profile
from nostro.formats.american.positive_pay import identify
from nostro.formats.american.positive_pay_layout import Layout, layouts
from nostro.formats.american.positive_pay_reader import read
from nostro.formats.american.positive_pay_writer import write

LAYOUTS = dict(layouts())
PRINTABLE = "".join(map(chr, range(32, 127)))
ISSUED = IssuedCheck(
    account="123456789",
    check_number="1001",
    amount=Money(123450, "USD"),
    issued=date(2026, 11, 20),
    payee=("PAPER MILL LLC",),
)
FILE = IssueFile(
    company="VESTERHOLT INC",
    created=date(2026, 11, 20),
    checks=(
        ISSUED,
        replace(ISSUED, check_number="1002", amount=Money(99, "USD"), action=CheckAction.VOID),
    ),
)


def profile(layout: str) -> Profile:
    return Profile(options={"layout": layout})


def read_back(data: bytes, layout: str = "") -> IssueFile:
    found = list(assemble(read(BytesIO(data), profile(layout))))
    assert len(found) == 1, found
    [file] = found
    assert isinstance(file, IssueFile)
    checks = tuple(replace(check, location=NOWHERE) for check in file.checks)
    return replace(file, checks=checks, location=NOWHERE)


def texts(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Text of a column: printable, without the blanks at its ends that a column cannot show."""
    return st.text(PRINTABLE, max_size=most).map(str.strip).filter(lambda text: len(text) >= least)


def length(layout: Layout, holds: str, free: int) -> int:
    """The room that a layout has for a field."""
    fields = (*layout.header.fields, *layout.detail.fields)
    found = [field.length or free for field in fields if field.holds == holds]
    return min(found, default=0)


def named(check: IssuedCheck) -> object:
    return check.account, check.check_number, check.action


@st.composite
def issue_files(draw: st.DrawFn, layout: Layout) -> IssueFile:
    """Whatever a layout can carry, and no more."""
    holds = {field.holds for field in (*layout.header.fields, *layout.detail.fields)}
    days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
    optional = {f.holds for f in layout.detail.fields if f.optional}
    digits = st.integers(1, 10 ** length(layout, "account", 17) - 1).map(str)
    account = draw(digits)
    payees = sum(field.holds == "payee" for field in layout.detail.fields)
    room = length(layout, "payee", 60)
    checks = st.builds(
        IssuedCheck,
        account=st.just(account),
        check_number=st.integers(1, 10 ** min(length(layout, "check_number", 12), 10) - 1).map(str),
        amount=st.integers(1, 10 ** min(length(layout, "amount", 12), 10) // 100).map(
            lambda minor: Money(minor, "USD")
        ),
        issued=(st.none() | days) if "issued" in optional else days,
        action=st.sampled_from(sorted(layout.actions)),
        payee=st.lists(texts(room, 1), max_size=payees).map(tuple),
        acted=(st.none() | days) if "acted" in holds else st.none(),
        reason=texts(40) if "reason" in holds else st.just(""),
    )
    return IssueFile(
        company=draw(texts(length(layout, "company", 40))) if "company" in holds else "",
        created=draw(days) if "created" in holds else None,
        checks=tuple(draw(st.lists(checks, min_size=1, max_size=6, unique_by=named))),
    )


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_what_is_written_reads_back_equal(name: str, data: st.DataObject) -> None:
    file = data.draw(issue_files(LAYOUTS[name]))
    written = write(file, profile(name))
    assert read_back(written, name) == file
    assert write(read_back(written, name), profile(name)) == written
    assert (identify(written) == 90) is LAYOUTS[name].certain


def test_bank_of_america_gets_its_columns() -> None:
    file = replace(FILE, company="")
    assert write(file, profile("bank_of_america")).decode().split("\r\n") == [
        f"000123456789H{'':22}20261120{'':67}",
        f"000123456789O000000100100000012345020261120 {'PAPER MILL LLC':<50}{'':16}",
        f"000123456789V000000100200000000009920261120 {'PAPER MILL LLC':<50}{'':16}",
        f"000123456789T0000000002000000123549{'':75}",
        "",
    ]


def test_citibank_counts_issued_checks_only() -> None:
    lines = write(FILE, profile("citibank")).decode().split("\r\n")
    assert lines == [
        f"H{'VESTERHOLT INC':<30}20261120{'':41}",
        f"D0010123456789{'':8}0000001001000012345020261120{'PAPER MILL LLC':<15}{'':15}",
        f"D0010123456789{'':7}V0000001002000000009920261120{'PAPER MILL LLC':<15}{'':15}",
        f"T0010123456789{'':8}00000000010000123450{'':38}",
        "",
    ]
    assert {len(line) for line in lines[:-1]} == {80}


@pytest.mark.parametrize("name", ["bank_of_america", "citibank", "generic"])
def test_a_layout_that_says_what_it_is_needs_no_name(name: str) -> None:
    file = replace(FILE, company="") if name == "bank_of_america" else FILE
    data = write(file, profile(name))
    assert identify(data) == 90
    assert read_back(data) == file


def test_a_comma_in_a_name_is_quoted() -> None:
    check = replace(ISSUED, payee=('MILL, "PAPER" LLC', "ATTN: A, B"))
    file = replace(FILE, checks=(check,))
    assert b'"MILL, ""PAPER"" LLC"' in write(file, Profile())
    assert read_back(write(file, Profile())) == file


def problems(data: bytes, layout: str) -> list[Problem]:
    found = list(read(BytesIO(data), profile(layout)))
    assert isinstance(found[-1], IssueFileTrailer)
    return [item for item in found if isinstance(item, Problem)]


def test_one_wrong_check_does_not_hide_the_others() -> None:
    data = write(FILE, Profile()).replace(b"1234.50,ISSUE", b"12.345,ISSUE")
    assert [item.code for item in problems(data, "generic")] == [
        "field_unreadable",
        "control_total_wrong",
        "control_total_wrong",
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payee": ("ONE", "TWO")}, "not_carried"),
        ({"account": "0123"}, "not_carried"),
        ({"reason": "LOST"}, "not_carried"),
        ({"payee": ("A NAME BEYOND FIFTEEN",)}, "field_too_long"),
        ({"payee": ("MÜLLER",)}, "character_not_allowed"),
        ({"check_number": "10-1"}, "check_number_wrong"),
        ({"amount": Money(1, "CAD")}, "currency_differs"),
        ({"amount": Money(0, "USD")}, "amount_wrong"),
        ({"action": CheckAction.STOP}, "action_not_in_layout"),
        ({"issued": None}, "field_missing"),
    ],
)
def test_what_a_layout_cannot_carry_is_refused(change: dict[str, Any], code: str) -> None:
    file = replace(FILE, checks=(replace(ISSUED, **change),))
    with pytest.raises(Invalid) as refused:
        write(file, profile("citibank"))
    assert (refused.value.code, refused.value.location) == (code, "check 1")
