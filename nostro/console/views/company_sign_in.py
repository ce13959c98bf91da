"""Signing in by one's company's own service: away to it with a number used once, and back."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nostro.app import world
from nostro.connectors.openid import Pending
from nostro.console.visiting import CUSTOMER_IN_SESSION, problem
from nostro.domain.errors import NostroError, Refused
from nostro.storage import parties, people
from nostro.workflows import single_sign_on

_UNDER_WAY: Final = "company_sign_in"


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that began in this browser, and for which customer."""

    tenant_id: UUID
    pending: Pending


@require_safe
@never_cache
def choose(request: HttpRequest) -> HttpResponse:
    """Which company; with `?company` on to its service. Whether there is one is not told apart
    from whether it has a service."""
    code = request.GET.get("company", "").strip()
    if not code:
        return render(request, "console/company_sign_in.html")
    try:
        tenant_id = _customer(code)
        address, pending = single_sign_on.begin(tenant_id, _back(request))
    except NostroError as error:
        return problem(request, error)
    request.session[_UNDER_WAY] = msgspec.to_builtins(
        UnderWay(tenant_id=tenant_id, pending=pending)
    )
    return redirect(address)


@require_safe
@never_cache
def back(request: HttpRequest) -> HttpResponse:
    """Back from the service, with a code for exactly this browser's sign-in."""
    try:
        begun = _begun(request)
        person_id = single_sign_on.finish(
            world(), begun.tenant_id, begun.pending, request.GET.get("code", ""), _back(request)
        )
    except NostroError as error:
        return problem(request, error)
    request.session[CUSTOMER_IN_SESSION] = str(begun.tenant_id)
    user: Any = get_user_model().objects.get(pk=person_id)
    if not user.is_active:
        return redirect("account_inactive")
    record_authentication(request, user, method="single_sign_on")
    answer: HttpResponse = perform_login(request, Login(user=user))
    if any(row.tenant_id == begun.tenant_id for row in people.memberships(person_id)):
        request.session[CUSTOMER_IN_SESSION] = str(begun.tenant_id)
    return answer


def _begun(request: HttpRequest) -> UnderWay:
    """What began here; it counts once."""
    kept = request.session.pop(_UNDER_WAY, None)
    begun = msgspec.convert(kept, UnderWay) if kept else None
    if begun is None or not constant_time_compare(
        request.GET.get("state", ""), begun.pending.state
    ):
        raise _refused("This sign-in did not begin in this browser, or was finished before.")
    if "error" in request.GET:
        raise _refused("Your company's service did not sign you in.")
    return begun


def _customer(code: str) -> UUID:
    for row in parties.customers():
        if row.code.casefold() == code.casefold():
            return row.id
    raise Refused(
        "sign_on_not_set_up",
        "This company has no sign-in service here.",
        "Nobody was signed in.",
        "Sign in with a password or passkey, or ask an administrator of your company.",
    )


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("company_back"))


def _refused(happened: str) -> Refused:
    return Refused(
        "sign_on_not_begun_here", happened, "Nobody was signed in.", "Begin again at the sign-in."
    )
