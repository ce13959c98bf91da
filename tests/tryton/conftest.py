"""What the Tryton tests share: the bed, the bank, and when each is made."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.needs import absent
from tests.tryton import bank as banks
from tests.tryton import seed
from tests.tryton.bank import Bank
from tests.tryton.bed import TrytonBed
from tests.tryton.figures import BANK_DAY
from tests.tryton.keeper import Kept

HERE = Path(__file__).parent
SOAK = os.environ.get("SOAK") == "1"

_builds: list[Kept] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tryton last, and its database built meanwhile by one process for all workers.

    Who needs the bed before it is ready waits for it at the lock of the build.
    """
    ours = [item for item in items if HERE in item.path.parents]
    items[:] = [*(item for item in items if HERE not in item.path.parents), *ours]
    first = getattr(config, "workerinput", {}).get("workerid", "gw0") == "gw0"
    if SOAK and first and ours and not config.option.collectonly and not TrytonBed().ready:
        log = Path(tempfile.gettempdir()) / f"tryton-bed-{os.getpid()}.log"
        build = Kept("run", sys.executable, "-m", "tests.tryton.bed", "build", log=log)
        _builds.append(build)


def pytest_sessionfinish() -> None:
    """Another worker may still wait for the build: let it end, and it leaves no work half done."""
    for build in _builds:
        build.wait()


@pytest.fixture(scope="session")
def server() -> Iterator[None]:
    """The seeded database on a server that stays up for all tests here."""
    bed = TrytonBed()
    if not bed.ready:
        if not SOAK:
            pytest.skip("no seeded Tryton yet; SOAK=1 or `python -m tests.tryton.bed build`")
        bed.build()
    with bed.server():
        yield


@pytest.fixture
def bed(server: None) -> Iterator[TrytonBed]:
    """Tryton on a fresh copy of the seeded company."""
    with TrytonBed() as bed:
        yield bed


@pytest.fixture
def bank() -> Iterator[Bank]:
    """A new bank with the company's account and one closed account of a supplier."""
    if banks.program() is None:
        absent("mock-bank")
    with banks.open_bank(BANK_DAY) as bank:
        bank.hold(seed.COMPANY, seed.OWN_IBAN, seed.OWN_BIC, seed.OPENING_BALANCE)
        closed = seed.CLOSED
        bank.hold(closed.name, closed.iban, closed.bic, Decimal(0), behaviour="closed-account")
        yield bank
