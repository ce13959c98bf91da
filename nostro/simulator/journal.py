"""What the simulated bank remembers over a restart: every call made to it, told again in order.

The bank is a calculation, so its calls are its state. A call is on the disk before it is done and
before anybody is answered; a line that a crash cut off was never answered and is dropped.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from nostro.domain.check_exception import Decision, PresentedCheck
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.simulator.bank import Bank
from nostro.simulator.books import OpenAccount
from nostro.simulator.personalities import Character
from nostro.simulator.script import Script
from nostro.simulator.state import Level

_CHECK_LETTERS = 8


class Began(msgspec.Struct, frozen=True, kw_only=True, tag="began"):
    """How the bank was founded: always the first line."""

    at: datetime
    seed: int
    personality: str
    script: Script
    accounts: tuple[OpenAccount, ...]
    deduplicates: bool
    level: Level

    def bank(self) -> Bank:
        return Bank(
            self.seed,
            now=self.at,
            personality=self.personality,
            script=self.script,
            accounts=self.accounts,
            deduplicates=self.deduplicates,
            level=self.level,
        )


class Submitted(msgspec.Struct, frozen=True, kw_only=True, tag="submitted"):
    """A file came in. `source` is its name in a folder, so that it is taken from there once."""

    at: datetime
    content: bytes
    key: str = ""
    written: bool = False
    source: str = ""


class Shifted(msgspec.Struct, frozen=True, kw_only=True, tag="shifted"):
    """The clock was put forward: so many microseconds ahead of the real time, all in all."""

    at: datetime
    ahead_microseconds: int


class Became(msgspec.Struct, frozen=True, kw_only=True, tag="became"):
    at: datetime
    character: Character


class Followed(msgspec.Struct, frozen=True, kw_only=True, tag="followed"):
    at: datetime
    script: Script


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    at: datetime
    iban: str
    opening: Money


class Reported(msgspec.Struct, frozen=True, kw_only=True, tag="reported"):
    at: datetime
    iban: str


class Presented(msgspec.Struct, frozen=True, kw_only=True, tag="presented"):
    """Somebody cashed a check. `if_nobody` is what the bank does from now on by itself."""

    at: datetime
    check: PresentedCheck
    if_nobody: Decision


class Delivered(msgspec.Struct, frozen=True, kw_only=True, tag="delivered"):
    """A door (a folder, a callback) has given away so many messages of the mailbox."""

    at: datetime
    door: str
    messages: int


Call = Submitted | Shifted | Became | Followed | Opened | Reported | Presented | Delivered
_DECODER = msgspec.json.Decoder(Began | Call)


def perform(bank: Bank, call: Call) -> None:
    """Do what a call asks; raises what the bank raises."""
    match call:
        case Submitted():
            bank.submit(call.content, now=call.at, key=call.key, written=call.written)
        case Became():
            bank.become(call.character, now=call.at)
        case Followed():
            bank.follow(call.script, now=call.at)
        case Opened():
            bank.open(call.iban, call.opening, now=call.at)
        case Reported():
            bank.report(call.iban, now=call.at)
        case Presented():
            bank.unless_decided(call.if_nobody, now=call.at)
            bank.present(call.check, now=call.at)
        case Shifted() | Delivered():
            bank.run(call.at)


class Journal:
    """Calls in a file, each on a line with its CRC-32, forced to the disk before it counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def read(self) -> Iterator[Began | Call]:
        """All calls so far; cuts off what a crash left half written at the end.

        Raises Refused (`state_damaged`) when a line before the last one is not as it was written.
        """
        data = self._path.read_bytes()
        whole, _, torn = data.rpartition(b"\n")
        if torn:
            os.ftruncate(self._descriptor, len(data) - len(torn))
        for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
            if _checked(line[_CHECK_LETTERS + 1 :]) != line[:_CHECK_LETTERS]:
                raise self._damaged(number)
            yield _DECODER.decode(line[_CHECK_LETTERS + 1 :])

    def write(self, call: Began | Call) -> None:
        told = msgspec.json.encode(call)
        line = b"%s %s\n" % (_checked(told), told)
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    def _damaged(self, number: int) -> Refused:
        return Refused(
            "state_damaged",
            f"Line {number} of {self._path} is not what the simulated bank wrote.",
            "The bank was not started.",
            "Use another state file: begin with a new bank.",
        )


def _checked(told: bytes) -> bytes:
    return b"%08x" % zlib.crc32(told)
