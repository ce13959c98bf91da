"""How questions about names are put, and how each moves; every move is an event of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.name_question import QUESTION, QuestionMove, QuestionState
from nostro.domain.party import PayeeAccount
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import Verified
from nostro.storage import events, name_questions
from nostro.storage.name_questions import QuestionRow
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

JOB = "ask_names"


class Wanted(msgspec.Struct, frozen=True):
    """What is to be asked: about which account, in which name, and whether for a confidential
    payment."""

    account_id: UUID
    name: str
    confidential: bool

    @property
    def key(self) -> tuple[UUID, str, bool]:
        return self.account_id, policy.name_key(self.name), self.confidential


def wanted_for(order: OrderRow, account_id: UUID) -> Wanted:
    return Wanted(account_id, order.instruction.creditor_name, order.confidential)


def put(acting: Acting, wanted: Iterable[Wanted]) -> None:
    """Put these questions, each once however many payments want it, and wake who asks; one that is
    waiting already stays as it is. Inside a unit of work, after all else that it locks."""
    by_key = {one.key: one for one in wanted}
    if not by_key:
        return
    now = acting.world.clock.now()
    known = {row.key: row for row in name_questions.about({key[0] for key in by_key})}
    new = [by_key[key] for key in sorted(by_key) if key not in known]
    rows = [_new(acting, one, now) for one in new]
    name_questions.insert(rows)
    # Whom somebody else asked about just now has his question there, and its event with it.
    stored = name_questions.which_are_stored([row.id for row in rows])
    rows = [row for row in rows if row.id in stored]
    own = [{"name_asked": row.name, "account_id": str(row.account_id)} for row in rows]
    ids = [row.id for row in rows]
    events.record_alike(acting.alike("payee.question_put", "name_question", ids, own))
    ended = [known[key].id for key in by_key if key in known]
    for row in name_questions.lock(ended):
        if row.state is not QuestionState.WAITING:
            move(acting, row, QuestionMove.ASK_ANEW, tries=0, problem="", next_action_at=now)
    wake(JOB, tenant_id=acting.tenant_id)


def _new(acting: Acting, one: Wanted, now: datetime) -> QuestionRow:
    return QuestionRow(
        id=acting.world.ids.new(),
        account_id=one.account_id,
        name=one.name,
        name_key=policy.name_key(one.name),
        confidential=one.confidential,
        state=QUESTION.start,
        state_since=now,
        tries=0,
        problem="",
        next_action_at=now,
    )


def answered(acting: Acting, account: PayeeAccount, one: Verified) -> None:
    """Somebody asked and was answered: what is asked by itself about this is answered too."""
    rows = name_questions.lock_about(UUID(account.id), policy.name_key(one.name_asked))
    for row in rows:
        if row.confidential == one.confidential and QUESTION.allows(row.state, QuestionMove.ANSWER):
            move(acting, row, QuestionMove.ANSWER, answer=one.answer.value, next_action_at=None)


def move(
    acting: Acting, row: QuestionRow, step: QuestionMove, *, answer: str = "", **changes: Any
) -> None:
    """Move one locked question by its table."""
    after = QUESTION.after(row.state, step)
    now = acting.world.clock.now()
    name_questions.update([row.id], state=after.value, state_since=now, **changes)
    told = {
        "name_asked": row.name,
        "state_before": row.state.value,
        "state_after": after.value,
        "answer": answer,
        "text": changes.get("problem", ""),
    }
    events.record([acting.event("payee.question_moved", "name_question", row.id, **told)])


def try_again(
    acting: Acting, row: QuestionRow, at: datetime, *, problem: str, answer: str = ""
) -> None:
    """The same question once more, later."""
    name_questions.update([row.id], tries=row.tries + 1, problem=problem, next_action_at=at)
    told = {"name_asked": row.name, "tries": row.tries + 1, "answer": answer, "text": problem}
    events.record([acting.event("payee.question_tried", "name_question", row.id, **told)])
