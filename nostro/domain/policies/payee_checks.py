"""What a customer wants looked at besides: first payments, shared accounts, unusual amounts, and
payments that nobody is to make without a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.local_account import ending
from nostro.domain.money import Money
from nostro.domain.party import PayeeAccount
from nostro.domain.policies.approval_steps import Matter, Where
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policies.limits import spelled
from nostro.domain.policy import Policy

FIRST: Final = "account_never_paid"
SHARED: Final = "account_shared"
UNUSUAL: Final = "amount_unusual"
BLOCKED: Final = "blocked_by_rule"
NAMED_MAX = 3  # Other payees of an account that are named.
_TENTH = 10  # The spread counts as a tenth of the middle at least: a rent has none of its own.
_MARK = 16


class FirstPayment(StrEnum):
    """To which accounts a first payment waits."""

    NO = "no"
    UNCONFIRMED = "unconfirmed"  # Those that nobody has confirmed with the payee.
    ALL = "all"


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Payments that wait for a person (`hold`) or are not taken (`invalid`), and as what."""

    name: str
    where: Where
    effect: Effect = Effect.HOLD

    def mark(self) -> str:
        return digest(self)[:_MARK]


class PayeeChecks(Policy, frozen=True, kw_only=True):
    """`usual_times`: above so many spreads over the middle of the payee's last `usual_last` settled
    payments an amount is unusual, once there are `usual_least` of them; 0: none is."""

    KIND: ClassVar[str] = "payee_checks"

    changed_days: int = 30
    first_payment: FirstPayment = FirstPayment.NO
    shared_account: bool = False
    usual_times: int = 0
    usual_last: int = 24
    usual_least: int = 5
    blocks: tuple[Block, ...] = ()

    @property
    def recent_change(self) -> timedelta:
        return timedelta(days=self.changed_days)

    @property
    def ask_history(self) -> bool:
        return (
            self.first_payment is not FirstPayment.NO or self.shared_account or self.usual_times > 0
        )


class PayeeHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of payees and accounts, each as payments that are not confidential show it and
    as all do (False, True): an open payment tells nothing of the others."""

    paid_accounts: frozenset[tuple[str, bool]] = frozenset()
    payees_of: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    amounts: Mapping[tuple[str, str, bool], tuple[int, ...]] = msgspec.field(default_factory=dict)


class Paying(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as these checks look at it; `account` is the payee's, "" for a cheque."""

    matter: Matter
    account: str
    known: PayeeAccount | None
    confidential: bool = False


def findings(paying: Paying, rules: PayeeChecks, history: PayeeHistory) -> tuple[Finding, ...]:
    """Everything that a person has to look at."""
    return (
        *blocked(paying.matter, rules),
        *_first(paying, rules, history),
        *_shared(paying, rules, history),
        *_unusual(paying, rules, history),
    )


def blocked(matter: Matter, rules: PayeeChecks) -> tuple[Finding, ...]:
    """All rules that it falls under as one reason."""
    holding = [one for one in rules.blocks if one.where.holds(matter)]
    if not holding:
        return ()
    refused = any(one.effect is Effect.INVALID for one in holding)
    named = ", ".join(one.name for one in holding)
    return (
        Finding(
            code=BLOCKED,
            effect=Effect.INVALID if refused else Effect.HOLD,
            sentence=f"Payments like this are {'not made' if refused else 'held'} here: {named}.",
            refers_to=" ".join(one.mark() for one in holding),
        ),
    )


def _first(paying: Paying, rules: PayeeChecks, history: PayeeHistory) -> Iterator[Finding]:
    known = paying.known
    confirmed = known is not None and known.confirmed and known.number == paying.account
    wanted = rules.first_payment is FirstPayment.ALL or (
        rules.first_payment is FirstPayment.UNCONFIRMED and not confirmed
    )
    place = (paying.account, paying.confidential)
    if wanted and paying.account and place not in history.paid_accounts:
        told = "It was confirmed with the payee." if confirmed else "Nobody has confirmed it."
        account = f"The account ending {ending(paying.account)}"
        yield _hold(FIRST, f"{account} was never paid before. {told}")


def _shared(paying: Paying, rules: PayeeChecks, history: PayeeHistory) -> Iterator[Finding]:
    others = [
        number
        for number in history.payees_of.get(paying.account, ())
        if number != paying.matter.payee_number
    ]
    if rules.shared_account and others:
        named = ", ".join(others[:NAMED_MAX])
        more = f" and {len(others) - NAMED_MAX} more" if len(others) > NAMED_MAX else ""
        yield _hold(SHARED, f"The account is also that of payee {named}{more}.")


def _unusual(paying: Paying, rules: PayeeChecks, history: PayeeHistory) -> Iterator[Finding]:
    amount, payee = paying.matter.amount, paying.matter.payee_number
    before = history.amounts.get((payee, amount.currency, paying.confidential), ())
    before = before[: rules.usual_last]
    if not rules.usual_times or len(before) < rules.usual_least:
        return
    usual, most = usual_of(before, rules.usual_times)
    if amount.minor > most:
        middle = spelled(Money(usual, amount.currency))
        up_to = spelled(Money(most, amount.currency))
        yield _hold(
            UNUSUAL,
            f"{spelled(amount)} is far above what payee {payee} gets: the middle of the last"
            f" {len(before)} payments is {middle}, up to {up_to} counts as usual.",
        )


def usual_of(amounts: Sequence[int], times: int) -> tuple[int, int]:
    """The middle of some amounts, and up to where another one is usual: so many times their
    spread (the middle of their distances from it, a tenth of it at least) above."""
    middle = _middle(amounts)
    spread = _middle([abs(amount - middle) for amount in amounts])
    return middle, middle + times * max(spread, middle // _TENTH, 1)


def _middle(amounts: Sequence[int]) -> int:
    return sorted(amounts)[(len(amounts) - 1) // 2]


def _hold(code: str, sentence: str) -> Finding:
    return Finding(code=code, effect=Effect.HOLD, sentence=sentence)
