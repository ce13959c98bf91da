"""Writes a document of another format: what the target cannot carry is left out, field by field.

Writers are strict and refuse. Who converts has decided to do without what does not fit; it is told
afterwards (see convert_file). Amounts, days, accounts and balances are never left out.
"""

from __future__ import annotations

import re
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
# What writers call a field when they do not name it.
_WORDS = {
    "availability": "available",
    "last page": "last_page",
    "legal sequence number": "legal_sequence",
    "period": "from_day to_day",
    "time of making": "created_at",
}
_FIELDS = {name for kind in _KINDS for name in kind.__struct_fields__} - _KEPT
_OWN_CODES = ("codes", "proprietary_code", "proprietary_issuer")
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
            if not refused.code.endswith(_REFUSALS):
                raise
            more = _named_in(refused) - gone
            # A refusal that names no field of ours is about one of the bank's own codes.
            fallback = [name for name in _OWN_CODES if name not in gone]
            if not more and not fallback:
                raise
            gone |= more or {fallback[0]}


def _options(form: Format) -> tuple[str, ...]:
    return form.options.__struct_fields__


def _named_in(refused: Invalid) -> set[str]:
    """The fields that a refusal names, in its sentence or at the end of its place."""
    text = f"{refused.happened} {refused.location.rpartition(', ')[2]}".replace("_", " ").lower()
    found = set()
    for words, names in _WORDS.items():
        if words in text:
            text = text.replace(words, "")
            found |= set(names.split())
    for name in sorted(_FIELDS, key=len, reverse=True):  # "sequence" is not "legal sequence".
        text, count = re.subn(rf"\b{name.replace('_', ' ')}\b", "", text)
        found |= {name} if count else set()
    return found
