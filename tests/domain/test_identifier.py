"""Account numbers, BICs and RF references: the good ones pass, no single wrong character does."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty.registry import get_iban_spec

from nostro.domain.errors import Invalid
from nostro.domain.identifier import (
    IBAN_LENGTH,
    bic,
    compact,
    iban,
    is_creditor_reference,
    mod97,
    spaced,
)

# Published examples of the SWIFT registry and of central banks.
_GOOD = """
AD1200012030200359100100 AE070331234567890123456 AT611904300234573201 BE68539007547034
BR1800360305000010009795493C1 CH9300762011623852957 CZ6508000000192000145399
DE89370400440532013000 DK5000400440116243 ES9121000418450200051332 FI2112345600000785
FR1420041010050500013M02606 GB29NWBK60161331926819 GR1601101250000000012300695
HU42117730161111101800000000 IE29AIBK93115212345678 IT60X0542811101000000123456
KW81CBKU0000000000001234560101 LC55HEMM000100010012001200023015 LT121000011101001000
MT84MALT011000012345MTLCAST001S NL91ABNA0417164300 NO9386011117947 PL61109010140000071219812874
PT50000201231234567890154 SE4550000000058398257466 SI56263300012039086 TR330006100519786457841326
"""
GOOD = _GOOD.split()


@pytest.mark.parametrize("code", GOOD)
def test_known_good(code: str) -> None:
    assert iban(code) == code
    assert iban(spaced(code)) == code
    assert iban(f"\t{code.lower()}\u00a0") == code
    assert spaced(code).replace(" ", "") == code


@pytest.mark.parametrize("code", GOOD)
def test_no_single_wrong_character_passes(code: str) -> None:
    """A digit for a digit, a letter for a letter: the sum catches every one, not one in 97."""
    for at, right in enumerate(code):
        for wrong in set(string.digits if right.isdigit() else string.ascii_uppercase) - {right}:
            mutated = code[:at] + wrong + code[at + 1 :]
            with pytest.raises(Invalid):
                iban(mutated)


@pytest.mark.parametrize("code", GOOD)
def test_no_swap_of_neighbours_passes(code: str) -> None:
    for at in range(2, len(code) - 1):
        left, right = code[at], code[at + 1]
        if left != right:
            with pytest.raises(Invalid):
                iban(code[:at] + right + left + code[at + 2 :])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "form"),
        ("DE89", "form"),
        ("DE8937040044053201300", "21 characters; DE IBANs have 22"),
        ("DE893704004405320130000", "23 characters"),
        ("NL91-ABNA-0417-1643-00", "form"),
        ("1289370400440532013000", "form"),
        ("DE8937040044053201300\u0660", "form"),  # An Arabic-Indic zero.
        ("\ufb0121123456000007850", "form"),  # A ligature that capitals would turn into FI.
        ("FI21\u017f2345600000785", "form"),  # A long s that capitals would turn into S.
        ("DE89370400440532013001", "check digits"),
    ],
)
def test_says_which_rule_is_broken(text: str, rule: str) -> None:
    with pytest.raises(Invalid, match=rule) as told:
        iban(text)
    assert (told.value.code, told.value.field) == ("invalid_iban", "creditor_iban")


def with_check(country: str, account: str) -> str:
    """An IBAN with the right check digits."""
    return f"{country}{98 - mod97(f'{account}{country}00'):02}{account}"


def test_check_digits_have_no_twins() -> None:
    """00, 01 and 99 leave the same remainder as 97, 98 and 02."""
    found: dict[str, str] = {}
    for number in range(4000):
        code = with_check("DE", f"{number:018}")
        assert iban(code) == code
        found.setdefault(code[2:4], code)
    for right, twin in (("97", "00"), ("98", "01"), ("02", "99")):
        code = found[right]
        assert mod97(code[4:] + code[:2] + twin) == 1
        with pytest.raises(Invalid):
            iban(code[:2] + twin + code[4:])


def test_lengths_are_those_of_an_independent_list() -> None:
    assert {country: get_iban_spec(country).iban_length for country in IBAN_LENGTH} == IBAN_LENGTH


@given(st.text(max_size=40))
def test_any_text_is_an_iban_or_refused(text: str) -> None:
    try:
        code = iban(text)
    except Invalid:
        return
    assert code.isascii()
    assert compact(text) == code


@pytest.mark.parametrize(
    "text", ["COBADEFF", "COBADEFFXXX", "deutdeff500", " NDEA FIHH ", "1234DE5A", "ABNANL2A"]
)
def test_bic(text: str) -> None:
    assert bic(text) == compact(text)


@pytest.mark.parametrize(
    "text", ["", "COBADEF", "COBADEFFX", "COBADEFFXX", "COBADEFFXXXX", "COBA12FF", "COBADEF\u00df"]
)
def test_no_bic(text: str) -> None:
    with pytest.raises(Invalid) as told:
        bic(text)
    assert told.value.code == "invalid_bic"


@pytest.mark.parametrize(
    "text", ["RF18539007547034", "rf18 5390 0754 7034", "RF712348231", "RF45G72UUR"]
)
def test_creditor_reference(text: str) -> None:
    assert is_creditor_reference(text)
    code = compact(text)
    for at in range(2, len(code)):
        for wrong in set(string.digits) - {code[at]}:
            assert not is_creditor_reference(code[:at] + wrong + code[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "RF", "RF18", "18539007547034", "RF18" + "1" * 22, "RX18539007547034"]
)
def test_no_creditor_reference(text: str) -> None:
    assert not is_creditor_reference(text)
