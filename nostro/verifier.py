"""Checks an exported log or an evidence pack without nostro: one file, only Python's own library.

    python verifier.py LOG --key KEY --checkpoints HELD [--earlier LOG]
    python verifier.py pack FILE --key KEY [--checkpoints HELD]

LOG is what `nostro audit export` wrote, KEY the public key (hexadecimal, or a file with it), HELD
the checkpoints that you kept yourself: one line or many. Without HELD the log is held only against
its own checkpoints, which whoever holds the signing key could have made. `--earlier` is an older
export: with it a rewritten entry is named exactly. Ends with 0 when all is whole, 1 when not, 2
when what was given cannot be read.
The format: docs/audit.md and docs/decisions/0006-the-audit-chain.md of nostro.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
import zlib
from binascii import unhexlify
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256, sha512
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

GENESIS = "0" * 64
PREFIX = b"nostro audit statement\n"
CONTENT = b',"content":'
# {"hash":"<64>","key":"<32>","entry":{...},"content":{...}}
HASH, KEY = slice(9, 73), slice(82, 114)
COMMITMENT = slice(139, 203)  # An entry begins at 124 with {"commitment":"<64>",
INNER = bytes(one ^ 0x36 for one in range(256))  # The pads of HMAC, RFC 2104.
OUTER = bytes(one ^ 0x5C for one in range(256))
PADDING = bytes(48)  # Keys have 16 bytes, blocks 64.
ERASED, RESTORED = "audit.erased", "customer.quarantined"
EXPLAINS = b'"kind":"customer"},"type":"'  # What says something of the log is about the customer.
PAUSE = 4096


class Broken(Exception):
    """The log is not what was sealed. The first bad entry stands between `first` and `last`."""

    def __init__(self, first: int, why: str, last: int = 0) -> None:
        super().__init__(why)
        self.first, self.last, self.why = first, last or first, why


class Unreadable(Exception):
    """What was given is no log, no key or no checkpoint."""


@dataclass
class Verdict:
    """What was found. `covered` is up to where checkpoints that the auditor holds reach."""

    entries: int = 0
    first: int = 0
    last: int = 0
    why: str = ""
    position: int = 0
    covered: int = 0
    own: int = 0
    held: int = 0
    unsealed: int = 0
    erased: list[tuple[int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.why


# Signatures: Ed25519, RFC 8032, section 5.1.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def _times(scalar: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = _add(found, point)
        point, scalar = _add(point, point), scalar >> 1
    return found


def _x(y: int, sign: int) -> int:
    """The x that belongs to y; raises ValueError when y is on no point of the curve."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or y >= P or (not x and sign):
        raise ValueError
    return P - x if x & 1 != sign else x


def _point(data: bytes) -> Point:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _x(y, sign)
    return x, y, 1, x * y % P


def _same(a: Point, b: Point) -> bool:
    return not ((a[0] * b[2] - b[0] * a[2]) % P or (a[1] * b[2] - b[1] * a[2]) % P)


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE: Point = (_x(_BASE_Y, 0), _BASE_Y, 1, _x(_BASE_Y, 0) * _BASE_Y % P)


@lru_cache(maxsize=4096)
def signed_by(public_key: bytes, text: bytes, signature: bytes) -> bool:
    """Is this an Ed25519 signature of the text by the holder of the key?"""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    try:
        key, nonce = _point(public_key), _point(signature[:32])
    except ValueError:
        return False
    digest = sha512(signature[:32] + public_key + text).digest()
    asked = int.from_bytes(digest, "little") % ORDER
    return scalar < ORDER and _same(_times(scalar, _BASE), _add(nonce, _times(asked, key)))


# Statements: checkpoints and changes of the signing key.


@dataclass
class Statement:
    """One signed line. `text` is what was signed."""

    text: bytes
    said: dict[str, Any]
    signature: bytes
    held: bool

    @property
    def number(self) -> int:
        return int(self.said["number"])


def key_id(public_key: bytes) -> str:
    return sha256(public_key).hexdigest()[:16]


def statement_of(line: bytes, *, held: bool) -> Statement:
    """Reads {"signature":"<128>","statement":{...}}. Raises Unreadable."""
    line = line.strip()
    text = line[14 + 128 + 14 : -1]
    try:
        said = json.loads(line)["statement"]
        if json.loads(text) != said or not isinstance(said["number"], int):
            raise ValueError
        return Statement(text, said, unhexlify(line[14:142]), held)
    except (ValueError, KeyError, TypeError):
        raise Unreadable(f"this is no checkpoint: {line[:80]!r}") from None


