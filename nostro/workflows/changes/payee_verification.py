"""Which answers of a payee's bank make payments wait, and for how long one is believed."""

from __future__ import annotations

from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.policies.payee_verification import (
    ANSWER_WORDS,
    DAYS_MAX,
    NameAnswer,
    PayeeVerification,
)
from nostro.workflows.policy_changes import WantedPolicy, policy_kind


class WantedVerification(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`answers` that hold a payment: close_match, no_match, not_possible; none: none does."""

    answers: tuple[str, ...] = ("close_match", "no_match")
    valid_days: int = 30


_NAMED = {word: answer for answer, word in ANSWER_WORDS.items()}


def _read(wanted: WantedVerification) -> PayeeVerification:
    unknown = [one for one in wanted.answers if one not in _NAMED or one == "match"]
    if unknown or not 1 <= wanted.valid_days <= DAYS_MAX:
        raise Invalid(
            "verification_unfit",
            f"{unknown[0][:40]!r} is no answer that holds a payment."
            if unknown
            else f"An answer cannot be believed for {wanted.valid_days} days.",
            "Nothing was asked for.",
            f"Name close_match, no_match or not_possible, and 1 to {DAYS_MAX} days.",
            field="answers" if unknown else "valid_days",
        )
    holds = tuple(answer for answer in NameAnswer if ANSWER_WORDS[answer] in wanted.answers)
    return PayeeVerification(holds=holds, valid_days=wanted.valid_days)


def _tell(policy: PayeeVerification) -> dict[str, Any]:
    answers = [ANSWER_WORDS[answer] for answer in policy.holds]
    return {"answers_that_hold": answers, "days_believed": policy.valid_days}


def _write(policy: PayeeVerification) -> WantedVerification:
    answers = tuple(ANSWER_WORDS[answer] for answer in policy.holds)
    return WantedVerification(answers=answers, valid_days=policy.valid_days)


KIND = policy_kind(
    PayeeVerification,
    name="payee_verification",
    title="What banks say of payees' names",
    wanted=WantedVerification,
    read=_read,
    tell=_tell,
    write=_write,
)
