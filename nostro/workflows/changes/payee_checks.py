"""What a customer wants looked at: first payments, shared accounts, unusual amounts, blocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.order import OrderState
from nostro.domain.policies import payee_checks as policy
from nostro.domain.policies.approval_words import write_when
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.limit_words import read_effect, read_narrowing, write_effect
from nostro.domain.policies.payee_checks import (
    Block,
    FirstPayment,
    PayeeChecks,
    PayeeHistory,
    Paying,
)
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.past_replay import replayed
from nostro.workflows.policy_changes import WantedPolicy, policy_kind
from nostro.workflows.rule_names import NO_NAMES, known_names

BLOCKS_MAX = 200
_FIELD = "blocks"
_STANDARD = PayeeChecks()
_RANGES = {
    "changed_days": (0, 366),
    "usual_times": (0, 100),
    "usual_last": (3, 100),
    "usual_least": (3, 100),
}


class WantedBlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payments like this are held or refused; `when` as in the rules of approving."""

    name: str
    when: str
    effect: str


class WantedPayeeChecks(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it as it is to be; what is left out is not kept."""

    changed_days: int = _STANDARD.changed_days
    first_payment: FirstPayment = FirstPayment.NO
    shared_account: bool = False
    usual_times: int = 0
    usual_last: int = _STANDARD.usual_last
    usual_least: int = _STANDARD.usual_least
    blocks: tuple[WantedBlock, ...] = ()


def _read(wanted: WantedPayeeChecks) -> PayeeChecks:
    for field, (least, most) in _RANGES.items():
        number = getattr(wanted, field)
        if not least <= number <= most:
            raise Invalid(
                "check_out_of_range",
                f"{number} does not go here.",
                "Nothing was asked for.",
                f"Give a number from {least} to {most}.",
                field=field,
            )
    names = [one.name.strip() for one in wanted.blocks]
    unfit = [one for one in wanted.blocks if not one.when.strip()]
    if unfit or len(names) > BLOCKS_MAX or not all(names) or len(set(names)) != len(names):
        raise Invalid(
            "rules_unnamed",
            f"Each block has a name of its own and says for what, and there are {BLOCKS_MAX} at"
            " most.",
            "Nothing was asked for.",
            "Write one like: Lawsuit | payee V-1001 | hold.",
            field=_FIELD,
        )
    return PayeeChecks(
        changed_days=wanted.changed_days,
        first_payment=wanted.first_payment,
        shared_account=wanted.shared_account,
        usual_times=wanted.usual_times,
        usual_last=wanted.usual_last,
        usual_least=wanted.usual_least,
        blocks=tuple(
            Block(
                name=one.name.strip(),
                where=read_narrowing(one.when, known_names(), _FIELD),
                effect=read_effect(one.effect, _FIELD),
            )
            for one in wanted.blocks
        ),
    )


def _write(rules: PayeeChecks) -> WantedPayeeChecks:
    names = known_names() if rules.blocks else NO_NAMES
    return WantedPayeeChecks(
        changed_days=rules.changed_days,
        first_payment=rules.first_payment,
        shared_account=rules.shared_account,
        usual_times=rules.usual_times,
        usual_last=rules.usual_last,
        usual_least=rules.usual_least,
        blocks=tuple(
            WantedBlock(
                name=one.name,
                when=write_when(one.where, names),
                effect=write_effect(one.effect),
            )
            for one in rules.blocks
        ),
    )


def _tell(rules: PayeeChecks) -> dict[str, Any]:
    written = _write(rules)
    told = {name: getattr(written, name) for name in (*_RANGES, "first_payment", "shared_account")}
    return {
        **msgspec.to_builtins(told),
        _FIELD: [f"{one.name} | {one.when} | {one.effect}" for one in written.blocks],
    }


def _try(_: Acting, rules: PayeeChecks, since: datetime) -> DryRun:
    """Blocks and unusual amounts, by what was paid since; accounts are as they are today, so what
    was new or shared then is not tried."""

    def replay(rows: Sequence[OrderRow]) -> list[list[Finding]]:
        amounts: dict[tuple[str, str, bool], tuple[int, ...]] = {}
        found = []
        for row in rows:
            matter = row.matter()
            paying = Paying(matter=matter, account="", known=None)
            found.append(list(policy.findings(paying, rules, PayeeHistory(amounts=amounts))))
            if row.state is OrderState.SETTLED:
                place = (matter.payee_number, matter.amount.currency, False)
                amounts[place] = (matter.amount.minor, *amounts.get(place, ()))[: rules.usual_last]
        return found

    return replayed(since, {policy.BLOCKED, policy.UNUSUAL}, replay)


KIND = policy_kind(
    PayeeChecks,
    name="payee_checks",
    title="Which payments a person looks at first",
    wanted=WantedPayeeChecks,
    read=_read,
    tell=_tell,
    write=_write,
    dry_run=_try,
)
