"""The simulation's bank: it does not deduplicate, unless that is in its contract."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.simulation.faults import Fault

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
EARLY_NO_FOR = 9 * MINUTE  # After the send began; in the contract it may be ten.
BOOK, RETURN = "BOOK", "RETURN"


@dataclass(frozen=True)
class Report:
    """One message: about which file, the word for the whole, and for single payments."""

    number: int
    key: int | None
    group: str = ""
    group_reason: str = ""
    lines: dict[int, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Manner:
    """What this bank's connection can do and promises. Times in milliseconds."""

    answers_enquiries: bool
    reports_status: bool
    repeatable_for: int
    silent_after: int


class Bank:
    """What it has, what it paid, and the messages that it will send, each with its time."""

    def __init__(self, dice: Random, faults: frozenset[Fault], manner: Manner) -> None:
        self.dice, self.faults, self.manner = dice, faults, manner
        self.arrivals: dict[int, list[int]] = {}
        self.began: dict[int, int] = {}
        self.paid: Counter[tuple[int, int]] = Counter()
        self.words: dict[int, dict[int, tuple[str, str]]] = {}
        self.mailbox: list[tuple[int, Report]] = []
        self.struck: Counter[Fault] = Counter()
        self._numbers = 0

    def _strikes(self, fault: Fault) -> bool:
        """Does this bank have that habit? Then it shows it now."""
        if fault not in self.faults:
            return False
        self.struck[fault] += 1
        return True

    def arrive(self, key: int, count: int, at: int) -> None:
        """The whole file is at the bank, and it pays, again if it was there before."""
        before = self.arrivals.setdefault(key, [])
        repeat = before and at - before[0] < self.manner.repeatable_for
        if repeat:
            return
        before.append(at)
        words = {number: self._word() for number in range(count)}
        self.words.setdefault(key, words)
        for number, (word, _) in words.items():
            if word == "ACSC":
                self.paid[key, number] += 1
        if not self._strikes(Fault.SILENT):
            self._announce(key, self.words[key], at)

    def knows(self, key: int, at: int) -> bool | None:
        """Its answer to an enquiry; raises nothing: a failed enquiry is None to us."""
        if not self.manner.answers_enquiries:
            return None
        if self.dice.random() < 0.7 and self._strikes(Fault.ENQUIRY_FAILS):
            return None
        has = bool(self.arrivals.get(key))
        if has and self._always_no() and self._strikes(Fault.ALWAYS_NO):
            return False
        early = has and at - self.began[key] < EARLY_NO_FOR
        return has and not (early and self._strikes(Fault.EARLY_NO))

    def _always_no(self) -> bool:
        """Nobody can see through a bank that denies a file and never mentions it."""
        return Fault.STATEMENT_FIRST in self.faults and Fault.SILENT not in self.faults

    def status(self, key: int) -> Report | None:
        """What became of the payments, when it is asked; None: nothing to tell."""
        if Fault.SILENT in self.faults or not self.arrivals.get(key) or self.dice.random() < 0.5:
            return None
        return self._report(key, "ACSP", self.words[key])

    def _word(self) -> tuple[str, str]:
        if self.dice.random() < 0.3 and self._strikes(Fault.PARTIAL):
            return "RJCT", "AC04"
        return "ACSC", ""

    def _report(
        self, key: int | None, group: str = "", lines: dict[int, tuple[str, str]] | None = None
    ) -> Report:
        self._numbers += 1
        return Report(self._numbers, key, group, "", dict(lines or {}))

    def _announce(self, key: int, words: dict[int, tuple[str, str]], at: int) -> None:
        """Taken, then what became of each, then the statement, with everything that goes wrong."""
        dice, strikes = self.dice, self._strikes
        told = dict(words)
        if strikes(Fault.WRONG_WORD):
            told |= {n: ("XXXX", "") for n in told if dice.random() < 0.3}
        if strikes(Fault.CALLED_DUPLICATE):
            told |= {n: ("RJCT", "AM05") for n in told if dice.random() < 0.5}
        if strikes(Fault.BOOKED_AFTER_REJECTED):
            told |= {n: ("RJCT", "AG01") for n in told if dice.random() < 0.3}
        sent = [self._report(key, "RCVD"), self._report(key, "PART", told)]
        if strikes(Fault.REJECTED_AFTER_EXECUTED):
            sent.append(self._report(key, "", dict.fromkeys(told, ("RJCT", "MS03"))))
        if strikes(Fault.UNKNOWN_MESSAGE):
            sent.append(self._report(None, "RJCT"))
        if strikes(Fault.REPORTS_MIXED):
            dice.shuffle(sent)
        late = dice.randrange(1, 5) * DAY if strikes(Fault.REPORTS_LATE) else 0
        for step, report in enumerate(sent, 1):
            self._post(at + late + step * dice.randrange(SECOND, 20 * MINUTE), report)
        self._book(key, at)

    def _book(self, key: int, at: int) -> None:
        paid = [number for (file, number) in self.paid if file == key]
        booked_at = at + (SECOND if self._strikes(Fault.STATEMENT_FIRST) else DAY)
        self._post(booked_at, self._report(key, BOOK, dict.fromkeys(paid, (BOOK, ""))))
        if self._strikes(Fault.RETURNED_LATER):
            back = {n: (RETURN, "AC04") for n in paid if self.dice.random() < 0.3}
            self._post(booked_at + 2 * DAY, self._report(key, RETURN, back))

    def _post(self, at: int, report: Report) -> None:
        self.mailbox.append((at, report))
        if self._strikes(Fault.REPORT_TWICE):
            self.mailbox.append((at + self.dice.randrange(HOUR), report))
