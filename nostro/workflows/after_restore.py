"""After a restore, until it is over: what may have been paid waits, and what is still open is told.

1. What a forgotten payment may have paid already waits for a named person; so does every payment
   by check: its check may be drawn, and nobody presents it for weeks.
2. A connection's stop is lifted when nothing of it is open any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from nostro.domain.case import CaseState
from nostro.domain.money import Money
from nostro.domain.order import ORDER, OrderMove
from nostro.domain.policies.checks import Effect, Finding
from nostro.storage import orders, parties, restoring
from nostro.storage.restoring import RestoreStop, WaitingPayment
from nostro.workflows import approval_terms
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_orders

RESTORE = "restore"  # The reason of every move that is made because of one.
DUPLICATE = "duplicate_suspected"
CHECK_DRAWN = "check_may_be_drawn"
# So long after a restore a system may ask again for what was forgotten; later the same amount to
# the same account is next month's rent.
ASKED_AGAIN_WITHIN = timedelta(days=60)
# What left before the restore is booked this soon after it, holidays included.
BOOKED_WITHIN = timedelta(days=10)
NAMED = 10  # How many payments, or files, a sentence names.
_MAY_BE_DRAWN = (
    "The database was restored from a backup that may have forgotten a check for this payment."
    " Release it only if the print log and the bank's list of issued checks have none for it."
)
_HOLD = (OrderMove.EDIT, OrderMove.VALIDATE, OrderMove.HOLD)
# Money that left, by payee's account and amount, and what is known of it.
Left = Mapping[tuple[str, Money], str]

# What may have been paid.


def suspicions(acting: Acting) -> Left:
    """Money that left without a payment of ours and may be what a backup forgot; inside a unit of
    work. Empty where nothing was restored of late."""
    since = acting.world.clock.now() - ASKED_AGAIN_WITHIN
    days = restoring.forgotten_days(since)
    if days is None:
        return {}
    backup, restored = days
    debits = restoring.unexplained_debits(backup, restored + BOOKED_WITHIN, since)
    return {(debit.iban, debit.amount): debit.told for debit in debits}


def suspicion(iban: str, amount: Money, left: Left) -> Finding | None:
    """Was the same amount sent to the same account by something that the backup forgot?"""
    told = left.get((iban, amount))
    if told is None:
        return None
    return Finding(
        code=DUPLICATE,
        effect=Effect.HOLD,
        sentence=f"{amount} to the same account left already: {told}. The database was restored"
        " from a backup that may have forgotten this payment.",
    )


def hold_suspected(acting: Acting, connection_id: UUID) -> list[UUID]:
    """Hold payments that may have been paid by what the backup forgot; inside a unit of work.

    What was agreed to before is void: a named person releases the hold, then it is approved anew.
    """
    left = suspicions(acting)
    held = []
    for payment in restoring.waiting() if left else ():
        finding = suspicion(payment.creditor_number, payment.amount, left)
        if finding is None or restoring.is_held_for(payment.id, DUPLICATE):
            continue
        held += _hold(acting, payment, finding)
    return held + _hold_checks(acting, connection_id)


def _hold_checks(acting: Acting, connection_id: UUID) -> list[UUID]:
    """No statement says whether a check was drawn: it may be presented weeks later, and names no
    account. So every payment by check that waits behind this stop is looked at, once."""
    stop = restoring.stop_of(connection_id)
    held = []
    for payment in restoring.checks_waiting(connection_id) if stop else ():
        if stop and not restoring.is_held_for(payment.id, CHECK_DRAWN, stop.frozen_at):
            finding = Finding(code=CHECK_DRAWN, effect=Effect.HOLD, sentence=_MAY_BE_DRAWN)
            held += _hold(acting, payment, finding)
    return held


def _hold(acting: Acting, payment: WaitingPayment, finding: Finding) -> list[UUID]:
    (row,) = orders.lock([payment.id])
    if not ORDER.allows(row.state, _HOLD[0]) or restoring.on_its_way([row.id]):
        return []
    orders.insert_holds([(acting.world.ids.new(), row.id, finding)], acting.world.clock.now())
    approval_terms.ask_anew(acting, [row])
    for step in _HOLD:
        move_orders(acting, [row.id], step, reason=finding.code, text=finding.sentence)
    return [row.id]


# Whether it is over.


def may_be_lifted(acting: Acting, connection_id: UUID) -> list[str]:
    """What is still open before the stop that a restore set may be lifted, in sentences; empty:
    nothing. Inside a unit of work."""
    stop = restoring.stop_of(connection_id)
    if stop is None:
        return []
    files = restoring.in_doubt(connection_id)
    found = []
    if files:
        found.append(f"Nobody knows whether the bank has {named_few(files)}.")
    found += restoring.strange_cases(stop.frozen_at)
    question = restoring.question_of(stop.id)
    if question is None or question.state is not CaseState.RESOLVED:
        backup = question.details["backup_at"] if question else stop.frozen_at.isoformat()
        found += _unanswered(acting, stop, datetime.fromisoformat(backup))
    return found


def _unanswered(acting: Acting, stop: RestoreStop, backup_at: datetime) -> list[str]:
    """What statements would have to show, as long as no person has asked the bank for it."""
    accounts = [a for a in parties.accounts() if a.connection_id == str(stop.connection_id)]
    if not accounts:
        return ["Nobody has compared what was told to this system since the backup with ours."]
    found, calendar = [], acting.world.calendar
    for account in accounts:
        # What left too late for its day is booked on the next bank day.
        until = calendar.next_bank_day(_after(stop.frozen_at.date()), account.currency)
        day, missing = calendar.next_bank_day(backup_at.date(), account.currency), []
        stated = restoring.stated_days(UUID(account.id), day)
        while day <= until:
            if not any(first <= day <= last for first, last in stated):
                missing.append(day.isoformat())
            day = calendar.next_bank_day(_after(day), account.currency)
        if missing:
            found.append(f"Statements of {account.iban} are missing for {named_few(missing)}.")
        late = _later_than(stop, account.id, until)
        if late:
            found.append(
                f"{named_few(late)} are to be executed after {until}: no statement shows yet"
                " whether the bank has them; ask it."
            )
    return found


def _later_than(stop: RestoreStop, account_id: str, until: date) -> list[str]:
    there = restoring.waiting_at(stop.connection_id, stop.frozen_at)
    own = [payment for payment in there if str(payment.account_id) == account_id]
    return [payment.number for payment in own if payment.requested_date > until]


def _after(day: date) -> date:
    return day + timedelta(days=1)


def named_few(words: Collection[str]) -> str:
    """The first of them, and how many more."""
    shown = ", ".join(list(words)[:NAMED])
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return f"{shown}{more}" or "none"
