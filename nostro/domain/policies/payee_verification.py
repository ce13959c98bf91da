"""Verification of Payee: what a payee's bank says to the name that a payment gives him.

The answer is about one version of an account and one name, and is believed for some days. Which
answers make payments wait is the customer's policy (EU 2024/886; payment lifecycle, section 6.9).
That there is no answer is told as it is, and never taken for a match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.name_question import WITHOUT_ANSWER, QuestionState
from nostro.domain.payment import Rail
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policy import Policy

DAYS_MAX = 366
CODE = "payee_not_verified"
_MARK = 16  # Letters of a name's digest: enough to tell two names apart.
# The rails whose banks must verify payees, and which are asked about by themselves.
ASKED_RAILS: Final = (Rail.SEPA_CREDIT_TRANSFER, Rail.SEPA_INSTANT)


class NameAnswer(StrEnum):
    """What the payee's bank says, by the codes of the European scheme."""

    MATCH = "RCVC"
    CLOSE_MATCH = "RVMC"  # Nearly; then the bank tells the name.
    NO_MATCH = "RVNM"
    NOT_POSSIBLE = "RVNA"


ANSWER_WORDS = {
    NameAnswer.MATCH: "match",
    NameAnswer.CLOSE_MATCH: "close_match",
    NameAnswer.NO_MATCH: "no_match",
    NameAnswer.NOT_POSSIBLE: "not_possible",
}


_TEXT_MAX = 105  # Characters of one text of a status report; a longer name goes on in the next.


def told_of(
    status: str, reason: str, reasons: Sequence[tuple[str, Sequence[str]]]
) -> tuple[NameAnswer, str] | None:
    """What a status of a payment says of its payee's name, and the name that it tells; None where
    it says nothing of it. Banks give the answer as the status or as a reason of it; the name of a
    close match is in the texts of that reason."""
    codes = [status, *(code for code, _ in reasons), reason]
    known = [NameAnswer(code) for code in codes if code in set(NameAnswer)]
    if not known:
        return None
    answer = known[0]
    if answer is not NameAnswer.CLOSE_MATCH:
        return answer, ""
    own = [texts for code, texts in reasons if code == answer]
    plain = [texts for code, texts in reasons if not code]
    texts = next(filter(None, own + plain), ())
    return answer, _joined(texts)


def _joined(texts: Sequence[str]) -> str:
    name = ""
    for text in texts:
        name += text if not name or len(name) % _TEXT_MAX == 0 else f" {text}"
    return name.strip()


