"""Which answers of a payee's bank make payments wait, and for how long one is believed."""

from __future__ import annotations

from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.name_question import WITHOUT_ANSWER
from nostro.domain.policies.payee_verification import (
    ANSWER_WORDS,
    DAYS_MAX,
    NameAnswer,
    PayeeVerification,
)
from nostro.workflows.policy_changes import WantedPolicy, policy_kind


class WantedVerification(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`answers` that hold a payment: close_match, no_match, not_possible, and unknown and timed_out
    where nobody answered; none: none does. `ask_again`: after not_possible, unknown or timed_out
    banks are asked again before it counts. `ask`: they are asked by themselves, not only when a
    person asks."""

    answers: tuple[str, ...] = ("close_match", "no_match", "unknown", "timed_out")
    valid_days: int = 30
    ask: bool = True
    ask_again: tuple[str, ...] = ("timed_out",)


_NAMED = {word: answer for answer, word in ANSWER_WORDS.items()}
_WITHOUT = tuple(state.value for state in WITHOUT_ANSWER)
_HOLDING = ("close_match", "no_match", "not_possible", *_WITHOUT)
_AGAIN = ("not_possible", *_WITHOUT)


def _read(wanted: WantedVerification) -> PayeeVerification:
    for field, words, there_are in (
        ("answers", wanted.answers, _HOLDING),
        ("ask_again", wanted.ask_again, _AGAIN),
    ):
        if unknown := [one for one in words if one not in there_are]:
            raise _unfit(
                f"{unknown[0][:40]!r} is no answer that {_DOES[field]}.",
                f"Name some of these: {', '.join(there_are)}.",
                field,
            )
    if not 1 <= wanted.valid_days <= DAYS_MAX:
        said = f"An answer cannot be believed for {wanted.valid_days} days."
        raise _unfit(said, f"Say 1 to {DAYS_MAX} days.", "valid_days")
    return PayeeVerification(
        holds=tuple(answer for answer in NameAnswer if ANSWER_WORDS[answer] in wanted.answers),
        valid_days=wanted.valid_days,
        asks=wanted.ask,
        holds_without=tuple(state for state in WITHOUT_ANSWER if state.value in wanted.answers),
        asks_again=tuple(word for word in _AGAIN if word in wanted.ask_again),
    )


_DOES = {"answers": "holds a payment", "ask_again": "is asked for again"}


def _unfit(happened: str, can_do: str, field: str) -> Invalid:
    return Invalid("verification_unfit", happened, "Nothing was asked for.", can_do, field=field)


def _tell(policy: PayeeVerification) -> dict[str, Any]:
    return {
        "answers_that_hold": _holding(policy),
        "days_believed": policy.valid_days,
        "asked_by_itself": policy.asks,
        "asked_again_after": list(policy.asks_again),
    }


def _holding(policy: PayeeVerification) -> list[str]:
    said = [ANSWER_WORDS[answer] for answer in policy.holds]
    return [*said, *(state.value for state in policy.holds_without)]


def _write(policy: PayeeVerification) -> WantedVerification:
    return WantedVerification(
        answers=tuple(_holding(policy)),
        valid_days=policy.valid_days,
        ask=policy.asks,
        ask_again=policy.asks_again,
    )


KIND = policy_kind(
    PayeeVerification,
    name="payee_verification",
    title="What banks say of payees' names",
    wanted=WantedVerification,
    read=_read,
    tell=_tell,
    write=_write,
)
