"""How credit notes become known: kept as their source told them, never paid, never lost.

1. A reference of a source is one note: the same again changes nothing, another one is refused.
2. A line of a payment run with an amount below zero pays nobody: it is kept as a credit note, and
   the line says so. Of a confidential run nothing is kept: its lines are refused, as they were.
3. It ends when its source has taken all of it off payments (netting), or somebody withdraws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from nostro.domain.credit_note import (
    CREDIT_NOTE,
    CreditNoteLine,
    CreditNoteMove,
    NewCreditNote,
)
from nostro.domain.duties import Touched
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.money import Money
from nostro.domain.party import Member
from nostro.domain.policies import netting as policy
from nostro.storage import credit_notes, events, parties
from nostro.storage.credit_notes import CreditNoteRow
from nostro.storage.runs import LineOutcome, RunRow
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting

KEPT, KNOWN = "credit_note", "repeated"
REFUSED = "refused"
_NOTHING = "No credit note was kept."
_HELD_AGAINST = ("amount", "payee_number", "entity_code")


def give(
    acting: Acting, member: Member, source: str, wanted: Sequence[NewCreditNote]
) -> list[UUID]:
    """Keep credit notes; all or none. Returns their ids in the order given, known ones too.

    Raises Invalid for what cannot be one, Refused where its reference is another one's or the
    member may not.
    """
    policy.may_work(member)
    with tenant(acting.tenant_id):
        return _keep(acting, member, source, wanted, None)


def put_aside(
    acting: Acting, member: Member | None, run: RunRow, lines: Sequence[CreditNoteLine]
) -> list[LineOutcome]:
    """What becomes of a run's lines below zero: a note each, or why there is none; inside the unit
    of work that stores the run's portion. `member` is who handed it in, None for a program."""
    return [_put_aside(acting, member, run, line) for line in lines]


def _put_aside(
    acting: Acting, member: Member | None, run: RunRow, line: CreditNoteLine
) -> LineOutcome:
    if run.confidential:
        return _outcome(line, line.code, f"{line.sentence} Of a confidential run none is kept.")
    wanted = NewCreditNote(
        reference=line.reference,
        document=line.document,
        entity_code=line.entity_code,
        payee_number=line.payee_number,
        amount=line.credit,
        issued_on=line.day,
        line=line.line,
    )
    known = credit_notes.named(run.source, [line.reference])
    try:
        _keep(acting, member, run.source, [wanted], run)
    except NostroError as refusal:
        return _outcome(line, refusal.code, f"{line.sentence} {refusal.happened}")
    if known:
        return LineOutcome(
            line=line.line,
            outcome=KNOWN,
            code=KNOWN,
            sentence=f"We have the credit note {line.reference} already; nothing was changed.",
        )
    return _outcome(line, KEPT, f"{line.sentence} It is kept as a credit note, and pays nobody.")


def _outcome(line: CreditNoteLine, code: str, sentence: str) -> LineOutcome:
    """Nothing is paid by it, whatever it is kept as."""
    return LineOutcome(line=line.line, outcome=REFUSED, code=code, sentence=sentence, raw=line.raw)


