"""What a person sees before he decides on payments: groups, sums, what is unusual, what is his.

A browser sends each chosen payment with the digest that it showed; all else is worked out here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from nostro.console import words
from nostro.console.candidates import Candidate, candidates
from nostro.console.cut_off_words import left_until
from nostro.console.looking import (
    GROUPS_SHOWN,
    GroupLine,
    Looking,
    Way,
    count_of,
    group_lines,
    sums_of_groups,
    ways,
)
from nostro.console.words import Status
from nostro.domain.bank_calendar import Plan
from nostro.domain.errors import Invalid
from nostro.domain.money import Money, total
from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.storage.pages.approvals import Decisions, ToDecide
from nostro.storage.pages.waiting import GroupKey, GroupSum, WaitingPayments
from nostro.workflows.approval import selection_digest

CHOSEN_MAX: Final = 500
EVERY_MAX: Final = 20_000  # What one approval covers: more take a request too long.


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One ticked payment, with the digest that was on the page then."""

    order_id: UUID
    digest: str


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The payments of this page that leave the same account alike, until one cut-off.

    `count` and `sums` are those of the whole group, of which the page shows `rows`. `open`: some of
    them may be ticked at once; what is unusual is ticked one by one.
    """

    key: str
    account: str
    rail: str
    note: str
    count: int
    sums: str
    rows: tuple[Candidate, ...]
    open: bool
    bank: str = ""
    plan: Plan | None = None
    left: Status | None = None

    @property
    def mine_shown(self) -> int:
        return sum(one.mine for one in self.rows)


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """The page. `mine` and `others` count all that wait; `matching` those that the filter leaves,
    `matching_mine` those of them that this person may approve, by one digest if he wishes."""

    looking: Looking
    groups: tuple[Group, ...]
    held_count: int
    mine: int
    others: int
    my_sums: tuple[Money, ...]
    ways: tuple[Way, ...]
    lines: tuple[GroupLine, ...]
    chosen_line: GroupLine | None
    matching: int
    matching_mine: int
    matching_sums: tuple[Money, ...]
    next: str

    @property
    def waiting(self) -> int:
        return self.mine + self.others

    @property
    def matching_others(self) -> int:
        """How many of those in the filter are for somebody else."""
        return self.matching - self.matching_mine

    @property
    def shown(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def offers_every(self) -> bool:
        """Whether there is more to approve than can be ticked on this page."""
        return self.matching_mine > sum(group.mine_shown for group in self.groups)

    @property
    def lines_shown(self) -> tuple[GroupLine, ...]:
        """The largest groups, when they do not all stand on one page."""
        return self.lines[:GROUPS_SHOWN] if self.waiting > self.shown or self.looking.group else ()

    @property
    def lines_left(self) -> int:
        return max(0, len(self.lines) - GROUPS_SHOWN)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen payments as they are now. `changed`: not what the page showed any more.

    `every`: not ticked one by one, but everything in the filter that is this person's; `others`
    is how many besides are in the filter, for somebody else.
    """

    count: int
    sums: tuple[Money, ...]
    digest: str
    flagged: int
    completes: int
    changed: bool
    refused: str
    every: bool = False
    others: int = 0

    @property
    def may(self) -> bool:
        return bool(self.count) and not self.changed and not self.refused

    @property
    def left(self) -> int:
        """How many still wait for somebody else after this approval."""
        return self.count - self.completes

    @property
    def digest_in_fours(self) -> str:
        return " ".join(self.digest[at : at + 4] for at in range(0, 16, 4))


def choices_of(sent: Sequence[str]) -> list[Choice]:
    """What the browser ticked, as `order id:digest`; raises Invalid for anything else."""
    if len(sent) > CHOSEN_MAX:
        raise Invalid(
            "too_many_chosen",
            f"{len(sent)} payments were chosen; one approval covers at most {CHOSEN_MAX}.",
            can_do="Choose fewer and approve several times.",
        )
    try:
        pairs = [text.partition(":") for text in sent]
        return [Choice(order_id=UUID(order_id), digest=seen) for order_id, _, seen in pairs]
    except ValueError as error:
        told = "The choice that was sent is not a payment."
        again = "Reload the page and choose again."
        raise Invalid("choice_unreadable", told, can_do=again) from error


def sums_of(amounts: Iterable[Money]) -> str:
    """Amounts of different currencies stand side by side: they are never added."""
    return " + ".join(words.money(amount) for amount in amounts)


def digest_of(rows: Iterable[ToDecide]) -> str:
    return selection_digest({str(row.payment.id): row.payment.approval_digest for row in rows})


