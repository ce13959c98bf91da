"""The counter of the simulated bank: one caller at a time, a running clock, a memory on disk.

All doors come here. What a call does is on the disk before it is done and answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from nostro.domain.check_exception import Decision, PresentedCheck
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.simulator.bank import Bank, PaymentRow
from nostro.simulator.journal import (
    Became,
    Began,
    Call,
    Delivered,
    Followed,
    Journal,
    Opened,
    Presented,
    Reported,
    Shifted,
    Submitted,
    perform,
)
from nostro.simulator.personalities import character
from nostro.simulator.script import Script
from nostro.simulator.state import Message, TakenFile
from nostro.simulator.taking import Answer

Tell = Callable[[datetime, str], None]
_MICROSECOND = timedelta(microseconds=1)


class Desk:
    """A bank that runs. `real` is the real time, aware; the bank's clock is some way from it.

    `began` founds a new bank, whose clock begins at its `at`. With `state`, a file, a bank that
    was there goes on instead: it has its own seed, accounts, personality and clock. Raises
    Refused: `state_damaged`, `other_seed`.
    """

    def __init__(
        self,
        began: Began,
        real: Callable[[], datetime],
        *,
        state: Path | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._real = real
        self._tell = tell
        self._lock = threading.Lock()
        self._ahead = began.at - real()
        self._delivered: dict[str, int] = {}
        self._sources: set[str] = set()
        self._journal = Journal(state) if state else None
        self.remembers = False
        self.bank = self._found(began)
        self.bank.hear(tell)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            if self._journal is not None:
                self._journal.close()
                self._journal = None

    def _found(self, began: Began) -> Bank:
        if self._journal is None:
            return began.bank()
        calls = self._journal.read()
        first = next(calls, None)
        if first is None:
            self._journal.write(began)
            bank = began.bank()
            self._note(bank, self._shifted(began.at))
            return bank
        if not isinstance(first, Began) or first.seed != began.seed:
            raise Refused(
                "other_seed",
                "The state file is of a bank with another seed.",
                "The bank was not started.",
                "Use the seed that it had, or another state file.",
            )
        bank = first.bank()
        self.remembers = True
        for call in calls:
            if not isinstance(call, Began):
                self._remember(bank, call)
        return bank

    def _remember(self, bank: Bank, call: Call) -> None:
        if isinstance(call, Shifted):
            self._ahead = call.ahead_microseconds * _MICROSECOND
        elif isinstance(call, Delivered):
            self._delivered[call.door] = call.messages
        elif isinstance(call, Submitted) and call.source:
            self._sources.add(call.source)
        perform(bank, call)

    def _note(self, bank: Bank, call: Call) -> None:
        if self._journal is not None:
            self._journal.write(call)
        perform(bank, call)

    def _shifted(self, at: datetime) -> Shifted:
        return Shifted(at=at, ahead_microseconds=self._ahead // _MICROSECOND)

    # ---- What customers do

    def submit(
        self, content: bytes, *, key: str = "", written: bool = False, source: str = ""
    ) -> Answer:
        """As `Bank.submit`, now."""
        with self._lock:
            at = self._now()
            if source:
                self._sources.add(source)
            if self._journal is not None:
                told = Submitted(at=at, content=content, key=key, written=written, source=source)
                self._journal.write(told)
            return self.bank.submit(content, now=at, key=key, written=written)

    def has_taken(self, source: str) -> bool:
        """Whether a file of that name in a folder was submitted already."""
        with self._lock:
            return source in self._sources

    def known(self, message_id: str) -> TakenFile | None:
        with self._lock:
            self.bank.run(self._now())
            return self.bank.known(message_id)

    def status(self, message_id: str) -> Message | None:
        with self._lock:
            self.bank.run(self._now())
            return self.bank.status(message_id)

    def messages(self, after: int, limit: int | None = None) -> list[Message]:
        with self._lock:
            self.bank.run(self._now())
            return self.bank.messages(after, limit)

    # ---- What doors note

    def delivered(self, door: str) -> int:
        """How many messages a door has given away."""
        with self._lock:
            return self._delivered.get(door, 0)

    def note_delivered(self, door: str, messages: int) -> None:
        with self._lock:
            self._delivered[door] = messages
            self._note(self.bank, Delivered(at=self._now(), door=door, messages=messages))

    def tell(self, text: str) -> None:
        """A door tells what happened."""
        if self._tell is not None:
            self._tell(self.now(), text)

    # ---- What a rehearsal arranges

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def advance(self, step: timedelta) -> datetime:
        """Put the clock forward and let all happen that falls due on the way."""
        with self._lock:
            self._ahead += step
            at = self._now()
            self._note(self.bank, self._shifted(at))
            return at

    def become(self, personality: str) -> None:
        """Raises Invalid (`personality_unknown`)."""
        told = character(personality)
        with self._lock:
            self._note(self.bank, Became(at=self._now(), character=told))

    def follow(self, script: Script) -> None:
        """Raises Invalid (`personality_unknown`)."""
        script.checked()
        with self._lock:
            self._note(self.bank, Followed(at=self._now(), script=script))

    def open(self, iban: str, opening: Money) -> None:
        with self._lock:
            self._note(self.bank, Opened(at=self._now(), iban=iban, opening=opening))

    def report(self, iban: str) -> None:
        """Raises Refused (`no_such_account`)."""
        with self._lock:
            self.bank.balance(iban)
            self._note(self.bank, Reported(at=self._now(), iban=iban))

    def present(self, check: PresentedCheck, if_nobody: Decision) -> None:
        """Raises Invalid (`file_not_read`) for an account that is not there."""
        with self._lock:
            told = Presented(at=self._now(), check=check, if_nobody=if_nobody)
            self.bank.unless_decided(if_nobody, now=told.at)
            self.bank.present(check, now=told.at)
            if self._journal is not None:
                self._journal.write(told)

    def payments(self) -> list[PaymentRow]:
        with self._lock:
            self.bank.run(self._now())
            return self.bank.payments()

    def balances(self) -> Iterable[tuple[str, Money]]:
        with self._lock:
            self.bank.run(self._now())
            return [(iban, account.balance) for iban, account in self.bank.accounts().items()]

    def _now(self) -> datetime:
        return max(self._real() + self._ahead, self.bank.now)
