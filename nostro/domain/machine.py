"""How every object of the business moves: one table of moves, from which all else is derived.

The diagram in the documentation, the buttons of the console, the words of the API and the story
tests are computed from the same table, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from nostro.domain.errors import NotAllowed

State = TypeVar("State", bound=StrEnum)
Move = TypeVar("Move", bound=StrEnum)


class Machine(Generic[State, Move]):
    """A named table of moves: state -> move -> next state."""

    def __init__(
        self, name: str, start: State, moves: Mapping[State, Mapping[Move, State]]
    ) -> None:
        self.name = name
        self.start = start
        self.moves = moves

    def after(self, state: State, move: Move) -> State:
        """The state after a move; raises NotAllowed when the table has no such move."""
        try:
            return self.moves[state][move]
        except KeyError:
            raise NotAllowed(
                "move_not_allowed",
                f"A {self.name} that is {state} cannot {move.replace('_', ' ')}.",
                can_do=f"From {state} it can: {self.words(state) or 'nothing more'}.",
            ) from None

    def allows(self, state: State, move: Move) -> bool:
        return move in self.moves.get(state, {})

    def words(self, state: State) -> str:
        return ", ".join(move.replace("_", " ") for move in self.moves.get(state, {}))

    def sources(self, move: Move) -> frozenset[State]:
        """Every state from which the move is allowed: the WHERE clause of a set-wise move."""
        return frozenset(state for state, moves in self.moves.items() if move in moves)

    def ends(self) -> frozenset[State]:
        return frozenset(state for state, moves in self.moves.items() if not moves)

    def reachable(self) -> frozenset[State]:
        """Every state that some series of moves reaches from the start."""
        seen: set[State] = set()
        todo: list[State] = [self.start]
        while todo:
            state = todo.pop()
            if state not in seen:
                seen.add(state)
                todo.extend(self.moves[state].values())
        return frozenset(seen)

    def diagram(self) -> str:
        """The table as a Mermaid state diagram, for the documentation."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        for state, moves in self.moves.items():
            lines += [f"    {state} --> {to}: {move}" for move, to in moves.items()]
        lines += [f"    {state} --> [*]" for state in self.moves if state in self.ends()]
        return "\n".join(lines) + "\n"


def table(
    states: Iterable[State], rows: Iterable[tuple[tuple[State, ...], Move, State]]
) -> dict[State, dict[Move, State]]:
    """Build a table from rows (from states, move, to state); every state gets a row."""
    moves: dict[State, dict[Move, State]] = {state: {} for state in states}
    for origins, move, target in rows:
        for origin in origins:
            if move in moves[origin]:
                raise ValueError(f"two moves {move} from {origin}")
            moves[origin][move] = target
    return moves
