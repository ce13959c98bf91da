"""The bank and the company of the kill tests; the seed that repeats a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kill.bank import LOSES, Bank, running
from tests.kill.harness import SEED, Payer, say


@pytest.fixture
def bank() -> Iterator[Bank]:
    say(f"SEED={SEED}")
    with running(LOSES, SEED) as found:
        yield found


@pytest.fixture
def payer(database: str, bank: Bank) -> Payer:
    return Payer(bank)
