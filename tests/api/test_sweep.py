"""Whatever is sent to whatever address: an answer that says what is wrong, never a failure of ours.

The addresses come from the description, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.api.describe import description
from nostro.domain.party import Role
from nostro.storage.keys import Scope
from tests import seed
from tests.api import door
from tests.api.test_reading import file, filled

OPERATIONS = [
    (method.upper(), path, told)
    for path, operations in json.loads(description())["paths"].items()
    for method, told in operations.items()
]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]

words = st.text(max_size=40) | st.sampled_from(
    ["\x00", "\n", "’", "-1",
     "9" * 400, "1e999", "NaN", "0001-01-01", "9999-12-31T23:59:59-14:00", ",,",
     "2026-02-30", "0001-01-01T00:00:00+14:00", "[]", "../..", "%00", "true", "EUR", "1.00"]
)  # fmt: skip
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)
quickly = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("SWEEP", payments=3)
    file(made)
    return made


@pytest.fixture(scope="module")
def tokens(here: seed.Seeded) -> tuple[str, str]:
    person = door.person([here], tuple(Role))
    return door.key(here, door.EVERYTHING), door.key(here, tuple(Scope), person_id=person)


def understood(told: Any, *asked: object) -> None:
    """An answer: not ours to blame, and a whole problem document when it is a refusal."""
    assert told.status_code < 500, (*asked, told.content)
    if told.status_code >= 400:
        found = json.loads(told.content)
        assert told["Content-Type"] == "application/problem+json", asked
        assert found["code"], asked
        assert found["happened"], asked


@pytest.mark.parametrize(("method", "path", "told"), OPERATIONS, ids=NAMES)
def test_every_other_method_is_refused(
    here: seed.Seeded, tokens: Any, method: str, path: str, told: Any
) -> None:
    there = {one for one, address, _ in OPERATIONS if address == path}
    for other in METHODS:
        if other not in there:
            answer = door.call(tokens[0], other, filled(path, here), {}, Idempotency_Key="x")
            assert answer.status_code == 405, (other, path)
            if other != "HEAD":
                assert set(answer["Allow"].split(", ")) == there


@pytest.mark.parametrize(("method", "path", "told"), OPERATIONS, ids=NAMES)
def test_addresses_and_questions_of_any_kind(
    here: seed.Seeded, tokens: Any, method: str, path: str, told: Any
) -> None:
    named = [one["name"] for one in told.get("parameters", []) if one["in"] == "query"]

    @quickly
    @given(st.data())
    def asked(data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(tokens))
        garbled = re.sub(r"{\w+}", lambda _: quote(data.draw(words), safe=""), path)
        address = data.draw(st.sampled_from([garbled, filled(path, here)]))
        chosen = data.draw(st.lists(st.sampled_from(named), unique=True)) if named else []
        query = "&".join(f"{name}={quote(data.draw(words))}" for name in chosen)
        body = door.body_for(path, here) if method == "POST" else None
        answer = door.call(token, method, f"{address}?{query}", body, Idempotency_Key="sweep")
        understood(answer, method, address, query)

    asked()


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [one for one in OPERATIONS if one[0] == "POST"],
    ids=[name for name in NAMES if name.startswith("POST")],
)
def test_bodies_of_any_kind(
    here: seed.Seeded, tokens: Any, method: str, path: str, told: Any
) -> None:
    address, right = filled(path, here), door.body_for(path, here)

    @quickly
    @given(st.data())
    def sent(data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(["bytes", "tree", "nearly"]))
        if kind == "bytes":
            body: Any = data.draw(st.binary(max_size=60))
        elif kind == "tree":
            body = json.dumps(data.draw(trees)).encode()
        else:
            changed = {data.draw(st.sampled_from(sorted(right))): data.draw(trees)}
            body = json.dumps({**right, **changed}).encode()
        key = data.draw(st.sampled_from(["sweep-2", "", "\x7f", "x" * 300]))
        token = data.draw(st.sampled_from(tokens))
        answer = door.call(token, method, address, body, Idempotency_Key=key)
        understood(answer, method, address, body)

    sent()
