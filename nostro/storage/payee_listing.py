"""Payees as people and programs read them: the list, one with his versions, his confirmations."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from nostro.domain.freeze import FreezeScope
from nostro.domain.payee_change import ChangeState
from nostro.domain.policies.checks import RECENT_CHANGE
from nostro.storage import bulk, models, queries
from nostro.storage.listing import plain
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import build, columns
from nostro.storage.tenancy import Sight, sight
from nostro.storage.texts import ERASED


class Standing(StrEnum):
    """What payees are looked for by."""

    CONFIRMED = "confirmed"  # Somebody made sure of the account with the payee.
    UNCONFIRMED = "unconfirmed"
    CHANGED_RECENTLY = "changed_recently"
    BLOCKED = "blocked"  # Stopped: nothing is paid to him.
    CHANGE_WAITS = "change_waits"  # Another account waits for a decision.
    HIT_CLEARED = "hit_cleared"  # A name on a list was looked at and is not his.
    WITHOUT_ACCOUNT = "without_account"


class PayeeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payee with the newest version of his account; without one, `version` is 0."""

    id: UUID
    number: str
    name: str
    account_id: UUID | None
    version: int
    iban: str
    bic: str
    local_account: str
    valid_from: datetime | None
    changed_by: str
    source: str
    confirmed: bool
    blocked: bool
    change_waits: bool
    hit_cleared: bool
    changed_recently: bool


class AccountVersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of where a payee is paid, with what stands behind it."""

    id: UUID
    version: int
    iban: str
    bic: str
    local_account: str
    valid_from: datetime
    changed_by: str
    confirmed: bool
    source: str
    source_detail: str
    evidence_id: UUID | None
    document: str
    request_id: UUID | None
    asked_by_name: str
    agreed_by_name: str


class DetailsVersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of who a payee is."""

    version: int
    name: str
    address: dict[str, str]
    email: str
    valid_from: datetime
    changed_by: str
    source: str
    source_detail: str
    evidence_id: UUID | None
    document: str
    asked_by_name: str
    agreed_by_name: str


class ConfirmationRow(msgspec.Struct, frozen=True, kw_only=True):
    """How one version was confirmed with the payee, or is being."""

    id: UUID
    account_id: UUID
    version: int
    method: str
    order_id: UUID | None
    spoke_with: str
    number_called: str
    number_source: str
    happened_at: datetime | None
    said: str
    done_by_name: str
    agreed_by_name: str
    begun_at: datetime
    confirmed_at: datetime | None


_IBAN_END_MIN: Final = 4
_NEWEST: Final = (
    *("id", "version", "iban", "bic", "local_account", "valid_from", "changed_by", "source"),
)


