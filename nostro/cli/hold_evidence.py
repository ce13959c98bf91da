"""Why payments are held, on the terminal: each reason with what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nostro.domain.local_account import spelled

if TYPE_CHECKING:
    from nostro.domain.policies.hold_evidence import ListedName, OverLimit
    from nostro.storage.pages.holds import HoldView
    from nostro.storage.rows import PaymentRow


def lines(payment: PaymentRow, views: Sequence[HoldView]) -> Iterator[str]:
    """One payment and its open holds, with the other record of each beside it."""
    amount = f"{payment.amount.grouped()} {payment.amount.currency}"
    yield f"{payment.number}  {amount}  to {payment.creditor_name} ({payment.payee_number})"
    yield f"  account {spelled(payment.creditor_number)}, to be paid {payment.requested_date}"
    for view in views:
        if not view.hold.closed_at:
            yield f"  - {view.hold.code.replace('_', ' ')}: {view.hold.sentence}"
            yield from (f"      {line}" for line in _evidence(view))


def _evidence(view: HoldView) -> Iterator[str]:
    for over in view.hold.over:
        yield _over(over)
    for listed in view.hold.listed:
        yield from _listed(listed)
    if view.compared:
        yield f"this payment | {view.other_title}"
    for pair in view.compared:
        same = " (the same)" if pair.same else f" | {pair.other}"
        yield f"{pair.field}: {pair.ours}{same}"


def _over(one: OverLimit) -> str:
    others = "nothing else counted"
    if one.day:
        told = f"{one.others_sum} of {one.others}" if one.others_sum else str(one.others)
        others = f"also counted {told} on {one.day}"
    by = f"over by {one.over_by}" if one.over_by else "by how much is not told"
    return f"{one.limit}: at most {one.most} a {one.per}, {others}, {by}"


def _listed(one: ListedName) -> Iterator[str]:
    born = f", born {', '.join(one.born)}" if one.born else ""
    yield f"listed: {one.listed} ({one.kind}{born})"
    yield f"ours:   {one.ours}, {one.percent} % alike"
    published = f" of {one.published}" if one.published else ""
    programs = f", {', '.join(one.programs)}" if one.programs else ""
    yield f"list:   {one.watch_list}{published}, entry {one.entry}{programs}"
    yield from one.because
