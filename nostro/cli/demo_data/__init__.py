"""The company of the demo: its files and its master data, typed (examples/vesterholt/README.md)."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files

import msgspec

from nostro.domain.money import Money
from nostro.domain.party import PostalAddress, Role

_FOLDER = "vesterholt"


class RunFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payment run, and which of its items go wrong on purpose."""

    file: str
    run_id: str
    invalid_iban_item: int
    duplicate_item: int
    changed_account_item: int
    closed_account_item: int


class OpenItemsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    file: str


class Connection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    connector: str
    profile: str
    bic: str


class Entity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A legal entity with the ledger accounts that journals post to."""

    code: str
    name: str
    functional_currency: str
    address: PostalAddress
    payables: str
    receivables: str
    unallocated_receipts: str
    payment_differences: str


class BankAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`bank_id` is what the bank itself calls the account."""

    bank_id: str
    entity: str
    name: str
    iban: str
    bic: str
    currency: str
    ledger_account: str
    clearing_account: str
    opening_balance: str

    def opening(self) -> Money:
        return Money.parse(self.opening_balance, self.currency)


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One unit of `currency` in the functional currency."""

    currency: str
    functional_currency: str
    day: date
    rate: Decimal


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    email: str
    erp_user: str
    roles: tuple[Role, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money from a customer on the day; `case` and `documents` say what matching should find."""

    bank_id: str
    end_to_end_id: str
    amount: str
    currency: str
    debtor_name: str
    debtor_iban: str
    note: str
    reference: str
    case: str
    documents: tuple[str, ...]

    def money(self) -> Money:
        return Money.parse(self.amount, self.currency)


class PaidBefore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run_id: str
    item: int
    company_code: str
    payee_number: str
    iban: str
    amount: str
    currency: str
    invoices: tuple[str, ...]
    paid_on: date

    def money(self) -> Money:
        return Money.parse(self.amount, self.currency)


class ClosedAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payee's account that the bank holds and has closed."""

    bank_id: str
    name: str
    iban: str
    currency: str


class AccountVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    iban: str
    bic: str
    valid_from: datetime
    changed_by: str
    confirmed: bool


class Payee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: str
    name: str
    accounts: tuple[AccountVersion, ...]


class MasterData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    group: str
    starts_at: datetime
    payment_run: RunFile
    open_items: OpenItemsFile
    connection: Connection
    entities: tuple[Entity, ...]
    accounts: tuple[BankAccount, ...]
    rates: tuple[Rate, ...]
    people: tuple[Person, ...]
    receipts: tuple[Receipt, ...]
    paid: tuple[PaidBefore, ...]
    closed_accounts: tuple[ClosedAccount, ...]
    payees: tuple[Payee, ...]


def read(name: str) -> bytes:
    """One file of the demo by its name."""
    return files(__name__).joinpath(_FOLDER, name).read_bytes()


def master_data() -> MasterData:
    return msgspec.convert(tomllib.loads(read("master_data.toml").decode()), MasterData)


def batch_booking_sample(tokens: dict[str, str]) -> bytes:
    """Our own camt.053 with one entry for a whole batch. The `{tokens}` are named in the file's
    comment; raises KeyError when one is missing. Values must not need XML escapes."""
    template = read("camt053_batch_booking_sample.xml").decode()
    return template.format_map(tokens).encode()
