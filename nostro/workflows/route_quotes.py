"""What a payment would cost by one way, and when it would be executed."""

from __future__ import annotations

import msgspec

from nostro.domain.bank_calendar import Plan
from nostro.domain.errors import Invalid
from nostro.domain.payment import Instruction, PaymentRequest, RollRule, Route
from nostro.domain.policies.bank_fees import BankFees
from nostro.domain.policies.cheapest import Quote
from nostro.workflows.instructing import LATEST_AFTER
from nostro.workflows.planning import Planner


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that might be, with the way that is looked at."""

    instruction: Instruction
    route: Route


class FeesAndDays:
    """The quotes of one unit of work. Without a planner no day is known: of past payments nobody
    can say any more when they would have been executed."""

    def __init__(self, fees: BankFees, planner: Planner | None) -> None:
        self.fees = fees
        self._planner = planner

    def __call__(self, request: PaymentRequest, route: Route) -> Quote:
        plan = None
        if self._planner:
            plan = planned(self._planner, as_told(request), route)
        return Quote(fee=self.fees.fee(route, request.amount), day=plan.day if plan else None)


def planned(planner: Planner, told: Instruction, route: Route) -> Plan | None:
    """When it would leave; None while what its connection says of the bank cannot be read."""
    try:
        return planner.plan(WhatIf(instruction=told, route=route))
    except Invalid:
        return None


def as_told(request: PaymentRequest) -> Instruction:
    """As much of an instruction as days and ways hang on."""
    return Instruction(
        end_to_end_id="",
        amount=request.amount,
        creditor_name=request.payee_name,
        creditor_address=request.payee_address,
        creditor_iban=request.creditor_iban,
        creditor_account=request.creditor_account,
        creditor_bic=request.creditor_bic,
        requested_date=request.requested_date,
        latest_date=request.requested_date + LATEST_AFTER,
        roll_rule=RollRule.NEXT_BANK_DAY,
        remittance=request.remittance,
        creditor_reference=request.creditor_reference,
    )