class Keys:
    """The keys that statements may be signed with: the given one, and those it leads to."""

    def __init__(self, public_key: bytes) -> None:
        self.known = {key_id(public_key): public_key}

    def trusted(self, statements: list[Statement], notes: list[str]) -> list[Statement]:
        """Those checkpoints that a known key has signed. Raises Broken for one that it has not.

        What came before the key that was given is signed with keys of which nothing is known.
        """
        found: list[Statement] = []
        before, older = None, 0
        for one in statements:
            key = self.known.get(str(one.said.get("key")))
            if key is None and not found:
                older += 1
                continue
            if key is None or not signed_by(key, PREFIX + one.text, one.signature):
                raise Broken(_position(one), f"checkpoint {one.number} is not signed by your key")
            follows = before is None or one.said["previous"] == _hex(before.text)
            if before and one.number <= before.number:
                notes.append(f"checkpoint {one.number} stands after {before.number}: a restore?")
            elif before and one.number == before.number + 1 and not follows:
                why = f"checkpoint {one.number} does not follow the one before it"
                raise Broken(_position(one), why)
            if one.said["kind"] == "key_change":
                new = bytes.fromhex(one.said["new_public_key"])
                self.known = {one.said["new_key"]: new}
                if key_id(new) != one.said["new_key"]:
                    raise Broken(_position(one), f"statement {one.number} names another key")
            found.append(one)
            before = one
        if older:
            notes.append(f"{older} statements are signed with keys older than yours: not used")
        return [one for one in found if one.said["kind"] == "checkpoint"]


def _position(one: Statement) -> int:
    return int(one.said.get("position", 0))


# The chain.


