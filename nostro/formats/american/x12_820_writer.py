"""Writes a remittance advice as X12 820: what could not be read back the same is refused.

ASC X12 820, version 004010 or 005010 as the advice's envelope says; without an envelope the bare
transaction set ST to SE, as it sits in CTX addenda.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.remittance import (
    Adjustment,
    Pairs,
    ReferredDocument,
    RemittanceAccount,
    RemittanceAdvice,
    RemittanceEntity,
    RemittanceEnvelope,
    RemittanceParty,
)
from nostro.formats import Profile, options_of
from nostro.formats.american.x12_advice import INVOICE_DAY, Advice
from nostro.formats.american.x12_tokens import Segment

_NOTHING = "Nothing was written."
_FIXED = {1: 2, 2: 10, 3: 2, 4: 10, 5: 2, 6: 15, 7: 2, 8: 15, 9: 6, 10: 4, 11: 1, 12: 5, 13: 9}
_ADDRESS_LINES = 2


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an 820 is written: its delimiters, and whether each segment has a line of its own."""

    element: str = "*"
    component: str = ">"
    segment: str = "~"
    lines: bool = False


class Lines:
    """The segments written so far, as tuples of name and elements."""

    def __init__(self) -> None:
        self.segments: list[tuple[str, ...]] = []

    def put(self, name: str, *elements: str, codes: Pairs = ()) -> None:
        """A segment; codes named like "RMR03" fill its further elements. None left at its end."""
        told = list(elements)
        for code, text in codes:
            if len(code) == len(name) + 2 and code.startswith(name) and code[-2:].isdigit():
                place = int(code[-2:])
                told.extend([""] * (place - len(told)))
                told[place - 1] = told[place - 1] or text
        while told and not told[-1]:
            told.pop()
        self.segments.append((name, *told))

    def pairs(self, name: str, pairs: Iterable[tuple[str, str]]) -> None:
        for kind, text in pairs:
            self.segments.append((name, kind, text))

    def verbatim(self, codes: Pairs, *besides: str) -> None:
        """Whole segments kept verbatim, in their order; not those that stand elsewhere."""
        for name, text in codes:
            element = len(name) > 3 and name[-2:].isdigit()
            if not element and name not in besides:
                self.segments.append((name, *text.split("*")))


def write(advice: RemittanceAdvice, profile: Profile) -> bytes:
    """One advice as a whole interchange, or as bare segments if it has no envelope.

    Raises Invalid: `x12_delimiters_wrong`, `x12_delimiter_in_text` for text that holds a delimiter,
    `x12_header_too_long` for parties that do not fit ISA, `x12_not_carried` for whatever would not
    be read back the same, `profile_option_wrong`.
    """
    options = options_of(profile, Options)
    marks = (options.element, options.component, options.segment)
    if len(set(marks)) < 3 or any(len(m) != 1 or m.isalnum() or m.isspace() for m in marks):
        raise Invalid(
            "x12_delimiters_wrong",
            f"The delimiters {marks!r} cannot work.",
            _NOTHING,
            "Choose three different signs, such as * > and ~.",
        )
    body = _body(advice)
    _same(advice, body)
    number = advice.control_number
    whole = [("ST", "820", number), *body, ("SE", str(len(body) + 2), number)]
    if advice.envelope is not None:
        whole = _enveloped(advice.envelope, whole, options)
    end = options.segment + ("\n" if options.lines else "")
    return "".join(f"{_line(one, options)}{end}" for one in whole).encode()


def _line(segment: tuple[str, ...], options: Options) -> str:
    own = (options.component,) if segment[0] == "ISA" else ()
    for text in segment:
        if options.element in text or options.segment in text or not text.isprintable():
            raise Invalid(
                "x12_delimiter_in_text",
                f"The text {text[:40]!r} of segment {segment[0]} holds a delimiter or a line end.",
                _NOTHING,
                "Choose other delimiters in the profile, or correct the text.",
            )
    return options.element.join((*segment, *own))


def _enveloped(
    envelope: RemittanceEnvelope, segments: Sequence[tuple[str, ...]], options: Options
) -> list[tuple[str, ...]]:
    told = dict(envelope.codes)
    at = envelope.created_at
    day, hour = (f"{at:%y%m%d}", f"{at:%H%M}") if at else ("", "")
    version = envelope.version or "005010"
    isa = {
        1: told.get("ISA01", "00"), 2: told.get("ISA02", ""), 3: told.get("ISA03", "00"),
        4: told.get("ISA04", ""), 5: envelope.sender_kind, 6: envelope.sender,
        7: envelope.receiver_kind, 8: envelope.receiver, 9: day or told.get("ISA09", ""),
        10: hour or told.get("ISA10", ""), 11: told.get("ISA11", "U"),
        12: told.get("ISA12", version[:5]), 13: envelope.interchange_number,
    }  # fmt: skip
    for place, text in isa.items():
        if len(text) > _FIXED[place]:
            raise Invalid(
                "x12_header_too_long",
                f"{text[:40]!r} does not fit element {place} of ISA ({_FIXED[place]} characters).",
                _NOTHING,
                "Shorten it.",
            )
    fixed = tuple(text.ljust(_FIXED[place]) for place, text in isa.items())
    ending = (told.get("ISA14", "0"), "T" if envelope.test else "P")
    day_long = told.get("GS04", f"{at:%Y%m%d}" if at else "")
    group = (
        told.get("GS01", "RA"), envelope.group_sender or envelope.sender,
        envelope.group_receiver or envelope.receiver, day_long, told.get("GS05", hour),
        envelope.group_number, told.get("GS07", "X"), version,
    )  # fmt: skip
    return [
        ("ISA", *fixed, *ending),
        ("GS", *group),
        *segments,
        ("GE", "1", envelope.group_number),
        ("IEA", "1", envelope.interchange_number),
    ]


