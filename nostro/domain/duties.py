"""Who may do what: what each role may do, how far a grant reaches, and which duties do not mix.

The tables here are data: the policies, the console's matrix, the report of conflicts and the
documentation read the same ones. Least privilege: a role has what its work needs and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product
from types import MappingProxyType
from typing import Final

import msgspec

from nostro.domain.money import Money
from nostro.domain.party import Action, Grant, Member, Role

_A = Action
_APPROVES: Final = frozenset(
    {
        *(_A.READ, _A.HOLD_PAYMENTS, _A.TAKE_BACK_PAYMENTS, _A.APPROVE_PAYMENTS),
        *(_A.RELEASE_PAYMENTS, _A.STOP_PAYMENTS, _A.STATE_EVIDENCE, _A.DECIDE_PAYEES),
        *(_A.WORK_ON_CASES, _A.END_DOUBTS, _A.BREAK_GLASS),
    }
)
ACTIONS_OF: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.MAKER: frozenset(
            {
                *(_A.READ, _A.MAKE_PAYMENTS, _A.HOLD_PAYMENTS, _A.TAKE_BACK_PAYMENTS),
                *(_A.PROPOSE_PAYEES, _A.WORK_ON_CASES),
            }
        ),
        Role.APPROVER: _APPROVES,
        Role.RELEASER: frozenset(
            {
                *(_A.READ, _A.HOLD_PAYMENTS, _A.RELEASE_PAYMENTS, _A.STOP_PAYMENTS),
                *(_A.WORK_ON_CASES, _A.BREAK_GLASS),
            }
        ),
        Role.TREASURER: _APPROVES
        | {
            *(_A.MAKE_PAYMENTS, _A.READ_LOG, _A.TAKE_EVIDENCE, _A.MATCH_LINES),
        },
        Role.RECONCILER: frozenset({_A.READ, _A.WORK_ON_CASES, _A.MATCH_LINES}),
        Role.INTEGRATOR: frozenset({_A.READ, _A.WORK_ON_CASES, _A.INTEGRATE}),
        Role.AUDITOR: frozenset({_A.READ, _A.READ_LOG, _A.TAKE_EVIDENCE}),
        Role.ADMINISTRATOR: frozenset(
            {_A.READ, _A.READ_LOG, _A.PROPOSE_ACCESS, _A.DECIDE_ACCESS, _A.BREAK_GLASS}
        ),
        Role.PARTNER_ADMINISTRATOR: frozenset({_A.READ, _A.PROPOSE_ACCESS}),
    }
)
# Nothing leaves because of these, so a limit of amount does not hold somebody back from them.
SAFE: Final = frozenset({_A.HOLD_PAYMENTS, _A.STOP_PAYMENTS})
ACTION_WORDS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        _A.READ: "Look at everything",
        _A.READ_LOG: "Read the log: who did what, and from where",
        _A.MAKE_PAYMENTS: "Make payments",
        _A.HOLD_PAYMENTS: "Hold payments",
        _A.TAKE_BACK_PAYMENTS: "Cancel and recall payments",
        _A.APPROVE_PAYMENTS: "Approve payments",
        _A.RELEASE_PAYMENTS: "Release what is held or stopped",
        _A.STOP_PAYMENTS: "Stop payments",
        _A.STATE_EVIDENCE: "State what a bank said",
        _A.PROPOSE_PAYEES: "Propose payees' accounts",
        _A.DECIDE_PAYEES: "Decide on payees' accounts",
        _A.WORK_ON_CASES: "Work on cases",
        _A.END_DOUBTS: "Close cases that let money move again",
        _A.INTEGRATE: "Propose connections and webhooks",
        _A.PROPOSE_ACCESS: "Propose people, roles and keys",
        _A.DECIDE_ACCESS: "Decide on people, roles, keys and rules",
        _A.BREAK_GLASS: "Break the glass, with another person",
        _A.TAKE_EVIDENCE: "Take evidence packs",
        _A.MATCH_LINES: "Decide what bank lines pay",
    }
)


class Clash(msgspec.Struct, frozen=True):
    """Two duties that one person should not have together, why, and what holds all the same."""

    one: Action
    other: Action
    why: str
    held_by: str


_NEVER_OWN = "Nobody approves a payment that he made; two other people do."
_OTHERS_DECIDE = "Nobody decides on what he asked for."
CLASHES: Final[tuple[Clash, ...]] = (
    Clash(_A.MAKE_PAYMENTS, _A.APPROVE_PAYMENTS, "makes and approves payments", _NEVER_OWN),
    Clash(_A.MAKE_PAYMENTS, _A.RELEASE_PAYMENTS, "makes payments and releases holds",
          "Nobody releases a hold of a payment that he made."),
    Clash(_A.MAKE_PAYMENTS, _A.DECIDE_PAYEES, "makes payments and decides where payees are paid",
          "Who changed a payee's account does not approve payments to it."),
    Clash(_A.PROPOSE_PAYEES, _A.APPROVE_PAYMENTS,
          "proposes payees' accounts and approves payments to them",
          "Who changed a payee's account does not approve payments to it."),
    Clash(_A.PROPOSE_PAYEES, _A.DECIDE_PAYEES, "proposes payees' accounts and decides on them",
          _OTHERS_DECIDE),
    Clash(_A.MAKE_PAYMENTS, _A.DECIDE_ACCESS, "makes payments and decides who may approve them",
          _OTHERS_DECIDE),
    Clash(_A.APPROVE_PAYMENTS, _A.DECIDE_ACCESS,
          "approves payments and decides who else may", _OTHERS_DECIDE),
    Clash(_A.APPROVE_PAYMENTS, _A.PROPOSE_ACCESS,
          "approves payments and proposes who else may", _OTHERS_DECIDE),
    Clash(_A.INTEGRATE, _A.APPROVE_PAYMENTS,
          "sets the ways to banks up and approves what leaves by them",
          "A connection is changed by two people."),
    Clash(_A.INTEGRATE, _A.DECIDE_ACCESS, "proposes connections and decides on them",
          _OTHERS_DECIDE),
)  # fmt: skip


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """What an action is about, where that matters: "" and None are not known (yet)."""

    entity_id: str = ""
    account_id: str = ""
    amount: Money | None = None
    confidential: bool = False


def may(member: Member, action: Action, about: Touched | None = None) -> bool:
    """Whether one of the member's grants lets him do this; without `about`, anywhere at all."""
    return any(covers(grant, action, about) for grant in member.held)


