"""Credit notes as stored; they move in workflows only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.credit_note import CreditNoteState
from nostro.domain.money import Money
from nostro.domain.netting import OpenNote
from nostro.storage import bulk, models
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.tenancy import current


class CreditNoteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One credit note; `line` is where it stood in its run, 0 if it came otherwise."""

    id: UUID
    source: str
    reference: str
    document: str
    entity_id: UUID
    entity_code: str
    payee_number: str
    amount: Money
    left: Money
    issued_on: date | None
    run_id: UUID | None
    line: int
    state: CreditNoteState
    state_since: datetime
    received_at: datetime
    maker_name: str
    ended_by_name: str
    reason: str

    def as_open(self) -> OpenNote:
        return OpenNote(
            note_id=str(self.id),
            source=self.source,
            reference=self.reference,
            entity_id=str(self.entity_id),
            payee_number=self.payee_number,
            left=self.left,
            issued_on=self.issued_on,
        )


_JOINED = {"entity_code": "entity__code"}
_PLAIN = [
    name
    for name in CreditNoteRow.__struct_fields__
    if name not in ("amount", "left", "state", *_JOINED)
]
_READ = [*_PLAIN, "amount_minor", "left_minor", "currency", "state", *_JOINED.values()]


def _row(found: dict[str, Any]) -> CreditNoteRow:
    return CreditNoteRow(
        **{name: found[name] for name in _PLAIN},
        **{name: found[path] for name, path in _JOINED.items()},
        amount=Money(found["amount_minor"], found["currency"]),
        left=Money(found["left_minor"], found["currency"]),
        state=CreditNoteState(found["state"]),
    )


def _rows(found: Any) -> list[CreditNoteRow]:
    return [_row(one) for one in found.values(*_READ)]


def insert(rows: Iterable[dict[str, Any]]) -> int:
    """Keep credit notes; one whose source and reference are there already is passed over."""
    tenant_id = current()
    return bulk.insert(models.CreditNote, ({**row, "tenant_id": tenant_id} for row in rows))


def named(source: str, references: Collection[str]) -> dict[str, CreditNoteRow]:
    """The credit notes of a source with these references."""
    found = models.CreditNote.objects.filter(bulk.one_of("reference", set(references)))
    return {row.reference: row for row in _rows(found.filter(source=source))}


def credit_note(note_id: UUID) -> CreditNoteRow | None:
    return next(iter(_rows(models.CreditNote.objects.filter(id=note_id))), None)


def credit_notes(
    *,
    state: CreditNoteState | None = None,
    payee: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Page[CreditNoteRow]:
    """Credit notes, the newest first."""
    size = checked_limit(limit)
    found = models.CreditNote.objects.all()
    if state:
        found = found.filter(state=state.value)
    if payee:
        found = found.filter(payee_number=payee)
    if cursor:
        (last,) = key_of("credit notes", cursor, lambda text: (UUID(text),))
        found = found.filter(id__lt=last)
    rows = _rows(found.order_by("-id")[: size + 1])
    return page_of("credit notes", rows, size, lambda row: (str(row.id),))


def open_of(payee_number: str, limit: int) -> list[CreditNoteRow]:
    """Those of a payee of which something is left, the oldest first."""
    found = models.CreditNote.objects.filter(
        payee_number=payee_number, state=CreditNoteState.OPEN.value
    )
    return _rows(found.order_by("id")[:limit])


def load(note_ids: Collection[UUID]) -> list[CreditNoteRow]:
    return _rows(models.CreditNote.objects.filter(bulk.one_of("id", note_ids)).order_by("id"))


def lock(note_ids: Collection[UUID]) -> list[CreditNoteRow]:
    """Lock credit notes, in the order of their ids."""
    rows = models.CreditNote.objects.select_for_update(no_key=True, of=("self",))
    return _rows(rows.filter(bulk.one_of("id", note_ids)).order_by("id"))


def set_left(note_id: UUID, left: Money) -> None:
    models.CreditNote.objects.filter(id=note_id).update(left_minor=left.minor)


def set_state(note_id: UUID, state: CreditNoteState, now: datetime, **more: Any) -> None:
    """Write a new state; only workflows.credit_notes may call this."""
    models.CreditNote.objects.filter(id=note_id).update(state=state.value, state_since=now, **more)
