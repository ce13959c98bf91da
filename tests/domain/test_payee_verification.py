"""What is said of a payee's name: what holds, what a person let go, what is worse than before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.name_question import QUESTION, WITHOUT_ANSWER, QuestionMove, QuestionState
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import (
    NameAnswer,
    PayeeVerification,
    Said,
    Unanswered,
    Verified,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACCOUNTS = ("00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002")
NAMES = ("Acme B.V.", "ACME  b.v.", "Zeisig GmbH", "Straße 1 / 9 AG")
_days = st.integers(0, 60).map(lambda days: NOW - timedelta(days=days))
verified = st.builds(
    Verified,
    account_id=st.sampled_from(ACCOUNTS),
    name_asked=st.sampled_from(NAMES),
    answer=st.sampled_from(NameAnswer),
    name_told=st.sampled_from(("", *NAMES)),
    asked_at=_days,
    confidential=st.booleans(),
)
unanswered = st.builds(
    Unanswered,
    account_id=st.sampled_from(ACCOUNTS),
    name_asked=st.sampled_from(NAMES),
    state=st.sampled_from(WITHOUT_ANSWER),
    ended_at=_days,
)
said = st.one_of(verified, unanswered)
EVERYTHING = PayeeVerification(holds=tuple(NameAnswer))
BADNESS = {"RCVC": 0, "RVNA": 1, "RVMC": 2, "RVNM": 3}


def badness(one: Said) -> int:
    """How bad the scheme's answers are, written anew; no answer says as much as "not possible"."""
    return BADNESS[one.answer.value] if isinstance(one, Verified) else 1


def left_hold(one: Said) -> str:
    """What a hold for this refers to, which a person left."""
    found = policy.finding(one, EVERYTHING)
    assert found is not None
    return found.refers_to


@given(st.lists(said, max_size=4), said)
def test_only_what_is_no_worse_was_let_go(past: list[Said], now: Said) -> None:
    let_go = " ".join(left_hold(one) for one in past)
    same = [
        one
        for one in past
        if one.account_id == now.account_id and policy.same_name(one.name_asked, now.name_asked)
    ]
    worse = [one for one in same if badness(one) > badness(now)]
    alike = [
        one
        for one in same
        if badness(one) == badness(now)
        and policy.same_name(getattr(one, "name_told", ""), getattr(now, "name_told", ""))
    ]
    assert policy.still_asks(now, let_go) == (not worse and not alike)
    assert policy.was_let_go(let_go, now.account_id, now.name_asked) == bool(same)


@given(verified)
def test_a_mark_without_the_name_that_was_asked_lets_no_name_pass(now: Verified) -> None:
    """As holds from before that referred to it."""
    told = left_hold(now).rpartition("/")[0]
    assert policy.still_asks(now, told)
    assert not policy.was_let_go(told, now.account_id, now.name_asked)


@given(said, st.none() | verified)
def test_worse_is_worse_than_what_was_known(now: Said, before: Verified | None) -> None:
    assert policy.is_worse(now, before) == (badness(now) > (badness(before) if before else 1))


@given(unanswered, st.sets(st.sampled_from(WITHOUT_ANSWER)))
def test_no_answer_is_told_as_that_whatever_the_policy(
    one: Unanswered, holding: set[QuestionState]
) -> None:
    rules = PayeeVerification(holds=(), holds_without=tuple(sorted(holding)))
    found = policy.finding(one, rules)
    assert (found is not None) == (one.state in holding)
    if found:
        assert "is not known" in found.sentence
        assert not any(code in found.sentence for code in BADNESS)


@given(st.lists(verified, max_size=6), st.sampled_from(ACCOUNTS), st.sampled_from(NAMES))
def test_a_match_is_only_what_a_bank_said_of_this_account_and_name_in_time(
    found: list[Verified], account: str, name: str
) -> None:
    rules = PayeeVerification(valid_days=30)
    one = policy.answer_for(found, account, name, rules, NOW)
    about = [
        each
        for each in found
        if each.account_id == account
        and each.asked_at >= NOW - timedelta(days=30)
        and name.split()[0].casefold() in (each.name_asked + each.name_told).casefold()
    ]
    assert one is None or one.asked_at == max(each.asked_at for each in about)
    if one and one.answer is NameAnswer.MATCH:
        assert any(
            each.answer is NameAnswer.MATCH or policy.same_name(each.name_told, name)
            for each in about
        )


def test_a_question_without_an_answer_is_never_answered_by_itself() -> None:
    for state in WITHOUT_ANSWER:
        assert set(QUESTION.moves[state]) == {QuestionMove.ANSWER, QuestionMove.ASK_ANEW}
    assert QUESTION.after(QuestionState.WAITING, QuestionMove.RUN_OUT) in WITHOUT_ANSWER
    assert QUESTION.after(QuestionState.WAITING, QuestionMove.GIVE_UP) in WITHOUT_ANSWER
