"""How payments are approved: two different people, each agreeing to exactly what will be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.errors import Invalid, Refused
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Member
from nostro.domain.policies import approval as policy
from nostro.domain.policies import approval_steps as turns
from nostro.domain.policies import confidential
from nostro.domain.policies.approval import ApprovalRules, Authorship
from nostro.domain.policies.approval_steps import Given, Progress, Waits
from nostro.storage import approval_rules, approvals, authorship, events, orders, runs
from nostro.storage.approvals import Agreed
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows import approval_terms, recheck, screening_again, stepping_up, warehousing
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_orders, move_orders_on
from nostro.workflows.planning import Planner
from nostro.workflows.wake import wake

NAMED_MAX = 5  # Payments that a refusal names; it counts the others.


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """What one approval did: these orders are now approved, these wait for somebody else."""

    approved: tuple[UUID, ...]
    waiting: tuple[UUID, ...]


def selection_digest(digests: Mapping[str, str]) -> str:
    """One digest over a selection of payments: order id -> approval digest of each."""
    return digest(dict(digests))


def approve(
    acting: Acting,
    member: Member,
    order_ids: Sequence[UUID],
    seen_digest: str,
    step_up_id: UUID | None = None,
) -> Approved:
    """Add one person's approval to payments; all or none.

    `seen_digest` is the selection digest of what the person saw. Raises Refused when anything
    changed since, when the person may not approve one of them, or one does not await approval; and
    above the customer's limit unless `step_up_id` is his fresh proof for just this.
    """
    with tenant(acting.tenant_id):
        rows = lock_all(member, order_ids)
        _of_whole_runs(rows)
        _same_as_seen(rows, seen_digest)
        return agree(acting, member, rows, seen_digest, step_up_id)


def agree(
    acting: Acting,
    member: Member,
    rows: Sequence[OrderRow],
    seen_digest: str,
    step_up_id: UUID | None = None,
) -> Approved:
    """Add one person's approval to locked payments that are what he saw; raises as `approve` does.
    Inside a unit of work."""
    given = approvals.given([row.id for row in rows])
    authors = _check_each(acting, member, rows, given)
    _same_rules(acting, rows)
    _same_accounts(rows)
    stepping_up.require(acting, member, rows, seen_digest, step_up_id)
    return _add(acting, member, rows, given, authors)


def check(acting: Acting, member: Member, order_ids: Sequence[UUID]) -> None:
    """Raise Refused where this member may not approve one of these payments; nothing is done."""
    with tenant(acting.tenant_id):
        _check_each(acting, member, lock_all(member, order_ids), approvals.given(order_ids))


def _check_each(
    acting: Acting,
    member: Member,
    rows: Sequence[OrderRow],
    given: Mapping[UUID, Mapping[str, Agreed]],
) -> dict[UUID, Authorship]:
    authors = authorship.authors([row.id for row in rows], acting.world.clock.now())

    def may(row: OrderRow) -> None:
        ORDER.after(row.state, OrderMove.APPROVE)
        policy.may_approve(member, authors[row.id], given[row.id], row.touched())

    each(rows, may)
    return authors


def each(rows: Sequence[OrderRow], may: Callable[[OrderRow], None]) -> None:
    """Ask for every payment; raises the first Refused with the numbers of all refused like it."""
    refused: list[tuple[str, Refused]] = []
    for row in rows:
        try:
            may(row)
        except Refused as error:
            refused.append((row.number, error))
    if not refused:
        return
    first = refused[0][1]
    numbers = [number for number, error in refused if error.code == first.code]
    more = f" and {len(numbers) - NAMED_MAX:,} more" if len(numbers) > NAMED_MAX else ""
    first.location = ", ".join(numbers[:NAMED_MAX]) + more
    raise first


def _add(
    acting: Acting,
    member: Member,
    rows: Sequence[OrderRow],
    given: Mapping[UUID, Mapping[str, Agreed]],
    authors: Mapping[UUID, Authorship],
) -> Approved:
    """Write the approvals down, and send on what is complete with them. Raises Refused where
    another person's is what a payment waits for."""
    agreed = {row.id: approvals.to_digest(given[row.id], row.approval_digest) for row in rows}
    able = recheck.entitled(acting, {member.id} | _people(agreed))
    rules, now = approval_terms.rules_of(rows), acting.world.clock.now()
    added, after = [], {}
    for row in rows:
        version, by = rules[row.policy_version], authors[row.id]
        stages = approval_terms.stages_of(row, version)
        before = approval_terms.progress_of(row, version, agreed[row.id], able, by)
        turns.check(member, stages, before, row.touched())
        mine = Given(person_id=member.id, stage=min(before.stage, len(stages) - 1))
        said = (*agreed[row.id], mine)
        after[row.id] = approval_terms.progress_of(row, version, said, able, by)
        counted = [approval_terms.counting(row, one, able, by) for one in (agreed[row.id], said)]
        if len(counted[1]) <= len(counted[0]) or (
            after[row.id].missing >= before.missing and not before.complete
        ):
            raise _place_taken(member, row)
        added.append(Agreed(digest=row.approval_digest, stage=mine.stage))
    new_id = acting.world.ids.new
    told = [(new_id(), row.id, one) for row, one in zip(rows, added, strict=True)]
    approvals.add(told, member.id, member.name, now)
    _tell(acting, rows, rules, [len(agreed[row.id]) + 1 for row in rows])
    return _go_on(acting, rows, after)


