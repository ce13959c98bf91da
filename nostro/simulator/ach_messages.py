"""What the simulated bank writes about ACH entries: a file with one return, or one correction.

Nacha Operating Rules, appendices three to five; columns as they stand there.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from nostro.formats.american.nacha_layout import check_digit
from nostro.simulator.state import Instructed

_RECORD, _BLOCK = 94, 10
_CODES = {"22": "21", "32": "31", "42": "41", "52": "51", "27": "26", "37": "36", "47": "46"}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """R01 to R85 with the amount that comes back, or C01 to C14 with the corrected `data`."""

    code: str
    minor: int
    data: str = ""


def answer_file(one: Instructed, answer: Answer, at: datetime, number: str) -> bytes:
    """One entry on its way back, with the addenda that says why."""
    payment, batch = one.payment, one.batch
    theirs = payment.counterparty_agent.member_id
    odfi, rdfi = batch.own_agent.member_id[:8], theirs[:8]
    trace = f"{rdfi}{int(number[-7:]):07d}"
    correction = answer.code.startswith("C")
    sec_code = "COR" if correction else batch.local_instrument
    entry = (
        f"6{_CODES.get(payment.transaction_code, '21')}{odfi}{check_digit(odfi)}"
        f"{payment.counterparty_account.number[:17]:<17}{answer.minor:010d}"
        f"{payment.end_to_end_id[:15]:<15}{payment.counterparty.name[:22]:<22}  1{trace}"
    )
    kind = "8" if correction else "9"
    told = f"{answer.data[:29]:<29}" if correction else ""
    addenda = f"79{kind}{answer.code}{payment.rail_reference[:15]:<15}{'':6}{rdfi}{told}"
    head = (
        f"101 {odfi}{check_digit(odfi)} {rdfi}{check_digit(rdfi)}{at:%y%m%d%H%M}A094101"
        f"{'':23}{'':23}{number[-8:]}"
    )
    company = batch.own.identifier[:10]
    opened = (
        f"5220{batch.own.name[:16]:<16}{'':20}{company:<10}{sec_code}{'PAYMENTS':<10}{'':6}"
        f"{at:%y%m%d}   1{rdfi}0000001"
    )
    hashed = int(odfi)
    debit = payment.transaction_code[1:] == "7"
    sums = f"{hashed:010d}{answer.minor * debit:012d}{answer.minor * (not debit):012d}"
    closed = f"8220000002{sums}{company:<10}{'':25}{rdfi}0000001"
    records = [head, opened, entry, f"{addenda:<79}{trace}", closed]
    blocks = -(-(len(records) + 1) // _BLOCK)
    records.append(f"9000001{blocks:06d}00000002{sums}")
    records += ["9" * _RECORD] * (blocks * _BLOCK - len(records))
    return "".join(f"{one:<{_RECORD}}\n" for one in records).encode("ascii", "replace")
