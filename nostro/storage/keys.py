"""Keys of programs and personal tokens: shown once, kept as a hash, found before a customer is.

A token reads `nk_<prefix>_<secret>`. The prefix finds it, the secret (32 random bytes) proves it.
A key that names a person is that person's own token and acts as the person; a key without a
person is a program's, and a program never approves. A token may approve payments, for the person
who made it asked for that himself; it never decides about access: there a person is present.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Role
from nostro.storage import models, queries
from nostro.storage.tenancy import current

SECRET_BYTES: Final = 32
USED_TO: Final = timedelta(hours=1)  # How exactly the last use is kept: one write an hour.
_TOKEN = re.compile(r"nk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z", re.ASCII)


class Scope(StrEnum):
    """What a key may be used for."""

    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    PAYMENTS_APPROVE = "payments:approve"  # Personal tokens only.
    STATEMENTS_READ = "statements:read"
    ACCOUNTS_READ = "accounts:read"
    EVENTS_READ = "events:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    PAYMENTS_CANCEL = "payments:cancel"  # Hold, cancel, recall: nothing leaves because of it.
    SUBMISSIONS_READ = "submissions:read"
    FILES_READ = "files:read"  # The exact bytes, with every payee in them.
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    PAYEES_READ = "payees:read"
    STOPS_READ = "stops:read"
    STOPS_WRITE = "stops:write"  # Stop, never lift.
    CONFIDENTIAL_READ = "confidential:read"  # What else is hidden: payees and amounts of payroll.
    ACCESS_READ = "access:read"  # People, duties, keys and changes that two people make.
    OPEN_ITEMS_READ = "open_items:read"
    OPEN_ITEMS_WRITE = "open_items:write"
    STATEMENTS_WRITE = "statements:write"  # What is brought settles payments, as the bank's word.
    MATCHES_WRITE = "matches:write"  # Say what lines of statements pay, and undo it.
    ACCESS_ASK = "access:ask"  # Ask for such a change; agreeing needs a session.


_READS: Final = frozenset(
    {
        Scope.PAYMENTS_READ,
        Scope.STATEMENTS_READ,
        Scope.ACCOUNTS_READ,
        Scope.EVENTS_READ,
        Scope.SUBMISSIONS_READ,
        Scope.CASES_READ,
        Scope.PAYEES_READ,
        Scope.STOPS_READ,
        Scope.OPEN_ITEMS_READ,
        Scope.ACCESS_READ,
    }
)
_ASKS: Final = _READS | {Scope.ACCESS_ASK}
_WORKS: Final = _ASKS | {Scope.PAYMENTS_CANCEL, Scope.CASES_WRITE, Scope.FILES_READ}
# What a person may do through the API, by role. A personal token never goes beyond it.
SCOPES_OF: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        Role.MAKER: _WORKS | {Scope.PAYMENTS_WRITE},
        Role.APPROVER: _WORKS | {Scope.PAYMENTS_APPROVE, Scope.STOPS_WRITE},
        Role.TREASURER: _WORKS
        | {Scope.PAYMENTS_WRITE, Scope.PAYMENTS_APPROVE, Scope.STOPS_WRITE, Scope.MATCHES_WRITE},
        Role.RECONCILER: _ASKS
        | {
            Scope.CASES_WRITE,
            Scope.OPEN_ITEMS_WRITE,
            Scope.STATEMENTS_WRITE,
            Scope.MATCHES_WRITE,
        },
        Role.INTEGRATOR: _ASKS
        | {
            Scope.WEBHOOKS_MANAGE,
            Scope.FILES_READ,
            Scope.OPEN_ITEMS_WRITE,
            Scope.STATEMENTS_WRITE,
        },
        Role.RELEASER: _WORKS | {Scope.STOPS_WRITE},
        Role.AUDITOR: _READS | {Scope.FILES_READ},
        Role.ADMINISTRATOR: _ASKS,
        Role.PARTNER_ADMINISTRATOR: _ASKS,
    }
)


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key, without its secret. Of `networks` (CIDR) it is taken, from anywhere without any;
    `last_used_at` is true to the hour; `replaced_by` is the key that a rotation made of it."""

    id: UUID
    tenant_id: UUID
    prefix: str
    name: str
    scopes: frozenset[Scope]
    person_id: UUID | None
    expires_at: datetime
    revoked_at: datetime | None
    networks: tuple[str, ...] = ()
    last_used_at: datetime | None = None
    replaced_by: UUID | None = None


def scopes_of(roles: Iterable[Role]) -> frozenset[Scope]:
    return frozenset(scope for role in roles for scope in SCOPES_OF[role])


