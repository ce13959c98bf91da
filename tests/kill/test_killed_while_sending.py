"""A worker may be killed at every line of sending: nothing leaves twice, nothing is lost (P1, P2).

The bank is a process of its own, does not deduplicate and loses requests and acknowledgements.
"""

from __future__ import annotations

from functools import partial

from nostro.domain.submission import SubmissionState
from tests.kill import harness
from tests.kill.harness import LINES_MAX, LINES_MIN, Payer, say


def test_killed_at_every_line_of_sending(payer: Payer) -> None:
    kills, file = 0, payer.file()
    for number in range(1, LINES_MAX):
        if payer.state(file) != SubmissionState.BUILT:
            file = payer.file()
        ended = harness.at_line(partial(payer.attend, file), number)
        assert not ended.failed
        if not ended.by_us:
            break
        kills += 1
    say(f"killed at {kills} lines of sending")
    assert LINES_MIN < kills < LINES_MAX - 1
    payer.all_is_well()
    payer.hear()
    assert payer.open_orders() == {}
