"""A company's single sign-on: what is connected, whom it lets in, and asking for it otherwise."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import rights, words
from nostro.console.acting import then
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain import duties
from nostro.domain.errors import NostroError
from nostro.domain.party import Action
from nostro.storage.sign_on import ProviderRow
from nostro.workflows import sign_on_standing, sign_on_trial
from nostro.workflows.changes.sign_on import wanted_of
from nostro.workflows.sign_on_standing import Standing


@require_safe
@page
def sign_on_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    rights.check_access(visit.member)
    return _show(request, visit)


@require_POST
@signed_in
def test(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask the service whether it is there and knows us; nobody is signed in."""
    try:
        sign_on_trial.tried(visit.acting(), visit.member)
    except NostroError as error:
        return _again(request, visit, error)
    return then(request, reverse("sign_on"), "Tried. What was found stands below.")


@require_POST
@signed_in
def renew(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Keep a new client secret for the same service, once the service takes it."""
    try:
        sign_on_trial.renew_secret(
            visit.acting(), visit.member, request.POST.get("client_secret", "")
        )
    except NostroError as error:
        return _again(request, visit, error)
    return then(request, reverse("sign_on"), "The service takes the new secret; it is kept.")


def _again(request: HttpRequest, visit: Visit, error: NostroError) -> HttpResponse:
    rights.check_access(visit.member)
    with visit.looking():
        return _show(request, visit, error)


def _show(request: HttpRequest, visit: Visit, error: NostroError | None = None) -> HttpResponse:
    found = sign_on_standing.standing(visit.acting())
    row = found.provider
    told: dict[str, Any] = {
        "found": found,
        "provider": row,
        "groups": _groups(row),
        "headline": _headline(found),
        "may_ask": duties.may(visit.member, Action.PROPOSE_ACCESS),
        "change": f"{reverse('change_ask', args=['sign_on'])}?{_filled(row)}",
        "change_groups": f"{reverse('change_ask', args=['group_roles'])}?{_filled(row)}",
        "back": request.build_absolute_uri(reverse("company_back")),
        "way_in": request.build_absolute_uri(reverse("company_sign_in"))
        + f"?{urlencode({'company': visit.membership.customer_code})}",
        "only": sum(one.only_by_it for one in found.known),
        "error": error,
    }
    return show(request, visit, "sign_on.html", told, status=status_of(error) if error else 200)


def _headline(found: Standing) -> str:
    if found.provider is None:
        return "People sign in with a password or passkey; no service of yours is connected."
    count = len(found.known)
    if not count:
        return "It is connected; nobody has signed in by it yet."
    more = "at least " if count == sign_on_standing.KNOWN_MAX else ""
    return f"It has signed in {more}{words.several(count, 'person', 'people')} so far."


def _groups(row: ProviderRow | None) -> list[tuple[str, list[str]]]:
    """Each group with its roles in words."""
    mapped = row.group_roles if row else {}
    return [
        (group, [words.phrase(role) for role in held]) for group, held in sorted(mapped.items())
    ]


def _filled(row: ProviderRow | None) -> str:
    """The form of a change, filled with what is so now."""
    if row is None:
        return ""
    now = wanted_of(row)
    lines = "\n".join(f"{one.group} | {one.role.value}" for one in now.groups)
    told = {
        "issuer": now.issuer,
        "client_id": now.client_id,
        "newcomers": "true" if now.newcomers else "false",
        "groups_claim": now.groups_claim,
        "groups": lines,
    }
    return urlencode(told)
