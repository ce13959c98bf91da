"""What comes back over ACH: returned entries, quarrels about returns, corrected master data."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.money import Money
from nostro.domain.payment_file import Payment
from nostro.domain.problem import NOWHERE, Location


class ReturnStage(StrEnum):
    """How far the quarrel about a return has gone.

    The receiving bank (RDFI) returns an entry; the originating bank (ODFI) may dishonor the
    return; the receiving bank may contest that.
    """

    RETURNED = "returned"
    DISHONORED = "dishonored"
    CONTESTED = "contested"


class ReturnedEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One ACH entry that came back (Nacha Operating Rules, appendix four; addenda type 99).

    `entry` is the entry as it came back: amount, account, its new trace number. `reason` is the
    return reason code of this stage (R01 to R85). `original_trace` and `original_rdfi` (eight
    digits) name the entry that we once sent. The `return_` fields tell of the return that is
    dishonored or contested, the `dishonor_` fields of the dishonored return that is contested;
    their reasons are two digits without the R, as the file has them. Settlement days are days
    of the year ("001" to "366"), as the file has them. `original_amount` is the amount of the
    forward entry, which only IAT returns carry.
    """

    entry: Payment
    stage: ReturnStage
    reason: str
    original_trace: str
    original_rdfi: str
    addenda_trace: str
    addenda_information: str = ""
    date_of_death: date | None = None
    original_amount: Money | None = None
    original_returned: date | None = None
    original_settlement_day: str = ""
    return_trace: str = ""
    return_settlement_day: str = ""
    return_reason: str = ""
    dishonor_trace: str = ""
    dishonor_settlement_day: str = ""
    dishonor_reason: str = ""
    location: Location = NOWHERE


class NotificationOfChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The receiving bank says what must be different next time (addenda type 98; appendix five).

    `corrected_data` is the text as it came, blanks inside it kept; the fields after it are what
    it says by its `change_code` (C01 to C14): `account_number` (may hold blanks), `routing_number`
    (nine digits), `transaction_code`, `name`, `identification`. A refused notification carries in
    `refusal_code` (C61 to C69) why, and `refused_sequence`, the sequence number of what it refuses.
    """

    entry: Payment
    change_code: str
    corrected_data: str
    original_trace: str
    original_rdfi: str
    addenda_trace: str
    account_number: str = ""
    routing_number: str = ""
    transaction_code: str = ""
    name: str = ""
    identification: str = ""
    refusal_code: str = ""
    refused_sequence: str = ""
    location: Location = NOWHERE
