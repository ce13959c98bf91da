"""Inviting people, and joining by the link that one was given."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from nostro.app import world
from nostro.console.visiting import Visit, page, problem, show, signed_in, status_of
from nostro.domain import duties
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.party import Action, Role
from nostro.storage import invitations as stored
from nostro.workflows import inviting

_ROLES: Final = {role.value: role.value.replace("_", " ").capitalize() for role in Role}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def invitations(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Who is invited; with POST one more. The link is on the page that answers, nowhere else."""
    told: dict[str, Any] = {}
    if request.method == "POST":
        sent = request.POST
        told["values"] = {"email": sent.get("email", "")[:254], "name": sent.get("name", "")[:200]}
        told["ticked"] = sent.getlist("role")
        try:
            roles = [Role(word) for word in sent.getlist("role") if word in _ROLES]
            token = inviting.invite(
                visit.acting(), visit.member, sent.get("email", ""), sent.get("name", ""), roles
            )
            address = request.build_absolute_uri(reverse("join", args=[token]))
            told = {"link": address, "invited": sent.get("name", "").strip()}
        except (Invalid, Refused) as error:
            told["error"] = error
    with visit.looking():
        told |= {
            "may": duties.may(visit.member, Action.PROPOSE_ACCESS),
            "open": stored.still_open(visit.now),
            "roles": _ROLES.items(),
        }
        refused = told.get("error")
        status = status_of(refused) if refused else HTTPStatus.OK
        return show(request, visit, "invitations.html", told, status=status)


@require_POST
@page
def withdraw(request: HttpRequest, visit: Visit, invitation_id: UUID) -> HttpResponse:
    inviting.withdraw(visit.acting(), visit.member, invitation_id)
    messages.success(request, "That link counts no more.")
    return redirect("invitations")


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password; the link then counts no more."""
    try:
        row = inviting.look(world(), token)
    except NostroError as error:
        return problem(request, error)
    told: dict[str, Any] = {"invitation": row, "known": inviting.is_known(row)}
    status: int = HTTPStatus.OK
    if request.method == "POST":
        try:
            inviting.accept(world(), token, request.POST.get("password", ""))
        except (Invalid, Refused) as error:
            told["error"], status = error, status_of(error)
        else:
            messages.success(request, "You have joined. Sign in with your password.")
            return redirect("account_login")
    response = render(request, "console/join.html", told, status=status)
    response["Cache-Control"] = "private, no-store"
    return response
