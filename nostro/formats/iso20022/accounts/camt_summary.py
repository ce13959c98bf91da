"""Whether the entries of a statement add up to what the bank says of them itself (TxsSummry)."""

from __future__ import annotations

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.statement import Entry
from nostro.formats.iso20022.accounts.camt_values import Noticed, count_of, money
from nostro.formats.iso20022.xml.shapes import Record

_KINDS = (("all", "entries"), ("credit", "credits"), ("debit", "debits"))


class Summary:
    """Counts and sums of all entries whatever their status, as TxsSummry counts them."""

    def __init__(self) -> None:
        self.credits = self.debits = 0
        self.credit_sum = self.debit_sum = 0
        self.currencies: set[str] = set()

    def add(self, entry: Entry) -> None:
        self.currencies.add(entry.amount.currency)
        minor = entry.amount.minor
        if minor < 0:
            self.debits += 1
            self.debit_sum -= minor
        else:
            self.credits += 1
            self.credit_sum += minor

    def check(self, record: Record, noticed: Noticed) -> None:
        """Warn of each count and sum that differs (`summary_mismatch`)."""
        ours = {
            "all": (self.credits + self.debits, self.credit_sum + self.debit_sum),
            "credit": (self.credits, self.credit_sum),
            "debit": (self.debits, self.debit_sum),
        }
        for kind, words in _KINDS:
            count, minor = ours[kind]
            told = record.get(f"{kind}_count")
            if told and count_of(told) != count:
                self._warn(record, noticed, f"says {told[:20]} {words}; it holds {count}.")
            self._check_sum(record, noticed, kind, words, minor)

    def _check_sum(
        self, record: Record, noticed: Noticed, kind: str, words: str, minor: int
    ) -> None:
        told = record.get(f"{kind}_sum")
        if not told or len(self.currencies) > 1:
            return
        currency = next(iter(self.currencies), record.get("currency"))
        try:
            sums = money(told, currency)
        except Invalid:
            self._warn(record, noticed, f"gives a sum of {words} that is no amount ({told[:40]}).")
            return
        if abs(sums.minor) != minor:
            ours = Money(minor, currency)
            self._warn(record, noticed, f"says {words} of {sums} in all; they add up to {ours}.")

    def _warn(self, record: Record, noticed: Noticed, happened: str) -> None:
        can_do = "Compare the entries with the bank's own statement: one may be missing."
        noticed.warn(record, "summary_mismatch", happened, can_do)
