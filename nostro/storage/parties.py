"""Master data as stored: customers, entities, connections, accounts, payees and their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Least

from nostro.domain.errors import Refused
from nostro.domain.party import Account, LegalEntity, PayeeAccount, PostalAddress
from nostro.domain.payee import VersionOrigin
from nostro.storage import bulk, models, queries
from nostro.storage.models.tenant import TenantModel
from nostro.storage.tenancy import current, tenant

UNTOLD = VersionOrigin()


class CustomerRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    code: str
    quarantined: bool


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    connector: str
    config: dict[str, Any]
    cursor: str


def create_partner(partner_id: UUID, name: str) -> UUID:
    """Make the partner, or return the one of that name; as the owner: customers may only read."""
    row, _ = models.Partner.objects.using("owner").get_or_create(
        name=name, defaults={"id": partner_id}
    )
    return row.id


def create_customer(customer_id: UUID, partner_id: UUID, *, name: str, code: str) -> None:
    with tenant(customer_id):
        models.Customer.objects.create(
            id=customer_id, tenant_id=customer_id, partner_id=partner_id, name=name, code=code
        )


def customers() -> list[CustomerRow]:
    """Every customer of this installation; as nostro_ops, before one is chosen."""
    rows = models.Customer.objects.using("ops").order_by("code")
    return [
        CustomerRow(id=i, name=n, code=c, quarantined=q)
        for i, n, c, q in rows.values_list("id", "name", "code", "quarantined")
    ]


def customer() -> CustomerRow:
    """The customer of this unit of work."""
    row = models.Customer.objects.get(id=current())
    return CustomerRow(id=row.id, name=row.name, code=row.code, quarantined=row.quarantined)


def take_payment_numbers(count: int) -> int:
    """Reserve `count` payment numbers; returns the first."""
    (row,) = queries.rows("take_payment_numbers", tenant_id=current(), count=count)
    first: int = row["first"]
    return first


def create_entity(entity: LegalEntity) -> None:
    models.LegalEntity.objects.create(
        id=UUID(entity.id),
        tenant_id=current(),
        code=entity.code,
        name=entity.name,
        address=msgspec.to_builtins(entity.address),
        functional_currency=entity.functional_currency,
        receivables_account=entity.receivables_account,
    )


def entities() -> list[LegalEntity]:
    return [entity_of(row) for row in models.LegalEntity.objects.order_by("code")]


def entity_of(row: models.LegalEntity) -> LegalEntity:
    return LegalEntity(
        id=str(row.id),
        code=row.code,
        name=row.name,
        address=msgspec.convert(row.address, PostalAddress),
        functional_currency=row.functional_currency,
        receivables_account=row.receivables_account,
    )


def lock_entity(entity_id: UUID) -> None:
    """Let work on one entity's cash come one after another."""
    models.LegalEntity.objects.select_for_update(no_key=True).get(id=entity_id)


def lock_account(account_id: UUID) -> None:
    """Let work that draws an account's checks come one after another."""
    models.Account.objects.select_for_update(no_key=True).get(id=account_id)


def look_for_gaps_from(account_id: UUID, day: date, due: datetime) -> None:
    """Remember to look for gaps between an account's statements from a day on, once it is due."""
    rows = models.Account.objects.filter(id=account_id)
    rows.update(gaps_since=Least(Coalesce("gaps_since", day), day), next_action_at=due)


def gaps_since(account_id: UUID) -> tuple[Account, date | None]:
    """An account, and from which day on its gaps are to be looked for."""
    row = models.Account.objects.get(id=account_id)
    return account_of(row), row.gaps_since


def looked_for_gaps(account_id: UUID) -> None:
    models.Account.objects.filter(id=account_id).update(gaps_since=None, next_action_at=None)


def create_connection(
    connection_id: UUID,
    name: str,
    connector: str,
    config: dict[str, Any],
    collect_from: datetime | None = None,
) -> None:
    """Make a connection; from `collect_from` on its messages are collected minute by minute."""
    models.Connection.objects.create(
        id=connection_id,
        tenant_id=current(),
        name=name,
        connector=connector,
        config=config,
        next_action_at=collect_from,
    )


