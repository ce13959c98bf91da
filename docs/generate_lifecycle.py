"""Writes docs/lifecycle.md from the tables of moves: `python docs/generate_lifecycle.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nostro.domain.advice_notice import NOTICE
from nostro.domain.attempt import ATTEMPT, FREES_THE_ORDER, ORDER_MOVE_OF
from nostro.domain.case import CASE, ENQUIRY, RECALL, RETURN, REVERSAL
from nostro.domain.change_request import CHANGE_REQUEST
from nostro.domain.check_exception import CHECK_EXCEPTION
from nostro.domain.check_state import CHECK
from nostro.domain.credit_note import CREDIT_NOTE
from nostro.domain.machine import Machine
from nostro.domain.match import MATCH
from nostro.domain.name_question import QUESTION
from nostro.domain.netting import NETTING
from nostro.domain.order import ORDER
from nostro.domain.submission import ATTEMPT_MOVE_OF, SUBMISSION

PAGE = Path(__file__).with_name("lifecycle.md")
HEAD = """# Payment lifecycle

Twelve machines, each one table of moves in `nostro/domain`; four kinds of case have a second table,
their stage. This page is written from those tables by `python docs/generate_lifecycle.py`; a test
fails when it is not current.
"""
MACHINES: tuple[tuple[Machine[Any, Any], str], ...] = (
    (ORDER, "order.py"),
    (ATTEMPT, "attempt.py"),
    (SUBMISSION, "submission.py"),
    (MATCH, "match.py"),
    (CASE, "case.py"),
    (CHANGE_REQUEST, "change_request.py"),
    (CHECK, "check_state.py"),
    (CHECK_EXCEPTION, "check_exception.py"),
    (QUESTION, "name_question.py"),
    (NOTICE, "advice_notice.py"),
    (CREDIT_NOTE, "credit_note.py"),
    (NETTING, "netting.py"),
    (RECALL, "case.py"),
    (RETURN, "case.py"),
    (REVERSAL, "case.py"),
    (ENQUIRY, "case.py"),
)


def page() -> str:
    """The whole page."""
    free = ", ".join(f"`{state}`" for state in sorted(FREES_THE_ORDER))
    return "\n".join(
        [
            HEAD,
            *(_section(machine, file) for machine, file in MACHINES),
            "## From one machine to the next\n",
            f"A new attempt of an order is possible when all earlier ones are {free}.\n",
            _links("Attempt becomes", "Order's move", ORDER_MOVE_OF),
            _links("Submission becomes", "Attempts' move", ATTEMPT_MOVE_OF),
        ]
    )


def _section(machine: Machine[Any, Any], file: str) -> str:
    title = machine.name.capitalize()
    ends = ", ".join(f"`{state}`" for state in machine.moves if state in machine.ends())
    return (
        f"## {title}\n\n`nostro/domain/{file}`; ends: {ends or 'none'}.\n\n"
        f"```mermaid\n{machine.diagram()}```\n"
    )


def _links(left: str, right: str, moves: dict[Any, Any]) -> str:
    rows = [f"| {state} | {move.replace('_', ' ')} |" for state, move in moves.items()]
    return "\n".join([f"| {left} | {right} |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