def payees(
    now: datetime,
    *,
    q: str = "",
    standing: Standing | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Page[PayeeRow]:
    """Payees by name. `q` is a whole number, part of a name, or an IBAN or its last characters."""
    size = checked_limit(limit)
    found = _payees(now).order_by("name", "id")
    if q.strip():
        found = found.filter(_searched(q))
    if standing:
        found = found.filter(_STANDING[standing])
    if cursor:
        name, last = key_of("payees", cursor, lambda name, key: (name, UUID(key)))
        found = found.filter(Q(name__gt=name) | Q(name=name, id__gt=last))
    return page_of("payees", _rows(found[: size + 1]), size, lambda row: (row.name, str(row.id)))


def payee(payee_id: UUID, now: datetime) -> PayeeRow | None:
    """One payee; None when this customer has no such payee."""
    return next(iter(_rows(_payees(now).filter(id=payee_id))), None)


def account_versions(payee_id: UUID) -> list[AccountVersionRow]:
    """Where he is paid and was, the newest first."""
    found = models.PayeeAccount.objects.filter(payee_id=payee_id).order_by("-version")
    rows = found.values(*columns(AccountVersionRow))
    return [build(AccountVersionRow, row) for row in rows]


def accounts_of(payee_id: UUID) -> tuple[str, ...]:
    """Every account that he ever had here, as payments name it; not what was erased."""
    found = models.PayeeAccount.objects.filter(payee_id=payee_id).values_list(
        "iban", "local_account"
    )
    told = {number for pair in found for number in pair if number and number != ERASED}
    return tuple(sorted(told))


def details_versions(payee_id: UUID) -> list[DetailsVersionRow]:
    """Who he is and was, the newest first; empty where only his name was ever kept."""
    found = models.PayeeDetails.objects.filter(payee_id=payee_id).order_by("-version")
    names = columns(DetailsVersionRow, "address")
    return [
        build(DetailsVersionRow, row, address=_address(row["address"]))
        for row in found.values(*names, "address")
    ]


def confirmations(payee_id: UUID) -> list[ConfirmationRow]:
    """Who made sure of which version and how, the newest first."""
    found = models.PayeeConfirmation.objects.filter(account__payee_id=payee_id).order_by("-id")
    names = columns(ConfirmationRow, "version")
    return [
        build(ConfirmationRow, row, version=row["account__version"])
        for row in found.values(*names, "account__version")
    ]


def _address(told: Any) -> dict[str, str]:
    return {name: str(text) for name, text in told.items()} if isinstance(told, dict) else {}


def _payees(now: datetime) -> QuerySet[models.Payee]:
    accounts = models.PayeeAccount.objects.filter(payee_id=OuterRef("id")).order_by("-version")
    newest = {f"newest_{name}": Subquery(accounts.values(name)[:1]) for name in _NEWEST}
    stops = models.Freeze.objects.filter(
        scope=FreezeScope.PAYEE.value, subject_id=OuterRef("id"), lifted_at=None
    )
    waits = models.PayeeChange.objects.filter(
        payee_id=OuterRef("id"), state=ChangeState.PROPOSED.value
    )
    cleared = models.ScreeningClearance.objects.filter(order__payee_number=OuterRef("number"))
    recent = now - RECENT_CHANGE
    newer = accounts.filter(version__gt=1, valid_from__gt=recent, confirmed=False)
    return _shown().annotate(
        **newest,
        is_confirmed=Exists(accounts.filter(confirmed=True).filter(_is_newest())),
        is_blocked=Exists(stops),
        waits=Exists(waits),
        is_cleared=Exists(cleared),
        is_recent=Exists(newer.filter(_is_newest())),
    )


def _shown() -> QuerySet[models.Payee]:
    """Whoever was only ever paid confidentially is there for those who are cleared."""
    if sight() is Sight.WHOLE:
        return models.Payee.objects.all()
    hidden = [row["number"] for row in queries.rows("confidential_payees")]
    return models.Payee.objects.exclude(bulk.one_of("number", hidden))


def _is_newest() -> Q:
    later = models.PayeeAccount.objects.filter(
        payee_id=OuterRef("payee_id"), version__gt=OuterRef("version")
    )
    return ~Exists(later)  # type: ignore[return-value]  # A condition, as Q is.


_STANDING: Final = {
    Standing.CONFIRMED: Q(is_confirmed=True),
    Standing.UNCONFIRMED: Q(is_confirmed=False, newest_id__isnull=False),
    Standing.CHANGED_RECENTLY: Q(is_recent=True),
    Standing.BLOCKED: Q(is_blocked=True),
    Standing.CHANGE_WAITS: Q(waits=True),
    Standing.HIT_CLEARED: Q(is_cleared=True),
    Standing.WITHOUT_ACCOUNT: Q(newest_id__isnull=True),
}


def _searched(q: str) -> Q:
    whole = plain(q, "q").strip()
    iban = "".join(whole.split()).upper()
    wanted = Q(number=whole) | Q(name__icontains=whole)
    if len(iban) >= _IBAN_END_MIN and iban.isalnum() and any(map(str.isdigit, iban)):
        wanted |= Q(newest_iban__endswith=iban) | Q(newest_local_account__endswith=iban)
    return wanted


def _rows(found: QuerySet[models.Payee]) -> list[PayeeRow]:
    names = ("is_confirmed", "is_blocked", "waits", "is_cleared", "is_recent")
    rows = found.values("id", "number", "name", *(f"newest_{name}" for name in _NEWEST), *names)
    return [
        PayeeRow(
            id=row["id"],
            number=row["number"],
            name=row["name"],
            account_id=row["newest_id"],
            version=row["newest_version"] or 0,
            iban=row["newest_iban"] or "",
            bic=row["newest_bic"] or "",
            local_account=row["newest_local_account"] or "",
            valid_from=row["newest_valid_from"],
            changed_by=row["newest_changed_by"] or "",
            source=row["newest_source"] or "",
            confirmed=row["is_confirmed"],
            blocked=row["is_blocked"],
            change_waits=row["waits"],
            hit_cleared=row["is_cleared"],
            changed_recently=row["is_recent"],
        )
        for row in rows
    ]
