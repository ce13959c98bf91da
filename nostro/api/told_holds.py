"""What /v1 tells about holds: why each holds its payment, and the other record beside it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from nostro.api.told import Paid, Told
from nostro.storage.hold_listing import HoldLine
from nostro.storage.pages.holds import HoldView


class HoldEvidence(Told):
    """One field of the payment beside the same field of the other record."""

    field: str
    ours: str
    other: str
    same: bool


class HoldOfPayment(Told):
    """Why a payment is held, or was. `evidence` compares it with `other`: another payment, or the
    payee's account as it was; empty where there is nothing to compare with."""

    id: UUID
    code: str
    sentence: str
    payment_id: UUID
    payment: str
    payee: str
    payee_number: str
    amount: Paid
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    reason: str
    other: str
    other_payment_id: UUID | None
    evidence: list[HoldEvidence]


def told_hold(row: HoldLine, view: HoldView | None) -> HoldOfPayment:
    return HoldOfPayment(
        id=row.id,
        code=row.code,
        sentence=row.sentence,
        payment_id=row.order_id,
        payment=row.number,
        payee=row.creditor_name,
        payee_number=row.payee_number,
        amount=row.amount,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        reason=row.reason,
        other=view.other_title if view else "",
        other_payment_id=view.other_payment if view else None,
        evidence=[HoldEvidence.model_validate(pair) for pair in view.compared] if view else [],
    )
