"""Why a payment is held, as people read it: one reason after the other, listed names together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from nostro.domain.policies.hold_evidence import ListedName, OverLimit
from nostro.storage.pages.holds import HoldView


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason. Its figures are in `over` or `listed`; where there are none, `view` says it."""

    code: str
    since: datetime
    view: HoldView
    over: tuple[OverLimit, ...] = ()
    listed: tuple[ListedName, ...] = ()


def reasons(views: Iterable[HoldView]) -> list[Reason]:
    """The open holds among these. Each hit on a list is a hold of its own: they share a table."""
    found: list[Reason] = []
    for view in views:
        hold = view.hold
        if hold.closed_at:
            continue
        if hold.listed and found and found[-1].listed:
            more = (*found[-1].listed, *hold.listed)
            found[-1] = msgspec.structs.replace(found[-1], listed=more)
            continue
        one = Reason(
            code=hold.code,
            since=hold.opened_at,
            view=view,
            over=tuple(hold.over),
            listed=tuple(hold.listed),
        )
        found.append(one)
    return found
