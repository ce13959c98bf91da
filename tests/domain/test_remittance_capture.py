"""What payers tell, out of every kind of record: never guessed, checked against the total."""

from __future__ import annotations

import json
from datetime import date
from io import BytesIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.lockbox import LockboxDeposit, LockboxItem
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE
from nostro.domain.records import from_json, to_json
from nostro.domain.remittance import ReferredDocument
from nostro.domain.remittance_capture import captured
from nostro.domain.statement import Entry, TransactionDetail
from nostro.domain.told_remittance import LineKind
from nostro.formats import Profile
from nostro.formats.american import bai_lockbox
from nostro.formats.american.x12 import remittance_of
from tests.cli.test_commands import nostro
from tests.formats.test_x12_820 import ADDENDA
from tests.needs import absent

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "corpus" / "edi-x12"
DAY = date(2026, 11, 20)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def entry(amount: int, *details: TransactionDetail, reversal: bool = False) -> Entry:
    return Entry(
        usd(amount), "BOOK", DAY, DAY, "", "", "", "", reversal, "", details, NOWHERE
    )  # fmt: skip


def test_an_820_with_deductions_and_a_loose_adjustment() -> None:
    advice, _ = remittance_of(ADDENDA)
    (told,) = captured([advice], "x12_820")
    assert (told.payer, told.trace, told.total) == ("BREMEN TOOLS LLC", "RM-7", usd(90050))
    invoice, loose = told.lines
    assert (invoice.document, invoice.kind, invoice.net) == ("R-881", LineKind.INVOICE, usd(91050))
    assert (invoice.gross, invoice.discount) == (usd(93050), usd(2000))
    assert [(d.amount, d.reason) for d in invoice.deductions] == [(usd(-50), "L1")]
    assert (loose.kind, loose.net, loose.document) == (LineKind.ADJUSTMENT, usd(-1000), "C-5")
    assert told.agrees is True
    assert from_json(to_json(told)) == told


def test_a_lockbox_does_not_say_what_its_documents_are() -> None:
    with (ROOT / "tests/golden/bai_lockbox/two_boxes.in").open("rb") as stream:
        first, second, *_ = captured(
            bai_lockbox.read(BytesIO(stream.read()), Profile()), "bai_lockbox"
        )
    assert (first.check_number, first.agrees) == ("0000000180", True)
    assert {line.kind for line in first.lines} == {LineKind.UNKNOWN}
    assert second.agrees is None
    assert second.lines[0].net is None
    assert "the total cannot be checked" in second.not_understood[-1]


def test_only_money_that_came_in_and_says_something_counts() -> None:
    told = TransactionDetail(None, "E2E-1", counterparty_name="Ada", remittance=("R 881",))
    silent = TransactionDetail(None, "NOTPROVIDED")
    out, back = entry(-500, told), entry(500, told, reversal=True)
    (found,) = captured([out, back, entry(500, silent), entry(500, told)], "camt_053")
    assert (found.payer, found.reference, found.total) == ("Ada", "E2E-1", usd(500))
    assert (found.day, found.agrees) == (DAY, None)


def test_a_share_of_a_batch_without_amount_has_no_total() -> None:
    shares = [TransactionDetail(None, f"E-{n}", creditor_reference=f"RF{n}") for n in (1, 2)]
    assert [one.total for one in captured([entry(500, *shares)], "camt_053")] == [None, None]


def test_another_currency_is_not_added() -> None:
    document = ReferredDocument(number="R-1", kind="CINV", paid=Money(500, "EUR"))
    (told,) = captured([entry(500, TransactionDetail(None, documents=(document,)))], "camt_053")
    assert told.agrees is None


@given(
    st.lists(st.tuples(st.sampled_from(["CINV", "CREN"]), st.integers(1, 10**9)), min_size=1),
    st.integers(-2, 2),
    st.booleans(),
)
def test_the_total_agrees_exactly_when_invoices_less_credits_make_it_up(
    parts: list[tuple[str, int]], off: int, negative: bool
) -> None:
    sign = -1 if negative else 1
    documents = tuple(
        ReferredDocument(
            number=str(n), kind=kind, paid=usd(amount * (sign if kind == "CREN" else 1))
        )
        for n, (kind, amount) in enumerate(parts)
    )
    due = sum(amount if kind == "CINV" else -amount for kind, amount in parts)
    item = LockboxItem(batch="1", item="1", amount=usd(due + off), documents=documents)
    deposit = LockboxDeposit(lockbox="1", deposited=DAY, currency="USD")
    (told,) = captured([deposit, item], "bai_lockbox")
    assert told.agrees is (off == 0)
    assert told.day == DAY


def test_the_command_tells_what_is_in_a_file() -> None:
    told = nostro("remittances", "read", "tests/golden/bai_lockbox/two_boxes.in")
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [line["record"] for line in lines[:2]] == ["input_file", "remittance"]
    assert [doc["document"] for doc in lines[1]["lines"]] == ["R-881", "R-882"]
    assert "check_not_explained" in told.stderr


def test_a_file_that_is_not_there_ends_with_two() -> None:
    assert nostro("remittances", "read", "not-there.820").returncode == 2


def test_a_real_820_agrees_with_its_total() -> None:
    found = sorted(SHARED.rglob("x12.820.issue140.edi"))
    if not found:
        absent("the shared corpus")
    told = nostro("remittances", "read", str(found[0]))
    one = json.loads(told.stdout.splitlines()[1])
    assert (one["payer"], one["trace"]) == ("MART INC.", "4529952")
    assert one["total"] == {"minor": 2129897, "currency": "USD"}
    assert one["lines"][0]["net"]["minor"] == 440875
    assert one["lines"][0]["deductions"][0]["reason"] == "59"
