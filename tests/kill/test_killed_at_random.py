"""Workers killed at any moment, between lines too, pay nothing twice and lose nothing (P1, P2).

500 kills; SOAK=1 goes on for SOAK_SECONDS. What everybody writes first is held against the same.
"""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta
from functools import partial

from nostro.storage import models
from nostro.storage.tenancy import tenant
from tests.kill import harness
from tests.kill.harness import FILES_AT_ONCE, SEED, SOAK, Payer, attend_all, say, usual_seconds

SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "3600"))
RANDOM_KILLS = 500


def test_killed_at_random(payer: Payer) -> None:
    dice = random.Random(SEED)
    until = time.monotonic() + SOAK_SECONDS if SOAK else 0.0
    kills = tried = 0
    seconds = usual_seconds(payer)
    while tried < RANDOM_KILLS or time.monotonic() < until:
        for _ in range(FILES_AT_ONCE - len(payer.due())):
            payer.file()
        tried += 1
        kills += harness.at_random(partial(attend_all, payer), dice, seconds).by_us
        payer.sleep(timedelta(minutes=dice.randrange(15)))
    say(f"killed {kills} of {tried} at random")
    assert kills > tried // 3
    payer.all_is_well()


def naive(payer: Payer) -> None:
    """What everybody writes first: what was not confirmed is sent again."""
    with tenant(payer.company.tenant_id):
        rows = models.Submission.objects.filter(state__in=["dispatching", "unknown"])
        rows.update(state="built", next_action_at=payer.company.clock.now())
        models.Attempt.objects.filter(state__in=["dispatching", "unknown"]).update(state="prepared")
    attend_all(payer)


def test_the_naive_way_pays_twice(payer: Payer) -> None:
    """If this stops failing to be safe, the harness is broken."""
    dice, seconds = random.Random(SEED), usual_seconds(payer)
    for _ in range(40):
        for _ in range(FILES_AT_ONCE - len(payer.on_its_way())):
            payer.file()
        harness.at_random(partial(naive, payer), dice, seconds)
    payer.bank.becomes("")
    for _ in range(5):
        naive(payer)
    assert payer.ended()["paid twice"]
