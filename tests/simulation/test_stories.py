"""Payments that leave exactly once, told a hundred thousand times with everything that goes wrong.

No database, no network, no clock: only the decisions are the product's own. A story that breaks a
promise names its seed; `SEED=n pytest tests/simulation` tells it again. `SOAK=1` goes on for
SOAK_SECONDS with new seeds.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count

import pytest

from tests.simulation import variants
from tests.simulation.faults import Fault
from tests.simulation.story import Broken, Story, Told
from tests.simulation.worker import Decisions

PAYMENTS = 100_000
KINDS_AT_LEAST = 25
STORIES_OF_ONE_FAULT = 25
STORIES_UNTIL_FOUND = 1000
SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "600"))
ONE_SEED = os.environ.get("SEED")

asked_for_all = pytest.mark.skipif(ONE_SEED is not None, reason="SEED tells one story only")


# What strikes only where a send is in doubt, and what else it needs.
NEEDS = {
    Fault.KILLED_WHILE_ASKING: {Fault.ACK_LOST},
    Fault.EARLY_NO: {Fault.ACK_LOST},
    Fault.ENQUIRY_FAILS: {Fault.ACK_LOST},
    Fault.ALWAYS_NO: {Fault.ACK_LOST, Fault.STATEMENT_FIRST},
}


def say(capsys: pytest.CaptureFixture[str], words: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{words}\n")


def stories(seeds: Iterable[int]) -> Iterator[Told]:
    return (Story(seed).run() for seed in seeds)


@asked_for_all
def test_no_payment_is_made_twice_or_lost(capsys: pytest.CaptureFixture[str]) -> None:
    payments, struck = 0, Counter[Fault]()
    began = time.process_time()
    for told in stories(count()):
        payments += told.payments
        struck += told.faults
        if payments >= PAYMENTS:
            break
    seconds = time.process_time() - began
    say(capsys, f"{payments} payments, {struck.total()} faults, {payments / seconds:.0f} a second")
    assert len(struck) >= KINDS_AT_LEAST
    assert set(struck) == set(Fault), "a fault that never struck proves nothing"


@asked_for_all
@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
def test_each_fault_strikes_and_does_no_harm(fault: Fault) -> None:
    faults = frozenset({fault} | NEEDS.get(fault, set()))
    struck = Counter[Fault]()
    for seed in range(STORIES_OF_ONE_FAULT):
        struck += Story(seed, faults=faults).run().faults
    assert set(struck) == faults


@asked_for_all
@pytest.mark.parametrize(
    ("variant", "promise"),
    [
        (variants.naive, "was paid"),
        (variants.credulous, "was paid"),
        (variants.trusting_the_clock, "was paid"),
        (variants.blind_to_statements, "or paid payment in it"),
        (variants.half_asleep, "was paid"),
        (variants.unfenced, "was paid"),
        (variants.deaf, "a stop is in force"),
        (variants.idle, "is stranded"),
    ],
)
def test_the_harness_finds_what_is_wrong(variant: Callable[[], Decisions], promise: str) -> None:
    """If one of these stops failing, the harness is broken."""
    found = (broken(seed, variant()) for seed in range(STORIES_UNTIL_FOUND))
    assert any(promise in told for told in found)


def broken(seed: int, decisions: Decisions) -> str:
    try:
        Story(seed, decisions).run()
    except Broken as told:
        return str(told)
    return ""


@asked_for_all
def test_a_seed_tells_the_same_story_again() -> None:
    for seed in range(10):
        assert Story(seed).run() == Story(seed).run()


@pytest.mark.skipif(ONE_SEED is None, reason="SEED=n tells one story")
def test_one_seed(capsys: pytest.CaptureFixture[str]) -> None:
    say(capsys, str(Story(int(ONE_SEED or "")).run()))


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("SOAK"), reason="SOAK=1 tells new stories for SOAK_SECONDS")
def test_soak(capsys: pytest.CaptureFixture[str]) -> None:
    first = time.time_ns() // 1_000_000
    until, payments, told = time.monotonic() + SOAK_SECONDS, 0, 0
    for story in stories(count(first)):
        payments, told = payments + story.payments, told + 1
        if time.monotonic() > until:
            break
    say(capsys, f"{told} stories from seed {first}, {payments} payments: none twice, none lost")