class Walk:
    """One pass over the entries of a log."""

    def __init__(self, pins: list[Statement], start: dict[str, Any] | None) -> None:
        self.pins = sorted(pins, key=lambda pin: (_position(pin), not pin.held), reverse=True)
        self.only_own = not any(pin.held for pin in pins)
        self.position, self.folded, self.tail = 0, 0, GENESIS.encode()
        self.leaves: list[bytes] = []  # Hashes of entries that are not in the tree yet.
        self.peaks: list[bytes] = []
        self.before: list[bytes] = []  # The peaks one entry ago, at a checkpoint.
        self.good, self.covered, self.own, self.begun = 0, 0, 0, 0
        self.gaps: list[tuple[int, int, int]] = []  # Entries before; first and last one missing.
        self.floors: set[int] = set()
        self.empty: dict[str, int] = {}
        self.erased: list[tuple[int, int]] = []
        if start is not None:
            self.position, self.folded = start["position"], start["entries"]
            self.tail = start["head"].encode()
            self.peaks = [unhexlify(peak) for peak in start["peaks"]]
            self.good = self.covered = self.position
            self.begun = self.folded
            self.pins = [pin for pin in self.pins if _position(pin) > self.position]

    def run(self, lines: Iterator[bytes]) -> bytes:
        """Checks entry after entry; returns the first line that is none. Raises Broken."""
        stop, position, tail, leaves = self._pause(), self.position, self.tail, self.leaves
        for line in lines:
            cut = line.find(CONTENT, 124)
            entry = line[124:cut]
            hashed = sha256(entry).hexdigest().encode()
            if (
                entry.endswith(
                    b',"position":%d,"previous_hash":"%b","version":2}' % (position + 1, tail)
                )
                and hashed == line[HASH]
                and _opens(line, cut)
            ):
                position += 1
                if EXPLAINS in entry:
                    kind = json.loads(entry)["event"]["type"]
                    self._explained(position, kind, json.loads(line[cut + 11 : -2]))
            elif line.startswith(b'{"hash":'):
                self.position, self.tail = position, tail
                position = self._look_closer(line, lines)
            else:
                break
            tail = line[HASH]
            leaves.append(tail)
            if position >= stop:
                self.position, self.tail = position, tail
                stop = self._pause()
        else:
            line = b""
        self.position, self.tail = position, tail
        return line

    @property
    def entries(self) -> int:
        return self.folded + len(self.leaves)

    def _pause(self) -> int:
        """Fold what was read into the tree and hold it against the checkpoints that end here;
        returns at which position to pause again."""
        last = self.leaves[-1:]
        self._fold(self.leaves[:-1])
        self.before = self.peaks.copy()
        self._fold(last)
        self.leaves.clear()
        while self.pins and _position(self.pins[-1]) <= self.position:
            self._hold_against(self.pins.pop())
        following = _position(self.pins[-1]) if self.pins else sys.maxsize
        return min(following, self.position + PAUSE)

    def _fold(self, leaves: list[bytes]) -> None:
        grow(self.peaks, self.folded, [unhexlify(leaf) for leaf in leaves])
        self.folded += len(leaves)

    def _look_closer(self, line: bytes, lines: Iterator[bytes]) -> int:
        """An entry of version 1, after a gap or without content; anything else is broken."""
        expected = self.position + 1
        head, _, content = line.partition(b',"entry":')[2].partition(CONTENT)
        try:
            told = json.loads(line)
            entry, body, key = told["entry"], told["content"], told["key"]
            plain = head + b"\n" + content[:-2] if "version" not in entry else head
            position, previous = int(entry["position"]), entry["previous_hash"]
            if list(told) != ["hash", "key", "entry", "content"] or told["hash"] != _hex(plain):
                raise Broken(expected, "the entry is not what was sealed")
        except (ValueError, KeyError, TypeError):
            raise Broken(expected, "the entry cannot be read") from None
        self._placed(position, previous, line, lines)
        if "version" in entry:
            if body is None and key is None:
                self.empty[str(entry["event"]["id"])] = position
            elif not _opens(line, line.find(CONTENT, 124)):
                raise Broken(position, "the content is not what was sealed")
        event = entry.get("event") or body
        self._explained(position, event["type"], body if "event" in entry else event)
        return position

    def _placed(self, position: int, previous: str, line: bytes, lines: Iterator[bytes]) -> None:
        """Does an entry that is whole in itself stand where it belongs?"""
        expected, follows = self.position + 1, previous.encode() == self.tail
        if position > expected and follows:
            self.gaps.append((self.entries, expected, position - 1))
        elif position > expected:
            raise Broken(expected, f"entry {expected} is missing; {position} stands here")
        elif position == self.position:
            raise Broken(position, f"two entries stand at {position}")
        elif position < expected:
            raise Broken(expected, f"entry {position} stands where {expected} belongs")
        elif not follows:
            after = next(lines, b"")
            pinned = b'"previous_hash":"%b"' % line[HASH] in after
            pinned |= bool(self.pins) and self.pins[0].said["head"].encode() == line[HASH]
            if pinned and self.position > self.good:
                why = f"entry {expected} was sealed after another one than this"
                raise Broken(self.position, why)
            raise Broken(expected, "the entry does not follow the one before it")

    def _explained(self, position: int, kind: str, said: dict[str, Any]) -> None:
        """What an entry says about the log itself."""
        if kind == ERASED:
            for event_id in said["data"]["events"]:
                if event_id in self.empty:
                    self.erased.append((self.empty.pop(event_id), position))
        elif kind == RESTORED and "log_floor" in said["data"]:
            self.floors.add(int(said["data"]["log_floor"]))

    def _hold_against(self, pin: Statement) -> None:
        """The chain so far against a checkpoint that ends here. Raises Broken."""
        said, position = pin.said, _position(pin)
        told = f"checkpoint {pin.number}"
        if position != self.position:
            raise Broken(self.gaps[-1][1], f"the entry at {position}, where {told} ends, is gone")
        peaks = [peak.hex() for peak in self.peaks]
        if said["entries"] != self.entries or said["head"].encode() != self.tail:
            self._narrow(said, told)
        if said["peaks"] != peaks or said["root"] != root_of(self.peaks).hex():
            self._narrow(said, told)
        if pin.held or self.only_own:
            self.good = position
        if pin.held:
            self.covered = position
        self.own = max(self.own, position)

    def _narrow(self, said: dict[str, Any], told: str) -> None:
        """Raises Broken for the smallest stretch that is known to hold the first wrong entry."""
        why = f"the entries up to here are not those that {told} was made of"
        first, last, start = self.good + 1, self.position, 0
        grow(self.before, self.entries - 1, [unhexlify(said["head"])])
        if [peak.hex() for peak in self.before] == said["peaks"]:
            first = last  # With the entry that was signed, all before it are as they were.
        elif said["entries"] == self.entries and len(said["peaks"]) == len(self.peaks):
            for bit in range(self.entries.bit_length() - 1, -1, -1):
                size = self.entries & (1 << bit)
                mine = self.peaks[bin(start).count("1")].hex() if size else ""
                if size and mine != said["peaks"][bin(start).count("1")]:
                    first = max(first, self._position_of(start + 1))
                    last = self._position_of(start + size)
                    break
                start += size
        raise Broken(first, why, last)

    def _position_of(self, entry: int) -> int:
        """The position of the n-th entry: restores have left positions out."""
        return entry + sum(last - first + 1 for before, first, last in self.gaps if before < entry)

    def finish(self) -> None:
        """After the last entry. Raises Broken for what nothing has explained."""
        found = [
            (first, f"entries {first} to {last} are missing")
            for _, first, last in self.gaps
            if last not in self.floors
        ]
        found += [
            (position, "the entry has no content, and none says that it was erased")
            for position in self.empty.values()
        ]
        if self.pins:
            pin = self.pins[-1]
            why = f"the log ends before {_position(pin)}, where checkpoint {pin.number} ends"
            found.append((self.position + 1, why))
        if found:
            raise Broken(*min(found))


