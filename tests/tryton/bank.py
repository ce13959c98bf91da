"""The bank of the loop: mock-bank, an independent program from PyPI, as a process of its own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.tryton.keeper import Kept

START_SECONDS = 120.0


def program() -> str | None:
    """Where mock-bank is installed, if it is."""
    beside = Path(sys.executable).with_name("mock-bank")
    return str(beside) if beside.exists() else shutil.which("mock-bank")


@dataclass
class Bank:
    """A running mock-bank."""

    http: httpx.Client

    def hold(self, name: str, iban: str, bic: str, balance: Decimal, **behaviour: Any) -> None:
        """Open an account at the bank; `behaviour="closed-account"` and the like shape it."""
        values = {
            "id": iban,
            "name": name,
            "iban": iban,
            "bic": bic,
            "currency": "EUR",
            "balance": int(balance * 100),
        }
        self._checked(self.http.post("/_mock/accounts", json=values))
        if behaviour:
            self._checked(self.http.patch(f"/_mock/accounts/{iban}", json=behaviour))

    def balance(self, iban: str) -> Decimal:
        """What the bank's own books say."""
        rows = self._checked(self.http.get("/_mock/accounts")).json()
        (found,) = (row for row in rows if row["iban"] == iban)
        return Decimal(found["balance"]) / 100

    def send(self, pain001: bytes) -> httpx.Response:
        """Hand in a payment file."""
        headers = {"Content-Type": "application/xml"}
        return self.http.post("/payments", content=pain001, headers=headers)

    def asked_for(self) -> dict[str, int]:
        """Every payment that the bank was asked for, accepted or not: minor units by EndToEndId."""
        rows = self._checked(self.http.get("/_mock/payments")).json()
        return {row["end_to_end_id"]: row["amount"] for row in rows}

    def files_received(self) -> int:
        """How often somebody handed in a payment file."""
        rows = self._checked(self.http.get("/_mock/requests")).json()
        return sum((row["method"], row["path"]) == ("POST", "/payments") for row in rows)

    def advance(self, days: int = 1) -> None:
        """Move bank time."""
        self._checked(self.http.post("/_mock/advance", params={"days": days}))

    def collect(self, kind: str, iban: str) -> list[bytes]:
        """Messages of a type for an account that were not collected yet, oldest first."""
        rows = self._checked(self.http.get("/_mock/mailbox", params={"type": kind})).json()
        return [str(row["body"]).encode() for row in rows if row["account"] == iban]

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        return answer.raise_for_status()


@contextlib.contextmanager
def open_bank(day: date) -> Iterator[Bank]:
    """A new bank whose clock begins at nine in the morning of this day."""
    found = program()
    if found is None:
        raise LookupError("mock-bank is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        tempfile.TemporaryDirectory(prefix="mock-bank-") as folder,
        contextlib.ExitStack() as stack,
    ):
        clock = ("--clock", f"{day.isoformat()}T09:00")
        log = Path(folder) / "log"
        kept = Kept("run", found, "--port", str(port), *clock, log=log)
        stack.callback(kept.stop)
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        stack.callback(http.close)
        _wait(http, kept)
        yield Bank(http)


def _wait(http: httpx.Client, kept: Kept) -> None:
    deadline = time.monotonic() + START_SECONDS
    while kept.alive() and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            http.get("/_mock/health")
            return
        time.sleep(0.1)
    raise RuntimeError(f"mock-bank did not answer:\n{kept.tail()}")
