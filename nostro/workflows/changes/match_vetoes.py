"""Which receipts are not matched by themselves: of which customers, found by which rule."""

from __future__ import annotations

from typing import Any

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.policies.match_vetoes import MatchVetoes, Veto
from nostro.matching.stages.outcome import RULES
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

VETOES_MAX = 1000
_NUMBER_MAX = 70


class WantedVeto(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule, a customer's number, or both; an empty one is any."""

    rule: str = ""
    customer_number: str = ""


class WantedVetoes(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All vetoes as they are to be; what is left out is not kept."""

    vetoes: tuple[WantedVeto, ...] = ()


def _read(wanted: WantedVetoes) -> MatchVetoes:
    found = [
        Veto(rule=one.rule.strip(), customer_number=one.customer_number.strip())
        for one in wanted.vetoes
    ]
    unfit = [one for one in found if not _fits(one)]
    if unfit or len(found) > VETOES_MAX or len(set(found)) != len(found):
        raise Invalid(
            "veto_unfit",
            f"{unfit[0].rule[:40]!r} and {unfit[0].customer_number[:40]!r} make no veto."
            if unfit
            else "A veto is there twice, or there are too many.",
            "Nothing was asked for.",
            f"Name a customer's number, or one of the rules: {', '.join(RULES)}.",
            field="vetoes",
        )
    return MatchVetoes(vetoes=tuple(found))


def _fits(veto: Veto) -> bool:
    number = veto.customer_number
    fits = len(number) <= _NUMBER_MAX and number.isprintable() and veto.rule in ("", *RULES)
    return fits and bool(veto.rule or number)


def _write(told: MatchVetoes) -> WantedVetoes:
    return WantedVetoes(
        vetoes=tuple(
            WantedVeto(rule=one.rule, customer_number=one.customer_number) for one in told.vetoes
        )
    )


def _tell(told: MatchVetoes) -> dict[str, Any]:
    return {"vetoes": [f"{one.rule} | {one.customer_number}" for one in told.vetoes]}


KIND = policy_kind(
    MatchVetoes,
    name="match_vetoes",
    title="What is never matched by itself",
    wanted=WantedVetoes,
    read=_read,
    tell=_tell,
    write=_write,
)