def _opens(line: bytes, cut: int) -> bool:
    """Is the content, after `cut`, what the entry's commitment was made of? HMAC-SHA256 (RFC 2104),
    written out: twice as fast as Python's own for keys that are used once."""
    if not (
        line.startswith(b'{"hash":"')
        and line.startswith(b'","key":"', 73)
        and line.startswith(b'","entry":{"commitment":"', 114)
        and line.endswith(b"}\n")
    ):
        return False
    try:
        key = unhexlify(line[KEY]) + PADDING
    except ValueError:
        return False
    inner = sha256(key.translate(INNER) + line[cut + 11 : -2]).digest()
    return sha256(key.translate(OUTER) + inner).hexdigest().encode() == line[COMMITMENT]


def _hex(data: bytes) -> str:
    return sha256(data).hexdigest()


def grow(peaks: list[bytes], entries: int, leaves: list[bytes]) -> None:
    """Add leaves to a Merkle tree of so many entries, level by level; only the roots of its full
    subtrees are kept, the largest first."""
    rest, nodes = [], leaves
    while nodes or entries:
        if entries & 1:
            nodes = [peaks.pop(), *nodes]
        if len(nodes) & 1:
            rest.append(nodes[-1])
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        nodes = [sha256(b"\1" + left + right).digest() for left, right in pairs]
        entries >>= 1
    peaks += reversed(rest)


def root_of(peaks: list[bytes]) -> bytes:
    """The root of the tree, RFC 9162, section 2.1.1, from the roots of its full subtrees."""
    if not peaks:
        return unhexlify(GENESIS)
    *before, node = peaks
    for peak in reversed(before):
        node = sha256(b"\1" + peak + node).digest()
    return node


# A whole log.


def verify(log: BinaryIO, public_key: bytes, held: list[Statement]) -> Verdict:
    """Checks an exported log. Raises Unreadable when it is none."""
    found, lines = Verdict(), iter(log)
    try:
        head = json.loads(next(lines, b""))["archive"]
        after = int(head["after"])
    except (ValueError, KeyError, TypeError):
        raise Unreadable("this is no exported log: its first line says nothing of one") from None
    walk = Walk([], None)
    try:
        own, first = _statements(lines)
        pins = Keys(public_key).trusted(held, found.notes)
        found.held = len(pins)
        start = _start(pins, after)
        walk = Walk(pins + Keys(public_key).trusted(own, found.notes), start)
        _customer(head, pins)
        rest = walk.run(chain([first], lines))
        walk.finish()
        found.unsealed = _end(rest, walk)
        if not walk.covered and not walk.own:
            why = "nothing in it is signed by your key: anybody could have written it"
            raise Broken(walk.position, why)
    except Broken as broken:
        found.first, found.last, found.why = broken.first, broken.last, broken.why
    except (ValueError, KeyError, TypeError):
        found.first = found.last = walk.position + 1
        found.why = "the entry cannot be read"
    found.entries, found.position = walk.entries, walk.position
    found.covered, found.own, found.erased = walk.covered, walk.own, walk.erased
    return found


def _statements(lines: Iterator[bytes]) -> tuple[list[Statement], bytes]:
    """The log's own statements, which stand before its entries, and the line after them."""
    found: list[Statement] = []
    for line in lines:
        if not line.startswith(b'{"signature":'):
            return found, line
        found.append(statement_of(line, held=False))
    return found, b""


def _start(pins: list[Statement], after: int) -> dict[str, Any] | None:
    """What to go on from when a log leaves its first entries out: a checkpoint that is held."""
    if not after:
        return None
    for pin in pins:
        if _position(pin) == after:
            return pin.said
    raise Unreadable(f"this log begins after {after}: give a checkpoint of yours at {after}")


def _customer(head: dict[str, Any], pins: list[Statement]) -> None:
    if any(pin.said["customer"] != head["customer"] for pin in pins):
        raise Unreadable("the checkpoints that you hold are another customer's")


