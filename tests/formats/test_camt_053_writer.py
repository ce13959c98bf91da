"""What leaves as camt.053 comes back as it was, valid by the official schema; or it is refused."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.statement import Statement, assemble
from nostro.formats import Profile
from nostro.formats.iso20022.accounts import camt_053
from nostro.formats.iso20022.validation.schema import validate
from tests.formats.statements import statements

SAMPLES = sorted((Path(__file__).parents[1] / "golden" / "camt_053").glob("*.in"))
REFUSALS = ("not_carried", "not_in_version", "schema_violation")
VERSIONS = ["camt.053.001.08", "camt.053.001.02", "camt.053.001.04", "camt.053.001.13"]


def profile(version: str) -> Profile:
    return Profile(options={"version": version})


def placeless(value: Any) -> Any:
    """An object without the places it was read from, and without what was said of it."""
    if isinstance(value, dict):
        return {
            name: placeless(inner)
            for name, inner in value.items()
            if name not in ("location", "problems")
        }
    return [placeless(item) for item in value] if isinstance(value, list | tuple) else value


def back(data: bytes) -> list[Any]:
    return list(assemble(camt_053.read(BytesIO(data), Profile())))


@given(statement=statements())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_was_written_reads_back_the_same(statement: Statement) -> None:
    data = camt_053.write(statement, Profile())
    validate(data)
    (found,) = back(data)
    assert placeless(msgspec.to_builtins(found)) == placeless(msgspec.to_builtins(statement))
    assert camt_053.write(found, Profile()) == data


@given(statement=statements(rich=False), version=st.sampled_from(VERSIONS))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_every_format_has_fits_every_version(statement: Statement, version: str) -> None:
    plain = msgspec.structs.replace(
        statement,
        balances=tuple(msgspec.structs.replace(b, interim=False) for b in statement.balances),
    )
    (found,) = back(camt_053.write(plain, profile(version)))
    assert placeless(msgspec.to_builtins(found)) == placeless(msgspec.to_builtins(plain))


@given(statement=statements(), version=st.sampled_from(VERSIONS))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_older_version_carries_all_or_refuses(statement: Statement, version: str) -> None:
    try:
        data = camt_053.write(statement, profile(version))
    except Invalid as refusal:
        assert refusal.code in REFUSALS  # noqa: PT017 - both outcomes are right.
        return
    assert placeless(msgspec.to_builtins(back(data)[0])) == placeless(
        msgspec.to_builtins(statement)
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_samples_go_out_again_or_are_refused_with_the_field(sample: Path) -> None:
    for statement in back(sample.read_bytes()):
        try:
            data = camt_053.write(statement, Profile())
        except Invalid as refusal:
            assert refusal.code in REFUSALS  # noqa: PT017 - both outcomes are right.
            continue
        (again,) = back(data)
        assert camt_053.write(again, Profile()) == data


def test_the_first_sample_goes_out_as_it_came() -> None:
    (statement,) = back(next(s for s in SAMPLES if s.stem == "version_08").read_bytes())
    (found,) = back(camt_053.write(statement, Profile()))
    assert found.entries[0].amount == Money(125000, "EUR")
    assert len(found.entries) == 4


@given(several=st.lists(statements(rich=False), min_size=2, max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_message_holds_several_statements(several: list[Statement]) -> None:
    alike = [msgspec.structs.replace(one, message_id="M1", page=None) for one in several]
    found = back(camt_053.write(alike, Profile()))
    assert placeless(msgspec.to_builtins(found)) == placeless(msgspec.to_builtins(alike))


def test_statements_of_two_messages_do_not_become_one_in_silence() -> None:
    (statement,) = back(next(s for s in SAMPLES if s.stem == "version_08").read_bytes())
    other = msgspec.structs.replace(statement, message_id="ANOTHER")
    with pytest.raises(Invalid) as caught:
        camt_053.write([statement, other], Profile())
    assert caught.value.code == "not_carried"
    with pytest.raises(Invalid):
        camt_053.write([], Profile())
