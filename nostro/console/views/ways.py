"""Every way that one payment could take: which fit, until when, at what cost, and why its own."""

from __future__ import annotations

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
        "others": [one for one in found.options if not one.fits],
    }
    return show(request, visit, "payment_ways.html", context)


def _line(option: Option, now: datetime) -> WayLine:
    leaves = last = ""
    if option.leaves_at is not None:
        leaves = "at once" if option.leaves_at <= now else said(option.leaves_at, option.time_zone)
    if option.last is not None:
        last = said(option.last, option.time_zone)
    return WayLine(option=option, rail=words.rail_word(option.rail), leaves=leaves, last=last)
