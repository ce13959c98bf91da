"""The bank of the demo: starts mock-bank, an independent program, and arranges its day.

It keeps its books under a home folder: a demo that was killed and is run again meets the same
bank, with every payment it ever booked. The program ends when the process that started it ends.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import httpx
import msgspec

from nostro.connectors.classify import HttpChannel
from nostro.domain.errors import Refused, Unavailable
from nostro.domain.money import Money

USER = "nostro"
_LISTENING = re.compile(rb"listening on (http://\S+?)/? ")
# Runs mock-bank and ends when our end of its standard input closes, however we ended. The
# password comes by environment: other users can read a command line.
_CHILD = """
import os, sys, threading
def end_with_parent():
    while os.read(0, 4096):
        pass
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
from mockbank.__main__ import main
sys.exit(main(sys.argv[1:] + ["--auth", os.environ.pop("MOCK_BANK_AUTH")]))
"""


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in the bank's own books: what the bank did, whatever we believe."""

    message_id: str
    payment_information_id: str
    end_to_end_id: str
    account_id: str
    amount: Money
    creditor_name: str
    creditor_iban: str
    status: str
    reason: str
    booked: bool
    settlement_date: date | None


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a customer sends. `end_to_end_id` makes it happen once per account."""

    end_to_end_id: str
    amount: Money
    debtor_name: str
    debtor_iban: str = ""
    note: tuple[str, ...] = ()
    reference: str = ""
    value_date: date | None = None


class _Remembered(msgspec.Struct, frozen=True):
    """What mock-bank does not keep itself: where its clock stood and where it listened."""

    now: datetime
    port: int


class DemoBank:
    """mock-bank on loopback, as a context manager or by `start` and `stop`.

    `start_at` is the bank's time at its first start; later ones go on from where it stood.
    Raises Refused when mock-bank is not installed, Unavailable when it does not start or when
    another process runs it on the same home.
    """

    def __init__(
        self,
        home: Path,
        *,
        start_at: datetime,
        password: str,
        drop_folder: Path | None = None,
        pickup_folder: Path | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self.home = home
        self.user = USER
        self.password = password
        self.base_url = ""
        self._start_at = start_at
        self._folders = (("--drop-dir", drop_folder), ("--pickup-dir", pickup_folder))
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._opened: HttpChannel | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # Its life.

    def start(self) -> None:
        if importlib.util.find_spec("mockbank") is None:
            raise Refused(
                "demo_bank_not_installed",
                "The demo needs mock-bank, the program that plays the bank; it is not installed.",
                "Nothing was started.",
                "Install it with: pip install 'nostro[demo]'",
            )
        self.home.mkdir(parents=True, exist_ok=True)
        with self._only_one() as lock:
            remembered = self._remembered()
            try:
                self._launch(lock, remembered.now, remembered.port)
            except Unavailable:  # its old port may be somebody else's by now
                if not remembered.port:
                    raise
                self._launch(lock, remembered.now, 0)
        self._remember()

    def stop(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._remember()
        self._end()

    def kill(self) -> None:
        """End it as a power cut would: nothing is remembered."""
        if self._process is not None:
            self._process.kill()
            self._end()

    # Its day.

    def now(self) -> datetime:
        told = self._get("/_mock/state")["clock"]["now"]
        return datetime.fromisoformat(told).astimezone(UTC)

    def advance(self, days: int) -> datetime:
        """Move the bank's clock by calendar days. Each business day that ends brings a
        statement of every open account."""
        self._tell("POST", f"/_mock/advance?days={days}")
        self._remember()
        return self.now()

    def advance_to(self, day: date) -> datetime:
        """Move to `day`, unless the clock has reached it: safe to repeat after a crash. Keeps the
        time of day."""
        days = (day - self.now().date()).days
        return self.advance(days) if days > 0 else self.now()

    def account(self, account_id: str) -> dict[str, Any] | None:
        return next((row for row in self._get("/_mock/accounts") if row["id"] == account_id), None)

    def add_account(
        self,
        account_id: str,
        *,
        name: str,
        iban: str,
        opening: Money,
        bic: str = "MOCKNL2A",
        closed: bool = False,
    ) -> None:
        """Open an account, unless it is there. `closed`: it exists, takes nothing (AC04) and gets
        no statements. Its first statement opens with `opening`."""
        if self.account(account_id) is None:
            body = {
                "id": account_id,
                "name": name,
                "iban": iban,
                "bic": bic,
                "currency": opening.currency,
                "balance": opening.minor,
                "closed": closed,
            }
            self._tell("POST", "/_mock/accounts", body)

    def close_account(self, account_id: str) -> None:
        self._tell("PATCH", f"/_mock/accounts/{quote(account_id)}", {"closed": True})

    def close_seeded_accounts(self) -> None:
        """mock-bank starts with four accounts of its own; closed ones get no statements."""
        for account_id in ("ACME", "GLOBEX", "INITECH", "EURODIS"):
            if self.account(account_id):
                self.close_account(account_id)

    def set_behaviour(self, account_id: str, behaviour: str, **parameters: Any) -> None:
        """One of mock-bank's behaviours, such as `silent` or `return-later`, from now on."""
        self._tell(
            "PATCH",
            f"/_mock/accounts/{quote(account_id)}",
            {"behaviour": behaviour, "parameters": parameters},
        )

    def credit(self, account_id: str, credit: Credit) -> None:
        """Let money arrive, once: the same end-to-end id on the same account is not repeated."""
        for row in self._get("/_mock/credits"):
            if (row["account_id"], row["end_to_end_id"]) == (account_id, credit.end_to_end_id):
                return
        body: dict[str, Any] = {
            "account": account_id,
            "amount": credit.amount.minor,
            "currency": credit.amount.currency,
            "end_to_end_id": credit.end_to_end_id,
            "debtor": {"name": credit.debtor_name, "iban": credit.debtor_iban},
            "note": list(credit.note),
            "reference": credit.reference,
        }
        if credit.value_date:
            body["value_date"] = credit.value_date.isoformat()
        self._tell("POST", "/_mock/credits", body)

    def scan_drop_folder(self) -> int:
        """Make the bank look into its drop folder now; how many files it read."""
        return int(self._tell("POST", "/_mock/drop/scan")["scanned"])

    # Its books.

    def ledger(self) -> tuple[LedgerLine, ...]:
        """Every payment the bank ever decided on, oldest first."""
        return tuple(_line(row) for row in reversed(self._get("/_mock/payments")))

    def balance(self, account_id: str) -> Money:
        row = self.account(account_id)
        if row is None:
            raise Refused("no_such_account", f"The bank has no account {account_id}.")
        return Money(row["balance"], row["currency"])

    def statement_days(self, account_id: str) -> tuple[date, ...]:
        rows = self._get(f"/_mock/accounts/{quote(account_id)}/statements")
        return tuple(date.fromisoformat(row["day"]) for row in rows)

    def _get(self, path: str) -> Any:
        return self._channel.get(path).json()

    def _tell(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = msgspec.json.encode(body) if body is not None else b""
        return self._channel.send(path, content, "application/json", method=method).json()

    @property
    def _channel(self) -> HttpChannel:
        if self._opened is None:
            raise Unavailable("demo_bank_not_running", "The demo's bank is not running.")
        return self._opened

    # How it is run.

    def _only_one(self) -> IO[bytes]:
        """The lock on the home, which the child inherits and holds as long as it lives."""
        lock = (self.home / "bank.lock").open("ab")
        for _ in range(100):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                time.sleep(0.05)
        lock.close()
        raise Unavailable(
            "demo_bank_in_use",
            f"Another process already runs the demo's bank in {self.home}.",
            "Nothing was started.",
            "Wait until it ends, or use another home folder.",
        )

    def _launch(self, lock: IO[bytes], now: datetime, port: int) -> None:
        log_path = self.home / "bank.log"
        arguments = [
            *("--port", str(port), "--db", str(self.home / "bank.sqlite")),
            *("--clock", now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")),
            *(part for flag, path in self._folders if path for part in (flag, str(path))),
            *self._options,
        ]
        environment = {**os.environ, "MOCK_BANK_AUTH": f"{self.user}:{self.password}"}
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CHILD, *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                pass_fds=(lock.fileno(),),
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        self.base_url = self._wait_until_listening(log_path)
        self._opened = HttpChannel(
            self.base_url,
            other_side="mock-bank",
            auth=httpx.BasicAuth(self.user, self.password),
            timeout_seconds=30,
        )

    def _wait_until_listening(self, log_path: Path) -> str:
        for _ in range(400):
            if found := _LISTENING.search(log_path.read_bytes()):
                return found.group(1).decode()
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.05)
        said = log_path.read_text(errors="replace").strip()[-500:]
        self._end()
        raise Unavailable(
            "demo_bank_did_not_start",
            f"mock-bank did not start. It said: {said or 'nothing'}",
            "Nothing was sent.",
            f"Its log is {log_path}.",
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _remember(self) -> None:
        """After the clock moved, never before: a bank that starts too early catches up, one that
        starts too late leaves days without a statement."""
        port = int(self.base_url.rpartition(":")[2])
        path, new = self.home / "bank.json", self.home / "bank.json.new"
        new.write_bytes(msgspec.json.encode(_Remembered(self.now(), port)))
        new.replace(path)

    def _remembered(self) -> _Remembered:
        try:
            return msgspec.json.decode((self.home / "bank.json").read_bytes(), type=_Remembered)
        except FileNotFoundError:
            return _Remembered(self._start_at, 0)


def _line(row: dict[str, Any]) -> LedgerLine:
    settles = row["settlement_date"]
    return LedgerLine(
        message_id=row["msg_id"],
        payment_information_id=row["pmt_inf_id"] or "",
        end_to_end_id=row["end_to_end_id"] or "",
        account_id=row["account_id"] or "",
        amount=Money(row["amount"], row["currency"]),
        creditor_name=row["creditor_name"] or "",
        creditor_iban=row["creditor_iban"] or "",
        status=row["status"],
        reason=row["reason"] or "",
        booked=row["booked_at"] is not None,
        settlement_date=date.fromisoformat(settles) if settles else None,
    )
