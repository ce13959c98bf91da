"""What the bank says happened on an account: statement, balances, entries and their details."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Location, Problem
from nostro.domain.remittance import ReferredDocument


class BalanceType(StrEnum):
    """ISO 20022 ExternalBalanceType1Code, the ones that we act on."""

    OPBD = "OPBD"
    PRCD = "PRCD"
    CLBD = "CLBD"
    OPAV = "OPAV"
    CLAV = "CLAV"
    ITBD = "ITBD"
    ITAV = "ITAV"
    FWAV = "FWAV"
    XPCD = "XPCD"
    INFO = "INFO"


class EntryStatus(StrEnum):
    BOOK = "BOOK"
    PDNG = "PDNG"
    INFO = "INFO"
    FUTR = "FUTR"


class ReportKind(StrEnum):
    PREVIOUS_DAY = "previous_day"
    INTRADAY = "intraday"
    REAL_TIME = "real_time"
    NOTIFICATION = "notification"


class AvailableOn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Part of an amount that can be used from a day on (camt Avlbty, BAI2 funds type S, V, D).

    `days` is how many banking days after booking, when the bank gives no date.
    """

    amount: Money
    day: date | None = None
    days: int | None = None
    time: str = ""


class Balance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`code` is the bank's own word; `amount` is signed (debit negative).

    `code` is of ISO 20022 ExternalBalanceType1Code where the format has an equivalent, and
    `bank_code` what the file says ("60F", "015"). `interim` marks the balance of a page, not of
    the whole statement.
    """

    code: str
    amount: Money
    day: date
    bank_code: str = ""
    interim: bool = False
    available: tuple[AvailableOn, ...] = ()
    location: Location = NOWHERE
    codes: tuple[tuple[str, str], ...] = ()


class Charge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A charge that the bank took. `amount` is signed like money moved (taken is negative).

    `included` says whether the entry's amount already contains it; None when the bank does not.
    """

    amount: Money
    included: bool | None = None
    bearer: str = ""
    kind: str = ""


def charges_inside(amount: Money, charges: Iterable[Charge]) -> Money:
    """The charges that the bank says are in an amount, as a positive sum."""
    inside = (
        -charge.amount.minor
        for charge in charges
        if charge.included is not False and charge.amount.currency == amount.currency
    )
    return Money(sum(inside), amount.currency)


class CurrencyExchange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an amount was converted. `rate` is decimal text: units of `quoted` for one of `unit`."""

    source: str
    target: str
    unit: str
    rate: str
    contract: str = ""
    day: str = ""


class TransactionDetail(msgspec.Struct, frozen=True, gc=False):
    """One payment inside an entry (TxDtls). `amount` is signed like the entry; None if absent.

    `instructed` and `counter_value` are amounts before conversion, unsigned as banks give them.
    `codes` keeps what has no field of its own, verbatim: pairs of the format's name and the text.
    """

    amount: Money | None
    end_to_end_id: str = ""
    uetr: str = ""
    instruction_id: str = ""
    payment_information_id: str = ""
    message_id: str = ""
    bank_reference: str = ""
    counterparty_name: str = ""
    counterparty_iban: str = ""
    remittance: tuple[str, ...] = ()
    creditor_reference: str = ""
    return_reason: str = ""
    counterparty_bic: str = ""
    transaction_id: str = ""
    clearing_reference: str = ""
    check_number: str = ""
    mandate_id: str = ""
    creditor_id: str = ""
    transaction_code: str = ""
    proprietary_code: str = ""
    instructed: Money | None = None
    counter_value: Money | None = None
    exchange: CurrencyExchange | None = None
    charges: tuple[Charge, ...] = ()
    purpose: str = ""
    documents: tuple[ReferredDocument, ...] = ()
    counterparty_address: tuple[str, ...] = ()
    counterparty_id: str = ""
    ultimate_counterparty_name: str = ""
    return_text: str = ""
    text: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One booking on the account (Ntry). `amount` is signed: money out is negative.

    `transaction_code` is "domain/family/subfamily" of ISO 20022; `proprietary_code` is the bank's
    or the format's own (SWIFT "NTRF", BAI2 "475", German "166") with `proprietary_issuer`.
    """

    amount: Money
    status: str
    booked: date | None
    value: date | None
    bank_reference: str
    entry_reference: str
    transaction_code: str
    proprietary_code: str
    reversal: bool
    text: str
    details: tuple[TransactionDetail, ...]
    location: Location
    payment_information_id: str = ""
    message_id: str = ""
    batch_count: int = 0
    proprietary_issuer: str = ""
    customer_reference: str = ""
    funds_code: str = ""
    available: tuple[AvailableOn, ...] = ()
    charges: tuple[Charge, ...] = ()
    instructed: Money | None = None
    exchange: CurrencyExchange | None = None
    codes: tuple[tuple[str, str], ...] = ()


