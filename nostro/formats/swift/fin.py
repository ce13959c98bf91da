"""SWIFT FIN text to fields: envelopes, tags, and everything banks put around and between them.

SWIFT User Handbook, FIN: {1:} basic header, {2:} application header, {3:} user header, {4:} text,
{5:} trailers. Read with and without envelope, with `-`, `-}` or `@@` as separators, with journal
lines and page texts between messages, and with lines that banks broke in the middle of a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, warning
from nostro.formats.source import Lines
from nostro.formats.swift.cut_files import is_cut

KEPT = "The original is kept; nothing was booked from it."
END = "-"
FIELD_CHARACTERS_MAX = 1 << 14
# How a line begins that may be more than text; control characters frame messages on disk.
_SPECIAL = frozenset((":", "-", "{", "@", "\x01", "\x03", "}"))

_TAG = re.compile(r":([0-9]{2}[A-Z]?|N[A-Z]{1,2}):")
_BROKEN_TAG = re.compile(r":[0-9]{0,2}[A-Z]?\Z")
_CLOSE = re.compile(r"-(?:\}|[\s$\x03]*\Z|XXX\s*\Z|[åÅ]\s*\Z)")
_BLOCK = re.compile(r"\{([1235]):((?:[^{}]|\{[^{}]*\})*)\}?|\{4:")
_ENVELOPE = re.compile(r"\{1:[A-Z][0-9]{2}|\{[24]:")
_JOINED = re.compile(r"(?:\A|@@)(?::[0-9]{2}[A-Z]?:|-)|@@\s*\Z")
_OUTPUT = re.compile(r"O[0-9]{3}[0-9]{4}[0-9]{6}([A-Z0-9]{12})")
_LOGICAL_TERMINAL = re.compile(r"[A-Z]{6}[A-Z0-9]{6}\Z")
# What may be lost money outside of messages: an amount with decimals, or a line of a booking.
_TOLD = re.compile(r"[0-9][,.][0-9]{2}(?![0-9])|[A-Za-z]{2,} .*[0-9]{3,}|[A-Za-z]{3,} [A-Za-z]{3,}")
_HEAD_TAG = re.compile(rb"(?:\A|[\r\n]|@@|\{4:)[\r\n]*:([0-9]{2}[A-Z]?|NS):")
_HEAD_TYPE = re.compile(rb"\{2:[IO]([0-9]{3})")

Field = tuple[int, str, str]


class Grammar(msgspec.Struct, frozen=True):
    """Where a tag may begin a field. Elsewhere the line is text that only looks like a tag.

    `sections` names the section that a tag opens ("head" at the start of a message); in a section
    of `closed` only its tags begin a field, in the others every tag does.
    """

    sections: Mapping[str, str] = {}
    closed: Mapping[str, frozenset[str]] = {}


class Fields:
    """Fields as (line, tag, text of one or more lines), in constant memory.

    Blocks of the envelope are the tags "{1}", "{2}", "{3}", "{5}"; the end of each message is END.
    Lines before the first tag of a message belong to no field and are left out; the first of them
    that tells something is the warning `text_outside_messages`. Iterating raises
    Invalid (`field_too_long`, `file_cut`); the warning `file_end_missing` is left with the lines.
    """

    def __init__(self, lines: Lines, grammar: Grammar) -> None:
        self.lines = lines
        self.grammar = grammar
        self.tag = ""
        self.start = 0
        self.parts: list[str] = []
        self.open = False
        self.enveloped = False  # {4: was read, and not yet its end.
        self.unclosed = False  # Nothing but the end of the file ends the last message.
        self._enter("head")
        self.broken = ""
        self.maybe: tuple[int, str] | None = None
        self.waiting = False  # For the next line, to know what a broken or a doubtful tag is.
        self.joined = False
        self.outside = False  # Text outside of messages was met, and told.

    def __iter__(self) -> Iterator[Field]:
        yield from self._fields(self.lines)
        if self.maybe is not None:
            self.parts.append(self.maybe[1])
        self._check_end()
        yield from self._end(self.start)

    def _check_end(self) -> None:
        """What the end of the file says: nothing, that it may be cut, or that it is."""
        lines = self.lines
        where = Location(line=lines.number)
        text = "\n".join(self.parts)
        if self.enveloped:
            raise _file_cut("The file ends within a message: its {4: has no -}.", where)
        if self.broken and lines.cut_line:
            raise _file_cut(f"The file ends within a tag ({self.broken}).", where)
        self.unclosed = self.open and not lines.cut_line
        if not self.tag:
            return
        # A booking that ends with its amount may only do so where another field follows.
        if (lines.cut_line or self.tag == "61") and is_cut(self.tag, text):
            end = text.rpartition("\n")[2][-20:]
            raise _file_cut(f"The file ends within the field :{self.tag}: (at {end!r}).", where)
        if lines.cut_line:
            happened = "The last line has no end; it may be cut."
            can_do = "If the file is whole, nothing; else fetch it again."
            lines.problems.append(warning("file_end_missing", happened, can_do, where))

    def _fields(self, lines: Iterable[tuple[int, str]]) -> Iterator[Field]:
        lines = iter(lines)
        parts, size = self.parts, 0
        for number, line in lines:
            if line[:1] in _SPECIAL or self.waiting:
                if line[:4] in self.quick and not self.waiting:
                    if len(line) > FIELD_CHARACTERS_MAX:
                        raise _too_long(number, line[1:3])
                    yield self.start, self.tag, "\n".join(parts)
                    self.tag, self.start = line[1:3], number
                    self.parts = parts = [line[4:]]
                    size = 0
                    continue
                if "@@" in line and not self.joined and _JOINED.search(line):
                    self.joined = True
                    yield from self._fields(_apart(chain([(number, line)], lines)))
                    return
                found = self._special(number, line)
                if found is not None:
                    if parts is not self.parts:
                        parts, size = self.parts, 0
                    yield from found
                    continue
            if self.tag:
                parts.append(line)
                size += len(line)
                if size > FIELD_CHARACTERS_MAX:
                    raise _too_long(self.start, self.tag)
            else:
                self._left_out(number, line)

    def _left_out(self, number: int, line: str) -> None:
        """Say once that text stands outside of the messages, if it tells something."""
        if not self.outside and _TOLD.search(line):
            self.outside = True
            self.lines.problems.append(_outside(number, line))

    def _special(self, number: int, line: str) -> list[Field] | None:
        """The fields that this line ends or is; None for a line of text."""
        done: list[Field] = []
        if self.waiting:
            done, line = self._awaited(line)
        if line[:1] == ":":
            if found := _TAG.match(line):
                return self._tagged(number, line, found[1], done)
            if _BROKEN_TAG.match(line):
                self.broken, self.waiting = line, True
                return done
        elif line[:1] == "-" and _CLOSE.match(line):
            ended, again, next_one = line.partition("{1:")
            trailers = _blocks_in(number, ended)
            return [*done, *self._end(number, trailers), *self._blocks(number, again + next_one)]
        elif self._is_envelope(line):
            return [*done, *self._end(number), *self._blocks(number, line)]
        return done or None

    def _awaited(self, line: str) -> tuple[list[Field], str]:
        """What was waiting for this line: the fields it makes sure, and the line made whole."""
        self.waiting = False
        broken, self.broken = self.broken, ""
        maybe, self.maybe = self.maybe, None
        if maybe is None:
            return [], broken + line
        # A :20: among bookings begins a message only if that message goes on like one.
        if line.startswith((":21:", ":25", ":28")):
            return [*self._end(maybe[0]), *self._begin(*maybe, "20")], line
        self.parts.append(maybe[1])
        return [], line

    def _is_envelope(self, line: str) -> bool:
        found = _ENVELOPE.search(line)
        return found is not None and (self.only is None or found[0].startswith("{1:"))

    def _tagged(self, number: int, line: str, tag: str, done: list[Field]) -> list[Field] | None:
        if self.only is None or tag in self.only:
            if tag == "20" and self.section != "head":
                done += self._end(number)
            done += self._begin(number, line, tag)
            return done
        if tag == "20":
            self.maybe, self.waiting = (number, line), True
            return done
        return done or None

    def _begin(self, number: int, line: str, tag: str) -> list[Field]:
        """Open a field; the one before it, if any, is whole."""
        done = [(self.start, self.tag, "\n".join(self.parts))] if self.tag else []
        if len(line) > FIELD_CHARACTERS_MAX:
            raise _too_long(number, tag)
        section = self.grammar.sections.get(tag)
        if section and section != self.section:
            self._enter(section)
        self.tag, self.start, self.open = tag, number, True
        self.parts = [line[len(tag) + 2 :]]
        return done

    def _end(self, number: int, trailers: Iterable[Field] = ()) -> list[Field]:
        """End the message, if one is open; `trailers` are its last blocks."""
        done = [(self.start, self.tag, "\n".join(self.parts))] if self.tag else []
        done += trailers
        if self.open:
            done.append((number, END, ""))
        self.tag, self.parts, self.open, self.enveloped = "", [], False, False
        self._enter("head")
        return done

    def _enter(self, section: str) -> None:
        """Begin a section; `quick` are its tags of two characters that do not leave it."""
        self.section, self.only = section, self.grammar.closed.get(section)
        leaving = self.grammar.sections
        stay = (tag for tag in self.only or () if leaving.get(tag, section) == section)
        self.quick = frozenset(f":{tag}:" for tag in stay if len(tag) == 2)

    def _blocks(self, number: int, line: str) -> list[Field]:
        """The blocks of an envelope, and the first field if it stands on the same line."""
        done = _blocks_in(number, line)
        self.enveloped = self.enveloped or "{4:" in line
        text = line[line.rindex("{4:") + 3 :] if "{4:" in line else ""
        if found := _TAG.match(text):
            done += self._begin(number, text, found[1])
        return done


def _blocks_in(number: int, line: str) -> list[Field]:
    return [(number, f"{{{found[1]}}}", found[2]) for found in _BLOCK.finditer(line) if found[1]]


def _apart(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines of a file where `@@` stands for the line end."""
    for number, line in lines:
        yield from ((number, piece) for piece in line.split("@@"))


