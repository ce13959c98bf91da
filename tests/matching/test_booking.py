"""What a statement explains: our payments by our keys, receipts by their reference, no guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.match import Proposal, Target
from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.matching.booking import LIKELY, POSSIBLE, PROVEN, Line, Payment, propose
from nostro.matching.naming import SHORTEST_REFERENCE, Documents

PAYER, STRANGER = "NL91ABNA0417164300", "DE89370400440532013000"


def money(text: str) -> Money:
    """`12.30` in euro, `12.30/USD` in another currency."""
    number, _, currency = text.partition("/")
    return Money.parse(number, currency or "EUR")


def line(
    amount: str,
    key: str = "",
    *,
    batch: str = "",
    count: int = 0,
    text: str = "",
    who: str = PAYER,
    name: str = "",
) -> Line:
    return Line(
        id=f"{amount} {key}{batch}{text}", amount=money(amount), end_to_end_id=key,
        payment_information_id=batch, batch_count=count, counterparty_iban=who,
        counterparty_name=name, remittance=text,
    )  # fmt: skip


def payment(order: str, amount: str, batch: str = "B1", *, live: bool = True) -> Payment:
    return Payment(
        order_id=order, end_to_end_id=f"E-{order}", payment_information_id=batch,
        amount=money(amount), live=live,
    )  # fmt: skip


def item(document: str, amount: str, customer: str = "C1", payer: str = PAYER) -> OpenItem:
    return OpenItem(
        id=f"{document}@{customer}", entity_code="E", document=document, customer_number=customer,
        customer_name="", open_amount=money(amount), due_date=date(2026, 11, 2), payer_iban=payer,
    )  # fmt: skip


def told(proposals: Sequence[Proposal]) -> list[str]:
    """Each proposal as `percent target=amount ...`."""
    return [
        " ".join(
            [
                str(p.probability_millionths // 10_000),
                *(f"{a.target_id}={a.amount}" for a in p.allocations),
            ]
        )
        for p in proposals
    ]


PAYMENTS = [payment("o1", "10"), payment("o2", "20"), payment("o3", "30", live=False)]
OURS: dict[str, tuple[list[Line], list[str]]] = {
    "exact": ([line("-10", "E-o1")], ["100 o1=10.00 EUR"]),
    "wrong amount": ([line("-10.01", "E-o1")], ["50 o1=10.00 EUR"]),
    "wrong currency": ([line("-10/USD", "E-o1")], ["50 o1=10.00 EUR"]),
    "money in with our key": ([line("10", "E-o1")], []),
    "not our key": ([line("-10", "E-o9")], []),
    "NOTPROVIDED": ([line("-10", "NOTPROVIDED")], []),
    "no key": ([line("-10")], []),
    "booked twice": (
        [line("-10", "E-o1"), line("-10", "E-o1")], ["100 o1=10.00 EUR", "50 o1=10.00 EUR"]
    ),
    "a wrong one first": (
        [line("-9", "E-o1"), line("-10", "E-o1")], ["50 o1=10.00 EUR", "100 o1=10.00 EUR"]
    ),
    "rejected, yet booked": ([line("-30", "E-o3")], ["50 o3=30.00 EUR"]),
    "batch minus rejected": ([line("-30", batch="B1")], ["100 o1=10.00 EUR o2=20.00 EUR"]),
    "batch with a rejected line": ([line("-60", batch="B1")], []),
    "batch less a charge": ([line("-30.50", batch="B1")], []),
    "batch in another currency": ([line("-30/USD", batch="B1")], []),
    "batch as money in": ([line("30", batch="B1")], []),
    "another batch": ([line("-30", batch="B9")], []),
    "batch that names one key": (
        [line("-30", "E-o1", batch="B1", count=2)], ["100 o1=10.00 EUR o2=20.00 EUR"]
    ),
    "batch booked twice": (
        [line("-30", batch="B1")] * 2, ["100 o1=10.00 EUR o2=20.00 EUR"]
    ),
    "one alone, the rest as batch": (
        [line("-10", "E-o1"), line("-20", batch="B1")], ["100 o1=10.00 EUR", "100 o2=20.00 EUR"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_our_payments(name: str) -> None:
    lines, expected = OURS[name]
    found = propose(lines, PAYMENTS, [])
    assert told(found) == expected
    assert all(a.target is Target.ORDER for p in found for a in p.allocations)
    assert all(p.evidence for p in found)


def test_a_whole_batch() -> None:
    lines = [line("-30", batch="B1")]
    assert told(propose(lines, PAYMENTS[:2], [])) == ["100 o1=10.00 EUR o2=20.00 EUR"]


def test_a_batch_of_two_currencies_is_no_sum() -> None:
    mixed = [payment("o1", "10"), payment("o2", "20/USD")]
    assert propose([line("-30", batch="B1")], mixed, []) == []


def test_payments_without_a_batch_are_no_batch() -> None:
    """A line that names no batch explains nothing, even if the amounts happen to fit."""
    loose = [payment("o1", "10", batch=""), payment("o2", "20", batch="")]
    assert propose([line("-30")], loose, []) == []


ITEMS = [
    item("INV-1001", "100"),
    item("INV-1002", "50"),
    item("INV-2001", "70", "C2", STRANGER),
    item("INV-3001", "80", "C3", ""),
    item("4711", "40"),
    item("RE 2026/55", "33"),
    item("USD-777", "90/USD"),
    item("TWIN-1", "10", "C1"),
    item("TWIN-1", "10", "C9"),
]
# amount | text | who pays -> proposals
RECEIPTS = """
100    | INV-1001                | payer    -> 100 INV-1001@C1=100.00 EUR
100    | Invoice inv 1001 thanks | payer    -> 100 INV-1001@C1=100.00 EUR
100    | INV1001                 | payer    -> 100 INV-1001@C1=100.00 EUR
100    | /INV/1001/              | payer    -> 100 INV-1001@C1=100.00 EUR
150    | INV-1001 INV-1002       | payer    -> 100 INV-1001@C1=100.00 EUR INV-1002@C1=50.00 EUR
150    | INV-1001, INV-1001 +INV-1002 | payer -> 100 INV-1001@C1=100.00 EUR INV-1002@C1=50.00 EUR
33     | RE 2026-55              | payer    -> 100 RE 2026/55@C1=33.00 EUR
80     | INV-3001                | stranger -> 80 INV-3001@C3=80.00 EUR
100    | INV-1001                | stranger -> 80 INV-1001@C1=100.00 EUR
150    | INV-1001 INV-1002       | stranger -> 80 INV-1001@C1=100.00 EUR INV-1002@C1=50.00 EUR
99     | INV-1001                | payer    -> 50 INV-1001@C1=99.00 EUR
101    | INV-1001                | payer    -> 50 INV-1001@C1=100.00 EUR
149    | INV-1001 INV-1002       | payer    -> nothing
170    | INV-1001 INV-2001       | payer    -> nothing
10     | TWIN-1                  | payer    -> nothing
20     | TWIN-1                  | payer    -> nothing
40     | 4711                    | payer    -> nothing
40     | Invoice 4711            | payer    -> nothing
100    | INV-10010               | payer    -> nothing
100    | XINV-1001               | payer    -> nothing
100    | 9INV-1001               | payer    -> nothing
100    | INV-100                 | payer    -> nothing
90     | USD-777                 | payer    -> nothing
90/USD | USD-777                 | payer    -> 100 USD-777@C1=90.00 USD
100/USD | INV-1001               | payer    -> nothing
-100   | INV-1001                | payer    -> nothing
0      | INV-1001                | payer    -> nothing
100    | hello                   | payer    -> nothing
"""


@pytest.mark.parametrize("row", RECEIPTS.strip().splitlines())
def test_receipts(row: str) -> None:
    given_, _, expected = row.partition("->")
    amount, text, who = (cell.strip() for cell in given_.split("|"))
    paid = line(amount, text=text, who=PAYER if who == "payer" else STRANGER)
    found = propose([paid], PAYMENTS, ITEMS)
    assert told(found) == ([] if expected.strip() == "nothing" else [expected.strip()])
    assert all(a.target is Target.OPEN_ITEM for p in found for a in p.allocations)


CUSTOMER = "Société Générale S.A."
# account on file | account that paid | name of the payer -> percent | what is said of the payer
PAYERS = """
PAYER |PAYER   |Anybody              -> 100 | the payer's account is known
PAYER |STRANGER|Société Générale S.A.-> 80 | another account than usual
PAYER |        |Société Générale S.A.-> 80 | another account than usual
      |STRANGER|SOCIETE GENERALE SA  -> 100 | no payer account on file; the payer's name is the customer's
      |STRANGER|Somebody Else        -> 80 | no payer account on file; another name than the customer's
      |STRANGER|                     -> 80 | no payer account on file; another name than the customer's
