"""Statements on the terminal: what is read anew, beside what is stored of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from nostro.cli import terminal
from nostro.cli.output_file import quiet_pipe
from nostro.domain.errors import Invalid

if TYPE_CHECKING:
    from nostro.domain.statement_reread import Difference, FieldChange

LINES_SHOWN: Final = 50


def compare(customer: str, statement: str, *, as_json: bool) -> None:
    """Print what would change; nothing confidential."""
    statement_id = _id(statement)
    acting = terminal.acting(customer)
    from nostro.storage.tenancy import looking
    from nostro.workflows import statement_rereading

    with looking(acting.tenant_id, cleared=False):
        found = statement_rereading.read_anew(acting, statement_id).difference
    with quiet_pipe():
        if as_json:
            print(msgspec.json.encode(found).decode())
            return
        for text in _told(found):
            print(text)


def reread(customer: str, statement: str, reason: str, who: tuple[str, str]) -> None:
    """Write what is read anew, and print what that changed."""
    statement_id = _id(statement)
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import statement_rereading

    found = statement_rereading.apply(acting, member, statement_id, reason)
    print("Nothing is different." if found.is_none else f"Written by {member.name}: {_sum(found)}")


def _told(found: Difference) -> list[str]:
    if found.is_none:
        return [f"Nothing would change: {found.same} lines are the same."]
    told = [_sum(found)]
    for one in found.changed[:LINES_SHOWN]:
        state = one.stored.state.value
        told.append(f"line {one.stored.number} ({state})")
        told += [f"  {_field(field)}" for field in one.fields]
    if len(found.changed) > LINES_SHOWN:
        told.append(f"and {len(found.changed) - LINES_SHOWN} lines more: --json has all")
    if found.in_the_way:
        numbers = ", ".join(str(line.number) for line in found.in_the_way[:LINES_SHOWN])
        told.append(f"Undo the matches of these lines first: {numbers}")
    return told


def _field(field: FieldChange) -> str:
    if field.name == "details":
        return "details differ"
    return f"{field.name}: {field.before!r} -> {field.after!r}"


def _sum(found: Difference) -> str:
    return (
        f"{len(found.changed)} lines changed, {len(found.added)} new, {len(found.removed)} gone,"
        f" {found.same} the same."
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(
            "id_not_text",
            f"{text[:40]!r} is not the id of a statement.",
            "Nothing was changed.",
            "Copy it from the address of its page in the console, or from /v1/statements.",
            field="statement",
        ) from None
