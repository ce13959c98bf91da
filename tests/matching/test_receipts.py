"""What the stages propose of a lines: sums that hold, ranks, only what is proven posts."""

from __future__ import annotations

from datetime import date
from itertools import count
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostro.domain.match import PROPOSALS_MOST, Proposal, ProposalStatus
from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.matching import item_keys
from nostro.matching.booking import Line
from nostro.matching.item_keys import KeyKind
from nostro.matching.receipts import Candidate, propose
from nostro.matching.stages.confidence import Model

PAYER, STRANGER = "NL91ABNA0417164300", "DE89370400440532013000"
_NUMBERS = count(1)


def line(amount: str, text: str, who: str = PAYER, name: str = "", *, key: str = "") -> Line:
    number, _, currency = amount.partition("/")
    return Line(
        id=key or f"{amount} {text}", amount=Money.parse(number, currency or "EUR"),
        end_to_end_id="", payment_information_id="", batch_count=0, counterparty_iban=who,
        counterparty_name=name, remittance=text, booked=date(2026, 11, 2),
    )  # fmt: skip


def owed(document: str, amount: str, customer: str = "C1", payer: str = PAYER) -> Candidate:
    number, _, currency = amount.partition("/")
    money = Money.parse(number, currency or "EUR")
    return Candidate(
        id=UUID(int=next(_NUMBERS)), kind="credit_note" if money.minor < 0 else "invoice",
        document=document, instalment=0, references=(), customer_number=customer,
        parent_number="", customer_name="", payer_iban=payer, open_minor=money.minor,
        currency=money.currency, issue=None, due=20_759, discount_minor=0, until=None,
    )  # fmt: skip


ITEMS = [
    owed("INV-1001", "100"),
    owed("INV-1002", "50"),
    owed("INV-2001", "70", "C2", STRANGER),
    owed("RE 2026/55", "33"),
    owed("USD-777", "90/USD"),
    owed("TWIN-1", "10", "C1"),
    owed("TWIN-1", "10", "C9"),
]
DOCUMENTS = {str(one.id): one.document for one in ITEMS}
# amount | text | who pays -> what posts by itself
RECEIPTS = """
100    | INV-1001                | payer    -> INV-1001
100    | Invoice INV-1001 thanks | payer    -> INV-1001
33     | RE 2026-55              | payer    -> RE 2026/55
150    | INV-1001 INV-1002       | payer    -> INV-1001 INV-1002
99     | INV-1001                | payer    -> nothing
101    | INV-1001                | payer    -> nothing
170    | INV-1001 INV-2001       | payer    -> nothing
10     | TWIN-1                  | payer    -> nothing
100    | INV-10010               | payer    -> nothing
90     | USD-777                 | payer    -> nothing
90/USD | USD-777                 | payer    -> USD-777
-100   | INV-1001                | payer    -> nothing
100    | hello                   | payer    -> nothing
"""


def posted(proposals: list[Proposal]) -> list[str]:
    return [
        " ".join(DOCUMENTS[part.target_id] for part in one.allocations)
        for one in proposals
        if one.status is ProposalStatus.POST and not one.adjustments
    ]


@pytest.mark.parametrize("row", RECEIPTS.strip().splitlines())
def test_what_posts_by_itself(row: str) -> None:
    given_, _, expected = row.partition("->")
    amount, text, who = (cell.strip() for cell in given_.split("|"))
    found = propose([line(amount, text, PAYER if who == "payer" else STRANGER)], ITEMS, [], Model())
    assert posted(found) == ([] if expected.strip() == "nothing" else [expected.strip()])


def test_a_document_that_names_itself_and_is_short_is_proposed_with_what_is_missing() -> None:
    (first, *_) = propose([line("99", "INV-1001")], ITEMS, [], Model())
    assert first.status is not ProposalStatus.POST
    assert [DOCUMENTS[part.target_id] for part in first.allocations] == ["INV-1001"]
    assert first.evidence


def test_equal_documents_are_ambiguous_and_ranked() -> None:
    found = propose([line("10", "TWIN-1")], ITEMS, [], Model())
    assert found[0].status is ProposalStatus.AMBIGUOUS or found[0].probability_millionths < 999_000
    assert len(found) <= PROPOSALS_MOST + 1


LINES = st.builds(
    line,
    st.sampled_from(["10", "50", "100", "150", "99", "90/USD", "-100", "33"]),
    st.sampled_from(["", "INV-1001", "INV-1001 INV-1002", "USD-777", "TWIN-1", "RE 2026 55"]),
    st.sampled_from([PAYER, STRANGER, ""]),
    key=st.uuids().map(str),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(LINES, max_size=8))
def test_each_proposal_adds_up_and_what_posts_takes_no_more_than_is_open(
    lines: list[Line],
) -> None:
    proposals = propose(lines, ITEMS, [], Model())
    amounts = {one.id: one.amount for one in lines}
    left = {str(one.id): one.open_minor for one in ITEMS}
    for one in proposals:
        parts = [part.amount for part in one.allocations]
        parts += [rest.amount for rest in one.adjustments]
        assert {part.currency for part in parts} == {amounts[one.transaction_id].currency}
        assert sum(part.minor for part in parts) == amounts[one.transaction_id].minor
        if one.status is ProposalStatus.POST:
            for part in one.allocations:
                left[part.target_id] -= part.amount.minor
    assert min(left.values()) >= 0


# document | what a payer writes -> is it found
NAMED = """
RE-2026-0001234 | Zahlung RE 2026 0001234 -> yes
RE-2026-0001234 | 20260001234             -> yes
INV1001X        | INV-1001X danke         -> yes
PO-778          | PO-778                  -> no
INV-10010       | INV-1001                -> no
"""


@pytest.mark.parametrize("row", NAMED.strip().splitlines())
def test_a_line_is_looked_up_by_the_key_that_its_document_is_kept_under(row: str) -> None:
    given_, _, expected = row.partition("->")
    document, text = (cell.strip() for cell in given_.split("|"))
    item = OpenItem(
        id="", entity_code="E", document=document, customer_number="C1", customer_name="",
        open_amount=Money(1, "EUR"), due_date=date(2026, 11, 2),
    )  # fmt: skip
    kept = {(one.kind, one.key) for one in item_keys.of_items([item])}
    texts = ("text", "structured", "e2e", "name", "iban")
    frame = pl.DataFrame([(text, "", "", "", "")], schema=texts, orient="row")
    (told,) = item_keys.of_lines(frame)
    asked = {(KeyKind.DIGITS, key) for key in told.digits}
    asked |= {(KeyKind.LETTERS, key) for key in told.letters}
    assert bool(kept & asked) == (expected.strip() == "yes")


def test_a_key_of_a_text_is_the_same_for_good() -> None:
    """Keys are stored: another machine, or a new version of a library, must find them."""
    assert item_keys.of_text("INV1001") == -3771864897489170826
