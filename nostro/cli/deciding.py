"""What the terminal says when two people decide, or when it was done alone and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nostro.cli.shared_options import Alone
    from nostro.workflows.at_terminal import Outcome, Wish
    from nostro.workflows.context import Acting


def wish(kind: str, wanted: Any, alone: Alone) -> Wish:
    from nostro.workflows.at_terminal import Wish

    return Wish(kind=kind, wanted=wanted, reason=alone.reason, break_glass=alone.break_glass)


def decided(acting: Acting, wish: Wish, make: Callable[[Acting], object]) -> Outcome:
    """Ask two people, or make it alone where that is right, and say which."""
    from nostro.workflows import at_terminal

    outcome = at_terminal.change(acting, wish, make)
    tell(outcome)
    return outcome


def tell(outcome: Outcome) -> None:
    """What became of it, and what is to be done now."""
    from nostro.workflows.at_terminal import How

    if outcome.how is How.ASKED:
        print(f"Asked for: {outcome.request_id}. Nothing changes before two people agree:")
        print("in the console under Changes, or")
        print(f"nostro changes agree {outcome.request_id} --reason ... --email ...")
    elif outcome.how is How.UNDER_GLASS:
        print("Done alone, under a broken glass: an event and a case tell of it.")
    else:
        print("Done alone: fewer than two people can decide on access here yet.")
