"""The demo's bank: it remembers, there is one of it, and it does not outlive its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from nostro.domain.errors import Refused, Unavailable
from nostro.domain.money import Money
from nostro.ops.demo_bank import Credit
from tests.counterparts import FRIDAY, MockBank

IBAN = "NL30MOCK0000000005"
OPEN_ONE = """
import pathlib, sys, time
import tests.conftest  # Opens this machine to the connections of the tests.
from tests.counterparts import MockBank
bank = MockBank(pathlib.Path(sys.argv[1]))
bank.start()
print(bank._process.pid, flush=True)
time.sleep(60)
"""


def open_account(bank: MockBank) -> None:
    bank.add_account("US", name="Us", iban=IBAN, opening=Money(1_000, "EUR"))


def test_a_day_at_the_bank_can_be_repeated_without_doing_it_twice(tmp_path: Path) -> None:
    credit = Credit(end_to_end_id="K1", amount=Money(50, "EUR"), debtor_name="K", note=("n",))
    with MockBank(tmp_path) as bank:
        assert timedelta(0) <= bank.now() - FRIDAY < timedelta(minutes=1)
        for _ in range(2):
            bank.close_seeded_accounts()
            open_account(bank)
            bank.credit("US", credit)
            bank.advance_to(date(2026, 11, 21))
        assert bank.balance("US") == Money(1_050, "EUR")
        assert bank.statement_days("US") == (date(2026, 11, 20),)
        assert bank.statement_days("ACME") == ()


def test_it_goes_on_from_where_it_stood(tmp_path: Path) -> None:
    with MockBank(tmp_path) as bank:
        open_account(bank)
        bank.advance(3)
        address = bank.base_url
    with MockBank(tmp_path) as again:
        assert again.now().date() == date(2026, 11, 23)
        assert again.balance("US") == Money(1_000, "EUR")
        assert again.base_url == address


def test_a_bank_cut_off_while_its_clock_moved_catches_up(tmp_path: Path) -> None:
    with MockBank(tmp_path) as bank:
        open_account(bank)
        bank._tell("POST", "/_mock/advance?days=1")  # and we never came to remember it
        bank.kill()
    with MockBank(tmp_path) as again:
        assert again.now().date() == date(2026, 11, 20)
        again.advance_to(date(2026, 11, 24))
        days = again.statement_days("US")
    assert days == (date(2026, 11, 20), date(2026, 11, 23)), "none missing, none twice"


def test_two_at_once_on_one_home_is_refused(tmp_path: Path) -> None:
    with MockBank(tmp_path), pytest.raises(Unavailable) as caught:
        MockBank(tmp_path).start()
    assert caught.value.code == "demo_bank_in_use"


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", OPEN_ONE, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not is_running(child):
            break
        time.sleep(0.05)
    assert not is_running(child)
    with MockBank(tmp_path) as again:
        assert again.ledger() == ()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_port_that_was_taken_meanwhile_is_left(tmp_path: Path) -> None:
    with MockBank(tmp_path / "one") as first:
        (tmp_path / "two").mkdir()
        told = (tmp_path / "one" / "bank.json").read_bytes()
        (tmp_path / "two" / "bank.json").write_bytes(told)
        with MockBank(tmp_path / "two") as second:
            assert second.base_url != first.base_url


def test_it_says_why_it_did_not_start(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        MockBank(tmp_path, options=("--cutoff", "noon")).start()
    assert "noon" in caught.value.happened


def test_without_the_demo_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    monkeypatch.delitem(sys.modules, "mockbank", raising=False)
    with pytest.raises(Refused) as caught:
        MockBank(tmp_path).start()
    assert "nostro[demo]" in caught.value.can_do


def test_its_password_is_on_no_command_line(tmp_path: Path) -> None:
    with MockBank(tmp_path) as bank:
        assert bank._process is not None
        line = Path(f"/proc/{bank._process.pid}/cmdline").read_bytes()
    assert b"made-up" not in line
