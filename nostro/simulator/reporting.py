"""How the simulated bank tells of a file by pain.002: at which level, when, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from nostro.simulator.ach import is_of_ach
from nostro.simulator.answer_messages import (
    ID_LETTERS_MAX,
    StatusLine,
    StatusMessage,
    Word,
    status_message,
)
from nostro.simulator.books import bank_day
from nostro.simulator.closing import end_of
from nostro.simulator.state import Instructed, Level, State, TakenFile

SLOW_MINUTES = (10, 240)
AFTER_STATEMENT = timedelta(minutes=30)
NOT_PROVIDED = "NOTPROVIDED"

Told = Sequence[tuple[Instructed, Word]]


def report_group(state: State, file: TakenFile, word: Word) -> None:
    """One word on the whole file and nothing else."""
    _send(state, file, word, (), ())


def report_unread(state: State, message_id: str, word: Word) -> None:
    """A word on a file that was not taken: it cannot be read, or its id was used before."""
    told = StatusMessage(
        message_id=state.number("STS"),
        created_at=state.now,
        original_message_id=message_id or NOT_PROVIDED,
        original_message_name="pain.001",
        group=word,
    )
    state.release("pain.002", message_id or NOT_PROVIDED, status_message(told), state.now)


def report(state: State, file: TakenFile, told: Told) -> None:
    """Words on payments, as coarse as the bank speaks and as fine as they differ."""
    words = {word for _, word in told}
    whole = len(told) == len(file.payments)
    if state.level is Level.GROUP and whole and len(words) == 1:
        _send(state, file, next(iter(words)), (), ())
        return
    group = Word(_group_status([word.status for _, word in told])) if whole else Word()
    batches: dict[str, set[Word]] = {}
    for one, word in told:
        batches.setdefault(one.batch_id, set()).add(word)
    uniform = all(len(inside) == 1 for inside in batches.values())
    if state.level is not Level.TRANSACTION and whole and uniform:
        _send(state, file, group, [(name, next(iter(of))) for name, of in batches.items()], ())
        return
    _send(state, file, group, (), told)


def _group_status(statuses: Sequence[str]) -> str:
    """PART when some are refused; one word for all; else that the file was understood."""
    refused = statuses.count("RJCT")
    if refused and refused < len(statuses):
        return "PART"
    return statuses[0] if len(set(statuses)) == 1 else "ACTC"


def _send(
    state: State,
    file: TakenFile,
    group: Word,
    batches: Sequence[tuple[str, Word]],
    told: Told,
) -> None:
    if "silent" in file.traits or is_of_ach(file):
        return
    named = file.message_id
    if file.traits.get("wrong_status") == "message":
        named = f"{named[: ID_LETTERS_MAX - 2]}-X"
    message = StatusMessage(
        message_id=state.number("STS"),
        created_at=state.now,
        original_message_id=named,
        original_message_name=file.message_name,
        group=group,
        batches=tuple(batches),
        lines=tuple(_line(one, word) for one, word in told),
    )
    content = status_message(message)
    state.release("pain.002", file.message_id, content, _due(state, file), file.message_id)


def _line(one: Instructed, word: Word) -> StatusLine:
    return StatusLine(
        batch_id=one.batch_id,
        end_to_end_id=one.payment.end_to_end_id,
        instruction_id=one.payment.instruction_id,
        uetr=one.payment.uetr,
        word=word,
        reference=one.reference,
    )


def _due(state: State, file: TakenFile) -> datetime:
    if "out_of_order" in file.traits:
        return end_of(bank_day(state.now)) + AFTER_STATEMENT
    if "slow" in file.traits:
        least, most = SLOW_MINUTES
        minutes = state.dice.below(most - least + 1, "slow", file.message_id, file.time)
        return state.now + timedelta(minutes=least + minutes)
    return state.now
