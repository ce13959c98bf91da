"""Payees' names once more just before payments leave: none leaves while its bank is being asked.

What was said is held against the policy in force now. Where nothing counts any more, the bank is
asked and the payment waits; what people let go is not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from nostro.domain.name_question import WITHOUT_ANSWER, QuestionState
from nostro.domain.party import PayeeAccount
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import CODE, PayeeVerification, Said
from nostro.storage import (
    day_sums,
    name_questions,
    orders,
    parties,
    payee_verifications,
    policies,
)
from nostro.storage.name_questions import QuestionRow
from nostro.storage.orders import OrderRow
from nostro.workflows import name_moves, recheck, verifying
from nostro.workflows.context import Acting
from nostro.workflows.name_moves import Wanted

LOOK_AGAIN_AFTER: Final = timedelta(minutes=2)  # The answer itself comes sooner.
# So long that there was no answer counts; then the bank is asked again.
WITHOUT_COUNTS: Final = timedelta(days=1)


class _Known:
    """What was said about the accounts of some payments, and what is being asked."""

    def __init__(self, acting: Acting, accounts: Mapping[UUID, PayeeAccount]) -> None:
        self._now = acting.world.clock.now()
        self.rules = policies.in_force(PayeeVerification, self._now)
        rows = parties.connections()
        self.asks = self.rules.asks and verifying.can_ask((r.connector, r.config) for r in rows)
        longest = self._now - timedelta(days=policy.DAYS_MAX)
        self._said = payee_verifications.since(accounts, longest)
        asked = name_questions.about(accounts) if self.asks else []
        self._asked: dict[object, QuestionRow] = {row.key: row for row in asked}

    def question_of(self, order: OrderRow, account_id: UUID) -> QuestionRow | None:
        return self._asked.get(name_moves.wanted_for(order, account_id).key)

    def said_of(self, order: OrderRow, account_id: UUID) -> Said | None:
        """The answer that counts, or that there was none; None where somebody must be asked."""
        hidden = order.confidential
        said = [one for one in self._said if policy.counts_for(one, confidential=hidden)]
        name = order.instruction.creditor_name
        found = policy.answer_for(said, str(account_id), name, self.rules, self._now)
        asked = self.question_of(order, account_id)
        if found or asked is None or asked.state not in WITHOUT_ANSWER:
            return found
        return asked.unanswered() if asked.state_since >= self._now - WITHOUT_COUNTS else None


def answered(acting: Acting, due: Sequence[OrderRow]) -> tuple[list[OrderRow], list[Wanted]]:
    """Those locked orders of whose payees' names enough is known to let them leave. The others are
    held, their approvals void, or wait for an answer: what is to be asked for these is put by the
    caller, last of all that it locks (`name_moves.put`)."""
    accounts = _asked_of(due)
    if not accounts:
        return list(due), []
    known = _Known(acting, accounts)
    let_go = day_sums.let_go([order.id for order in due], CODE)
    leave: list[OrderRow] = []
    wait: list[tuple[OrderRow, UUID]] = []
    for order in due:
        account_id = _account_of(order, accounts)
        if account_id is None:
            leave.append(order)
            continue
        question = known.question_of(order, account_id)
        said = known.said_of(order, account_id)
        why = policy.finding(said, known.rules)
        left = let_go.get(order.id, "")
        past = said is not None and not policy.still_asks(said, left)
        if known.asks and question and question.state is QuestionState.WAITING and not past:
            wait.append((order, account_id))
        elif why and not past:
            recheck.send_back(acting, order, why)
        elif said is None and known.asks and not _was_let_go(order, account_id, left):
            wait.append((order, account_id))
        else:
            leave.append(order)
    if wait:
        orders.act_at([order.id for order, _ in wait], acting.world.clock.now() + LOOK_AGAIN_AFTER)
    return leave, [name_moves.wanted_for(order, account_id) for order, account_id in wait]


def _was_let_go(order: OrderRow, account_id: UUID, let_go: str) -> bool:
    return policy.was_let_go(let_go, str(account_id), order.instruction.creditor_name)


def _asked_of(due: Sequence[OrderRow]) -> dict[UUID, PayeeAccount]:
    """The accounts that banks can be asked about, by id."""
    ids = {order.payee_account_id for order in due if order.route.rail in policy.ASKED_RAILS}
    found = parties.payee_accounts_by_id(filter(None, ids)) if ids else {}
    return {account_id: account for account_id, account in found.items() if account.iban}


def _account_of(order: OrderRow, accounts: Mapping[UUID, PayeeAccount]) -> UUID | None:
    """The version of the payee's account that the payment pays to, where its bank is asked."""
    if order.route.rail not in policy.ASKED_RAILS or order.payee_account_id is None:
        return None
    account = accounts.get(order.payee_account_id)
    pays_there = account is not None and account.iban == order.instruction.creditor_iban
    return order.payee_account_id if pays_there else None
