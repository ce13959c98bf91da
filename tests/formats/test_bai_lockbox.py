"""BAI lockbox: checks with what they pay, totals of batch and box, layouts as data."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.lockbox import LockboxDeposit, LockboxItem, LockboxTrailer
from nostro.domain.money import Money
from nostro.domain.problem import Problem
from nostro.domain.records import from_json, to_json
from nostro.formats import Profile
from nostro.formats.american import bai_lockbox

GOLDEN = Path(__file__).parents[1] / "golden" / "bai_lockbox"


def records(data: bytes | str, **options: Any) -> list[Any]:
    stream = BytesIO(data if isinstance(data, bytes) else data.encode())
    return list(bai_lockbox.read(stream, Profile(options=options)))


def test_a_deposit_with_its_checks_and_invoices() -> None:
    found = records((GOLDEN / "two_boxes.in").read_bytes())
    assert [from_json(to_json(record)) for record in found] == found
    first = next(r for r in found if isinstance(r, LockboxItem))
    assert [(d.number, d.paid) for d in first.documents] == [
        ("R-881", Money(400000, "USD")),
        ("R-882", Money(300000, "USD")),
    ]
    trailers = [r for r in found if isinstance(r, LockboxTrailer)]
    assert [(t.item_count, t.agrees) for t in trailers] == [(3, True), (0, True)]
    assert [r.code for r in found if isinstance(r, Problem)] == [
        "date_unreadable",
        "check_not_explained",
    ]


def test_a_bank_s_own_columns_are_data() -> None:
    columns = {
        "6": {"amount": (8, 6), "check_number": (14, 4), "document": (18, 3), "paid": (21, 4)}
    }
    text = "5000000006875126111900\n6001001000900" + "1044" + "R-10500R-20400" + "\n8\n"
    (deposit, item, trailer) = records(text, columns=columns, documents=2, trailer=False)
    assert isinstance(deposit, LockboxDeposit)
    assert (item.amount, item.check_number) == (Money(900, "USD"), "1044")
    assert [(d.number, str(d.paid)) for d in item.documents] == [
        ("R-1", "5.00 USD"),
        ("R-2", "4.00 USD"),
    ]
    assert trailer.agrees is None


def test_checks_without_a_header_are_a_deposit_of_the_profile_s_box() -> None:
    found = records("60010010000000500" + "\n9000002\n", lockbox="68751")
    assert (found[0].lockbox, found[1].amount) == ("68751", Money(500, "USD"))
    assert isinstance(found[-1], LockboxTrailer)


def test_what_stands_after_the_last_column_is_kept() -> None:
    columns = {"6": {"payee": (83, 10)}}
    text = "6" + "001" * 2 + f"{500:010}".ljust(85) + "MORE THAN THE LAYOUT KNOWS\n9000001\n"
    item = records(text, columns=columns)[1]
    assert item.codes == (("6 rest", "MORE THAN THE LAYOUT KNOWS"),)


@pytest.mark.parametrize("header", ["101 091000019 121140399", "100ELBE", "", "01,B,C,261120,"])
def test_other_files_are_not_taken_for_a_lockbox(header: str) -> None:
    nacha = f"{header:<23}2611200430A094101\n5225\n".encode()
    assert bai_lockbox.identify(nacha) == 0


@given(st.integers(0, 10**6), st.binary(max_size=8), st.sampled_from(["two_boxes"]))
def test_damage_is_told_or_refused_with_a_place(at: int, put: bytes, sample: str) -> None:
    whole = (GOLDEN / f"{sample}.in").read_bytes()
    at %= len(whole)
    try:
        found = records(whole[:at] + put + whole[at + 3 :])
    except Invalid as refusal:
        assert refusal.location  # noqa: PT017 - both outcomes are right, one has a place.
    else:
        assert all(r.location.line for r in found)


CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "lockbox-bai"


def test_public_files_read_with_every_total_right() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    told = {}
    for path in sorted(CORPUS.rglob("*.bai")):
        found = records(path.read_bytes())
        assert not [r for r in found if isinstance(r, Problem)]
        assert all(r.agrees for r in found if isinstance(r, LockboxTrailer))
        items = [r for r in found if isinstance(r, LockboxItem)]
        told[path.stem] = [(str(i.amount), i.check_number, i.documents[0].number) for i in items]
    assert told == {
        "test_empty_lockbox": [],
        "test_lockbox": [("7000.00 USD", "0000000180", "CE554")],
    }
