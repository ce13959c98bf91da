"""Every credential and key of a customer: since when, until when, whose, and what to do about it.

Read model and watch: what expires soon, or was not renewed for long, opens a case ahead of time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec
from cryptography import x509

from nostro.domain.case import CaseKind, due_in
from nostro.storage import data_keys, events, key_owning, parties, stored_secrets, webhooks
from nostro.storage.cases import NewCase
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.context import Acting, job_for

AHEAD: Final = timedelta(days=30)
AGAIN_DAYS: Final = (1, 7)  # Before the end: whoever did nothing about the first case is told anew.
EVERY: Final = timedelta(hours=1)
RENEW_AFTER: Final = timedelta(days=365)
_CHANGES: Final = ("connection.created", "connection.changed", "customer.sign_on_changed")


class CredentialState(StrEnum):
    FINE = "fine"
    EXPIRES_SOON = "expires soon"
    EXPIRED = "expired"
    OLD = "old"  # Nothing ends it, but it was not renewed for longer than is wise.


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One credential, certificate or key, never with what it is. `natural_key` names it for good.

    `since` is unknown for what lies in a file; `expires_at` is None for what ends by nobody's rule.
    """

    natural_key: str
    name: str
    kind: str
    owner: str
    since: datetime | None
    expires_at: datetime | None
    age_days: int | None
    state: CredentialState


def inventory(acting: Acting) -> list[Credential]:
    """Everything that a customer's access hangs on, what needs somebody first."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        found = [
            *_stored(acting, now),
            *_certificates(now),
            *_api_keys(now),
            *_data_keys(now),
        ]
    order = list(CredentialState)
    urgent = [CredentialState.EXPIRED, CredentialState.EXPIRES_SOON, CredentialState.OLD]
    rank = {state: (urgent + order).index(state) for state in order}
    return sorted(found, key=lambda one: (rank[one.state], one.name, one.natural_key))


def watch(acting: Acting) -> int:
    """Open a case for each credential that expires within 30 days, and others 7 days and 1 day
    before its end; returns how many there are."""
    found = [one for one in inventory(acting) if one.state in _ALARMS]
    with tenant(acting.tenant_id):
        for one in found:
            case_work.open_cases(acting, [_case(acting, one)])
    return len(found)


class HourlyWatch:
    """Looks at every customer's credentials once an hour; between, it costs nothing."""

    def __init__(self) -> None:
        self._next: datetime | None = None

    def look(self, now: datetime) -> int:
        """Open what cases are due; returns how many credentials expire soon, 0 when not looked."""
        if self._next is not None and now < self._next <= now + EVERY:
            return 0
        self._next = now + EVERY
        return sum(watch(job_for(customer.id)) for customer in parties.customers())


_ALARMS: Final = (CredentialState.EXPIRES_SOON, CredentialState.EXPIRED)


def _case(acting: Acting, one: Credential) -> NewCase:
    now = acting.world.clock.now()
    ends = one.expires_at or now
    again = next((f"/{days}" for days in AGAIN_DAYS if ends - now <= timedelta(days=days)), "")
    verb = "has expired" if one.state is CredentialState.EXPIRED else "expires"
    return NewCase(
        id=acting.world.ids.new(),
        kind=CaseKind.CONNECTION,
        # One that was renewed expires another day: that is another cause.
        natural_key=f"expiry/{one.natural_key}/{ends:%Y-%m-%d}{again}",
        sentence=f"{one.name} ({one.kind}) {verb} on {ends:%Y-%m-%d}.",
        can_do="Renew it before that day; what needs it stops working then.",
        due_at=min(now + due_in(CaseKind.CONNECTION), ends),
    )


def _stored(acting: Acting, now: datetime) -> Iterator[Credential]:
    """Secrets of connections, webhooks and single sign-on, by whoever changed them last."""
    names = {str(row.id): row.name for row in parties.connections()}
    names[str(acting.tenant_id)] = "Single sign-on"
    addresses = {str(row.id): row for row in webhooks.endpoints()}
    owners = events.last_actors([UUID(one) for one in names], _CHANGES)
    for row in stored_secrets.rows():
        of, _, what = row.name.partition(".")[2].partition(".")
        endpoint = addresses.get(of)
        yield _made(
            now,
            natural_key=row.name,
            name=f"{names[of]}: {what}" if of in names else (endpoint.url if endpoint else of),
            kind="webhook secret" if endpoint else "credential",
            owner=endpoint.created_by if endpoint else owners.get(of, ""),
            since=row.changed_at,
        )


def _certificates(now: datetime) -> Iterator[Credential]:
    """X.509 certificates that stand in settings of connections (RFC 5280 section 4.1.2.5)."""
    for row in parties.connections():
        for setting, value in row.config.items():
            if not isinstance(value, str) or "BEGIN CERTIFICATE" not in value:
                continue
            for place, found in enumerate(_loaded(value)):
                yield _made(
                    now,
                    natural_key=f"certificate.{row.id}.{setting}.{place}",
                    name=f"{row.name}: {setting}",
                    kind="certificate",
                    owner=found.subject.rfc4514_string(),
                    since=found.not_valid_before_utc,
                    expires_at=found.not_valid_after_utc,
                )


def _loaded(text: str) -> list[x509.Certificate]:
    """The certificates of a setting; none when it cannot be read: the connection itself tells."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return []


def _api_keys(now: datetime) -> Iterator[Credential]:
    for row in key_owning.listed():
        if row.revoked_at is None:
            yield _made(
                now,
                natural_key=f"api_key.{row.id}",
                name=row.name,
                kind="API key",
                owner=row.owner_name,
                since=row.created_at,
                expires_at=row.expires_at,
            )


def _data_keys(now: datetime) -> Iterator[Credential]:
    newest: dict[str, data_keys.DataKeyRow] = {}
    for row in data_keys.rows():
        newest.setdefault(row.purpose, row)
    for row in newest.values():
        renewed = row.purpose in data_keys.ROTATED
        yield _made(
            now,
            natural_key=f"data_key.{row.purpose}",
            name=f"Data key for {row.purpose}, version {row.version}",
            kind="data key",
            owner="nostro",
            since=row.made_at,
            renewed=renewed,
        )


def _made(
    now: datetime,
    *,
    natural_key: str,
    name: str,
    kind: str,
    owner: str,
    since: datetime | None,
    expires_at: datetime | None = None,
    renewed: bool = True,
) -> Credential:
    age = None if since is None else max(0, (now - since).days)
    state = CredentialState.FINE
    if expires_at is not None and expires_at <= now:
        state = CredentialState.EXPIRED
    elif expires_at is not None and expires_at - now <= AHEAD:
        state = CredentialState.EXPIRES_SOON
    elif renewed and expires_at is None and since is not None and now - since > RENEW_AFTER:
        state = CredentialState.OLD
    return Credential(
        natural_key=natural_key,
        name=name,
        kind=kind,
        owner=owner,
        since=since,
        expires_at=expires_at,
        age_days=age,
        state=state,
    )
