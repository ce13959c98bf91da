"""What a bank's word does: any order and any repetition of honest words ends in the same state."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.attempt import (
    ATTEMPT,
    FREES_THE_ORDER,
    RANK,
    AttemptMove,
    AttemptState,
    Verdict,
    judge,
)
from nostro.domain.bank_status import DUPLICATE_REASONS, MEANING, move_of

S, M = AttemptState, AttemptMove
SENT = (S.DISPATCHING, S.UNKNOWN)

# Everything one honest bank may say of one payment, in the order in which it happened there.
HONEST = """
deliver receive accept execute                  -> executed
deliver receive pend accept execute             -> executed
deliver receive pend accept execute return      -> returned
deliver accept execute return                   -> returned
deliver receive pend cancel_stop                -> cancelled_stop
deliver receive accept cancel_reroute           -> cancelled_reroute
deliver receive accept reject                   -> rejected
deliver receive pend                            -> pending_at_bank
deliver receive pend accept                     -> accepted
deliver receive                                 -> received
deliver                                         -> delivered
not_deliver                                     -> not_delivered
"""


def told(state: AttemptState, words: list[AttemptMove]) -> tuple[AttemptState, list[Verdict]]:
    """Say these words one after the other."""
    verdicts = []
    for word in words:
        verdict, after = judge(state, word)
        assert verdict is Verdict.APPLIED or after is state, "only an applied word moves"
        state = after
        verdicts.append(verdict)
    return state, verdicts


@pytest.mark.parametrize("start", SENT)
@pytest.mark.parametrize("story", HONEST.strip().splitlines())
def test_any_order_of_honest_words(story: str, start: AttemptState) -> None:
    words, _, end = (part.strip() for part in story.partition("->"))
    for heard in itertools.permutations([M(word) for word in words.split()]):
        state, verdicts = told(start, list(heard))
        assert state == end, heard
        assert Verdict.CONTRADICTS not in verdicts, heard


@given(
    st.sampled_from(HONEST.strip().splitlines()),
    st.sampled_from(SENT),
    st.lists(st.integers(0, 6), max_size=12),
    st.randoms(use_true_random=False),
)
def test_any_repetition_of_honest_words(
    story: str, start: AttemptState, again: list[int], dice: Random
) -> None:
    path, _, end = (part.strip() for part in story.partition("->"))
    words = [M(word) for word in path.split()]
    heard = words + [words[index % len(words)] for index in again]
    dice.shuffle(heard)
    state, verdicts = told(start, heard)
    assert state == end
    assert Verdict.CONTRADICTS not in verdicts


@given(st.sampled_from(HONEST.strip().splitlines()), st.sampled_from(SENT), st.integers(0, 6))
def test_a_word_of_doubt_frees_nothing_and_yields_to_a_better_one(
    story: str, start: AttemptState, at: int
) -> None:
    """ "Duplicate" is answered by asking; whatever the bank says of weight wins over it."""
    path, _, end = (part.strip() for part in story.partition("->"))
    words = [M(word) for word in path.split()]
    state, _ = told(start, [*words[:at], M.DOUBT, *words[at:]])
    if RANK[S(end)] > RANK[S.RECEIVED]:
        assert state == end
    else:
        assert state not in FREES_THE_ORDER


# Two words of the bank that cannot both be true (lifecycle 6.10), in whichever order they come.
CONTRADICTIONS = """
execute reject
execute cancel_stop
execute cancel_reroute
reject cancel_stop
return reject
return cancel_stop
not_deliver execute
not_deliver reject
not_deliver return
not_deliver cancel_stop
not_deliver accept
not_deliver pend
not_deliver receive
"""


@pytest.mark.parametrize("pair", CONTRADICTIONS.strip().splitlines())
def test_contradictions_open_a_case_and_never_move(pair: str) -> None:
    first, second = (M(word) for word in pair.split())
    for heard in ((first, second), (second, first)):
        for start in SENT:
            state, _ = told(start, [heard[0]])
            assert judge(state, heard[1]) == (Verdict.CONTRADICTS, state), heard


def test_a_duplicate_of_what_was_never_delivered_contradicts() -> None:
    assert judge(S.NOT_DELIVERED, M.DOUBT) == (Verdict.CONTRADICTS, S.NOT_DELIVERED)


@pytest.mark.parametrize("state", AttemptState)
@pytest.mark.parametrize("move", AttemptMove)
def test_a_state_agrees_with_the_word_that_led_to_it(
    state: AttemptState, move: AttemptMove
) -> None:
    """The same word again is never a contradiction, and a verdict says what the table says."""
    verdict, after = judge(state, move)
    if ATTEMPT.allows(state, move):
        assert verdict is not Verdict.CONTRADICTS
        again, _ = judge(after, move)
        assert again is not Verdict.CONTRADICTS
    else:
        assert verdict is not Verdict.APPLIED
        assert after is state
    if state in ATTEMPT.ends():
        assert verdict is not Verdict.APPLIED


@pytest.mark.parametrize("move", [M.DISPATCH, M.LOSE_TRACK])
def test_what_we_know_ourselves_contradicts_no_bank(move: AttemptMove) -> None:
    for state in set(AttemptState) - {S.PREPARED, S.DISPATCHING}:
        assert judge(state, move) == (Verdict.KEPT, state)


STATUS = """
RCVD receive | ACTC receive | ACCP accept | ACFC accept | ACSP accept | ACWC accept | ACWP accept
ACPD accept | ACFW pend | PATC pend | PDNG pend | ACSC execute | ACCC execute | CANC cancel_stop
RJCT reject  | RCVC receive | RVNC receive | RVCM pend | RVMC pend | RVNM pend | RVNA pend
"""


def test_what_the_words_mean() -> None:
    pairs = [entry.split() for line in STATUS.strip().splitlines() for entry in line.split("|")]
    for word, move in pairs:
        assert move_of(word, "") == move
    assert {word for word, _ in pairs} <= set(MEANING)


@pytest.mark.parametrize("reason", sorted(DUPLICATE_REASONS))
def test_duplicate_is_no_rejection(reason: str) -> None:
    assert move_of("RJCT", reason) is M.DOUBT
    assert move_of("RJCT", reason, {"RJCT": M.REJECT}) is M.DOUBT


@pytest.mark.parametrize("word", ["", "PART", "rjct", "XXXX", "RJCT "])
def test_an_unfamiliar_word_is_no_news(word: str) -> None:
    assert move_of(word, "") is None


def test_a_bank_may_mean_something_else() -> None:
    own: dict[str, AttemptMove | None] = {"ACSC": M.ACCEPT, "RCVD": None, "OKAY": M.RECEIVE}
    assert [move_of(word, "", own) for word in ("ACSC", "RCVD", "OKAY", "ACCC")] == [
        M.ACCEPT,
        None,
        M.RECEIVE,
        M.EXECUTE,
    ]