"""  # noqa: E501


@pytest.mark.parametrize("row", PAYERS.strip("\n").splitlines())
def test_who_paid_is_proven_by_account_or_else_by_name(row: str) -> None:
    given_, _, expected = row.partition("->")
    on_file, paid, name = (cell.strip() for cell in given_.split("|"))
    ibans = {"PAYER": PAYER, "STRANGER": STRANGER, "": ""}
    open_item = msgspec.structs.replace(
        item("INV-3001", "80", payer=ibans[on_file]), customer_name=CUSTOMER
    )
    (found,) = propose(
        [line("80", text="INV-3001", who=ibans[paid], name=name)], PAYMENTS, [open_item]
    )
    said = f"{found.probability_millionths // 10_000} | {'; '.join(found.evidence[2:])}"
    assert said == expected.strip()


def test_no_name_on_either_side_proves_nothing() -> None:
    (found,) = propose([line("80", text="INV-3001", who=STRANGER)], [], ITEMS)
    assert found.probability_millionths == LIKELY


TEXTS = st.text(alphabet="INV1-/ 0ß", max_size=24)


@given(TEXTS, st.lists(TEXTS, max_size=6))
def test_the_index_names_what_a_search_for_each_document_would(
    text: str, documents: list[str]
) -> None:
    items = [item(document, "1") for document in documents]

    def named(document: str) -> bool:
        letters = re.sub("[^0-9A-Z]+", "", document.upper())
        spread = "[^0-9A-Z]*".join(letters)
        whole = re.search(f"(?<![0-9A-Z]){spread}(?![0-9A-Z])", text.upper())
        return len(letters) >= SHORTEST_REFERENCE and whole is not None

    expected = [each for each in items if named(each.document)]
    assert Documents(items).named_by(text) == expected


def test_an_item_is_used_up_by_what_is_proven() -> None:
    twice = [line("100", text="INV-1001"), line("100", text="INV-1001 again")]
    assert told(propose(twice, [], ITEMS)) == ["100 INV-1001@C1=100.00 EUR"]


def test_a_suggestion_uses_nothing_up() -> None:
    both = [line("99", text="INV-1001"), line("100", text="INV-1001")]
    assert told(propose(both, [], ITEMS)) == [
        "50 INV-1001@C1=99.00 EUR",
        "100 INV-1001@C1=100.00 EUR",
    ]


LINES = st.builds(
    line,
    st.sampled_from(["-10", "-20", "-30", "10", "50", "100", "150", "-10/USD", "90/USD"]),
    st.sampled_from(["", "E-o1", "E-o2", "E-o3", "NOTPROVIDED"]),
    batch=st.sampled_from(["", "B1", "B9"]),
    count=st.integers(0, 2),
    text=st.sampled_from(["", "INV-1001", "INV-1001 INV-1002", "USD-777", "TWIN-1"]),
    who=st.sampled_from([PAYER, STRANGER]),
)


@given(st.lists(LINES, max_size=12))
def test_what_is_proven_adds_up_and_is_used_once(lines: list[Line]) -> None:
    booked = list(lines)
    proposals = propose(booked, PAYMENTS, ITEMS)
    by_id = {each.id: each for each in booked}
    proven = [p for p in proposals if p.probability_millionths == PROVEN]
    used = [a.target_id for p in proven for a in p.allocations]
    assert len(used) == len(set(used))
    for proposal in proven:
        amount = by_id[proposal.transaction_id].amount
        assert {a.amount.currency for a in proposal.allocations} == {amount.currency}
        assert sum(a.amount.minor for a in proposal.allocations) == abs(amount.minor)
    assert {p.probability_millionths for p in proposals} <= {PROVEN, LIKELY, POSSIBLE}


def test_nothing_from_nothing() -> None:
    assert propose([], PAYMENTS, ITEMS) == []
    assert propose([line("-10", "E-o1"), line("10", text="INV-1001")], [], []) == []
