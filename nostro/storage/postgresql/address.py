"""Where a database is and as whom it is reached: for psycopg, and for PostgreSQL's own programs."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec
from psycopg.conninfo import make_conninfo

from nostro.domain.errors import Refused

_NO_TLS = "does not support SSL"  # libpq's word when the server answers that it has no TLS.


def never_in_the_clear(url: str) -> str:
    """The URL of a server elsewhere with how it is encrypted, where it does not say (`sslmode`):
    held against the certificate where the URL names who signs it, at least encrypted where not.

    libpq's own default is to go on in the clear when the server, or who stands between, says that
    there is no TLS (PostgreSQL 15, section 34.19.3). A server on this machine is left as it is.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = query.get("host", [unquote(parts.hostname or "")])[0]
    places = [*host.split(","), *query.get("hostaddr", [""])[0].split(",")]
    if not url or "sslmode" in query or all(_is_here(one) for one in places):
        return url
    word = "verify-full" if "sslrootcert" in query else "require"
    told = f"{parts.query}&sslmode={quote(word)}".lstrip("&")
    return parts._replace(query=told).geturl()


def _is_here(host: str) -> bool:
    """Is this a socket of this machine, or this machine itself?"""
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def not_encrypted(said: str) -> Refused | None:
    """What to tell when a connection failed because the server has no TLS; None for other causes.
    `said` is libpq's message."""
    if _NO_TLS not in said:
        return None
    return Refused(
        "database_not_encrypted",
        f"The database server offers no encryption: {said.strip()}.",
        "We did not log in: neither a password nor data went to it in the clear.",
        "Let the server offer TLS (ssl = on). Where the network up to it is yours alone and that is"
        " meant, say so in its address: ?sslmode=disable.",
    )


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Host (or the folder of a socket), port, database, role and its password."""

    host: str
    port: str
    database: str
    user: str
    password: str
    sslmode: str = ""
    sslrootcert: str = ""

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
            sslrootcert=query.get("sslrootcert", [""])[0],
        )

    def conninfo(self) -> str:
        named = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            "sslmode": self.sslmode,
            "sslrootcert": self.sslrootcert,
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
            "PGSSLROOTCERT": self.sslrootcert,
        }
        return {name: value for name, value in named.items() if value}
