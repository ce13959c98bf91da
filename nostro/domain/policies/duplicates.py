"""Whether a payment is made twice, whatever its source: the same payee or account, amount and
currency, and the same invoice however it is written; or no invoice at all and the same day.
Where an amount is paid regularly (rent, a fare, a subscription), only the very invoice counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import ClassVar, Final
from unicodedata import normalize

import msgspec

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies.checks import Effect, Finding, day
from nostro.domain.policies.limits import spelled
from nostro.domain.policy import Policy

SUSPECTED: Final = "duplicate_suspected"
TOLD_MAX = 5  # Earlier payments of which each is told by itself; more are counted.
SWAPPED_LEAST = 4  # Two letters of a shorter number are swapped too often by chance.
PREFIXES: Final = (
    *("INVOICE", "INV", "RECHNUNG", "RNR", "RE", "RG", "FACTURE", "FACTUUR", "FATTURA", "FACTURA"),
    *("FAKTURA", "FAC", "FA", "FV", "FT", "BILL", "BELEG", "NUMMER", "NUMBER", "NO", "NR"),
)
_NOT_SIGNS = re.compile(r"[\W_]+")
_NO_SIGNIFICANT = re.compile(r"[^1-9]")


class DuplicateRules(Policy, frozen=True, kw_only=True):
    """For how many days a payment makes a later one suspicious: with the same invoice, with one
    that has two neighbouring signs swapped (0: never), and whether two without any invoice for one
    day do. `routine_from`: from how many invoices over one amount in `swapped_days` on that amount
    is routine, and swapped signs tell nothing (0: none is). `prefixes` are words before a number
    that do not tell invoices apart."""

    KIND: ClassVar[str] = "duplicates"

    window_days: int = 400
    swapped_days: int = 45
    routine_from: int = 5
    without_invoice: bool = True
    prefixes: tuple[str, ...] = PREFIXES


class EarlierPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that moved money or still may. `text` is what the payee is told besides."""

    number: str
    source: str
    payee_number: str
    account: (
        str  # The payee's, as an IBAN or as nostro.domain.local_account writes it; "" a cheque.
    )
    amount: Money
    requested_date: date
    state: OrderState
    invoices: tuple[str, ...] = ()
    text: str = ""
    confidential: bool = False


@lru_cache(maxsize=50_000)
def invoice_key(invoice: str, prefixes: tuple[str, ...] = PREFIXES) -> str:
    """An invoice number without what people and systems write differently.

    >>> invoice_key("inv. 000-123/a") == invoice_key("RE 123A") == "123A"
    True
    """
    plain = _without(_NOT_SIGNS.sub("", normalize("NFKC", invoice)).upper(), prefixes)
    plain = _without(plain.replace("O", "0"), prefixes)  # "INV-O12" was not seen to be a prefix.
    return plain.lstrip("0") or plain


def _without(plain: str, prefixes: tuple[str, ...]) -> str:
    """A number without the words before its first digit, where all of them are such words."""
    return _prefix(prefixes).sub("", plain) if prefixes else plain


@lru_cache(maxsize=100)
def _prefix(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(one) for one in sorted(prefixes, key=len, reverse=True))
    return re.compile(rf"^(?:{words})+(?=\d)")


def signature(invoice: str) -> str:
    """What all numbers have in common that could be one: their digits without zeros, sorted. The
    query of earlier payments says the same."""
    return "".join(sorted(_NO_SIGNIFICANT.sub("", normalize("NFKC", invoice))))


def swapped(one: str, other: str) -> bool:
    """Whether two keys differ by two neighbouring signs that changed places."""
    if len(one) != len(other) or len(one) < SWAPPED_LEAST:
        return False
    apart = [at for at in range(len(one)) if one[at] != other[at]]
    if len(apart) != 2 or apart[1] != apart[0] + 1:
        return False
    at = apart[0]
    return one[at : at + 2] == other[at : at + 2][::-1]


class PaidBefore:
    """Earlier payments, found by payee and by account with their amount."""

    def __init__(self, earlier: Iterable[EarlierPayment] = ()) -> None:
        self._found: dict[tuple[str, str, Money], list[EarlierPayment]] = {}
        for one in earlier:
            self.add(one)

    def add(self, one: EarlierPayment) -> None:
        for place in _places(one):
            self._found.setdefault(place, []).append(one)

    def like(self, payment: EarlierPayment) -> list[EarlierPayment]:
        """Those to the same payee or account with the same amount, each once, by number."""
        found = {
            one.number: one for place in _places(payment) for one in self._found.get(place, ())
        }
        return sorted(found.values(), key=lambda one: one.number)


def _places(one: EarlierPayment) -> tuple[tuple[str, str, Money], ...]:
    """Where it is found; a cheque goes to no account."""
    by_payee = ("payee", one.payee_number, one.amount)
    return (by_payee, ("account", one.account, one.amount)) if one.account else (by_payee,)