class StatementHeader(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which statement of which account the following entries are of.

    `account` is the IBAN or the bank's other id; `sequence` the electronic sequence number, `page`
    the page of it when the bank splits statements. `created_at` is None when the bank's own date
    and time cannot be read (then a problem says so); without an offset it is the bank's local time.
    """

    statement_id: str
    account: str
    currency: str
    kind: ReportKind
    sequence: int | None
    created_at: datetime | None
    from_day: date | None
    to_day: date | None
    location: Location = NOWHERE
    message_id: str = ""
    legal_sequence: int | None = None
    page: int | None = None
    last_page: bool | None = None
    account_name: str = ""
    owner_name: str = ""
    bank_bic: str = ""
    bank_code: str = ""
    related_account: str = ""


class Statement(StatementHeader, frozen=True, kw_only=True, gc=False):
    """One statement of one account, as read: nothing is dropped, problems are attached.

    `text` is what the bank tells about the whole statement (MT940 :86: after the balances), and
    `codes` what has no field of its own, verbatim.
    """

    balances: tuple[Balance, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    text: str = ""
    codes: tuple[tuple[str, str], ...] = ()


class Closing(StrEnum):
    CLOSES = "closes"
    DOES_NOT_CLOSE = "does_not_close"
    NOT_CHECKABLE = "not_checkable"


class BalanceVerdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Opening booked + booked entries = closing booked? `difference` is closing minus computed."""

    verdict: Closing
    reason: str
    opening: Money | None = None
    closing: Money | None = None
    difference: Money | None = None


class StatementTrailer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The end of a statement: all its balances, and whether it closes. See Statement for the rest.

    What is only known once all of a statement was read stands here and not in its header.
    """

    balances: tuple[Balance, ...]
    entry_count: int
    verdict: BalanceVerdict
    location: Location = NOWHERE
    text: str = ""
    codes: tuple[tuple[str, str], ...] = ()


def assemble(records: Iterable[object]) -> Iterator[object]:
    """Whole statements out of the records of a reader: header, entries and problems, trailer.

    Problems before the first statement go to it, those between two to the one before them; what is
    no part of a statement passes through. Memory is that of one statement. Raises Invalid
    (`trailer_differs`) when the trailer speaks of other entries than came: some were lost on the
    way, or changed.
    """
    header: StatementHeader | None = None
    entries: list[Entry] = []
    problems: list[Problem] = []
    waiting: Statement | None = None
    for record in records:
        if isinstance(record, Entry):
            entries.append(record)
        elif isinstance(record, Problem):
            problems.append(record)
        elif isinstance(record, StatementHeader):
            if waiting is not None:
                yield _with_late(waiting, problems)
                waiting, problems = None, []
            header = record
        elif isinstance(record, StatementTrailer) and header is not None:
            waiting = _whole(header, record, entries, problems)
            header, entries, problems = None, [], []
        else:
            if header is None and waiting is None:
                yield from problems
                problems = []
            yield record
    if waiting is not None:
        yield _with_late(waiting, problems)
    else:
        yield from problems


def _with_late(statement: Statement, problems: list[Problem]) -> Statement:
    if not problems:
        return statement
    return msgspec.structs.replace(statement, problems=(*statement.problems, *problems))


def _whole(
    header: StatementHeader,
    trailer: StatementTrailer,
    entries: list[Entry],
    problems: list[Problem],
) -> Statement:
    _check_trailer(header, trailer, entries)
    told = {name: getattr(header, name) for name in header.__struct_fields__}
    return Statement(
        **told,
        balances=trailer.balances,
        entries=tuple(entries),
        problems=tuple(problems),
        text=trailer.text,
        codes=trailer.codes,
    )


def _check_trailer(
    header: StatementHeader, trailer: StatementTrailer, entries: list[Entry]
) -> None:
    wrong = ""
    if trailer.entry_count != len(entries):
        wrong = f"{trailer.entry_count} entries, but {len(entries)} came"
    opening, closing = trailer.verdict.opening, trailer.verdict.closing
    if trailer.verdict.verdict is Closing.CLOSES and opening is not None and closing is not None:
        booked = sum(
            entry.amount.minor
            for entry in entries
            if entry.status == EntryStatus.BOOK and entry.amount.currency == opening.currency
        )
        if not wrong and opening.minor + booked != closing.minor:
            wrong = "a statement that closes, but with these entries it does not"
    if wrong:
        raise Invalid(
            "trailer_differs",
            f"The trailer of statement {header.statement_id} speaks of {wrong}.",
            "The statement was not used.",
            "Records were lost or changed on their way: read the file again.",
            location=str(trailer.location),
        )
