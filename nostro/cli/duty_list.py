"""Who may do what, on the terminal: people with their grants, roles with duties, conflicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from nostro.cli import terminal
from nostro.domain.duties import ACTION_WORDS, ACTIONS_OF


def people(customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import people as stored
    from nostro.storage.tenancy import tenant
    from nostro.workflows import granted

    table = Table("name", "signs in as", "may act as")
    with tenant(acting.tenant_id):
        where = granted.places()
        found = stored.everybody(acting.world.clock.now())
        addresses = stored.emails(UUID(member.id) for member in found)
        for member in found:
            told = "\n".join(granted.spelled(grant, where) for grant in member.held)
            table.add_row(member.name, addresses[member.id], told or "nothing now")
    Console().print(table)


def duties() -> None:
    for role, actions in ACTIONS_OF.items():
        told = ", ".join(word.lower() for action, word in ACTION_WORDS.items() if action in actions)
        print(f"{role.replace('_', ' '):22} {told}")


def conflicts(customer: str, *, as_json: bool) -> bool:
    """Print what is there; returns whether there is anything."""
    acting = terminal.acting(customer)
    from nostro.storage.tenancy import tenant
    from nostro.workflows import duty_report

    with tenant(acting.tenant_id):
        report = duty_report.report(acting)
    told = [
        {
            "person": one.person,
            "why": one.clash.why,
            "roles": [role.value for role in one.roles],
            "held_by": one.clash.held_by,
        }
        for one in report.conflicts
    ]
    short = [{"sentence": one.sentence, "can_do": one.can_do} for one in report.shortages.values()]
    if as_json:
        print(json.dumps({"conflicts": told, "shortages": short}, indent=1, ensure_ascii=False))
    else:
        _print(told, short)
    return bool(told or short)


def _print(told: Sequence[Mapping[str, Any]], short: Sequence[Mapping[str, str]]) -> None:
    for one in told:
        print(f"{one['person']} {one['why']}. {one['held_by']}")
    for lack in short:
        print(f"{lack['sentence']} {lack['can_do']}")
    if not told and not short:
        print("Nobody has duties that do not mix, and enough people can decide.")
