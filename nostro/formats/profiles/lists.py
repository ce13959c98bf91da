"""How one bank lays out its statement lists (CSV, XLSX): its columns, dates, signs, as data.

A layout is a TOML file in `bank_lists/`. Adding a bank's list is adding its file.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import msgspec

from nostro.domain.errors import Invalid

# A column's title; with "#2" the second one of that title; a number counts columns from 1.
Column = str | int


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column is which field; "" where the list has none.

    Either `amount` (signed, or with `direction`), or `debit` and `credit`. `payer` and `payee` are
    for lists that name both sides: the one that is not the account's owner is the counterparty.
    `remittance` and `text` may be several columns, taken in this order. Columns that stand nowhere
    here are kept as codes, by their titles.
    """

    booked: Column = ""
    value: Column = ""
    amount: Column = ""
    debit: Column = ""
    credit: Column = ""
    direction: Column = ""
    currency: Column = ""
    balance: Column = ""
    fee: Column = ""
    account: Column = ""
    counterparty_name: Column = ""
    counterparty_account: Column = ""
    counterparty_bic: Column = ""
    payer: Column = ""
    payee: Column = ""
    remittance: tuple[Column, ...] = ()
    text: tuple[Column, ...] = ()
    code: Column = ""
    reference: Column = ""
    entry_reference: Column = ""
    customer_reference: Column = ""
    end_to_end_id: Column = ""
    mandate_id: Column = ""
    creditor_id: Column = ""
    transaction_id: Column = ""
    check_number: Column = ""
    purpose: Column = ""
    instructed_amount: Column = ""
    instructed_currency: Column = ""
    state: Column = ""


class Directions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of the direction column, in any case: money out of the account, money into it."""

    out: tuple[str, ...] = ()
    into: tuple[str, ...] = ()


class States(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of the state column. Rows of `opening` and `closing` hold balances as amount."""

    booked: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    information: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()


class Heading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Beginnings of cells above the titles, or in footers, whose row tells about the account."""

    account: str = ""
    account_name: str = ""
    owner: str = ""
    currency: str = ""
    opening: str = ""
    closing: str = ""


class BankList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The layout of a bank's statement list.

    `titles` False: the list has no row of titles and columns are numbers. `dates` spell dates with
    YYYY, YY (2000 to 2099), MMM (a month's name), MM, M, DD, D, and times with hh, h, mm, ss, SSS,
    AM, and Z (an offset); "?" is any one separator. `decimal` and `group` are the signs inside
    numbers. `signs` are currency signs that stand beside amounts, with their codes.

    `sign` "negated": a positive amount is money out (card lists). `debits` says how the debit
    column writes money out: "positive" or "negative". `fees` likewise for the fee column;
    `fee_in_amount` False: the fee moved the balance on top of the amount.

    `order` "auto" finds out from dates and balances. `footers` begin rows that are no entries.
    `currency` and `account` are for lists that do not name theirs; `optional` columns may be
    missing; `ragged` rows may be shorter than the titles.
    """

    columns: Columns
    format: Literal["bank_csv"] = "bank_csv"
    name: str = ""
    bank: str = ""
    encoding: str = ""
    delimiter: str = ";"
    quote: Literal['"', "'", ""] = '"'
    titles: bool = True
    dates: tuple[str, ...] = ("YYYY-MM-DD",)
    decimal: Literal[".", ","] = "."
    group: Literal["", ".", ",", " ", "'"] = ""
    signs: dict[str, str] = {}
    sign: Literal["as_written", "negated"] = "as_written"
    debits: Literal["positive", "negative"] = "positive"
    fees: Literal["positive", "negative"] = "positive"
    fee_in_amount: bool = True
    directions: Directions = Directions()
    states: States = States()
    heading: Heading = Heading()
    footers: tuple[str, ...] = ()
    order: Literal["auto", "oldest_first", "newest_first"] = "auto"
    currency: str = ""
    account: str = ""
    optional: tuple[str, ...] = ()
    ragged: bool = False

    def required(self) -> set[str]:
        """The titles that such a list always has."""
        return {
            column
            for field, columns in self.placed().items()
            for column in columns
            if isinstance(column, str) and field not in self.optional
        }

    def placed(self) -> dict[str, tuple[Column, ...]]:
        """The fields that the list has, each with its columns."""
        told: dict[str, Any] = msgspec.structs.asdict(self.columns)
        several = {f: c if isinstance(c, tuple) else (c,) for f, c in told.items() if c != ""}
        return {field: columns for field, columns in several.items() if columns}


def _folder() -> Traversable:
    return files("nostro.formats.profiles").joinpath("bank_lists")


@cache
def names() -> tuple[str, ...]:
    """Every layout there is, by name."""
    found = (file.name for file in _folder().iterdir())
    return tuple(sorted(name[:-5] for name in found if name.endswith(".toml")))


@cache
def load(name: str) -> BankList:
    """The layout of that name; raises Invalid (`unknown_profile`) and names those there are."""
    if name not in names():
        raise Invalid(
            "unknown_profile",
            f"There is no layout {name[:40]!r} of bank lists.",
            "Nothing was read.",
            f"There are: {', '.join(names())}; or give the path of a layout of your own.",
        )
    data = _folder().joinpath(f"{name}.toml").read_bytes()
    return msgspec.structs.replace(msgspec.toml.decode(data, type=BankList), name=name)


@cache
def layouts() -> tuple[BankList, ...]:
    """Every layout there is; the one with most columns first, so that the closest fit wins."""
    return tuple(sorted(map(load, names()), key=lambda layout: -len(layout.required())))
