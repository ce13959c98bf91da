"""Reconcile: which lines does nothing explain yet, what is the best guess, and why?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from nostro.console import rights, words
from nostro.console.explaining import LineView, line_view, match_view
from nostro.console.visiting import Visit, page, show, status_of
from nostro.domain.errors import Invalid, NostroError
from nostro.storage.pages import reconcile as reading
from nostro.storage.pages import reconciled
from nostro.storage.pages.reconcile import AccountChoice, OpenLine, Order, Waiting

AT_ONCE: Final = 25
ORDERS: Final = {
    Order.NEWEST: "Newest",
    Order.OLDEST: "Oldest",
    Order.LARGEST: "Largest in",
}


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines somebody works on, as it stands in the address; `line` is the one before him."""

    account: str = ""
    order: str = ""
    cursor: str = ""
    line: str = ""

    def query(self, **other: str) -> str:
        """The address of the same list, or of one that differs in this."""
        told = msgspec.structs.asdict(self) | other
        return f"?{urlencode({name: value for name, value in told.items() if value})}"


@require_safe
@page
def reconcile(request: HttpRequest, visit: Visit) -> HttpResponse:
    last = _id(request.GET.get("last", ""), "last")
    return show_board(request, visit, looking_at(request.GET), last=last)


def looking_at(sent: QueryDict) -> Looking:
    return Looking(**{name: sent.get(name, "").strip() for name in Looking.__struct_fields__})


def show_board(
    request: HttpRequest,
    visit: Visit,
    looking: Looking,
    *,
    last: UUID | None = None,
    error: NostroError | None = None,
) -> HttpResponse:
    """The lines and what may explain them; `last` is the match that was made just now."""
    accounts = reading.accounts()
    account = _account(accounts, looking)
    order = _order(looking.order)
    told: dict[str, Any] = {"accounts": accounts, "account": account, "error": error}
    if account:
        looking = msgspec.structs.replace(looking, account=str(account.id))
        told |= _lines(visit, account, order, looking)
    made = reconciled.matched_line(last) if last else None
    told |= {
        "looking": looking,
        "may_match": rights.may_match(visit.member),
        "last": match_view(made) if made else None,
    }
    status = status_of(error) if error else HTTPStatus.OK
    return show(
        request, visit, "reconcile.html", told, fragment="reconcile_board.html", status=status
    )


def _lines(visit: Visit, account: AccountChoice, order: Order, looking: Looking) -> dict[str, Any]:
    found = reading.open_lines(account.id, order, limit=AT_ONCE, cursor=looking.cursor)
    rows = _rows(found.rows, looking)
    waiting = reading.waiting(account.id, account.currency)
    start = msgspec.structs.replace(looking, line="", cursor="")
    current = _current(rows, looking.line)
    return {
        "headline": headline(waiting, account),
        "waiting": waiting,
        "waited_days": _days(waiting, visit.now.date()),
        "newest": reading.newest_statement(account.id),
        "rows": rows,
        "current": current.line.id if current else None,
        "orders": [
            (word, start.query(order="" if one is Order.NEWEST else one.value), one is order)
            for one, word in ORDERS.items()
        ],
        "start": start.query() if looking.cursor else "",
        "further": start.query(cursor=found.next) if found.next else "",
    }


def _rows(found: Sequence[OpenLine], looking: Looking) -> list[LineView]:
    """The lines of the page; each knows the one below it, the last one the one above."""
    ids = [str(one.line.id) for one in found]
    after = [*ids[1:], *ids[-2:-1]]
    return [
        msgspec.structs.replace(
            line_view(one), href=looking.query(line=ids[at]), next="".join(after[at : at + 1])
        )
        for at, one in enumerate(found)
    ]


def headline(waiting: Waiting, account: AccountChoice) -> str:
    """How many lines wait for a person, and for how many there is something to confirm."""
    if not waiting.count:
        return f"Every booked line of {account.name} is explained."
    if waiting.more:
        return f"Over {reading.COUNTED_MOST:,} lines of {account.name} wait for a person."
    told = words.several(waiting.count, "line")
    waits = "waits" if waiting.count == 1 else "wait"
    guessed = f"{waiting.proposed:,} with a proposal" if waiting.proposed else "none has a proposal"
    return f"{told} of {account.name} {waits} for a person, {guessed}."


def _days(waiting: Waiting, today: date) -> int | None:
    day = waiting.oldest.day if waiting.oldest else None
    return max((today - day).days, 0) if day else None


def _current(rows: list[LineView], wanted: str) -> LineView | None:
    named = [row for row in rows if str(row.line.id) == wanted]
    return next(iter(named or rows), None)


def _account(accounts: list[AccountChoice], looking: Looking) -> AccountChoice | None:
    """The account that is asked for; without one the first that has something to do."""
    wanted = _id(looking.account, "account")
    if wanted is None:
        return accounts[0] if accounts else None
    found = [one for one in accounts if one.id == wanted]
    if not found:
        raise _unknown("account")
    return found[0]


def _order(text: str) -> Order:
    try:
        return Order(text) if text else Order.NEWEST
    except ValueError:
        raise Invalid(
            "order_unknown",
            f"{text[:20]!r} is no order of lines.",
            can_do=f"Use one of: {', '.join(Order)}.",
            field="order",
        ) from None


def _id(text: str, field: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise _unknown(field) from None


def _unknown(field: str) -> Invalid:
    return Invalid(
        "account_unknown", "There is no such account.", can_do="Choose one of the list.",
        field=field,
    )  # fmt: skip
