"""Payees' banks asked by themselves whose accounts payments go to; once for many payments.

1. A payment that comes in puts its question, unless an answer about this account and name counts.
2. A job takes questions that are due and commits; then it asks, a few at a time, outside any unit
   of work. Nothing moves by asking: whoever dies in between is asked again.
3. Each answer is kept in a unit of work of its own, held against the payments that it is about,
   and those that waited for it are looked at again.
4. No answer is asked for again for a while; then the question ends as timed out or unknown, which
   the policy holds against payments too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from nostro.domain.errors import ConnectionUnfit, NostroError, Refused, Unavailable
from nostro.domain.name_question import TRY_AGAIN_AFTER, QuestionMove, QuestionState
from nostro.domain.party import PayeeAccount
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import NameAnswer, PayeeVerification, Unanswered
from nostro.ports import NameAsked, NameTold
from nostro.storage import name_questions, parties, policies
from nostro.storage.name_questions import QuestionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import name_moves, verifying
from nostro.workflows.context import Acting
from nostro.workflows.name_holds import hold_for
from nostro.workflows.verifying import Asking
from nostro.workflows.wake import wake

log = structlog.get_logger()

AT_ONCE: Final = 4  # Questions that are asked at the same time.
PORTION: Final = 20  # Questions taken by one job; the next job has its turn after other customers.
LEASE: Final = timedelta(seconds=60)  # Of the tick, which pushes out what it wakes us for.
TAKEN_FOR: Final = timedelta(minutes=10)  # Longer than a portion can last.
LOOKED_AT_WITHIN: Final = timedelta(minutes=5)
_PROBLEM_CHARACTERS: Final = 300

Told = NameTold | NostroError


def ask_due(acting: Acting) -> int:
    """Ask a portion of what is due for one customer; returns how many were asked. What nobody
    expected ends its own question as unknown, and is raised once all the others are kept."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        rows = name_questions.take_due(now + LEASE, now + TAKEN_FOR, PORTION)
        if not rows:
            return 0
        accounts = parties.payee_accounts_by_id({row.account_id for row in rows})
        asking = _who_is_asked(acting)
    broken: list[Exception] = []
    for row, told in _told(asking, rows, accounts, broken):
        with tenant(acting.tenant_id):
            _keep(acting, asking, row, accounts[row.account_id], told)
    if len(rows) == PORTION:
        with tenant(acting.tenant_id):
            wake(name_moves.JOB, tenant_id=acting.tenant_id)
    if broken:
        raise ExceptionGroup("These answers could not be read.", broken)
    return len(rows)


def _who_is_asked(acting: Acting) -> Asking | NostroError:
    try:
        return verifying.who_is_asked(acting)
    except NostroError as failure:
        return failure


def _told(
    asking: Asking | NostroError,
    rows: Sequence[QuestionRow],
    accounts: dict[UUID, PayeeAccount],
    broken: list[Exception],
) -> Iterator[tuple[QuestionRow, Told]]:
    """Each question with what was said, as it comes. No database connection is held meanwhile.
    What nobody expected is `broken`, and keeps no other answer from being heard."""
    if isinstance(asking, NostroError):
        yield from ((row, asking) for row in rows)
        return
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="names") as pool:
        running = {pool.submit(_ask, asking, accounts[row.account_id], row): row for row in rows}
        for done in as_completed(running):
            failure = done.exception()
            if isinstance(failure, Exception):
                yield running[done], _failed(failure, broken)
            else:
                yield running[done], done.result()


def _ask(asking: Asking, account: PayeeAccount, row: QuestionRow) -> NameTold:
    asked = NameAsked(iban=account.iban, bic=account.bic, name=row.name)
    return asking.channel.verify_payee(asked)


def _failed(failure: Exception, broken: list[Exception]) -> NostroError:
    if isinstance(failure, NostroError):
        return failure
    broken.append(failure)
    return Refused(
        "answer_not_understood",
        "The bank's answer could not be read.",
        "Nothing is known of the name.",
        "Ask the payee or his bank.",
    )


