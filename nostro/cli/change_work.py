"""Changes that two people make, on the terminal: asked for, looked at, agreed to, refused."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from nostro import app
from nostro.cli import terminal
from nostro.domain.change_request import RequestState
from nostro.domain.errors import Invalid, Refused

if TYPE_CHECKING:
    from nostro.storage.change_requests import RequestRow


def kinds() -> None:
    app.start()
    from nostro.workflows import changes

    for kind in sorted(changes.find().values(), key=lambda one: one.name):
        fields = ", ".join(kind.wanted.__struct_fields__)
        print(f"{kind.name:18} {kind.title}: {fields}")


def listed(customer: str, state: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import change_requests
    from nostro.storage.tenancy import tenant

    states = [_state(state)] if state else []
    table = Table(Column("id", min_width=36), "what", "about", "state", "asked by", "asked")
    with tenant(acting.tenant_id):
        for row in change_requests.listed(states).rows:
            when = f"{row.asked_at:%Y-%m-%d %H:%M}"
            table.add_row(str(row.id), row.kind, row.subject, row.state, row.asked_by_name, when)
    Console().print(table)


def show(customer: str, request: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import change_requests
    from nostro.storage.tenancy import tenant
    from nostro.workflows import change_requests as work

    with tenant(acting.tenant_id):
        row = change_requests.request(_id(request))
        if row is None:
            raise _unknown(request)
        able = [one.name for one in work.deciders(acting, row)]
    print(f"{row.kind}: {row.subject} ({row.state})")
    print(f"Asked by {row.asked_by_name}, {row.asked_at:%Y-%m-%d %H:%M} UTC: {row.reason}")
    for side in ("before", "after"):
        print(f"{side}: {json.dumps(getattr(row, side), indent=1, ensure_ascii=False)}")
    _people(row, able)


def _people(row: RequestRow, able: list[str]) -> None:
    for one in row.agreements:
        print(f"{one.person_name} agreed: {one.reason}")
    if row.state is RequestState.ASKED:
        print(f"{row.needed - len(row.agreements)} more to agree; could: {', '.join(able)}.")


def ask(customer: str, kind: str, wanted: str, reason: str, who: tuple[str, str]) -> None:
    if who[0]:
        acting, member = terminal.person(customer, *who)
    else:
        acting, member = terminal.acting(customer), None
    from nostro.workflows import change_requests

    request_id = change_requests.ask(acting, member, kind, _json(wanted), reason)
    print(f"Asked for: {request_id}. Nothing changes before somebody else agrees.")


def try_on_payments(customer: str, kind: str, wanted: str, since: date | None) -> None:
    acting = terminal.acting(customer)
    from nostro.storage.tenancy import tenant
    from nostro.workflows import dry_runs

    with tenant(acting.tenant_id):
        found = dry_runs.tried(acting, kind, _json(wanted), since)
    now = acting.world.clock.now()
    print(
        f"As of {now:%Y-%m-%d %H:%M} UTC, payments taken in since {found.since}, without"
        f" confidential ones: {found.looked_at} looked at,"
        f" {found.different} would have gone another way."
    )
    if not found.complete:
        print("There were more: these are the newest.")
    if found.shown:
        table = Table("payment", "to", "as it went", "as it would have gone")
        for one in found.shown:
            table.add_row(*(escape(cell) for cell in (one.number, one.what, one.before, one.after)))
        Console().print(table)
    if found.different > len(found.shown):
        print(f"The newest {len(found.shown)} are shown. Nothing was changed.")


def decide(customer: str, request: str, word: str, reason: str, who: tuple[str, str]) -> None:
    acting, member = terminal.person(customer, *who)
    from nostro.storage import change_requests as stored
    from nostro.storage.tenancy import tenant
    from nostro.workflows import change_requests

    request_id = _id(request)
    with tenant(acting.tenant_id):
        row = stored.request(request_id)
    if row is None:
        raise _unknown(request)
    if word == "agree":
        made = change_requests.agree(acting, member, request_id, reason)
        print("It is made." if made else "You agreed; one more person has to.")
    elif row.asked_by == member.id:
        change_requests.withdraw(acting, member, request_id, reason)
        print("Taken back.")
    else:
        change_requests.refuse(acting, member, request_id, reason)
        print("Refused.")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(
            "change_unreadable",
            f"What is wanted is no JSON: {error}.",
            "Nothing was asked for.",
            "`nostro changes kinds` tells the fields of each kind.",
            field="wanted",
        ) from None


def _state(word: str) -> RequestState:
    try:
        return RequestState(word)
    except ValueError:
        raise Invalid(
            "state_unknown",
            f"{word[:40]!r} is not a state of a change request.",
            can_do=f"Use one of: {', '.join(RequestState)}.",
            field="state",
        ) from None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _unknown(text) from None


def _unknown(text: str) -> Refused:
    return Refused(
        "request_unknown",
        f"There is no change request {text[:60]}.",
        can_do="`nostro changes list` shows those there are.",
    )
