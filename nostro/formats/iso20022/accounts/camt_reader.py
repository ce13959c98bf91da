"""Statements, reports and notifications of an account, as banks really send them.

ISO 20022 camt.053 (statement), .052 (report during the day) and .054 (notification), versions .01
to .14, share this reader: they differ in the name of one element and in what their balances prove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any, BinaryIO

import msgspec

from nostro.domain.balance_gate import BalanceGate
from nostro.domain.errors import Invalid
from nostro.domain.identifier import compact
from nostro.domain.problem import Problem, error
from nostro.domain.statement import Balance, Entry, ReportKind, StatementHeader, StatementTrailer
from nostro.formats import Profile, options_of
from nostro.formats.iso20022.accounts.camt_entry import availability, eager_detail, entry
from nostro.formats.iso20022.accounts.camt_fields import (
    AVAILABILITY_FIELDS,
    BALANCE_FIELDS,
    CHARGE_FIELDS,
    DOCUMENT_FIELDS,
    ENTRY_FIELDS,
    ENTRY_GROUPS,
    ENTRY_PLAIN,
    MESSAGE_FIELDS,
    STATEMENT_FIELDS,
    STRUCTURED_FIELDS,
    TRANSACTION_FIELDS,
    TRANSACTION_GROUPS,
    TRANSACTION_PLAIN,
    TYPED_AMOUNT_FIELDS,
)
from nostro.formats.iso20022.accounts.camt_header import header_of
from nostro.formats.iso20022.accounts.camt_summary import Summary
from nostro.formats.iso20022.accounts.camt_usual import usual_detail, usual_entry
from nostro.formats.iso20022.accounts.camt_values import (
    ASK_THE_BANK,
    IF_IT_CLOSES,
    Noticed,
    day_of,
    own_amount,
    refuse,
    sign_of,
)
from nostro.formats.iso20022.xml.messages import declared, records
from nostro.formats.iso20022.xml.safe_expat import KEPT
from nostro.formats.iso20022.xml.shapes import Record, Shape
from nostro.formats.iso20022.xml.skeletons import Parsed, Part
from nostro.formats.verdicts import Endings

VERSIONS = tuple(f"{number:02d}" for number in range(1, 15))
_OPENING = {"OPBD", "PRCD", "OPAV"}
_INTERIM = "INTM"


class CamtOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bank's dialect of camt.052, .053 and .054.

    `reversal_flips`: for a bank that gives a reversal (RvslInd) the direction of the booking that
    it reverses. By the standard, and by default, CdtDbtInd is the direction of the reversal itself.
    Whether a bank does so shows in its statements: they close with it or without it.
    """

    reversal_flips: bool = False


class _Open(Noticed):
    """What is known of the statement that is being read."""

    def __init__(self) -> None:
        super().__init__()
        self.header: StatementHeader | None = None
        self.own = ""
        self.gate = BalanceGate()
        self.summary = Summary()
        self.balances: list[Balance | _Untold] = []
        self.count = 0


class _Untold(msgspec.Struct):
    """A balance whose day the bank left out, until the statement's own dates are known."""

    record: Record
    balance: Balance


def _identity(record: Record) -> Record:
    return record


