"""Every way that one payment could take: which fit, until when, at what cost, and why its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.visiting import Visit, page, show
from nostro.storage import confidential
from nostro.storage.dossier import dossier
from nostro.workflows import route_options
from nostro.workflows.route_options import Option
from nostro.workflows.warehousing import said


class WayLine(msgspec.Struct, frozen=True, kw_only=True):
    """A way that fits, its moments in words."""

    option: Option
    rail: str
    leaves: str
    last: str


class Misfits(msgspec.Struct, frozen=True, kw_only=True):
    """What does not fit for one and the same reason: by account its rails, none for all of them."""

    reason: str
    count: int
    accounts: tuple[tuple[str, tuple[str, ...]], ...]


@require_safe
@page
def payment_ways(request: HttpRequest, visit: Visit, order_id: UUID) -> HttpResponse:
    confidential.check_visible(order_id)
    told = dossier(order_id)
    found = route_options.of_payment(visit.acting(), order_id)
    if told is None or found is None:
        raise Http404
    context = {
        "payment": told.payment,
        "found": found,
        "fitting": [_line(one, visit.now) for one in found.options if one.fits],
        "misfit_count": sum(not one.fits for one in found.options),
        "others": _misfits([one for one in found.options if not one.fits]),
    }
    return show(request, visit, "payment_ways.html", context)


def _line(option: Option, now: datetime) -> WayLine:
    leaves = last = ""
    if option.leaves_at is not None:
        leaves = "at once" if option.leaves_at <= now else said(option.leaves_at, option.time_zone)
    if option.last is not None:
        last = said(option.last, option.time_zone)
    return WayLine(option=option, rail=words.rail_word(option.rail), leaves=leaves, last=last)


def _misfits(options: Sequence[Option]) -> list[Misfits]:
    """By reason, what is so of most ways first: they share one line."""
    by_reason: dict[str, dict[str, list[str]]] = {}
    for one in options:
        rails = by_reason.setdefault(one.reason, {}).setdefault(one.account, [])
        if one.rail_title:
            rails.append(one.rail_title)
    found = [
        Misfits(
            reason=reason,
            count=sum(len(rails) or 1 for rails in accounts.values()),
            accounts=tuple((name, tuple(rails)) for name, rails in accounts.items()),
        )
        for reason, accounts in by_reason.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.reason))
