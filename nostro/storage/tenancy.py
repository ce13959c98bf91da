"""The one place where a customer is chosen: one transaction, one customer, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import transaction

from nostro.storage import queries

_current: ContextVar[UUID | None] = ContextVar("tenant", default=None)


@contextmanager
def tenant(tenant_id: UUID) -> Iterator[None]:
    """Open one unit of work of one customer: a transaction that sees only its rows.

    Nested use joins the open transaction; asking for another customer inside raises.
    """
    current = _current.get()
    if current is not None:
        if current != tenant_id:
            raise RuntimeError("a unit of work belongs to one customer")
        yield
        return
    # Durable: inside another transaction the choice would outlive this unit of work.
    with transaction.atomic(durable=True):
        queries.together(("choose_tenant", {"tenant_id": str(tenant_id)}))
        token = _current.set(tenant_id)
        try:
            yield
        finally:
            _current.reset(token)


def current() -> UUID:
    """The customer of this unit of work; raises when there is none."""
    found = _current.get()
    if found is None:
        raise RuntimeError("no customer is chosen: work inside `with tenant(...)`")
    return found
