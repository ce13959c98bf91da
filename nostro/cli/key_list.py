"""Keys of programs on the terminal: listed, drawn, rotated, ended."""

from __future__ import annotations

from uuid import UUID

from rich.console import Console
from rich.table import Column, Table

from nostro.cli import terminal
from nostro.domain.errors import Refused


def show(customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import key_owning
    from nostro.storage.tenancy import tenant

    table = Table(Column("id", min_width=36), "name", "owner", "may", "from", "last used", "ends")
    with tenant(acting.tenant_id):
        for row in key_owning.listed():
            used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never"
            ends = "revoked" if row.revoked_at else f"{row.expires_at:%Y-%m-%d}"
            may, networks = "\n".join(sorted(row.scopes)), "\n".join(row.networks) or "anywhere"
            table.add_row(str(row.id), row.name, row.owner_name, may, networks, used, ends)
    Console().print(table)


def draw(customer: str, key: str, who: tuple[str, str]) -> None:
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import key_work

    print(key_work.draw(acting, member, _id(key)))
    print("Shown once.")


def rotate(customer: str, key: str, overlap_hours: int, who: tuple[str, str]) -> None:
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import key_work

    new_id, token = key_work.rotate(acting, member, _id(key), overlap_hours)
    print(token)
    print(f"Shown once. The key is {new_id}; the old one ends in {overlap_hours} h.")


def end(customer: str, key: str, reason: str, who: tuple[str, str]) -> None:
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import key_work

    key_work.revoke(acting, member, _id(key), reason)
    print("Ended. It opens nothing any more.")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(
            "key_unknown",
            f"There is no key {text[:60]}.",
            can_do="`nostro keys list` shows those there are.",
        ) from None