def _body(advice: RemittanceAdvice) -> list[tuple[str, ...]]:
    lines = Lines()
    if advice.amount is not None or advice.method or advice.handling:
        lines.put("BPR", *_payment(advice), codes=advice.codes)
    lines.pairs("NTE", advice.notes)
    trace = (advice.trace_kind, advice.trace, advice.trace_originator, advice.trace_supplement)
    if any(trace):
        lines.put("TRN", *trace, codes=advice.codes)
    if any(name == "CUR" for name, _ in advice.codes):
        lines.verbatim(tuple(pair for pair in advice.codes if pair[0] == "CUR"))
    else:
        lines.put("CUR", "PR", advice.currency)
    lines.pairs("REF", advice.references)
    lines.pairs("DTM", ((kind, f"{day:%Y%m%d}") for kind, day in advice.dates))
    lines.verbatim(advice.codes, "CUR")
    for party in advice.parties:
        _party(lines, party)
    for place, entity in enumerate(advice.entities):
        _entity(lines, entity, first=place == 0)
    return lines.segments


def _payment(advice: RemittanceAdvice) -> list[str]:
    return [
        advice.handling,
        _number(advice.amount),
        advice.direction,
        advice.method,
        advice.payment_format,
        *_account(advice.payer_account),
        advice.originator_id,
        advice.originator_supplement,
        *_account(advice.payee_account),
        f"{advice.effective:%Y%m%d}" if advice.effective else "",
        advice.purpose,
    ]


def _account(account: RemittanceAccount | None) -> list[str]:
    if account is None:
        return [""] * 4
    return [account.bank_kind, account.bank, account.kind, account.number]


def _number(amount: Money | None) -> str:
    return "" if amount is None else amount.number()


def _party(lines: Lines, party: RemittanceParty) -> None:
    lines.put("N1", party.role, party.name, party.id_kind, party.id, codes=party.codes)
    for name, told in (("N2", party.further_names), ("N3", party.address)):
        for at in range(0, len(told), _ADDRESS_LINES):
            lines.put(name, *told[at : at + _ADDRESS_LINES])
    town = (party.town, party.region, party.post_code, party.country)
    if any(town) or any(name.startswith("N4") and len(name) == 4 for name, _ in party.codes):
        lines.put("N4", *town, codes=party.codes)
    lines.pairs("REF", party.references)
    lines.verbatim(tuple(p for p in party.codes if not _element_of(p[0], "N1", "N4")))


def _element_of(code: str, *names: str) -> bool:
    return len(code) == 4 and code[:2] in names and code[2:].isdigit()


def _entity(lines: Lines, entity: RemittanceEntity, *, first: bool) -> None:
    named = (entity.number, entity.kind, entity.id_kind, entity.id)
    if any(named) or entity.codes or not first:
        lines.put("ENT", *named, codes=entity.codes)
        lines.verbatim(entity.codes)
    for adjustment in entity.adjustments:
        _adjustment(lines, adjustment)
    for document in entity.documents:
        _document(lines, document)


def _document(lines: Lines, document: ReferredDocument) -> None:
    lines.put(
        "RMR",
        document.kind,
        document.number,
        "",
        _number(document.paid),
        _number(document.due),
        _number(document.discount),
        document.adjustment_reason,
        _number(document.adjustment),
        codes=document.codes,
    )
    lines.pairs("NTE", document.notes)
    lines.pairs("REF", document.references)
    days = [(INVOICE_DAY, document.day)] if document.day else []
    lines.pairs("DTM", ((kind, f"{day:%Y%m%d}") for kind, day in [*days, *document.dates]))
    lines.verbatim(document.codes)
    for adjustment in document.adjustments:
        _adjustment(lines, adjustment)


def _adjustment(lines: Lines, adjustment: Adjustment) -> None:
    lines.put(
        "ADX",
        _number(adjustment.amount),
        adjustment.reason,
        adjustment.reference_kind,
        adjustment.reference,
        codes=adjustment.codes,
    )
    lines.pairs("NTE", adjustment.notes)
    lines.pairs("REF", adjustment.references)
    lines.verbatim(adjustment.codes)


def _same(advice: RemittanceAdvice, body: Sequence[tuple[str, ...]]) -> None:
    """Refuse what would not be read back the same: text in places that 820 does not have."""
    segments = [Segment(name, _ended(rest), n, 0, 0) for n, (name, *rest) in enumerate(body, 1)]
    again = Advice("").of(segments, advice.envelope, advice.control_number)
    wanted, found = _unplaced(advice), _unplaced(again)
    if wanted != found:
        names = sorted(name for name in wanted if wanted[name] != found[name])
        raise Invalid(
            "x12_not_carried",
            f"An 820 cannot carry what the advice says in {', '.join(names)}.",
            _NOTHING,
            "Leave it out, or put it where an 820 has a place for it.",
            field=names[0],
        )


def _ended(elements: list[str]) -> tuple[str, ...]:
    """Elements as they are read: empty ones at the end are none."""
    while elements and not elements[-1].strip():
        elements = elements[:-1]
    return tuple(elements)


def _unplaced(value: Any) -> Any:
    """A record as plain values, without where it was read."""
    if isinstance(value, msgspec.Struct):
        fields = (name for name in value.__struct_fields__ if name != "location")
        return {name: _unplaced(getattr(value, name)) for name in fields}
    if isinstance(value, tuple):
        return [_unplaced(one) for one in value]
    return value
