"""What a person sees before he decides on payments: groups, sums, what is unusual, what is his.

A browser sends each chosen payment with the digest that it showed; all else is worked out here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from nostro.console import words
from nostro.console.words import Status
from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money, total
from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.domain.policies import approval as policy
from nostro.storage.pages.approvals import Decisions, ToDecide
from nostro.workflows.approval import selection_digest

CHOSEN_MAX: Final = 500
TIMES_USUAL: Final = 2  # From here on an amount is called unusual.


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One ticked payment, with the digest that was on the page then."""

    order_id: UUID
    digest: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `refused` says why this person may not decide on it, "" when he may."""

    row: ToDecide
    refused: str
    marks: tuple[Status, ...]
    ticked: bool

    @property
    def mine(self) -> bool:
        return not self.refused

    @property
    def refused_short(self) -> str:
        """The reason without its consequence, for a narrow column."""
        return self.refused.partition(":")[0].partition(";")[0]

    @property
    def flagged(self) -> bool:
        return any(mark.kind == "warn" for mark in self.marks)

    @property
    def needed(self) -> int:
        return policy.APPROVALS_NEEDED


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Payments that leave the same account by the same rail."""

    key: str
    account: str
    rail: str
    sums: str
    rows: tuple[Candidate, ...]
    open: bool


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    groups: tuple[Group, ...]
    held: tuple[Candidate, ...]
    mine: int
    others: int
    my_sums: tuple[Money, ...]
    more: bool

    @property
    def waiting(self) -> int:
        return self.mine + self.others


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen payments as they are now. `changed`: not what the page showed any more."""

    count: int
    sums: tuple[Money, ...]
    digest: str
    flagged: int
    completes: int
    changed: bool
    refused: str

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
        raise Invalid(
            "choice_unreadable", "The choice that was sent is not a payment.",
            can_do="Reload the page and choose again.",
        ) from error  # fmt: skip


def sums_of(amounts: Iterable[Money]) -> str:
    """Amounts of different currencies stand side by side: they are never added."""
    return " + ".join(words.money(amount) for amount in amounts)


def digest_of(rows: Iterable[ToDecide]) -> str:
    return selection_digest({str(row.payment.id): row.payment.approval_digest for row in rows})


def deciding(found: Decisions, member: Member, ticked: Collection[UUID] = ()) -> Deciding:
    waiting = [_candidate(row, member, ticked) for row in found.waiting]
    mine = [one for one in waiting if one.mine]
    return Deciding(
        groups=_groups(waiting),
        held=tuple(_held(row, member) for row in found.held),
        mine=len(mine),
        others=len(waiting) - len(mine),
        my_sums=tuple(total(one.row.payment.amount for one in mine).values()),
        more=found.more,
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
    candidates = [_candidate(row, member, ()) for row in rows]
    return Selection(
        count=len(rows),
        sums=tuple(total(row.payment.amount for row in rows).values()),
        digest=digest if rows else "",
        flagged=sum(one.flagged for one in candidates),
        completes=sum(policy.is_complete({*row.approved_by, member.id}) for row in rows),
        changed=changed,
        refused=next((one.refused for one in candidates if one.refused), ""),
    )


def _candidate(row: ToDecide, member: Member, ticked: Collection[UUID]) -> Candidate:
    refused = ""
    try:
        policy.may_approve(member, row.authors, row.approved_by)
    except Refused as error:
        refused = _why(error)
    return Candidate(
        row=row,
        refused=refused,
        marks=unusual(row),
        ticked=not refused and row.payment.id in ticked,
    )


def _held(row: ToDecide, member: Member) -> Candidate:
    refused = ""
    try:
        policy.may_release_hold(member, row.authors)
    except Refused as error:
        refused = _why(error)
    return Candidate(row=row, refused=refused, marks=unusual(row), ticked=False)


_WHY = {
    "maker_cannot_approve": "You made it: needs someone else",
    "maker_cannot_release": "You made it: needs someone else",
    "payee_editor_cannot_approve": "You changed the payee's account: needs someone else",
    "already_approved": "You approved it: needs someone else",
    "not_an_approver": "Needs an approver; you are not one",
}


def _why(error: Refused) -> str:
    return _WHY.get(error.code, error.happened)


def unusual(row: ToDecide) -> tuple[Status, ...]:
    """How this payment differs from what is usual; `As usual` when it does not."""
    marks = [
        Status(kind="warn", icon="pause", word="Was held")
        for view in row.holds[:1]
        if view.hold.closed_at
    ]
    amount, usual = row.payment.amount, row.usual
    if usual is None:
        marks.append(Status(kind="mut", icon="user-plus", word="First payment here"))
    elif amount.minor > TIMES_USUAL * usual.average.minor:
        tenths = amount.minor * 10 // max(usual.average.minor, 1)
        times = f"{tenths // 10}.{tenths % 10}"
        marks.append(Status(kind="warn", icon="trending-up", word=f"Amount {times} × usual"))
    if row.rewritten:
        marks.append(Status(kind="mut", icon="pencil", word="Text rewritten"))
    return tuple(marks) or (Status(kind="ok plain", icon="circle-check", word="As usual"),)


def _groups(candidates: Sequence[Candidate]) -> tuple[Group, ...]:
    grouped: dict[tuple[str, str], list[Candidate]] = {}
    for one in candidates:
        key = (one.row.payment.account_name, one.row.rail)
        grouped.setdefault(key, []).append(one)
    return tuple(
        Group(
            key=f"g{number}",
            account=account or "No account yet",
            rail=words.rail_word(rail),
            sums=sums_of(total(one.row.payment.amount for one in rows).values()),
            rows=tuple(rows),
            open=any(one.mine for one in rows),
        )
        for number, ((account, rail), rows) in enumerate(sorted(grouped.items()), start=1)
    )
