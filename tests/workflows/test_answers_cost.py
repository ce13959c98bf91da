"""Large answers are taken as sets: as few statements for hundreds of lines as for some."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from tests.workflows.booking_words import Sent
from tests.workflows.company import Company

FEW, MANY = 6, 150
STATEMENTS_MAX = 90  # With locks, and looking for gaps and repeated lines of a statement.
EXTRA_MAX = 6  # Long parameter lists are cut in pieces; a statement for each line would be 144.

MESSAGES: dict[str, Callable[[Sent], bytes]] = {
    "status report": lambda s: s.report(
        *((n, "RJCT" if n % 3 else "ACSC", "AC04" if n % 3 else "") for n in range(len(s.ids)))
    ),
    "debit notice": lambda s: s.camt("054", *(s.debit(n) for n in range(len(s.ids)))),
    "statement": lambda s: s.camt("053", *(s.debit(n) for n in range(len(s.ids)))),
    "wrong amounts": lambda s: s.camt("054", *(s.debit(n, minor=-1) for n in range(len(s.ids)))),
    "all booked twice": lambda s: s.camt(
        "054", *(s.debit(n, reference=f"{n}/{r}") for n in range(len(s.ids)) for r in "AB")
    ),
}


def statements(count: int, say: Callable[[Sent], bytes]) -> int:
    sent = Sent(Company(), count)
    message = say(sent)
    with CaptureQueriesContext(connections["default"]) as asked:
        sent.hears(message)
    assert len(sent.facts()) >= count
    return len(asked)


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("name", MESSAGES)
def test_as_many_statements_for_many_lines_as_for_a_few(name: str) -> None:
    few, many = (statements(count, MESSAGES[name]) for count in (FEW, MANY))
    assert many - few <= EXTRA_MAX, "no work of the database is done line by line"
    assert many <= STATEMENTS_MAX
