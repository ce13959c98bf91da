"""Bank messages in every order and repeated: the end is the same, and no contradiction is silent.

SOAK=1 tries every order of the large sets too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest

from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers
from tests.workflows.bank_words import pain_002
from tests.workflows.booking_words import Sent, Told
from tests.workflows.company import Company, scripted_connector

SOAK = bool(os.environ.get("SOAK"))
ORDERS_IN_CI = 6

Messages = Callable[[Sent], Sequence[bytes]]


def _net(sent: Sent) -> Told:
    """The batch booked without its second payment."""
    return Told(minor=-sent.amounts[0], batch=sent.batch, reference="BB")


AGREE: dict[str, Messages] = {
    "reports, notice and statement": lambda s: [
        s.report((0, "ACTC", ""), message_id="S1"),
        s.report((0, "ACSP", ""), message_id="S2"),
        s.camt("052", s.debit(0, status="PDNG")),
        s.camt("054", s.debit(0)),
        s.camt("053", s.debit(0)),
    ],
    "paid and all of it back, told twice": lambda s: [
        s.camt("053", s.debit(0)),
        s.camt("054", s.back(0, reason="AC04")),
        s.camt("053", s.back(0, reason="AC04"), message_id="N2"),
    ],
    "paid and back in two parts": lambda s: [
        s.camt("053", s.debit(0)),
        s.camt("054", s.back(0, 60_00)),
        s.camt("054", s.back(0, 40_00, reference="R9"), message_id="N2"),
    ],
    "a batch booked before what is not in it": lambda s: [
        s.camt("053", _net(s)),
        s.camt("054", _net(s)),
        s.report((1, "RJCT", "AC04")),
    ],
    "a duplicate that was accepted": lambda s: [
        s.report((0, "ACCP", ""), message_id="S1"),
        s.report((0, "RJCT", "AM05"), message_id="S2"),
        s.report((1, "RJCT", "AC01"), message_id="S3"),
    ],
    "two bookings with one EndToEndId": lambda s: [
        s.camt("053", s.debit(0)),
        s.camt("053", s.debit(0, reference="B9"), message_id="N2"),
        s.report((0, "ACCP", "")),
    ],
    "a return larger than the payment": lambda s: [
        s.camt("054", s.debit(0)),
        s.camt("054", s.back(0, 100_01), message_id="N2"),
        s.report((0, "ACSC", "")),
    ],
    "a report on another message": lambda s: [
        pain_002("NOT-OURS", lines=[(s.keys[0], "RJCT", "AC04")], message_id="S9"),
        s.report((0, "ACSC", "")),
        s.camt("053", s.debit(0)),
    ],
    "a statement for a day that was closed": lambda s: [
        s.camt("053", s.debit(0), message_id="ST-1"),
        s.camt("053", s.debit(0), s.debit(1), message_id="ST-2"),
    ],
}

# Both cannot be true: which one the payment believes is the one told first; that they contradict
# each other is told whichever it was.
CONTRADICT: dict[str, Messages] = {
    "rejected and executed": lambda s: [
        s.report((0, "ACSC", ""), message_id="S1"),
        s.report((0, "RJCT", "AC04"), message_id="S2"),
    ],
    "rejected and booked": lambda s: [
        s.camt("053", s.debit(0)),
        s.report((0, "RJCT", "AC04")),
        s.camt("054", s.debit(0)),
    ],
    "credited to the payee and cancelled": lambda s: [
        s.report((0, "ACCC", ""), message_id="S1"),
        s.report((0, "CANC", ""), message_id="S2"),
    ],
    "rejected and returned": lambda s: [
        s.report((0, "RJCT", "AC04"), message_id="S1"),
        s.camt("054", s.back(0)),
    ],
}


def orders_of(messages: Messages) -> list[tuple[int, ...]]:
    """Which message comes when: all orders of small sets, some of large ones."""
    count = len(messages(_Shape()))  # type: ignore[arg-type]
    every = list(permutations(range(count)))
    step = max(1, len(every) // ORDERS_IN_CI)
    return every if SOAK or len(every) <= ORDERS_IN_CI else every[::step]


class _Shape:
    """Counts the messages of a set without a company."""

    amounts, keys, batch = (1, 1), ("A", "B"), "B"

    def __getattr__(self, name: str) -> Callable[..., bytes]:
        return lambda *_told, **_more: b""


def deliver(sent: Sent, order: Sequence[int], messages: Sequence[bytes]) -> None:
    """Each once in this order, then all again backwards as other files."""
    company = sent.company
    for number in order:
        answers.receive_message(company.job, company.bank_id, "a.xml", messages[number])
    for number in reversed(order):
        again = messages[number] + b"\n"
        answers.receive_message(company.job, company.bank_id, "again.xml", again)


def ended(sent: Sent) -> dict[str, Any]:
    """Everything of which the end must be the same, without ids, times and words."""
    with tenant(sent.company.tenant_id):
        place = {order_id: number for number, order_id in enumerate(sent.ids)}
        facts = models.Fact.objects.values_list(
            "attempt__order_id", "kind", "status", "reason", "amount_minor"
        )
        cases = models.Case.objects.exclude(state="resolved").values_list(
            "order_id", "kind", "stage", "amount_minor"
        )
        stops = models.Freeze.objects.values_list("scope", "cause")
        returned = models.Order.objects.order_by("id").values_list("returned_minor", flat=True)
        return {
            "attempts": sent.attempts,
            "orders": sent.states,
            "returned": list(returned),
            "facts": sorted(map(str, ((place.get(row[0]), *row[1:]) for row in facts))),
            "cases": sorted(map(str, ((place.get(row[0]), *row[1:]) for row in cases))),
            "stops": sorted(stops),
            "journals": sent.journals(),
        }


def after(messages: Messages, order: Sequence[int]) -> tuple[Sent, dict[str, Any]]:
    sent = Sent(Company())
    deliver(sent, order, messages(sent))
    return sent, ended(sent)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", AGREE)
def test_every_order_ends_the_same(name: str) -> None:
    with scripted_connector():
        ends = {order: after(AGREE[name], order)[1] for order in orders_of(AGREE[name])}
    first = next(iter(ends.values()))
    assert first["facts"]
    for order, end in ends.items():
        assert end == first, f"{name} in the order {order}"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", CONTRADICT)
def test_no_order_hides_a_contradiction(name: str) -> None:
    with scripted_connector():
        told = [after(CONTRADICT[name], order) for order in orders_of(CONTRADICT[name])]
    assert len({str(end["facts"]) for _, end in told}) == 1, "all is kept in every order"
    for sent, _ in told:
        assert "contradiction" in sent.kinds()
        assert len(sent.company.bank.received) == 1
