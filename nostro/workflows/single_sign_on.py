"""How people sign in by their company's own service, and become people here the first time.

1. A customer has at most one provider. Who somebody is, is (issuer, subject); an e-mail address
   never joins a newcomer with somebody who is here already.
2. A newcomer is made when the customer wants that. What he may do follows his groups, each time
   anew, where groups are mapped to roles; where none is, access is asked for as for anybody.
3. He who is in no mapped group any more works here no more, from that sign-in on.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from nostro.connectors.openid import OpenId, Pending, Provider
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Actor
from nostro.domain.party import Role
from nostro.storage import events, people, sign_on, stored_secrets
from nostro.storage.sign_on import ProviderRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting, World


def connect(
    acting: Acting,
    provider: Provider,
    *,
    groups_claim: str = "groups",
    group_roles: Mapping[str, tuple[Role, ...]] | None = None,
    just_in_time: bool = True,
    openid: OpenId | None = None,
) -> None:
    """Let a customer's people sign in by this provider. It is asked first: raises Invalid when it
    is none, Unavailable when it does not answer.

    Without `group_roles` those stay that were agreed to for this issuer; another one's are others.
    """
    (openid or OpenId()).endpoints(provider.issuer)
    with tenant(acting.tenant_id):
        before = sign_on.provider()
        if group_roles is None and before and before.issuer == provider.issuer:
            groups_claim, group_roles = before.groups_claim, before.group_roles
        row = ProviderRow(
            id=acting.world.ids.new(),
            issuer=provider.issuer,
            client_id=provider.client_id,
            groups_claim=groups_claim,
            group_roles=dict(group_roles or {}),
            just_in_time=just_in_time,
        )
        settle(acting, row, provider.client_secret)


def settle(acting: Acting, row: ProviderRow, client_secret: str = "") -> None:
    """Sign people in so from now on; without a secret, with the one that is kept. Inside a unit of
    work."""
    if client_secret:
        now = acting.world.clock.now()
        stored_secrets.write(secret_name(acting.tenant_id), client_secret, now)
    _keep(acting, row)


def map_groups(acting: Acting, group_roles: Mapping[str, tuple[Role, ...]], claim: str) -> None:
    """Let roles follow these groups from now on. Raises Refused when there is no provider."""
    with tenant(acting.tenant_id):
        row, groups = provider_of(), dict(group_roles)
        _keep(acting, msgspec.structs.replace(row, groups_claim=claim, group_roles=groups))


def remove(acting: Acting) -> None:
    """Nobody signs in by the customer's provider any more. Raises Refused when there is none.

    Who its people are stays known: should the same issuer come back, they are the same people.
    """
    with tenant(acting.tenant_id):
        row = provider_of()
        sign_on.remove(acting.world.clock.now())
        stored_secrets.forget_all(secret_name(acting.tenant_id))
        told = {"issuer": row.issuer, "client_id": row.client_id}
        gone = acting.event("customer.sign_on_removed", "customer", acting.tenant_id, **told)
        events.record([gone])


def provider_of() -> ProviderRow:
    """The customer's provider; inside a unit of work. Raises Refused when there is none."""
    row = sign_on.provider()
    if row is None:
        raise Refused(
            "sign_on_not_set_up",
            "This company has no sign-in service here.",
            "Nothing was changed.",
            "Connect one first: People and roles, Single sign-on, or"
            " nostro single-sign-on connect.",
        )
    return row


def _keep(acting: Acting, row: ProviderRow) -> None:
    sign_on.keep(row, acting.world.clock.now())
    roles = {group: [role.value for role in held] for group, held in row.group_roles.items()}
    told = {
        "issuer": row.issuer,
        "client_id": row.client_id,
        "newcomers": row.just_in_time,
        "groups_claim": row.groups_claim,
        "groups": roles,
    }
    changed = acting.event("customer.sign_on_changed", "customer", acting.tenant_id, **told)
    events.record([changed])


