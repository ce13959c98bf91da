"""What /v1 tells about notices to payees: how each stands, and which payments it tells of."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.told import Told
from nostro.domain.advice_notice import NoticeKind, NoticeState
from nostro.storage.advice_notices import ToldNotice


class AdvisedPayment(Told):
    id: UUID
    number: str


class AdviceNotice(Told):
    """One notice. `doubts`: how many of its tries the payee may have been told by without our
    knowing; each had the same `message_id`. `said`: the other side's last words, or why not."""

    id: UUID
    kind: NoticeKind
    state: NoticeState
    connection: str
    formats: list[str]
    address: str
    message_id: str
    executed_on: date
    rule: str
    tries: int
    doubts: int
    due_at: datetime | None = Field(validation_alias="next_action_at")
    created_at: datetime
    told_at: datetime | None
    said: str
    asked_by: str = Field(validation_alias="asked_by_name")
    reason: str
    evidence_id: UUID | None
    corrects_id: UUID | None
    payments: list[AdvisedPayment]


class AdviceAsked(BaseModel):
    """The notice that goes now."""

    notice_id: UUID


def told_notice(one: ToldNotice) -> AdviceNotice:
    payments = [AdvisedPayment(id=key, number=number) for key, number in one.payments]
    row = {name: getattr(one.notice, name) for name in one.notice.__struct_fields__}
    row |= {"connection": one.connection, "payments": payments}
    return AdviceNotice.model_validate(row)
