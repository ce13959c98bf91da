"""Verification of Payee: what a payee's bank says to the name that a payment gives him.

The answer is about one version of an account and one name, and is believed for some days. Which
answers make payments wait is the customer's policy (EU 2024/886; payment lifecycle, section 6.9).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

import msgspec

from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policy import Policy

DAYS_MAX = 366
CODE = "payee_not_verified"


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
    """Which answers make payments wait for a person, and for how many days one is believed."""

    KIND: ClassVar[str] = "payee_verification"

    holds: tuple[NameAnswer, ...] = (NameAnswer.CLOSE_MATCH, NameAnswer.NO_MATCH)
    valid_days: int = 30


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: asked about this name, for the account of this id. `name_told` is the name that
    the bank knows, where it told one."""

    account_id: str
    name_asked: str
    answer: NameAnswer
    name_told: str
    asked_at: datetime


def believed(policy: PayeeVerification) -> timedelta:
    """For how long an answer counts."""
    return timedelta(days=policy.valid_days)


def same_name(one: str, other: str) -> bool:
    """Whether two names are written the same but for case and spaces."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


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


def finding(one: Verified | None, policy: PayeeVerification) -> Finding | None:
    """Why a person must look at a payment, after this answer; None where it may go on."""
    if one is None or one.answer not in policy.holds:
        return None
    day = f"{one.asked_at.day} {one.asked_at:%b %Y}"
    return Finding(
        code=CODE,
        effect=Effect.HOLD,
        sentence=f"The payee's bank said on {day} of the name {one.name_asked}:"
        f" {_said(one)} ({one.answer}).",
        refers_to=one.account_id,
    )


def _said(one: Verified) -> str:
    if one.answer is NameAnswer.CLOSE_MATCH and one.name_told:
        return f"nearly, the account is in the name of {one.name_told}"
    return {
        NameAnswer.MATCH: "it is his",
        NameAnswer.CLOSE_MATCH: "nearly, without telling the name",
        NameAnswer.NO_MATCH: "the account is in another name",
        NameAnswer.NOT_POSSIBLE: "it cannot be verified",
    }[one.answer]
