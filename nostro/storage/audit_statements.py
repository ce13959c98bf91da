"""What was signed about customers' chains, as stored; asked by nostro_ops before a customer is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from nostro.domain.audit_statement import Signed, read
from nostro.storage import queries
from nostro.storage.tenancy import current


def last(tenant_id: UUID) -> Signed | None:
    """The last statement of one customer."""
    found = queries.rows("audit_statement_last", using="ops", tenant_id=tenant_id)
    return signed(found[0]) if found else None


def last_position(tenant_id: UUID) -> int:
    """Up to which position one customer's chain is signed; 0 when it is not."""
    found = queries.rows("audit_statement_last", using="ops", tenant_id=tenant_id)
    return int(found[0]["position"]) if found else 0


def add(tenant_id: UUID, signed: Signed, position: int, now: datetime) -> None:
    """Write a statement down; `position` is up to where the chain is signed with it."""
    queries.run(
        "audit_statement_add",
        using="ops",
        tenant_id=tenant_id,
        number=signed.number,
        kind=type(read(signed.statement)).__struct_config__.tag,
        position=position,
        statement=signed.statement,
        signature=signed.signature,
        made_at=now,
    )


def behind(since: datetime) -> list[UUID]:
    """Customers whose chain grew after its last statement, which was made at `since` or before."""
    return [row["id"] for row in queries.rows("audit_chains_behind", using="ops", since=since)]


def customers() -> list[UUID]:
    return [row["id"] for row in queries.rows("customer_ids", using="ops")]


def unexported_customers() -> list[UUID]:
    found = queries.rows("audit_unexported_customers", using="ops")
    return [row["tenant_id"] for row in found]


def unexported(tenant_id: UUID) -> list[Signed]:
    found = queries.rows("audit_statements_unexported", using="ops", tenant_id=tenant_id)
    return [signed(row) for row in found]


def exported(tenant_id: UUID, number: int, now: datetime) -> None:
    """Every place keeps this statement."""
    queries.run(
        "audit_statement_exported", using="ops", tenant_id=tenant_id, number=number, now=now
    )


def of_this_customer(after: int = 0) -> list[Signed]:
    """The statements of the open unit of work's customer after a number, in order."""
    found = queries.rows("audit_statements", tenant_id=current(), after=after)
    return [signed(row) for row in found]


def signed(row: dict[str, object]) -> Signed:
    return Signed(
        number=int(str(row["number"])),
        statement=str(row["statement"]),
        signature=str(row["signature"]),
    )
