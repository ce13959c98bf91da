"""Killing a worker at every line of the code that sends, and looking what became of the money.

A child is forked from this loaded process, opens connections of its own, does one piece of work
under a trace and is killed (SIGKILL) at the n-th line of our own code that it runs.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from uuid import UUID

from django.db import connections

import nostro
from nostro.domain.order import OrderState
from nostro.domain.submission import SubmissionState
from nostro.storage import models, parties, submissions
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.kill.bank import Bank
from tests.workflows.company import Company

ROOM = str(Path(nostro.__file__).parent) + os.sep
SEED = int(os.environ.get("SEED", "20261122"))  # SEED=n repeats a run.
# In the long form a line that is run again (a loop, a second call) is another place to die.
SOAK = os.environ.get("SOAK") == "1"
FILES_AT_ONCE = 3
LINES_MIN = 150
LINES_MAX = 9_000  # More lines than any piece of work has: then the trace does not work.
TIMEOUT_SECONDS = 0.5  # For requests that the bank loses; it answers others in milliseconds.
ROUNDS_MAX = 60  # Of looking after what is due, until a company has nothing due any more.
AT_THE_BANK = {SubmissionState.DELIVERED, SubmissionState.ACKNOWLEDGED, SubmissionState.ABANDONED}

Work = Callable[[], object]


class Killed:
    """How a child ended: by our kill, or by finishing its work."""

    def __init__(self, status: int) -> None:
        self.by_us = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        self.failed = not self.by_us and os.waitstatus_to_exitcode(status) != 0


def at_line(work: Work, number: int) -> Killed:
    """Run work in a child and kill it at the n-th line of ours."""
    return _forked(work, lambda: sys.settrace(_Trace(number).called))


def at_random(work: Work, dice: random.Random, seconds: float) -> Killed:
    """Run work in a child and kill it some time within so many seconds."""
    wait = dice.uniform(0.002, seconds)
    return _forked(work, lambda: None, kill_after=wait)


def whole_seconds(work: Work) -> float:
    """How long a child takes for a piece of work on this machine when nobody kills it."""
    began = time.monotonic()
    assert not _forked(work, lambda: None).failed
    return time.monotonic() - began


def _forked(work: Work, prepare: Callable[[], None], kill_after: float | None = None) -> Killed:
    connections.close_all()  # A child must not speak on a connection of ours.
    child = os.fork()
    if child == 0:
        die_working(work, prepare)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return Killed(status)


def die_working(work: Work, prepare: Callable[[], None] = lambda: None) -> NoReturn:
    """Do the work in this child and end with it."""
    code = 1
    try:
        _silence()
        prepare()
        work()
        code = 0
    finally:
        sys.settrace(None)
        os._exit(code)


def _silence() -> None:
    """What a dying child says helps nobody."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


