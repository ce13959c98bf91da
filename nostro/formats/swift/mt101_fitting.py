"""A payment file in the letters that SWIFT carries, visibly: what the bank will see instead.

SWIFT character set X. Names, addresses, remittance and what else people read is transliterated;
references, accounts and codes never are: the writer refuses those that do not fit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nostro.domain.payment_file import Address, Agent, Party, Payment, PaymentBatch, PaymentFile
from nostro.domain.remittance import ReferredDocument
from nostro.formats import Change, Profile
from nostro.formats.swift.fitting import swift_lines

# What people read, by the record that holds it.
_TEXTS: dict[type, tuple[str, ...]] = {
    PaymentFile: ("initiator", "batches"),
    PaymentBatch: ("own", "own_agent", "payments"),
    Payment: (
        "counterparty",
        "counterparty_agent",
        "intermediary",
        "remittance",
        "documents",
        "instructions_to_agent",
        "regulatory",
    ),
    Party: ("name", "address"),
    Agent: ("name", "address"),
    Address: tuple(name for name in Address.__struct_fields__ if name != "country"),
    ReferredDocument: ("number", "text"),
}
# A place tells the batch and payment already.
_RECORDS = {"batches": "", "payments": "", "documents": "document"}


def fit(file: PaymentFile, profile: Profile) -> tuple[PaymentFile, tuple[Change, ...]]:
    """The file in character set X, and every change; none of it depends on the profile."""
    changes: list[Change] = []
    made: PaymentFile = _fitted(file, f"file {file.message_id}", "", changes)
    return made, tuple(changes)


def _fitted(value: Any, where: str, field: str, changes: list[Change]) -> Any:
    if isinstance(value, str):
        after = swift_lines(value)
        if after != value:
            changes.append(Change(where=where, field=field, before=value, after=after))
        return after
    if isinstance(value, tuple):
        return tuple(
            _fitted(one, _place(one, number, where), _RECORDS.get(field, field), changes)
            for number, one in enumerate(value, start=1)
        )
    texts = {}
    for name in _TEXTS.get(type(value), ()):
        words = f"{field} {name}".strip().replace("_", " ")
        texts[name] = _fitted(getattr(value, name), where, words, changes)
    return msgspec.structs.replace(value, **texts)


def _place(value: Any, number: int, where: str) -> str:
    """The batch or payment that the changes inside are told of."""
    if isinstance(value, PaymentBatch):
        return f"batch {value.batch_id}"
    return f"{where}, payment {number}" if isinstance(value, Payment) else where