def _place_taken(member: Member, row: OrderRow) -> Refused:
    return Refused(
        "place_taken",
        f"{member.name} could approve {row.number} only in the place of somebody in whose place"
        " another has approved it.",
        "Nothing was approved.",
        "Ask somebody who approves in his own place.",
    )


def _go_on(acting: Acting, rows: Sequence[OrderRow], after: Mapping[UUID, Progress]) -> Approved:
    """Release what is complete; of the others it is kept whose approval they wait for now."""
    complete = [row for row in rows if after[row.id].complete]
    waiting = [row for row in rows if not after[row.id].complete]
    waits: dict[str, list[UUID]] = {}
    for row in waiting:
        before = Waits.read(row.waits_for)
        rule = before.rule if before else turns.ANY_RULE
        waits.setdefault(str(Waits(rule=rule, progress=after[row.id])), []).append(row.id)
    approvals.wait_for(waits)
    _schedule(acting, complete)
    return Approved(
        approved=tuple(row.id for row in complete), waiting=tuple(row.id for row in waiting)
    )


def _people(agreed: Mapping[UUID, Sequence[Given]]) -> set[str]:
    return {one.person_id for given in agreed.values() for one in given}


def _tell(
    acting: Acting,
    rows: Sequence[OrderRow],
    rules: Mapping[str, ApprovalRules],
    counts: Sequence[int],
) -> None:
    """That each was approved once more, and how often by now."""
    own = [
        {
            "digest": row.approval_digest,
            "approvals": count,
            "needed": turns.places(approval_terms.stages_of(row, rules[row.policy_version])),
        }
        for row, count in zip(rows, counts, strict=True)
    ]
    subjects = [row.id for row in rows]
    events.record_alike(acting.alike("order.approval_given", "order", subjects, own))


def deny(acting: Acting, member: Member, order_ids: Sequence[UUID], reason: str) -> list[UUID]:
    """Refuse payments for good, with a reason that stays in their trace; all or none."""
    need_reason(reason)
    with tenant(acting.tenant_id):
        rows = lock_all(member, order_ids)
        authors = authorship.authors(order_ids, acting.world.clock.now())
        for row in rows:
            ORDER.after(row.state, OrderMove.DENY)
            policy.may_release_hold(member, authors[row.id], row.touched())
        for row in rows:
            orders.close_holds(row.id, member.name, reason, acting.world.clock.now())
        return move_orders(acting, [row.id for row in rows], OrderMove.DENY, text=reason)


def release_hold(acting: Acting, member: Member, order_id: UUID, reason: str) -> None:
    """Leave a hold: a named person, never the maker, says why. Then approval is asked for."""
    need_reason(reason)
    with tenant(acting.tenant_id):
        leave_holds(acting, member, lock_all(member, [order_id]), reason)


def leave_holds(acting: Acting, member: Member, rows: Sequence[OrderRow], reason: str) -> None:
    """Let locked payments go on to approval; raises as `release_hold`. Inside a unit of work."""
    ids = [row.id for row in rows]
    now = acting.world.clock.now()
    authors = authorship.authors(ids, now)
    for row in rows:
        ORDER.after(row.state, OrderMove.RELEASE_HOLD)
        policy.may_release_hold(member, authors[row.id], row.touched())
    for row in rows:
        screening_again.remember_cleared(acting, member, row, reason)
        recheck.to_account_of_today(acting, row)
        orders.close_holds(row.id, member.name, reason, now)
    move_orders(acting, ids, OrderMove.RELEASE_HOLD, text=reason)
    move_orders(acting, ids, OrderMove.REQUEST_APPROVAL)


