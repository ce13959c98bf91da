"""Who may agree to a payment, said again plainly, apart from the product. People are names.

A right is held for good or lent until a tick; what was lent counts while its lender still holds
just that himself. Nobody who made or changed a payment, answers for the key that did, had a hand in
the account it pays to, in the rules it waits under or in the limits in force has a say in it, nor
is his place filled by another; nor is the place of anybody who agrees himself. Each place is filled
once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

APPROVES, RELEASES = {"approver", "treasurer"}, {"approver", "treasurer", "releaser"}


@dataclass(frozen=True)
class Right:
    """`most` is a limit in cents, `entity` "" for everywhere, `until` a tick, `of` a lender."""

    role: str
    most: int | None = None
    entity: str = ""
    until: int | None = None
    of: str = ""


@dataclass(frozen=True)
class Paid:
    amount: int
    entity: str


@dataclass
class PaymentDuties:
    tick: int = 0
    rights: dict[str, list[Right]] = field(default_factory=dict)

    def places(self, who: str, roles: set[str], paid: Paid) -> set[str]:
        """In whose place somebody does what these roles may, for such a payment, now."""
        return {right.of or who for right in self.rights.get(who, ())
                if right.role in roles and self._stands(right)
                and (right.most is None or paid.amount <= right.most)
                and right.entity in ("", paid.entity)}  # fmt: skip

    def _stands(self, right: Right) -> bool:
        if right.until is not None and self.tick >= right.until:
            return False
        own = Right(right.role, right.most, right.entity)
        return not right.of or own in self.rights.get(right.of, ())

    def counting(self, agreed: set[str], authors: set[str], paid: Paid) -> int:
        """How many agreements count: the most places that these people fill, each its own."""
        able = {who for who in agreed - authors if self.places(who, APPROVES, paid)}
        taken = {who: authors | (able - {who}) for who in able}
        return _seated([self.places(who, APPROVES, paid) - taken[who] for who in able])

    def may_agree(self, who: str, agreed: set[str], authors: set[str], paid: Paid) -> bool:
        """A person who has not agreed yet, and with whom one more agreement counts."""
        more = self.counting(agreed | {who}, authors, paid) > self.counting(agreed, authors, paid)
        return who not in agreed and more

    def may_let_go(self, who: str, authors: set[str], paid: Paid) -> bool:
        return who not in authors and bool(self.places(who, RELEASES, paid))


def _seated(choices: list[set[str]], taken: frozenset[str] = frozenset()) -> int:
    """By trying every seat."""
    if not choices:
        return 0
    first, rest = choices[0], choices[1:]
    seats = [1 + _seated(rest, taken | {place}) for place in first - taken]
    return max([_seated(rest, taken), *seats])
