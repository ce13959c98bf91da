"""The one place where a customer is chosen: one transaction, one customer, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import msgspec
from django.db import connections, transaction

from nostro.storage import queries


class _Unit(msgspec.Struct):
    """One unit of work: whose it is, and what is still to be said before it ends."""

    tenant_id: UUID
    chosen: bool = False
    last: list[tuple[str, dict[str, Any]]] = []

    def choose(self, execute: Callable[..., Any], *asked: Any) -> Any:
        """Tell the database whose unit this is before the first question, in the same trip."""
        if not self.chosen:
            self.chosen = True
            queries.send("choose_tenant", {"tenant_id": str(self.tenant_id)})
        return execute(*asked)


_current: ContextVar[_Unit | None] = ContextVar("tenant", default=None)


@contextmanager
def tenant(tenant_id: UUID) -> Iterator[None]:
    """Open one unit of work of one customer: a transaction that sees only its rows.

    Nested use joins the open transaction; asking for another customer inside raises.
    """
    open_unit = _current.get()
    if open_unit is not None:
        if open_unit.tenant_id != tenant_id:
            raise RuntimeError("a unit of work belongs to one customer")
        yield
        return
    unit = _Unit(tenant_id)
    # Durable: inside another transaction the choice would outlive this unit of work.
    with transaction.atomic(durable=True), connections["default"].execute_wrapper(unit.choose):
        token = _current.set(unit)
        try:
            yield
            if unit.last:
                queries.together(*unit.last, commit=True)
        finally:
            _current.reset(token)


def before_the_end(name: str, parameters: dict[str, Any]) -> None:
    """Run a statement by name as the last of this unit of work, in one trip with its commit."""
    _open().last.append((name, parameters))


def current() -> UUID:
    """The customer of this unit of work; raises when there is none."""
    return _open().tenant_id


def _open() -> _Unit:
    found = _current.get()
    if found is None:
        raise RuntimeError("no customer is chosen: work inside `with tenant(...)`")
    return found
