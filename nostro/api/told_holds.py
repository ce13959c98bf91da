"""What /v1 tells about holds: why each holds its payment, and the other record beside it."""

from __future__ import annotations

from datetime import date, datetime
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


class BrokenLimit(Told):
    """A limit that the payment was above, and what counted there when it was held. Where
    confidential payments count that are not told, `others_untold` is true and `over_by` null."""

    limit: str
    most: Paid
    per: str
    day: date | None
    others: int
    others_sum: Paid | None
    others_untold: bool
    this: Paid
    over_by: Paid | None


class AlikeName(Told):
    """A listed name that the payee's name was like when the payment was held, in percent."""

    ours: str
    listed: str
    kind: str
    percent: int
    watch_list: str
    published: date | None
    entry: str
    programs: list[str]
    born: list[str]
    because: list[str]


class HoldOfPayment(Told):
    """Why a payment is held, or was. `evidence` compares it with `other`: another payment, or the
    payee's account as it was; empty where there is nothing to compare with. `limits` and
    `listed_names` are what the sentence says, as figures."""

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
    limits: list[BrokenLimit]
    listed_names: list[AlikeName]


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
        limits=[BrokenLimit.model_validate(one) for one in view.hold.over] if view else [],
        listed_names=[AlikeName.model_validate(one) for one in view.hold.listed] if view else [],
    )
