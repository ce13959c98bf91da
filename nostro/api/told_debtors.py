"""What programs are told of the customers of an entity."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Told


class Debtor(Told):
    """One customer, as `source` told him at `told_at`."""

    id: UUID
    entity: str = Field(validation_alias="entity_code")
    number: str
    name: str
    parent_number: str
    ibans: list[str]
    further_names: list[str]
    source: str
    told_at: datetime


class DebtorsTaken(BaseModel):
    """What became of them. `older`: something later, or the same, was told of these before."""

    told_at: datetime
    new: int
    changed: int
    older: int
