"""Another way is taken only after a sure failure, only one that was approved, and nothing else
changes. Held against random stories and an oracle of a few lines; SOAK=1 plays many more."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nostro.domain.attempt import FREES_THE_ORDER, AttemptMove, AttemptState, Verdict, judge
from nostro.domain.bank_status import DUPLICATE_REASONS
from nostro.domain.payment import ChargeBearer, Rail, Route, WayOut
from nostro.domain.policies import fallback
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState

SOAK = bool(os.environ.get("SOAK"))
PROFILE = settings(
    max_examples=1_000_000 if SOAK else 500,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
_A, _F = AttemptState, SubmissionState
REASONS = ["AB05", "TM01", "FF01", "AC04", "AM05", "MS03", "", "R01"]


def way(number: int) -> WayOut:
    return WayOut(
        account_id=f"account {number}",
        debtor_iban=f"IBAN{number}",
        connection_id=f"bank {number % 2}",
        rail=Rail.CROSS_BORDER_TRANSFER,
    )


def route(others: int) -> Route:
    ways = [way(number) for number in range(others + 1)]
    start = Route(
        account_id="", debtor_iban="", connection_id="", rail=Rail.SEPA_CREDIT_TRANSFER,
        charge_bearer=ChargeBearer.DEBT, rule="rule X", fallback=tuple(ways[1:]),
    )  # fmt: skip
    return start.taking(ways[0], first=None)


@pytest.mark.parametrize("ended", AttemptState)
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("file", SubmissionState)
def test_what_frees_the_way(ended: AttemptState, reason: str, file: SubmissionState) -> None:
    by_proof = ended in (_A.NOT_DELIVERED, _A.CANCELLED_REROUTE)
    technical = ended is _A.REJECTED and reason in ("AB05", "TM01", "FF01")
    fenced = file in (_F.DELIVERED, _F.ACKNOWLEDGED, _F.REFUSED, _F.ABANDONED)
    assert fallback.frees_the_way(ended, reason, file) is ((by_proof or technical) and fenced)


def test_a_duplicate_is_never_technical() -> None:
    assert not fallback.TECHNICAL & DUPLICATE_REASONS


@pytest.mark.parametrize("file", sorted(fallback.FENCED))
def test_a_fenced_file_never_leaves_again(file: SubmissionState) -> None:
    reached, new = set(), {file}
    while new:
        reached |= new
        new = {
            SUBMISSION.after(state, move)
            for state in new
            for move in SubmissionMove
            if SUBMISSION.allows(state, move)
        } - reached
    assert SubmissionState.DISPATCHING not in reached


WORDS = sorted(set(AttemptMove) - {AttemptMove.DISPATCH})
SAID = st.tuples(st.sampled_from(WORDS), st.sampled_from(REASONS), st.sampled_from(SubmissionState))


@PROFILE
@given(others=st.integers(0, 3), said=st.lists(SAID, max_size=30))
def test_random_stories(others: int, said: list[tuple[AttemptMove, str, SubmissionState]]) -> None:
    """Whatever is said of each attempt in turn: an attempt follows another one only where that
    surely failed, all ways are tried once and in their order, and only the way changes."""
    approved = route(others)
    now, states = approved, [_A.DISPATCHING]
    for move, reason, file in said:
        verdict, after = judge(states[-1], move)
        if verdict is not Verdict.APPLIED:
            continue
        states[-1] = after
        free = fallback.frees_the_way(after, reason, file)
        following = fallback.onwards(now) if free else None
        if following is None:
            continue
        assert states[-1] in FREES_THE_ORDER
        assert states[-1] is not _A.REJECTED or reason in fallback.TECHNICAL
        assert (following.charge_bearer, following.rule) == (approved.charge_bearer, approved.rule)
        assert following.way() == way(len(states)), "in their order, each once"
        assert following.as_approved() == approved, "the approvals still cover it"
        now = following
        states.append(_A.DISPATCHING)
    assert len(states) <= others + 1
    live = [state for state in states if state not in FREES_THE_ORDER]
    assert len(live) <= 1
    assert not live or states[-1] is live[0], "nothing follows what may have been paid"


@PROFILE
@given(others=st.integers(0, 3), tried=st.integers(0, 4))
def test_every_approved_way_is_tried_once(others: int, tried: int) -> None:
    assume(tried <= others)
    now = route(others)
    for _ in range(tried):
        following = fallback.onwards(now)
        assert following
        now = following
    assert len(fallback.left(now)) == others - tried
