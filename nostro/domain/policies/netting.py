"""Which payments could be made less a supplier's credit notes, and who may propose it.

Nothing is netted across entities, payees or currencies. A note is held first against payments of
its own source, whose books know both; then against the earliest. Never more is taken off a payment
than it is, nor off a note than is left of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.netting import OpenNote, Payable, Proposal, Reduced, Used
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach

_Key = tuple[str, str, str]
_NOTHING = "Nothing was changed."


def proposals(payments: Iterable[Payable], notes: Iterable[OpenNote]) -> tuple[Proposal, ...]:
    """One proposal for each entity, payee and currency that has both payments and notes."""
    by_key: dict[_Key, list[Payable]] = defaultdict(list)
    for one in payments:
        by_key[one.entity_id, one.payee_number, one.amount.currency].append(one)
    owed: dict[_Key, list[OpenNote]] = defaultdict(list)
    for note in notes:
        owed[note.entity_id, note.payee_number, note.left.currency].append(note)
    shared = sorted(key for key in owed if key in by_key)
    found = (_proposal(key, by_key[key], owed[key]) for key in shared)
    return tuple(one for one in found if one.notes)


def _proposal(key: _Key, payments: Sequence[Payable], notes: Sequence[OpenNote]) -> Proposal:
    entity_id, payee_number, currency = key
    due = sorted(payments, key=lambda one: (one.day, one.number, one.order_id))
    open_minor = {one.order_id: one.amount.minor for one in due if one.amount.minor > 0}
    used: list[Used] = []
    for note in sorted(notes, key=lambda one: (one.issued_on or date.max, one.note_id)):
        taken = _take(note, due, open_minor)
        if taken:
            used.append(
                Used(
                    note_id=note.note_id,
                    source=note.source,
                    reference=note.reference,
                    minor=note.left.minor,
                    used=taken,
                )
            )
    return Proposal(
        entity_id=entity_id,
        payee_number=payee_number,
        currency=currency,
        payments=tuple(_reduced(one, open_minor) for one in due if _is_less(one, open_minor)),
        notes=tuple(used),
    )


def _take(note: OpenNote, due: Sequence[Payable], open_minor: dict[str, int]) -> int:
    """Take as much of a note off the payments as both allow; returns how much that was."""
    left = note.left.minor
    for one in sorted(due, key=lambda one: one.source != note.source):
        part = max(0, min(left, open_minor.get(one.order_id, 0)))
        if part:
            open_minor[one.order_id] -= part
            left -= part
    return note.left.minor - left


def _is_less(one: Payable, open_minor: dict[str, int]) -> bool:
    return open_minor.get(one.order_id, one.amount.minor) < one.amount.minor


def _reduced(one: Payable, open_minor: dict[str, int]) -> Reduced:
    return Reduced(
        order_id=one.order_id,
        number=one.number,
        source=one.source,
        reference=one.reference,
        day=one.day,
        minor=one.amount.minor,
        less=one.amount.minor - open_minor[one.order_id],
    )


def may_work(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may give credit notes and decide on proposals: no money
    moves by it, so whoever makes payments there may, alone."""
    if not duties.may(member, Action.MAKE_PAYMENTS):
        raise Refused(
            "not_a_maker",
            f"{member.name} may not give credit notes nor propose to net them.",
            _NOTHING,
            "Ask a maker of this customer.",
        )
    reach.check(member, Action.MAKE_PAYMENTS, about, _NOTHING)
