"""What two payment files would do differently, payment by payment: the parallel run of a go-live.

Files are compared by what banks are told, not by how it is written: batches may be cut otherwise,
payments may stand in another order, fields may stand on the batch or on each payment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from nostro.domain.field_comparison import (
    Difference,
    Weight,
    differences,
    leaf,
    text_of,
)
from nostro.domain.money import total
from nostro.domain.payment_file import Payment, PaymentBatchHeader, PaymentFile, PaymentFileHeader
from nostro.domain.payment_pairing import Pair, PairedBy, Placed, batches, pair, placed

# A field of both: what the payment says goes before what its batch says.
_ON_EITHER = ("method", "charge_bearer", "priority", "service_level", "local_instrument",
              "category_purpose", "sequence_type", "creditor_id")  # fmt: skip
_OF_BATCH = tuple(
    name
    for name in PaymentBatchHeader.__struct_fields__
    if name not in (*_ON_EITHER, "location", "codes", "batch_id")
)
_OF_PAYMENT = tuple(
    name for name in Payment.__struct_fields__ if name not in (*_ON_EITHER, "location")
)
_OF_HEADER = tuple(name for name in PaymentFileHeader.__struct_fields__ if name != "location")
# Made anew by whoever writes the file; nothing follows from a difference.
_MADE_ANEW = {"message_id", "created_at", "version", "uetr", "rail_reference"}
# Words of one standard that mean nothing in another.
_OF_STANDARD = {
    "codes",
    "batch_codes",
    "transaction_code",
    "entry_description",
    "service_class",
    "batch_booking",
}
# What no file of payments may lack: where one side is silent, that is never expected.
_NEVER_SILENT = (
    "amount", "counterparty_account", "counterparty.name", "own_account", "requested_date",
    "remittance", "creditor_reference", "method",
)  # fmt: skip


class PaymentDifference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two payments that are one, and what differs. `by` is what they were recognised by."""

    a: Placed
    b: Placed
    by: PairedBy
    fields: tuple[Difference, ...]

    @property
    def weight(self) -> Weight:
        """That of the difference that weighs most."""
        weights = {one.weight for one in self.fields}
        return next(weight for weight in Weight if weight in weights)


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """The same difference in many payments: `first` is the end-to-end id of the first in A."""

    difference: Difference
    payments: int
    first: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All that differs. `of_files` is about headers, totals and counts; `shared` sums up what
    two payments or more have in common and is contained in `differing` as well.

    `silent` are fields that one file fills in and the other never does, with their counts of
    payments; they are not repeated in `differing`.
    """

    payments_a: int
    payments_b: int
    pairs: int
    of_files: tuple[Difference, ...]
    silent: tuple[Shared, ...]
    shared: tuple[Shared, ...]
    differing: tuple[PaymentDifference, ...]
    only_a: tuple[Placed, ...]
    only_b: tuple[Placed, ...]

    def count(self, weight: Weight) -> int:
        """How many differences of that weight there are, in files and payments together."""
        fields = sum(one.weight is weight for pair in self.differing for one in pair.fields)
        silent = sum(one.payments for one in self.silent if one.difference.weight is weight)
        return fields + silent + sum(one.weight is weight for one in self.of_files)

    def payments(self, weight: Weight) -> int:
        """How many pairs differ by that and nothing weightier."""
        return sum(one.weight is weight for one in self.differing)

    @property
    def same(self) -> bool:
        """Whether the two files do the same but for what may differ."""
        told = self.count(Weight.DIFFERENT) + self.count(Weight.LETTERS)
        return not (told or self.only_a or self.only_b)


def compare(
    a: Sequence[PaymentFile],
    b: Sequence[PaymentFile],
    *,
    spellings: Sequence[Callable[[str], str]] = (),
    same_standard: bool = True,
    ignored: Callable[[Difference], bool] = lambda difference: False,
) -> Comparison:
    """Compare all messages of one file with all of another. Time and memory are linear.

    `spellings` are ways to write a text in plain letters: two texts that become the same by any of
    them differ in letters only. `same_standard` False: a field that one of the files never says is
    expected, as its standard may have no place for it. `ignored` differences are left out.
    """
    found = pair(placed(a), placed(b))
    judge = _Judge(spellings, same_standard)
    differing = []
    for one in found.pairs:
        fields = tuple(each for each in judge.fields_of(one) if not ignored(each))
        if fields:
            differing.append(PaymentDifference(a=one.a, b=one.b, by=one.by, fields=fields))
    silent, differing = _silent(differing, found.pairs, same_standard)
    return Comparison(
        payments_a=len(found.pairs) + len(found.only_a),
        payments_b=len(found.pairs) + len(found.only_b),
        pairs=len(found.pairs),
        of_files=tuple(one for one in judge.of_files(a, b, found.pairs) if not ignored(one)),
        silent=silent,
        shared=_shared(differing),
        differing=tuple(differing),
        only_a=found.only_a,
        only_b=found.only_b,
    )


class _Judge:
    """Compares pairs; what two batches say is compared once for all payments they share."""

    def __init__(self, spellings: Sequence[Callable[[str], str]], same_standard: bool) -> None:
        self.spellings = spellings
        self.same_standard = same_standard
        self.of_batches: dict[tuple[int, int], tuple[Difference, ...]] = {}

    def fields_of(self, one: Pair) -> Iterator[Difference]:
        ours, theirs = one.a.payment, one.b.payment
        known = id(one.a.batch), id(one.b.batch)
        if known not in self.of_batches:
            told = self._named(one.a.batch, one.b.batch, _OF_BATCH)
            codes = self._weighed("batch_codes", one.a.batch.codes, one.b.batch.codes)
            self.of_batches[known] = (*told, *codes)
        yield from self.of_batches[known]
        yield from self._named(ours, theirs, _OF_PAYMENT)
        for name in _ON_EITHER:
            left = getattr(ours, name) or getattr(one.a.batch, name)
            right = getattr(theirs, name) or getattr(one.b.batch, name)
            if left != right:
                yield from self._weighed(name, left, right)

    def of_files(
        self, a: Sequence[PaymentFile], b: Sequence[PaymentFile], pairs: Sequence[Pair]
    ) -> Iterator[Difference]:
        for name in _OF_HEADER:
            for told in self._values(name, a, b):
                silent = not self.same_standard and not (told.a and told.b)
                yield msgspec.structs.replace(told, weight=Weight.EXPECTED) if silent else told
        yield from self._values("batch_id", batches(a), batches(b))
        counts = ("messages", len(a), len(b)), ("batches", len(batches(a)), len(batches(b)))
        for name, left, right in counts:
            if left != right:
                yield Difference(name, str(left), str(right), Weight.EXPECTED)
        places = [one.b.place for one in pairs]
        if places != sorted(places):
            yield Difference("order", "", "another order", Weight.EXPECTED)
        yield from _totals(a, b)

    def _values(self, name: str, a: Iterable[Any], b: Iterable[Any]) -> Iterator[Difference]:
        """What all headers of a side say, each value once; compared field by field if it is one."""
        left, right = (list(dict.fromkeys(getattr(one, name) for one in side)) for side in (a, b))
        if len(left) == len(right) == 1:
            yield from self._weighed(name, left[0], right[0])
        elif left != right:
            ours, theirs = (", ".join(filter(None, map(text_of, s))) for s in (left, right))
            weight = Weight.EXPECTED if name in {*_MADE_ANEW, "batch_id"} else Weight.DIFFERENT
            yield Difference(name, ours, theirs, weight)

    def _named(self, a: Any, b: Any, names: Iterable[str]) -> Iterator[Difference]:
        for name in names:
            left, right = getattr(a, name), getattr(b, name)
            if left != right:
                yield from self._weighed(name, left, right)

    def _weighed(self, name: str, a: Any, b: Any) -> Iterator[Difference]:
        expected = name in {*_MADE_ANEW, "batch_id"} or (
            not self.same_standard and name in _OF_STANDARD
        )
        for one in differences(name, a, b, self.spellings):
            yield msgspec.structs.replace(one, weight=Weight.EXPECTED) if expected else one


def _totals(a: Sequence[PaymentFile], b: Sequence[PaymentFile]) -> Iterator[Difference]:
    left, right = ([one.payment for one in placed(side)] for side in (a, b))
    if len(left) != len(right):
        yield Difference("payments", str(len(left)), str(len(right)), Weight.DIFFERENT)
    ours, theirs = (total(one.equivalent or one.amount for one in side) for side in (left, right))
    for currency in sorted(ours.keys() | theirs.keys()):
        one, other = (str(side.get(currency, "")) for side in (ours, theirs))
        if one != other:
            yield Difference("total", one, other, Weight.DIFFERENT)


def _silent(
    differing: list[PaymentDifference], pairs: Sequence[Pair], same_standard: bool
) -> tuple[tuple[Shared, ...], list[PaymentDifference]]:
    """Take out the fields that only one of the files ever says: one line, not one a payment."""
    counted: Counter[tuple[str, bool]] = Counter()
    first: dict[tuple[str, bool], tuple[Difference, str]] = {}
    for one in differing:
        for each in one.fields:
            if bool(each.a) != bool(each.b) and each.weight is Weight.DIFFERENT:
                known = each.path, bool(each.a)
                counted[known] += 1
                first.setdefault(known, (each, one.a.payment.end_to_end_id))
    told = {known for known, count in counted.items() if count > 1 and _never(known, pairs)}
    if not told:
        return (), differing
    kept = (
        msgspec.structs.replace(
            one, fields=tuple(f for f in one.fields if (f.path, bool(f.a)) not in told)
        )
        for one in differing
    )
    silent = []
    for known in sorted(told):
        difference, example = first[known]
        if not same_standard and not known[0].startswith(_NEVER_SILENT):
            difference = msgspec.structs.replace(difference, weight=Weight.EXPECTED)
        silent.append(Shared(difference=difference, payments=counted[known], first=example))
    return tuple(silent), [one for one in kept if one.fields]


def _never(known: tuple[str, bool], pairs: Sequence[Pair]) -> bool:
    """Whether the silent side says nothing in that field in any of its payments."""
    path, a_says = known
    return not any(_says(one.b if a_says else one.a, path) for one in pairs)


def _says(one: Placed, path: str) -> bool:
    if path.startswith("batch_"):
        return bool(leaf(one.batch, path.removeprefix("batch_")) or leaf(one.batch, path))
    return bool(leaf(one.payment, path) or leaf(one.batch, path))


def _shared(differing: Sequence[PaymentDifference]) -> tuple[Shared, ...]:
    counted: Counter[Difference] = Counter()
    first: dict[Difference, str] = {}
    for one in differing:
        for each in one.fields:
            counted[each] += 1
            first.setdefault(each, one.a.payment.end_to_end_id)
    return tuple(
        Shared(difference=each, payments=count, first=first[each])
        for each, count in counted.most_common()
        if count > 1
    )
