"""The samples in tests/errors/: each provokes the problem code that its name says.

    tests/errors/<format>/<code>[.<word>].in     bytes to read
    tests/errors/<format>/<code>[.<word>].json   records to write, one a line
    tests/errors/<format>/<same stem>.toml       the profile: encoding, and a table [options]

Some folders are of no format. `any`: files whose format is asked; `schema`: bank messages held
against the official schemas; `container`: packed files; `profiles`: profiles as TOML; `flat`:
records to be laid into one table; `watch_lists`: lists of those who must not be paid. What is too
large to keep is made here (`MADE`).
"""

from __future__ import annotations

import gzip
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from nostro import formats
from nostro.domain import issued_check, payment_file, statement
from nostro.domain.check_exception import PresentedCheck
from nostro.domain.errors import Invalid
from nostro.domain.journal import JournalEvent
from nostro.domain.problem import Problem, RejectedLine, Severity
from nostro.domain.records import from_json
from nostro.formats import HEAD_BYTES, Profile, watch_lists
from nostro.formats.container import MEMBERS_MAX, RATIO_FROM_BYTES, members
from nostro.formats.iso20022.validation import schema
from nostro.formats.iso20022.xml.safe_expat import TEXT_MAX
from nostro.formats.profiles.dialects import profile_from
from nostro.formats.tables.flat import Flattener
from nostro.formats.tables.workbook import PACKED_BYTES_MAX

FOLDER = Path(__file__).parent / "errors"
ANY = "any"
MADE: dict[str, Callable[[], bytes]] = {
    "bai2/line_too_long.in": lambda: b"01," + b"9" * (2 << 20),
    "bank_xlsx/workbook_too_large.in": lambda: b"PK\x03\x04" + bytes(PACKED_BYTES_MAX),
    "camt_053/text_too_long.in": lambda: (
        b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>"
        b"<Id>S</Id><Ntry><AddtlNtryInf>%b" % (b"a" * (TEXT_MAX + 1))
    ),
    "edifact_contrl/edifact_segment_too_long.in": lambda: b"UNB+UNOC:3+" + b"x" * (1 << 17) + b"'",
    "container/archive_too_large.in": lambda: gzip.compress(bytes(RATIO_FROM_BYTES + (2 << 20))),
    "container/archive_too_many.in": lambda: _many(MEMBERS_MAX + 1),
}
REFUSED = "refused"


class Told(NamedTuple):
    """What a person is told: `severity` is error, warning, or refused for a whole file."""

    code: str
    severity: str
    sentence: str
    can_do: str
    location: str


def samples() -> list[Path]:
    """Every sample, in a lasting order; those that are made need not exist as files."""
    kept = (path for path in FOLDER.glob("*/*") if path.suffix in (".in", ".json"))
    return sorted({*kept, *(FOLDER / name for name in MADE)})


def data_of(sample: Path) -> bytes:
    make = MADE.get(f"{sample.parent.name}/{sample.name}")
    return make() if make else sample.read_bytes()


def _many(count: int) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", b"")
    return packed.getvalue()


def code_of(sample: Path) -> str:
    return sample.name.split(".")[0]


def profile_of(sample: Path) -> Profile:
    """The profile beside a sample, or the standard one."""
    beside = sample.with_suffix(".toml")
    told = tomllib.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    return Profile(encoding=told.get("encoding", ""), options=told.get("options", {}))


@cache
def provoked(sample: Path) -> tuple[Told, ...]:
    """All that reading or writing a sample tells."""
    found: list[Told] = []
    try:
        if sample.suffix == ".in":
            for record in _read(sample):
                found += told_by(record)
        else:
            _write(sample)
    except Invalid as error:
        found.append(Told(error.code, REFUSED, error.happened, error.can_do, error.location))
    return tuple(found)


def told_by(record: Any) -> Iterator[Told]:
    """What a record tells a person: a problem, a rejected line, or a report with problems in it."""
    if isinstance(record, RejectedLine):
        line = f"line {record.line}"
        yield Told(record.code, str(Severity.ERROR), record.sentence, record.can_do, line)
    if isinstance(record, Problem):
        where = record.location
        place = str(where) or (f"byte {where.offset}" if where.offset else "")
        yield Told(record.code, str(record.severity), record.sentence, record.can_do, place)
    for inner in getattr(record, "problems", ()):
        yield from told_by(inner)


def _read(sample: Path) -> Iterable[Any]:
    """What a reader yields, or what else is asked about the bytes."""
    data, folder = data_of(sample), sample.parent.name
    if folder in ASKED:
        return ASKED[folder](data)
    form = formats.find()[folder]
    return formats.reader(form)(BytesIO(data), profile_of(sample))


def _unpacked(data: bytes) -> list[Any]:
    return [b"" for _name, stream in members(BytesIO(data), "packed") if _drain(stream)]


def _drain(stream: Any) -> bool:
    while stream.read(1 << 20):
        pass
    return False


def _laid(data: bytes) -> list[Any]:
    """Records, one a line; an empty line begins the next file."""
    table = Flattener()
    for number, part in enumerate(data.split(b"\n\n"), 1):
        table.begin(f"file {number}")
        for line in part.splitlines():
            list(table.rows(from_json(line)))
    return []


ASKED: dict[str, Callable[[bytes], list[Any]]] = {
    ANY: lambda data: [formats.identify(data[:HEAD_BYTES])],
    "schema": lambda data: list(schema.problems(data)),
    "container": _unpacked,
    "profiles": lambda data: [profile_from(data, "bank.toml", "mt940")],
    "flat": _laid,
    "watch_lists": lambda data: list(watch_lists.identify(data[:HEAD_BYTES]).read(BytesIO(data))),
}


def _write(sample: Path) -> None:
    write = formats.writer(formats.find()[sample.parent.name])
    records = [from_json(line) for line in data_of(sample).splitlines() if line.strip()]
    documents = list(issued_check.assemble(payment_file.assemble(statement.assemble(records))))
    several = len(documents) != 1 or isinstance(documents[0], JournalEvent | PresentedCheck)
    write(documents if several else documents[0], profile_of(sample))