def begin(tenant_id: UUID, redirect_uri: str, openid: OpenId | None = None) -> tuple[str, Pending]:
    """Where the browser goes, and what its session must bring back. Raises Refused when the
    customer has no provider."""
    asks, provider = openid or OpenId(), provider_with_secret(tenant_id)[1]
    pending = Pending(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
    )
    at = asks.endpoints(provider.issuer)
    return asks.address(at, provider, pending, redirect_uri), pending


def finish(
    world: World,
    tenant_id: UUID,
    pending: Pending,
    code: str,
    redirect_uri: str,
    openid: OpenId | None = None,
) -> UUID:
    """Who came back with this code. Raises Refused for anybody who may not sign in so."""
    asks, now = openid or OpenId(), world.clock.now()
    row, provider = provider_with_secret(tenant_id)
    at = asks.endpoints(row.issuer)
    claims = asks.claims(at, provider, pending, code, redirect_uri, now)
    with tenant(tenant_id):
        person_id = sign_on.person_of(row.issuer, claims["sub"])
        if person_id is None:
            person_id = _newcomer(world, tenant_id, row, claims)
        _follow_groups(world, tenant_id, row, person_id, claims)
    return person_id


def _newcomer(world: World, tenant_id: UUID, row: ProviderRow, claims: Mapping[str, Any]) -> UUID:
    email = str(claims.get("email", "")).strip().lower()
    name = str(claims.get("name") or email)[:200]
    if not row.just_in_time:
        raise _refused("sign_on_unknown_person", "Nobody here is known to your company's service.")
    try:
        people.check_email(email)
    except Invalid as error:
        raise _refused("sign_on_without_address", "Your company's service told no address.") from (
            error
        )
    if people.person_of_email(email) is not None:
        raise _refused(
            "sign_on_address_taken",
            f"Somebody signs in here as {email} already, and an address alone proves nothing.",
        )
    person_id, now = world.ids.new(), world.clock.now()
    sign_on.create_person(person_id, email, name, now)
    sign_on.remember(world.ids.new(), row, claims["sub"], person_id, now)
    acting = _service(world, tenant_id)
    told = {"email": email, "by": "single sign-on", "issuer": row.issuer}
    events.record([acting.event("person.joined", "person", person_id, **told)])
    return person_id


def _follow_groups(
    world: World, tenant_id: UUID, row: ProviderRow, person_id: UUID, claims: Mapping[str, Any]
) -> None:
    if not row.group_roles:
        return
    told = claims.get(row.groups_claim)
    groups = [str(group) for group in told] if isinstance(told, list) else []
    roles = {role for group in groups for role in row.group_roles.get(group, ())}
    held = people.grants_of(person_id)
    if {grant.role for grant in held or () if grant.lasting} == roles and (held or not roles):
        return
    before = sorted({grant.role.value for grant in held or ()})
    if roles:
        people.grant(world.ids.new(), person_id, roles)
    else:
        people.withdraw(person_id)
    kind = "person.granted" if roles else "person.withdrawn"
    after = sorted(role.value for role in roles)
    said = {"before": before, "roles": after, "by": "groups of single sign-on"}
    events.record([_service(world, tenant_id).event(kind, "person", person_id, **said)])


def provider_with_secret(tenant_id: UUID) -> tuple[ProviderRow, Provider]:
    """The customer's provider as it is set up, and as it is spoken with. Raises Refused."""
    with tenant(tenant_id):
        row = sign_on.provider()
        secret = stored_secrets.read([name := secret_name(tenant_id)]).get(name)
    if row is None or secret is None:
        raise _refused("sign_on_not_set_up", "This company has no sign-in service here.")
    return row, Provider(issuer=row.issuer, client_id=row.client_id, client_secret=secret)


def secret_name(tenant_id: UUID) -> str:
    """What the client secret is called among the customer's secrets."""
    return f"sign_on.{tenant_id}.client_secret"


def _service(world: World, tenant_id: UUID) -> Acting:
    actor = Actor(kind="job", id="single_sign_on", name="single sign-on")
    return Acting(tenant_id=tenant_id, actor=actor, world=world)


def _refused(code: str, happened: str) -> Refused:
    return Refused(
        code,
        happened,
        "Nobody was signed in.",
        "Sign in with a password or passkey, or ask an administrator of your company.",
    )
