"""What is known of whose account a payment goes to, and what payees' banks are being asked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.name_question import QuestionState
from nostro.domain.policies.payee_verification import NameAnswer, name_key
from nostro.storage import models

SHOWN = 20


class NameStanding(msgspec.Struct, frozen=True, kw_only=True):
    """The newest answer about an account and a name, and the question if there is one. `since` is
    when the question came where it is."""

    name: str
    version: int = 0
    answer: NameAnswer | None = None
    told: str = ""
    asked_at: datetime | None = None
    evidence_id: UUID | None = None
    state: QuestionState | None = None
    since: datetime | None = None
    tries: int = 0
    problem: str = ""
    again_at: datetime | None = None


def of_payment(order_id: UUID) -> NameStanding | None:
    """What is known of the payee's name of a payment; None where nobody asked or is to ask."""
    order = models.Order.objects.filter(id=order_id).first()
    if order is None or order.payee_account_id is None:
        return None
    hidden = order.confidential
    name = order.creditor_name
    asked = models.NameQuestion.objects.filter(
        account_id=order.payee_account_id, name_key=name_key(name)
    )
    said = models.PayeeVerification.objects.filter(account_id=order.payee_account_id)
    if not hidden:
        asked, said = asked.filter(confidential=False), said.filter(confidential=False)
    question = asked.order_by("-confidential").first()
    newest = said.order_by("-asked_at", "-id")[:SHOWN]
    answer = next((one for one in newest if name_key(one.name_asked) == name_key(name)), None)
    if question is None and answer is None:
        return None
    return _standing(name, question, answer)


def _standing(
    name: str,
    question: models.NameQuestion | None,
    answer: models.PayeeVerification | None,
) -> NameStanding:
    found = NameStanding(name=name)
    if answer:
        found = msgspec.structs.replace(
            found,
            answer=NameAnswer(answer.answer),
            told=answer.name_told,
            asked_at=answer.asked_at,
            evidence_id=answer.evidence_id,
        )
    if question:
        found = msgspec.structs.replace(
            found,
            state=QuestionState(question.state),
            since=question.state_since,
            tries=question.tries,
            problem=question.problem,
            again_at=question.next_action_at,
        )
    return found


def open_of_payee(payee_id: UUID) -> list[NameStanding]:
    """The questions about the accounts of a payee that have no answer, the newest first."""
    rows = models.NameQuestion.objects.filter(account__payee_id=payee_id)
    rows = rows.exclude(state=QuestionState.ANSWERED).select_related("account")
    return [
        msgspec.structs.replace(_standing(row.name, row, None), version=row.account.version)
        for row in rows.order_by("-state_since", "id")[:SHOWN]
    ]