class _Trace:
    """Counts the lines of our own code, each once, and ends the process at one of them."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._seen: set[tuple[int, int]] = set()

    def called(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(ROOM) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        place = (id(frame.f_code), frame.f_lineno)
        if event == "line" and (SOAK or place not in self._seen):
            self._seen.add(place)
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


class Payer:
    """A company that pays through the simulated bank, file by file."""

    def __init__(self, bank: Bank) -> None:
        self.company = Company()
        self.bank = bank
        self._count = 0
        config = {
            "base_url": bank.url,
            "unknown_means_never": True,
            "timeout_seconds": TIMEOUT_SECONDS,
            "profile": "",
        }
        with tenant(self.company.tenant_id):
            parties.configure_connection(self.company.bank_id, config)
            rows = models.Connection.objects.filter(id=self.company.bank_id)
            rows.update(connector="rest_bank")

    def file(self, payments: int = 1) -> UUID:
        """A file of new payments, approved and frozen, not yet sent."""
        self._count += 101  # A prime: no two of the numbers differ by two swapped digits.
        self.company.pay(payments, f"K{self._count}-")
        (submission_id,) = self.company.release()
        return submission_id

    def attend(self, submission_id: UUID) -> object:
        return dispatch.attend(self.company.job, submission_id)

    def state(self, submission_id: UUID) -> str:
        with tenant(self.company.tenant_id):
            return models.Submission.objects.values_list("state", flat=True).get(id=submission_id)

    def due(self) -> list[UUID]:
        now = self.company.clock.now()
        with tenant(self.company.tenant_id):
            rows = models.Submission.objects.filter(next_action_at__lte=now)
            return list(rows.order_by("id").values_list("id", flat=True))

    def settle_down(self) -> None:
        """Time passes and whatever is due is attended to, until every file is at the bank, or in
        the hands of a person because its day is over. What was never tried leaves in a new file."""
        for _ in range(ROUNDS_MAX):
            if not self.company.release() and not self._waiting():
                return
            self.company.clock.advance(minutes=11)
            for submission_id in self.due():
                self.attend(submission_id)
        raise AssertionError(f"stranded: {self._waiting()}")

    def _waiting(self) -> dict[str, str]:
        named = models.Submission.objects.values_list("message_id", flat=True)
        with tenant(self.company.tenant_id):
            with_a_person = set(named.filter(id__in=self._set_aside()))
        return {one: at for one, at in self.on_its_way().items() if one not in with_a_person}

    @staticmethod
    def _set_aside() -> list[UUID]:
        """Files that surely never arrived, that no bank can execute on their day any more, and
        that an open case asks a person about."""
        cases = models.Case.objects.filter(state="open", natural_key__startswith="set-aside/")
        files = models.Submission.objects.filter(
            id__in=cases.values("submission_id"), state=SubmissionState.NOT_DELIVERED
        )
        return list(files.values_list("id", flat=True))

    def on_its_way(self) -> dict[str, str]:
        """Files that are not yet surely at the bank, with their states."""
        with tenant(self.company.tenant_id):
            rows = models.Submission.objects.exclude(state__in=AT_THE_BANK)
            return dict(rows.values_list("message_id", "state"))

    def ended(self) -> dict[str, list[str]]:
        """What is wrong: payments made twice, never, or though a person was told that they were
        not, by the bank's own books."""
        moved = self.bank.executions()
        with tenant(self.company.tenant_id):
            wanted = set(models.Order.objects.values_list("end_to_end_id", flat=True))
            inside = submissions.order_ids_of_files(self._set_aside())
            named = models.Order.objects.filter(id__in=inside)
            kept = set(named.values_list("end_to_end_id", flat=True))
        return {
            "paid twice": sorted(one for one in wanted if moved[one] > 1),
            "never paid": sorted(one for one in wanted - kept if moved[one] == 0),
            "paid though set aside": sorted(one for one in kept if moved[one] > 0),
        }

    def all_is_well(self) -> None:
        """When the bank loses nothing any more, each payment ends as made once."""
        self.bank.becomes("")
        self.settle_down()
        assert not any(self.ended().values()), self.ended()

    def hear(self) -> None:
        """Collect and understand everything that the bank has sent."""
        self.company.clock.advance(days=5)
        answers.collect(self.company.job, self.company.bank_id)
        with tenant(self.company.tenant_id):
            kept = list(
                models.BankMessage.objects.filter(next_action_at__isnull=False)
                .order_by("id")
                .values_list("evidence_id", flat=True)
            )
        for evidence_id in kept:
            answers.understand(self.company.job, self.company.bank_id, evidence_id)

    def open_orders(self) -> dict[str, int]:
        """Orders that nobody has yet said to be paid, by state."""
        paid = (OrderState.EXECUTED.value, OrderState.SETTLED.value)
        found: dict[str, int] = {}
        with tenant(self.company.tenant_id):
            for state in models.Order.objects.exclude(state__in=paid).values_list("state"):
                found[state[0]] = found.get(state[0], 0) + 1
        return found

    def sleep(self, step: timedelta) -> None:
        self.company.clock.advance(seconds=step.total_seconds())


def say(text: str) -> None:
    """What a run shows with -s, and with its failure without."""
    sys.stdout.write(f"{text}\n")


def attend_all(payer: Payer) -> None:
    """Look after every file that is due."""
    for submission_id in payer.due():
        payer.attend(submission_id)


def usual_seconds(payer: Payer) -> float:
    """How long a worker is busy with as many files as the tests give it."""
    for _ in range(FILES_AT_ONCE):
        payer.file()
    return whole_seconds(partial(attend_all, payer))


def lines_of_doubt(payer: Payer) -> range:
    """The lines of sending at which a death leaves a file that says "dispatching"."""

    def state_after(number: int) -> str:
        file = payer.file()
        at_line(partial(payer.attend, file), number)
        return payer.state(file)

    numbers = range(1, LINES_MAX)
    on_its_way = (SubmissionState.BUILT, SubmissionState.DISPATCHING)
    first = bisect_left(numbers, True, key=lambda n: state_after(n) != SubmissionState.BUILT)
    end = bisect_left(numbers, True, first, key=lambda n: state_after(n) not in on_its_way)
    return numbers[first:end]
