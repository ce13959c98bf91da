"""When a payment counts as made twice: for how long, how alike, without an invoice too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.policies import duplicates as policy
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.duplicates import PREFIXES, DuplicateRules, PaidBefore
from nostro.storage import earlier_payments
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.past_replay import replayed
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

DAYS_MAX = 1100
PREFIXES_MAX = 100
ROUTINE_LEAST, ROUTINE_MOST = 2, 50  # One invoice makes no routine; more cost the database time.
_PREFIX_LENGTH_MAX = 20


class WantedDuplicates(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`window_days`: how long an invoice makes a payment for it suspicious. `swapped_days`: the
    same for one with two neighbouring signs swapped, 0 for never; nor where `routine_from`
    invoices or more of these days are over this amount, 0 for however many. `prefixes` are words in
    front of a number that do not tell invoices apart."""

    window_days: int = 400
    swapped_days: int = 45
    routine_from: int = 5
    without_invoice: bool = True
    prefixes: tuple[str, ...] = PREFIXES


def _read(wanted: WantedDuplicates) -> DuplicateRules:
    _check_numbers(wanted)
    prefixes = tuple(one.strip().upper() for one in wanted.prefixes)
    unfit = [one for one in prefixes if not one.isalpha() or len(one) > _PREFIX_LENGTH_MAX]
    if unfit or len(prefixes) > PREFIXES_MAX:
        raise Invalid(
            "prefixes_unfit",
            f"{unfit[0][:40]!r} is no word." if unfit else f"These are {len(prefixes)} prefixes.",
            "Nothing was asked for.",
            f"Give up to {PREFIXES_MAX} words of letters only, like INV.",
            field="prefixes",
        )
    return DuplicateRules(
        window_days=wanted.window_days,
        swapped_days=wanted.swapped_days,
        routine_from=wanted.routine_from,
        without_invoice=wanted.without_invoice,
        prefixes=prefixes,
    )


def _check_numbers(wanted: WantedDuplicates) -> None:
    for days, least, field in (
        (wanted.window_days, 1, "window_days"),
        (wanted.swapped_days, 0, "swapped_days"),
    ):
        if not least <= days <= DAYS_MAX:
            raise Invalid(
                "days_out_of_range",
                f"Payments cannot be compared over {days} days.",
                "Nothing was asked for.",
                f"Give a number from {least} to {DAYS_MAX}.",
                field=field,
            )
    if wanted.routine_from and not ROUTINE_LEAST <= wanted.routine_from <= ROUTINE_MOST:
        raise Invalid(
            "check_out_of_range",
            f"{wanted.routine_from} does not go here.",
            "Nothing was asked for.",
            f"Give a number from {ROUTINE_LEAST} to {ROUTINE_MOST}, or 0 for never.",
            field="routine_from",
        )


def _write(rules: DuplicateRules) -> WantedDuplicates:
    return WantedDuplicates(
        window_days=rules.window_days,
        swapped_days=rules.swapped_days,
        routine_from=rules.routine_from,
        without_invoice=rules.without_invoice,
        prefixes=rules.prefixes,
    )


def _tell(rules: DuplicateRules) -> dict[str, Any]:
    return {
        "window_days": rules.window_days,
        "swapped_days": rules.swapped_days,
        "routine_from": rules.routine_from,
        "without_invoice": rules.without_invoice,
        "prefixes": ", ".join(sorted(rules.prefixes)),
    }


def _try(_: Acting, rules: DuplicateRules, since: datetime) -> DryRun:
    def replay(rows: Sequence[OrderRow]) -> list[list[Finding]]:
        before, found = PaidBefore(), []
        for row in rows:
            payment = earlier_payments.as_earlier(row)
            found.append(list(policy.findings(payment, before, rules)))
            if earlier_payments.may_be_paid(row):
                before.add(payment)
        return found

    return replayed(since, {policy.SUSPECTED}, replay)


KIND = policy_kind(
    DuplicateRules,
    name="duplicates",
    title="When a payment counts as made twice",
    wanted=WantedDuplicates,
    read=_read,
    tell=_tell,
    write=_write,
    dry_run=_try,
)
