"""Keys by which open items are found again: of their numbers, and of who usually pays them.

They are made of what the stages compare, as whole numbers that stay the same for good: an open
item's are stored when it is told, and a line's are looked up among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from hashlib import blake2b

import msgspec
import polars as pl

from nostro.domain.debtor import Debtor
from nostro.domain.open_item import OpenItem
from nostro.matching.stages import parties, reference_keys


class KeyKind(IntEnum):
    """What a key is made of."""

    DIGITS = 1
    LETTERS = 2
    ACCOUNT = 3
    NAME = 4
    PARENT = 5


class ItemKey(msgspec.Struct, frozen=True):
    """A key of the item at a place of the list."""

    place: int
    kind: KeyKind
    key: int


class PayerKey(msgspec.Struct, frozen=True):
    """A key of who pays for a customer: his account, his name, or the one he belongs to."""

    kind: KeyKind
    key: int
    customer_number: str


class LineKeys(msgspec.Struct, frozen=True):
    """What a line may be looked up by."""

    digits: tuple[int, ...]
    letters: tuple[int, ...]
    account: int | None
    name: int | None


def number_of(document: str, instalment: int) -> str:
    """How the stages know a document, or one instalment of it."""
    return f"{document}/{instalment}" if instalment else document


def references_of(document: str, instalment: int, further: Iterable[str]) -> str:
    """Apart by spaces; an instalment is found by its whole document too."""
    told = [*further, document] if instalment else further
    return " ".join([one.replace(" ", "") for one in told])


def of_items(items: Sequence[OpenItem]) -> list[ItemKey]:
    """By the numbers that payers may name."""
    frame = pl.DataFrame(
        {
            "i": range(len(items)),
            "number": [number_of(one.document, one.instalment) for one in items],
            "references": [
                references_of(one.document, one.instalment, one.references) for one in items
            ],
        },
        schema={"i": pl.UInt32, "number": pl.String, "references": pl.String},
    )
    digits = reference_keys.full_keys(frame).select("i", "k").unique().sort("i", "k")
    named = frame.select("i", word=reference_keys.telling(pl.col("number")))
    return [
        *(ItemKey(place, KeyKind.DIGITS, key) for place, key in digits.iter_rows()),
        *(ItemKey(at, KeyKind.LETTERS, of_text(word)) for at, word in named.iter_rows() if word),
    ]


def of_payers(items: Sequence[OpenItem]) -> list[PayerKey]:
    """Each once, of the customers of these items."""
    told = {
        (one.customer_number, one.customer_name, one.payer_iban, one.parent_number)
        for one in items
        if one.customer_number
    }
    return _payer_keys(told)


def of_debtors(told: Iterable[Debtor]) -> list[PayerKey]:
    """Each once, of these customers: by all their accounts and names, and by their parents."""
    rows = set()
    for one in told:
        rows |= {(one.number, one.name, "", one.parent_number)}
        rows |= {(one.number, name, "", "") for name in one.further_names}
        rows |= {(one.number, "", iban, "") for iban in one.ibans}
    return _payer_keys(rows)


def _payer_keys(told: Iterable[tuple[str, str, str, str]]) -> list[PayerKey]:
    """Of customers' numbers, names, accounts and parents."""
    found = set()
    for number, plain, iban, parent in _plain(sorted(told)):
        pairs = (KeyKind.NAME, plain), (KeyKind.ACCOUNT, iban), (KeyKind.PARENT, parent)
        found |= {PayerKey(kind, of_text(text), number) for kind, text in pairs if text}
    return sorted(found, key=lambda one: (one.kind, one.key, one.customer_number))


def _plain(told: list[tuple[str, str, str, str]]) -> Iterable[tuple[str, str, str, str]]:
    names = ("customer", "name", "iban", "parent")
    frame = pl.DataFrame(told, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.select(
        "customer", parties.plain(pl.col("name")), account(pl.col("iban")), "parent"
    ).iter_rows()


def account(text: pl.Expr) -> pl.Expr:
    """An account however it is written."""
    return text.str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")


def of_lines(rows: pl.DataFrame) -> list[LineKeys]:
    """Of each of these lines: `text`, `structured`, `e2e`, `name` and `iban` as texts."""
    listed = rows.with_row_index("t").with_columns(
        plain=parties.plain(pl.col("name")), iban=account(pl.col("iban"))
    )
    digits: list[list[int]] = [[] for _ in range(listed.height)]
    for t, key in reference_keys.text_keys(listed).select("t", "k").sort("t", "k").iter_rows():
        digits[t].append(key)
    letters: list[list[int]] = [[] for _ in range(listed.height)]
    for t, word in reference_keys.text_words(listed).sort("t", "word").iter_rows():
        letters[t].append(of_text(word))
    return [
        LineKeys(
            digits=tuple(digits[t]),
            letters=tuple(letters[t]),
            account=of_text(iban) if iban else None,
            name=of_text(plain) if plain else None,
        )
        for t, iban, plain in listed.select("t", "iban", "plain").iter_rows()
    ]


def of_text(text: str) -> int:
    """The same whole number of 64 bits for a text, on every machine and in every version."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