def issue(
    key_id: UUID,
    *,
    name: str,
    scopes: Iterable[Scope],
    now: datetime,
    expires_at: datetime,
    person_id: UUID | None = None,
    randomness: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[KeyRow, str]:
    """Make a key for the customer of this unit of work: the row, and the token to show once.

    Raises Invalid for a program's key that asks to approve, and for an expiry that has passed.
    """
    wanted = frozenset(scopes)
    _allowed(wanted, person_id, now, expires_at)
    prefix = randomness(8).hex()
    secret, kept = secret_of(randomness)
    models.ApiKey.objects.create(
        id=key_id,
        tenant_id=current(),
        prefix=prefix,
        secret_hash=kept,
        name=name,
        scopes=sorted(scope.value for scope in wanted),
        person_id=person_id,
        created_at=now,
        expires_at=expires_at,
    )
    row = KeyRow(
        id=key_id,
        tenant_id=current(),
        prefix=prefix,
        name=name,
        scopes=wanted,
        person_id=person_id,
        expires_at=expires_at,
        revoked_at=None,
    )
    return row, f"nk_{prefix}_{secret}"


def secret_of(randomness: Callable[[int], bytes] = secrets.token_bytes) -> tuple[str, str]:
    """A new secret, and what is kept of it."""
    secret = _text(randomness(SECRET_BYTES))
    return secret, _hash(secret)


def authenticate(token: str, now: datetime, address: str = "") -> KeyRow:
    """The key that a token proves; as nostro_ops, before a customer is known.

    `address` is where the connection comes from. Raises Refused. Only who holds the secret learns
    that a key has expired, was revoked, or is not taken from there.
    """
    found = _TOKEN.match(token)
    if found is None:
        raise _no("key_unknown", "The API key is not one of ours.")
    prefix, secret = found.groups()
    row = next((row for stored, row in _of_prefix(prefix) if _same(stored, secret)), None)
    if row is None:
        raise _no("key_unknown", "The API key is not one of ours.")
    if row.revoked_at is not None:
        raise _no("key_revoked", f"The API key {row.name} was revoked.")
    if row.expires_at <= now:
        raise _no("key_expired", f"The API key {row.name} expired on {row.expires_at:%Y-%m-%d}.")
    if row.networks and not _is_inside(address, row.networks):
        raise _no(
            "key_address_refused",
            f"The API key {row.name} is not taken from {address or 'an unknown address'}.",
        )
    if row.last_used_at is None or now - row.last_used_at >= USED_TO:
        used = models.ApiKey.objects.using("ops").filter(tenant_id=row.tenant_id, id=row.id)
        used.update(last_used_at=now)
    return row


def checked_networks(networks: Iterable[str]) -> tuple[str, ...]:
    """Networks as CIDR; a single address is one of its own. Raises Invalid."""
    found = []
    for text in networks:
        try:
            found.append(str(ip_network(text.strip())))
        except ValueError:
            raise Invalid(
                "network_unreadable",
                f"{text[:60]!r} is no network.",
                "No key was made.",
                "Write it like 203.0.113.0/24 or 2001:db8::/32, without host bits.",
                field="networks",
            ) from None
    return tuple(sorted(set(found)))


def _is_inside(address: str, networks: Iterable[str]) -> bool:
    try:
        here = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(here, "ipv4_mapped", None)
    found = (ip_network(network) for network in networks)
    return any((mapped or here) in network for network in found)


def revoke(key_id: UUID, now: datetime) -> bool:
    """Make a key of this customer useless at once; True when it was usable before."""
    found = models.ApiKey.objects.filter(id=key_id, revoked_at=None)
    return found.update(revoked_at=now) > 0


def issued() -> list[KeyRow]:
    """The keys of this customer, the newest first."""
    return [_row(row) for row in models.ApiKey.objects.order_by("-id").values(*_COLUMNS)]


_COLUMNS = (
    "id", "tenant_id", "prefix", "name", "scopes", "person_id", "expires_at", "revoked_at",
    "networks", "last_used_at", "replaced_by",
)  # fmt: skip


_NEEDS_A_PERSON: Final = frozenset({Scope.PAYMENTS_APPROVE, Scope.ACCESS_ASK})


def _of_prefix(prefix: str) -> list[tuple[str, KeyRow]]:
    (rows,) = queries.together(("keys_of_prefix", {"prefix": prefix}), using="ops")
    return [(row["secret_hash"], _row(row)) for row in rows]


def _row(found: Mapping[str, object]) -> KeyRow:
    return msgspec.convert({name: found[name] for name in _COLUMNS}, KeyRow)


def check_program(scopes: frozenset[Scope]) -> None:
    """Raise Invalid for what no program may be given."""
    if not scopes & _NEEDS_A_PERSON:
        return
    raise Invalid(
        "keys_never_approve",
        "A program's key cannot be given the right to approve payments, nor to ask for access.",
        can_do="Leave the scope out, or make a personal token for the person who does it.",
        field="scopes",
    )


def _allowed(
    scopes: frozenset[Scope], person_id: UUID | None, now: datetime, expires_at: datetime
) -> None:
    if person_id is None:
        check_program(scopes)
    if expires_at <= now:
        raise Invalid(
            "key_expiry_passed",
            "The key would already have expired.",
            can_do="Choose a later day.",
            field="expires_at",
        )


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _same(stored: str, secret: str) -> bool:
    return hmac.compare_digest(stored, _hash(secret))


def _no(code: str, happened: str) -> Refused:
    return Refused(code, happened, "Nothing was done.", "Use a valid key, or ask for a new one.")
