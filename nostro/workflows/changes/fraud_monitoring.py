"""How fraud is monitored: where that is written, who answers for it, when it was reviewed."""

from __future__ import annotations

from datetime import date
from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.policies.checks import day
from nostro.domain.policies.fraud_monitoring import MONTHS_MAX, FraudMonitoring
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

_TEXT_MAX = 200
_EARLIEST = date(2020, 1, 1)


class WantedFraudMonitoring(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`procedure` names the document and its version; `reviewed_on` the last review."""

    procedure: str
    responsible: str
    reviewed_on: date
    review_months: int = MONTHS_MAX


def _read(wanted: WantedFraudMonitoring) -> FraudMonitoring:
    for field in ("procedure", "responsible"):
        text = getattr(wanted, field).strip()
        if not 0 < len(text) <= _TEXT_MAX:
            raise Invalid(
                "evidence_incomplete",
                f"There is no {field}, or more than {_TEXT_MAX} characters.",
                "Nothing was asked for.",
                "Name the document with its version, and who answers for it.",
                field=field,
            )
    if not 1 <= wanted.review_months <= MONTHS_MAX or wanted.reviewed_on < _EARLIEST:
        raise Invalid(
            "check_out_of_range",
            f"{wanted.review_months} months from {wanted.reviewed_on} on are no yearly review.",
            "Nothing was asked for.",
            f"Give a day since {_EARLIEST.year} and 1 to {MONTHS_MAX} months.",
            field="review_months",
        )
    return FraudMonitoring(
        procedure=wanted.procedure.strip(),
        responsible=wanted.responsible.strip(),
        reviewed_on=wanted.reviewed_on,
        months=wanted.review_months,
    )


def _write(told: FraudMonitoring) -> WantedFraudMonitoring:
    return WantedFraudMonitoring(
        procedure=told.procedure,
        responsible=told.responsible,
        reviewed_on=told.reviewed_on or _EARLIEST,
        review_months=told.months,
    )


def _tell(told: FraudMonitoring) -> dict[str, Any]:
    due = told.next_due
    return {
        "procedure": told.procedure,
        "responsible": told.responsible,
        "reviewed_on": day(told.reviewed_on) if told.reviewed_on else "",
        "review_months": told.months,
        "next_due": day(due) if due else "",
    }


KIND = policy_kind(
    FraudMonitoring,
    name="fraud_monitoring",
    title="How fraud is monitored",
    wanted=WantedFraudMonitoring,
    read=_read,
    tell=_tell,
    write=_write,
)
