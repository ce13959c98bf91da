"""For which reasons people may leave something over when a line and what it pays differ."""

from __future__ import annotations

from typing import Any

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.match import AdjustmentKind
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.domain.policies.match_differences import (
    WITH_REASON,
    DifferenceReason,
    DifferenceReasons,
    RoleLimit,
)
from nostro.workflows.granted import amount_of
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

REASONS_MAX = 100
_TEXT_MAX = 70
_DID = "Nothing was asked for."


class WantedReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason: its code, the kind of difference, its title, the ledger account, and how much
    each role may leave over by it in one decision, like "reconciler 50.00 EUR, treasurer 500.00
    EUR"; nothing: only discounts within their terms."""

    code: str
    kind: AdjustmentKind
    title: str
    ledger_account: str
    limits: str = ""


class WantedReasons(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All reasons as they are to be; what is left out is not kept."""

    reasons: tuple[WantedReason, ...] = ()


def _read(wanted: WantedReasons) -> DifferenceReasons:
    codes = [one.code.strip() for one in wanted.reasons]
    if len(codes) > REASONS_MAX or len(set(codes)) != len(codes):
        raise Invalid(
            "difference_reason_unfit",
            "A code is there twice, or there are too many.",
            _DID,
            f"Give each reason a code of its own, {REASONS_MAX} at most.",
            field="reasons",
        )
    return DifferenceReasons(reasons=tuple(_reason(one) for one in wanted.reasons))


def _reason(wanted: WantedReason) -> DifferenceReason:
    texts = [one.strip() for one in (wanted.code, wanted.title, wanted.ledger_account)]
    if not all(0 < len(one) <= _TEXT_MAX and one.isprintable() for one in texts):
        raise Invalid(
            "difference_reason_unfit",
            f"A reason lacks code, title or account, or has over {_TEXT_MAX} characters.",
            _DID,
            "Give all three.",
            field="reasons",
        )
    if wanted.kind not in WITH_REASON:
        raise Invalid(
            "difference_reason_unfit",
            f"{wanted.kind.value.replace('_', ' ')} needs no reason, or is not decided by hand.",
            _DID,
            f"Use one of: {', '.join(sorted(WITH_REASON))}.",
            field="reasons",
        )
    limits = tuple(_limit(one) for one in wanted.limits.split(",") if one.strip())
    code, title, account = texts
    return DifferenceReason(
        code=code, kind=wanted.kind, title=title, ledger_account=account, limits=limits
    )


def _limit(text: str) -> RoleLimit:
    name, _, amount = text.strip().partition(" ")
    try:
        role, most = Role(name), amount_of(amount)
    except (ValueError, Invalid):
        role, most = Role.RECONCILER, Money(-1, "EUR")
    if most.minor < 0:
        raise Invalid(
            "difference_reason_unfit",
            f"{text.strip()[:60]!r} is no limit of a role.",
            _DID,
            "Write it like reconciler 50.00 EUR.",
            field="reasons",
        )
    return RoleLimit(role=role, up_to=most)


def _write(told: DifferenceReasons) -> WantedReasons:
    return WantedReasons(
        reasons=tuple(
            WantedReason(
                code=one.code,
                kind=one.kind,
                title=one.title,
                ledger_account=one.ledger_account,
                limits=", ".join(f"{limit.role.value} {limit.up_to}" for limit in one.limits),
            )
            for one in told.reasons
        )
    )


def _tell(told: DifferenceReasons) -> dict[str, Any]:
    rows = _write(told).reasons
    return {
        "reasons": [
            " | ".join((one.code, one.kind.value, one.title, one.ledger_account, one.limits))
            for one in rows
        ]
    }


KIND = policy_kind(
    DifferenceReasons,
    name="match_differences",
    title="What may be left over when a line is matched",
    wanted=WantedReasons,
    read=_read,
    tell=_tell,
    write=_write,
)
