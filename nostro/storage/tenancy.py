"""The one place where a customer is chosen: one transaction, one customer, or nothing at all.

And where it is chosen how much of it is seen. Work sees everything. Whoever only looks, and is not
cleared for confidential payments, looks inside `looking`: the database then leaves them out of
every answer, whatever the question (migrations/_confidential.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from django.db import connections, transaction

from nostro.storage import queries


class Sight(StrEnum):
    """How much of a customer's data is seen."""

    WHOLE = "whole"
    OPEN = "open"  # Nothing confidential.


class _Unit(msgspec.Struct):
    """One unit of work: whose it is, what it sees, and what is still to be said before it ends."""

    tenant_id: UUID
    sight: Sight
    told: Sight | None = None  # What the database was told to show.
    last: list[tuple[str, dict[str, Any]]] = []

    def choose(self, execute: Callable[..., Any], *asked: Any) -> Any:
        """Tell the database whose unit this is, and what it sees, before the first question under
        it, in the same trip.

        Savepoints are asked for so too: rolled back to one, the database shows again what this
        unit saw then, which is what it sees after it.
        """
        if self.told is not self.sight:
            self.told = self.sight
            told = {"tenant_id": str(self.tenant_id), "sight": self.sight.value}
            queries.send("choose_tenant", told)
        return execute(*asked)


_current: ContextVar[_Unit | None] = ContextVar("tenant", default=None)


@contextmanager
def tenant(tenant_id: UUID) -> Iterator[None]:
    """Open one unit of work of one customer: a transaction that sees only its rows, all of them.

    Nested use joins the open transaction; asking for another customer inside raises.
    """
    with _seeing(tenant_id, Sight.WHOLE):
        yield


@contextmanager
def looking(tenant_id: UUID, *, cleared: bool) -> Iterator[None]:
    """The same for somebody who only looks: who is not cleared sees nothing confidential.

    Work that is begun inside (with `tenant`) sees everything until it ends.
    """
    with _seeing(tenant_id, Sight.WHOLE if cleared else Sight.OPEN):
        yield


@contextmanager
def seeing(wanted: Sight) -> Iterator[None]:
    """See more or less of the same customer, inside the open unit of work."""
    unit = _open()
    before, unit.sight = unit.sight, wanted
    try:
        yield
    finally:
        unit.sight = before


def sight() -> Sight:
    """How much this unit of work sees now; raises when there is none."""
    return _open().sight


@contextmanager
def _seeing(tenant_id: UUID, wanted: Sight) -> Iterator[None]:
    open_unit = _current.get()
    if open_unit is not None:
        if open_unit.tenant_id != tenant_id:
            raise RuntimeError("a unit of work belongs to one customer")
        with seeing(wanted):
            yield
        return
    unit = _Unit(tenant_id, wanted)
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


def check_none_open() -> None:
    """Raise RuntimeError inside a unit of work: nobody else is asked while one holds its rows."""
    if is_open():
        raise RuntimeError("somebody is asked over the network inside a unit of work")


def is_open() -> bool:
    """Whether there is a unit of work: then nobody outside is asked, for it would wait for him."""
    return _current.get() is not None


def current() -> UUID:
    """The customer of this unit of work; raises when there is none."""
    return _open().tenant_id


def _open() -> _Unit:
    found = _current.get()
    if found is None:
        raise RuntimeError("no customer is chosen: work inside `with tenant(...)`")
    return found