def connection(connection_id: UUID) -> ConnectionRow:
    row = models.Connection.objects.filter(id=connection_id).first()
    if row is None:
        raise Refused("connection_unknown", "There is no such connection for this customer.")
    return _connection(row)


def configure_connection(connection_id: UUID, config: dict[str, Any]) -> None:
    models.Connection.objects.filter(id=connection_id).update(config=config)


def connections() -> list[ConnectionRow]:
    return [_connection(row) for row in models.Connection.objects.order_by("name")]


def _connection(row: models.Connection) -> ConnectionRow:
    return ConnectionRow(
        id=row.id, name=row.name, connector=row.connector, config=row.config, cursor=row.cursor
    )


def move_cursor(connection_id: UUID, cursor: str, now: datetime) -> None:
    models.Connection.objects.filter(id=connection_id).update(cursor=cursor, collected_at=now)


def create_account(account: Account) -> None:
    models.Account.objects.create(
        id=UUID(account.id),
        tenant_id=current(),
        entity_id=UUID(account.legal_entity_id),
        connection_id=UUID(account.connection_id),
        name=account.name,
        iban=account.iban,
        bic=account.bic,
        currency=account.currency,
        ledger_account=account.ledger_account,
        clearing_account=account.clearing_account,
        local_account=account.local_account,
    )


def accounts() -> list[Account]:
    return [account_of(row) for row in models.Account.objects.order_by("name", "id")]


def account_of(row: models.Account) -> Account:
    return Account(
        id=str(row.id),
        legal_entity_id=str(row.entity_id),
        connection_id=str(row.connection_id),
        name=row.name,
        iban=row.iban,
        bic=row.bic,
        currency=row.currency,
        ledger_account=row.ledger_account,
        clearing_account=row.clearing_account,
        local_account=row.local_account,
    )


def add_payee(payee_id: UUID, number: str, name: str) -> None:
    add_payees([(payee_id, number, name)])


def add_payees(told: Iterable[tuple[UUID, str, str]]) -> None:
    """Store payees, each as (id, number, name)."""
    tenant_id = current()
    models.Payee.objects.bulk_create(
        [
            models.Payee(id=payee_id, tenant_id=tenant_id, number=number, name=name)
            for payee_id, number, name in told
        ]
    )


def payee_named(number: str) -> tuple[UUID, str] | None:
    """The id and the name of the payee with this number."""
    return models.Payee.objects.filter(number=number).values_list("id", "name").first()


def payee_ids(numbers: Iterable[str]) -> dict[str, UUID]:
    """The ids of the payees with these numbers; who is not known is left out."""
    found = models.Payee.objects.filter(bulk.one_of("number", set(numbers)))
    return dict(found.values_list("number", "id"))


class AddedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A version to store. Who asked for it, and agreed to it by `request_id`, never approves
    payments to it."""

    account: PayeeAccount
    changed_by_person: UUID | None = None
    origin: VersionOrigin = UNTOLD
    request_id: UUID | None = None


def add_payee_account(
    account: PayeeAccount,
    changed_by_person: UUID | None = None,
    origin: VersionOrigin = UNTOLD,
    request_id: UUID | None = None,
) -> None:
    """Store one version."""
    add_payee_accounts(
        [
            AddedAccount(
                account=account,
                changed_by_person=changed_by_person,
                origin=origin,
                request_id=request_id,
            )
        ]
    )


def add_payee_accounts(added: Iterable[AddedAccount]) -> None:
    """Store versions, of as many payees as there are."""
    tenant_id = current()
    models.PayeeAccount.objects.bulk_create(
        [
            models.PayeeAccount(
                id=UUID(one.account.id),
                tenant_id=tenant_id,
                payee_id=UUID(one.account.payee_id),
                version=one.account.version,
                iban=one.account.iban,
                bic=one.account.bic,
                valid_from=one.account.valid_from,
                changed_by=one.account.changed_by,
                changed_by_person=one.changed_by_person,
                confirmed=one.account.confirmed,
                local_account=one.account.local_account,
                request_id=one.request_id,
                **origin_columns(one.origin),
            )
            for one in added
        ]
    )


def origin_columns(origin: VersionOrigin) -> dict[str, Any]:
    """Where a version comes from, as its row says it."""
    return {
        "source": origin.source.value,
        "source_detail": origin.detail,
        "evidence_id": UUID(origin.evidence_id) if origin.evidence_id else None,
        "document": origin.document,
        "asked_by_name": origin.asked_by,
        "agreed_by_name": origin.agreed_by,
    }


def current_payee_accounts(numbers: Iterable[str]) -> dict[str, PayeeAccount]:
    """The newest version of each payee's account, by payee number."""
    # No join: its plan is bad while a new customer's payees are in no statistics yet.
    payees = models.Payee.objects.filter(bulk.one_of("number", set(numbers)))
    named = {payee_id: (number, name) for payee_id, number, name in payees.values_list(*_PAYEE)}
    rows = models.PayeeAccount.objects.filter(bulk.one_of("payee_id", named))
    found = rows.order_by("version").values_list(*_ACCOUNT)
    accounts = (_payee_account(row, *named[row[1]]) for row in found)
    return {account.payee_number: account for account in accounts}