def covers(grant: Grant, action: Action, about: Touched | None = None) -> bool:
    """Whether a grant reaches that far. An amount in another currency than its own it does not
    cover: a limit is never converted. What is safe is not limited by amounts."""
    if action not in allowed_by(grant):
        return False
    if about is None:
        return True
    return (
        (action in SAFE or _within(grant.up_to, about.amount))
        and grant.entity_id in ("", about.entity_id)
        and grant.account_id in ("", about.account_id)
    )


def _within(limit: Money | None, amount: Money | None) -> bool:
    if limit is None:
        return True
    if amount is None or amount.currency != limit.currency:
        return False
    return amount.minor <= limit.minor


def allowed_by(grant: Grant) -> frozenset[Action]:
    """The actions of a grant, wherever it reaches."""
    every = ACTIONS_OF[grant.role]
    return every & grant.actions if grant.actions else every


def acts_for(member: Member, action: Action, about: Touched | None = None) -> frozenset[str]:
    """In whose place he does it: his own, or those whose grants he was lent. Ids of people."""
    covering = [grant for grant in member.held if covers(grant, action, about)]
    return frozenset(grant.on_behalf_of or member.id for grant in covering)


def in_force(grants: Iterable[Grant], now: datetime | None) -> tuple[Grant, ...]:
    """The grants that count now. Where nobody says when, only those that are held for good."""
    return tuple(
        grant for grant in grants if grant.until is None or (now is not None and now < grant.until)
    )


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A person who has two duties that do not mix, in the same place, and by which roles."""

    person_id: str
    person: str
    clash: Clash
    roles: tuple[Role, ...]


def conflicts(members: Iterable[Member]) -> list[Conflict]:
    """Every conflict of duties that is there now, person by person; each clash once a person."""
    return [found for member in members for found in _conflicts_of(member)]


def _conflicts_of(member: Member) -> Iterator[Conflict]:
    for clash in CLASHES:
        for one, other in product(member.held, repeat=2):
            if (
                clash.one in allowed_by(one)
                and clash.other in allowed_by(other)
                and _meet(one, other)
            ):
                yield Conflict(
                    person_id=member.id,
                    person=member.name,
                    clash=clash,
                    roles=tuple(sorted({one.role, other.role})),
                )
                break


def _meet(one: Grant, other: Grant) -> bool:
    """Whether two grants reach the same place somewhere."""
    entities = {one.entity_id, other.entity_id} - {""}
    accounts = {one.account_id, other.account_id} - {""}
    currencies = {grant.up_to.currency for grant in (one, other) if grant.up_to}
    return max(len(entities), len(accounts), len(currencies)) <= 1