def _file_cut(happened: str, where: Location) -> Invalid:
    return Invalid("file_cut", happened, KEPT, "Fetch it again.", location=str(where))


def _outside(number: int, line: str) -> Problem:
    happened = f"Text stands outside of the messages, first {line.strip()[:40]!r}; it was left out."
    can_do = "Nothing if it is a heading or a page's end; else ask the bank what it belongs to."
    return warning("text_outside_messages", happened, can_do, Location(line=number), line)


def _too_long(line: int, tag: str) -> Invalid:
    return Invalid(
        "field_too_long",
        f"The field :{tag}: is longer than {FIELD_CHARACTERS_MAX:,} characters.",
        KEPT,
        "Check that this is the file you meant; ask the sender for it again.",
        location=f"line {line}",
    )


def message_type(block_2: str) -> str:
    """The type ("940") that an application header names; "" if it names none."""
    return block_2[1:4] if block_2[:1] in ("I", "O") and block_2[1:4].isdigit() else ""


def bic_of(terminal: str) -> str:
    """The BIC of a logical terminal of 12 characters, without branch XXX; "" if it is not one."""
    if not _LOGICAL_TERMINAL.match(terminal):
        return ""
    return terminal[:8] + ("" if terminal[9:] == "XXX" else terminal[9:])


