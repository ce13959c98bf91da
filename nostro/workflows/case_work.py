"""How people and messages work on cases: taken, waited for, answered, resolved, opened again.

A case never moves an order; every change of a case is an event of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from nostro.domain.canonical import digest
from nostro.domain.case import (
    CASE,
    STAGES,
    CaseKind,
    CaseMove,
    CaseState,
    EnquiryMove,
    ReversalStage,
    due_in,
    first_stage,
)
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Event
from nostro.domain.party import Member
from nostro.domain.policies import case_rights as policy
from nostro.domain.policies.approval import Authorship
from nostro.domain.submission import SubmissionState
from nostro.storage import authorship, cases, events, orders, submissions
from nostro.storage.cases import CaseRow, NewCase
from nostro.storage.facts import NamedPayment
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting

REASON_CHARACTERS_MAX = 2000
REPAIR_OR_DROP = "Correct the payee's details and make a new payment, or drop it."


def new_case(
    acting: Acting, kind: CaseKind, key: str, sentence: str, can_do: str, **more: Any
) -> NewCase:
    """A case of one cause (`key`), due when its kind is; `more` is whatever else NewCase takes."""
    told = {"due_at": acting.world.clock.now() + due_in(kind), **more}
    return NewCase(
        id=acting.world.ids.new(),
        kind=kind,
        natural_key=key,
        sentence=sentence,
        can_do=can_do,
        **told,
    )


def about(payment: NamedPayment | None) -> dict[str, UUID | None]:
    """What a case about this payment is linked to."""
    return {
        "order_id": payment.order_id if payment else None,
        "attempt_id": payment.attempt_id if payment else None,
        "submission_id": payment.submission_id if payment else None,
    }


def open_cases(acting: Acting, new: Sequence[NewCase]) -> int:
    """Open cases inside a unit of work; one already opened for the same cause stays as it is."""
    return cases.open_all(new, acting.world.clock.now())


def open_again(acting: Acting, new: NewCase) -> None:
    """Open a case inside a unit of work; one of this cause that was resolved is opened again."""
    if open_cases(acting, [new]):
        return
    row = cases.lock_by_key(new.kind, new.natural_key)
    if row is None or row.resolved_at is None:
        return
    move(acting, row, CaseMove.REOPEN, text=new.sentence)
    cases.update(
        row.id,
        sentence=new.sentence,
        can_do=new.can_do,
        due_at=new.due_at,
        stage=first_stage(new.kind),
    )


def take(acting: Acting, member: Member, case_id: UUID) -> None:
    """Make a person the owner of a case."""
    with tenant(acting.tenant_id):
        row = locked(case_id)
        cases.update(row.id, owner=member.id, owner_name=member.name)
        events.record([_event(acting, row, "case.taken", owner=member.name)])


def set_due(acting: Acting, case_id: UUID, due_at: datetime, reason: str) -> None:
    """Give a case another due time; the reason stays in its trace."""
    with tenant(acting.tenant_id):
        row = locked(case_id)
        cases.update(row.id, due_at=due_at)
        told = {"due_at": due_at.isoformat(), "reason": checked_reason(reason)}
        events.record([_event(acting, row, "case.due", **told)])


def note(acting: Acting, case_id: UUID, text: str) -> None:
    """Add a remark to a case."""
    with tenant(acting.tenant_id):
        row = locked(case_id)
        events.record([_event(acting, row, "case.noted", text=checked_reason(text))])


def resolve(acting: Acting, member: Member, case_id: UUID, outcome: str) -> None:
    """Close a case: what was found and done about it.

    Raises Refused where only a treasurer or approver may say so, or evidence is needed instead.
    """
    with tenant(acting.tenant_id):
        row = locked(case_id)
        (payment,) = orders.load([row.order_id]) if row.order_id else (None,)
        about = payment.touched() if payment else None
        policy.may_resolve(member, row.kind, row.natural_key, about)
        if row.kind is CaseKind.PAYEE:
            policy.check_second_person(member, _authors(acting, row))
        _check_known(row)
        over = _decided_over(row) if row.kind is CaseKind.PAYEE else {}
        move(acting, row, CaseMove.RESOLVE, outcome=checked_reason(outcome), **over)
        if row.kind is CaseKind.CONTRADICTION and row.order_id:
            _give_back(acting, row.order_id, outcome)


def _authors(acting: Acting, row: CaseRow) -> Authorship:
    """Who has a hand in the payments that a case is about: one, or all of a file."""
    inside = submissions.attempts_by_end_to_end_id(row.submission_id) if row.submission_id else {}
    ids = [row.order_id] if row.order_id else [one.order_id for one in inside.values()]
    found = authorship.authors(ids, acting.world.clock.now()).values()
    return Authorship(
        makers=frozenset().union(*(one.makers for one in found)),
        payee_account_changed_by=frozenset().union(
            *(one.payee_account_changed_by for one in found)
        ),
        rules_changed_by=frozenset().union(*(one.rules_changed_by for one in found)),
    )


def _decided_over(row: CaseRow) -> dict[str, str]:
    """What a decision about names is about, in the log with it: what the bank said, and the payment
    as it was approved, or all of its file."""
    inside = submissions.attempts_by_end_to_end_id(row.submission_id) if row.submission_id else {}
    about = [one for one in inside.values() if row.attempt_id in (None, one.id)]
    digests = sorted(one.approval_digest for one in about)
    return {"answer": row.reason, "digest": digests[0] if row.attempt_id else digest(digests)}


def wait(acting: Acting, rows: Sequence[CaseRow], can_do: str) -> None:
    """Locked cases whose next word is somebody else's now; those that wait already stay so."""
    asked = [row for row in rows if CASE.allows(row.state, CaseMove.ASK)]
    ids = [row.id for row in asked]
    after = CASE.after(CaseState.OPEN, CaseMove.ASK)
    cases.update_all(ids, state=after.value, can_do=can_do)
    own = [
        {
            "case": row.kind.value,
            "order_id": str(row.order_id or ""),
            "submission_id": str(row.submission_id or ""),
        }
        for row in asked
    ]
    told = {"state_before": CaseState.OPEN.value, "state_after": after.value, "text": can_do}
    events.record_alike(acting.alike("case.moved", "case", ids, own, **told))


