"""Every credential and key of a customer: since when, until when, whose, and what to do about it.

Read model and watch: what expires soon, or was not renewed for long, opens a case ahead of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography import x509

from nostro.domain.case import CaseKind, due_in
from nostro.domain.credential import (
    Credential,
    CredentialKind,
    CredentialState,
    judged,
    most_urgent_first,
)
from nostro.storage import (
    change_requests,
    data_keys,
    events,
    key_owning,
    parties,
    stored_secrets,
    webhooks,
)
from nostro.storage.cases import NewCase
from nostro.storage.change_requests import RequestRow
from nostro.storage.tenancy import tenant
from nostro.storage.webhooks import EndpointRow
from nostro.workflows import case_work
from nostro.workflows.context import Acting, job_for

AGAIN_DAYS: Final = (1, 7)  # Before the end: whoever did nothing about the first case is told anew.
EVERY: Final = timedelta(hours=1)
_CHANGES: Final = (
    "connection.created",
    "connection.changed",
    "customer.sign_on_changed",
    "customer.sign_on_secret_renewed",
)


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
    return most_urgent_first(found)


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
        sentence=f"{one.name} ({one.kind.word}) {verb} on {ends:%Y-%m-%d}.",
        can_do="Renew it before that day; what needs it stops working then.",
        due_at=min(now + due_in(CaseKind.CONNECTION), ends),
    )


def _stored(acting: Acting, now: datetime) -> Iterator[Credential]:
    """Secrets of connections, webhooks and single sign-on, by whoever changed them last."""
    names = {str(row.id): row.name for row in parties.connections()}
    names[str(acting.tenant_id)] = "Single sign-on"
    addresses = {str(row.id): row for row in webhooks.endpoints()}
    owners = events.last_actors([UUID(one) for one in names], _CHANGES)
    found = stored_secrets.rows()
    asked = _asked_with(row.name for row in found)
    names |= {of: f"{row.subject}, asked for" for of, row in asked.items()}
    for row in found:
        of, _, what = row.name.partition(".")[2].partition(".")
        endpoint = addresses.get(of)
        yield judged(
            now,
            natural_key=row.name,
            name=f"{names[of]}: {what}" if of in names else (endpoint.url if endpoint else of),
            kind=CredentialKind.WEBHOOK_SECRET if endpoint else CredentialKind.CREDENTIAL,
            owner=_owner(of, endpoint, asked, owners),
            since=row.changed_at,
        )


def _asked_with(names: Iterable[str]) -> dict[str, RequestRow]:
    """The changes that were asked for with a secret, by id."""
    ids = [name.split(".")[1] for name in names if name.startswith("change_request.")]
    found = (change_requests.request(UUID(one)) for one in ids)
    return {str(row.id): row for row in found if row}


def _owner(
    of: str,
    endpoint: EndpointRow | None,
    asked: Mapping[str, RequestRow],
    owners: Mapping[str, str],
) -> str:
    if endpoint:
        return endpoint.created_by
    return asked[of].asked_by_name if of in asked else owners.get(of, "")


def _certificates(now: datetime) -> Iterator[Credential]:
    """X.509 certificates that stand in settings of connections (RFC 5280 section 4.1.2.5)."""
    for row in parties.connections():
        for setting, value in row.config.items():
            if not isinstance(value, str) or "BEGIN CERTIFICATE" not in value:
                continue
            for place, found in enumerate(_loaded(value)):
                yield judged(
                    now,
                    natural_key=f"certificate.{row.id}.{setting}.{place}",
                    name=f"{row.name}: {setting}",
                    kind=CredentialKind.CERTIFICATE,
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
            yield judged(
                now,
                natural_key=f"api_key.{row.id}",
                name=row.name,
                kind=CredentialKind.API_KEY,
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
        yield judged(
            now,
            natural_key=f"data_key.{row.purpose}",
            name=f"Data key for {row.purpose}, version {row.version}",
            kind=CredentialKind.DATA_KEY if renewed else CredentialKind.NAMING_KEY,
            owner="nostro",
            since=row.made_at,
        )