def sender_of(block_1: str, block_2: str) -> str:
    """The BIC of who sent a message: block 1 of an input message, block 2 of an output one."""
    if found := _OUTPUT.match(block_2):
        return bic_of(found[1])
    return bic_of(block_1[3:15]) if block_2.startswith("I") else ""


def receiver_of(block_1: str, block_2: str) -> str:
    """The BIC of who a message is for."""
    if block_2.startswith("O"):
        return bic_of(block_1[3:15])
    return bic_of(block_2[4:16]) if block_2.startswith("I") else ""


class Head(msgspec.Struct, frozen=True):
    """What the first bytes of a file show: the type of the first envelope, and the tags."""

    kind: str
    tags: frozenset[str]

    def has(self, *tags: str) -> bool:
        return any(tag in self.tags for tag in tags)

    def interim(self) -> bool:
        """The tags of MT942: floor limit, time or sums, and no balance."""
        return (
            self.has("34F", "13D", "90C", "90D")
            and self.has("20", "25")
            and not self.has("60F", "60M", "62F", "62M", "32A", "32B")
        )

    def bare_statement(self) -> bool:
        """The tags of MT950: bookings and both balances, and not one :86: or :NS:."""
        balances = self.has("60F", "60M") and self.has("62F", "62M")
        return balances and self.has("61") and not self.has("86", "NS")


def head_of(head: bytes) -> Head:
    """The types and tags at the beginning of a file, whatever its encoding."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\0", b"")
    head = head.removeprefix(b"\xef\xbb\xbf")
    kind = _HEAD_TYPE.search(head)
    tags = frozenset(tag.decode() for tag in _HEAD_TAG.findall(head))
    return Head(kind[1].decode() if kind else "", tags)


class Message(msgspec.Struct, frozen=True):
    """One whole message of a type that is short (payments, confirmations).

    `closed` is False for the last one of a file if nothing but the end of the file ends it.
    """

    line: int
    blocks: Mapping[str, str]
    fields: tuple[Field, ...]
    closed: bool = True

    def kind(self) -> str:
        return message_type(self.blocks.get("{2}", ""))

    def raw(self) -> str:
        return "\n".join(f":{tag}:{text}" for _, tag, text in self.fields)


FIELDS_OF_MESSAGE_MAX = 10_000


def messages(lines: Lines) -> Iterator[Message]:
    """Whole messages, with or without envelope; raises Invalid (`too_many_fields`)."""
    blocks: dict[str, str] = {}
    found: list[Field] = []
    fields = Fields(lines, Grammar())
    for line, tag, text in fields:
        if tag == END:
            if found:
                yield Message(found[0][0], blocks, tuple(found), not fields.unclosed)
            blocks, found = {}, []
        elif tag[0] == "{":
            blocks[tag] = text
        else:
            found.append((line, tag, text.rstrip()))
            if len(found) > FIELDS_OF_MESSAGE_MAX:
                raise Invalid(
                    "too_many_fields",
                    f"One message has more than {FIELDS_OF_MESSAGE_MAX:,} fields.",
                    KEPT,
                    "Check that this is the file you meant; ask the sender for it again.",
                    location=f"line {line}",
                )
