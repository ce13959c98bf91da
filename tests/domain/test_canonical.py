"""A digest means the same for ever, everywhere: these bytes are pinned."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.audit_chain import GENESIS, chain_hash
from nostro.domain.canonical import canonical, digest, digest_of_bytes
from nostro.domain.event import Actor, Event
from nostro.domain.money import Money

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def reversed_keys(value: Any) -> Any:
    """The same value with every mapping filled in the other order."""
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [reversed_keys(item) for item in value]
    return value


@given(PLAIN)
def test_the_order_of_keys_says_nothing(value: Any) -> None:
    assert canonical(reversed_keys(value)) == canonical(value)
    assert digest(value) == digest_of_bytes(canonical(value))


@given(PLAIN, PLAIN)
def test_different_values_have_different_bytes(left: Any, right: Any) -> None:
    # Not the other way round: Python calls False and 0 equal, their bytes are not.
    assert canonical(left) != canonical(right) or left == right


PINNED = [
    ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
    (Money(1230, "EUR"), b'{"currency":"EUR","minor":1230}'),
    ("M\u00fcller \u20ac \U0001f4b6", '"M\u00fcller \u20ac \U0001f4b6"'.encode()),
    ('"\\/\n\x7f', b'"\\"\\\\/\\n\x7f"'),
    ({"when": date(2026, 11, 2)}, b'{"when":"2026-11-02"}'),
    (datetime(2026, 11, 2, 9, 0, tzinfo=UTC), b'"2026-11-02T09:00:00Z"'),
    (UUID(int=10), b'"00000000-0000-0000-0000-00000000000a"'),
    (Decimal("1.10"), b'"1.10"'),
    ((1, 2), b"[1,2]"),
    ({1: "a"}, b'{"1":"a"}'),
]


@pytest.mark.parametrize(("value", "expected"), PINNED, ids=str)
def test_these_bytes_never_change(value: Any, expected: bytes) -> None:
    assert canonical(value) == expected


def test_composed_and_decomposed_letters_differ() -> None:
    """We do not normalise: what people approved is what is digested."""
    assert digest("\u00e9") != digest("e\u0301")


@pytest.mark.parametrize(
    "value",
    [1.0, [1.5], {"a": {"b": [0.0]}}, (float("nan"),), {"a": float("inf")}, Event],
    ids=str,
)
def test_what_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_sets_are_the_same_in_every_process() -> None:
    program = "from nostro.domain.canonical import digest; print(digest(frozenset('abcdefghij')))"
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in range(3)
    }
    assert told == {f"{digest(sorted('abcdefghij'))}\n"}


def event(**changes: Any) -> Event:
    fields: dict[str, Any] = {
        "id": "e1", "type": "order.moved", "subject_kind": "order", "subject_id": "o1",
        "actor": Actor(kind="person", id="p1", name="Ada"),
        "occurred_at": datetime(2026, 11, 2, 9, tzinfo=UTC), "data": {"amount": 1},
    }  # fmt: skip
    return Event(**{**fields, **changes})


def test_the_chain_hash_covers_everything() -> None:
    pinned = chain_hash(1, GENESIS, event())
    assert pinned == "67b75cf8aa37d715717b5f2e3f74c658ab7b5e6315ca7cf4d2b2de5a5ff29f1e"
    changes: list[dict[str, Any]] = [
        {"id": "e2"}, {"type": "x"}, {"subject_kind": "x"}, {"subject_id": "x"}, {"data": {}},
        {"actor": Actor(kind="job", id="p1", name="Ada")},
        {"occurred_at": datetime(2026, 11, 2, 9, 0, 0, 1, tzinfo=UTC)},
    ]  # fmt: skip
    others = [
        chain_hash(2, GENESIS, event()),
        chain_hash(1, pinned, event()),
        *(chain_hash(1, GENESIS, event(**change)) for change in changes),
    ]
    assert len({pinned, *others}) == len(others) + 1
