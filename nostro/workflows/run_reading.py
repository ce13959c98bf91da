"""A payment run as read from its file, line by line: payments asked for, lines refused, totals.

Reading is repeatable: the same bytes give the same lines in the same order, so that an import can
go on where it was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.money import total
from nostro.domain.payment import PaymentRequest, RunTotals
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.workflows.erp_payments import PAYMENT_FILE, Change, ErpPayments

PORTION = 1000  # Lines that are checked and stored in one transaction.


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a run: the payment it asks for, or why it cannot be used.

    `not_carried` is what its source said and an order of ours has no place for.
    """

    said: PaymentRequest | RejectedLine
    not_carried: Sequence[Change] = ()


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole file holds: its lines, the sums of its usable ones, what it says of itself."""

    run_id: str
    lines: int
    totals: dict[str, int]
    stated: dict[str, Any]


def read_lines(form: Format, stream: BinaryIO, profile: Profile) -> Iterator[Line | RunTotals]:
    """Every line of a run file in its order, and the file's own totals where it states them.

    Raises Invalid when the file as a whole cannot be used; then nothing of it counts.
    """
    erp = ErpPayments()
    for read in formats.reader(form)(stream, profile):
        item = erp.taken(read) if isinstance(read, PAYMENT_FILE) else read
        if isinstance(item, PaymentRequest):
            yield Line(said=item, not_carried=erp.not_carried.pop(item.line, ()))
        elif isinstance(item, RejectedLine):
            yield Line(said=item)
        elif isinstance(item, RunTotals):
            yield item
        elif item is not None:
            raise Invalid(
                "not_a_payment_file",
                f"This is a {form.name} file; it carries no payments.",
                "The original is kept; no payment was made from it.",
                "Send it to statement ingestion, or choose the payment run file.",
            )


def survey(form: Format, stream: BinaryIO, profile: Profile) -> Survey:
    """Read all of a file and store nothing. Raises Invalid when it contradicts itself."""
    run_id, count, stated = "", 0, {}
    sums: dict[str, int] = {}
    for line in read_lines(form, stream, profile):
        if isinstance(line, RunTotals):
            run_id = line.run_id
            stated = _stated(line)
            continue
        count += 1
        if isinstance(line.said, PaymentRequest):
            amount = line.said.amount
            sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return Survey(run_id=run_id, lines=count, totals=sums, stated=stated)


def _stated(told: RunTotals) -> dict[str, Any]:
    """The totals that the file states, as they are kept: its reader has compared them."""
    if told.count is None:
        return {}
    sums = {currency: money.minor for currency, money in total(told.sums or ()).items()}
    return {"count": told.count, "sums": sums}


def portions(lines: Iterator[Line | RunTotals]) -> Iterator[list[Line]]:
    """The lines in portions, always the same ones for the same file."""
    only_lines = (line for line in lines if isinstance(line, Line))
    while portion := list(islice(only_lines, PORTION)):
        yield portion
