"""Who pays and who is paid: customer, legal entity, account, payee and the payee's accounts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class PostalAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A structured address (ISO 20022 PostalAddress24). Town and country are always needed."""

    street: str = ""
    building: str = ""
    post_code: str = ""
    town: str = ""
    country: str = ""


class LegalEntity(msgspec.Struct, frozen=True, kw_only=True):
    """One company of the customer's group; `code` is what its ERP calls it."""

    id: str
    code: str
    name: str
    address: PostalAddress
    functional_currency: str
    receivables_account: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One of the customer's own bank accounts, with the connection that reaches its bank."""

    id: str
    legal_entity_id: str
    connection_id: str
    name: str
    iban: str
    bic: str
    currency: str
    ledger_account: str
    clearing_account: str


class PayeeAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the bank details of a payee; a change makes a new version.

    `valid_from` is when this version became known; `changed_by` is a person or a source system.
    """

    id: str
    payee_id: str
    payee_number: str
    payee_name: str
    version: int
    iban: str
    bic: str
    valid_from: datetime
    changed_by: str
    confirmed: bool


class Role(StrEnum):
    """What a person may do for one customer. The trust work refines these by entity and amount."""

    MAKER = "maker"
    APPROVER = "approver"
    TREASURER = "treasurer"
    RECONCILER = "reconciler"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person acting for one customer. `is_person` is false for an API key or a job."""

    id: str
    name: str
    roles: frozenset[Role]
    is_person: bool = True