def _schedule(acting: Acting, rows: Sequence[OrderRow]) -> None:
    """Approved orders go to release, those that the bank does not take yet when it does."""
    if not rows:
        return
    steps = (OrderMove.APPROVE, OrderMove.SCHEDULE)
    move_orders_on(acting, [row.id for row in rows], steps, due=acting.world.clock.now())
    if _any_leave(acting, rows):
        wake("release_payments", tenant_id=acting.tenant_id)


def _any_leave(acting: Acting, rows: Sequence[OrderRow]) -> bool:
    try:
        return bool(warehousing.keep_early(acting, Planner(acting.world), rows))
    except (
        Invalid
    ):  # What the connection says of its bank cannot be read: the release tells people.
        return True


def lock_all(member: Member, order_ids: Sequence[UUID]) -> list[OrderRow]:
    """Raises Refused for what is not there, or not shown to this member: before its state is."""
    rows = orders.lock(order_ids)
    if not order_ids or len(rows) != len(set(order_ids)):
        raise Refused(
            "payment_unknown",
            "One of these payments does not exist for this customer.",
            can_do="Reload the page and choose again.",
        )
    for row in rows:
        confidential.check(member, confidential=row.confidential)
    return rows


def _of_whole_runs(rows: Sequence[OrderRow]) -> None:
    """A run is approved when all of it is there and its totals agree."""
    if unfinished := runs.unfinished({row.run_id for row in rows if row.run_id}):
        raise Refused(
            "run_not_complete",
            f"The payment run {unfinished[0]} is not complete.",
            "Nothing was approved.",
            "Wait until all its lines are taken in, then look at the payments again.",
        )


def _same_as_seen(rows: Sequence[OrderRow], seen_digest: str) -> None:
    """What is approved is what was shown: recomputed from the rows, never taken from the client."""
    for row in rows:
        if row.approvable().digest() != row.approval_digest:
            raise Refused(
                "payment_changed",
                f"{row.number} is not what it was when approval was asked for.",
                "It was not approved.",
                "Ask the maker to submit it again.",
            )
    nothing_changed(rows, seen_digest, "Nothing was approved.")


def nothing_changed(rows: Sequence[OrderRow], seen_digest: str, did: str) -> None:
    """Raise Refused where these locked payments are not what the person saw."""
    now_seen = selection_digest({str(row.id): row.approval_digest for row in rows})
    if now_seen != seen_digest:
        raise Refused(
            "selection_changed",
            "The payments changed after they were shown to you.",
            did,
            "Look at them again and decide on what you then see.",
        )


def _same_rules(acting: Acting, rows: Sequence[OrderRow]) -> None:
    """The rules of approving are still those under which the payments were put to people."""
    version, _ = approval_rules.in_force(acting.world.clock.now())
    number = policy.version_number(version)
    if any(policy.version_number(row.policy_version) != number for row in rows):
        raise Refused(
            "approval_rules_changed",
            "Other rules of approving came into force after these payments were put to you.",
            "Nothing was approved.",
            "They are put to people under the new rules within a minute; then look again.",
        )


def _same_accounts(rows: Sequence[OrderRow]) -> None:
    """The payee's bank details are still those that the payment was checked against."""
    newer = recheck.newer_accounts(rows)
    for row in rows:
        if account := newer.get(row.id):
            raise Refused(
                "payee_account_changed",
                f"The bank details of payee {row.payee_number} were changed by"
                f" {account.changed_by} after {row.number} was checked.",
                "Nothing was approved.",
                "Deny this payment and ask for a new one; it is checked against the new account.",
            )


def need_reason(reason: str) -> None:
    """Raise Invalid where nobody said why."""
    if not reason.strip():
        raise Invalid(
            "reason_missing",
            "A reason is needed.",
            can_do="Say in a few words why; it stays in the payment's trace.",
            field="reason",
        )


def waiting() -> list[OrderRow]:
    """Orders that await approval, by number; inside a unit of work."""
    return orders.in_state(OrderState.AWAITING_APPROVAL)
