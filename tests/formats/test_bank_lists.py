"""Banks' lists: layouts are data, amounts exact, balances prove the rows, workbooks are safe."""

from __future__ import annotations

import json
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Problem
from nostro.domain.statement import Closing, Entry, StatementHeader, StatementTrailer
from nostro.formats import HEAD_BYTES, Profile
from nostro.formats.profiles import dialects, lists
from nostro.formats.tables.cells import Day, Exact, amounts, day_of
from nostro.formats.tables.sheet import number
from tests.formats import firefly_layouts
from tests.formats.workbooks import TITLES, sheet, workbook

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "bank-csv-layouts"
GOLDEN = Path(__file__).parents[1] / "golden" / "bank_csv"
HEAD = "Booking date,Amount,Currency,Remittance,Balance\n"


def read(data: bytes | str, name: str = "bank_csv", **options: Any) -> list[Any]:
    data = data.encode() if isinstance(data, str) else data
    form = formats.find()[name]
    return list(formats.reader(form)(BytesIO(data), Profile(options=options)))


def of_kind(found: list[Any], kind: type) -> list[Any]:
    return [record for record in found if isinstance(record, kind)]


def layout(**how: Any) -> lists.BankList:
    return msgspec.convert(
        {"columns": {"booked": "Day", "amount": "Amount"}, **how}, lists.BankList
    )


# --- Layouts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", lists.names())
def test_each_layout_has_a_sample_that_is_recognised_by_its_titles(name: str) -> None:
    from nostro.formats.tables.list_rows import recognised

    found = [recognised(sample.read_bytes()[:HEAD_BYTES]) for sample in GOLDEN.glob("*.in")]
    assert name in {layout.name for layout in found if layout}
    assert lists.load(name).bank


