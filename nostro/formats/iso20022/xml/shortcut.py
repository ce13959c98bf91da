"""The shortcut for the elements that a file repeats a hundred thousand times: no parser at all.

The tags of such an element are its skeleton. Entries of one bank share a few dozen skeletons, so
each is walked once, strictly (balanced, plain names and attributes), into a plan that says which
text goes where, and into a pattern of exactly those tags with texts between them; every further
element with the same tags is one match. Sound because whatever is not surely plain XML goes to
expat instead: comments, sections, entities beyond the five, control characters, anything that the
strict walk does not expect. The tests hold both ways against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nostro.formats.iso20022.xml.machine import Machine
from nostro.formats.iso20022.xml.safe_expat import TEXT_MAX
from nostro.formats.iso20022.xml.shapes import Record, Shape
from nostro.formats.iso20022.xml.skeletons import NotPlainError, Parsed, Part, Plan, Texts, planned

_PLANS_MAX = 2_000
_PLAN_BYTES_MAX = 64 << 20
_TAG_BYTES = 500  # What a plan keeps for each tag of its skeleton, roughly.
# A pattern costs milliseconds to make: only for skeletons that come again.
_HITS_BEFORE_PATTERN = 3
_PATTERNS_OF_A_SIZE_MAX = 8
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32)])
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class _Way:
    """How elements of one shape with one prefix are read: what is taken out, the plans known."""

    def __init__(self, shape: Shape, prefix: str) -> None:
        self.shape = shape
        self.plans: dict[str, Plan | None] = {}
        self.patterns: dict[int, list[Plan]] = {}
        self.taken: list[tuple[str, str, _Way]] = []
        for path, inner in shape.inner.items():
            name = prefix + path.rpartition("/")[2]
            begin = f"<{name}>"
            if inner.swarms and all(known != begin for known, _, _ in self.taken):
                self.taken.append((begin, f"</{name}>", _Way(inner, prefix)))


class Shortcut:
    """Makes records of hot elements, one after the other, with the plans known so far."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.ways: dict[tuple[Shape, str], _Way] = {}
        self.plans = 0
        self.plan_bytes = 0

    def element(self, data: bytes, shape: Shape, prefix: str, line: int) -> bool:
        """Make what a whole element is; False, and nothing is done, when it is for expat."""
        if len(data.translate(None, _CONTROLS)) != len(data):
            return False
        if not data.isascii() and b"\xef\xbf" in data:
            return False
        way = self.ways.get((shape, prefix))
        if way is None:
            way = self.ways[(shape, prefix)] = _Way(shape, prefix)
        try:
            text = source = data.decode()
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            escaped = "&" in text
            if _is_marked(text) or (escaped and not _only_plain_references(text)):
                return False
            parsed = self._parse(text, way, escaped)
        except (UnicodeDecodeError, NotPlainError):
            return False
        machine = self.machine
        machine.found = True
        number = machine.counts[shape.name] = machine.counts.get(shape.name, 0) + 1
        parsed.line = line
        if parsed.part.usual is not None and machine.record is not None:
            made = parsed.part.usual(parsed, machine.record, number)
            if made is not None:
                machine.done.append(made)
                return True
        self._make(parsed.part, parsed, machine.record, number, line, source)
        return True

    def _parse(self, text: str, way: _Way, escaped: bool) -> Parsed:
        # No pattern has several records of those that are taken out: it matches texts with one.
        parsed = self._matched(text, way, escaped, []) if len(text) <= TEXT_MAX else None
        if parsed is not None:
            return parsed
        taken: list[tuple[Parsed, int]] = []
        whole = text
        for begin, end, inner_way in way.taken:
            first = text.find(begin)
            if first >= 0 and text.find(begin, first + 1) >= 0:
                text = self._take_out(text, begin, end, inner_way, taken, escaped)
        if len(text) > TEXT_MAX:
            raise NotPlainError
        parsed = self._matched(text, way, escaped, taken) if text is not whole else None
        if parsed is None:
            pieces = text.replace(">", "><").split("<")
            tags = text.count("<")
            if tags * 2 + 1 != len(pieces):
                raise NotPlainError
            plan = self._plan(way, pieces[1::2], tags)
            lines = _lines_by_pieces(pieces, plan.pieces)
            parsed = _parsed(plan, plan.texts(pieces), lines, escaped, taken)
        if taken and not _are_in_place(parsed.part, text, way):
            raise NotPlainError
        return parsed

    def _matched(
        self, text: str, way: _Way, escaped: bool, taken: list[tuple[Parsed, int]]
    ) -> Parsed | None:
        """By the pattern of a plan, if there is one for these tags."""
        for plan in way.patterns.get(text.count("<"), ()):
            found = plan.pattern.fullmatch(text) if plan.pattern is not None else None
            if found is not None:
                lines = _lines_by_match(text, found)
                return _parsed(plan, found.groups(), lines, escaped, taken)
        return None

    def _plan(self, way: _Way, tags: list[str], count: int) -> Plan:
        """The plan for a skeleton, which gets its pattern when it comes often."""
        skeleton = "<".join(tags)
        plan = way.plans.get(skeleton)
        if plan is None:
            if skeleton in way.plans:
                raise NotPlainError
            plan = self._new_plan(way, skeleton, tags)
        plan.hits += 1
        if plan.hits == _HITS_BEFORE_PATTERN:
            patterns = way.patterns.setdefault(count, [])
            if len(patterns) < _PATTERNS_OF_A_SIZE_MAX and plan.compile():
                patterns.append(plan)
        return plan

    def _new_plan(self, way: _Way, skeleton: str, tags: list[str]) -> Plan:
        self.plans += 1
        self.plan_bytes += len(skeleton) + _TAG_BYTES * len(tags)
        plan: Plan | None = None
        try:
            plan = planned(way.shape, tags)
        finally:
            if self.plans <= _PLANS_MAX and self.plan_bytes <= _PLAN_BYTES_MAX:
                way.plans[skeleton] = plan
        return plan

    def _take_out(
        self,
        text: str,
        begin: str,
        end: str,
        way: _Way,
        taken: list[tuple[Parsed, int]],
        escaped: bool,
    ) -> str:
        """The text with its inner records emptied, so that their number shapes no skeleton.

        Of records that follow each other directly only the last leaves its tags.
        """
        head, *rest = text.split(begin)
        left = [head]
        lines = head.count("\n")
        last = len(rest) - 1
        for number, piece in enumerate(rest):
            body, found, after = piece.partition(end)
            if not found:
                raise NotPlainError
            taken.append((self._parse(f"{begin}{body}{end}", way, escaped), lines))
            lines += piece.count("\n")
            if number == last or not after.isspace():
                left += (begin, end, after)
        return "".join(left)

    def _make(
        self,
        part: Part,
        parsed: Parsed,
        parent: Record | None,
        number: int,
        line: int,
        source: str,
    ) -> None:
        shape, values = part.shape, parsed.texts
        texts = dict(zip(part.slots, part.pick(values)))  # noqa: B905 - as long by the plan.
        plain = dict(zip(part.plain, part.pick_plain(values)))  # noqa: B905
        if part.constants:
            texts.update(part.constants)
        rest: list[tuple[str, str]] = []
        if part.late:
            _late(part, values, texts, plain, rest)
        record = Record(
            shape.name,
            number,
            line,
            texts,
            _parts(part, values) if part.many else {},
            {},
            parent,
            rest,
            source,
            None,
            plain,
            part.groups,
        )
        if part.inner:
            self._make_inner(part, parsed, record)
        self.machine.finish(shape, record)

    def _make_inner(self, part: Part, parsed: Parsed, record: Record) -> None:
        counts: dict[str, int] = {}
        taken = parsed.taken if record.source else []
        out = taken[0][0].part.shape if taken else None
        for inner in part.inner:
            if inner.shape is not out:
                name = inner.shape.name
                count = counts[name] = counts.get(name, 0) + 1
                self._make(inner, parsed, record, count, parsed.line + parsed.lines(inner.mark), "")
        for count, (one, lines) in enumerate(taken, start=1):
            one.line = parsed.line + lines
            self._make(one.part, one, record, count, one.line, "")


