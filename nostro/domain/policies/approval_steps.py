"""Whose agreement a payment needs, one step after the other: rules as data, and how far they are.

Stages follow one another; the steps of one stage stand side by side. One person fills one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.party import Action, Member, Role
from nostro.domain.payment import Rail


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """So many different people of these roles, or of these people; of anybody who may approve
    where neither is said. `people` are person ids."""

    needed: int = 1
    roles: tuple[Role, ...] = ()
    people: tuple[str, ...] = ()


ANY_RULE = -1  # No rule of its own: so many people who may approve.

Stages = tuple[tuple[Step, ...], ...]


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What decides under which rule a payment falls."""

    amount: Money
    entity_id: str
    account_id: str
    payee_number: str
    rail: Rail
    source: str


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments a rule is for; what is empty does not narrow it.

    `above` counts in its own currency only: an amount is never converted.
    """

    above: Money | None = None
    currencies: tuple[str, ...] = ()
    entity_ids: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    payee_numbers: tuple[str, ...] = ()
    rails: tuple[Rail, ...] = ()
    sources: tuple[str, ...] = ()

    def holds(self, matter: Matter) -> bool:
        return _above(self.above, matter.amount) and all(
            not wanted or found in wanted
            for wanted, found in (
                (self.currencies, matter.amount.currency),
                (self.entity_ids, matter.entity_id),
                (self.account_ids, matter.account_id),
                (self.payee_numbers, matter.payee_number),
                (self.rails, matter.rail),
                (self.sources, matter.source),
            )
        )


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """For payments like this, these people."""

    name: str
    where: Where
    stages: Stages


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One person's agreement, and in which stage it was given."""

    person_id: str
    stage: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a payment is: the stage that it waits in, and which of its steps are open there.

    When nothing is missing, `stage` is the number of stages and `open` is empty.
    """

    stage: int
    open: tuple[int, ...]
    missing: int

    @property
    def complete(self) -> bool:
        return not self.missing


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Whose agreement a payment waits for, as it stands with the payment: under which rule of its
    version, and how far it is. Written "rule:stage:open steps:missing", like "0:1:0,2:3"."""

    rule: int
    progress: Progress

    def __str__(self) -> str:
        told = self.progress
        return f"{self.rule}:{told.stage}:{','.join(map(str, told.open))}:{told.missing}"

    @classmethod
    def read(cls, text: str) -> Waits | None:
        """What `str` wrote; None for "", a payment from before that was kept."""
        if not text:
            return None
        rule, stage, still_open, missing = text.split(":")
        opened = tuple(int(at) for at in still_open.split(",") if at)
        return cls(
            rule=int(rule), progress=Progress(stage=int(stage), open=opened, missing=int(missing))
        )


def places(stages: Stages) -> int:
    """How many people agree in all."""
    return sum(step.needed for stage in stages for step in stage)


def progress(
    stages: Stages,
    given: Sequence[Given],
    able: Mapping[str, Member],
    about: Touched | None = None,
) -> Progress:
    """How far these agreements bring a payment; those of people not in `able` do not count."""
    left = places(stages)
    for number, steps in enumerate(stages):
        people = [able[one.person_id] for one in given
                  if one.stage == number and one.person_id in able]  # fmt: skip
        fitting = [tuple(fits(member, steps, about)) for member in people]
        taken = filled(steps, fitting)
        left -= taken
        if taken < sum(step.needed for step in steps):
            more = (filled(steps, [*fitting, (at,)]) for at in range(len(steps)))
            still_open = tuple(at for at, most in enumerate(more) if most > taken)
            return Progress(stage=number, open=still_open, missing=left)
    return Progress(stage=len(stages), open=(), missing=0)


def fits(member: Member, steps: Iterable[Step], about: Touched | None = None) -> Iterator[int]:
    """The steps of a stage that this member's agreement could fill, by a grant that reaches it."""
    reaching = [one for one in member.held if duties.covers(one, Action.APPROVE_PAYMENTS, about)]
    for at, step in enumerate(steps):
        if any(
            (not step.roles or grant.role in step.roles)
            and (not step.people or (grant.on_behalf_of or member.id) in step.people)
            for grant in reaching
        ):
            yield at


def helps(member: Member, stages: Stages, now: Progress, about: Touched | None = None) -> bool:
    """Whether this member's agreement is one that the payment waits for now."""
    if now.complete:
        return False
    return any(at in now.open for at in fits(member, stages[now.stage], about))


def untouched(stages: Stages) -> Progress:
    """How far a payment is to which nobody has agreed yet."""
    return progress(stages, (), {})


def check(member: Member, stages: Stages, now: Progress, about: Touched | None = None) -> None:
    """Raise Refused unless this member's agreement is one that the payment waits for. Where rights
    that came back have completed it without a new one, anybody's of the last stage sends it on."""
    if helps(member, stages, now, about):
        return
    if now.complete and next(fits(member, stages[-1], about), None) is not None:
        return
    coming = (fits(member, steps, about) for steps in stages[now.stage + 1 :])
    later = any(next(found, None) is not None for found in coming)
    raise Refused(
        "not_your_turn",
        f"The payment waits for others before {member.name}."
        if later
        else f"The payment waits for others than {member.name}.",
        "Nothing was approved.",
        "Approve it when they have." if later else "The rules of approving say who they are.",
    )


def filled(steps: Sequence[Step], fitting: Sequence[tuple[int, ...]]) -> int:
    """How many places these people fill at most, each one place: a matching that is largest.

    `fitting` are the steps that each of them fits (Kuhn's algorithm on augmenting paths).
    """
    holders: list[list[int]] = [[] for _ in steps]

    def seat(person: int, tried: set[int]) -> bool:
        for at in fitting[person]:
            if at in tried:
                continue
            tried.add(at)
            if len(holders[at]) < steps[at].needed:
                holders[at].append(person)
                return True
            for place, other in enumerate(holders[at]):
                if seat(other, tried):
                    holders[at][place] = person
                    return True
        return False

    return sum(seat(person, set()) for person in range(len(fitting)))


def _above(limit: Money | None, amount: Money) -> bool:
    if limit is None:
        return True
    return amount.currency == limit.currency and amount.minor > limit.minor
