"""Problems found in an answer of a bank go with that answer: the rest of it can still be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from nostro.domain.bank_status import StatusReport
from nostro.domain.cancellation import CancellationAnswer, CancellationRequest
from nostro.domain.problem import Problem

_ANSWERS = (StatusReport, CancellationAnswer, CancellationRequest)


def attach(records: Iterable[object]) -> Iterator[object]:
    """The records of a reader; problems right before an answer are in its `problems` instead.

    So one payment that cannot be understood does not keep the word on all others from being used.
    Everything else passes through, in its order.
    """
    waiting: list[Problem] = []
    for record in records:
        if isinstance(record, Problem):
            waiting.append(record)
            continue
        if isinstance(record, _ANSWERS):
            yield msgspec.structs.replace(record, problems=(*record.problems, *waiting))
        else:
            yield from waiting
            yield record
        waiting.clear()
    yield from waiting


def detach(answer: StatusReport | CancellationAnswer | CancellationRequest) -> Iterator[object]:
    """An answer as a reader yields it: its problems, then itself without them."""
    yield from answer.problems
    yield msgspec.structs.replace(answer, problems=())
