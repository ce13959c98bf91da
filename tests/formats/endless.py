"""Files of any length, made of one sample by repeating one record of it; and what reading costs.

python -m tests.formats.endless camt_053 1024     reads 1 GB, tells records and peak memory
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO, cast

from nostro import formats
from nostro.domain.problem import Problem
from nostro.formats import Profile

GOLDEN = Path(__file__).parents[1] / "golden"
MEGABYTE = 1 << 20
XML_RECORD = rb"<((?:\w+:)?(?:Ntry|CdtTrfTxInf|DrctDbtTxInf|TxInfAndSts|TxInf|Undrlyg))>.*?</\1>"
MT_ENTRY = rb":61:(?:(?!\n:6[0-5]).)*?\n(?=:6[0-5])"
# The record that may follow itself any number of times. Formats in XML have theirs above.
RECORD = {
    "mt940": MT_ENTRY,
    "mt942": MT_ENTRY,
    "mt950": MT_ENTRY,
    "bai2": rb"(?m)^16,.*?\n(?=16,|49,)",
    "nacha": rb"(?m)^6[^\n]{93}\r?\n(?:7[^\n]{93}\r?\n)*",
}


class Endless(io.RawIOBase):
    """Pieces one after the other: they can only be read, once, and are never held together."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.piece = io.BytesIO()
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        count = self.piece.readinto(target)
        while not count and (piece := next(self.pieces, b"")):
            self.piece = io.BytesIO(piece)
            count = self.piece.readinto(target)
        self.given += count
        return count


def read_only(pieces: Iterator[bytes]) -> BinaryIO:
    """A stream of bytes that cannot be written, nor searched."""
    return cast(BinaryIO, io.BufferedReader(Endless(pieces)))


def record_of(name: str) -> bytes | None:
    """The pattern of the record to repeat; None for a format whose files cannot be long."""
    if formats.find()[name].media_type == "application/xml":
        return XML_RECORD
    return RECORD.get(name)


def endless(name: str, size: int) -> Iterator[bytes] | None:
    """About `size` bytes of a format; None when it has no sample with a record to repeat."""
    pattern = record_of(name)
    if pattern is None:
        return None
    for sample in sorted((GOLDEN / name).glob("*.in")):
        data = sample.read_bytes()
        if found := re.search(pattern, data, re.DOTALL):
            record = found.group(0)
            many = record * max(1, MEGABYTE // len(record))
            return _pieces(data[: found.start()], many, size, data[found.end() :])
    return None


def _pieces(head: bytes, many: bytes, size: int, tail: bytes) -> Iterator[bytes]:
    yield head
    yield from repeat(many, max(1, size // len(many)))
    yield tail


def cost(name: str, megabytes: int) -> dict[str, Any]:
    """Records read, problems told, and this process's peak memory before and after, in bytes."""
    reads = formats.reader(formats.find()[name])
    warm, pieces = endless(name, MEGABYTE), endless(name, megabytes * MEGABYTE)
    if warm is None or pieces is None:
        raise LookupError(f"{name} has no sample with a record to repeat")
    for _record in reads(read_only(warm), Profile()):
        pass
    before = peak()
    source = Endless(pieces)
    records = problems = 0
    for record in reads(cast(BinaryIO, io.BufferedReader(source)), Profile()):
        records += 1
        problems += isinstance(record, Problem)
    return {
        "bytes": source.given,
        "records": records,
        "problems": problems,
        "before": before,
        "peak": peak(),
    }


def peak() -> int:
    """This process's largest resident set so far, in bytes."""
    told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return told if sys.platform == "darwin" else told * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(cost(sys.argv[1], int(sys.argv[2]))) + "\n")
