"""Says aloud when a statement does not close: its verdict alone could be overlooked."""

from __future__ import annotations

from collections.abc import Iterator

from nostro.domain.problem import Problem, warning
from nostro.domain.statement import Closing, StatementTrailer


def ended(trailer: StatementTrailer) -> Iterator[Problem | StatementTrailer]:
    """The end of a statement as every reader yields it: what is wrong with it, its trailer."""
    verdict = trailer.verdict
    if verdict.verdict is Closing.DOES_NOT_CLOSE:
        yield warning(
            "does_not_close",
            f"The statement does not close: {verdict.reason}.",
            "Look for a missing page or line; ask the bank before you rely on it.",
            trailer.location,
        )
    yield trailer
