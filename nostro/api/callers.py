"""Who calls: a program with its key, a person with his own token, or a person's console session.

Whoever it is acts for exactly one customer, and each request is one unit of work of that customer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from nostro.app import world
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Actor
from nostro.domain.party import Grant, Member, Role
from nostro.domain.policies import confidential
from nostro.ops import origin
from nostro.storage import keys, people
from nostro.storage.keys import Scope
from nostro.workflows.context import Acting
from nostro.workflows.revealing import looking_at

CUSTOMER_HEADER: Final = "Nostro-Customer"
CUSTOMER_IN_SESSION: Final = "customer"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, for which customer, and what he may do. `member` is None for a program."""

    tenant_id: UUID
    actor: Actor
    member: Member | None
    scopes: frozenset[Scope]
    is_present: bool = False  # A person in a session, not a token that a script may hold.

    @property
    def cleared(self) -> bool:
        """Whether he is shown confidential payments."""
        return Scope.CONFIDENTIAL_READ in self.scopes

    def acting(self) -> Acting:
        glass = self.member.break_glass if self.member else ""
        return Acting(tenant_id=self.tenant_id, actor=self.actor, world=world(), break_glass=glass)

    def as_member(self, role: Role) -> Member:
        """Who acts: the person with his own roles, or the program in the role of its scope."""
        if self.member:
            return self.member
        mine = Grant(role=role, cleared=self.cleared)
        return Member(
            id=self.actor.id,
            name=self.actor.name,
            roles=frozenset({role}),
            is_person=False,
            grants=(mine,),
        )


class Key(HttpBearer):
    """`Authorization: Bearer nk_...`: a program's key or a personal token."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        key = keys.authenticate(token, world().clock.now(), origin.current().source_address)
        if key.person_id is None:
            actor = Actor(kind="api_key", id=str(key.id), name=key.name)
            return Caller(tenant_id=key.tenant_id, actor=actor, member=None, scopes=key.scopes)
        return _person(key.tenant_id, key.person_id, key.scopes, by_token=True)


class Session(APIKeyCookie):
    """The console's session; writing needs the CSRF token as a form does."""

    param_name = "sessionid"

    def __call__(self, request: HttpRequest) -> Caller | None:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise Refused(
                "csrf_failed",
                "The request does not carry this session's CSRF token.",
                can_do="Send the token in the header X-CSRFToken, or use an API key.",
            )
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller:
        person_id = UUID(str(request.user.pk))
        return _person(_chosen_customer(request, person_id), person_id, frozenset(Scope))


def allowed(request: HttpRequest, scope: Scope) -> Caller:
    """The caller, if he may do this; raises Refused."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    if scope is Scope.PAYMENTS_APPROVE and caller.member is None:
        raise Refused(
            "keys_never_approve",
            "Only a person can approve a payment, never a key.",
            "The payment is unchanged.",
            "Approve in the console, or with a personal token.",
        )
    if scope not in caller.scopes:
        raise Refused(
            "scope_missing",
            f"{caller.actor.name} may not use {scope.value}.",
            can_do="Use a key with this scope, or ask for the role that has it.",
        )
    return caller


def opens_its_own_unit(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an operation that asks somebody outside before it opens its unit of work."""
    view.opens_its_own_unit = True  # type: ignore[attr-defined]  # read below
    return view


def in_one_customer(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run an operation in one unit of work of its caller's customer, who is shown of confidential
    payments what he is cleared for."""
    if getattr(view, "opens_its_own_unit", False):
        return view

    @wraps(view)
    def work(request: HttpRequest, *given: Any, **named: Any) -> Any:
        caller: Caller = request.auth  # type: ignore[attr-defined]
        with looking_at(caller.acting(), cleared=caller.cleared):
            return view(request, *given, **named)

    return work


def _person(
    tenant_id: UUID, person_id: UUID, scopes: frozenset[Scope], *, by_token: bool = False
) -> Caller:
    """A person as he acts. A token carries what he holds for good: nothing lent, no glass."""
    member = people.member(tenant_id, person_id, None if by_token else world().clock.now())
    return Caller(
        tenant_id=tenant_id,
        actor=Actor(kind="person", id=member.id, name=member.name),
        member=member,
        scopes=scopes & _scopes_of(member),
        is_present=not by_token,
    )


def _scopes_of(member: Member) -> frozenset[Scope]:
    """What a person may do through the API: by his roles, and by his clearance."""
    more = {Scope.CONFIDENTIAL_READ} if confidential.sees(member) else set()
    return keys.scopes_of(member.roles) | more


def _chosen_customer(request: HttpRequest, person_id: UUID) -> UUID:
    """The customer a session works for: named by header, chosen in the console, or the only one."""
    mine = people.memberships(person_id)
    code = request.headers.get(CUSTOMER_HEADER, "")
    chosen = str(request.session.get(CUSTOMER_IN_SESSION, ""))
    found = [
        row.tenant_id
        for row in mine
        if (code and row.customer_code == code)
        or (not code and chosen and str(row.tenant_id) == chosen)
        or (not code and not chosen and len(mine) == 1)
    ]
    if found:
        return found[0]
    if code or not mine:
        raise Refused("not_a_member", "You do not work for this customer.")
    raise Invalid(
        "customer_not_chosen",
        "You work for several customers and the request names none.",
        can_do=f"Name one by its code in the header {CUSTOMER_HEADER}.",
        field=CUSTOMER_HEADER,
    )
