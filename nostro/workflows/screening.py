"""Payees against the watch lists: when payments come in, and again just before they leave.

1. The lists in force are read once by each process, and again when another one is in force.
2. A payee who is like somebody listed makes a hold with the evidence; so does a blocked country.
3. Who lets it go says why; the same name and the same entry do not hold a payment again, until
   one of the two changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from threading import Lock

from nostro.domain.local_account import country_of
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies import screening as policy
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.screening import Cleared, Hit, Payee, ScreeningRules
from nostro.domain.watch_list import WatchListInForce
from nostro.matching.watch_list_search import WatchListSearch
from nostro.storage import watch_lists
from nostro.storage.orders import OrderRow

PAYEES_REMEMBERED = 50_000


class _Read:
    """The lists in force as this process read them last, and what it asked of them."""

    def __init__(self, lists: Sequence[WatchListInForce]) -> None:
        self.lists = tuple(lists)
        self._search = WatchListSearch((one, list(watch_lists.entries(one.id))) for one in lists)
        self._asked: dict[tuple[Payee, ScreeningRules], list[Hit]] = {}

    def hits(self, payee: Payee, rules: ScreeningRules) -> list[Hit]:
        """The same payees are paid again and again: each is looked for once."""
        if not self.lists:
            return []
        known = self._asked.get((payee, rules))
        if known is None:
            if len(self._asked) >= PAYEES_REMEMBERED:
                self._asked.clear()
            known = self._asked[payee, rules] = self._search.hits(payee, rules)
        return known


_latest: list[_Read] = []
_reading = Lock()


def _read() -> _Read:
    lists = tuple(watch_lists.in_force())
    with _reading:  # Threads of one process build it once.
        if not _latest or _latest[0].lists != lists:
            _latest[:] = [_Read(lists)]
        return _latest[0]


class Screening:
    """The lists and a customer's rules, for a set of payments; inside a unit of work."""

    def __init__(self, rules: ScreeningRules, today: date) -> None:
        self._rules = rules
        self._lists = _read()
        self._unlisted = policy.unlisted(self._lists.lists, today, rules)
        self._cleared: dict[str, set[Cleared]] = {}

    def of_request(self, request: PaymentRequest) -> tuple[Finding, ...]:
        """Why a person must look at a payment that comes in."""
        country = country_of(request.creditor_iban, request.creditor_account)
        told = request.payee_address, country, request.creditor_bic
        payee = policy.payee_of(request.payee_name, *told)
        return (*self.findings(payee), *self._unlisted)

    def findings(self, payee: Payee) -> tuple[Finding, ...]:
        """Why a person must look at a payment to this payee; what was cleared is left out."""
        return (*policy.findings(payee, self.hits(payee)), *self.blocked(payee))

    def blocked(self, payee: Payee) -> tuple[Finding, ...]:
        """Why a person must look at where the payment goes."""
        return policy.blocked(payee, self._rules)

    def not_let_go(self, order: OrderRow, payee: Payee) -> tuple[Finding, ...]:
        """What speaks against an approved payment but the lists, unless somebody has let just this
        one go all the same."""
        found = (*self.blocked(payee), *self._unlisted)
        return tuple(one for one in found if not watch_lists.was_let_go(order.id, one.code))

    def hits(self, payee: Payee) -> list[Hit]:
        """The entries that he may be, but for those that a person said he is not."""
        found = self._lists.hits(payee, self._rules)
        return [hit for hit in found if not self._was_cleared(hit, payee)]

    def as_if_new(self, payee: Payee) -> tuple[Finding, ...]:
        """Why a person would look at this payee, had nobody been cleared of anything."""
        hits = self._lists.hits(payee, self._rules)
        return (*policy.findings(payee, hits), *self.blocked(payee), *self._unlisted)

    def cleared_hits(self, payee: Payee) -> set[str]:
        """The entries, as holds refer to them, of which a person has cleared this payee."""
        hits = self._lists.hits(payee, self._rules)
        return {hit.refers_to for hit in hits if self._was_cleared(hit, payee)}

    def _was_cleared(self, hit: Hit, payee: Payee) -> bool:
        wanted = policy.clearance_of(hit, payee)
        known = self._cleared.get(wanted.payee_digest)
        if known is None:
            known = self._cleared[wanted.payee_digest] = watch_lists.cleared([wanted.payee_digest])
        return wanted in known


STANDARD = ScreeningRules()  # Where no customer is asked: at the terminal, for monitors.


def look_up(payee: Payee, by: ScreeningRules) -> list[Hit]:
    """Whom somebody may be on the lists in force, whoever asks; no customer is looked at."""
    return _read().hits(payee, by)


def lists_too_old(today: date) -> list[str]:
    """The codes of the lists in force that a newer one should have replaced by now."""
    return [one.code for one in policy.too_old(watch_lists.in_force(), today, STANDARD)]
