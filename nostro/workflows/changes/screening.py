"""How payees are held against watch lists and countries: how alike, and how old a list may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.policies import screening as policy
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.screening import ScreeningRules
from nostro.storage.orders import OrderRow
from nostro.workflows import screening_again
from nostro.workflows.context import Acting
from nostro.workflows.past_replay import replayed
from nostro.workflows.policy_changes import WantedPolicy, policy_kind
from nostro.workflows.screening import Screening

LEAST_PERCENT = 60  # Below, most payees are like somebody.
DAYS_MAX = 366
COUNTRIES_MAX = 250
_STANDARD = ScreeningRules()


class WantedScreening(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`least_percent`: from how alike on a person has to look. `countries` are not paid without a
    person (two letters). `lists_needed`: payments wait while no list is loaded, or one is older
    than `list_days_max` days."""

    least_percent: int = _STANDARD.least_percent
    countries: tuple[str, ...] = ()
    list_days_max: int = _STANDARD.list_days_max
    lists_needed: bool = False


def _read(wanted: WantedScreening) -> ScreeningRules:
    if not LEAST_PERCENT <= wanted.least_percent <= 100:
        raise Invalid(
            "percent_out_of_range",
            f"A person cannot be asked from {wanted.least_percent} % on.",
            "Nothing was asked for.",
            f"Give a number from {LEAST_PERCENT} to 100.",
            field="least_percent",
        )
    if not 1 <= wanted.list_days_max <= DAYS_MAX:
        raise Invalid(
            "days_out_of_range",
            f"A list cannot be too old after {wanted.list_days_max} days.",
            "Nothing was asked for.",
            f"Give a number from 1 to {DAYS_MAX}.",
            field="list_days_max",
        )
    countries = [one.strip().upper() for one in wanted.countries]
    unfit = [one for one in countries if not (len(one) == 2 and one.isascii() and one.isalpha())]
    if unfit or len(countries) > COUNTRIES_MAX:
        raise Invalid(
            "invalid_country",
            f"{unfit[0][:20]!r} is no country's code." if unfit else "That is too many countries.",
            "Nothing was asked for.",
            "Give codes of two letters (ISO 3166), like KP.",
            field="countries",
        )
    return ScreeningRules(
        least_percent=wanted.least_percent,
        countries=frozenset(countries),
        list_days_max=wanted.list_days_max,
        lists_needed=wanted.lists_needed,
    )


def _write(rules: ScreeningRules) -> WantedScreening:
    return WantedScreening(
        least_percent=rules.least_percent,
        countries=tuple(sorted(rules.countries)),
        list_days_max=rules.list_days_max,
        lists_needed=rules.lists_needed,
    )


def _tell(rules: ScreeningRules) -> dict[str, Any]:
    return {
        "least_percent": rules.least_percent,
        "countries": sorted(rules.countries),
        "list_days_max": rules.list_days_max,
        "lists_needed": rules.lists_needed,
    }


def _try(acting: Acting, rules: ScreeningRules, since: datetime) -> DryRun:
    """By the lists in force today. Whom a person has cleared of an entry is held for it once."""

    def replay(rows: Sequence[OrderRow]) -> list[list[Finding]]:
        screening = Screening(rules, acting.world.clock.now().date())
        cleared: set[tuple[str, str]] = set()
        found = []
        for row in rows:
            payee = screening_again.payee_of(row)
            asked = [
                one
                for one in screening.as_if_new(payee)
                if (payee.name, one.refers_to) not in cleared
            ]
            cleared |= {(payee.name, hit) for hit in screening.cleared_hits(payee)}
            found.append(asked)
        return found

    codes = {policy.HIT, policy.COUNTRY, policy.NO_LISTS, policy.OLD_LISTS}
    return replayed(since, codes, replay)


KIND = policy_kind(
    ScreeningRules,
    name="screening",
    title="How payees are held against watch lists",
    wanted=WantedScreening,
    read=_read,
    tell=_tell,
    write=_write,
    dry_run=_try,
)
