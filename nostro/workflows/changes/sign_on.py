"""The sign-in service that signs a company's people in: whoever it vouches for is let in here.

Its client secret is no part of what is asked for: it is given with the request, locked beside it,
and becomes the service's when two people have agreed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.connectors.openid import Provider
from nostro.domain.errors import Invalid
from nostro.domain.party import Action, Role
from nostro.storage import sign_on
from nostro.storage.sign_on import ProviderRow
from nostro.storage.tenancy import tenant
from nostro.workflows import change_secrets, sign_on_trial, single_sign_on
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.group_roles import WantedGroup, roles_of, told
from nostro.workflows.context import Acting

CLIENT_SECRET: Final = "client_secret"  # noqa: S105 - what it is called, not what it is


class WantedSignOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, as it is to be. `newcomers`: who was never here becomes a person at his first
    sign-in. Without groups, roles are asked for as for anybody."""

    issuer: str
    client_id: str
    newcomers: bool = True
    groups_claim: str = "groups"
    groups: tuple[WantedGroup, ...] = ()

    @property
    def roles(self) -> dict[str, tuple[Role, ...]]:
        return roles_of(self.groups)


def wanted(
    acting: Acting,
    issuer: str,
    client_id: str,
    *,
    groups: tuple[WantedGroup, ...],
    groups_claim: str,
) -> WantedSignOn:
    """A wish for this service. Without groups those stay that were agreed to for this issuer."""
    with tenant(acting.tenant_id):
        before = sign_on.provider()
    if before and before.issuer == issuer and not groups:
        kept = wanted_of(before)
        groups, groups_claim = kept.groups, kept.groups_claim
    return WantedSignOn(
        issuer=issuer, client_id=client_id, groups=groups, groups_claim=groups_claim
    )


def wanted_of(row: ProviderRow) -> WantedSignOn:
    """The service as it is, as somebody would wish for it."""
    pairs = ((group, role) for group, held in sorted(row.group_roles.items()) for role in held)
    return WantedSignOn(
        issuer=row.issuer,
        client_id=row.client_id,
        newcomers=row.just_in_time,
        groups_claim=row.groups_claim,
        groups=tuple(WantedGroup(group=group, role=role) for group, role in pairs),
    )


def _look(acting: Acting, wanted: WantedSignOn, request_id: UUID) -> Change:
    before, given = sign_on.provider(), bool(change_secrets.given_with(request_id, CLIENT_SECRET))
    if not (wanted.issuer.strip() and wanted.client_id.strip() and wanted.groups_claim.strip()):
        raise _incomplete("A sign-in service has an issuer, a client id and a claim for groups.")
    if not given and _another(before, wanted):
        raise _incomplete("Another service, or another client id, has a client secret of its own.")
    kept = "given with this request" if given else "stays as it is"
    return Change(
        subject_id=acting.tenant_id,
        subject="Single sign-on",
        before=describe(before) if before else {},
        after=_described(_row(acting, wanted), kept),
    )


def describe(row: ProviderRow) -> dict[str, Any]:
    """A service as people compare it with another."""
    return _described(row, "stays as it is")


def _described(row: ProviderRow, secret: str) -> dict[str, Any]:
    mapped = told(row.issuer, row.groups_claim, row.group_roles)
    return {
        "issuer": row.issuer,
        "client_id": row.client_id,
        CLIENT_SECRET: secret,
        "newcomers": row.just_in_time,
        "claim": mapped["claim"],
        "groups": mapped["groups"],
    }


def _another(before: ProviderRow | None, wanted: WantedSignOn) -> bool:
    return before is None or (before.issuer, before.client_id) != (wanted.issuer, wanted.client_id)


def _row(acting: Acting, wanted: WantedSignOn) -> ProviderRow:
    return ProviderRow(
        id=acting.world.ids.new(),
        issuer=wanted.issuer,
        client_id=wanted.client_id,
        groups_claim=wanted.groups_claim,
        group_roles=wanted.roles,
        just_in_time=wanted.newcomers,
    )


def _apply(acting: Acting, wanted: WantedSignOn, change: Change, done: Done) -> None:
    secret = change_secrets.given_with(done.request_id, CLIENT_SECRET)
    single_sign_on.settle(acting, _row(acting, wanted), secret)


def _try(wanted: WantedSignOn, secrets: Mapping[str, str]) -> None:
    secret = secrets[CLIENT_SECRET]
    sign_on_trial.check(
        Provider(issuer=wanted.issuer, client_id=wanted.client_id, client_secret=secret)
    )


def _incomplete(happened: str) -> Invalid:
    return Invalid(
        "sign_on_incomplete",
        happened,
        "Nothing was asked for.",
        "Ask in the console, People and roles, Single sign-on, where the secret is typed in; or"
        " with nostro single-sign-on connect.",
        field="wanted",
    )


KIND = Kind(
    name="sign_on",
    title="Single sign-on",
    wanted=WantedSignOn,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    secrets=(CLIENT_SECRET,),
    try_secrets=_try,
)