def _keep(
    acting: Acting,
    asking: Asking | NostroError,
    row: QuestionRow,
    account: PayeeAccount,
    told: Told,
) -> None:
    """What was said, with what follows from it. Files and payments are locked before questions."""
    rules = policies.in_force(PayeeVerification, acting.world.clock.now())
    if isinstance(told, NostroError) or isinstance(asking, NostroError):
        _without_answer(acting, row, account, told, rules)
        return
    if told.answer not in set(NameAnswer):
        _end(acting, row, account, QuestionMove.GIVE_UP, f"It said {told.answer[:40]}.")
        return
    one = verifying.as_told(acting, account, row.name, told, confidential=row.confidential)
    again_at = _again_at(acting, row, None) if policy.asks_again(rules, one.answer) else None
    if again_at is None:
        hold_for(acting, account, one)
        _look_again(acting, row)
    about = ("name_question", row.id) if row.confidential else None
    verifying.keep(acting, asking, account, one, told, about)
    locked = _waiting(row)
    if locked and again_at:
        name_moves.try_again(acting, locked, again_at, problem="", answer=one.answer.value)
    elif locked:
        name_moves.answered(acting, account, one)


def _without_answer(
    acting: Acting, row: QuestionRow, account: PayeeAccount, told: Told, rules: PayeeVerification
) -> None:
    """Once more later, or the end of the question."""
    problem = told.happened[:_PROBLEM_CHARACTERS] if isinstance(told, NostroError) else ""
    silent = isinstance(told, Unavailable) and not isinstance(told, ConnectionUnfit)
    ends = QuestionState.TIMED_OUT if silent else QuestionState.UNKNOWN
    again_at = _again_at(acting, row, told) if ends.value in rules.asks_again else None
    log.warning("name_not_told", question=str(row.id), tries=row.tries + 1, ends=again_at is None)
    if again_at is None:
        step = QuestionMove.RUN_OUT if silent else QuestionMove.GIVE_UP
        _end(acting, row, account, step, problem)
    elif locked := _waiting(row):
        name_moves.try_again(acting, locked, again_at, problem=problem)


def _again_at(acting: Acting, row: QuestionRow, told: Told | None) -> datetime | None:
    """When it is asked again; None where it was asked often enough."""
    if row.tries >= len(TRY_AGAIN_AFTER):
        return None
    wait = TRY_AGAIN_AFTER[row.tries]
    asked_for = told.retry_after_seconds if isinstance(told, Unavailable) else None
    return acting.world.clock.now() + max(wait, timedelta(seconds=asked_for or 0))


def _end(
    acting: Acting, row: QuestionRow, account: PayeeAccount, step: QuestionMove, problem: str
) -> None:
    """Nobody says it: payments wait for a person where the policy says so."""
    states = {QuestionMove.RUN_OUT: QuestionState.TIMED_OUT}
    ended = Unanswered(
        account_id=account.id,
        name_asked=row.name,
        state=states.get(step, QuestionState.UNKNOWN),
        ended_at=acting.world.clock.now(),
        confidential=row.confidential,
    )
    hold_for(acting, account, ended)
    _look_again(acting, row)
    if locked := _waiting(row):
        tries = locked.tries + 1
        name_moves.move(acting, locked, step, tries=tries, problem=problem, next_action_at=None)


def _waiting(row: QuestionRow) -> QuestionRow | None:
    """The question, locked; None where somebody else was answered meanwhile."""
    return next((one for one in name_questions.lock([row.id]) if one.state is row.state), None)


def _look_again(acting: Acting, row: QuestionRow) -> None:
    """Payments that waited for this are due now."""
    now = acting.world.clock.now()
    if name_questions.look_again([row.account_id], now, now + LOOKED_AT_WITHIN):
        wake("release_payments", tenant_id=acting.tenant_id)
