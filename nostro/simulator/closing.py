"""How the simulated bank ends a day: every account gets its statement, on each day but weekends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from nostro.simulator.account_messages import report_message, statement_message
from nostro.simulator.books import Account, bank_day, rolled
from nostro.simulator.personalities import Reach
from nostro.simulator.state import State

_TAIL_LETTERS = 10


def end_of(day: date) -> datetime:
    """When a day is over and its statements are there: midnight UTC."""
    return datetime.combine(day + timedelta(days=1), time(0, 0, tzinfo=UTC))


def close_days(state: State) -> None:
    """From now on, every bank day ends with statements."""
    _close_at_end_of(state, bank_day(state.now))


def _close_at_end_of(state: State, day: date) -> None:
    state.at(end_of(day), lambda: _close(state, day))


def _close(state: State, day: date) -> None:
    for account in state.accounts.values():
        _state(state, account, day)
    _close_at_end_of(state, rolled(day + timedelta(days=1)))


def _state(state: State, account: Account, day: date) -> None:
    number = f"{account.iban[-_TAIL_LETTERS:]}-{account.statements + 1:05d}"
    content = statement_message(account.close_day(day, state.now, number))
    traits = state.character.thrown(state.dice, Reach.STATEMENT, account.iban, day)
    if traits.get("statement_gap") == "statement":
        state.tell(f"the statement {number} of {account.iban} is not sent")
        return
    state.release("camt.053", account.iban, content, state.now)


def report_account(state: State, account: Account) -> None:
    """A camt.052 of what was booked since the last statement."""
    content = report_message(account.report(state.now, state.number("RPT")))
    state.release("camt.052", account.iban, content, state.now)