def test_the_language_of_layouts_says_what_real_lists_need() -> None:
    """Every map of a real list becomes a layout, and a list in it reads with exact amounts."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of bank layouts is not beside the repository")
    paths = sorted(CORPUS.rglob("*.json"))
    assert len(paths) == 119
    wanted = ["1234.56", "-0.07", "-98765.40"]
    for path in paths:
        told = json.loads(path.read_text())
        made = firefly_layouts.layout_of(told)
        data = firefly_layouts.list_in(made, len(told["roles"]), wanted)
        found = read(data, layout=msgspec.to_builtins(made))
        assert not of_kind(found, Problem), path
        entries = of_kind(found, Entry)
        assert [entry.amount for entry in entries] == [Money.parse(a, "EUR") for a in wanted], path
        assert {entry.booked or entry.value for entry in entries} == {date(2026, 11, 20)}, path


# --- Cells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "how", "plain"),
    [
        ("1234.50", {}, "1234.50"),
        ("1.234,50", {"decimal": ",", "group": "."}, "1234.50"),
        ("1\u202f234,50", {"decimal": ",", "group": " "}, "1234.50"),
        ("1’234.50", {"group": "'"}, "1234.50"),
        ("12,34,567.80", {"group": ","}, "1234567.80"),
        ("\u221212.30", {}, "-12.30"),
        ("12.30-", {}, "-12.30"),
        ("(12.30)", {}, "-12.30"),
        ("12.30 DR", {}, "-12.30"),
        ("12.30CR", {}, "+12.30"),
        (".5", {}, "0.5"),
        ("5.", {}, "5"),
    ],
)
def test_amounts_as_banks_write_them(text: str, how: dict[str, str], plain: str) -> None:
    assert amounts(layout(**how))(text) == (plain, "")


@pytest.mark.parametrize(
    ("text", "beside"),
    [("EUR 5.00", "EUR"), ("5.00 EUR", "EUR"), ("-$5.00", "USD"), ("$-5.00", "USD")],
)
def test_a_currency_beside_an_amount(text: str, beside: str) -> None:
    assert amounts(layout(signs={"$": "USD"}))(text)[1] == beside


@pytest.mark.parametrize(
    "text", ["1,23", "1,2345.00", "1.2.3", "--5", "-5-", "(-5)", "5 XX", "", "-", "1e3", "EUR", "٣"]
)
def test_what_is_no_amount_is_not_guessed(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        amounts(layout(group=","))(text)
    assert caught.value.code == "amount_not_a_number"


@given(st.integers(-(10**15), 10**15), st.sampled_from([(".", ","), (",", "."), (",", " ")]))
def test_grouped_amounts_are_exact(minor: int, how: tuple[str, str]) -> None:
    decimal, group = how
    whole, part = divmod(abs(minor), 100)
    text = f"{'-' if minor < 0 else ''}{whole:,}".replace(",", group) + f"{decimal}{part:02d}"
    plain, _ = amounts(layout(decimal=decimal, group=group))(text)
    assert Money.parse(plain, "EUR").minor == minor


@pytest.mark.parametrize(
    ("text", "spelling", "timed"),
    [
        ("20.11.26", "DD.MM.YY", False),
        ("20/11/2026 10:30", "DD/MM/YYYY hh:mm", True),
        ("10:30, 20/11/2026", "hh:mm, DD/MM/YYYY", True),
        ("20 Nov, 2026", "DD MMM, YYYY", False),
        ("Nov 20, 2026", "MMM DD, YYYY", False),
        ("20 Novembre 2026", "DD MMM YYYY", False),
        ("11/20/2026 9:05:01 PM", "M/D/YYYY h:mm:ss AM", True),
        ("2026-11-20T10:30:59+01:00", "YYYY-MM-DDThh:mm:ssZ", True),
        ("11#20#2026", "MM?DD?YYYY", False),
    ],
)
def test_days_as_banks_write_them(text: str, spelling: str, timed: bool) -> None:
    assert day_of(text, (spelling,)) == (date(2026, 11, 20), timed)


@pytest.mark.parametrize("text", ["2026-02-30", "20.11.2026", "2026-11-20x", Day("20.11.2026")])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="not a date"):
        day_of(text, ("YYYY-MM-DD",))


# --- Rows and balances ----------------------------------------------------------------------------


def test_one_bad_row_hides_no_other() -> None:
    rows = [f"2026-11-20,{n}.00,EUR,x,\n" for n in range(1, 50)]
    rows[10] = '2026-11-20,11.00,EUR,"open,\n'
    rows[20] = "2026-11-31,21.00,EUR,x,\n"
    found = read(HEAD + "".join(rows))
    assert len(of_kind(found, Entry)) == 47
    assert [p.location.line for p in of_kind(found, Problem)] == [12, 22]
    (trailer,) = of_kind(found, StatementTrailer)
    assert trailer.verdict.verdict is Closing.NOT_CHECKABLE
    assert "2 entries could not be read" in trailer.verdict.reason


@pytest.mark.parametrize("newest_first", [False, True])
def test_running_balances_prove_the_list_in_either_order(newest_first: bool) -> None:
    rows = [f"2026-11-{day},{day}.00,EUR,x,{sum(range(10, day + 1))}.00\n" for day in range(10, 20)]
    whole = rows[::-1] if newest_first else rows
    (trailer,) = of_kind(read(HEAD + "".join(whole)), StatementTrailer)
    assert trailer.verdict.verdict is Closing.CLOSES
    assert [b.amount.minor for b in trailer.balances] == [0, 14500]
    cut = [*whole[:4], *whole[5:]]
    found = read(HEAD + "".join(cut))
    told = {problem.code: problem.location.line for problem in of_kind(found, Problem)}
    assert told["running_balance_breaks"] == 6
    assert told.keys() == {"running_balance_breaks", "does_not_close"}
    assert of_kind(found, StatementTrailer)[0].verdict.verdict is Closing.DOES_NOT_CLOSE


def test_a_list_without_balances_says_so() -> None:
    found = read(HEAD.replace(",Balance", "") + "2026-11-20,1.00,EUR,x\n", account="A-1")
    (trailer,) = of_kind(found, StatementTrailer)
    assert trailer.verdict.reason == "the list carries no balances"
    assert of_kind(found, StatementHeader)[0].account == "A-1"


def test_a_list_without_titles_is_read_by_column_numbers() -> None:
    how = {"titles": False, "columns": {"booked": 1, "debit": 2, "credit": 3}, "currency": "EUR"}
    found = read("2026-11-20;5.00;\n2026-11-21;;6.00\n2026-11-22;-7.00;0.00\n", layout=how)
    assert [entry.amount.minor for entry in of_kind(found, Entry)] == [-500, 600, 700]


def test_utf16_lists_are_read() -> None:
    data = (HEAD + "2026-11-20,1.00,EUR,Müller,\n").encode("utf-16")
    (entry,) = of_kind(read(data), Entry)
    assert entry.details[0].remittance == ("Müller",)


# --- Workbooks ------------------------------------------------------------------------------------


def test_workbook_numbers_are_what_was_typed() -> None:
    assert number("8.4100000000000001") == "8.41"
    assert number("0.30000000000000004") == "0.30000000000000004"
    assert number("12345678901234567890") == "12345678901234567890"
    assert number("1.5E3") == "1500"
    assert isinstance(number("1"), Exact)


@given(st.integers(-(10**11), 10**11))
def test_amounts_of_a_workbook_are_exact(minor: int) -> None:
    stored = repr(minor / 100)  # As spreadsheets hold numbers: binary, 17 digits.
    rows = [TITLES, ["d:46346", f"n:{stored}", "EUR", "x", "x", ""]]
    (entry,) = of_kind(read(workbook(rows), "bank_xlsx"), Entry)
    assert entry.amount.minor == minor


def test_a_sheet_that_claims_billions_of_cells_costs_nothing() -> None:
    rows = sheet([TITLES, ["d:46346", "n:1", "EUR", "x", "x", "n:1"]])
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(Invalid) as refused:
        read(
            workbook([], sheet_xml=rows.replace("</sheetData>", f"{far}</sheetData>")), "bank_xlsx"
        )
    assert refused.value.code == "too_many_columns"


@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data: st.DataObject) -> None:
    whole = workbook([TITLES, ["d:46346", "n:1", "EUR", "x", "x", "n:1"]])
    at = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.binary(max_size=8))
    try:
        read(whole[:at] + put + whole[at + len(put) :], "bank_xlsx")
    except Invalid as refused:
        assert refused.location  # noqa: PT017 - both outcomes are right, one has a place.


# --- Banks' profiles ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", dialects.names())
@pytest.mark.parametrize("format_name", formats.find())
def test_every_profile_fits_its_formats(name: str, format_name: str) -> None:
    profile = dialects.bank_profile(name, format_name)
    assert dialects.checked(profile, formats.find()[format_name]) is profile


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[mt940]\ncolour = 'red'", "profile_option_wrong"),
        ("[mt9999]\n", "profile_wrong"),
        ("[encodings]\nmt9999 = 'x'", "profile_wrong"),
        ("encodings = 7", "profile_wrong"),
        ("[", "profile_wrong"),
    ],
)
def test_a_wrong_profile_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        dialects.profile_from(text.encode(), "mine", "mt940")
    assert caught.value.code == code


def test_an_unknown_bank_is_told_which_there_are() -> None:
    with pytest.raises(Invalid, match="rabobank"):
        dialects.bank_profile("nobody", "mt940")
