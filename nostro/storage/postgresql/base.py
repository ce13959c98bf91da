"""Django's own way to PostgreSQL, with a pool that asks the server nothing before it is asked.

A connection that the server has ended can be read from: its end is there. So a look at the socket
finds what a restart has cut, and a question is spent on such a connection only.
"""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool


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
    """Django's connection; its pool is a `QuietPool`."""

    @property
    def pool(self) -> Any:
        own: Any = self  # Its types do not know what it keeps.
        options = self.settings_dict["OPTIONS"].get("pool")
        if options and self.alias not in own._connection_pools:
            parameters = {**self.get_connection_params(), "autocommit": True}
            made = QuietPool(
                kwargs=parameters,
                open=False,  # Django opens it when it is first needed.
                configure=own._configure_connection,
                check=QuietPool.check_connection,
                **options,
            )
            own._connection_pools.setdefault(self.alias, made)
        return super().pool
