"""Files that were cut on their way: half an amount is an amount, and must never be one of ours."""

from __future__ import annotations

import io

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem
from nostro.domain.statement import Entry
from nostro.formats import Profile, find

WHOLE = b"""\
:20:S1\r
:25:DE89370400440532013000\r
:28C:1/1\r
:60F:C261101EUR100,00\r
:61:2611021102D10,5NTRFREF1//BR1\r
:86:hello\r
:61:2611031103C20,NTRFREF2\r
:61:2611031103RC5,00NTRFREF3\r
:62F:C261103EUR104,50\r
-\r
"""
ENVELOPE = b"{1:F01NOSTDEFFAXXX0000000000}{2:I940NOSTDEFFXXXXN}{4:\r\n"
ORDER = b"""\
:20:R
:28D:1/1
:30:261123
:21:P1
:32B:EUR1,
:59:/DE89370400440532013000
HUBER
:71A:SHA
:21:P2
:32B:EUR2,
:59:/NL91ABNA0417164300
DE WIT
:71A:SHA
-
"""
CONFIRMED = b":20:D\n:21:X\n:25:1\n:32A:261120EUR1250,00\n"


def read(name: str, data: bytes) -> list[object]:
    reader = find()[name].read
    assert reader is not None
    return list(reader(io.BytesIO(data), Profile()))


def told(name: str, data: bytes) -> list[str]:
    """Codes of what is told, or of the refusal."""
    try:
        return [one.code for one in read(name, data) if isinstance(one, Problem)]
    except Invalid as refusal:
        return [refusal.code if refusal.location else ""]


def test_a_whole_file_says_nothing() -> None:
    assert told("mt940", WHOLE) == []
    assert told("mt940", WHOLE.removesuffix(b"\r\n")) == []
    assert told("mt940", WHOLE.removesuffix(b"-\r\n")) == []


def test_no_cut_gives_another_amount() -> None:
    """Wherever it is cut: each entry has its amount, or the file is refused, or something told."""
    amounts = [one.amount for one in read("mt940", WHOLE) if isinstance(one, Entry)]
    for end in range(1, len(WHOLE) - 3):
        try:
            found = read("mt940", WHOLE[:end])
        except Invalid:
            continue
        entries = [one.amount for one in found if isinstance(one, Entry)]
        assert entries == amounts[: len(entries)], WHOLE[:end]
        whole = WHOLE[end - 1 : end] in b"\r\n" and b":62F:" in WHOLE[:end]
        assert whole or any(isinstance(one, Problem) for one in found), WHOLE[:end]


@pytest.mark.parametrize("end", [b"C2", b"C20", b"C20,", b":62F:C261103EUR104,5", b":62F", b":6"])
def test_an_end_within_an_amount_or_a_tag_is_refused(end: bytes) -> None:
    cut = WHOLE[: WHOLE.index(end) + len(end)]
    assert told("mt940", cut)[-1] == "file_cut"


def test_a_booking_without_anything_behind_its_amount_ends_no_file() -> None:
    assert told("mt940", WHOLE[: WHOLE.index(b"NTRFREF2")] + b"\r\n")[-1] == "file_cut"


def test_a_last_amount_with_all_its_decimals_is_whole() -> None:
    assert told("mt940", WHOLE[: WHOLE.index(b"\r\n-")]) == ["file_end_missing"]
    yen = WHOLE.replace(b"EUR104,50\r\n-\r\n", b"JPY104,").replace(b"EUR", b"JPY")
    yen = yen.replace(b"10,5N", b"10,N")
    assert told("mt940", yen)[-1] != "file_cut"
    assert told("mt940", yen.removesuffix(b","))[-1] == "file_cut"


def test_an_open_envelope_is_refused() -> None:
    assert told("mt940", ENVELOPE + WHOLE.replace(b"-\r\n", b"")) == ["file_cut"]
    assert told("mt940", ENVELOPE + WHOLE.replace(b"-\r\n", b"-}\r\n")) == []


def test_a_request_for_transfer_is_cut() -> None:
    assert told("mt101", ORDER) == []
    assert told("mt101", ORDER.removesuffix(b"-\n")) == ["file_end_missing"]
    assert told("mt101", ORDER[: ORDER.index(b":21:P2")]) == ["file_end_missing"]
    assert told("mt101", ORDER[: ORDER.index(b"0417")]) == ["file_cut"]
    assert told("mt101", ORDER[: ORDER.index(b"2,\n") + 1]) == ["file_cut"]


def test_a_confirmation_is_cut() -> None:
    assert told("mt910", CONFIRMED) == []
    for end in range(CONFIRMED.index(b"1250"), len(CONFIRMED) - 1):
        assert told("mt910", CONFIRMED[:end])[-1] != "file_end_missing", CONFIRMED[:end]


def test_a_wrong_iban_is_told_and_its_payment_stays_in_the_totals() -> None:
    wrong = ORDER.replace(b"NL91ABNA0417164300", b"NL92ABNA0417164300")
    assert told("mt101", wrong) == ["invalid_iban"]
    assert len(read("mt101", wrong)) == len(read("mt101", ORDER)) + 1
    short = ORDER.replace(b"NL91ABNA0417164300", b"NL91ABNA")
    assert told("mt101", short) == ["invalid_iban"]
    assert told("mt101", ORDER.replace(b"/NL91ABNA0417164300", b"/400123456")) == []


def test_a_list_that_ends_with_an_amount_may_be_cut() -> None:
    rows = b"Booking date,Remittance,Account,Currency,Amount\n2026-11-18,A,DE1,EUR,1250.00"
    assert told("bank_csv", rows) == ["file_end_missing"]
    assert told("bank_csv", rows + b"\n") == []
    assert told("bank_csv", rows.replace(b"1250.00", b'"1250.00"')) == []
    text_last = b"Booking date,Account,Currency,Amount,Remittance\n2026-11-18,DE1,EUR,1.00,A"
    assert told("bank_csv", text_last) == []