def withdraw(acting: Acting, member: Member, note_id: UUID, reason: str) -> None:
    """A credit note counts no more: its source used it otherwise, or it was wrong.

    Raises Refused when it has ended or the member may not.
    """
    policy.may_work(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        row = next(iter(credit_notes.lock([note_id])), None)
        if row is None:
            raise Refused("credit_note_unknown", "There is no such credit note here.")
        policy.may_work(member, Touched(entity_id=str(row.entity_id), amount=row.amount))
        move(acting, row, CreditNoteMove.WITHDRAW, text=told, by=member.name)


def take_off(acting: Acting, row: CreditNoteRow, used: Money, text: str) -> None:
    """Its source has taken so much of a locked note off payments; what is left stays open."""
    left = row.left - used
    credit_notes.set_left(row.id, left)
    if left.minor:
        told = {"used": str(used), "left": str(left), "text": text}
        events.record([_event(acting, row, "credit_note.used", **told)])
    else:
        move(acting, row, CreditNoteMove.USE, text=text, by=acting.actor.name)


def move(acting: Acting, row: CreditNoteRow, step: CreditNoteMove, *, text: str, by: str) -> None:
    """A locked note by its table, with its event."""
    after = CREDIT_NOTE.after(row.state, step)
    now = acting.world.clock.now()
    credit_notes.set_state(row.id, after, now, ended_by_name=by, reason=text)
    told = {"state_before": row.state.value, "state_after": after.value, "text": text}
    events.record([_event(acting, row, "credit_note.moved", **told)])


def _event(acting: Acting, row: CreditNoteRow, kind: str, **told: object) -> Any:
    return acting.event(
        kind, "credit_note", row.id, reference=row.reference, source=row.source, **told
    )


def _keep(
    acting: Acting,
    member: Member | None,
    source: str,
    wanted: Sequence[NewCreditNote],
    run: RunRow | None,
) -> list[UUID]:
    entities = {entity.code: entity.id for entity in parties.entities()}
    before = {
        reference: (row.id, _as_given(row))
        for reference, row in credit_notes.named(source, {one.reference for one in wanted}).items()
    }
    ids, new = [], []
    for place, one in enumerate(wanted, 1):
        _check(one, entities, place)
        if member:
            entity_id = entities[one.entity_code]
            policy.may_work(member, Touched(entity_id=entity_id, amount=one.amount))
        if one.reference in before:
            note_id, earlier = before[one.reference]
            _same(one, earlier, place)
        else:
            note_id = acting.world.ids.new()
            before[one.reference] = (note_id, one)
            new.append((note_id, one))
        ids.append(note_id)
    _insert(acting, source, new, entities, run)
    return ids


def _check(one: NewCreditNote, entities: dict[str, str], place: int) -> None:
    if one.amount.minor <= 0:
        told = f"A credit note of {one.amount} owes us nothing: give what it is worth, above zero."
        raise _wrong("credit_note_amount", place, "amount", told)
    if not (one.reference.strip() and one.payee_number.strip()):
        told = "A credit note needs its source's reference and the number of its payee."
        raise _wrong("credit_note_incomplete", place, "reference", told)
    if one.entity_code not in entities:
        told = f"There is no legal entity {one.entity_code[:40]}."
        raise _wrong("entity_unknown", place, "entity", told)


def _wrong(code: str, place: int, field: str, happened: str) -> Invalid:
    return Invalid(
        code,
        happened,
        _NOTHING,
        "Correct it and give it again.",
        location=f"credit note {place}",
        field=field,
    )


def _as_given(row: CreditNoteRow) -> NewCreditNote:
    return NewCreditNote(
        reference=row.reference,
        document=row.document,
        entity_code=row.entity_code,
        payee_number=row.payee_number,
        amount=row.amount,
    )


def _same(one: NewCreditNote, earlier: NewCreditNote, place: int) -> None:
    """Raise Refused unless this is the note that we know by its reference."""
    differ = [name for name in _HELD_AGAINST if getattr(one, name) != getattr(earlier, name)]
    if not differ:
        return
    what, was, now = differ[0], getattr(earlier, differ[0]), getattr(one, differ[0])
    raise Refused(
        "credit_note_reference_used",
        f"The credit note {one.reference} came before with another {what.replace('_', ' ')}:"
        f" {was}, now {now}.",
        _NOTHING,
        "If the first one was wrong, withdraw it and give the right one under a reference of its"
        " own.",
        location=f"credit note {place}",
        field="reference",
    )


def _insert(
    acting: Acting,
    source: str,
    new: Sequence[tuple[UUID, NewCreditNote]],
    entities: dict[str, str],
    run: RunRow | None,
) -> None:
    rows = [
        _row(acting, source, note_id, one, entities[one.entity_code], run) for note_id, one in new
    ]
    if credit_notes.insert(rows) != len(rows):
        raise Refused(
            "credit_note_reference_used",
            "Somebody else gave one of these credit notes just now.",
            _NOTHING,
            "Give them again: what is the same is passed over.",
        )
    own = [
        {
            "reference": one.reference,
            "amount": str(one.amount),
            "entity": one.entity_code,
            "payee_number": one.payee_number,
            "line": one.line,
        }
        for _, one in new
    ]
    said = {"source": source, "run_id": str(run.id) if run else ""}
    ids = [note_id for note_id, _ in new]
    events.record_alike(acting.alike("credit_note.received", "credit_note", ids, own, **said))


def _row(
    acting: Acting,
    source: str,
    note_id: UUID,
    one: NewCreditNote,
    entity_id: str,
    run: RunRow | None,
) -> dict[str, Any]:
    now = acting.world.clock.now()
    return {
        "id": note_id,
        "source": source,
        "reference": one.reference,
        "document": one.document,
        "entity_id": UUID(entity_id),
        "payee_number": one.payee_number,
        "amount_minor": one.amount.minor,
        "left_minor": one.amount.minor,
        "currency": one.amount.currency,
        "issued_on": one.issued_on,
        "run_id": run.id if run else None,
        "line": one.line,
        "state": CREDIT_NOTE.start.value,
        "state_since": now,
        "received_at": now,
        "maker_id": run.maker_id if run else acting.actor.id,
        "maker_name": run.maker_name if run else acting.actor.name,
    }