def _give_back(acting: Acting, order_id: UUID, outcome: str) -> None:
    """The bank no longer contradicts itself about a payment: its rejection is its makers' again."""
    if cases.open_of_orders([order_id], CaseKind.CONTRADICTION):
        return
    for row in cases.open_of_orders([order_id], CaseKind.REJECTION):
        if CASE.allows(row.state, CaseMove.ANSWER):
            move(acting, row, CaseMove.ANSWER, text=outcome)
            cases.update(row.id, can_do=REPAIR_OR_DROP)


def _check_known(row: CaseRow) -> None:
    """A doubt is ended by evidence, not by closing its case: else nobody would own it. Nor does a
    reversal stay here because its case is closed."""
    if row.kind is CaseKind.REVERSAL and row.request_id and row.stage == ReversalStage.REQUESTED:
        raise Refused(
            "reversal_on_its_way",
            "The file of this reversal is on its way.",
            "The case stays open.",
            "Wait until the bank has it, or until its time is over.",
        )
    if row.kind is not CaseKind.ENQUIRY or row.submission_id is None:
        return
    (file,) = submissions.load([row.submission_id])
    if file.state is SubmissionState.UNKNOWN and row.natural_key == str(file.id):
        raise Refused(
            "still_unknown",
            f"Nobody knows yet whether the bank has file {file.message_id}.",
            "The case stays open.",
            "State what the bank says; the case then ends by itself.",
        )


def reopen(acting: Acting, case_id: UUID, reason: str) -> None:
    with tenant(acting.tenant_id):
        move(acting, locked(case_id), CaseMove.REOPEN, outcome=checked_reason(reason))


def locked(case_id: UUID) -> CaseRow:
    """The case, locked; raises Refused when this customer has none of that id."""
    row = cases.lock(case_id)
    if row is None:
        raise Refused(
            "case_unknown",
            "There is no such case for this customer.",
            can_do="Reload the list of cases.",
        )
    return row


def move(
    acting: Acting,
    row: CaseRow,
    step: CaseMove,
    *,
    outcome: str = "",
    text: str = "",
    **over: str,
) -> CaseRow:
    """Move one locked case by its table; raises NotAllowed when the table has no such move. `over`
    is told with it in the log."""
    after = CASE.after(row.state, step)
    now = acting.world.clock.now()
    changes: dict[str, Any] = {"state": after.value}
    if after is CaseState.RESOLVED:
        changes |= {"resolved_at": now, "outcome": outcome, "next_action_at": None}
    elif row.state is CaseState.RESOLVED:
        changes |= {"resolved_at": None}
    cases.update(row.id, **changes)
    moved = _event(
        acting,
        row,
        "case.moved",
        state_before=row.state.value,
        state_after=after.value,
        outcome=outcome,
        text=text,
        **over,
    )
    events.record([moved])
    return _again(row.id)


def move_stage(
    acting: Acting, row: CaseRow, step: StrEnum, *, reason: str = "", text: str = ""
) -> CaseRow:
    """Move the stage of one locked case by its kind's table; raises NotAllowed."""
    machine = STAGES[row.kind]
    after = machine.after(row.stage, step)
    cases.update(row.id, stage=after.value)
    moved = _event(
        acting,
        row,
        "case.stage_moved",
        stage_before=row.stage,
        stage_after=after.value,
        reason=reason,
        text=text,
    )
    events.record([moved])
    return _again(row.id)


def end_enquiries(acting: Acting, submission_id: UUID, outcome: str, *, key: str = "") -> None:
    """What was asked about a file is known now: its enquiries (the one of that key) are over."""
    for row in cases.open_about_submission(submission_id, CaseKind.ENQUIRY):
        if key in ("", row.natural_key):
            answered = row
            if allows_stage(row, EnquiryMove.ANSWER):
                answered = move_stage(acting, row, EnquiryMove.ANSWER, text=outcome)
            move(acting, answered, CaseMove.RESOLVE, outcome=outcome)


def allows_stage(row: CaseRow, step: StrEnum) -> bool:
    return STAGES[row.kind].allows(row.stage, step)


def _again(case_id: UUID) -> CaseRow:
    row = cases.lock(case_id)
    if row is None:
        raise RuntimeError("a locked case cannot vanish")
    return row


def checked_reason(text: str) -> str:
    """A reason people will read later; raises Invalid when there is none or far too much."""
    told = text.strip()
    if not told or len(told) > REASON_CHARACTERS_MAX:
        raise Invalid(
            "reason_missing",
            f"A reason of 1 to {REASON_CHARACTERS_MAX} characters is needed.",
            can_do="Say in a few words what was found; it stays in the trace.",
            field="reason",
        )
    return told


def _event(acting: Acting, row: CaseRow, kind: str, **data: object) -> Event:
    about = {"order_id": str(row.order_id or ""), "submission_id": str(row.submission_id or "")}
    return acting.event(kind, "case", row.id, case=row.kind.value, **about, **data)
