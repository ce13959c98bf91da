"""What programs are told of entries that banks announce before they book them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from nostro.api.told import Paid, Told
from nostro.storage.pending_listing import Became


class ProbablyPays(Told):
    """So much of an open item; `document` "": it is not there any more."""

    open_item_id: UUID
    document: str
    settled: Paid


class PendingTransaction(Told):
    """One announced entry; money out is negative. `series` is the kind of report that told it,
    `status` the bank's word. `became`: it `waits`, a later report `confirmed` it in an entry of its
    own (`confirmed_as`), or a statement `booked` it as transaction `booked_as`."""

    id: UUID
    account_id: UUID
    series: str
    status: str
    became: Became
    amount: Paid
    booked: date | None
    value: date | None
    bank_reference: str
    end_to_end_id: str
    payment_information_id: str
    batch_count: int
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    transaction_code: str
    first_told_at: datetime
    last_told_at: datetime
    confirmed_as: UUID | None
    booked_as: UUID | None
    statement_id: UUID | None
    tentative: list[ProbablyPays] = Field(
        description="What it probably pays, as known when it was announced: nothing is posted."
    )
    tentative_millionths: int | None


class IntradayReport(Told):
    """One report of the day. Its balances are of the moment `bank_created_at`, on the bank's clock
    where it names no offset; they are no part of the booked position."""

    id: UUID
    account_id: UUID
    series: str
    report_id: str
    booked: Paid | None
    available: Paid | None
    entry_count: int
    bank_created_at: datetime | None
    received_at: datetime
