"""The partner's overview: every customer that this person is granted, one after the other, each in
a unit of work of its own and through its own wall."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nostro.app import world
from nostro.storage import partners, people
from nostro.storage.pages.standing import Standing, standing
from nostro.storage.people import MembershipRow
from nostro.storage.tenancy import looking


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One customer and how it stands."""

    membership: MembershipRow
    standing: Standing

    @property
    def roles(self) -> str:
        return ", ".join(sorted(self.membership.roles)).replace("_", " ")


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """How each granted customer stands now."""
    person_id, now = UUID(str(request.user.pk)), world().clock.now()
    lines = []
    for membership in people.memberships(person_id):
        with looking(membership.tenant_id, cleared=False):
            lines.append(Line(membership=membership, standing=standing(now)))
    told = {"lines": lines, "partner": partners.partner_of(person_id), "now": now}
    response = render(request, "console/partner.html", told, status=HTTPStatus.OK)
    response["Cache-Control"] = "private, no-store"
    return response
