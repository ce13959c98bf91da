"""Foreign letters in SEPA letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.formats.sepa_characters import transliterate, without_equivalent
from tests.formats.payments import ALLOWED


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Müller & Söhne", "Muller + Sohne"),
        ("Straße", "Strase"),
        ("Ærø Łódź Čapek ÐÞ", "Aro Lodz Capek DT"),
        ("Θεσσαλονίκη", "THessaloniki"),
        ("Щукин Йо", "SHTukin Yo"),
        ("a@b_c [x] {y}; “q”", "a.b-c (x) (y), 'q'"),
        ("  two \t spaces\n", "two spaces"),
        ("東京", ".."),
        ("Рыбаков Эдуард", "Rybakov Eduard"),
        ("Євген Їжак", "IEvgen Izhak"),
        ("ﬁ ²", "fi 2"),
        ("u\u0308", "u"),
    ],
)
def test_as_documented(text: str, plain: str) -> None:
    assert transliterate(text) == plain


@given(st.text())
def test_the_result_is_sepa_and_final(text: str) -> None:
    plain = transliterate(text)
    assert set(plain) <= ALLOWED
    assert transliterate(plain) == plain


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("北京 Huawei 北", "北京"),
        ("Müller & Søn, Łódź", ""),
        ("Зуев Ёлкин Рыбаков", ""),
        ("100 % 💥", ""),
        ("שלום", "שלום"),
    ],
)
def test_letters_that_no_bank_carries_are_told(text: str, lost: str) -> None:
    assert without_equivalent(text) == lost
