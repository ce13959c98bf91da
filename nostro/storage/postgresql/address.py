"""Where a database is and as whom it is reached: for psycopg, and for PostgreSQL's own programs."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from psycopg.conninfo import make_conninfo


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Host (or the folder of a socket), port, database, role and its password."""

    host: str
    port: str
    database: str
    user: str
    password: str
    sslmode: str = ""

    @classmethod
    def of(cls, url: str, user: str, password: str) -> Address:
        """The address that a URL without user names, for one role."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        return cls(
            host=query.get("host", [unquote(parts.hostname or "")])[0],
            port=query.get("port", [str(parts.port or "")])[0],
            database=parts.path.lstrip("/"),
            user=user,
            password=password,
            sslmode=query.get("sslmode", [""])[0],
        )

    def conninfo(self) -> str:
        named = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            "sslmode": self.sslmode,
        }
        given: dict[str, str] = {name: value for name, value in named.items() if value}
        return make_conninfo("", **given)

    def environment(self) -> dict[str, str]:
        """What libpq's programs read: a password is never an argument, which all may see."""
        named = {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGDATABASE": self.database,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGSSLMODE": self.sslmode,
        }
        return {name: value for name, value in named.items() if value}
