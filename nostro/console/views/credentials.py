"""Credentials, certificates and keys: since when, until when, whose, and which need somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.visiting import Visit, page, show
from nostro.console.words import Status
from nostro.domain.credential import AHEAD, Credential, CredentialState
from nostro.workflows import credentials

STANDINGS: Final[Mapping[CredentialState, Status]] = {
    CredentialState.FINE: Status(kind="ok", icon="circle-check", word="Fine"),
    CredentialState.OLD: Status(kind="warn", icon="hourglass", word="Not renewed for a year"),
    CredentialState.EXPIRES_SOON: Status(kind="warn", icon="triangle-alert", word="Expires soon"),
    CredentialState.EXPIRED: Status(kind="bad", icon="circle-x", word="Expired"),
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One of them in words."""

    found: Credential
    standing: Status


@require_safe
@page
def credential_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the customer's access hangs on; never what it is."""
    acting = visit.acting()
    shown = [
        Shown(found=one, standing=STANDINGS[one.state]) for one in credentials.inventory(acting)
    ]
    attention = sum(one.found.state is not CredentialState.FINE for one in shown)
    told = {
        "credentials": shown,
        "headline": f"{words.several(attention, 'needs', 'need')} somebody."
        if attention
        else "All of them are fine.",
        "ahead_days": AHEAD.days,
    }
    return show(request, visit, "credentials.html", told)
