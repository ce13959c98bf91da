"""What the rail keeps of a reference still tells two payments apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.rail_reference import LENGTH_USUALLY, LENGTHS, rail_reference

IDS = st.text("ABCDEFGHIJ0123456789-", min_size=1, max_size=35)


@given(
    st.sampled_from(["pain_001", *LENGTHS]),
    st.lists(st.tuples(IDS, st.integers(1, 99999)), unique_by=lambda pair: pair[1], max_size=50),
)
def test_all_differ_and_fit(format_name: str, payments: list[tuple[str, int]]) -> None:
    taken: set[str] = {f"PAY-{number:05}" for _, number in payments} & {i for i, _ in payments}
    numbers = {f"PAY-{number:05}" for _, number in payments}
    used: set[str] = set()
    for end_to_end_id, number in payments:
        if end_to_end_id in numbers:
            continue  # Intake never gives a payment another payment's number.
        reference = rail_reference(format_name, end_to_end_id, f"PAY-{number:05}", used | taken)
        assert reference not in used
        assert len(reference) <= LENGTHS.get(format_name, LENGTH_USUALLY)
        used.add(reference)


def test_what_fits_is_kept() -> None:
    assert rail_reference("mt101", "INV-4711", "PAY-00001", ()) == "INV-4711"


def test_what_would_be_cut_is_replaced_whole() -> None:
    assert rail_reference("mt101", "INV-4711-2026-000001", "PAY-00001", ()) == "PAY-00001"


def test_two_payments_cannot_share_a_number() -> None:
    with pytest.raises(ValueError, match="PAY-00001"):
        rail_reference("mt101", "A", "PAY-00001", {"A", "PAY-00001"})
