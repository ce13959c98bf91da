"""Which groups of the company's own sign-in service give which roles here, at every sign-in.

Whoever looks after groups over there then decides on access here: so two people agree to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.party import Action, Role
from nostro.workflows import single_sign_on
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


class WantedGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One group as the service calls it, and one role that it gives."""

    group: str
    role: Role


class WantedGroups(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All groups that count, as `groups_claim` names them; none at all: roles are asked for."""

    groups: tuple[WantedGroup, ...] = ()
    groups_claim: str = "groups"

    @property
    def roles(self) -> dict[str, tuple[Role, ...]]:
        return roles_of(self.groups)


def roles_of(groups: Iterable[WantedGroup]) -> dict[str, tuple[Role, ...]]:
    """The roles by group."""
    found: dict[str, tuple[Role, ...]] = {}
    for one in groups:
        found[one.group] = (*found.get(one.group, ()), one.role)
    return found


def _look(acting: Acting, wanted: WantedGroups, _: UUID) -> Change:
    row = single_sign_on.provider_of()
    return Change(
        subject_id=acting.tenant_id,
        subject=f"Groups of {row.issuer}",
        before=told(row.issuer, row.groups_claim, row.group_roles),
        after=told(row.issuer, wanted.groups_claim, wanted.roles),
    )


def told(issuer: str, claim: str, groups: dict[str, tuple[Role, ...]]) -> dict[str, Any]:
    """The issuer stands in it, so that another service in its place voids what was asked for."""
    roles = {group: sorted(role.value for role in held) for group, held in groups.items()}
    return {
        "issuer": issuer,
        "claim": claim,
        "groups": [f"{group}: {', '.join(held)}" for group, held in sorted(roles.items())],
    }


def _apply(acting: Acting, wanted: WantedGroups, change: Change, done: Done) -> None:
    single_sign_on.map_groups(acting, wanted.roles, wanted.groups_claim)


KIND = Kind(
    name="group_roles",
    title="Roles by groups of single sign-on",
    wanted=WantedGroups,
    asks=(Action.PROPOSE_ACCESS,),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
)
