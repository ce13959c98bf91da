"""X12: segments as their header cuts them, and remittance wherever it travels."""

from __future__ import annotations

import json
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Problem
from nostro.domain.records import from_json, to_json
from nostro.domain.remittance import (
    Adjustment,
    ReferredDocument,
    RemittanceAccount,
    RemittanceAdvice,
    RemittanceEntity,
    RemittanceEnvelope,
    RemittanceParty,
)
from nostro.formats import Profile
from nostro.formats.american import x12_820
from nostro.formats.american.x12 import remittance_of
from nostro.formats.american.x12_820_writer import write
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


WORDS = st.text("ABCDEFGHIJ 0123456789-.,&'Ü", min_size=1, max_size=20).map(str.strip).filter(bool)
KINDS = st.text("ABCDEFGHIJ0123456789", min_size=2, max_size=3)
SOME_WORDS = st.just("") | WORDS
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
PAIRS = st.lists(st.tuples(KINDS, WORDS), max_size=3).map(tuple)
FOREIGN = st.lists(st.tuples(st.sampled_from(["IT1", "TXP", "PER", "RDM"]), WORDS), max_size=2).map(
    tuple
)


def amounts(currency: str) -> st.SearchStrategy[Money]:
    return st.integers(-(10**12), 10**12).map(lambda minor: Money(minor, currency))


@st.composite
def adjustments(draw: st.DrawFn, currency: str) -> Adjustment:
    return Adjustment(
        amount=draw(amounts(currency)),
        reason=draw(KINDS),
        reference_kind=draw(KINDS),
        reference=draw(WORDS),
        references=draw(PAIRS),
        notes=draw(PAIRS),
        codes=draw(FOREIGN),
    )


@st.composite
def documents(draw: st.DrawFn, currency: str) -> ReferredDocument:
    money = st.none() | amounts(currency)
    days = draw(st.lists(st.tuples(st.sampled_from(["097", "092"]), DAYS), max_size=2))
    return ReferredDocument(
        number=draw(WORDS),
        kind=draw(KINDS),
        day=draw(st.none() | DAYS),
        due=draw(money),
        paid=draw(money),
        discount=draw(money),
        adjustment=draw(money),
        adjustment_reason=draw(SOME_WORDS),
        adjustments=tuple(draw(st.lists(adjustments(currency), max_size=2))),
        references=draw(PAIRS),
        dates=tuple(days),
        notes=draw(PAIRS),
        codes=draw(st.sampled_from([(), (("RMR03", "PO"),)])) + draw(FOREIGN),
    )


@st.composite
def entities(draw: st.DrawFn, currency: str) -> RemittanceEntity:
    return RemittanceEntity(
        number=draw(WORDS),
        kind=draw(SOME_WORDS),
        id_kind=draw(SOME_WORDS),
        id=draw(SOME_WORDS),
        documents=tuple(draw(st.lists(documents(currency), max_size=3))),
        adjustments=tuple(draw(st.lists(adjustments(currency), max_size=2))),
        codes=draw(FOREIGN),
    )


PARTIES = st.builds(
    RemittanceParty,
    role=KINDS,
    name=SOME_WORDS,
    id_kind=SOME_WORDS,
    id=SOME_WORDS,
    further_names=st.lists(WORDS, max_size=3).map(tuple),
    address=st.lists(WORDS, max_size=3).map(tuple),
    town=SOME_WORDS,
    country=SOME_WORDS,
    references=PAIRS,
    codes=FOREIGN,
)
ACCOUNTS = st.none() | st.builds(RemittanceAccount, bank=WORDS, bank_kind=KINDS, number=SOME_WORDS)
ENVELOPES = st.builds(
    RemittanceEnvelope,
    sender=WORDS.map(lambda text: text[:15].strip()).filter(bool),
    receiver=st.just("ELBE"),
    group_sender=WORDS,
    group_receiver=WORDS,
    created_at=st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001
        lambda at: at.replace(second=0, microsecond=0)
    ),
    interchange_number=st.integers(1, 999999999).map("{:09}".format),
    group_number=st.integers(1, 9999).map(str),
    version=st.sampled_from(["004010", "005010"]),
    test=st.booleans(),
)


