"""The simulated bank of the kill tests: a process of its own that does not deduplicate."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

LOSES = "loses_request=100,loses_acknowledgement=100"


class Bank:
    """A running `nostro bank`. It pays a file as often as it gets it, and counts."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.url = url

    def executions(self) -> Counter[str]:
        """How often money moved for each end-to-end id, up to now; the day is ended first."""
        httpx.post(f"{self.url}/_bank/advance?days=5", timeout=60).raise_for_status()
        rows = httpx.get(f"{self.url}/_bank/payments", timeout=60).json()["payments"]
        moved: Counter[str] = Counter()
        for row in rows:
            moved[row["end_to_end_id"]] += row["executions"]
        return moved

    def becomes(self, personality: str) -> None:
        told = httpx.post(f"{self.url}/_bank/personality", content=personality, timeout=60)
        told.raise_for_status()


@contextmanager
def running(personality: str, seed: int) -> Iterator[Bank]:
    """The bank as a program of its own, on a free port of this machine."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "nostro", "bank", "--port", "0", "--seed", str(seed)),
            *("--personality", personality),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Bank(process, _url(process))
    finally:
        process.kill()
        process.wait()


def _url(process: subprocess.Popen[str]) -> str:
    """Where it listens, as it says itself; from then on it talks to nobody."""
    told = ""
    for line in process.stdout or ():
        told += line
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            # A full pipe would stop it.
            threading.Thread(target=lambda: list(process.stdout or ()), daemon=True).start()
            return found[0]
    raise AssertionError(f"the bank did not start: {told}")