def _end(line: bytes, walk: Walk) -> int:
    """How many events waited for their seal; the last line says how many entries there are."""
    try:
        end = json.loads(line)["end"]
        whole, unsealed = int(end["entries"]) == walk.entries - walk.begun, int(end["unsealed"])
    except (ValueError, KeyError, TypeError):
        whole, unsealed = False, 0
    if not whole:
        raise Broken(walk.position + 1, "the log is cut off: it does not end as it says")
    return unsealed


def first_difference(earlier: BinaryIO, log: BinaryIO) -> int:
    """The position of the first entry of an earlier export that stands otherwise now; 0: none."""
    hashes = (line for line in log if line.startswith(b'{"hash":'))
    for line in earlier:
        if line.startswith(b'{"hash":'):
            now = next(hashes, b"")
            if now[HASH] != line[HASH]:
                return int(json.loads(line)["entry"]["position"])
    return 0


# An evidence pack.

PACK_PREFIX = b"nostro evidence pack\n"
MANIFEST, SIGNATURE, STATEMENTS = "manifest.json", "signature.json", "statements.jsonl"
LOG, NOT_COVERED = "log.jsonl", "not_covered.jsonl"
ITEMS = ("payments.jsonl", "shared.jsonl", "evidence.jsonl")
NAME = re.compile(r"(evidence/[0-9a-f-]{36}\.[a-z]{3,4}|[a-z_]+\.(jsonl?|html))", re.ASCII)
SIGNED = re.compile(rb'{"key":"([0-9a-f]{16})","signature":"([0-9a-f]{128})"}\n')
# What is read before the signature was checked, so that nobody can fill the memory with it.
MOST = {MANIFEST: 256 << 20, SIGNATURE: 1 << 12, STATEMENTS: 16 << 20}
PIECE = 1 << 18
EVIDENCE_ERASED = "evidence.erased"


