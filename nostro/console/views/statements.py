"""Statements: did every one close, and is every line of it explained?"""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.statement_accounts import account_lines
from nostro.console.visiting import Visit, page, show
from nostro.console.words import Status
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.statement import Closing
from nostro.storage import listing
from nostro.storage.pages.statements import (
    Explanation,
    LineCounts,
    booked_sum,
    explanations,
    line_counts,
    original,
)
from nostro.storage.paging import every
from nostro.storage.rows import StatementRow, TransactionRow
from nostro.storage.tenancy import Sight, seeing

PAGE = 50


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    statement: StatementRow
    verdict: Status
    lines: Status


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement with what explains it."""

    line: TransactionRow
    match: Status
    explained: Explanation | None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What the booked lines add up to, where they lead from opening, and what is missing."""

    booked: Money | None
    expected: Money | None = None
    difference: Money | None = None


@require_safe
@page
def statement_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    account, cursor = _id(request.GET.get("account", "")), request.GET.get("cursor", "")
    found = listing.statements(account=account, limit=PAGE, cursor=cursor)
    rows = [_listed(row) for row in found.rows]
    asked = {"account": str(account or ""), "cursor": found.next}
    older = urlencode({name: value for name, value in asked.items() if value})
    context = {
        "rows": rows,
        "account_lines": [] if cursor else account_lines(visit, account),
        "headline": _headline(rows),
        "accounts": list(every(listing.accounts)),
        "account": account,
        "older": f"{reverse('statements')}?{older}" if found.next else "",
        "newest": reverse("statements") if cursor else "",
    }
    return show(request, visit, "statements.html", context, fragment="statements_found.html")


@require_safe
@page
def statement(request: HttpRequest, visit: Visit, statement_id: UUID) -> HttpResponse:
    told = listing.statement(statement_id)
    if told is None:
        raise Http404
    cursor = request.GET.get("cursor", "")
    found = listing.transactions(statement_id, limit=PAGE, cursor=cursor)
    explained = explanations([row.id for row in found.rows])
    here = reverse("statement", args=[statement_id])
    shown = line_counts(statement_id)
    with seeing(Sight.WHOLE):
        counts = line_counts(statement_id)
        booked = booked_sum(statement_id, told.currency)
    hidden = counts.all - shown.all
    # A sum that hides one line only would tell its amount.
    balance = Balance(booked=None) if hidden == 1 else _balance(told, booked)
    context = {
        "told": told,
        "verdict": words.verdict_status(told.verdict),
        "headline": _one_headline(told, counts),
        "counts": counts,
        "hidden": hidden,
        "balance": balance,
        "reason": _reason(told, balance),
        "closes": told.verdict == Closing.CLOSES,
        "lines": [
            Booked(
                line=row,
                match=words.MATCH[row.match_state],
                explained=explained.get(row.id),
            )
            for row in found.rows
        ],
        "file": original(statement_id),
        "older": f"{here}?{urlencode({'cursor': found.next})}" if found.next else "",
        "newest": here if cursor else "",
    }
    return show(request, visit, "statement.html", context, fragment="statement_lines.html")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(
            "account_unknown", "There is no such account.", can_do="Choose one of the list."
        ) from error


def _listed(row: StatementRow) -> Listed:
    lines = Status(kind="ok", icon="circle-check", word="All explained")
    if row.unmatched:
        lines = Status(kind="warn", icon="circle-dashed", word=f"{row.unmatched:,} open")
    if not row.entry_count:
        lines = Status(kind="mut", icon="minus", word="No lines")
    return Listed(statement=row, verdict=words.verdict_status(row.verdict), lines=lines)


def _headline(rows: list[Listed]) -> str:
    if not rows:
        return "No statements yet"
    wrong = sum(row.statement.verdict == Closing.DOES_NOT_CLOSE for row in rows)
    open_lines = sum(row.statement.unmatched for row in rows)
    first = (
        f"{words.several(wrong, 'statement does', 'statements do')} not close"
        if wrong
        else "Every statement closes"
    )
    lines = f"{words.several(open_lines, 'line')} not explained yet"
    return f"{first}; {lines if open_lines else 'every line is explained'}"


def _balance(told: StatementRow, booked: Money) -> Balance:
    if told.opening is None or told.closing is None:
        return Balance(booked=booked, expected=None, difference=None)
    expected = told.opening + booked
    return Balance(booked=booked, expected=expected, difference=told.closing - expected)


def _reason(told: StatementRow, balance: Balance) -> str:
    """Why the verdict is as it is; amounts as people write them."""
    if told.verdict == Closing.DOES_NOT_CLOSE and balance.difference and balance.expected:
        return (
            f"Opening plus the booked entries is {words.money(balance.expected)};"
            f" the bank's closing balance differs by {words.money(balance.difference)}."
        )
    return f"{told.verdict_reason[:1].upper()}{told.verdict_reason[1:]}."


def _one_headline(told: StatementRow, counts: LineCounts) -> str:
    if told.verdict != Closing.CLOSES:
        return f"This statement {words.verdict_status(told.verdict).word.lower()}"
    parts = []
    if counts.unmatched:
        parts.append(f"{words.several(counts.unmatched, 'line')} not explained")
    if counts.proposed:
        parts.append(f"{counts.proposed:,} to confirm")
    if counts.tentative:
        parts.append(f"{counts.tentative:,} announced")
    if parts:
        return f"It closes; {words.listed(parts)}"
    lines = f"all {counts.matched:,} lines are" if counts.matched != 1 else "its one line is"
    return f"It closes, and {lines} explained"
