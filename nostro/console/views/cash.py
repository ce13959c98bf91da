"""Cash position: where the money is, by entity, bank or currency, and how old each figure is."""

from __future__ import annotations

from datetime import date

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nostro.app import world
from nostro.console import words
from nostro.console.freshness import freshness
from nostro.console.position import GROUPINGS, booked_of, table
from nostro.console.visiting import Visit, page, show
from nostro.domain.money import Money, total
from nostro.storage.pages.cash import CashPosition, cash_position


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What all accounts of one currency hold; `oldest` is the day of the oldest figure in it."""

    amount: Money
    accounts: int
    oldest: date


@require_safe
@page
def cash(request: HttpRequest, visit: Visit) -> HttpResponse:
    calendar = world().calendar
    position = cash_position(visit.now.date())
    by = request.GET.get("by", "entity")
    by = by if by in GROUPINGS else "entity"
    leaving = [one.leaving for one in position.accounts if one.leaving_count]
    context = {
        "position": position,
        "table": table(position, by, calendar, visit.now),
        "by": by,
        "groupings": tuple(GROUPINGS),
        "fresh": freshness(calendar, position, visit.now),
        "equivalent": position.equivalent(booked_of(position.accounts)),
        "booked": total(booked_of(position.accounts)).values(),
        "held": [
            _held(position, amount) for amount in total(booked_of(position.accounts)).values()
        ],
        "leaving": total(leaving).values(),
        "leaving_count": sum(one.leaving_count for one in position.accounts),
        "overdrawn": [
            one for one in position.accounts if one.booked and one.booked.amount.minor < 0
        ],
        "headline": _headline(position),
    }
    return show(request, visit, "cash.html", context, fragment="cash_table.html")


def _held(position: CashPosition, amount: Money) -> Held:
    booked = [one.booked for one in position.accounts if one.booked]
    days = [figure.day for figure in booked if figure.amount.currency == amount.currency]
    return Held(amount=amount, accounts=len(days), oldest=min(days))


def _headline(position: CashPosition) -> str:
    told = [one for one in position.accounts if one.booked]
    if not told:
        return "No account has a statement yet"
    held = words.listed([words.money(sum_) for sum_ in total(booked_of(told)).values()])
    return f"{held} on {words.several(len(told), 'account')}"