def findings(
    payment: EarlierPayment, earlier: PaidBefore, rules: DuplicateRules
) -> tuple[Finding, ...]:
    """Why a person must look before this is paid, for each earlier payment that it may repeat."""
    found = list(_findings(payment, earlier.like(payment), rules))
    told = found[:TOLD_MAX]
    if left := len(found) - len(told):
        last = f"{told[-1].sentence} {left} more earlier payments are like it."
        told[-1] = msgspec.structs.replace(told[-1], sentence=last)
    return tuple(told)


def _findings(
    payment: EarlierPayment, like: Sequence[EarlierPayment], rules: DuplicateRules
) -> Iterator[Finding]:
    routine = cache(lambda: _is_routine(payment, like, rules))  # Most payments never ask.
    for one in like:
        if not _within(payment, one, rules.window_days):
            continue
        if not payment.invoices and not one.invoices:
            if rules.without_invoice and _same_day(payment, one):
                yield _finding(one, f"The same amount to the same payee {_already(payment, one)}")
            continue
        for mine, theirs in _same_invoices(payment, one, rules, routine):
            yield _finding(one, _of_invoice(payment, one, mine, theirs))


def _is_routine(
    payment: EarlierPayment, like: Sequence[EarlierPayment], rules: DuplicateRules
) -> bool:
    """Whether payments like it name so many invoices that numbers alike are no wonder. Numbers
    with the same digits count once: a slip of the pen makes no amount a routine. For an open
    payment confidential ones do not count: what it is held for must not tell of them."""
    numbers = {
        signature(invoice)
        for one in like
        if _within(payment, one, rules.swapped_days)
        and (payment.confidential or not one.confidential)
        for invoice in one.invoices
    }
    return 0 < rules.routine_from <= len(numbers)


def _within(payment: EarlierPayment, one: EarlierPayment, days: int) -> bool:
    return abs(payment.requested_date - one.requested_date) <= timedelta(days=days)


def _same_day(payment: EarlierPayment, one: EarlierPayment) -> bool:
    """Both for one day and with nothing that tells them apart. Of a confidential payment only
    another confidential one is told: who guesses an amount must not learn that it is paid."""
    texts = {invoice_key(text, ()) for text in (payment.text, one.text) if text}
    return (
        payment.requested_date == one.requested_date
        and len(texts) < 2
        and (payment.confidential or not one.confidential)
    )


def _same_invoices(
    payment: EarlierPayment,
    one: EarlierPayment,
    rules: DuplicateRules,
    routine: Callable[[], bool],
) -> Iterator[tuple[str, str]]:
    """Each invoice of ours with the one of theirs that it may be: the first that fits."""
    near = _within(payment, one, rules.swapped_days)
    near = near and rules.swapped_days > 0 and (payment.confidential or not one.confidential)
    for mine in payment.invoices:
        key = invoice_key(mine, rules.prefixes)
        for theirs in one.invoices:
            other = invoice_key(theirs, rules.prefixes)
            if mine == theirs or key == other or (near and swapped(key, other) and not routine()):
                yield mine, theirs
                break


def _finding(one: EarlierPayment, sentence: str) -> Finding:
    refers_to = "" if one.confidential else one.number
    return Finding(code=SUSPECTED, effect=Effect.HOLD, sentence=sentence, refers_to=refers_to)


def _of_invoice(payment: EarlierPayment, one: EarlierPayment, mine: str, theirs: str) -> str:
    if one.confidential:
        return f"Invoice {mine} has a confidential payment already; ask who is cleared."
    told = f"Invoice {theirs} {_already(payment, one)}"
    if mine != theirs:
        told = f"{told} It names {mine}."
    if payment.payee_number != one.payee_number:
        told = f"{told} There the payee is {one.payee_number}, with the same account."
    return told


_S = OrderState
# How far a payment is that is not known to be paid, in words.
_ON_ITS_WAY = {
    **dict.fromkeys((_S.DRAFT, _S.VALIDATED), "being checked"),
    _S.HELD: "held until a person has looked",
    _S.AWAITING_APPROVAL: "waiting for approval",
    **dict.fromkeys((_S.APPROVED, _S.SCHEDULED), "approved, not sent yet"),
    _S.IN_FLIGHT: "with the bank",
}
_CAME_BACK = {
    _S.RETURNED: "and came back",
    _S.RECALLED: "and was recalled",
    _S.PARTIALLY_RETURNED: "and came back in part",
}


def _already(payment: EarlierPayment, one: EarlierPayment) -> str:
    """That there is a payment, and what became of it: only what was paid is called so."""
    what = f"{spelled(one.amount)} on {day(one.requested_date)}"
    where = f"{one.number} of {one.source}"
    if on_its_way := _ON_ITS_WAY.get(one.state):
        said, where = "is already being paid", f"{where}, {on_its_way}"
    else:
        said = f"was already paid {_CAME_BACK.get(one.state, '')}".rstrip()
    return f"{said}: {what} ({where}). This is {payment.number} of {payment.source}."
