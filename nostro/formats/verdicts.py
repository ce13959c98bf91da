"""What the end of a statement says aloud: it does not close, came before, or is one of its pages.

A verdict alone could be overlooked, and one statement alone does not show that it came twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nostro.domain.balance_gate import BalanceGate
from nostro.domain.payment_file import PaymentFileHeader, PaymentFileTrailer
from nostro.domain.problem import Problem, warning
from nostro.domain.statement import Balance, Closing, StatementHeader, StatementTrailer

# Warnings with which a file is not as it must be, though every record of it can be used.
CHECK_FAILS = frozenset(
    (
        "does_not_close",
        "duplicate_statement",
        "duplicate_file",
        "duplicate_batch",
        "page_of_a_statement",
    )
)
REMEMBERED_MAX = 10_000
_ONCE = "Use it once: ask the sender why it came twice."


class _Pages(msgspec.Struct):
    """The pages of one statement so far: the last one, all their balances and sums."""

    key: object
    page: int
    balances: list[Balance]
    gate: BalanceGate


class Endings:
    """The ends of what one file holds, as every reader yields them.

    Remembers a digest of each of the last 10,000 statements or payment files of this file.
    """

    def __init__(self) -> None:
        self.seen: dict[int, str] = {}
        self.pages: _Pages | None = None

    def statement(
        self, header: StatementHeader, trailer: StatementTrailer, gate: BalanceGate
    ) -> Iterator[Problem | StatementTrailer]:
        """What is wrong with the statement (`does_not_close`, `duplicate_statement`,
        `page_of_a_statement`), then its trailer.

        A statement with neither id nor balances cannot be told from another one.
        """
        verdict, where = trailer.verdict, trailer.location
        if verdict.verdict is Closing.DOES_NOT_CLOSE:
            yield _open(verdict.reason, trailer)
        balances = [(b.code, b.amount, b.day, b.bank_code) for b in trailer.balances]
        if header.statement_id or balances:
            named = (header.account, header.statement_id, header.sequence, header.page)
            days = (header.kind, header.currency, header.from_day, header.to_day)
            sums = (trailer.entry_count, gate.booked, tuple(sorted(gate.sums.items())))
            before = self._before((named, days, tuple(balances), sums), str(where))
            if before:
                happened = f"The statement is the same as one before it ({before})."
                yield warning("duplicate_statement", happened, _ONCE, where)
            else:
                yield from self._page(header, trailer, gate)
        yield trailer

    def payment_file(
        self, header: PaymentFileHeader, trailer: PaymentFileTrailer
    ) -> Iterator[Problem | PaymentFileTrailer]:
        """`duplicate_file` if its header and totals came before, then its trailer."""
        head = (
            header.message_id,
            header.created_at,
            header.initiator,
            header.receiver,
            header.codes,
        )
        where = header.location
        before = self._before((head, trailer.payments, trailer.sums), str(where))
        if before:
            happened = f"The payment file {header.message_id} is the same as one before ({before})."
            yield warning("duplicate_file", happened, _ONCE, where)
        yield trailer

    def _before(self, key: object, where: str) -> str:
        """Where the same came before; "" if it did not."""
        digest = hash(key)
        before = self.seen.get(digest, "")
        if not before:
            if len(self.seen) >= REMEMBERED_MAX:
                del self.seen[next(iter(self.seen))]
            self.seen[digest] = where or "in this file"
        return before

    def _page(
        self, header: StatementHeader, trailer: StatementTrailer, gate: BalanceGate
    ) -> Iterator[Problem]:
        """Say of a later page that it is one, and whether it closes with those before it."""
        key = (header.account, header.statement_id, header.sequence)
        before, self.pages = self.pages, None
        if header.page is None or trailer.verdict.verdict is not Closing.NOT_CHECKABLE:
            return
        balances, whole = list(trailer.balances), _sum(gate)
        if before is None or (before.key, before.page + 1) != (key, header.page):
            self.pages = _Pages(key, header.page, balances, whole)
            return
        _add(before.gate, whole)
        self.pages = _Pages(key, header.page, before.balances + balances, before.gate)
        verdict = before.gate.verdict(self.pages.balances, header.kind)
        if verdict.verdict is Closing.DOES_NOT_CLOSE:
            yield _open(f"over all its pages, {verdict.reason}", trailer)
        happened = (
            f"Page {header.page} goes on with page {before.page} before it, of the same statement"
            f" {header.statement_id}: together, {verdict.reason}."
        )
        can_do = "Take the pages as one statement."
        yield warning("page_of_a_statement", happened, can_do, trailer.location)


def _sum(gate: BalanceGate) -> BalanceGate:
    """A gate of its own, as a reader may go on with that one."""
    whole = BalanceGate()
    _add(whole, gate)
    return whole


def _add(whole: BalanceGate, gate: BalanceGate) -> None:
    whole.booked += gate.booked
    whole.unreadable += gate.unreadable
    for currency, minor in gate.sums.items():
        whole.sums[currency] = whole.sums.get(currency, 0) + minor


def _open(reason: str, trailer: StatementTrailer) -> Problem:
    return warning(
        "does_not_close",
        f"The statement does not close: {reason}.",
        "Look for a missing page or line; ask the bank before you rely on it.",
        trailer.location,
    )