@st.composite
def advices(draw: st.DrawFn) -> RemittanceAdvice:
    currency = draw(st.sampled_from(["USD", "CAD", "JPY", "KWD"]))
    return RemittanceAdvice(
        amount=draw(st.integers(0, 10**15).map(lambda minor: Money(minor, currency))),
        currency=currency,
        direction=draw(st.sampled_from("CD")),
        handling=draw(KINDS),
        method=draw(KINDS),
        payment_format=draw(SOME_WORDS),
        originator_id=draw(SOME_WORDS),
        payer_account=draw(ACCOUNTS),
        payee_account=draw(ACCOUNTS),
        effective=draw(st.none() | DAYS),
        purpose=draw(SOME_WORDS),
        trace=draw(SOME_WORDS),
        trace_kind="1",
        parties=tuple(draw(st.lists(PARTIES, max_size=3))),
        references=draw(PAIRS),
        dates=tuple(draw(st.lists(st.tuples(KINDS, DAYS), max_size=2))),
        notes=draw(PAIRS),
        entities=tuple(draw(st.lists(entities(currency), max_size=2))),
        control_number=draw(st.integers(1, 9999).map("{:04}".format)),
        envelope=draw(st.none() | ENVELOPES),
        codes=draw(FOREIGN),
    )


def reread(data: bytes) -> RemittanceAdvice:
    found = [r for r in x12_820.read(BytesIO(data), Profile()) if isinstance(r, RemittanceAdvice)]
    assert len(found) == 1
    return found[0]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(advice=advices(), lines=st.booleans())
def test_what_was_written_is_read_back_the_same(advice: RemittanceAdvice, lines: bool) -> None:
    profile = Profile(options={"lines": lines})
    data = write(advice, profile)
    again = reread(data)
    assert plain(again) == plain(advice)
    assert write(again, profile) == data


def plain(value: Any) -> Any:
    """A record as plain values, without where it was read, and codes of an envelope in order."""
    told = json.loads(msgspec.json.encode(value))

    def stripped(part: Any) -> Any:
        if isinstance(part, dict):
            told = {k: stripped(v) for k, v in part.items() if k != "location"}
            return told | ({"codes": []} if "interchange_number" in part else {})
        return [stripped(one) for one in part] if isinstance(part, list) else part

    return stripped(told)


@pytest.mark.parametrize("sample", ["among_other_sets", "lines_and_bars"])
def test_writing_what_was_read_is_stable(sample: str) -> None:
    path = Path(__file__).parents[1] / "golden" / "x12_820" / f"{sample}.in"
    first = write(reread(path.read_bytes()), Profile())
    assert write(reread(first), Profile()) == first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"trace": "A*B"}, "x12_delimiter_in_text"),
        ({"control_number": "1\n"}, "x12_delimiter_in_text"),
        ({"references": (("TN", ""),)}, "x12_not_carried"),
        ({"envelope": RemittanceEnvelope(sender="S" * 16, receiver="R")}, "x12_header_too_long"),
    ],
)
def test_what_an_820_cannot_carry_is_refused(change: dict[str, Any], code: str) -> None:
    advice = RemittanceAdvice(**{"amount": Money(5, "USD"), "currency": "USD", **change})
    with pytest.raises(Invalid) as refused:
        write(advice, Profile())
    assert refused.value.code == code


def test_an_interchange_without_an_end_is_not_held() -> None:
    with pytest.raises(Invalid, match="longer than"):
        list(x12_820.read(Once(HEADER.encode()), Profile()))


class Once(BytesIO):
    """A header, then one segment without an end."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or b"A" * 65536


CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "edi-x12"


def test_public_interchanges_are_read_or_refused_with_a_place() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    read_: list[Any] = []
    refused: list[str] = []
    for path in sorted(CORPUS.rglob("*.edi")):
        try:
            read_ += [
                r for r in x12_820.read(path.open("rb"), Profile()) if not isinstance(r, Problem)
            ]
        except Invalid as refusal:
            assert refusal.location, path  # noqa: PT017 - both outcomes are right.
            refused.append(refusal.code)
    assert [(str(a.amount), len(a.documents)) for a in read_] == [("21298.97 USD", 7)]
    # No other file there holds an 820.
    assert set(refused) == {"no_remittance_advice"}
