"""A payment message as files carry it: who pays or collects what, from and to whom, in batches.

One shape for every standard (pain.001, pain.008, MT101, Nacha, MT103): a reader yields it record
by record, a writer takes it whole, and what was written reads back equal. Only what a standard
cannot carry is refused by its writer; nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money, total
from nostro.domain.problem import NOWHERE, Location
from nostro.domain.remittance import ReferredDocument


class Method(StrEnum):
    """What a batch asks the bank to do (ISO 20022 PaymentMethod)."""

    TRANSFER = "TRF"
    DIRECT_DEBIT = "DD"
    CHECK = "CHK"


class Address(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A postal address: structured (ISO 20022 PostalAddress24), free lines, or both (hybrid)."""

    department: str = ""
    sub_department: str = ""
    street: str = ""
    building: str = ""
    building_name: str = ""
    floor: str = ""
    post_box: str = ""
    room: str = ""
    post_code: str = ""
    town: str = ""
    town_location: str = ""
    district: str = ""
    subdivision: str = ""
    country: str = ""
    lines: tuple[str, ...] = ()


NO_ADDRESS = Address()


class Party(msgspec.Struct, frozen=True, gc=False):
    """A company or person. `identifier` is an official number, `scheme` says of which register.

    `scheme` is a code of ISO 20022 ("CUST", "TXID", "LEI", "BIC") or the register's own name.
    `is_person` tells that the number is a person's (ISO 20022 PrvtId), not an organisation's.
    """

    name: str = ""
    address: Address = NO_ADDRESS
    identifier: str = ""
    scheme: str = ""
    is_person: bool = False
    residence: str = ""


class BankAccount(msgspec.Struct, frozen=True, gc=False):
    """An account by IBAN, or by another number with its scheme ("BBAN", "CUID"). One of them.

    `kind` is ISO 20022 CashAccountType ("CACC" current, "SVGS" savings, "LOAN").
    """

    iban: str = ""
    number: str = ""
    scheme: str = ""
    currency: str = ""
    kind: str = ""
    name: str = ""


class Agent(msgspec.Struct, frozen=True, gc=False):
    """A bank by BIC, or as member of a clearing system ("USABA" + routing number), or by name."""

    bic: str = ""
    clearing_system: str = ""
    member_id: str = ""
    name: str = ""
    address: Address = NO_ADDRESS
    branch: str = ""


NOBODY = Party()
NO_ACCOUNT = BankAccount()
NO_AGENT = Agent()


class Mandate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The payer's permission for a direct debit, and what changed in it since the last one."""

    mandate_id: str
    signed_on: date | None = None
    original_mandate_id: str = ""
    original_creditor_id: str = ""
    original_account_iban: str = ""
    electronic_signature: str = ""


class Payment(msgspec.Struct, frozen=True, gc=False):
    """One payment of a batch (CdtTrfTxInf, DrctDbtTxInf, an MT101 B sequence, a Nacha entry).

    `counterparty` is the other side: the creditor of a transfer, the debtor of a direct debit.
    `equivalent` is set instead of `amount` when the bank shall convert: so much in the debtor's
    currency, to be paid in `amount.currency` (then `amount.minor` is 0).
    `rail_reference` is the reference of the rail itself (Nacha trace number, MT101 :21:).
    `transaction_code` is the rail's own code of the kind of entry (Nacha "22").
    `purpose` is ExternalPurpose1Code. `codes` keeps what has no field of its own, verbatim.
    `method` is set only where a payment goes the other way than its batch says (a debit in a Nacha
    batch of both kinds): read `payment.method or batch.method`.
    """

    end_to_end_id: str
    amount: Money
    counterparty: Party
    counterparty_account: BankAccount = NO_ACCOUNT
    counterparty_agent: Agent = NO_AGENT
    intermediary: Agent = NO_AGENT
    instruction_id: str = ""
    uetr: str = ""
    rail_reference: str = ""
    transaction_code: str = ""
    equivalent: Money | None = None
    charge_bearer: str = ""
    ultimate_debtor: Party = NOBODY
    ultimate_creditor: Party = NOBODY
    purpose: str = ""
    remittance: tuple[str, ...] = ()
    creditor_reference: str = ""
    creditor_reference_kind: str = ""
    documents: tuple[ReferredDocument, ...] = ()
    mandate: Mandate | None = None
    creditor_id: str = ""
    sequence_type: str = ""
    priority: str = ""
    service_level: str = ""
    local_instrument: str = ""
    category_purpose: str = ""
    exchange_rate: str = ""
    exchange_contract: str = ""
    instructions_to_agent: tuple[str, ...] = ()
    regulatory: tuple[str, ...] = ()
    check_number: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE
    method: Method | None = None


