"""Which payment of one file is which of another: no id needs to be the same on both sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import StrEnum

import msgspec

from nostro.domain.payment_file import (
    BankAccount,
    Method,
    Payment,
    PaymentBatch,
    PaymentBatchHeader,
    PaymentFile,
)
from nostro.domain.problem import NOWHERE

NO_ID = ("", "NOTPROVIDED")  # What a standard writes where a payment has no end-to-end id.

_SAID_BY_BATCH = tuple(
    name for name in PaymentBatchHeader.__struct_fields__ if name not in ("batch_id", "location")
)


class PairedBy(StrEnum):
    """What two payments were recognised by, from the surest to the weakest."""

    ALL = "id and content"
    ID = "end-to-end id"
    CONTENT = "account, amount, date and remittance"
    ACCOUNT_AND_AMOUNT = "account and amount"
    ACCOUNT_AND_REMITTANCE = "account and remittance"
    AMOUNT_AND_REMITTANCE = "amount and remittance"
    ID_ALONE = "end-to-end id alone"


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A payment with its batch and its place (0-based) among all payments of its file."""

    payment: Payment
    batch: PaymentBatchHeader
    place: int

    @property
    def method(self) -> Method:
        return self.payment.method or self.batch.method


class Pair(msgspec.Struct, frozen=True, gc=False):
    a: Placed
    b: Placed
    by: PairedBy


class Pairing(msgspec.Struct, frozen=True):
    """Pairs in the order of A; what is left over in the order of its file."""

    pairs: tuple[Pair, ...]
    only_a: tuple[Placed, ...]
    only_b: tuple[Placed, ...]


Key = Callable[[Placed], Hashable]


def placed(files: Iterable[PaymentFile]) -> list[Placed]:
    """Every payment of the messages of one file, in its order."""
    found: list[Placed] = []
    for file in files:
        for batch in file.batches:
            found += [Placed(one, batch, len(found) + n) for n, one in enumerate(batch.payments)]
    return found


def pair(a: Sequence[Placed], b: Sequence[Placed]) -> Pairing:
    """Pair the payments of two files. Linear in their number.

    First by everything; then by an end-to-end id that each side has once, if account or amount
    agree as well (two systems that number their payments 1, 2, 3 share ids and mean nothing by
    it); then by content, as multisets: the same payment twice on one side and once on the other
    leaves one over. Then by what is still likely; an empty key never pairs.
    """
    once = _once(a) & _once(b)
    stages: tuple[tuple[PairedBy, Key], ...] = (
        (PairedBy.ALL, lambda one: _whole(one) if one.payment.end_to_end_id not in once else None),
        (PairedBy.ALL, lambda one: (one.payment.end_to_end_id, _content(one))),
        (PairedBy.ID, lambda one: _id_and(once, one, _amount(one))),
        (PairedBy.ID, lambda one: _id_and(once, one, account_key(one.payment))),
        (PairedBy.CONTENT, _content),
        (PairedBy.ACCOUNT_AND_AMOUNT, lambda one: _both(_account(one), _amount(one))),
        (PairedBy.ACCOUNT_AND_REMITTANCE, lambda one: _both(_account(one), _told(one))),
        (PairedBy.AMOUNT_AND_REMITTANCE, lambda one: _both(_told(one), _amount(one))),
        (PairedBy.ID_ALONE, lambda one: _id_and(once, one, "")),
    )
    pairs: list[Pair] = []
    left_a, left_b = list(a), list(b)
    for by, key in stages:
        if left_a and left_b:
            left_a, left_b = _stage(left_a, left_b, by, key, pairs)
    pairs.sort(key=lambda one: one.a.place)
    return Pairing(tuple(pairs), tuple(left_a), tuple(left_b))


def _stage(
    a: list[Placed], b: list[Placed], by: PairedBy, key: Key, pairs: list[Pair]
) -> tuple[list[Placed], list[Placed]]:
    """Pair what has the same key, first come first served; returns what is left of both."""
    waiting: defaultdict[Hashable, list[Placed]] = defaultdict(list)
    for one in reversed(b):
        if (known := key(one)) is not None:
            waiting[known].append(one)
    left_a: list[Placed] = []
    taken: set[int] = set()
    for one in a:
        known = key(one)
        if known is not None and (others := waiting.get(known)):
            other = others.pop()
            taken.add(other.place)
            pairs.append(Pair(one, other, by))
        else:
            left_a.append(one)
    return left_a, [one for one in b if one.place not in taken]


def account_key(payment: Payment) -> str:
    """The other side's account, as it is compared: without spaces, in capitals.

    A number without IBAN is joined with its bank's code: the same number exists at many banks.
    """
    account, agent = payment.counterparty_account, payment.counterparty_agent
    if account.iban:
        return compact(account.iban)
    number = compact(account.number)
    return f"{compact(agent.member_id or agent.bic)}/{number}" if number else ""


def compact(text: str) -> str:
    return "".join(text.split()).upper()


def account_text(account: BankAccount) -> str:
    return account.iban or account.number


def _once(side: Iterable[Placed]) -> set[str]:
    counted = Counter(one.payment.end_to_end_id for one in side)
    return {known for known, count in counted.items() if count == 1 and known not in NO_ID}


def _id_and(once: set[str], one: Placed, also: Hashable) -> Hashable:
    known = one.payment.end_to_end_id
    return (known, also) if known in once else None


def _both(text: str, also: Hashable) -> Hashable:
    return (text, also) if text and also != "" else None


def _amount(one: Placed) -> Hashable:
    return one.payment.amount, one.payment.equivalent


def _account(one: Placed) -> str:
    return account_key(one.payment)


def _told(one: Placed) -> str:
    """What the payee is told, without white space: lines are broken otherwise in every standard."""
    payment = one.payment
    numbers = "".join(document.number for document in payment.documents)
    return compact("".join((*payment.remittance, payment.creditor_reference, numbers)))


def _content(one: Placed) -> Hashable:
    return (_account(one), _amount(one), one.batch.requested_date, _told(one))


def _whole(one: Placed) -> Hashable:
    """All that a payment says: of several with the same id and content, equals belong together."""
    plain = msgspec.structs.replace(
        one.payment,
        uetr="",
        rail_reference="",
        location=NOWHERE,
        documents=tuple(
            msgspec.structs.replace(document, location=NOWHERE)
            for document in one.payment.documents
        ),
    )
    return (plain, *(getattr(one.batch, name) for name in _SAID_BY_BATCH))


def batches(files: Iterable[PaymentFile]) -> list[PaymentBatch]:
    return [batch for file in files for batch in file.batches]
