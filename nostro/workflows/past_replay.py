"""Checks made of past payments anew, the oldest first: each counts what came before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from nostro.domain.dry_run import SHOWN_MAX, Different, DryRun
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policies.limits import spelled
from nostro.storage import past_payments
from nostro.storage.orders import OrderRow
from nostro.workflows.past_comparison import LOOKED_AT_MAX

NOT_HELD = "not held for this"

# What rules make of payments, in the order in which they came: the findings of each.
Replay = Callable[[Sequence[OrderRow]], list[list[Finding]]]


def replayed(since: datetime, codes: Collection[str], replay: Replay) -> DryRun:
    """What becomes of past payments under other rules, beside the holds of these codes that they
    had; inside a unit of work."""
    found = list(past_payments.taken_in_since(since, LOOKED_AT_MAX + 1))
    rows, complete = found[:LOOKED_AT_MAX], len(found) <= LOOKED_AT_MAX
    rows.reverse()  # Where there were too many, the newest are looked at.
    held = past_payments.held_for([row.id for row in rows], codes)
    different = []
    for row, findings in zip(rows, replay(rows), strict=True):
        before, after = held.get(row.id, ""), _said(findings)
        if bool(before) != bool(findings) or _refuses(findings):
            different.append(
                Different(
                    number=row.number,
                    before=f"held: {before}" if before else NOT_HELD,
                    after=after,
                    what=f"{row.instruction.creditor_name}, {spelled(row.instruction.amount)}",
                )
            )
    different.reverse()
    return DryRun(
        since=since.date(),
        looked_at=len(rows),
        different=len(different),
        shown=tuple(different[:SHOWN_MAX]),
        complete=complete,
    )


def _refuses(findings: Sequence[Finding]) -> bool:
    return any(finding.effect is Effect.INVALID for finding in findings)


def _said(findings: Sequence[Finding]) -> str:
    if not findings:
        return NOT_HELD
    what = "refused" if _refuses(findings) else "held"
    return f"{what}: {' '.join(finding.sentence for finding in findings)}"
