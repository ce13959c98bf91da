"""What /v1 tells about access: people, duties, conflicts, keys, and changes by two people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Told
from nostro.domain.change_request import RequestState
from nostro.domain.party import Action, Role
from nostro.storage.keys import Scope


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
