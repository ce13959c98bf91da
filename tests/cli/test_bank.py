"""`nostro bank`: what it says of itself, how it ends, and how it refuses to begin."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nostro.cli.bank import Wanted
from nostro.cli.bank_running import run_bank
from nostro.domain.errors import NostroError, Unavailable
from nostro.simulator.personalities import PERSONALITIES
from tests.simulator.files import OURS, pain_001_file

ROOT = Path(__file__).parents[2]
LONG_SECONDS = 30.0


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nostro", "bank", "--port", "0", *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def hear(process: subprocess.Popen[str], last: str) -> list[str]:
    """What it says up to a line with these words."""
    assert process.stdout is not None
    watchdog = threading.Timer(LONG_SECONDS, process.kill)
    watchdog.start()
    told: list[str] = []
    for line in process.stdout:
        told.append(line.rstrip("\n"))
        if last in line:
            watchdog.cancel()
            return told
    raise AssertionError(f"never said {last!r}: {told}")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_says_how_to_come_in_what_happens_and_ends_cleanly(
    tmp_path: Path, ending: signal.Signals
) -> None:
    process = start(
        "--folder", str(tmp_path / "bank"), "--sftp-port", "0", "--clock", "2026-11-23T09:00",
        "--account", f"{OURS}:EUR:500", "--personality", "slow=7", "--seed", "42",
    )  # fmt: skip
    try:
        told = "\n".join(hear(process, "Ctrl-C"))
        for pattern in (
            r"a simulated bank\. No money moves",
            r"REST +http://127\.0\.0\.1:\d+$",
            rf"drop_folder {re.escape(str(tmp_path))}/bank/in$",
            r"SFTP +127\.0\.0\.1:\d+ as nostro",
            r"host_keys ssh-ed25519 \S+",
            r"password \S{20,}",
            r"seed +42$",
            r"oddities +slow=7$",
            r"clock +2026-11-23 09:00:0\d UTC$",
        ):
            assert re.search(pattern, told, re.MULTILINE), pattern
        hidden = tmp_path / "bank" / "in" / ".one.xml"
        hidden.write_bytes(pain_001_file("MSG-1"))
        hidden.rename(hidden.with_name("one.xml"))
        happened = hear(process, "paid 100.00 EUR")
        assert re.fullmatch(r"2026-11-23 09:\d\d:\d\d  paid .+", happened[-1])
        assert happened[-1].endswith("paid 100.00 EUR to Payee of E2E-1, E2E-1 of MSG-1 (time 1)")
        process.send_signal(ending)
        assert hear(process, "has stopped")[-1].endswith("Payments executed: 1.")
        assert process.wait(LONG_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_it_lists_what_can_go_wrong() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "nostro", "bank", "personalities"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for one in PERSONALITIES:
        assert f"{one.name} (" in told
        assert one.says in told
        assert all(variant in told for variant in one.variants)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Wanted(personality="rude"), "personality_unknown"),
        (Wanted(account=["NL91ABNA0417164300"]), "option_wrong"),
        (Wanted(account=["NL91ABNA0417164301:EUR:1"]), "invalid_iban"),
        (Wanted(account=[f"{OURS}:EUR:1.234"]), "amount_too_fine"),
        (Wanted(clock="tomorrow"), "option_wrong"),
        (Wanted(level="word"), "option_wrong"),
        (Wanted(script=Path("/nowhere")), "file_not_readable"),
        (Wanted(port=0, signed_by=Path(__file__)), "option_wrong"),
        (Wanted(port=0, sftp_port=0), "option_wrong"),
    ],
)
def test_it_does_not_begin_with_what_it_does_not_understand(wanted: Wanted, code: str) -> None:
    with pytest.raises(NostroError) as refused:
        _run(wanted)
    assert refused.value.code == code


def test_a_port_that_is_taken_is_told() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(Unavailable) as refused:
        _run(Wanted(port=other.getsockname()[1]))
    assert refused.value.code == "port_taken"


def _run(wanted: Wanted) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        run_bank(wanted)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
