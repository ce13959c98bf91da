"""Django's own way to PostgreSQL, with a pool that asks the server nothing before it is asked.

A connection that the server has ended can be read from: its end is there. So a look at the socket
finds what a restart has cut, and a question is spent on such a connection only.

While a role's password is changed there are two, and each new connection finds out which is right.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool

Passwords = Callable[[], Sequence[str]]
"""Those of a role that may be right now; asked anew for each connection."""
Opened = TypeVar("Opened")


def opened(passwords: Passwords, connect: Callable[[str], Opened]) -> Opened:
    """Connect by the first password that the server takes. They are read again after each that was
    refused, since a change may have ended meanwhile. Raises what the last attempt raised."""
    tried: list[str] = []
    while untried := [one for one in passwords() if one not in tried]:
        tried.append(untried[0])
        try:
            return connect(untried[0])
        except OperationalError:
            if all(one in tried for one in passwords()):
                raise
    raise OperationalError("There is no password to connect with.")


class AnswerableConnection(Connection[Any]):
    """A pool's connection, which tries each password that may be right."""

    @classmethod
    def connect(cls, conninfo: str = "", *, passwords: Passwords, **given: Any) -> Any:  # type: ignore[override]  # psycopg_pool's call
        above = super().connect
        return opened(passwords, lambda one: above(conninfo, **{**given, "password": one}))


class QuietPool(ConnectionPool[Connection[Any]]):
    """A pool that looks at the socket of a connection before it asks whether it works."""

    @staticmethod
    def check_connection(conn: Connection[Any]) -> None:
        """Raises OperationalError when the connection does not work any more."""
        socket = select.poll()
        socket.register(conn.fileno(), select.POLLIN)
        if socket.poll(0):
            ConnectionPool.check_connection(conn)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection; its pool is a `QuietPool`, its passwords are asked for when needed."""

    @property
    def _passwords(self) -> Passwords:
        return self.settings_dict["OPTIONS"]["passwords"]  # type: ignore[no-any-return]  # a dict of all

    def get_connection_params(self) -> dict[str, Any]:
        """What psycopg takes; for who connects by himself, with the password of now."""
        found = super().get_connection_params()
        del found["passwords"]
        return {**found, "password": self._passwords()[0]}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        above = super().get_new_connection
        if self.pool:
            return above(conn_params)
        return opened(self._passwords, lambda one: above({**conn_params, "password": one}))

    @property
    def pool(self) -> Any:
        own: Any = self  # Its types do not know what it keeps.
        options = self.settings_dict["OPTIONS"].get("pool")
        if options and self.alias not in own._connection_pools:
            parameters = {**self.get_connection_params(), "autocommit": True}
            made = QuietPool(
                kwargs={**parameters, "passwords": self._passwords},
                connection_class=AnswerableConnection,
                open=False,  # Django opens it when it is first needed.
                configure=own._configure_connection,
                check=QuietPool.check_connection,
                **options,
            )
            own._connection_pools.setdefault(self.alias, made)
        return super().pool