class BadMember(Exception):
    """The pack is not what was signed; `name` is the first member that is wrong."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name, self.why = name, why


@dataclass
class PackVerdict:
    """What was found in a pack. `held`: its checkpoint is one that the auditor kept."""

    name: str = ""
    why: str = ""
    members: int = 0
    items: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    shown: int = 0
    not_covered: int = 0
    checkpoint: int = 0
    position: int = 0
    held: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.why


def verify_pack(file: BinaryIO, public_key: bytes, held: list[Statement]) -> PackVerdict:
    """Checks an evidence pack. Raises Unreadable when it is none."""
    found = PackVerdict()
    try:
        with zipfile.ZipFile(file) as archive:
            Pack(archive, found).check(public_key, held)
    except BadMember as bad:
        found.name, found.why = bad.name, bad.why
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable(f"this is no evidence pack: {error}") from None
    return found


class Pack:
    """One pack being checked: first what is in it, then what that says."""

    def __init__(self, archive: zipfile.ZipFile, found: PackVerdict) -> None:
        self.archive, self.found = archive, found
        self.told: dict[str, Any] = {}
        self.digests: dict[str, str] = {}
        self.known: set[str] = set()  # Items, by kind and id.
        self.subjects: set[str] = set()  # Their ids alone: what events may be about.
        self.wanted: dict[str, str] = {}  # What is linked to, and by which item.
        self.named: set[str] = set()  # Members that an item says to be its bytes.
        self.erased: dict[str, str] = {}  # Items that are said to be erased; why.
        self.empty: dict[str, int] = {}  # Entries without content, by their event.

    def check(self, public_key: bytes, held: list[Statement]) -> None:
        """Raises BadMember for the first member that is wrong."""
        infos = self._listed()
        checkpoint = self._signed(public_key)
        self._compare(infos)
        for name in ITEMS:
            self._each(name, self._item)
        self._log(checkpoint)
        if NOT_COVERED in self.digests:
            self._each(NOT_COVERED, self._not_covered)
        self._linked()
        self.found.held = any(one.text == checkpoint.text for one in held)
        self.found.checkpoint, self.found.position = checkpoint.number, _position(checkpoint)

    def _listed(self) -> list[zipfile.ZipInfo]:
        """The members, of which each has a name of ours, once, and follows the one before."""
        infos, seen, place = self.archive.infolist(), set(), -1
        for info in infos:
            name = info.orig_filename
            if not NAME.fullmatch(name) or name != info.filename:
                raise BadMember(name[:200], "no pack has a member of this name")
            if name in seen:
                raise BadMember(name, "there are two members of this name")
            if info.flag_bits & 1 or info.compress_type not in (0, 8):
                raise BadMember(name, "it is encrypted, or packed in another way than packs are")
            if info.header_offset <= place:
                raise BadMember(name, "it does not stand where the list of members has it")
            place = info.header_offset
            seen.add(name)
        for name in (MANIFEST, SIGNATURE, STATEMENTS, LOG, *ITEMS):
            if name not in seen:
                raise BadMember(name, "it is missing")
        return infos

    def _signed(self, public_key: bytes) -> Statement:
        """Reads the manifest once its signature is that of a key which the given one leads to;
        returns the checkpoint."""
        keys = Keys(public_key)
        lines = self._small(STATEMENTS).splitlines()
        try:
            statements = [statement_of(line, held=False) for line in lines]
            trusted = keys.trusted(statements, self.found.notes)
        except (Unreadable, Broken) as error:
            raise BadMember(STATEMENTS, str(error)) from None
        text = self._small(MANIFEST)
        said = SIGNED.fullmatch(self._small(SIGNATURE))
        if said is None:
            raise BadMember(SIGNATURE, "it cannot be read")
        key, signature = keys.known.get(said[1].decode()), unhexlify(said[2])
        if key is None:
            raise BadMember(SIGNATURE, "it is not made with your key, nor one that follows it")
        if not signed_by(key, PACK_PREFIX + text, signature):
            raise BadMember(MANIFEST, "it is not what was signed")
        self.told = json.loads(text)
        if not statements or statements[-1].said["kind"] != "checkpoint":
            raise BadMember(STATEMENTS, "the last one is no checkpoint")
        checkpoint = statements[-1]
        if checkpoint.said["customer"] != self.told["customer"]["id"]:
            raise BadMember(STATEMENTS, "its checkpoint is another customer's")
        if checkpoint not in trusted:
            note = "the checkpoint is signed with a key older than yours: your key vouches for it"
            self.found.notes.append(note)
        return checkpoint

    def _compare(self, infos: list[zipfile.ZipInfo]) -> None:
        """Are the members those of the manifest, in its order, to the last byte?"""
        names = [info.filename for info in infos]
        wanted = [*(one["name"] for one in self.told["members"]), MANIFEST, SIGNATURE]
        there, known = set(names), set(wanted)
        for name in (name for name in names if name not in known):
            raise BadMember(name, "the manifest does not know it")
        for name in (name for name in wanted if name not in there):
            raise BadMember(name, "it is missing")
        for name, due in zip(names, wanted, strict=True):
            if name != due:
                raise BadMember(name, f"it stands where {due} belongs")
        for told in self.told["members"]:
            self._read_through(told)

    def _read_through(self, told: dict[str, Any]) -> None:
        """A member's bytes against its digest; never more of them than it is said to have."""
        digest, size = sha256(), 0
        for piece in self._pieces(told["name"]):
            digest.update(piece)
            size += len(piece)
            if size > told["bytes"]:
                break
        if (digest.hexdigest(), size) != (told["sha256"], told["bytes"]):
            raise BadMember(told["name"], "its bytes are not those that were signed")
        self.digests[told["name"]] = told["sha256"]
        self.found.members += 1

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self.archive.open(name) as file:
                while piece := file.read(PIECE):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise BadMember(name, "its bytes cannot be read") from None

    def _small(self, name: str) -> bytes:
        found = bytearray()
        for piece in self._pieces(name):
            found += piece
            if len(found) > MOST[name]:
                raise BadMember(name, "it is far larger than any pack has it")
        return bytes(found)

    def _each(self, name: str, look: Callable[[dict[str, Any]], None]) -> None:
        """Looks at every line of a member."""
        with self.archive.open(name) as file:
            for number, line in enumerate(file, start=1):
                try:
                    look(json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise BadMember(name, f"line {number} cannot be read") from None
                except Broken as broken:
                    raise BadMember(name, f"line {number}: {broken.why}") from None

    def _item(self, told: dict[str, Any]) -> None:
        item, links = told["item"], told.get("links", {})
        kind, _, item_id = item.partition(":")
        if item in self.known:
            raise Broken(0, f"{item} is told twice")
        self.known.add(item)
        self.subjects.add(item_id)
        self.found.items[kind] = self.found.items.get(kind, 0) + 1
        for target in (target for targets in links.values() for target in targets):
            self.wanted.setdefault(target, item)
        if kind == "order":
            for stage in self.told["stages"]:
                if not links.get(stage) and not told.get("absent", {}).get(stage):
                    raise Broken(0, f"{item} says nothing of its {stage}")
        if why := told.get("missing"):
            self.found.missing[item] = why["why"]
            if why["code"] == "evidence_erased":
                self.erased[item_id] = item
        elif kind == "evidence":
            self._bytes_of(item, told)

    def _bytes_of(self, item: str, told: dict[str, Any]) -> None:
        """Evidence that is not missing has its bytes in the pack."""
        if self.digests.get(told["member"]) != told["sha256"]:
            raise Broken(0, f"the bytes of {item} are not in this pack")
        self.named.add(told["member"])

    def _log(self, checkpoint: Statement) -> None:
        """The entries that are shown, and the nodes between them, make the checkpoint's tree."""
        self.nodes: list[tuple[int, bytes]] = []
        with self.archive.open(LOG) as file:
            for number, line in enumerate(file, start=1):
                try:
                    self._grow(line)
                except (ValueError, KeyError, TypeError):
                    raise BadMember(LOG, f"line {number} cannot be read") from None
                except Broken as broken:
                    raise BadMember(LOG, f"line {number}: {broken.why}") from None
        covers = sum(count for count, _ in self.nodes)
        root = root_of([node for _, node in self.nodes]).hex()
        if covers != checkpoint.said["entries"] or root != checkpoint.said["root"]:
            why = f"its entries are not among those that checkpoint {checkpoint.number} was made of"
            raise BadMember(LOG, why)

    def _grow(self, line: bytes) -> None:
        """RFC 9162, section 2.1.3.2, for many entries at once: left to right, like a counter."""
        if line.startswith(b'{"covers":'):
            told = json.loads(line)
            covers, node = int(told["covers"]), unhexlify(told["hash"])
        else:
            covers, node = 1, self._entry(line)
        before = sum(count for count, _ in self.nodes)
        if covers < 1 or covers & (covers - 1) or before % covers or len(node) != 32:
            raise Broken(0, "this node cannot stand here")
        while self.nodes and self.nodes[-1][0] == covers:
            _, left = self.nodes.pop()
            covers, node = 2 * covers, sha256(b"\1" + left + node).digest()
        self.nodes.append((covers, node))

    def _entry(self, line: bytes) -> bytes:
        """An entry that is whole in itself and about something in this pack; its hash."""
        told = json.loads(line)
        entry, content = told["entry"], told["content"]
        cut = line.find(CONTENT, 124)
        head, _, rest = line.partition(b',"entry":')[2].partition(CONTENT)
        plain = head + b"\n" + rest[:-2] if "version" not in entry else head
        if list(told) != ["hash", "key", "entry", "content"] or told["hash"] != _hex(plain):
            raise Broken(0, "the entry is not what was sealed")
        event = entry.get("event") or content
        if "version" in entry and content is None and told["key"] is None:
            self.empty[event["id"]] = int(entry["position"])
        elif "version" in entry and not _opens(line, cut):
            raise Broken(0, "the content is not what was sealed")
        if "version" in entry:
            subject = event["subject"]["id"]
            self._heard(event["id"], event["type"], subject, content)
        else:
            self._heard(event["id"], event["type"], event["subject_id"], event)
        self.found.shown += 1
        return unhexlify(told["hash"])

    def _not_covered(self, told: dict[str, Any]) -> None:
        event = told["event"]
        self._heard(event["id"], event["type"], event["subject_id"], event)
        self.found.not_covered += 1

    def _heard(self, event_id: str, kind: str, subject: str, said: dict[str, Any] | None) -> None:
        """What an event says about this pack itself."""
        self.known.add(f"event:{event_id}")
        if kind == ERASED and said is not None:
            for emptied in said["data"]["events"]:
                self.empty.pop(emptied, None)
        elif subject not in self.subjects:
            raise Broken(0, f"the event is about {subject}, of which this pack tells nothing")
        if kind == EVIDENCE_ERASED:
            self.erased.pop(subject, None)

    def _linked(self) -> None:
        """Every link leads somewhere, every file is something's, nothing is unexplained."""
        for target, item in self.wanted.items():
            if target not in self.known:
                raise BadMember(self._of(item), f"{item} links to {target}, which is not there")
        for name in self.digests:
            if name.startswith("evidence/") and name not in self.named:
                raise BadMember(name, "nothing says what it is")
        for item in self.erased.values():
            raise BadMember(ITEMS[-1], f"{item} is said to be erased, and no event says so")
        for position in self.empty.values():
            why = f"the entry at {position} has no content, and none says that it was erased"
            raise BadMember(LOG, why)
        about = self.told["about"].get("item")
        if about and about not in self.known:
            raise BadMember(MANIFEST, f"the pack is about {about}, which is not in it")

    def _of(self, item: str) -> str:
        kind = item.partition(":")[0]
        shared = ("line", "submission", "run", "statement")
        return ITEMS[1] if kind in shared else ITEMS[0]


# The terminal.


def told(found: Verdict) -> list[str]:
    """What was found, in words."""
    if found.why:
        where = f"{found.first}" if found.first == found.last else f"{found.first} to {found.last}"
        lines = [f"BROKEN at {where}: {found.why}."]
        lines.append(f"{found.entries} entries before it were checked.")
    else:
        lines = [f"WHOLE: {found.entries} entries, the last at {found.position}."]
    if found.held:
        lines.append(f"Covered by checkpoints that you hold: up to {found.covered}.")
    else:
        lines.append("You gave no checkpoint of your own: whoever holds the signing key could")
        lines.append("have written all of this.")
    if found.position > found.covered:
        lines.append(
            f"NOT COVERED: {found.covered + 1} to {found.position}"
            f" (the log's own checkpoints reach {found.own}), and {found.unsealed} unsealed events."
        )
    lines += [f"Erased: {one}, as {by} says." for one, by in found.erased]
    lines += [
        f"ONLY THE PART THAT IS NOT COVERED says that {one} was erased."
        for one, by in found.erased
        if one <= found.covered < by
    ]
    return [*lines, *(f"Note: {note}." for note in found.notes)]


def key_of(given: str) -> bytes:
    """A public key in hexadecimal, or in a file that holds it. Raises Unreadable."""
    text = given.strip()
    if len(text) != 64 and Path(given).is_file():
        text = Path(given).read_text().strip()
    try:
        key = unhexlify(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Unreadable("a public key has 64 hexadecimal digits")
    return key


def held_statements(path: str) -> list[Statement]:
    """The checkpoints in a file that the auditor kept; a line that a crash cut off is left out."""
    lines = Path(path).read_bytes().splitlines() if path else []
    whole = [line for line in lines if line.strip().endswith(b"}}")]
    return [statement_of(line, held=True) for line in whole]


def told_of_pack(found: PackVerdict) -> list[str]:
    """What was found in a pack, in words."""
    if found.why:
        return [f"BROKEN at {found.name}: {found.why}."]
    things = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items.items()))
    lines = [f"WHOLE: {found.members} members are as they were signed.", f"It tells of: {things}."]
    lines.append(
        f"{found.shown} entries of the log are proven by checkpoint {found.checkpoint}"
        f" (position {found.position})."
    )
    if found.held:
        lines.append("You hold this checkpoint.")
    else:
        lines.append("You hold no such checkpoint: whoever holds the signing key could have")
        lines.append("written all of this.")
    if found.not_covered:
        lines.append(f"NOT COVERED: {found.not_covered} events, in {NOT_COVERED}.")
    lines += [f"MISSING: {item}. {why}" for item, why in found.missing.items()]
    return [*lines, *(f"Note: {note}." for note in found.notes)]


