"""The addenda of one Nacha entry: remittance, terminals, foreign parties, returns, corrections.

Nacha Operating Rules, appendix three: addenda types 02, 05, 10 to 18, 98, 99.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from nostro.domain.errors import Invalid
from nostro.domain.payment_file import NOBODY, Payment
from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.remittance import ReferredDocument
from nostro.formats.american.nacha_international import international
from nostro.formats.american.nacha_layout import ADDENDA_MAX, MANY_ADDENDA, TERMINAL, is_digits
from nostro.formats.american.nacha_returns import change_of, return_of
from nostro.formats.american.x12 import remittance_of

if TYPE_CHECKING:
    from nostro.formats.american.nacha_entries import Batch

Lined = tuple[int, str]
_LOST = "Ask the sender for a corrected file; the other entries were read."
_LOOK = "Look at the addenda before you rely on them."


class Gathered:
    """What is known of one entry so far; `wrong` is set if it cannot be used."""

    def __init__(self, batch: Batch, location: Location, line: str) -> None:
        self.batch = batch
        self.location = location
        self.line = line
        self.fields: dict[str, Any] = {"end_to_end_id": "", "counterparty": NOBODY}
        self.codes: list[tuple[str, str]] = []
        self.problems: list[Problem] = []
        self.wrong: Problem | None = None
        self.came_back: str = ""
        self.misnumbered = False

    def code(self, name: str, text: str) -> None:
        """Keep what has no field of its own, unless it is blank."""
        if text := text.rstrip():
            self.codes.append((name, text))

    def warn(self, code: str, happened: str, can_do: str, raw: str = "") -> None:
        self.problems.append(warning(code, happened, can_do, self.location, raw))

    def count(self, stated: str, addenda: list[Lined]) -> None:
        """Check the number of addenda that the entry states; returned entries keep the old one."""
        if any(text[1:3] in ("98", "99") for _, text in addenda):
            return
        if not is_digits(stated) or int(stated) == len(addenda):
            return
        happened = f"The entry states {int(stated)} addenda; {len(addenda)} follow it."
        if self.batch.international:
            # Some senders count only the seven mandatory ones, whose presence is checked by itself.
            self.warn("international_count_odd", happened, _LOOK)
        else:
            self.wrong = error(
                "addenda_count_wrong", happened, _LOST, self.location, self.raw(addenda)
            )

    def raw(self, addenda: list[Lined]) -> str:
        return "\n".join([self.line, *(text for _, text in addenda[:10])])

    def record(self) -> object:
        """The payment, or the return or notification that it came back as."""
        payment = Payment(**self.fields, codes=tuple(self.codes))
        if not self.came_back:
            return payment
        make = change_of if self.came_back[1:3] == "98" else return_of
        record, problems = make(payment, self.came_back, self.batch.international)
        self.problems += problems
        return record


def gather(gathered: Gathered, addenda: list[Lined]) -> None:
    """Put the addenda of an entry where they belong."""
    _indicator(gathered, addenda)
    texts = [text for _, text in addenda]
    if gathered.batch.international:
        texts = international(gathered, texts)
    running: list[str] = []
    for text in texts:
        kind = text[1:3]
        if kind == "05":
            _sequence(gathered, text, len(running) + 1)
            running.append(text[3:83])
        elif kind == "02":
            for column in TERMINAL:
                gathered.code(column.field, text[column.start : column.end])
        elif kind in ("98", "99"):
            gathered.came_back = text
        else:
            happened = f"An addenda record is of the unknown type {kind!r}; it was kept as it is."
            gathered.warn("addenda_type_unknown", happened, _LOOK)
            gathered.code(f"addenda_{kind}", text[3:])
    if running:
        _remittance(gathered, running)


def _indicator(gathered: Gathered, addenda: list[Lined]) -> None:
    stated = gathered.line[78]
    if stated not in ("0", "1") or (stated == "1") != bool(addenda):
        happened = f"The addenda indicator is {stated!r}, but {len(addenda)} addenda follow."
        gathered.warn("addenda_indicator_wrong", happened, _LOOK)
    if len(addenda) > ADDENDA_MAX:
        happened = f"The entry has more than {ADDENDA_MAX} addenda."
        gathered.wrong = error(
            "addenda_count_wrong", happened, _LOST, gathered.location, gathered.raw(addenda)
        )


def _sequence(gathered: Gathered, text: str, expected: int) -> None:
    """Addenda count up from 1 and end in the last seven digits of the trace number."""
    if gathered.misnumbered:  # Once told, the others of the entry say nothing new.
        return
    if text[83:87] != f"{expected:04d}" or text[87:94] != gathered.line[87:94]:
        gathered.misnumbered = True
        happened = (
            f"Addenda {expected} says it is number {text[83:87]!r} of entry {text[87:94]!r};"
            f" the entry is {gathered.line[87:94]}."
        )
        gathered.warn("addenda_sequence_wrong", happened, _LOOK)


def _remittance(gathered: Gathered, running: list[str]) -> None:
    """The texts of all addenda are one; in CTX it is X12, whose documents are read as well."""
    text = "".join(running).rstrip()
    gathered.fields["remittance"] = (text,)
    sec_code = gathered.batch.sec_code
    if len(running) > MANY_ADDENDA.get(sec_code, 1):
        happened = f"An entry of {sec_code} has {len(running)} addenda; it may have one."
        gathered.warn("addenda_surplus", happened, "Nothing; all of them were read.")
    if sec_code == "CTX":
        _documents(gathered, text)


def _documents(gathered: Gathered, text: str) -> None:
    try:
        advice, problems = remittance_of(text)
    except Invalid as refusal:
        gathered.warn("remittance_unreadable", refusal.happened, "The text itself was kept.")
        return
    if advice.documents:
        placed = (_placed(document, gathered.location) for document in advice.documents)
        gathered.fields["documents"] = tuple(placed)
    for problem in problems:
        happened = f"The remittance inside the addenda: {problem.sentence}"
        gathered.warn("remittance_odd", happened, "The text itself was kept.", problem.raw)


def _placed(document: ReferredDocument, location: Location) -> ReferredDocument:
    """A document with the place of its entry: places inside the joined text help nobody."""
    adjustments = tuple(replace(one, location=location) for one in document.adjustments)
    return replace(document, adjustments=adjustments, location=location)