class PayeeVerification(Policy, frozen=True, kw_only=True):
    """Which answers make payments wait for a person, and for how many days one is believed.

    `asks`: banks are asked by themselves. `holds_without`: ends of a question without an answer
    that make payments wait as well. `asks_again`: after these the same question is asked again, as
    often as `name_question.TRY_AGAIN_AFTER` says, before they count.
    """

    KIND: ClassVar[str] = "payee_verification"

    holds: tuple[NameAnswer, ...] = (NameAnswer.CLOSE_MATCH, NameAnswer.NO_MATCH)
    valid_days: int = 30
    asks: bool = True
    holds_without: tuple[QuestionState, ...] = WITHOUT_ANSWER
    asks_again: tuple[str, ...] = (QuestionState.TIMED_OUT.value,)


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: asked about this name, for the account of this id. `name_told` is the name that
    the bank knows, where it told one. One that was asked for a confidential payment counts for such
    only."""

    account_id: str
    name_asked: str
    answer: NameAnswer
    name_told: str
    asked_at: datetime
    confidential: bool = False


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """That nobody said whether the account of this id is in this name: how the question ended."""

    account_id: str
    name_asked: str
    state: QuestionState
    ended_at: datetime
    confidential: bool = False


Said = Verified | Unanswered


def believed(policy: PayeeVerification) -> timedelta:
    """For how long an answer counts."""
    return timedelta(days=policy.valid_days)


def name_key(name: str) -> str:
    """A name as it is compared: without case and spare spaces."""
    return " ".join(name.split()).casefold()


def same_name(one: str, other: str) -> bool:
    """Whether two names are written the same but for case and spaces."""
    return name_key(one) == name_key(other)


def counts_for(said: Said, *, confidential: bool) -> bool:
    """Whether what was said may be told of a payment: of a confidential one everything may."""
    return confidential or not said.confidential


def answer_for(
    found: Iterable[Verified], account_id: str, name: str, policy: PayeeVerification, now: datetime
) -> Verified | None:
    """The newest answer about this account and name that is still believed; None without one.

    A name that the bank itself told after a close match is a match from then on.
    """
    since = now - believed(policy)
    valid = [one for one in found if one.account_id == account_id and one.asked_at >= since]
    for one in sorted(valid, key=lambda one: one.asked_at, reverse=True):
        if same_name(one.name_asked, name):
            return one
        if one.name_told and same_name(one.name_told, name):
            return msgspec.structs.replace(one, answer=NameAnswer.MATCH, name_asked=name)
    return None


def finding(one: Said | None, policy: PayeeVerification) -> Finding | None:
    """Why a person must look at a payment, after what was said; None where it may go on."""
    if one is None:
        return None
    if isinstance(one, Unanswered):
        return _without(one) if one.state in policy.holds_without else None
    if one.answer not in policy.holds:
        return None
    return Finding(
        code=CODE,
        effect=Effect.HOLD,
        sentence=f"The payee's bank said on {_day(one.asked_at)} of the name {one.name_asked}:"
        f" {_said(one)} ({one.answer}).",
        refers_to=f"{one.account_id} {_mark(one)}",
    )


def _without(one: Unanswered) -> Finding:
    why = {
        QuestionState.TIMED_OUT: "nobody answered in time",
    }.get(one.state, "whoever was asked could not say it")
    return Finding(
        code=CODE,
        effect=Effect.HOLD,
        sentence=f"Whether the account is in the name {one.name_asked} is not known: {why}"
        f" ({_day(one.ended_at)}).",
        refers_to=f"{one.account_id} {_mark(one)}",
    )


def asks_again(policy: PayeeVerification, answer: NameAnswer) -> bool:
    return ANSWER_WORDS[answer] in policy.asks_again


# How bad each is. That a name cannot be verified says as much as not having asked.
_GRAVITY: Final = {
    NameAnswer.MATCH: 0,
    NameAnswer.NOT_POSSIBLE: 1,
    NameAnswer.CLOSE_MATCH: 2,
    NameAnswer.NO_MATCH: 3,
}
_NOTHING_KNOWN: Final = 1


def is_worse(now: Said, before: Verified | None) -> bool:
    """Whether this is worse than what was known before, nothing being known without an answer."""
    return _gravity(now) > (_gravity(before) if before else _NOTHING_KNOWN)


def worse_than_approved(one: Verified) -> str:
    return (
        f"The payee's bank said on {_day(one.asked_at)} of the name {one.name_asked}:"
        f" {_said(one)} ({one.answer}). Who approved it did not know that."
    )


def still_asks(one: Said, let_go: str) -> bool:
    """Whether nobody let a payment go in spite of this. `let_go` is what the holds refer to that
    people left: what is no worse is not asked again, but another name is that the payment has now,
    or that a bank tells."""
    past = _past(let_go, one.account_id, one.name_asked)
    return not any(grave > _gravity(one) or mark == _mark(one) for grave, mark in past)


def was_let_go(let_go: str, account_id: str, name: str) -> bool:
    """Whether people let a payment go to this account in this name, whatever was said of it."""
    return bool(_past(let_go, account_id, name))


def _past(let_go: str, account_id: str, name: str) -> list[tuple[int, str]]:
    """What was let go of this account and name: how bad each was, and its mark. A mark from before
    the name that was asked stood in it lets no name pass."""
    account, found = "", []
    for part in let_go.split():
        grave, *others = part.split("/")
        if not others:
            account = part  # It stands before what was let go of it.
        elif account == account_id and others[1:] == [_letters(name)]:
            found.append((int(grave), part))
    return found


def _gravity(one: Said) -> int:
    return _GRAVITY[one.answer] if isinstance(one, Verified) else _NOTHING_KNOWN


def _mark(one: Said) -> str:
    """What a person looks at: how bad it is, the name that the bank told, and the one that it was
    asked about, each in few letters."""
    told = _letters(one.name_told) if isinstance(one, Verified) else ""
    return f"{_gravity(one)}/{told}/{_letters(one.name_asked)}"


def _letters(name: str) -> str:
    key = name_key(name)
    return digest([key])[:_MARK] if key else ""


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _said(one: Verified) -> str:
    if one.answer is NameAnswer.CLOSE_MATCH and one.name_told:
        return f"nearly, the account is in the name of {one.name_told}"
    return {
        NameAnswer.MATCH: "it is his",
        NameAnswer.CLOSE_MATCH: "nearly, without telling the name",
        NameAnswer.NO_MATCH: "the account is in another name",
        NameAnswer.NOT_POSSIBLE: "it cannot be verified",
    }[one.answer]
