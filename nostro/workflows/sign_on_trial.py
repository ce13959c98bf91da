"""Trying a company's sign-in service without signing anybody in: is it there, does it know us?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from nostro.connectors.openid import Endpoints, OpenId, Provider
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.party import Action, Member
from nostro.domain.policies import change_rights
from nostro.storage import events, stored_secrets
from nostro.storage.tenancy import check_none_open, tenant
from nostro.workflows.context import Acting
from nostro.workflows.single_sign_on import provider_of, provider_with_secret, secret_name

ANSWERS = "The service answers as its issuer"
KEYS = "It publishes keys that we can check by"
KNOWS_US = "It takes our client id and secret"
Found = TypeVar("Found")


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried, and what came of it; `worked` is None where nobody can tell."""

    what: str
    worked: bool | None
    said: str


def check(provider: Provider, openid: OpenId | None = None) -> None:
    """Raise Invalid where it is no provider or takes our secret for wrong, Unavailable where it
    does not answer. It is asked over the network: outside any unit of work."""
    check_none_open()
    asks = openid or OpenId()
    at = asks.endpoints(provider.issuer)
    if asks.knows_us(at, provider) is False:
        raise Invalid(
            "client_secret_refused",
            f"{provider.issuer} does not take this client id and secret.",
            "Nothing was changed.",
            "Copy both anew from where nostro is registered there.",
            field="client_secret",
        )


def tried(acting: Acting, member: Member | None, openid: OpenId | None = None) -> list[Looked]:
    """Try the customer's service; what was found is an event. Raises Refused when there is none,
    or for a member who may not ask for a change of it."""
    if member is not None:
        change_rights.may_ask(member, Action.PROPOSE_ACCESS)
    check_none_open()
    asks, provider = openid or OpenId(), provider_with_secret(acting.tenant_id)[1]
    found: list[Looked] = []
    at = _look(found, ANSWERS, lambda: asks.endpoints(provider.issuer), _where)
    if at is not None:
        _look(found, KEYS, lambda: asks.signing_keys(at), lambda count: f"{count} of them")
        _look(found, KNOWS_US, lambda: asks.knows_us(at, provider), _known)
    with tenant(acting.tenant_id):
        told = {
            "issuer": provider.issuer,
            "worked": all(one.worked is not False for one in found),
            "looked": [msgspec.to_builtins(one) for one in found],
        }
        tried = acting.event("customer.sign_on_tried", "customer", acting.tenant_id, **told)
        events.record([tried])
    return found


def renew_secret(
    acting: Acting, member: Member, client_secret: str, openid: OpenId | None = None
) -> None:
    """Keep a new client secret for the same service and client id, tried first: it opens nothing
    but what was agreed to, so one person does it. Raises what `check` raises, Refused when the
    member may not or there is no service, Invalid for none."""
    change_rights.may_ask(member, Action.PROPOSE_ACCESS)
    if not client_secret.strip():
        raise Invalid(
            "client_secret_missing",
            "There is no client secret in it.",
            "Nothing was changed.",
            "Paste the secret that the sign-in service shows for nostro.",
            field="client_secret",
        )
    row, provider = provider_with_secret(acting.tenant_id)
    renewed = msgspec.structs.replace(provider, client_secret=client_secret.strip())
    check(renewed, openid)
    with tenant(acting.tenant_id):
        if provider_of() != row:
            raise Refused(
                "subject_changed",
                "The sign-in service was changed meanwhile.",
                "The secret was not kept.",
                "Look at the service as it is now, and renew its secret then.",
            )
        now = acting.world.clock.now()
        stored_secrets.write(secret_name(acting.tenant_id), renewed.client_secret, now)
        told = {"issuer": row.issuer, "client_id": row.client_id}
        kind = "customer.sign_on_secret_renewed"
        events.record([acting.event(kind, "customer", acting.tenant_id, **told)])


def _look(
    found: list[Looked], what: str, ask: Callable[[], Found], say: Callable[[Found], str]
) -> Found | None:
    try:
        answer = ask()
    except NostroError as error:
        found.append(Looked(what=what, worked=False, said=error.happened))
        return None
    worked = bool(answer) if answer is not None else None
    found.append(Looked(what=what, worked=worked, said=say(answer)))
    return answer


def _where(at: Endpoints) -> str:
    return f"signs in at {at.authorization_endpoint}"


def _known(answer: bool | None) -> str:
    if answer is None:
        return "its answer does not tell; the next sign-in will"
    return "both are right" if answer else "refused: copy both anew from where nostro is registered"
