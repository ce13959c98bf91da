"""What access hangs on: credentials, certificates and keys, how old they are and what renews them.

Every kind that an inventory shows stands in one table; a new kind is a line of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Final

import msgspec

AHEAD: Final = timedelta(days=30)
RENEW_AFTER: Final = timedelta(days=365)
INSTALLATION: Final = "installation"


class CredentialState(StrEnum):
    FINE = "fine"
    EXPIRES_SOON = "expires soon"
    EXPIRED = "expired"
    OLD = "old"  # Nothing ends it, but it was not renewed for longer than is wise.


class CredentialKind(Enum):
    """Its word, and what renews one of it: a command, or where it is done."""

    CREDENTIAL = ("credential", "nostro connections change --secret")
    WEBHOOK_SECRET = ("webhook secret", "the API")
    CERTIFICATE = ("certificate", "nostro connections change")
    API_KEY = ("API key", "the console")
    DATA_KEY = ("data key", "nostro secrets rotate data")
    NAMING_KEY = ("naming key", "")  # A new one would make known contents look new.
    KEY_ENCRYPTION_KEY = ("key-encryption key", "nostro secrets rotate key-encryption")
    AUDIT_KEY = ("audit key", "nostro audit change-key")
    SESSION_KEY = ("session key", "nostro secrets rotate signing")
    DATABASE_PASSWORD = ("database password", "nostro secrets rotate database")
    OBJECT_STORE_KEY = ("object store key", "by hand: the new one into its file, then a restart")
    BACKUP_KEY = ("backup key", "nostro keys backup NEW")

    def __init__(self, word: str, renewed_by: str) -> None:
        self.word = word
        self.renewed_by = renewed_by


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One credential, certificate or key, never with what it is. `natural_key` names it for good.

    `since` is when it was made or last renewed, None where nobody knows; `expires_at` is None for
    what ends by nobody's rule.
    """

    natural_key: str
    name: str
    kind: CredentialKind
    owner: str
    since: datetime | None
    expires_at: datetime | None
    age_days: int | None
    state: CredentialState


def judged(
    now: datetime,
    *,
    natural_key: str,
    name: str,
    kind: CredentialKind,
    owner: str,
    since: datetime | None,
    expires_at: datetime | None = None,
) -> Credential:
    """One of them with its age and whether somebody must do something about it."""
    state = CredentialState.FINE
    if expires_at is not None and expires_at <= now:
        state = CredentialState.EXPIRED
    elif expires_at is not None and expires_at - now <= AHEAD:
        state = CredentialState.EXPIRES_SOON
    elif expires_at is None and since is not None and kind.renewed_by and now - since > RENEW_AFTER:
        state = CredentialState.OLD
    return Credential(
        natural_key=natural_key,
        name=name,
        kind=kind,
        owner=owner,
        since=since,
        expires_at=expires_at,
        age_days=None if since is None else max(0, (now - since).days),
        state=state,
    )


def most_urgent_first(found: list[Credential]) -> list[Credential]:
    urgent = [CredentialState.EXPIRED, CredentialState.EXPIRES_SOON, CredentialState.OLD]
    rank = {state: place for place, state in enumerate([*urgent, CredentialState.FINE])}
    return sorted(found, key=lambda one: (rank[one.state], one.name, one.natural_key))