def deciding(
    found: Decisions,
    looking: Looking,
    member: Member,
    ticked: Collection[UUID] = (),
    plans: Mapping[UUID, Plan] = MappingProxyType({}),
    now: datetime | None = None,
) -> Deciding:
    """The page. `plans` tell until when the payments on it must be at their banks, as of `now`."""
    rows = candidates(found.waiting, member, ticked)
    mine = my_groups(found.page.groups)
    inside = found.page.within(looking.wanted)
    mine_inside = my_groups(inside)
    lines = group_lines(looking, found.page.groups)
    return Deciding(
        looking=looking,
        groups=_by_cut_off(_groups(rows, inside, {line.key: line for line in lines}), plans, now),
        held_count=found.held_count,
        mine=count_of(mine),
        others=count_of(found.page.groups) - count_of(mine),
        my_sums=sums_of_groups(mine),
        ways=ways(looking, found.page.groups),
        lines=lines,
        chosen_line=next((line for line in lines if line.current), None),
        matching=count_of(inside),
        matching_mine=count_of(mine_inside),
        matching_sums=sums_of_groups(mine_inside),
        next=found.page.next,
    )


def my_groups(groups: Iterable[GroupSum]) -> list[GroupSum]:
    """What this person may approve of them."""
    return [one for one in groups if one.mine]


def selection_of_every(found: WaitingPayments, looking: Looking) -> Selection:
    """Everything in the filter that is this person's, as it is now, under one digest.

    What his grants do not reach stays for others, and is counted. Raises Invalid when it is more
    than one approval covers.
    """
    inside = found.within(looking.wanted)
    mine = my_groups(inside)
    count = count_of(mine)
    if count > EVERY_MAX:
        raise Invalid(
            "too_many_chosen",
            f"{count:,} payments were chosen; one approval covers at most {EVERY_MAX:,}.",
            "Nothing was approved.",
            "Open one group after the other and approve each.",
        )
    return Selection(
        count=count,
        sums=sums_of_groups(mine),
        digest=selection_digest(found.digests) if mine else "",
        flagged=count_of([one for one in mine if one.unusual]),
        completes=sum(one.completes for one in mine),
        changed=False,
        refused="",
        every=True,
        others=count_of(inside) - count,
    )


def selection(
    rows: Sequence[ToDecide], choices: Sequence[Choice], digest: str, member: Member
) -> Selection:
    shown = {choice.order_id: choice.digest for choice in choices}
    changed = len(rows) != len(shown) or any(
        row.payment.approval_digest != shown[row.payment.id]
        or row.payment.state is not OrderState.AWAITING_APPROVAL
        for row in rows
    )
    found = candidates(rows, member)
    return Selection(
        count=len(rows),
        sums=tuple(total(row.payment.amount for row in rows).values()),
        digest=digest if rows else "",
        flagged=sum(one.flagged for one in found),
        completes=sum(one.completes for one in found),
        changed=changed,
        refused=next((one.refused for one in found if one.refused), ""),
    )


def _groups(
    rows: Sequence[Candidate],
    sums: Sequence[GroupSum],
    lines: Mapping[GroupKey, GroupLine],
) -> tuple[Group, ...]:
    """The page in groups; in each what is unusual comes first."""
    found: list[Group] = []
    grouped: dict[GroupKey, list[Candidate]] = {}
    for one in rows:
        grouped.setdefault(_key_of(one), []).append(one)
    for key, inside in grouped.items():
        line = lines[key]
        told = [one for one in sums if one.key == key]
        run = f"run {line.run}, " if line.run else ""
        found.append(
            Group(
                key=f"g{len(found) + 1}",
                account=line.account,
                rail=line.rail,
                note=f"{run}{key.day:%-d %b}",
                count=count_of(told),
                sums=sums_of(sums_of_groups(told)),
                rows=tuple(inside),
                open=any(one.mine and not one.flagged for one in inside),
            )
        )
    return tuple(found)


def _by_cut_off(
    groups: Sequence[Group], plans: Mapping[UUID, Plan], now: datetime | None
) -> tuple[Group, ...]:
    """The groups in the order in which their banks close."""
    return tuple(sorted((_timed(group, plans, now) for group in groups), key=_closing))


def _closing(group: Group) -> tuple[bool, str]:
    last = group.plan.last if group.plan else None
    return last is None, last.isoformat() if last else ""


def _timed(group: Group, plans: Mapping[UUID, Plan], now: datetime | None) -> Group:
    one = group.rows[0].row
    plan = plans.get(one.payment.id)
    return msgspec.structs.replace(
        group,
        bank=one.bank,
        plan=plan,
        left=left_until(plan, now) if plan and now else None,
    )


def _key_of(one: Candidate) -> GroupKey:
    payment = one.row.payment
    return GroupKey(
        run_id=one.row.run_id,
        account_id=payment.account_id,
        rail=one.row.rail,
        day=payment.requested_date,
    )
