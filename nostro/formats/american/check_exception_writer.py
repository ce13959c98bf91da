"""Files about presented checks: what goes back to the bank, and what a simulated bank sends.

What was written is read back before it is handed out; what would not come back equal is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO

from msgspec.structs import replace

from nostro.domain.check_exception import PresentedCheck, Why
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE
from nostro.formats import Profile, options_of
from nostro.formats.american.check_exception_layout import GENERIC, Answers, Side, answers_of
from nostro.formats.american.check_exception_reader import CheckExceptionOptions, read
from nostro.formats.american.positive_pay_layout import Field, Layout, Shape, day_to
from nostro.formats.american.positive_pay_writer import amount_text, cell_of, refusal

_LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}


def write(presented: Sequence[PresentedCheck], profile: Profile) -> bytes:
    """The bytes of a file: of decisions when every check has one, of exceptions when none has.

    Raises Invalid with the check as its place: `layout_unknown`, `decision_missing`,
    `field_missing`, `field_too_long`, `character_not_allowed`, `currency_differs`,
    and `not_carried` for whatever the layout could not give back.
    """
    name = options_of(profile, CheckExceptionOptions).layout or GENERIC
    answers = answers_of(name)
    side = _side(presented)
    layout = answers.layout(side)
    lines = [_record(answers, layout, layout.header, presented, None, "header")]
    for place, one in enumerate(presented, 1):
        where = f"check {place}"
        lines.append(_record(answers, layout, layout.detail, presented, one, where))
    lines.append(_record(answers, layout, layout.trailer, presented, None, "trailer"))
    end = _LINE_ENDS[layout.line_end]
    data = "".join(line + end for line in lines if line).encode("ascii")
    _comes_back(presented, data, name)
    return data


def _side(presented: Sequence[PresentedCheck]) -> Side:
    decided = [one.decision is not None for one in presented]
    if any(decided) and not all(decided):
        where = f"check {decided.index(False) + 1}"
        happened = "Nobody has decided on this check, and the others are decided."
        raise refusal("decision_missing", where, happened, "Write it into another file.")
    return Side.DECISIONS if any(decided) else Side.EXCEPTIONS


def _record(
    answers: Answers,
    layout: Layout,
    shape: Shape,
    presented: Sequence[PresentedCheck],
    one: PresentedCheck | None,
    where: str,
) -> str:
    cells = []
    for field in shape.fields:
        text = _text(answers, field, presented, one, where)
        if not text and not field.optional and field.holds != "blank":
            what = field.holds.replace("_", " ")
            happened = f"The layout wants the {what}; it is not there."
            raise refusal("field_missing", where, happened, "Complete it.")
        cells.append(cell_of(layout, field, text, where))
    return ("" if layout.kind == "fixed" else layout.delimiter).join(cells)


def _text(
    answers: Answers,
    field: Field,
    presented: Sequence[PresentedCheck],
    one: PresentedCheck | None,
    where: str,
) -> str:
    """What a column says."""
    if field.holds in ("constant", "blank"):
        return field.text
    if field.holds == "count":
        return str(len(presented))
    if one is None:
        minor = sum(each.amount.minor for each in presented)
        return amount_text(Money(minor, answers.currency), field)
    if field.holds == "amount":
        if one.amount.currency != answers.currency:
            happened = f"The amount {one.amount} is not in {answers.currency}."
            raise refusal("currency_differs", where, happened, "Use a layout of that currency.")
        return amount_text(one.amount, field)
    if field.holds == "payee":
        return one.payee[field.line - 1] if len(one.payee) >= field.line else ""
    return _word_or_day(answers, field, one, where)


def _word_or_day(answers: Answers, field: Field, one: PresentedCheck, where: str) -> str:
    if field.holds in ("why", "decision"):
        words: dict[str, str] = {str(key): word for key, word in answers.why.items()}
        if field.holds == "decision":
            words = {str(key): word for key, word in answers.decision.items()}
        ours = str(getattr(one, field.holds) or "")
        if ours not in words:
            happened = f"The layout has no word for {ours.replace('_', ' ')!r}."
            raise refusal("not_carried", where, happened, "Tell the bank otherwise.")
        return words[ours]
    value = getattr(one, field.holds)
    if isinstance(value, date):
        return day_to(value, field.date)
    return str(value or "")


def _comes_back(presented: Sequence[PresentedCheck], data: bytes, name: str) -> None:
    """Read the file that was made; raises Invalid (`not_carried`) if anything is not the same.
    What only one of the two files tells is no part of the other."""
    found = list(read(BytesIO(data), Profile(options={"layout": name})))
    for place, one in enumerate(presented, 1):
        again = found[place - 1] if place <= len(found) else None
        if not isinstance(again, PresentedCheck) or _said(again) != _said(one):
            raise refusal(
                "not_carried",
                f"check {place}",
                "The layout cannot carry all that is said of this check.",
                "Correct it, or use a layout that has a place for it.",
            )


def _said(one: PresentedCheck) -> PresentedCheck:
    bare = replace(one, location=NOWHERE)
    if one.decision is None:
        return bare
    return replace(bare, why=Why.OTHER, payee=(), issued=None)
