"""Who looks at the console and for which customer: a page is one unit of work of that customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from nostro.app import world
from nostro.console import rights
from nostro.console.words import initials
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused, Unavailable
from nostro.domain.event import Actor
from nostro.domain.party import Member
from nostro.domain.policies import confidential
from nostro.storage import people
from nostro.storage.pages.frame import frame
from nostro.storage.people import MembershipRow
from nostro.workflows.context import Acting
from nostro.workflows.revealing import looking_at

CUSTOMER_IN_SESSION: Final = "customer"
_STATUS: Final[tuple[tuple[type[NostroError], HTTPStatus], ...]] = (
    (Invalid, HTTPStatus.BAD_REQUEST),
    (Refused, HTTPStatus.CONFLICT),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (InDoubt, HTTPStatus.BAD_GATEWAY),
)

_STATUS_OF_CODE: Final = {
    "not_a_member": HTTPStatus.FORBIDDEN,
    "log_not_yours": HTTPStatus.FORBIDDEN,
    "access_not_yours": HTTPStatus.FORBIDDEN,
    "not_cleared": HTTPStatus.FORBIDDEN,
    "saved_filter_unknown": HTTPStatus.NOT_FOUND,
}


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One person at one page, acting for one customer, now."""

    membership: MembershipRow
    memberships: tuple[MembershipRow, ...]
    member: Member
    email: str
    now: datetime

    @property
    def tenant_id(self) -> UUID:
        return self.membership.tenant_id

    @property
    def initials(self) -> str:
        return initials(self.member.name)

    @property
    def may_stop(self) -> bool:
        """Whether the stop button stands in the header."""
        return rights.may_freeze(self.member)

    @property
    def may_read_log(self) -> bool:
        """Whether the log stands in the navigation."""
        return rights.may_read_log(self.member)

    @property
    def roles(self) -> str:
        return ", ".join(sorted(self.member.roles)).capitalize()

    @property
    def cleared(self) -> bool:
        """Whether he is shown confidential payments."""
        return confidential.sees(self.member)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """A unit of work to show something in: of confidential payments only to who is cleared,
        and then it is on record what was shown."""
        with looking_at(self.acting(), cleared=self.cleared):
            yield

    def acting(self) -> Acting:
        actor = Actor(kind="person", id=self.member.id, name=self.member.name)
        glass = self.member.break_glass
        return Acting(tenant_id=self.tenant_id, actor=actor, world=world(), break_glass=glass)


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Only for people who signed in and work for a customer; the view gets their Visit."""

    @wraps(view)
    def work(request: HttpRequest, **named: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return go(request, f"{reverse('account_login')}?{_back_to(request)}")
        try:
            visit = _visit(request)
            if visit is None:
                return go(request, f"{reverse('customers')}?{_back_to(request)}")
            return view(request, visit, **named)
        except NostroError as error:
            return problem(request, error)

    return work


def page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page: signed in, and all of it in one unit of work of the chosen customer."""

    @wraps(view)
    def work(request: HttpRequest, visit: Visit, **named: Any) -> HttpResponseBase:
        with visit.looking():
            return view(request, visit, **named)

    return signed_in(work)


def show(
    request: HttpRequest,
    visit: Visit,
    template: str,
    context: dict[str, Any],
    *,
    fragment: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The page, or for an htmx request only its `fragment`. Inside the unit of work."""
    chosen = fragment if fragment and by_htmx(request) else template
    told = {**context, "visit": visit, "frame": frame(), "now": visit.now}
    told["space"] = world().space.left() if world().space.is_low() else None
    response = render(request, f"console/{chosen}", told, status=status)
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = "HX-Request, Cookie"
    return response


def problem(request: HttpRequest, error: NostroError) -> HttpResponse:
    """An error a person can see: what happened, what we did, what he can do."""
    template = "problem_banner.html" if by_htmx(request) else "problem.html"
    return render(request, f"console/{template}", {"error": error}, status=status_of(error))


def status_of(error: NostroError) -> int:
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.CONFLICT


def by_htmx(request: HttpRequest) -> bool:
    """htmx restoring its history wants the whole page."""
    asked = request.headers
    return asked.get("HX-Request") == "true" and "HX-History-Restore-Request" not in asked


def _visit(request: HttpRequest) -> Visit | None:
    """The visit, or None while a person who works for several customers has not chosen one."""
    person_id = UUID(str(request.user.pk))
    mine = people.memberships(person_id)
    if not mine:
        raise Refused(
            "not_a_member",
            "You are signed in, but you do not work for any customer here.",
            "Nothing is shown.",
            "Ask an administrator of your company for a membership.",
        )
    chosen = str(request.session.get(CUSTOMER_IN_SESSION, ""))
    found = [row for row in mine if str(row.tenant_id) == chosen]
    if not found and len(mine) > 1:
        return None
    membership = (found or mine)[0]
    if not found:
        request.session[CUSTOMER_IN_SESSION] = str(membership.tenant_id)
    return Visit(
        membership=membership,
        memberships=tuple(mine),
        member=people.member(membership.tenant_id, person_id, world().clock.now()),
        email=str(getattr(request.user, "email", "")),
        now=world().clock.now(),
    )


def go(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect that also moves the whole page when htmx asked for a part of it."""
    if by_htmx(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _back_to(request: HttpRequest) -> str:
    return urlencode({"next": request.get_full_path() if request.method == "GET" else "/"})
