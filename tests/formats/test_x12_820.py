"""X12: segments as their header cuts them, and remittance wherever it travels."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.records import from_json, to_json
from nostro.formats.american.x12 import remittance_of
from nostro.formats.american.x12_tokens import Tokens, piece_of

ADDENDA = (
    "ST*820*0042\\BPR*C*900.50*C*ACH*CTX*01*091000019*DA*4410*1888777666**01*011000015*DA*77*20261120\\"
    "TRN*1*RM-7*1888777666\\REF*TN*7788\\N1*PR*BREMEN TOOLS LLC*91*B-1\\N3*1 QUAY ST*FLOOR 2\\"
    "N4*BOSTON*MA*02110\\N1*PE*ELBE PUMPS INC\\ENT*1\\NTE**ASK FOR MAYA\\"
    "ADX*-10.00*01*CM*C-5\\RMR*IV*R-881*PO*910.50*930.5*20\\REF*PO*4711\\DTM*003*20261001\\"
    "ADX*-.5*L1\\NTE**DAMAGED\\IT1*1*2*EA*3\\REF*ZZ*INSIDE IT1\\SE*19*0042\\"
)


def test_remittance_in_addenda_needs_no_envelope() -> None:
    advice, problems = remittance_of(ADDENDA)
    assert not problems
    assert advice.amount == Money(90050, "USD")
    assert (advice.method, advice.payment_format, advice.trace) == ("ACH", "CTX", "RM-7")
    assert advice.effective == date(2026, 11, 20)
    payer = advice.party("PR")
    assert payer is not None
    assert (payer.name, payer.address, payer.town) == (
        "BREMEN TOOLS LLC",
        ("1 QUAY ST", "FLOOR 2"),
        "BOSTON",
    )
    (entity,) = advice.entities
    assert [a.amount for a in entity.adjustments] == [Money(-1000, "USD")]
    (document,) = advice.documents
    assert (document.number, document.kind, document.day) == ("R-881", "IV", date(2026, 10, 1))
    assert (document.paid, document.due, document.discount) == (
        Money(91050, "USD"),
        Money(93050, "USD"),
        Money(2000, "USD"),
    )
    (adjustment,) = document.adjustments
    assert (adjustment.amount, adjustment.reason) == (Money(-50, "USD"), "L1")
    assert adjustment.notes == (("", "DAMAGED"),)
    assert adjustment.codes == (("IT1", "1*2*EA*3"), ("REF", "ZZ*INSIDE IT1"))
    assert from_json(to_json(advice)) == advice


@pytest.mark.parametrize("end", ["\\", "~", "\n", "'", "~\n"])
@pytest.mark.parametrize("element", ["*", "+", "|"])
def test_documents_alone_in_any_usual_delimiters(element: str, end: str) -> None:
    text = f"RMR*IV*1**5{end}RMR*IV*2*PO*6.10{end}".replace("*", element)
    advice, problems = remittance_of(text)
    assert [(d.number, str(d.paid)) for d in advice.documents] == [
        ("1", "5.00 USD"),
        ("2", "6.10 USD"),
    ]
    assert not problems


def test_the_currency_gives_the_decimals() -> None:
    advice, problems = remittance_of("ST*820*1\\BPR*C*500*C*NON\\CUR*PR*JPY\\RMR*IV*1**500.5\\")
    assert advice.amount == Money(500, "JPY")
    assert [p.code for p in problems] == ["amount_unreadable"]
    assert problems[0].raw == "RMR*IV*1**500.5"


def test_a_payment_that_its_documents_do_not_explain_is_told() -> None:
    _, problems = remittance_of("BPR*C*10*C*ACH\\RMR*IV*1**9.99\\")
    assert [p.code for p in problems] == ["payment_not_explained"]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        advice, _ = remittance_of(text)
    except Invalid as refusal:
        assert refusal.location  # noqa: PT017 - both outcomes are right, one has a place.
    else:
        assert advice.currency


HEADER = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261120*0830*U*00401"
    "*000000007*0*T*>~"
)


@given(st.integers(1, 12))
def test_pieces_of_any_size_give_the_same_segments(size: int) -> None:
    text = piece_of(f"{HEADER}\r\nGS*RA*A*B~\n\n ST*820*1~N1*PR*MÜLLER~ {HEADER}GS*X~IEA*1")
    whole = list(Tokens([text]))
    assert list(Tokens(text[n : n + size] for n in range(0, len(text), size))) == whole
    assert [s.name for s in whole] == ["ISA", "GS", "ST", "N1", "ISA", "GS", "IEA"]
    assert whole[3].get(2) == "MÜLLER"
    assert [text[s.offset :].startswith(s.name) for s in whole] == [True] * 7
    assert [s.line for s in whole] == [1, 2, 4, 4, 4, 4, 4]