def _parsed(
    plan: Plan,
    texts: Texts,
    lines: Callable[[int], int],
    escaped: bool,
    taken: list[tuple[Parsed, int]],
) -> Parsed:
    if escaped:
        texts = tuple([_unescaped(one) if "&" in one else one for one in texts])
    return Parsed(plan.part, (*map(str.strip, texts), ""), lines, taken)


def _are_in_place(part: Part, text: str, way: _Way) -> bool:
    """Whether what was taken out is what the plan has records of.

    It is not where one is written in another way ("<TxDtls >") or stands where none is looked for.
    """
    records = sum(one.shape.swarms for one in part.inner)
    return records == sum(text.count(begin) for begin, _, _ in way.taken)


def _lines_by_match(text: str, found: re.Match[str]) -> Callable[[int], int]:
    return lambda mark: text.count("\n", 0, found.start(mark + 1))


def _lines_by_pieces(pieces: list[str], places: list[int]) -> Callable[[int], int]:
    return lambda mark: "".join(pieces[: places[mark]]).count("\n")


def _is_marked(text: str) -> bool:
    """Whether there may be comments, sections or instructions. One letter is found much faster."""
    return (
        ("!" in text and "<!" in text)
        or ("?" in text and "<?" in text)
        or ("]" in text and "]]>" in text)
    )


def _parts(part: Part, values: Texts) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for slot, index in part.many:
        if text := values[index]:
            parts.setdefault(slot, []).append(text)
    return parts


def _late(
    part: Part,
    values: Texts,
    texts: dict[str, str],
    plain: dict[str, str],
    rest: list[tuple[str, str]],
) -> None:
    """Fill the slots that occur often with their first text; `rest` gets what is left over."""
    shape = part.shape
    for one in part.late:
        if one.constant is not None:
            rest.append((one.path, one.constant))
        elif text := values[one.index]:
            known = plain if one.slot in shape.plain else texts
            if one.slot and one.slot not in known:
                known[one.slot] = text
            elif shape.keeps and known.get(one.slot) != text:
                rest.append((one.path, text))


def _only_plain_references(text: str) -> bool:
    """Whether each "&" begins one of the five entities or the number of a letter XML may have."""
    found = _REFERENCE.findall(text)
    if len(found) != text.count("&"):
        return False
    return all(
        name or _is_letter(int(ten or sixteen, 10 if ten else 16)) for name, ten, sixteen in found
    )


def _is_letter(code: int) -> bool:
    """XML 1.0, production 2 (Char)."""
    return (
        code in (9, 10, 13)
        or 0x20 <= code < 0xD800
        or 0xE000 <= code < 0xFFFE
        or (0x10000 <= code <= 0x10FFFF)
    )


def _unescaped(text: str) -> str:
    return _REFERENCE.sub(_letter, text)


def _letter(found: re.Match[str]) -> str:
    name, ten, sixteen = found.groups()
    return _NAMED[name] if name else chr(int(ten) if ten else int(sixteen, 16))