def main() -> int:
    """Runs the check; returns 0, 1 or 2."""
    return _main_of_pack(sys.argv[2:]) if sys.argv[1:2] == ["pack"] else _main_of_log()


def _main_of_pack(words: list[str]) -> int:
    asked = argparse.ArgumentParser(prog="verifier.py pack", description="Check an evidence pack.")
    asked.add_argument("file", help="what `nostro audit pack` wrote")
    asked.add_argument("--key", required=True, help="the public key, or a file with it")
    asked.add_argument("--checkpoints", default="", help="a file with the checkpoints you hold")
    given = asked.parse_args(words)
    try:
        with Path(given.file).open("rb") as file:
            found = verify_pack(file, key_of(given.key), held_statements(given.checkpoints))
    except (Unreadable, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n".join(told_of_pack(found)) + "\n")
    return 0 if found.whole else 1


def _main_of_log() -> int:
    asked = argparse.ArgumentParser(
        description="Check an exported log of nostro. An evidence pack: verifier.py pack --help."
    )
    asked.add_argument("log", help="what `nostro audit export` wrote")
    asked.add_argument("--key", required=True, help="the public key, or a file with it")
    asked.add_argument("--checkpoints", default="", help="a file with the checkpoints you hold")
    asked.add_argument("--earlier", default="", help="an earlier export of the same log")
    given = asked.parse_args()
    try:
        with Path(given.log).open("rb") as log:
            found = verify(log, key_of(given.key), held_statements(given.checkpoints))
            if given.earlier:
                log.seek(0)
                with Path(given.earlier).open("rb") as earlier:
                    changed = first_difference(earlier, log)
                if changed:
                    found.first = found.last = changed
                    found.why = "the entry is not the one of the earlier export"
    except (Unreadable, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n".join(told(found)) + "\n")
    return 0 if found.whole else 1


if __name__ == "__main__":
    sys.exit(main())
