"""The five machines, told as stories: one line a life, then every state, every end, every table."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.attempt import ATTEMPT, FREES_THE_ORDER, ORDER_MOVE_OF, RANK, AttemptState
from nostro.domain.case import CASE
from nostro.domain.errors import NotAllowed
from nostro.domain.machine import Machine, table
from nostro.domain.match import MATCH
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.submission import ATTEMPT_MOVE_OF, SUBMISSION, SubmissionState

MACHINES: dict[str, Machine[Any, Any]] = {
    "order": ORDER,
    "attempt": ATTEMPT,
    "submission": SUBMISSION,
    "match": MATCH,
    "case": CASE,
}
ENDS = {
    "order": "invalid denied cancelled expired rejected failed returned recalled",
    "attempt": "not_delivered rejected cancelled_stop cancelled_reroute returned",
    "submission": "acknowledged refused abandoned",
    "match": "",
    "case": "",
}

# machine: moves from its start -> where it ends, or `not <move>` for the move that is refused.
STORIES = """
order: validate request_approval approve schedule dispatch execute settle       -> settled
order: validate request_approval approve schedule dispatch settle               -> settled
order: validate hold release_hold request_approval approve schedule dispatch    -> in_flight
order: validate hold deny                                                       -> denied
order: validate request_approval deny                                           -> denied
order: invalidate                                                               -> invalid
order: cancel                                                                   -> cancelled
order: validate request_approval approve schedule cancel                        -> cancelled
order: validate request_approval approve schedule expire                        -> expired
order: validate request_approval approve schedule stop                          -> cancelled
order: validate request_approval approve schedule dispatch stop                 -> cancelled
order: validate request_approval approve schedule dispatch reject               -> rejected
order: validate request_approval approve schedule dispatch fail                 -> failed
order: validate request_approval approve schedule dispatch reroute dispatch     -> in_flight
order: validate request_approval approve schedule dispatch return               -> returned
order: validate request_approval approve schedule dispatch execute settle return -> returned
order: validate request_approval approve schedule dispatch execute return_part return_part -> partially_returned
order: validate request_approval approve schedule dispatch settle return_part return -> returned
order: validate request_approval approve schedule dispatch settle recall        -> recalled
order: validate request_approval approve edit                                   -> draft
order: validate request_approval approve edit validate schedule                 -> not schedule
order: validate approve                                                         -> not approve
order: validate hold approve                                                    -> not approve
order: validate hold request_approval                                           -> not request_approval
order: validate request_approval schedule                                       -> not schedule
order: validate request_approval approve dispatch                               -> not dispatch
order: validate request_approval approve schedule dispatch edit                 -> not edit
order: validate request_approval approve schedule dispatch cancel               -> not cancel
order: validate request_approval approve schedule dispatch expire               -> not expire
order: validate request_approval approve schedule dispatch dispatch             -> not dispatch
order: validate request_approval approve schedule dispatch settle settle        -> not settle
order: validate request_approval approve schedule dispatch settle cancel        -> not cancel
order: validate request_approval approve schedule dispatch reject dispatch      -> not dispatch
order: validate request_approval settle                                         -> not settle
attempt: dispatch deliver receive accept execute                                -> executed
attempt: dispatch deliver receive pend accept execute                           -> executed
attempt: dispatch deliver pend                                                  -> pending_at_bank
attempt: dispatch deliver pend cancel_stop                                      -> cancelled_stop
attempt: dispatch deliver pend reject                                           -> rejected
attempt: dispatch deliver pend dispatch                                         -> not dispatch
attempt: dispatch execute                                                       -> executed
attempt: dispatch lose_track                                                    -> unknown
attempt: dispatch lose_track deliver                                            -> delivered
attempt: dispatch lose_track receive                                            -> received
attempt: dispatch lose_track execute                                            -> executed
attempt: dispatch lose_track not_deliver                                        -> not_delivered
attempt: dispatch deliver doubt                                                 -> unknown
attempt: dispatch deliver doubt accept                                          -> accepted
attempt: dispatch deliver receive reject                                        -> rejected
attempt: dispatch deliver cancel_stop                                           -> cancelled_stop
attempt: dispatch deliver cancel_reroute                                        -> cancelled_reroute
attempt: cancel_stop                                                            -> cancelled_stop
attempt: not_deliver                                                            -> not_delivered
attempt: dispatch execute return                                                -> returned
attempt: dispatch lose_track return                                             -> returned
attempt: deliver                                                                -> not deliver
attempt: execute                                                                -> not execute
attempt: dispatch lose_track dispatch                                           -> not dispatch
attempt: dispatch deliver dispatch                                              -> not dispatch
attempt: dispatch deliver not_deliver                                           -> not not_deliver
attempt: dispatch execute reject                                                -> not reject
attempt: dispatch execute cancel_stop                                           -> not cancel_stop
attempt: dispatch accept doubt                                                  -> not doubt
attempt: dispatch accept lose_track                                             -> not lose_track
submission: dispatch deliver acknowledge                                        -> acknowledged
submission: sign dispatch deliver refuse                                        -> refused
submission: dispatch acknowledge                                                -> acknowledged
submission: dispatch lose_track acknowledge                                     -> acknowledged
submission: dispatch lose_track not_deliver dispatch deliver                    -> delivered
submission: dispatch not_deliver dispatch                                       -> dispatching
submission: dispatch not_deliver acknowledge                                    -> acknowledged
submission: dispatch not_deliver abandon                                        -> abandoned
submission: abandon                                                             -> abandoned
submission: dispatch lose_track dispatch                                        -> not dispatch
submission: dispatch dispatch                                                   -> not dispatch
submission: dispatch deliver dispatch                                           -> not dispatch
submission: dispatch not_deliver acknowledge dispatch                           -> not dispatch
submission: dispatch lose_track abandon                                         -> not abandon
submission: dispatch deliver not_deliver                                        -> not not_deliver
submission: dispatch lose_track repeat deliver                                  -> delivered
submission: dispatch lose_track repeat lose_track                               -> unknown
submission: repeat                                                              -> not repeat
submission: dispatch repeat                                                     -> not repeat
submission: dispatch not_deliver repeat                                         -> not repeat
submission: dispatch deliver repeat                                             -> not repeat
submission: deliver                                                             -> not deliver
match: announce confirm                                                         -> matched
match: confirm                                                                  -> matched
match: announce undo                                                            -> unmatched
match: confirm undo announce                                                    -> tentative
match: propose confirm                                                          -> matched
match: propose propose_several withdraw                                         -> unmatched
match: propose announce confirm                                                 -> matched
match: confirm propose                                                          -> not propose
match: announce propose                                                         -> not propose
match: withdraw                                                                 -> not withdraw
match: confirm announce                                                         -> not announce
match: confirm confirm                                                          -> not confirm
match: undo                                                                     -> not undo
case: ask answer resolve                                                        -> resolved
case: ask resolve                                                               -> resolved
case: resolve reopen ask                                                        -> waiting
case: resolve resolve                                                           -> not resolve
case: answer                                                                    -> not answer
case: reopen                                                                    -> not reopen
"""  # noqa: E501


def named(machine: Machine[Any, Any], word: str) -> Any:
    """A move of this machine by its word."""
    return next(move for moves in machine.moves.values() for move in moves if move == word)


@pytest.mark.parametrize("story", STORIES.strip().splitlines())
def test_stories(story: str) -> None:
    name, _, rest = story.partition(":")
    path, _, end = (part.strip() for part in rest.partition("->"))
    machine, state, words = MACHINES[name], MACHINES[name].start, path.split()
    refused = end.removeprefix("not ") if end.startswith("not ") else ""
    for word in words[:-1] if refused else words:
        state = machine.after(state, named(machine, word))
    if not refused:
        assert state == end
        return
    assert words[-1] == refused
    with pytest.raises(NotAllowed) as told:
        machine.after(state, named(machine, refused))
    assert told.value.code == "move_not_allowed"
    assert refused.replace("_", " ") in told.value.happened
    assert all(move.replace("_", " ") in told.value.can_do for move in machine.moves[state])


def kin(member: StrEnum) -> set[StrEnum]:
    """Every member of the same enumeration."""
    return set(type(member))


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_in_the_table_and_reached(name: str) -> None:
    machine = MACHINES[name]
    states = kin(machine.start)
    assert set(machine.moves) == states == machine.reachable()


@pytest.mark.parametrize("name", MACHINES)
def test_every_end_is_an_end(name: str) -> None:
    machine = MACHINES[name]
    assert {str(end) for end in machine.ends()} == set(ENDS[name].split())
    moves = {move for moves in machine.moves.values() for move in moves}
    for end in machine.ends():
        assert machine.words(end) == ""
        for move in moves:
            with pytest.raises(NotAllowed, match="nothing more"):
                machine.after(end, move)


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_derived_agrees_with_the_table(name: str) -> None:
    machine = MACHINES[name]
    drawn = machine.diagram()
    moves = {move for moves in machine.moves.values() for move in moves}
    assert moves == kin(next(iter(moves))), "a move that nothing allows"
    for move in moves:
        for state in machine.moves:
            assert (state in machine.sources(move)) == machine.allows(state, move)
            if machine.allows(state, move):
                assert f"{state} --> {machine.after(state, move)}: {move}\n" in drawn
    assert drawn.count("-->") == 1 + len(machine.ends()) + sum(map(len, machine.moves.values()))


def test_a_table_has_one_target_for_a_move() -> None:
    class Light(StrEnum):
        RED = "red"
        GREEN = "green"

    class Turn(StrEnum):
        GO = "go"

    with pytest.raises(ValueError, match="two moves go from red"):
        table(Light, [((Light.RED,), Turn.GO, Light.GREEN), ((Light.RED,), Turn.GO, Light.RED)])


def test_tables_between_machines_name_real_moves() -> None:
    """What one machine does to the next is a move that machine has."""
    for state, order_move in ORDER_MOVE_OF.items():
        assert state in AttemptState
        assert ORDER.sources(order_move)
    for inside, attempt_move in ATTEMPT_MOVE_OF.items():
        assert inside in SubmissionState
        assert ATTEMPT.sources(attempt_move)
    assert set(RANK) == set(AttemptState)
    assert ATTEMPT.ends() >= FREES_THE_ORDER
    blocking = {"prepared", "unknown", "executed", "returned", "cancelled_stop"}
    assert not {state.value for state in FREES_THE_ORDER} & blocking


def test_a_finished_attempt_leaves_no_order_behind() -> None:
    """Each end that blocks a new attempt must move the order, from wherever it may then be."""
    for state in ATTEMPT.ends() - FREES_THE_ORDER:
        assert {OrderState.IN_FLIGHT} <= ORDER.sources(ORDER_MOVE_OF[state])
    assert ORDER.allows(OrderState.SCHEDULED, ORDER_MOVE_OF[AttemptState.CANCELLED_STOP])


@given(st.lists(st.sampled_from(OrderMove), max_size=40))
def test_nothing_is_dispatched_without_an_approval_of_what_it_now_is(
    moves: list[OrderMove],
) -> None:
    """Between the last edit and a dispatch there is always an approval."""
    state, approved = ORDER.start, False
    for move in moves:
        if not ORDER.allows(state, move):
            continue
        if move is OrderMove.DISPATCH:
            assert approved
        # What is recovered had left, and so was approved; that a backup forgot it is the affair of
        # the release, which looks at the approvals of whatever leaves (recheck.still_approved).
        agreed = move in (OrderMove.APPROVE, OrderMove.RECOVER)
        approved = (approved or agreed) and move is not OrderMove.EDIT
        state = ORDER.after(state, move)
