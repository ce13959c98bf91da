"""What /v1 tells about access: people, duties, conflicts, keys, and changes by two people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Told
from nostro.domain.change_request import RequestState
from nostro.domain.party import Action, Role
from nostro.storage.keys import Scope
from nostro.workflows.sign_on_standing import Standing


class PersonAtWork(Told):
    """Who works for the customer; `may` spells each role and how far it reaches."""

    id: UUID
    name: str
    roles: list[Role]
    may: list[str]


class RoleDuties(Told):
    """What one role may do."""

    role: Role
    actions: list[Action]


class DutyConflict(BaseModel):
    """Two duties that one person has and that do not mix; `held_by` is what holds all the same."""

    person_id: UUID
    person: str
    one: Action
    other: Action
    why: str
    held_by: str
    roles: list[Role]


class DutyShortage(Told):
    """Something for which fewer people are left than it takes."""

    about: str
    have: int
    need: int
    sentence: str
    can_do: str


class AccessReview(BaseModel):
    """Conflicts of duty and shortages, as they are now."""

    conflicts: list[DutyConflict]
    shortages: list[DutyShortage]


class ChangeAgreement(Told):
    """One person's agreement."""

    person: str = Field(validation_alias="person_name")
    reason: str
    agreed_at: datetime


class ChangeRequest(Told):
    """A change that somebody asked for; `needed` other people have to agree."""

    id: UUID
    kind: str
    subject: str
    state: RequestState
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    needed: int
    asked_by: str = Field(validation_alias="asked_by_name")
    asked_at: datetime
    expires_at: datetime
    ended_by: str = Field(validation_alias="ended_by_name")
    ended_reason: str
    ended_at: datetime | None
    agreements: list[ChangeAgreement]


class PaymentDifference(Told):
    """One past payment that would have gone another way."""

    number: str
    what: str
    before: str
    after: str


class DryRunResult(Told):
    """A change tried on past payments. `different` counts all, `shown` are the newest of them;
    `complete` is false where there were more than are looked at in one go. Confidential payments
    are not looked at."""

    as_of: datetime
    since: date
    looked_at: int
    different: int
    complete: bool
    shown: list[PaymentDifference]


class ApiKey(Told):
    """One key, no secret. `last_used_at` is true to the hour; no networks: from anywhere."""

    id: UUID
    name: str
    owner: str = Field(validation_alias="owner_name")
    scopes: list[Scope]
    networks: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: UUID | None


class SignOnGroup(BaseModel):
    """A group of the company's service, and the roles that it gives here."""

    group: str
    roles: list[Role]


class SignOn(BaseModel):
    """The company's own sign-in service; `connected` false: the rest is empty. No secret is told,
    only since when it is kept. `just_in_time`: newcomers become people at their first sign-in."""

    connected: bool
    issuer: str
    client_id: str
    groups_claim: str
    groups: list[SignOnGroup]
    just_in_time: bool
    since: datetime | None
    connected_by: str
    client_secret_since: datetime | None


class SignOnLooked(Told):
    """One thing that was tried; `worked` is null where the service's answer does not tell."""

    what: str
    worked: bool | None
    said: str


def told_sign_on(found: Standing) -> SignOn:
    row = found.provider
    mapped = sorted(row.group_roles.items()) if row else []
    return SignOn(
        connected=row is not None,
        issuer=row.issuer if row else "",
        client_id=row.client_id if row else "",
        groups_claim=row.groups_claim if row else "",
        groups=[SignOnGroup(group=group, roles=list(held)) for group, held in mapped],
        just_in_time=row.just_in_time if row else False,
        since=row.since if row else None,
        connected_by=found.by,
        client_secret_since=found.secret_since,
    )
