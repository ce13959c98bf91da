"""What programs are told of credit notes, and of proposals to net them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from nostro.api.asked import Amount
from nostro.api.told import Paid, Told
from nostro.domain.credit_note import CreditNoteState
from nostro.domain.money import Money
from nostro.domain.netting import NettingState, Proposal
from nostro.storage.nettings import NettingRow


class CreditNote(Told):
    """One credit note: it is never paid. `left` is what its source has not used yet; `run_id` and
    `line` are where it stood below zero in a payment run, null and 0 if it came otherwise."""

    id: UUID
    source: str
    reference: str
    document: str
    entity: str = Field(validation_alias="entity_code")
    payee_number: str
    amount: Paid
    left: Paid
    issued_on: date | None
    run_id: UUID | None
    line: int
    state: CreditNoteState
    state_since: datetime
    received_at: datetime
    made_by: str = Field(validation_alias="maker_name")
    ended_by: str = Field(validation_alias="ended_by_name")
    reason: str


class CreditNotesKept(BaseModel):
    """The ids of the credit notes in the order given, known ones too."""

    credit_notes: list[UUID]


class NettedPayment(Told):
    """A payment as it stands, and with which amount its source would send it anew; zero: it would
    be taken back there and nothing sent."""

    payment_id: UUID
    number: str
    source: str
    source_reference: str
    requested_date: date
    amount: Paid
    new_amount: Paid


class NettedNote(Told):
    """A credit note, how much of it is used, and how much stays open."""

    credit_note_id: UUID
    source: str
    reference: str
    used: Paid
    stays: Paid


class PossibleNetting(Told):
    """Payments of one payee, entity and currency less credit notes of just these. No payment is
    changed by it. `digest` names just this, with these amounts."""

    entity_id: UUID
    payee_number: str
    total: Paid
    less: Paid
    net: Paid
    payments: list[NettedPayment]
    credit_notes: list[NettedNote]
    digest: str


class Netting(Told):
    """A proposal that somebody decided on, with its payments as they stood then."""

    id: UUID
    entity: str
    state: NettingState
    state_since: datetime
    proposed_at: datetime
    proposed_by: str
    decided_by: str
    told_to: str
    reason: str
    proposal: PossibleNetting


class NettingMessage(BaseModel):
    """A proposal as text for whoever owns the source."""

    name: str
    text: str


class PayeeNettings(BaseModel):
    """What could be proposed for a payee now, his open credit notes, and the newest proposals."""

    as_of: datetime
    possible: list[PossibleNetting]
    credit_notes: list[CreditNote]
    proposed: list[Netting]


def _amount(money: Money) -> Amount:
    return Amount(value=money.number(), currency=money.currency)


def told_proposal(one: Proposal) -> PossibleNetting:
    def money(minor: int) -> Amount:
        return _amount(Money(minor, one.currency))

    return PossibleNetting(
        entity_id=UUID(one.entity_id),
        payee_number=one.payee_number,
        total=_amount(one.total),
        less=_amount(one.less),
        net=_amount(one.net),
        payments=[
            NettedPayment(
                payment_id=UUID(paid.order_id),
                number=paid.number,
                source=paid.source,
                source_reference=paid.reference,
                requested_date=paid.day,
                amount=money(paid.minor),
                new_amount=money(paid.after),
            )
            for paid in one.payments
        ],
        credit_notes=[
            NettedNote(
                credit_note_id=UUID(note.note_id),
                source=note.source,
                reference=note.reference,
                used=money(note.used),
                stays=money(note.stays),
            )
            for note in one.notes
        ],
        digest=one.digest,
    )


def told_netting(row: NettingRow) -> Netting:
    return Netting(
        id=row.id,
        entity=row.entity_code,
        state=row.state,
        state_since=row.state_since,
        proposed_at=row.proposed_at,
        proposed_by=row.proposed_by_name,
        decided_by=row.decided_by_name,
        told_to=row.told_to,
        reason=row.reason,
        proposal=told_proposal(row.proposal),
    )
