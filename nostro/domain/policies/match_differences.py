"""What people may leave over when a line and what it pays differ: reasons, accounts, and limits.

A customer names his reasons (code, kind, ledger account) and how much each role may leave over by
one of them in one decision. Above the limit it is refused: somebody with a higher limit decides.
Without any reason nothing is written off. A discount within its terms needs one too, for it says
where discounts are booked, but no limit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import ClassVar, Final

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.domain.match import Adjustment, AdjustmentKind
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.domain.policy import Policy

# What is kept for a customer has no reason and no limit: nothing is given away by it.
WITHOUT_REASON: Final = frozenset({AdjustmentKind.ON_ACCOUNT})
# A difference of exchange needs the rate of the day; no person types it.
BY_HAND: Final = frozenset(AdjustmentKind) - {AdjustmentKind.FX_DIFFERENCE}
WITH_REASON: Final = BY_HAND - WITHOUT_REASON
_DID: Final = "Nothing was changed."


class RoleLimit(msgspec.Struct, frozen=True, kw_only=True):
    """How much a role may leave over by one reason in one decision, in one currency."""

    role: Role
    up_to: Money


class DifferenceReason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason: its code, what kind of difference, what it is called, where it is booked."""

    code: str
    kind: AdjustmentKind
    title: str
    ledger_account: str
    limits: tuple[RoleLimit, ...] = ()

    def most(self, roles: Collection[Role], currency: str) -> Money:
        """The highest limit of these roles; nothing where none is said for the currency."""
        said = (
            limit.up_to.minor
            for limit in self.limits
            if limit.role in roles and limit.up_to.currency == currency
        )
        return Money(max(said, default=0), currency)


class DifferenceReasons(Policy, frozen=True, kw_only=True):
    """Every reason of a customer."""

    KIND: ClassVar[str] = "match_differences"
    reasons: tuple[DifferenceReason, ...] = ()

    def counts_by_itself(self, one: Adjustment) -> bool:
        """Whether a difference may be booked without a person: nothing beyond agreed terms is given
        away by it, and it is said where it goes. Everything else is limited by roles."""
        if one.kind in WITHOUT_REASON:
            return True
        named = sum(reason.kind is one.kind for reason in self.reasons)
        return one.kind is AdjustmentKind.DISCOUNT and named == 1

    def coded(self, differences: Iterable[Adjustment]) -> tuple[Adjustment, ...]:
        """The same differences, each that needs a reason with its code; raises Invalid where nobody
        says which of several it is."""
        return tuple(
            msgspec.structs.replace(one, code=self.named(one.code, one.kind).code)
            if one.kind in WITH_REASON
            else one
            for one in differences
        )

    def named(self, code: str, kind: AdjustmentKind) -> DifferenceReason:
        """The reason of this code; without a code the only one of its kind. Raises Invalid."""
        fits = [one for one in self.reasons if one.kind is kind and code in ("", one.code)]
        if len(fits) == 1:
            return fits[0]
        words = kind.value.replace("_", " ")
        told = ", ".join(one.code for one in self.reasons if one.kind is kind)
        raise Invalid(
            "difference_reason_unknown",
            f"{code[:40]!r} is no reason for a {words} here."
            if code
            else f"A {words} needs a reason.",
            _DID,
            f"Use one of: {told}."
            if told
            else "Two people say which there are: match_differences.",
            field="code",
        )


def check_limits(
    reasons: DifferenceReasons,
    left_over: Iterable[tuple[str, AdjustmentKind, Money]],
    roles: Collection[Role],
    who: str,
) -> None:
    """Raise Refused where one decision leaves over more by a reason than these roles may, however
    many pieces it comes in: (code, kind, how much) each, above zero."""
    sums: dict[tuple[str, AdjustmentKind, str], int] = {}
    for code, kind, amount in left_over:
        key = code, kind, amount.currency
        sums[key] = sums.get(key, 0) + abs(amount.minor)
    for (code, kind, currency), minor in sums.items():
        most = reasons.named(code, kind).most(roles, currency)
        if minor > most.minor:
            raise Refused(
                "difference_above_limit",
                f"{who} may leave over {most} by {code}, and this is {Money(minor, currency)}.",
                _DID,
                "Ask somebody whose role may leave over as much, or put the rest on account.",
            )
