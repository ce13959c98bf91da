"""Issued checks on the terminal: entered from a file, shown, taken back."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro import formats
from nostro.cli import terminal
from nostro.domain.check_state import CheckState
from nostro.domain.errors import Invalid, Refused
from nostro.domain.issued_check import CheckAction, IssuedCheck, IssueFile
from nostro.domain.party import Member, Role
from nostro.formats import Profile

if TYPE_CHECKING:
    from nostro.workflows.context import Acting


def import_file(file: str, layout: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import check_register
    from nostro.workflows.check_register import NewCheck

    told = _read(file, layout)
    wanted = [
        NewCheck(
            account=one.account,
            number=one.check_number,
            amount=one.amount,
            payee=one.payee,
            issued_on=_issued(one),
        )
        for one in told
    ]
    member = _operator(acting)
    done = check_register.register(acting, member, Path(file).name, wanted)
    print(f"Entered {done.new} checks; {done.known} were there already.")
    for gap in done.gaps:
        print(f"Nobody entered {gap}: look whether a blank check is gone.")
    for one in told:
        if one.action is not CheckAction.ISSUE:
            take_back(one.account, one.check_number, one.action, one.reason or file, customer)


def _read(file: str, layout: str) -> list[IssuedCheck]:
    form = formats.find()["positive_pay"]
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise Invalid(
            "file_not_readable",
            f"{file} cannot be read: {error.strerror}.",
            "No check was entered.",
            "Name a file of issued checks.",
        ) from None
    profile = Profile(options={"layout": layout} if layout else {})
    found = formats.documents(form, io.BytesIO(content), profile)
    return [one for whole in found if isinstance(whole, IssueFile) for one in whole.checks]


def _issued(one: IssuedCheck) -> date:
    if one.issued is None:
        raise Invalid(
            "field_missing",
            f"The day on which check {one.check_number} was issued is not there.",
            "No check was entered.",
            "Complete it.",
            location=str(one.location),
        )
    return one.issued


def show(q: str, state: str, limit: int, cursor: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import checks, parties
    from nostro.storage.checks import CheckFilter
    from nostro.storage.tenancy import tenant
    from nostro.workflows import check_register

    states = tuple(_state(part) for part in state.split(",") if part.strip())
    with tenant(acting.tenant_id):
        page = checks.checks(CheckFilter(states=states, q=q), limit=limit, cursor=cursor)
        gaps = [gap for account in parties.accounts() for gap in check_register.gaps(account)]
    print(f"As of {acting.world.clock.now():%Y-%m-%d %H:%M} UTC.")
    table = Table("account", "number", "amount", "payee", "issued", "state")
    for row in page.rows:
        payee = " / ".join(row.payee)
        cells = (row.account_name, row.number, str(row.amount), payee, f"{row.issued_on}")
        table.add_row(*(escape(cell) for cell in (*cells, row.state.replace("_", " "))))
    Console().print(table)
    for gap in gaps:
        print(f"Nobody entered {gap}.")
    if page.next:
        print(f"More: --cursor {page.next}")


def _state(text: str) -> CheckState:
    try:
        return CheckState(text.strip())
    except ValueError:
        raise Invalid(
            "state_unknown",
            f"{text[:40]!r} is not a state of a check.",
            can_do=f"Use one of: {', '.join(CheckState)}.",
        ) from None


def take_back(account: str, number: str, action: str, reason: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import checks
    from nostro.storage.tenancy import tenant
    from nostro.workflows import check_register

    with tenant(acting.tenant_id):
        found = check_register.account_named(acting, account)
        rows = checks.named(UUID(found.id), [number.lstrip("0")]) if found else []
    if not rows:
        raise Refused(
            "check_unknown",
            f"There is no check {number[:20]} of {account[:40]}.",
            can_do="Find it: nostro checks list.",
        )
    done = check_register.take_back(
        acting, _operator(acting), rows[0].id, CheckAction(action), reason
    )
    print(done.sentence)


def _operator(acting: Acting) -> Member:
    """Whoever may use the terminal enters and takes back; nobody decides on payments here."""
    roles = frozenset({Role.MAKER})
    return Member(id=acting.actor.id, name=acting.actor.name, roles=roles, is_person=False)
