"""The letter to a bank: one page, every id readable for people and programs, nothing dropped."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.letters import page
from nostro.letters.bank_letter import BankLetter, LetterKind, LetterPayment, moment, write
from nostro.letters.page import IDS, TEXT, visible, width_of, wrapped
from tests.needs import absent

CET = timezone(timedelta(hours=1))
LEFT_AT = datetime(2026, 11, 20, 23, 41, 7, tzinfo=CET)
DIGEST = hashlib.sha256(b"the file").hexdigest()
WIDEST = "W" * 35  # As wide as an id of ISO 20022 can be.


def payment(number: int = 1, **changes: Any) -> LetterPayment:
    fields: dict[str, Any] = {
        "end_to_end_id": f"E2E-{number:06}",
        "amount": Money(1000, "EUR"),
        "payee_name": "Papier Huber GmbH",
        "uetr": f"00000000-0000-4000-8000-{number:012}",
    }
    return LetterPayment(**{**fields, **changes})


def letter(**changes: Any) -> BankLetter:
    fields: dict[str, Any] = {
        "kind": LetterKind.ENQUIRY,
        "case_number": "C-2026-0481",
        "as_of": datetime(2026, 11, 20, 23, 58, 1, tzinfo=CET),
        "brand_name": "Harbour Treasury",
        "customer_name": "Vesterholt Group SE",
        "customer_address": ("Hafenstraße 12", "20457 Hamburg"),
        "contact_name": "Maren Lind",
        "contact_phone": "+49 40 5550 1234",
        "bank_name": "Commerzbank AG",
        "bank_bic": "COBADEFFXXX",
        "debit_accounts": ("DE89 3704 0044 0532 0130 00",),
        "message_id": "NOSTRO-20261120-0017",
        "payment_information_ids": ("NOSTRO-20261120-0017-B1",),
        "file_name": "pain001_20261120_0017.xml.pgp",
        "size_bytes": 4182733,
        "digests": (("as sent", DIGEST),),
        "times": (("Sending began", LEFT_AT),),
        "payments": (payment(),),
        "signers": ("Maren Lind", "Jonas Petersen"),
    }
    return BankLetter(**{**fields, **changes})


@cache
def program(name: str) -> str:
    return shutil.which(name) or absent(f"{name} (poppler-utils)")


def read(data: bytes, name: str = "pdftotext", *words: str) -> str:
    """The letter as a program reads it that we did not write."""
    told = subprocess.run(
        [program(name), *words, "-", *(["-"] if name == "pdftotext" else [])],
        input=data, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return told.stdout.decode()


def one_line(text: str) -> str:
    return " ".join(text.split())


def closed(text: str) -> str:
    """Without white space: an id may be broken over lines."""
    return "".join(text.split())


@pytest.mark.parametrize("kind", LetterKind)
def test_every_fact_can_be_read(kind: LetterKind) -> None:
    told = one_line(read(write(letter(kind=kind)), "pdftotext", "-layout"))
    for fact in (
        "C-2026-0481", "Harbour Treasury", "Vesterholt Group SE", "Hafenstraße 12", "Maren Lind",
        "+49 40 5550 1234", "Commerzbank AG", "COBADEFFXXX", "DE89 3704 0044 0532 0130 00",
        "NOSTRO-20261120-0017", "NOSTRO-20261120-0017-B1", "pain001_20261120_0017.xml.pgp",
        "4,182,733 bytes", DIGEST, "20 Nov 2026, 23:41:07 +01:00", "E2E-000001",
        "00000000-0000-4000-8000-000000000001", "1 payment, in all 10.00 EUR", "Jonas Petersen",
        "As of 20 Nov 2026, 23:58:01 +01:00", "page 1 of 1", "The bank’s answer",
    ):  # fmt: skip
        assert fact in told, fact


def test_it_asks_what_its_kind_asks() -> None:
    enquiry = one_line(read(write(letter())))
    recall = one_line(read(write(letter(kind=LetterKind.RECALL))))
    assert "Please do not process it twice" in enquiry
    assert "not received" in enquiry
    assert "ask the payees’ banks to return them" in recall
    assert "Only the first" in one_line(read(write(letter(ask="Only the first, please."))))


def test_four_thousand_payments_are_one_page_and_all_counted() -> None:
    payments = tuple(payment(number) for number in range(4000))
    data = write(letter(payments=payments))
    told = read(data)
    assert re.search(r"Pages:\s+1\n", read(data, "pdfinfo"))
    listed = sum(one.end_to_end_id in told and one.uetr in told for one in payments)
    assert listed >= 12
    assert f"and {4000 - listed:,} more" in one_line(told)
    assert "4,000 payments, in all 40,000.00 EUR" in one_line(told)


def test_the_fullest_letter_is_one_page_and_no_id_is_cut() -> None:
    full = letter(
        customer_name="Long " * 60,
        customer_address=("Street " * 20,) * 3,
        ask="Please answer. " * 60,
        message_id=WIDEST,
        debit_accounts=tuple(f"DE{n:020}" for n in range(30)),
        payment_information_ids=tuple(f"{n:02}{'W' * 33}" for n in range(90)),
        file_name="W" * 200,
        digests=(("as sent", DIGEST), ("before encryption", DIGEST), ("as approved", DIGEST)),
        times=tuple((f"Step {n}", LEFT_AT) for n in range(6)),
        payments=tuple(
            payment(n, end_to_end_id=WIDEST, amount=Money(10**17, code))
            for n, code in enumerate(("EUR", "USD", "GBP", "SEK", "NOK", "CHF"))
        ),
    )
    told = read(write(full))
    assert WIDEST in closed(told)
    assert "00" + "W" * 33 in closed(told)
    assert "and 89 more" in one_line(told) or "and 88 more" in one_line(told)
    assert "6, all in the file named above" in one_line(told) or "more, in the file" in told
    assert "Telephone, bank’s reference" in told


def test_the_widest_ids_of_a_payment_are_whole() -> None:
    wide = payment(end_to_end_id=WIDEST, amount=Money(10**17, "EUR"), payee_name="W" * 140)
    told = closed(read(write(letter(payments=(wide, payment(2))))))
    assert WIDEST in told
    assert wide.uetr in told
    assert "1,000,000,000,000,000.00EUR" in told


def test_long_names_wrap() -> None:
    name = "Internationale Gesellschaft für außerordentlich lange Firmennamen mbH & Co. KG"
    assert closed(name) in closed(read(write(letter(customer_name=name))))


def test_the_same_letter_is_the_same_bytes() -> None:
    assert write(letter()) == write(letter())
    assert write(letter()) != write(letter(case_number="C-2"))


def test_title_language_and_fonts_are_in_the_file() -> None:
    data = write(letter())
    about = read(data, "pdfinfo")
    assert "Did you receive this payment file? C-2026-0481" in about
    assert "Vesterholt Group SE" in about
    assert "595.276 x 841.89 pts (A4)" in about
    assert b"/Lang (en)" in data
    rows = read(data, "pdffonts").splitlines()[2:]
    assert len(rows) == 3
    for row in rows:
        assert "Inter" in row
        assert re.search(r"\byes yes yes\b", row), "embedded, a part, and readable as text"


def test_letters_of_europe_are_there_and_others_are_written_as_numbers() -> None:
    there = "ÄÖÜẞäöüß Łódź Đặng ñ çğış Ελληνικά Ωμέγα Київ Їжак Българија Ћирилица €£ ’“” – …"
    assert visible(there) == there
    assert visible("中 A\tB\nC\x07") == "[U+4E2D] A B C[U+0007]"
    told = read(write(letter(bank_name="三菱 Bank")))
    assert "[U+4E09][U+83F1] Bank" in told


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"as_of": datetime(2026, 11, 20)}, "letter_time_without_zone"),  # noqa: DTZ001
        ({"payments": ()}, "letter_without_payments"),
        ({"brand_color": "green"}, "letter_color_wrong"),
        ({"times": (("Sent", LEFT_AT),) * 7}, "letter_too_full"),
        ({"digests": (("as sent", DIGEST),) * 4}, "letter_too_full"),
    ],
)
def test_what_cannot_be_a_letter_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        write(letter(**changes))
    assert refused.value.code == code


def test_times_have_their_offset() -> None:
    assert moment(LEFT_AT) == "20 Nov 2026, 23:41:07 +01:00"
    assert moment(LEFT_AT.astimezone(UTC)) == "20 Nov 2026, 22:41:07 +00:00"


texts = st.text(max_size=120)


@given(texts, st.sampled_from([TEXT, IDS]), st.integers(1, 4))
def test_lines_are_never_wider_than_their_place(text: str, font: str, lines_max: int) -> None:
    lines = wrapped(text, font, 8.5, 120, lines_max)
    assert 1 <= len(lines) <= lines_max
    assert all(width_of(line, font, 8.5) <= 120 for line in lines)
    whole = visible(text).replace(" ", "")
    joined = "".join(lines).replace(" ", "")
    assert joined == whole or joined.endswith("…")


@settings(max_examples=40, deadline=None)
@given(texts, texts, texts, texts)
def test_any_text_makes_one_page(name: str, unknown: str, payee: str, file_name: str) -> None:
    made = write(letter(
        customer_name=name, bank_name=unknown, file_name=file_name, case_number=name,
        payments=(payment(payee_name=payee, end_to_end_id=unknown),), brand_name=payee,
    ))  # fmt: skip
    assert made.startswith(b"%PDF-1.")
    assert made.count(b"/Type /Page\n") == 1


def test_every_field_of_the_letter_is_printed() -> None:
    """Two letters that differ in one field differ on paper: no field is forgotten."""
    plain = letter()
    other: dict[str, Any] = {
        "kind": LetterKind.RECALL, "as_of": LEFT_AT, "brand_color": "#000000", "size_bytes": 1,
        "digests": (("as sent", "0" * 64),), "times": (("Sent", LEFT_AT),),
        "payments": (payment(2),),
    }  # fmt: skip
    for field in BankLetter.__struct_fields__:
        value = getattr(plain, field)
        changed = other.get(field, ("Other",) if isinstance(value, tuple) else "Other")
        assert write(msgspec.structs.replace(plain, **{field: changed})) != write(plain), field


def test_all_fonts_have_the_same_letters() -> None:
    assert len(page._letters()) > 1500
