"""How payments less credit notes are proposed to their source; no payment is ever changed here.

1. What could be netted is computed anew whenever somebody looks: payments of one payee, entity and
   currency that have not left, less open credit notes of just these.
2. A person proposes it: what it consists of is kept as it stood, and told by its event and a file.
3. Whoever owns the source has it (sent), and sends other payments, or not. Until then ours stay as
   they are, and leave as they were approved.
4. It is taken when the payments are gone or have the new amounts; only then are the notes used up.
   Or it is dismissed with a reason, and the very same is not proposed again.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from nostro.domain.credit_note import CREDIT_NOTE, CreditNoteMove
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.netting import NETTING, NettingMove, NettingState, Proposal, Reduced
from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.domain.policies import netting as policy
from nostro.letters import netting_message
from nostro.storage import credit_notes, events, nettings, parties
from nostro.storage.credit_notes import CreditNoteRow
from nostro.storage.nettings import NettingRow, Standing
from nostro.storage.payment_links import last_of
from nostro.storage.tenancy import tenant
from nostro.workflows import credit_notes as notes_work
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting

PAYMENTS_MAX: Final = 500  # Of one payee, the earliest.
NOTES_MAX: Final = 200
# How a payment ends without its money having gone.
_GONE: Final = (
    *(OrderState.INVALID, OrderState.DENIED, OrderState.CANCELLED, OrderState.EXPIRED),
    *(OrderState.REJECTED, OrderState.FAILED),
)


def possible(payee_number: str) -> list[Proposal]:
    """What could be proposed for a payee now; inside a unit of work or of looking.

    Payments and notes of a proposal that waits for its source are in no other, and what was
    dismissed is not proposed again as it was.
    """
    waiting = [row.proposal for row in nettings.live_of(payee_number)]
    taken = {one.order_id for proposal in waiting for one in proposal.payments}
    used = {one.note_id for proposal in waiting for one in proposal.notes}
    payments = nettings.payables(payee_number, PAYMENTS_MAX)
    notes = [row.as_open() for row in credit_notes.open_of(payee_number, NOTES_MAX)]
    found = policy.proposals(
        [one for one in payments if one.order_id not in taken],
        [one for one in notes if one.note_id not in used],
    )
    old = nettings.dismissed([one.digest for one in found])
    return [one for one in found if one.digest not in old]


def propose(acting: Acting, member: Member, payee_number: str, digest: str) -> UUID:
    """Keep what somebody saw and wants proposed, by its digest.

    Raises Refused when it is not possible any more as it was seen, or the member may not.
    """
    policy.may_work(member)
    with tenant(acting.tenant_id):
        return _propose(acting, member, payee_number, digest)


def _propose(acting: Acting, member: Member, payee_number: str, digest: str) -> UUID:
    # Whoever proposes for this payee at the same time waits here, and then sees this one.
    credit_notes.lock([row.id for row in credit_notes.open_of(payee_number, NOTES_MAX)])
    wanted = next((one for one in possible(payee_number) if one.digest == digest), None)
    if wanted is None:
        raise _outdated("Its payments or credit notes are not as they were shown.")
    policy.may_work(member, Touched(entity_id=wanted.entity_id, amount=wanted.total))
    row_id, now = acting.world.ids.new(), acting.world.clock.now()
    nettings.insert(row_id, wanted, now, by=member.id, by_name=member.name)
    told = {
        "payee_number": wanted.payee_number,
        "net": str(wanted.net),
        "less": str(wanted.less),
        "payments": [_told(one, wanted.currency) for one in wanted.payments],
        "credit_notes": [
            {
                "source": one.source,
                "reference": one.reference,
                "used": str(Money(one.used, wanted.currency)),
            }
            for one in wanted.notes
        ],
    }
    events.record([acting.event("netting.proposed", "netting", row_id, **told)])
    return row_id


def _told(one: Reduced, currency: str) -> dict[str, str]:
    return {
        "number": one.number,
        "source": one.source,
        "source_reference": one.reference,
        "amount": str(Money(one.minor, currency)),
        "new_amount": str(Money(one.after, currency)),
    }


def send(acting: Acting, member: Member, netting_id: UUID, told_to: str) -> None:
    """Somebody has given it to whoever owns the source: `told_to`, his name or a ticket.

    Raises Refused when a payment or a note of it is not as it was: it is to be dismissed.
    """
    policy.may_work(member)
    whom = checked_reason(told_to)
    with tenant(acting.tenant_id):
        row = _locked(member, netting_id)
        after = NETTING.after(row.state, NettingMove.SEND)
        if why := _why_outdated(row.proposal):
            raise _outdated(why)
        _move(acting, member, row, after, f"Given to {whom}.", told_to=whom)


def take(acting: Acting, member: Member, netting_id: UUID) -> None:
    """The source has followed it: the credit notes are used up as far as it says.

    Raises Refused while a payment of it still stands with its old amount, or has left with it.
    """
    policy.may_work(member)
    with tenant(acting.tenant_id):
        row = _locked(member, netting_id)
        after = NETTING.after(row.state, NettingMove.TAKE)
        last = {one.order_id: last_of(UUID(one.order_id)) for one in row.proposal.payments}
        now = nettings.standing(list(last.values()))
        for one in row.proposal.payments:
            stands = now.get(last[one.order_id])
            if not _is_followed(one, row.proposal.currency, stands):
                raise _not_taken(one, stands)
        text = f"{row.proposal.payee_number}: {row.proposal.less} taken off by its source."
        for note, used in _notes(row.proposal):
            notes_work.take_off(acting, note, used, text)
        _move(acting, member, row, after, text)


def dismiss(acting: Acting, member: Member, netting_id: UUID, reason: str) -> None:
    """Nobody follows it; its payments and notes are free for another proposal."""
    policy.may_work(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        _dismiss(acting, member, _locked(member, netting_id), told)


def dismiss_possible(
    acting: Acting, member: Member, payee_number: str, digest: str, reason: str
) -> UUID:
    """Have something that is only possible not proposed again: both steps at once."""
    policy.may_work(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        netting_id = _propose(acting, member, payee_number, digest)
        _dismiss(acting, member, _locked(member, netting_id), told)
        return netting_id


def message(acting: Acting, netting_id: UUID) -> tuple[str, bytes]:
    """A proposal as a text for whoever owns the source, and its name; while somebody looks."""
    row = nettings.netting(netting_id)
    if row is None:
        raise _unknown()
    found = parties.payee_named(row.proposal.payee_number)
    note_ids = [UUID(one.note_id) for one in row.proposal.notes]
    named = netting_message.Named(
        entity=row.entity_code,
        payee=found[1] if found else "",
        documents={str(note.id): note.document for note in credit_notes.load(note_ids)},
        asked_by=row.proposed_by_name,
        asked_on=row.proposed_at.date(),
        made_on=acting.world.clock.now().date(),
    )
    name = f"netting-{str(row.id)[-8:]}.txt"
    return name, netting_message.write(row.proposal, named).encode()


def _dismiss(acting: Acting, member: Member, row: NettingRow, told: str) -> None:
    after = NETTING.after(row.state, NettingMove.DISMISS)
    _move(acting, member, row, after, told, reason=told)


def _move(
    acting: Acting, member: Member, row: NettingRow, after: NettingState, text: str, **more: str
) -> None:
    now = acting.world.clock.now()
    told = {"decided_by": member.id, "decided_by_name": member.name, **more}
    nettings.set_state(row.id, after, now, **told)
    moved = acting.event(
        "netting.moved",
        "netting",
        row.id,
        payee_number=row.proposal.payee_number,
        net=str(row.proposal.net),
        state_before=row.state.value,
        state_after=after.value,
        text=text,
    )
    events.record([moved])


def _locked(member: Member, netting_id: UUID) -> NettingRow:
    row = nettings.lock(netting_id)
    if row is None:
        raise _unknown()
    about = Touched(entity_id=row.proposal.entity_id, amount=row.proposal.total)
    policy.may_work(member, about)
    return row


def _rows(proposal: Proposal) -> list[CreditNoteRow]:
    return credit_notes.lock([UUID(one.note_id) for one in proposal.notes])


def _notes(proposal: Proposal) -> list[tuple[CreditNoteRow, Money]]:
    """The locked notes of a proposal, and how much of each it uses. Raises Refused when one is not
    there as it was."""
    rows = {str(row.id): row for row in _rows(proposal)}
    found = []
    for one in proposal.notes:
        row = rows[one.note_id]
        if not CREDIT_NOTE.allows(row.state, CreditNoteMove.USE) or row.left.minor < one.used:
            raise _outdated(f"The credit note {one.reference} is not open as it was.")
        found.append((row, Money(one.used, proposal.currency)))
    return found


def _why_outdated(proposal: Proposal) -> str:
    """Why a proposal is not possible any more, "" while it is."""
    _notes(proposal)
    now = nettings.standing([UUID(one.order_id) for one in proposal.payments])
    for one in proposal.payments:
        stands = now.get(UUID(one.order_id))
        same = stands and stands.is_here and stands.amount == Money(one.minor, proposal.currency)
        if not same:
            return f"The payment {one.number} is not as it was."
    return ""


def _is_followed(one: Reduced, currency: str, now: Standing | None) -> bool:
    """Whether a payment is gone unpaid, or stands with its new amount; `now` is the last of those
    made in its place."""
    if now is None:
        return False
    return now.state in _GONE or now.amount == Money(one.after, currency)


def _not_taken(one: Reduced, now: Standing | None) -> Refused:
    stands = f"is {now.state} with {now.amount}" if now else "cannot be looked at"
    return Refused(
        "netting_not_followed",
        f"The payment {one.number}, or the last one made in its place, {stands}.",
        "The credit notes stay open.",
        "Take it back, or wait until its source has; the source sends what is to be paid instead."
        " If it was paid as it is, dismiss the proposal.",
    )


def _outdated(why: str) -> Refused:
    return Refused(
        "netting_outdated",
        f"This is not possible any more. {why}",
        "Nothing was changed.",
        "Look at the payee again, and dismiss a proposal that was made before.",
    )


def _unknown() -> Refused:
    return Refused("netting_unknown", "There is no such proposal for this customer.")
