"""Writes a document of another format: what the target cannot carry is left out, field by field.

Writers are strict and refuse. Who converts has decided to do without what does not fit; it is told
afterwards (see convert_file). Amounts, days, accounts and balances are never left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from nostro.cli.writing import written
from nostro.domain.errors import Invalid
from nostro.domain.payment_file import Payment, PaymentBatchHeader, PaymentFileHeader
from nostro.domain.statement import Balance, Entry, StatementHeader, TransactionDetail
from nostro.formats import Format, Profile
from nostro.formats.swift.leave_out import without

_KINDS = (
    StatementHeader,
    Balance,
    Entry,
    TransactionDetail,
    PaymentFileHeader,
    PaymentBatchHeader,
    Payment,
)
_KEPT = {
    "account",
    "amount",
    "batches",
    "booked",
    "code",
    "counterparty",
    "counterparty_account",
    "currency",
    "day",
    "equivalent",
    "kind",
    "own",
    "own_account",
    "payments",
    "requested_date",
    "status",
    "text",
}
_FIELDS = {name for kind in _KINDS for name in kind.__struct_fields__} - _KEPT
_REFUSALS = ("not_carried", "not_in_version")
# What a writer is told unless the person says otherwise: to leave out by itself what has no place,
# and to tell details in words that read back.
_CHOICES = {
    "summarise": True,
    "narrative": "slash",
    "transliterate": True,
    "derive_reference": True,
}


def written_without(documents: Sequence[Any], form: Format, profile: Profile) -> bytes:
    """The bytes of a file that holds as much as the format can; raises Invalid for the rest."""
    chosen = {name: value for name, value in _CHOICES.items() if name in _options(form)}
    profile = msgspec.structs.replace(profile, options={**chosen, **profile.options})
    gone: set[str] = set()
    while True:
        try:
            return written([without(one, tuple(sorted(gone))) for one in documents], form, profile)
        except Invalid as refused:
            told = refused.code.endswith(_REFUSALS) and refused.field in _FIELDS
            if not told or refused.field in gone:
                raise
            gone.add(refused.field)


def _options(form: Format) -> tuple[str, ...]:
    return form.options.__struct_fields__
