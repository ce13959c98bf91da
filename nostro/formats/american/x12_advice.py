"""What the segments of one X12 820 mean: payment, parties, and the documents it is for.

ASC X12 820 Payment Order/Remittance Advice, versions 004010 and 005010: heading (BPR, NTE, TRN,
CUR, REF, DTM, N1 loops), detail (ENT loops with RMR and ADX), nothing of it mandatory here. What
has no field of its own stays verbatim in `codes` of the loop it stands in: a segment as its name
and its elements joined by asterisks, a surplus element as "RMR03". Loops that we do not take apart
(IT1, SLN, TXP, LX, NM1) stay whole with the loop before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Problem, error, warning
from nostro.domain.remittance import (
    Adjustment,
    ReferredDocument,
    RemittanceAccount,
    RemittanceAdvice,
    RemittanceEntity,
    RemittanceEnvelope,
    RemittanceParty,
)
from nostro.formats.american.x12_tokens import Segment

DEFAULT_CURRENCY = "USD"
INVOICE_DAY = "003"
# From such a segment on, a loop of its own begins that is kept verbatim.
_FOREIGN = frozenset({"IT1", "SLN", "TXP", "LX", "NM1", "DED", "RYL", "FGS", "LOC"})
_ASK = "Ask the payer for the remittance advice again."


class Gathered:
    """What every kind of loop may hold: references, dates, notes, and the rest verbatim."""

    def __init__(self) -> None:
        self.references: list[tuple[str, str]] = []
        self.dates: list[tuple[str, date]] = []
        self.notes: list[tuple[str, str]] = []
        self.codes: list[tuple[str, str]] = []

    def take(self, segments: Sequence[Segment]) -> None:
        foreign = False
        for segment in segments:
            foreign = foreign or segment.name in _FOREIGN
            taker = None if foreign else _TAKERS.get(segment.name)
            if taker is None or not taker(self, segment):
                self.keep(segment)

    def keep(self, segment: Segment) -> None:
        self.codes.append((segment.name, segment.text(name=False)))

    def keep_surplus(self, segment: Segment, mapped: int) -> None:
        """The elements after the first `mapped` ones, which have fields."""
        for place in range(mapped + 1, len(segment.elements) + 1):
            self.keep_element(segment, place)

    def keep_element(self, segment: Segment, place: int) -> None:
        if text := segment.get(place):
            self.codes.append((f"{segment.name}{place:02}", text))

    def _reference(self, segment: Segment) -> bool:
        if len(segment.elements) == 2:
            self.references.append((segment.get(1), segment.get(2)))
        return len(segment.elements) == 2

    def _note(self, segment: Segment) -> bool:
        if len(segment.elements) == 2:
            self.notes.append((segment.get(1), segment.get(2)))
        return len(segment.elements) == 2

    def _date(self, segment: Segment) -> bool:
        day = day_of(segment.get(2)) if len(segment.elements) == 2 else None
        if day:
            self.dates.append((segment.get(1), day))
        return day is not None


_TAKERS: dict[str, Callable[[Gathered, Segment], bool]] = {
    "REF": Gathered._reference,
    "NTE": Gathered._note,
    "DTM": Gathered._date,
}


@lru_cache(maxsize=1024)
def day_of(text: str) -> date | None:
    """A day as X12 writes it (CCYYMMDD); None if it is none."""
    if len(text) != 8 or not text.isdigit():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def split(segments: Sequence[Segment], *starters: str) -> list[Sequence[Segment]]:
    """The segments before the first starter, and then each starter with what follows it."""
    begins = [n for n, segment in enumerate(segments) if segment.name in starters]
    return [segments[a:b] for a, b in zip([0, *begins], [*begins, len(segments)], strict=True)]


class Advice:
    """Makes one RemittanceAdvice of the segments of one transaction set, without ST and SE."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.currency = DEFAULT_CURRENCY
        self.problems: list[Problem] = []
        self.amounts_missing = False

    def of(
        self,
        segments: Sequence[Segment],
        envelope: RemittanceEnvelope | None = None,
        control_number: str = "",
    ) -> RemittanceAdvice:
        """Problems, if any, are in `problems` afterwards."""
        front, *entity_parts = split(segments, "ENT")
        bare = next((n for n, s in enumerate(front) if s.name in ("RMR", "ADX")), len(front))
        front, loose = front[:bare], front[bare:]
        heading, *party_parts = split(front, "N1")
        first = {segment.name: segment for segment in reversed(heading)}
        gathered = Gathered()
        self._currency(first.get("CUR"), gathered)
        payment = self._payment(first.get("BPR"), gathered)
        trace = self._trace(first.get("TRN"), gathered)
        mapped = [first.get(name) for name in ("BPR", "TRN", "CUR")]
        gathered.take([s for s in heading if not any(s is one for one in mapped)])
        entities = tuple(self._entity(p, nameless=False) for p in entity_parts)
        if loose:
            entities = (self._entity(loose, nameless=True), *entities)
        advice = RemittanceAdvice(
            **payment,
            **trace,
            currency=self.currency,
            parties=tuple(map(_party, party_parts)),
            references=tuple(gathered.references),
            dates=tuple(gathered.dates),
            notes=tuple(gathered.notes),
            entities=entities,
            control_number=control_number,
            envelope=envelope,
            codes=tuple(gathered.codes),
        )
        self._explain(advice, first.get("BPR"))
        return advice

    def _currency(self, segment: Segment | None, gathered: Gathered) -> None:
        if segment is None:
            return
        if segment.get(2):
            self.currency = segment.get(2)
        if len(segment.elements) != 2 or segment.get(1) != "PR":
            gathered.keep(segment)

    def _payment(self, segment: Segment | None, gathered: Gathered) -> dict[str, Any]:
        if segment is None:
            return {"amount": None}
        effective = day_of(segment.get(16))
        if effective is None and segment.get(16):
            gathered.keep_element(segment, 16)
            happened = f"The day of payment is not a date ({segment.get(16)[:20]!r})."
            self._warn(segment, "date_unreadable", happened, "Look at the payment itself.")
        amount = self._money(segment, 2)
        if amount is None:
            gathered.keep_element(segment, 2)
        gathered.keep_surplus(segment, 17)
        return {
            "amount": amount,
            "handling": segment.get(1),
            "direction": segment.get(3),
            "method": segment.get(4),
            "payment_format": segment.get(5),
            "payer_account": _account(segment, 6),
            "originator_id": segment.get(10),
            "originator_supplement": segment.get(11),
            "payee_account": _account(segment, 12),
            "effective": effective,
            "purpose": segment.get(17),
            "location": segment.location(self.path),
        }

    def _trace(self, segment: Segment | None, gathered: Gathered) -> dict[str, Any]:
        if segment is None:
            return {}
        gathered.keep_surplus(segment, 4)
        return {
            "trace_kind": segment.get(1),
            "trace": segment.get(2),
            "trace_originator": segment.get(3),
            "trace_supplement": segment.get(4),
        }

    def _entity(self, segments: Sequence[Segment], *, nameless: bool) -> RemittanceEntity:
        own, *parts = split(segments, "RMR", "ADX")
        gathered = Gathered()
        named: dict[str, str] = {}
        if not nameless:
            named = {
                name: own[0].get(place)
                for place, name in enumerate(("number", "kind", "id_kind", "id"), 1)
            }
            gathered.keep_surplus(own[0], 4)
        # Nothing but RMR and ADX has a place of its own here, so the rest is verbatim.
        for segment in own[1:]:
            gathered.keep(segment)
        first = next((n for n, part in enumerate(parts) if part[0].name == "RMR"), len(parts))
        return RemittanceEntity(
            **named,
            documents=tuple(self._documents(parts[first:])),
            adjustments=tuple(self._adjustments(parts[:first])),
            codes=tuple(gathered.codes),
            location=segments[0].location(self.path),
        )

    def _documents(self, parts: Sequence[Sequence[Segment]]) -> Iterator[ReferredDocument]:
        begins = [n for n, part in enumerate(parts) if part[0].name == "RMR"]
        for begin, end in zip(begins, [*begins, len(parts)][1:], strict=True):
            document = self._document(parts[begin], parts[begin + 1 : end])
            if document is not None:
                yield document

    def _document(
        self, segments: Sequence[Segment], adjusting: Sequence[Sequence[Segment]]
    ) -> ReferredDocument | None:
        head, told = segments[0], len(self.problems)
        paid, due, discount, adjusted = (self._money(head, place) for place in (4, 5, 6, 8))
        if len(self.problems) > told:
            self.amounts_missing = True
            return None
        gathered = Gathered()
        gathered.keep_element(head, 3)
        gathered.keep_surplus(head, 8)
        gathered.take(segments[1:])
        days = [day for kind, day in gathered.dates if kind == INVOICE_DAY]
        return ReferredDocument(
            number=head.get(2),
            kind=head.get(1),
            day=days[0] if len(days) == 1 else None,
            due=due,
            paid=paid,
            discount=discount,
            adjustment=adjusted,
            adjustment_reason=head.get(7),
            adjustments=tuple(self._adjustments(adjusting)),
            references=tuple(gathered.references),
            dates=tuple(d for d in gathered.dates if len(days) != 1 or d[0] != INVOICE_DAY),
            notes=tuple(gathered.notes),
            codes=tuple(gathered.codes),
            location=head.location(self.path),
        )

    def _adjustments(self, parts: Sequence[Sequence[Segment]]) -> Iterator[Adjustment]:
        for part in parts:
            head = part[0]
            amount = self._money(head, 1)
            if amount is None:
                self.amounts_missing = True
                if not head.get(1):
                    self._bad_amount(head, "The adjustment has no amount.")
                continue
            gathered = Gathered()
            gathered.keep_surplus(head, 4)
            dated = [s for s in part[1:] if s.name == "DTM"]
            gathered.take([s for s in part[1:] if s.name != "DTM"])
            for segment in dated:
                gathered.keep(segment)
            yield Adjustment(
                amount=amount,
                reason=head.get(2),
                reference_kind=head.get(3),
                reference=head.get(4),
                references=tuple(gathered.references),
                notes=tuple(gathered.notes),
                codes=tuple(gathered.codes),
                location=head.location(self.path),
            )

    def _money(self, segment: Segment, place: int) -> Money | None:
        """An amount (X12 type R); None if it is not there, or cannot be read, which is told."""
        text = segment.get(place).strip()
        if not text:
            return None
        sign = text[0] if text[0] in "+-" else ""
        digits = text[len(sign) :]
        try:
            return Money.parse(f"{sign}0{digits}" if digits[:1] == "." else text, self.currency)
        except Invalid as refusal:
            self._bad_amount(segment, refusal.happened)
        return None

    def _bad_amount(self, segment: Segment, happened: str) -> None:
        where = segment.location(self.path)
        self.problems.append(error("amount_unreadable", happened, _ASK, where, segment.text()))

    def _warn(self, segment: Segment, code: str, happened: str, can_do: str) -> None:
        where = segment.location(self.path)
        self.problems.append(warning(code, happened, can_do, where, segment.text()))

    def _explain(self, advice: RemittanceAdvice, segment: Segment | None) -> None:
        """The paid amounts of the documents make up the payment, with or without adjustments."""
        documents = advice.documents
        if advice.amount is None or segment is None or not documents or self.amounts_missing:
            return
        paid = sum(d.paid.minor for d in documents if d.paid)
        loose = sum(a.amount.minor for e in advice.entities for a in e.adjustments)
        within = sum(a.amount.minor for d in documents for a in d.adjustments)
        complete = all(d.paid for d in documents)
        if complete and advice.amount.minor not in (paid + loose, paid + loose + within):
            explained = Money(paid + loose, self.currency)
            happened = f"The documents explain {explained} of a payment of {advice.amount}."
            can_do = "Ask the payer what the difference is for."
            self._warn(segment, "payment_not_explained", happened, can_do)