class _Reader:
    """Makes the records of one kind of message, by one bank's dialect."""

    def __init__(self, kind: ReportKind, options: CamtOptions) -> None:
        self.kind = kind
        self.flips = options.reversal_flips

    def _state(self, statement: Record) -> _Open:
        if statement.state is None:
            statement.state = _Open()
        state: _Open = statement.state
        return state

    def _begun(self, statement: Record, currency: str) -> list[object]:
        """The header, once: everything about it stands before the first balance or entry."""
        state = self._state(statement)
        if state.header is not None:
            return list(state.take()) if state.problems else []
        account = compact(statement.get("account"))
        state.own = account
        found: list[object] = []
        if not account:
            happened = f"{statement.words()} names no account."
            found.append(error("account_missing", happened, ASK_THE_BANK, statement.location()))
        state.header = header_of(statement, account, currency, self.kind, state)
        return [state.header, *found, *state.take()]

    def transaction(self, record: Record) -> object:
        around = record.parent
        statement = around.parent if around is not None else None
        if statement is None:
            return record
        state = self._state(statement)
        own = state.own or compact(statement.get("account"))
        return eager_detail(record, own, state, flips=self.flips)

    def entry(self, record: Record) -> object:
        statement = record.parent
        if statement is None:
            return None
        state = self._state(statement)
        state.count += 1
        if state.header is None:
            state.own = compact(statement.get("account"))
        made: Entry | Problem
        try:
            made = entry(record, state.own, state, flips=self.flips)
        except Invalid as refusal:
            state.gate.unreadable += 1
            made = _unusable(record, refusal)
            currency = ""
        else:
            state.gate.add(made)
            state.summary.add(made)
            currency = made.amount.currency
        if state.header is not None and not state.problems:
            return made
        return [*self._begun(statement, currency), made]

    def usual(self, part: Part) -> Callable[[Parsed, Record, int], Entry | None] | None:
        """As `entry`, for entries with the tags of that part and nothing to tell beside them."""
        maker = usual_entry(part, flips=self.flips)
        if maker is None:
            return None

        def made(parsed: Parsed, statement: Record, number: int) -> Entry | None:
            state = self._state(statement)
            if state.header is None or state.problems:
                return None
            found = maker.make(parsed, statement, number, state.own)
            if found is not None:
                state.count += 1
                state.gate.add(found)
                state.summary.add(found)
            return found

        return made

    def balance(self, record: Record) -> list[object]:
        statement = record.parent
        if statement is None:
            return []
        state = self._state(statement)
        try:
            found = _balance(record, state)
        except Invalid as refusal:
            return [*self._begun(statement, ""), _unusable(record, refusal)]
        state.balances.append(found)
        told = found.balance if isinstance(found, _Untold) else found
        return self._begun(statement, told.amount.currency)

    def statement(self, record: Record) -> list[object]:
        state = self._state(record)
        found = self._begun(record, "")
        header = state.header
        if header is None:
            return found
        balances = []
        for one in state.balances:
            if isinstance(one, _Untold):
                try:
                    balances.append(_with_day(one, header, state))
                except Invalid as refusal:
                    found.append(_unusable(one.record, refusal))
            else:
                balances.append(one)
        state.summary.check(record, state)
        trailer = StatementTrailer(
            balances=tuple(balances),
            entry_count=state.count - state.gate.unreadable,
            verdict=state.gate.verdict(balances, self.kind),
            location=record.location(),
            text=record.get("text"),
            codes=tuple(record.rest),
        )
        message = record.parent
        endings = (message and message.state) or Endings()
        if message is not None:
            message.state = endings
        return [*found, *state.take(), *endings.statement(header, trailer, state.gate)]


def _unusable(record: Record, refusal: Invalid) -> Problem:
    return error(refusal.code, refusal.happened, refusal.can_do, record.location(), record.raw())


def _balance(record: Record, state: _Open) -> Balance | _Untold:
    money = own_amount(record, state)
    if record.get("direction"):
        money = money if sign_of(record) > 0 else -money
    else:
        happened = "does not say credit or debit; it was read as credit."
        state.warn(record, "balance_direction_missing", happened, IF_IT_CLOSES)
    day = day_of(state, record, "day", "day")
    codes = record.rest
    subtype = record.get("subtype")
    made = Balance(
        code=record.get("code"),
        amount=money,
        day=day or date.min,
        bank_code="" if subtype == _INTERIM else subtype,
        interim=subtype == _INTERIM,
        available=availability(record, codes, state),
        location=record.location(),
        codes=tuple(codes),
    )
    return made if day is not None else _Untold(record, made)


def _with_day(untold: _Untold, header: StatementHeader, state: _Open) -> Balance:
    """A balance that the bank gave no day: the statement's first or last day, with a warning."""
    record, balance = untold.record, untold.balance
    final = header.to_day or (header.created_at.date() if header.created_at else None)
    day = (header.from_day if balance.code in _OPENING else None) or final
    if day is None:
        raise refuse(record, "balance_day_missing", "has no day, and nothing around tells it.")
    happened = f"has no day; {day} was taken from the statement."
    state.warn(record, "balance_day_missing", happened, "Nothing, if the day is right.")
    return msgspec.structs.replace(balance, day=day)