def payee_numbers_of_accounts(numbers: Iterable[str]) -> dict[str, str]:
    """Which payee an account belongs to, by what names it: an IBAN, or a local account."""
    wanted = {number for number in numbers if number}
    named = Q(bulk.one_of("iban", wanted)) | Q(bulk.one_of("local_account", wanted))
    found = _payee_accounts(models.PayeeAccount.objects.filter(named)) if wanted else []
    return {account.number: account.payee_number for account in found}


def payee_numbers_of_ibans(ibans: Iterable[str]) -> dict[str, str]:
    """Which payee an account belongs to, for sources that name no payee number."""
    wanted = set(ibans)
    if not wanted:
        return {}
    rows = models.PayeeAccount.objects.filter(bulk.one_of("iban", wanted))
    return {found.iban: found.payee_number for found in _payee_accounts(rows)}


def payee_accounts_by_id(ids: Iterable[UUID]) -> dict[UUID, PayeeAccount]:
    """These versions of payees' accounts."""
    found = _payee_accounts(models.PayeeAccount.objects.filter(bulk.one_of("id", set(ids))))
    return {UUID(account.id): account for account in found}


def _payee_accounts(rows: QuerySet[models.PayeeAccount]) -> list[PayeeAccount]:
    found = rows.order_by("version").values_list(*_ACCOUNT, "payee__number", "payee__name")
    return [_payee_account(row, row[-2], row[-1]) for row in found]


_PAYEE = ("id", "number", "name")
_ACCOUNT = (
    *("id", "payee_id", "version", "iban", "bic"),
    *("valid_from", "changed_by", "confirmed", "local_account"),
)


def _payee_account(row: Sequence[Any], number: str, name: str) -> PayeeAccount:
    return PayeeAccount(
        id=str(row[0]),
        payee_id=str(row[1]),
        payee_number=number,
        payee_name=name,
        version=row[2],
        iban=row[3],
        bic=row[4],
        valid_from=row[5],
        changed_by=row[6],
        confirmed=row[7],
        local_account=row[8],
    )


def add_rate(rate_id: UUID, base: str, quote: str, day: date, rate: Decimal, source: str) -> None:
    models.Rate.objects.create(
        id=rate_id,
        tenant_id=current(),
        base=base,
        quote=quote,
        day=day,
        rate=rate,
        source=source,
    )


def rate(base: str, quote: str, day: date) -> Decimal:
    """The newest rate on or before `day`; raises Refused when there is none."""
    if base == quote:
        return Decimal(1)
    row = models.Rate.objects.filter(base=base, quote=quote, day__lte=day).order_by("-day").first()
    if row is None:
        raise Refused(
            "rate_missing",
            f"There is no {base}/{quote} rate on or before {day.isoformat()}.",
            can_do="Load the rates of that day.",
        )
    return row.rate


def exists(word: str, row_id: UUID) -> bool:
    """Is there such a connection, entity, account or payee of this customer?"""
    tables: Mapping[str, type[TenantModel]] = {
        "connection": models.Connection,
        "entity": models.LegalEntity,
        "account": models.Account,
        "payee": models.Payee,
    }
    return tables[word]._default_manager.filter(id=row_id).exists()