def _account(segment: Segment, place: int) -> RemittanceAccount | None:
    told = [segment.get(place + n) for n in range(4)]
    if not any(told):
        return None
    return RemittanceAccount(bank_kind=told[0], bank=told[1], kind=told[2], number=told[3])


def _party(segments: Sequence[Segment]) -> RemittanceParty:
    head, gathered = segments[0], Gathered()
    gathered.keep_surplus(head, 4)
    names: list[str] = []
    address: list[str] = []
    towns = [s for s in segments if s.name == "N4"][:1]
    rest: list[Segment] = []
    foreign = False
    for segment in segments[1:]:
        foreign = foreign or segment.name in _FOREIGN
        if segment.name in ("N2", "N3") and not foreign:
            lines = names if segment.name == "N2" else address
            lines.extend(text for text in segment.elements if text)
        elif segment not in towns:
            rest.append(segment)
    for town in towns:
        gathered.keep_surplus(town, 4)
    gathered.take(rest)
    place = towns[0].get if towns else lambda _place: ""
    gathered.codes.extend(("DTM", f"{kind}*{day:%Y%m%d}") for kind, day in gathered.dates)
    gathered.codes.extend(("NTE", f"{kind}*{text}") for kind, text in gathered.notes)
    return RemittanceParty(
        role=head.get(1),
        name=head.get(2),
        id_kind=head.get(3),
        id=head.get(4),
        further_names=tuple(names),
        address=tuple(address),
        town=place(1),
        region=place(2),
        post_code=place(3),
        country=place(4),
        references=tuple(gathered.references),
        codes=tuple(gathered.codes),
        location=head.location(),
    )