class PaymentBatchHeader(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the payments of one batch share (ISO 20022 PmtInf, a Nacha batch, an MT101).

    `own` is our side: the debtor of transfers, the creditor of direct debits. `requested_date` is
    None where the scheme does not ask for one (Nacha: as soon as possible); `requested_time` is the
    time and offset after the date, when the file gives one. `entry_description` is what payees see
    of a Nacha batch ("PAYROLL"); `service_class` its 200, 220 or 225.
    """

    batch_id: str
    method: Method
    requested_date: date | None
    own: Party
    own_account: BankAccount = NO_ACCOUNT
    own_agent: Agent = NO_AGENT
    requested_time: str = ""
    batch_booking: bool | None = None
    priority: str = ""
    service_level: str = ""
    local_instrument: str = ""
    category_purpose: str = ""
    sequence_type: str = ""
    charge_bearer: str = ""
    creditor_id: str = ""
    ultimate_own: Party = NOBODY
    charges_account: BankAccount = NO_ACCOUNT
    entry_description: str = ""
    service_class: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class PaymentBatch(PaymentBatchHeader, frozen=True, kw_only=True, gc=False):
    """A batch with its payments, in the order of the file."""

    payments: tuple[Payment, ...]


class PaymentFileHeader(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the whole message says: its id, when it was made (ISO 8601 as written) and by whom."""

    message_id: str
    created_at: str
    initiator: Party
    version: str = ""
    forwarding_agent: Agent = NO_AGENT
    receiver: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    location: Location = NOWHERE


class PaymentFile(PaymentFileHeader, frozen=True, kw_only=True, gc=False):
    """A whole message: what a writer takes."""

    batches: tuple[PaymentBatch, ...]


class PaymentFileTrailer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The end of a message: how many payments were read, and their sums by currency.

    Totals that the file states and that do not fit are a Problem with severity error.
    """

    payments: int
    sums: tuple[Money, ...]
    location: Location = NOWHERE


def assemble(records: Iterable[object]) -> Iterator[object]:
    """Whole messages out of the records of a reader; other records (problems) pass through.

    Raises Invalid (`trailer_differs`) when the trailer speaks of other payments than came: some
    were lost on the way, or changed.
    """
    header: PaymentFileHeader | None = None
    batches: list[PaymentBatch] = []
    batch: PaymentBatchHeader | None = None
    payments: list[Payment] = []

    def close_batch() -> None:
        nonlocal batch
        if batch is not None:
            told = {name: getattr(batch, name) for name in PaymentBatchHeader.__struct_fields__}
            batches.append(PaymentBatch(**told, payments=tuple(payments)))
            payments.clear()
            batch = None

    for record in records:
        if isinstance(record, Payment):
            payments.append(record)
        elif isinstance(record, PaymentBatchHeader):
            close_batch()
            batch = record
        elif isinstance(record, PaymentFileHeader):
            header = record
        elif isinstance(record, PaymentFileTrailer) and header is not None:
            close_batch()
            told = {name: getattr(header, name) for name in PaymentFileHeader.__struct_fields__}
            file = PaymentFile(**told, batches=tuple(batches))
            _check_trailer(file, record)
            yield file
            header, batches = None, []
        else:
            yield record


def _check_trailer(file: PaymentFile, trailer: PaymentFileTrailer) -> None:
    count, sums = _totals(file)
    if (trailer.payments, sorted(map(str, trailer.sums))) != (count, sorted(map(str, sums))):
        raise Invalid(
            "trailer_differs",
            f"The trailer of message {file.message_id} speaks of {trailer.payments} payments of"
            f" {_words(trailer.sums)}; {count} came, of {_words(sums)}.",
            "The message was not used.",
            "Records were lost or changed on their way: make or read the file again.",
            location=str(trailer.location),
        )


def _words(sums: tuple[Money, ...]) -> str:
    return " + ".join(map(str, sums)) or "nothing"


def _totals(file: PaymentFile) -> tuple[int, tuple[Money, ...]]:
    amounts = [payment.amount for batch in file.batches for payment in batch.payments]
    return len(amounts), tuple(total(amounts).values())


def take_apart(
    file: PaymentFile,
) -> Iterator[PaymentFileHeader | PaymentBatchHeader | Payment | PaymentFileTrailer]:
    """The records of a whole message, as a reader yields them."""
    told = {name: getattr(file, name) for name in PaymentFileHeader.__struct_fields__}
    yield PaymentFileHeader(**told)
    for batch in file.batches:
        told = {name: getattr(batch, name) for name in PaymentBatchHeader.__struct_fields__}
        yield PaymentBatchHeader(**told)
        yield from batch.payments
    count, sums = _totals(file)
    yield PaymentFileTrailer(payments=count, sums=sums, location=file.location)


def without_locations(file: PaymentFile) -> PaymentFile:
    """The message alone, without where it was read: what was written must equal what is read."""
    batches = tuple(
        msgspec.structs.replace(
            batch,
            location=NOWHERE,
            payments=tuple(
                msgspec.structs.replace(
                    payment,
                    location=NOWHERE,
                    documents=tuple(
                        msgspec.structs.replace(document, location=NOWHERE)
                        for document in payment.documents
                    ),
                )
                for payment in batch.payments
            ),
        )
        for batch in file.batches
    )
    return msgspec.structs.replace(file, location=NOWHERE, batches=batches)
