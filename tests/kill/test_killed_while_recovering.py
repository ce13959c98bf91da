"""Senders died right after the intent; whoever looks after their files may die as well."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial
from uuid import UUID

from nostro.domain.submission import SubmissionState
from tests.kill import harness
from tests.kill.harness import LINES_MAX, LINES_MIN, SEED, Payer, say


def test_killed_at_every_line_of_recovering(payer: Payer) -> None:
    dice, doubtful = random.Random(SEED), harness.lines_of_doubt(payer)
    kills, file = 0, abandoned(payer, dice, doubtful)
    for number in range(1, LINES_MAX):
        if payer.state(file) != SubmissionState.DISPATCHING:
            file = abandoned(payer, dice, doubtful)
        payer.sleep(timedelta(minutes=3))
        ended = harness.at_line(partial(payer.attend, file), number)
        assert not ended.failed
        if not ended.by_us:
            break
        kills += 1
    say(f"killed at {kills} lines of recovering")
    assert LINES_MIN < kills < LINES_MAX - 1
    payer.all_is_well()


def abandoned(payer: Payer, dice: random.Random, doubtful: range) -> UUID:
    """A file that says "dispatching" and whose sender is dead; it may have arrived or not."""
    while True:
        file = payer.file()
        harness.at_line(partial(payer.attend, file), dice.choice(doubtful))
        if payer.state(file) == SubmissionState.DISPATCHING:
            return file