_CHARGE = Shape(name="charge", fields=CHARGE_FIELDS, make=_identity, keeps=True)
_CHARGES = Shape(
    name="charges", fields=CHARGE_FIELDS, make=_identity, inner={"Rcrd": _CHARGE}, keeps=True
)
_AVAILABLE = Shape(name="available", fields=AVAILABILITY_FIELDS, make=_identity, keeps=True)


def _detail_shape(reader: _Reader) -> Shape:
    document = Shape(name="document", fields=DOCUMENT_FIELDS, make=_identity, keeps=True)
    typed = Shape(name="typed_amount", fields=TYPED_AMOUNT_FIELDS, make=_identity, keeps=True)
    structured = Shape(
        name="structured",
        fields=STRUCTURED_FIELDS,
        make=_identity,
        inner={"RfrdDocInf": document, "RfrdDocAmt/RmtAmtAndTp": typed},
        keeps=True,
    )
    return Shape(
        name="transaction",
        fields=TRANSACTION_FIELDS,
        make=reader.transaction,
        swarms=True,
        inner={"RmtInf/Strd": structured, "Chrgs": _CHARGES},
        keeps=True,
        plain=TRANSACTION_PLAIN,
        groups=TRANSACTION_GROUPS,
        usual=usual_detail,
    )


def _entry_shape(reader: _Reader) -> Shape:
    transaction = _detail_shape(reader)
    return Shape(
        name="entry",
        fields=ENTRY_FIELDS,
        make=reader.entry,
        inner={
            "NtryDtls/TxDtls": transaction,
            "TxDtls": transaction,
            "Chrgs": _CHARGES,
            "Avlbty": _AVAILABLE,
        },
        yields=True,
        keeps=True,
        hot=True,
        plain=ENTRY_PLAIN,
        groups=ENTRY_GROUPS,
        usual=reader.usual,
    )


@lru_cache(maxsize=64)
def shape_of(element: str, kind: ReportKind, options: CamtOptions) -> Shape:
    reader = _Reader(kind, options)
    balance = Shape(
        name="balance",
        fields=BALANCE_FIELDS,
        make=reader.balance,
        inner={"Avlbty": _AVAILABLE},
        yields=True,
        keeps=True,
    )
    statement = Shape(
        name="statement",
        fields=STATEMENT_FIELDS,
        make=reader.statement,
        inner={"Bal": balance, "Ntry": _entry_shape(reader)},
        yields=True,
        keeps=True,
    )
    return Shape(
        name="message",
        fields=MESSAGE_FIELDS,
        make=lambda _record: None,
        inner={element: statement},
    )


def reader_of(
    message: str, element: str, kind: ReportKind
) -> Callable[[BinaryIO, Profile], Iterator[Any]]:
    """The `read` of a message whose statements stand in elements of that name."""

    def read(stream: BinaryIO, profile: Profile) -> Iterator[Any]:
        """Yield the records of each statement in the order of the file, in constant memory.

        StatementHeader, then Entry or Problem, then StatementTrailer with all balances and the
        verdict. Profile: an `encoding` other than utf-8 overrides the file's own declaration;
        options are CamtOptions. Raises Invalid with a location for whatever `messages.records`
        refuses, and `no_statement`. Book nothing before the iterator has ended by itself.
        """
        shape = shape_of(element, kind, options_of(profile, CamtOptions))
        none = True
        # In the first version of a message its element says so: BkToCstmrStmtV01.
        names = f"{message}|{message}V01"
        for record in records(stream, names, shape, declared(profile)):
            none = False
            yield record
        if none:
            raise Invalid(
                "no_statement",
                "The file is a statement message without a statement.",
                KEPT,
                "Ask the bank for the statement.",
                location="line 1",
            )

    return read
