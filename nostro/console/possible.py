"""What may be done with a payment or a file now: read from the tables, never listed by hand."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nostro.console import rights
from nostro.domain.attempt import ATTEMPT, AttemptState
from nostro.domain.case import CASE, CaseMove, CaseState
from nostro.domain.operator_evidence import ATTEMPT_MOVE, SUBMISSION_MOVE, EvidenceKind
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Member
from nostro.domain.payee_advice import is_paid
from nostro.domain.payee_change import PAYEE_CHANGE, ChangeMove, ChangeState
from nostro.domain.policies import recall
from nostro.domain.policies.reissue import REISSUABLE
from nostro.domain.submission import SUBMISSION, SubmissionState


class Possible(msgspec.Struct, frozen=True, kw_only=True):
    """What this member may do with one payment now."""

    cancel: bool
    recall: bool
    hold: bool
    edit: bool
    reissue: bool
    state: bool
    stop_payee: bool
    advise: bool

    @property
    def anything(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)


def with_payment(member: Member, order: OrderState, attempt: AttemptState | None) -> Possible:
    may_take_back = rights.may_cancel(member)
    return Possible(
        cancel=may_take_back and is_free(order),
        recall=may_take_back and is_recallable(order, attempt),
        hold=rights.may_hold(member) and is_holdable(order),
        edit=rights.may_make(member) and is_holdable(order),
        reissue=rights.may_make(member) and order in REISSUABLE,
        state=rights.may_state(member) and bool(attempt and kinds_about_payment(attempt)),
        stop_payee=rights.may_freeze(member),
        advise=is_paid(order),
    )


def is_free(order: OrderState) -> bool:
    """Has it not begun to leave? Then it is cancelled without asking anybody."""
    return ORDER.allows(order, OrderMove.CANCEL)


def is_recallable(order: OrderState, attempt: AttemptState | None) -> bool:
    return attempt is not None and recall.is_recallable(order, attempt)


def is_holdable(order: OrderState) -> bool:
    return ORDER.allows(order, OrderMove.EDIT)


def kinds_about_payment(attempt: AttemptState) -> list[EvidenceKind]:
    """What a person may state about one payment, because the table of attempts has the move."""
    return [kind for kind, move in ATTEMPT_MOVE.items() if ATTEMPT.allows(attempt, move)]


def kinds_about_file(
    state: SubmissionState, attempts: Iterable[AttemptState]
) -> list[EvidenceKind]:
    """What a person may state about a whole file: a move of the file, or of payments inside."""
    inside = list(attempts)
    return [
        kind
        for kind in EvidenceKind
        if (
            SUBMISSION.allows(state, SUBMISSION_MOVE[kind])
            if kind in SUBMISSION_MOVE
            else any(ATTEMPT.allows(one, ATTEMPT_MOVE[kind]) for one in inside)
        )
    ]


def can_accept(state: ChangeState) -> bool:
    return PAYEE_CHANGE.allows(state, ChangeMove.ACCEPT)


def can_resolve(state: CaseState) -> bool:
    return CASE.allows(state, CaseMove.RESOLVE)


def can_reopen(state: CaseState) -> bool:
    return CASE.allows(state, CaseMove.REOPEN)
